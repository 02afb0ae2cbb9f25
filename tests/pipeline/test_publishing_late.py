"""Publishing when a date has passed that nobody has looked at yet: a plan whose date has come is in force."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from goodword.pipeline.tenant import PlanInTheWay, Tenants
from goodword.program.duration import DAY_MS
from goodword.program.notice import NoticeNeeded
from goodword.storage import reads
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from goodword.storage.load import load_program_rows
from tests.engine.world import FRIENDS
from tests.properties.worlds import KEYRING, START_MS, iso, sealed

TENANT = "shop"
FIRST = FRIENDS.lstrip()
MORE, SOME = FIRST.replace("20 USD", "30 USD"), FIRST.replace("20 USD", "25 USD")


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    return database


@pytest.fixture
def tenants(database: Database) -> Tenants:
    """A shop with live traffic on the first day, and a larger reward planned for the tenth."""
    tenants = Tenants(database, KEYRING)
    tenants.publish(TENANT, FIRST, START_MS)
    event = {"type": "join", "id": "j", "occurred_at": iso(START_MS), "person": {"id": "ann"}, "program": "friends"}
    tenants.decide_all(TENANT, [replace(sealed(event), history=False)])
    tenants.publish(TENANT, MORE, START_MS, START_MS + 9 * DAY_MS)
    return tenants


LATER_MS = START_MS + 10 * DAY_MS


def stands(database: Database) -> tuple[int, int]:
    """The version in force, and the one that is planned."""
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []
        row = load_program_rows(connection, TENANT)["friends"]
    return row.version, row.planned


def reasons(database: Database, event: str) -> list[tuple[str, dict[str, object]]]:
    with database.read() as connection:
        stored = reads.event(connection, TENANT, event)
    assert stored is not None
    return [(one["code"], one.get("values", {})) for one in json.loads(bytes(stored.answer))["reasons"]]


def test_the_planned_version_is_what_a_change_is_compared_with(tenants: Tenants, database: Database) -> None:
    with pytest.raises(NoticeNeeded):  # 25 is more than 20 and less than 30
        tenants.publish(TENANT, SOME, LATER_MS)
    assert stands(database) == (2, 0)


def test_the_file_before_it_is_not_in_force_any_more(tenants: Tenants, database: Database) -> None:
    program, new = tenants.publish(TENANT, FIRST, LATER_MS, why="too dear")
    assert (program.version, new, stands(database)) == (3, True, (3, 0))


def test_it_is_in_force_already(tenants: Tenants, database: Database) -> None:
    program, new = tenants.publish(TENANT, MORE, LATER_MS)
    assert (program.version, new, stands(database)) == (2, False, (2, 0))


def test_the_file_in_force_published_at_once_withdraws_the_plan(tenants: Tenants, database: Database) -> None:
    program, new = tenants.publish(TENANT, FIRST, START_MS + DAY_MS)
    assert (program.version, new, stands(database)) == (1, False, (1, 0))


def test_coming_back_later_needs_the_plan_to_be_in_force_first(tenants: Tenants, database: Database) -> None:
    with pytest.raises(PlanInTheWay, match="one plan at a time"):
        tenants.publish(TENANT, FIRST, START_MS + DAY_MS, START_MS + 20 * DAY_MS)
    assert stands(database) == (1, 2)


def test_several_programs_of_one_date(tenants: Tenants, database: Database) -> None:
    for name in ("a", "b", "c"):
        text = FIRST.replace("program: friends", f"program: {name}")
        tenants.publish(TENANT, text, START_MS)
        tenants.publish(TENANT, text.replace("20 USD", "30 USD"), START_MS, START_MS + 9 * DAY_MS)
    program, new = tenants.publish(TENANT, SOME.replace("program: friends", "program: a"), LATER_MS, why="x")
    assert (program.version, new) == (3, True)
    with database.read() as connection:
        rows = load_program_rows(connection, TENANT)
    assert [(rows[name].version, rows[name].planned) for name in "abc"] == [(3, 0), (2, 0), (2, 0)]


def test_the_reason_of_a_plan_without_notice_is_kept(tenants: Tenants, database: Database) -> None:
    less = FIRST.replace("20 USD", "10 USD")
    tenants.publish(TENANT, less, START_MS + DAY_MS, START_MS + 3 * DAY_MS, why="a misprint")
    with database.read() as connection:
        events = [one.id for one in reads.events(connection, TENANT) if one.id.startswith("scheduled:friends:3")]
    told = reasons(database, events[0])
    assert [code for code, _ in told] == ["program_scheduled", "schedule_withdrawn"]
    assert told[0][1]["why"] == "a misprint"
    tenants.catch_up(TENANT, START_MS + 4 * DAY_MS)
    with database.read() as connection:
        (due,) = [one.id for one in reads.events(connection, TENANT) if one.id.startswith("due:publish:friends")]
    assert reasons(database, due)[0] == ("program_published", {"why": "a misprint"})
