"""Codes of a pool through a real database: many at once, in their order, and never readable in it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
import sqlalchemy as sa

from goodword.engine.events import Sealed
from goodword.engine.reasons import Answer
from goodword.engine.state import QUEUE_PAGE
from goodword.explain import as_data, explain
from goodword.pipeline.process import shown
from goodword.pipeline.tenant import Tenants
from goodword.pipeline.vault import open_code
from goodword.storage import reads, tables
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from goodword.storage.pools import PoolCounts, pool_counts
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, sealed

PROGRAM = """goodword: 1
program: club
currency: USD
time_zone: UTC
activities: [visit]
steps: {joined: {event: sign_up}}
measures: {visits: {count: activities, activity: visit}}
rewards:
  card:
    when: {each: visits}
    to: advocate
    benefit: {kind: gift_card, amount: 5 USD, code: {pool: cards}}
"""
MANY = QUEUE_PAGE + 30


def event(day: float, id: str, **body: object) -> Sealed:
    return sealed({"id": id, "occurred_at": iso(START_MS + int(day * DAY_MS)), **body})


def visits(first: int, count: int) -> list[Sealed]:
    anna = {"id": "anna"}
    return [
        event(1 + number / 1000, f"v{number}", type="activity", name="visit", person=anna)
        for number in range(first, first + count)
    ]


def codes(day: float, first: int, count: int) -> Sealed:
    told = [f"ZEBRA-{number:04}" for number in range(first, first + count)]
    return event(day, f"codes{first}", type="codes", pool="cards", codes=told)


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    with database.write("club") as connection:
        create_tenant(connection, "club", 1)
    tenants = Tenants(database, KEYRING)
    tenants.publish("club", PROGRAM, 1)
    tenants.decide_all("club", [event(0, "join", type="join", program="club", person={"id": "anna"})])
    yield database
    with database.read() as connection:
        assert list(audit(connection, "club")) == []


def counts(database: Database) -> PoolCounts | None:
    with database.read() as connection:
        return pool_counts(connection, "club", "cards")


def given(database: Database) -> list[str]:
    """The codes in the order in which their rewards were granted."""
    found: list[str] = []
    cursor = None
    with database.read() as connection:
        while True:
            page = reads.rewards(connection, "club", limit=500, cursor=cursor)
            found += [open_code(KEYRING, reward.own_code) for reward in page.items if reward.own_code]
            if (cursor := page.next) is None:
                return found[::-1]


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_more_than_a_page_wait_and_are_served_in_their_order(database: Database, at_once: int) -> None:
    assert counts(database) is None
    tenants = Tenants(database, KEYRING)
    story = visits(0, MANY)
    for first in range(0, len(story), at_once):
        assert not tenants.decide_all("club", story[first : first + at_once]).parked
    assert counts(database) == PoolCounts("cards", 0, 0, MANY)
    tenants.decide_all("club", [codes(2, 0, MANY + 40)])
    while tenants.decide("club", [], until_ms=START_MS + 2 * DAY_MS).more_due:  # as the scheduler does
        pass
    assert counts(database) == PoolCounts("cards", 40, MANY, 0)
    assert given(database) == [f"ZEBRA-{number:04}" for number in range(MANY)]


@pytest.mark.parametrize("fresh", [False, True])
def test_more_than_a_page_of_codes_is_given_out_in_its_order(database: Database, fresh: bool) -> None:
    """By a process that remembers what it did, and by one that reads anew each time."""
    tenants = Tenants(database, KEYRING)
    tenants.decide_all("club", [codes(0.5, 0, MANY), codes(0.6, 500, 5)])
    for first in range(0, MANY + 10, 60):
        if fresh:
            tenants = Tenants(database, KEYRING)
        assert not tenants.decide_all("club", visits(first, 60)).parked
    expected = [f"ZEBRA-{number:04}" for number in (*range(MANY), *range(500, 505))]
    assert given(database) == expected
    left = counts(database)
    assert left is not None
    assert (left.free, left.assigned) == (0, len(expected))


def test_no_code_can_be_read_in_the_database(database: Database) -> None:
    tenants = Tenants(database, KEYRING)
    tenants.decide_all("club", [codes(0.5, 0, 2)])
    answer = tenants.decide_all("club", visits(0, 1)).answers["v0"]
    told = msgspec.json.decode(shown(answer, KEYRING), type=Answer)
    assert [reward.code for reward in told.rewards] == ["ZEBRA-0000"]
    assert [reward.code for reward in msgspec.json.decode(shown(answer, None), type=Answer).rewards] == [None]
    assert b"ZEBRA" not in answer
    with database.read() as connection:
        explained = as_data(explain(connection, "club", "v0"))  # type: ignore[arg-type]
        assert "sealed:" not in msgspec.json.encode(explained).decode()
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                assert "ZEBRA" not in repr(tuple(row)).upper(), table.name
