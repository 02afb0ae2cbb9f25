"""Costs in both databases: entered once, listed, removed; and on which days a program was in force."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest
import sqlalchemy as sa

from goodword.engine.ids import Keyring
from goodword.metrics.costs import Cost, CostError, Span, content_id, shares
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import to_ms
from goodword.storage import costs as stored
from goodword.storage.costs import (
    AnotherCost,
    TooManyCosts,
    add_costs,
    costs,
    costs_between,
    costs_lock,
    find_cost,
    in_force,
    remove_cost,
)
from goodword.storage.database import Database, create_tenant
from goodword.storage.reads import BadCursor
from tests.storage.making import TENANT

KEYRING = Keyring(b"a key for tests of 32 bytes long")
PROGRAM = """\
goodword: 1
program: {name}
currency: {currency}
time_zone: {zone}
steps: {{bought: {{event: order}}}}
rewards:
  credit: {{when: {{step: bought}}, to: advocate, benefit: {{kind: credit, amount: 5 {currency}}}, hold: {hold}}}
"""


def program(name: str = "demo", currency: str = "USD", zone: str = "UTC", hold: str = "1 day") -> str:
    return PROGRAM.format(name=name, currency=currency, zone=zone, hold=hold)


def cost(number: int = 1, **more: object) -> Cost:
    first, last = date(2026, 1, 1), date(2026, 1, 31)
    given = {"program": None, "kind": "software", "first_day": first, "last_day": last, "currency": "USD"}
    made = Cost(id="", amount=number, created_ms=number, **(given | more))  # type: ignore[arg-type]
    return made if made.id else msgspec.structs.replace(made, id=content_id(made))


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.fixture
def tenants(database: Database) -> Tenants:
    return Tenants(database, KEYRING)


def add(database: Database, *given: Cost) -> stored.Added:
    with database.write_aside(costs_lock(TENANT)) as connection:
        return add_costs(connection, TENANT, given)


def listed(database: Database, **asked: object) -> list[Cost]:
    with database.read() as connection:
        return costs(connection, TENANT, **asked).items  # type: ignore[arg-type]


def act(tenants: Tenants, id: str, when: str, action: str, **more: object) -> None:
    """Staff pause, open or end a program, as history."""
    body = {"type": "program", "id": id, "occurred_at": f"{when}Z", "program": "demo", "action": action, "why": "x"}
    sealed = seal(decode_event(msgspec.json.encode(body | more)), KEYRING, at("2030-01-01T00:00"), history=True)
    assert not tenants.decide_all(TENANT, [sealed]).parked


def pass_time(tenants: Tenants, when: str) -> None:
    body = {"type": "time_passed", "id": f"time {when}", "occurred_at": f"{when}Z"}
    sealed = seal(decode_event(msgspec.json.encode(body)), KEYRING, at("2030-01-01T00:00"), history=True)
    assert not tenants.decide_all(TENANT, [sealed]).parked


def test_the_same_cost_is_entered_once(database: Database) -> None:
    one, another = cost(1), cost(2, note="ünïcode 🎁", kind="promotion")
    assert add(database, one, another) == stored.Added((one, another), ())
    later = msgspec.structs.replace(one, created_ms=99)
    assert add(database, later, cost(3), later) == stored.Added((cost(3),), (one,))
    assert listed(database) == [cost(3), another, one]
    with database.read() as connection:
        assert find_cost(connection, TENANT, another.id) == another
        assert find_cost(connection, "rival", another.id) is None


def test_an_id_belongs_to_one_cost(database: Database) -> None:
    add(database, msgspec.structs.replace(cost(1), id="invoice 7"))
    for again in (1, 2):
        given = msgspec.structs.replace(cost(again), id="invoice 7", created_ms=9)
        if again == 1:
            assert add(database, given).known[0].created_ms == 1
        else:
            with pytest.raises(AnotherCost, match="id: invoice 7 is another cost already"):
                add(database, cost(5), given)
    assert [one.amount for one in listed(database)] == [1], "all or none"


def test_what_cannot_be_entered_is_not(database: Database, tenants: Tenants) -> None:
    tenants.publish(TENANT, program(), 0)
    for wrong, field in (
        (cost(0), "amount"),
        (cost(1, program="dmeo"), "program"),
        (cost(1, program="demo", currency="EUR"), "currency"),
        (cost(1, last_day=date(2025, 1, 1)), "last_day"),
    ):
        with pytest.raises(CostError) as caught:
            add(database, cost(7), wrong)
        assert caught.value.field == field
    assert listed(database) == []
    add(database, cost(1, program="demo"), cost(1, currency="EUR"))


def test_there_is_a_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "COSTS_MAX", 3)
    add(database, cost(1), cost(2))
    with pytest.raises(TooManyCosts):
        add(database, cost(3), cost(4))
    assert add(database, cost(1), cost(2), cost(3)).new == (cost(3),)
    assert add(database, cost(3)).known == (cost(3),), "what is there may be told again"


def test_pages_of_costs(database: Database, tenants: Tenants) -> None:
    tenants.publish(TENANT, program(), 0)
    made = [cost(number, program="demo" if number % 2 else None) for number in range(1, 8)]
    add(database, *made)
    for name, expected in ((None, made), ("demo", made[::2])):
        found: list[Cost] = []
        cursor: str | None = None
        while True:
            with database.read() as connection:
                page = costs(connection, TENANT, program=name, cursor=cursor, limit=2)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
            assert len(page.items) == 2
        assert found == expected[::-1]
    assert listed(database, program="other") == []
    for wrong in ("x", "-", "1" * 30, "١-c"):
        with pytest.raises(BadCursor):
            listed(database, cursor=wrong)


def test_a_cost_is_removed_and_may_be_entered_again(database: Database) -> None:
    add(database, cost(1), cost(2))
    with database.write_aside(costs_lock(TENANT)) as connection:
        assert remove_cost(connection, TENANT, cost(1).id)
        assert not remove_cost(connection, TENANT, cost(1).id)
        assert not remove_cost(connection, "rival", cost(2).id)
    assert listed(database) == [cost(2)]
    assert add(database, cost(1)).new == (cost(1),)


def test_costs_of_a_period(database: Database, tenants: Tenants) -> None:
    tenants.publish(TENANT, program(), 0)
    tenants.publish(TENANT, program("other"), 0)
    january = cost(1, program="demo")
    year = cost(2, last_day=date(2026, 12, 31))
    december = cost(3, first_day=date(2026, 12, 1), last_day=date(2026, 12, 31), program="other")
    add(database, december, year, january)
    asked = [
        (None, None, None, [january, year, december]),
        (date(2026, 1, 31), date(2026, 2, 1), None, [january, year]),
        (date(2026, 2, 1), date(2026, 11, 30), None, [year]),
        (date(2026, 2, 1), None, None, [year, december]),
        (None, date(2025, 12, 31), None, []),
        (None, None, "demo", [january, year]),
        (None, None, "other", [year, december]),
    ]
    with database.read() as connection:
        for first, last, name, expected in asked:
            assert costs_between(connection, TENANT, first, last, name) == expected, (first, last, name)


def test_costs_are_a_tenants_own(database: Database) -> None:
    with database.write("rival") as connection:
        create_tenant(connection, "rival", 1)
        add_costs(connection, "rival", [cost(1)])
    assert listed(database) == []
    add(database, cost(1))
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT COUNT(*) FROM costs")).scalar_one() == 2


# on which days --------------------------------------------------------------------------------------------------------


def test_the_days_on_which_programs_were_in_force(database: Database, tenants: Tenants) -> None:
    pass_time(tenants, "2026-03-01T12:00:00")
    tenants.publish(TENANT, program(), at("2026-03-01T12:00"))
    tenants.publish(TENANT, program("planned"), at("2026-03-01T12:00"), at("2026-03-09T23:30"))
    tenants.publish(TENANT, program("never", "EUR"), at("2026-03-01T12:00"), at("2027-01-01T00:00"))
    act(tenants, "p1", "2026-03-05T10:00:00", "pause")
    act(tenants, "p2", "2026-03-08T09:00:00", "resume")
    pass_time(tenants, "2026-03-12T00:00:00")
    tenants.publish(TENANT, program(hold="0 days"), at("2026-03-12T00:00"))
    act(tenants, "p3", "2026-03-20T00:00:00", "end")
    with database.read() as connection:
        found = in_force(connection, TENANT)
    assert found == {
        "demo": [Span(date(2026, 3, 1), date(2026, 3, 5)), Span(date(2026, 3, 8), date(2026, 3, 19))],
        "planned": [Span(date(2026, 3, 9))],
    }
    # A day of ten cents each: 5 of nobody, 5 of one, 2 of nobody, 1 of one, 11 of both, 5 of the other.
    shared = cost(290, first_day=date(2026, 2, 24), last_day=date(2026, 3, 24))
    assert shares(shared, shared.first_day, shared.last_day, found) == {None: 70, "demo": 115, "planned": 105}


def test_a_day_is_one_of_the_programs_own_calendar(database: Database, tenants: Tenants) -> None:
    pass_time(tenants, "2026-03-01T23:00:00")
    tenants.publish(TENANT, program("east", zone="Asia/Tokyo"), at("2026-03-01T23:00"))
    tenants.publish(TENANT, program("west", zone="America/Los_Angeles"), at("2026-03-01T23:00"))
    with database.read() as connection:
        assert in_force(connection, TENANT) == {"east": [Span(date(2026, 3, 2))], "west": [Span(date(2026, 3, 1))]}


def test_opened_again_after_its_end(database: Database, tenants: Tenants) -> None:
    pass_time(tenants, "2026-03-01T00:00:00")
    tenants.publish(TENANT, program(), at("2026-03-01T00:00"))
    act(tenants, "p1", "2026-03-03T00:00:00", "pause")
    act(tenants, "p2", "2026-03-04T12:00:00", "end")
    act(tenants, "p3", "2026-03-06T00:00:00", "resume")
    with database.read() as connection:
        assert in_force(connection, TENANT) == {
            "demo": [Span(date(2026, 3, 1), date(2026, 3, 2)), Span(date(2026, 3, 6))]
        }
