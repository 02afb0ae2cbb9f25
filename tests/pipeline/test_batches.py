"""What a batch costs, and what it leaves: statements, parked events, publications, the order of dates."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import event

from goodword.engine import decide as deciding
from goodword.engine.events import Sealed, Share
from goodword.engine.ids import Keyring
from goodword.pipeline.process import Backing, Outcome, run_batch
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import ProgramError
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from tests.engine.world import FRIENDS
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, sealed

TENANT = "default"


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 0)
    return database


@pytest.fixture
def tenants(database: Database) -> Tenants:
    tenants = Tenants(database, KEYRING)
    tenants.publish(TENANT, FRIENDS.lstrip(), 0)
    return tenants


def tell(number: int, type: str, who: str | None = None, **body: object) -> Sealed:
    person = {"person": {"id": who}} if who else {}
    return sealed({"type": type, "id": f"{type}-{number}", "occurred_at": iso(START_MS + number), **person, **body})


def mixed(count: int, start: int) -> list[Sealed]:
    """Joins, claims, orders, refunds and sign-ups of different people, four by four."""
    events: list[Sealed] = []
    for number in range(start, start + count // 8):
        first = number * 10
        code = KEYRING.handle(f"join-{first}", 0)
        friend, buyer = f"friend-{number}", f"buyer-{number}"
        order = {"total": 6000, "currency": "USD"}
        events += [
            tell(first, "join", f"advocate-{number}", program="friends"),
            tell(first + 1, "claim", friend, code=code),
            tell(first + 2, "sign_up", friend),
            tell(first + 3, "order", friend, order=f"o{number}", **order),
            tell(first + 4, "refund", order=f"o{number}", amount=500),
            tell(first + 5, "order", buyer, order=f"b{number}", **order),
            tell(first + 6, "cancel", order=f"b{number}"),
            tell(first + 7, "share", code=code, channel="mail"),
        ]
    return events


def test_a_large_batch_issues_as_many_statements_as_a_small_one(database: Database, tenants: Tenants) -> None:
    counts: list[int] = []

    def count(*_: object) -> None:
        counts[-1] += 1

    event.listen(database.engine, "before_cursor_execute", count)
    for size, start in ((16, 0), (256, 100)):
        counts.append(0)
        # Each time a process that remembers nothing, as what is remembered is not asked for.
        tenants = Tenants(database, KEYRING)
        outcome = tenants.decide(TENANT, mixed(size, start))
        assert len(outcome.decisions) == size
        assert outcome.rest == []
    assert counts[0] == counts[1]
    assert counts[0] < 50


def test_one_event_that_fails_does_not_stop_the_others(
    database: Database, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    events = mixed(16, 0)
    with monkeypatch.context() as patch:
        patch.setitem(deciding._HANDLERS, Share, fail)
        outcome = tenants.decide(TENANT, events)
    assert len(outcome.decisions) == 14
    assert [parked.error for parked in outcome.parked] == ["ZeroDivisionError"] * 2
    again = tenants.decide(TENANT, events)
    assert len(again.answers) == 16
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []


def test_the_same_id_repeats_its_answer_and_other_content_is_refused(tenants: Tenants) -> None:
    first = tell(1, "join", "anna", program="friends")
    answer = tenants.decide(TENANT, [first]).answers["join-1"]
    assert tenants.decide(TENANT, [first]).answers["join-1"] == answer
    other = tenants.decide(TENANT, [tell(1, "join", "eve", program="friends")])
    assert (other.answers, other.conflicts, other.decisions) == ({}, {"join-1"}, [])


def test_publishing_the_same_file_changes_nothing(tenants: Tenants) -> None:
    program, new = tenants.publish(TENANT, FRIENDS.lstrip(), 1)
    assert (program.version, new) == (1, False)
    program, new = tenants.publish(TENANT, FRIENDS.lstrip() + "# a comment\n", 1)
    assert (program.version, new) == (2, True)
    with pytest.raises(ProgramError):
        tenants.publish(TENANT, FRIENDS.replace("steps:", "stepps:").lstrip(), 1)


def test_many_dates_at_once_are_decided_in_order_whatever_the_page(
    database: Database, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants.decide_all(TENANT, mixed(256, 0))
    monkeypatch.setattr("goodword.pipeline.process.DUES_MAX", 10)
    late = sealed({"type": "time_passed", "id": "late", "occurred_at": iso(START_MS + 100 * DAY_MS)})
    outcome = tenants.decide_all(TENANT, [late])
    assert set(outcome.answers) == {"late"}
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []
        rows = connection.exec_driver_sql("select clock_ms from events where type = 'due' order by seq").fetchall()
    clocks = [row[0] for row in rows]
    assert clocks == sorted(clocks)
    assert len(clocks) == 64


@pytest.mark.parametrize("days", [1, 29, 30, 31, 40])
def test_an_event_among_more_dates_than_a_page_holds_comes_in_its_turn(
    database: Database, tenants: Tenants, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """A batch of history reaches far: what falls due at its end does not hold up what happened at its beginning."""
    tenants.decide_all(TENANT, mixed(256, 0))
    monkeypatch.setattr("goodword.pipeline.process.DUES_MAX", 10)
    times = (1, days * DAY_MS, days * DAY_MS + 165, 100 * DAY_MS)
    rest = [
        sealed({"type": "time_passed", "id": f"passed-{number}", "occurred_at": iso(START_MS + 400 + time)})
        for number, time in enumerate(times)
    ]
    batches = 0
    while rest:
        outcome = tenants.decide(TENANT, rest)
        assert outcome.decisions, "a batch that comes no further"
        rest, batches = outcome.rest, batches + 1
    assert batches <= 64 // 10 + len(times)
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []
        rows = connection.exec_driver_sql("select type, clock_ms from events order by seq").fetchall()
    assert [clock_ms for _, clock_ms in rows] == sorted(clock_ms for _, clock_ms in rows)
    assert [type for type, _ in rows].count("due") == 64


def test_after_a_batch_that_had_to_stop_less_is_looked_at_and_then_more_again(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def run(backing: Backing, keyring: Keyring, events: Sequence[Sealed], until_ms: int | None = None) -> Outcome:
        sizes.append(len(events))
        told = 20 if len(sizes) == 1 else len(events)
        outcome = run_batch(backing, keyring, events[:told], until_ms)
        outcome.rest += events[told:]
        return outcome

    monkeypatch.setattr("goodword.pipeline.tenant.run_batch", run)
    events = mixed(1600, 0)
    left: list[list[Sealed]] = []
    rest = events
    while rest:
        before = rest
        outcome = tenants.decide(TENANT, before, also=lambda _, found: left.append(list(found.rest)))
        rest = outcome.rest
        # Who settles with the transaction sees what it leaves, whether it was looked at or not.
        assert left[-1] == rest
        assert [*outcome.answers, *(one.event.id for one in rest)] == [one.event.id for one in before]
    assert sizes == [1600, 40, 80, 160, 320, 980]
