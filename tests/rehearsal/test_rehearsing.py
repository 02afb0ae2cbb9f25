"""What a rehearsal says: cases as a shop would ask them."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from goodword.engine.ids import Keyring
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.rehearsal.history import FileHistory
from goodword.rehearsal.rehearse import CANDIDATES_MAX, Candidate, Rehearsal, UnlikeCandidates
from goodword.rehearsal.report import Report
from goodword.rehearsal.run import Cancelled
from goodword.storage import reads
from goodword.storage.database import Database, create_tenant
from tests.properties.worlds import sealed

KEYRING = Keyring(b"a key for tests of 32 bytes long")
TENANT = "acme"
PROGRAM = """\
goodword: 1
program: demo
currency: USD
time_zone: UTC
fields:
  plan: {of: person, type: text}
steps:
  purchase:
    event: order
    where:
      order.total: {at_least: 50.00 USD}
budgets:
  all: {amount: 100.00 USD}
rewards:
  credit:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 20.00 USD}
    caps: [{per: participant, count: 3}]
    budget: all
  mug:
    when: {step: purchase}
    to: friend
    benefit: {kind: item, amount: 1 mug, unit_cost: 2.50 USD}
"""
CODE = KEYRING.handle("join-ann", 0)
RIVAL = KEYRING.handle("join-ben", 0)


def at(day: int, hour: int = 12) -> str:
    month, rest = divmod(day, 28)
    return f"2026-{month + 1:02}-{rest + 1:02}T{hour:02}:00:00Z"


def bodies() -> Iterator[dict[str, Any]]:
    """Ann brings four friends in January and February, Ben one; one order comes back, and staff approve a mug."""
    for name in ("ann", "ben"):
        person = {"id": name, "country": "RO" if name == "ann" else "EG", "fields": {"plan": "gold"}}
        yield {"type": "join", "id": f"join-{name}", "occurred_at": at(0), "person": person, "program": "demo"}
    for number, code in enumerate((CODE, CODE, RIVAL, CODE, CODE)):
        friend = {"id": f"f{number}", "country": "RO", "fields": {"plan": "green"}}
        yield {
            "type": "order",
            "id": f"order-{number}",
            "occurred_at": at(10 + 8 * number),
            "order": f"o{number}",
            "person": friend,
            "total": 6000,
            "currency": "USD",
            "code": code,
        }
    yield {"type": "refund", "id": "back", "occurred_at": at(44), "order": "o4"}


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    tenants = Tenants(database, KEYRING)
    tenants.publish(TENANT, PROGRAM, 0)
    tenants.decide_all(TENANT, [sealed(body) for body in bodies()])
    with database.read() as connection:
        mug = [row.id for row in reads.rewards(connection, TENANT).items if row.rule == "mug"][-1]
    used = {"type": "reward", "id": "used", "occurred_at": at(45), "reward": mug, "action": "redeem"}
    answers = tenants.decide_all(TENANT, [sealed(used)]).answers
    assert b'"outcome":"accepted"' in answers["used"], answers
    return database


def rehearse(database: Database, *texts: str, **given: Any) -> Report:
    candidates = [Candidate(f"file {number}", load_program(text)) for number, text in enumerate(texts)]
    until_ms = given.pop("until_ms", None)
    return Rehearsal(KEYRING, candidates, **given).stored(database, TENANT, until_ms)


def ms(moment: str) -> int:
    return sealed({"type": "time_passed", "id": "x", "occurred_at": moment}).occurred_ms


def test_it_says_what_happened_month_by_month(database: Database) -> None:
    happened = rehearse(database, PROGRAM).happened
    assert happened is not None
    assert [(m.month, m.flow.granted, m.flow.taken_back, m.flow.used, m.flow.acquired) for m in happened.months] == [
        ("2026-01", 2 * 2250 + 2250, 0, 0, 3),
        ("2026-02", 2250 + 250, 250, 250, 1),
    ]
    assert happened.cost == 4 * 2250
    assert happened.months[-1].liability == happened.liability == 4 * 2250 - 250
    assert happened.cost_per_acquired == 2250
    assert [(out.rule, out.code, out.count) for out in happened.ran_out] == [
        ("rewards.credit.caps.0", "cap_reached", 1)
    ]


def test_who_gains_and_who_loses(database: Database) -> None:
    report = rehearse(database, PROGRAM.replace("20.00 USD", "15.00 USD").replace("count: 3", "count: 9"))
    assert report.happened is not None
    (one,) = report.candidates
    assert one.side.cost - report.happened.cost == 4 * -500
    people = one.people
    assert (people.gain, people.gained, people.lose, people.lost) == (0, 0, 2, 2000)
    assert [(one.before, one.after) for one in people.largest] == [(6000, 4500), (2000, 1500)]
    sums = {(s.by, s.value): (s.people, s.before, s.after) for s in people.segments}
    assert sums["side", "advocate"] == (0, 8000, 6000)
    assert sums["country", "EG"] == (1, 2000, 1500)
    assert sums["plan", "green"] == (5, 1000, 1000)


def test_which_decisions_change_and_why(database: Database) -> None:
    smaller = PROGRAM.replace("amount: 100.00 USD", "amount: 50.00 USD")
    (one,) = rehearse(database, smaller).candidates
    assert (one.changed, one.decisions) == (3, 9)
    kinds = {(c.event_type, c.before, c.after, c.count, c.example) for c in one.changes}
    assert ("order", ("reward_approved", "reward_granted", "reward_issued"), ("budget_spent",), 2, "order-2") in kinds
    assert ("order", ("cap_reached",), ("budget_spent",), 1, "order-4") in kinds
    assert [(out.rule, out.code, out.count, out.first_at) for out in one.side.ran_out] == [
        ("rewards.credit.budget", "budget_spent", 3, "2026-01-27T12:00:00Z"),
    ]


def test_a_decision_about_what_never_is_is_told_and_not_applied(database: Database) -> None:
    without = PROGRAM[: PROGRAM.index("  mug:")]
    (one,) = rehearse(database, without).candidates
    assert one.not_applied == 1
    assert [(done.event, done.type) for done in one.not_applied_first] == [("used", "reward")]


def test_a_change_in_force_from_a_day_leaves_what_was_before(database: Database) -> None:
    report = rehearse(database, PROGRAM.replace("20.00 USD", "30.00 USD"), since_ms=ms("2026-02-01T00:00:00Z"))
    (one,) = report.candidates
    assert report.happened is not None
    assert [month.month for month in report.happened.months] == ["2026-02"]
    # Two credits of January stand; what is granted from then on is 30.
    assert one.side.total.granted - report.happened.total.granted == 1000
    assert one.side.liability - report.happened.liability == 1000
    assert one.people.gain == 1


def test_it_ends_at_the_moment_that_is_asked_about(database: Database) -> None:
    report = rehearse(database, PROGRAM, until_ms=ms("2026-01-31T00:00:00Z"))
    assert report.happened is not None
    assert [month.month for month in report.happened.months] == ["2026-01"]
    assert report.candidates[0].side.months == report.happened.months
    assert (report.candidates[0].people.gain, report.candidates[0].people.lose) == (0, 0)


def test_several_files_are_compared_with_each_other(database: Database) -> None:
    report = rehearse(database, PROGRAM, PROGRAM.replace("20.00", "5.00"))
    costs = [one.side.cost for one in report.candidates]
    assert costs[0] - costs[1] == 4 * 1500
    assert [one.side.label for one in report.candidates] == ["file 0", "file 1"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ((), "between one and 8"),
        ((PROGRAM,) * (CANDIDATES_MAX + 1), "between one and 8"),
        ((PROGRAM, PROGRAM.replace("program: demo", "program: other")), "different programs: demo, other"),
        ((PROGRAM, PROGRAM.replace("USD", "EUR")), "different currencies"),
    ],
)
def test_what_cannot_be_compared_is_said(texts: tuple[str, ...], message: str) -> None:
    candidates = [Candidate("file", load_program(text)) for text in texts]
    with pytest.raises(UnlikeCandidates, match=message):
        Rehearsal(KEYRING, candidates)


def test_it_tells_how_far_it_is_and_ends_when_told_to(database: Database) -> None:
    shares: list[float] = []
    Rehearsal(KEYRING, [Candidate("a", load_program(PROGRAM))] * 2).stored(database, TENANT, None, shares.append)
    assert shares == sorted(shares)
    assert (shares[0] <= 0.5, shares[-1]) == (True, 1.0)

    def stop(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Rehearsal(KEYRING, [Candidate("a", load_program(PROGRAM))]).stored(database, TENANT, None, stop)


def test_a_file_of_events_needs_no_database() -> None:
    lines = [msgspec.json.encode(body) for body in bodies()]
    lines += [lines[2], b"{not json"]
    history = FileHistory(lambda: iter(lines), KEYRING, ms("2027-01-01T00:00:00Z"), None)
    report = Rehearsal(KEYRING, [Candidate("a", load_program(PROGRAM))]).file(history)
    assert (report.happened, report.refused) == (None, 1)
    assert report.candidates[0].side.cost == 4 * 2250
    assert report.candidates[0].side.total.acquired == 4
