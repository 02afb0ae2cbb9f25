"""Reading hits: pages, moments, counts, and that an index serves each query."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from goodword.storage import hits
from goodword.storage.database import Database
from goodword.storage.hits import CountKey, DayCount
from goodword.storage.reads import BadCursor
from tests.storage.making import TENANT


def keep(database: Database, times: list[int], code: str = "ANN") -> None:
    with database.write_aside() as connection:
        place, _ = hits.lock_spool(connection, TENANT, f"spool of {code}", 1)
        rows = [(f"spool of {code}", place + n, code, "demo", at, None, None, None) for n, at in enumerate(times)]
        hits.store_hits(
            connection, TENANT, rows, {CountKey("demo", code, at, "person"): times.count(at) for at in times}
        )
        hits.move_spool(connection, TENANT, f"spool of {code}", place + len(times), 2, done=False)


def test_pages_follow_each_other_also_through_hits_of_the_same_moment(database: Database) -> None:
    keep(database, [5, 7, 7, 7, 9])
    keep(database, [8], code="BOB")
    seen: list[tuple[int, int]] = []
    cursor = None
    with database.read() as connection:
        while True:
            page = hits.hits_of(connection, TENANT, "ANN", cursor=cursor, limit=2)
            seen += [(hit.at_ms, hit.place) for hit in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == [(9, 4), (7, 3), (7, 2), (7, 1), (5, 0)]
        assert [hit.at_ms for hit in hits.hits_before(connection, TENANT, "ANN", 7, limit=2)] == [7, 7]
        assert hits.hits_of(connection, "other", "ANN").items == []
        for wrong in ("", "x", "1-2", "1-a-b", "1-a-2-3", "9" * 19 + "-a-1"):
            with pytest.raises(BadCursor):
                hits.hits_of(connection, TENANT, "ANN", cursor=wrong)


def test_counts_add_up(database: Database) -> None:
    keep(database, [3, 3, 4])
    keep(database, [3, 5])
    with database.read() as connection:
        found = hits.counts(connection, TENANT, "demo", "ANN", since_day=3, until_day=5)
        assert found == [DayCount(3, "person", 3), DayCount(4, "person", 1)]
        assert hits.counts(connection, TENANT, "demo", since_day=0, until_day=99) == []


def test_a_hit_cannot_be_stored_twice(database: Database) -> None:
    row = ("s", 1, "ANN", "demo", 1, None, None, None)
    with database.write_aside() as connection:
        hits.store_hits(connection, TENANT, [row], {})

    def again() -> None:
        with database.write_aside() as connection:
            hits.store_hits(connection, TENANT, [row], {})

    with pytest.raises(sa.exc.IntegrityError):
        again()


def test_hits_of_whole_days_are_forgotten_spool_by_spool_and_their_counts_stay(database: Database) -> None:
    keep(database, [5, 7, 7, 9])
    keep(database, [6, 8, 3, 1], code="BOB")
    keep(database, [9], code="CAT")
    with database.read() as connection:
        assert hits.old_spools(connection, TENANT, 9) == ["spool of ANN", "spool of BOB"]
        assert hits.old_spools(connection, TENANT, 6) == ["spool of ANN"], "the first of a spool tells for it"
        assert hits.old_spools(connection, "other", 9) == []
    with database.write_aside() as connection:
        assert hits.forget_hits(connection, TENANT, "spool of ANN", 9, 2) == 2
        assert hits.forget_hits(connection, TENANT, "spool of ANN", 9, 2) == 1
        assert hits.forget_hits(connection, TENANT, "spool of ANN", 9, 2) == 0
        assert hits.forget_hits(connection, TENANT, "spool of BOB", 8, 9) == 3
    with database.read() as connection:
        assert [hit.at_ms for hit in hits.hits_of(connection, TENANT, "ANN").items] == [9]
        assert [hit.at_ms for hit in hits.hits_of(connection, TENANT, "BOB").items] == [8]
        found = hits.counts(connection, TENANT, "demo", "ANN", since_day=0, until_day=99)
        assert found == [DayCount(5, "person", 1), DayCount(7, "person", 2), DayCount(9, "person", 1)]
        gone = hits.counts(connection, TENANT, "", since_day=0, until_day=99)
        assert gone == [DayCount(0, "forgotten", 6)]


QUERIES: dict[str, Callable[[sa.Connection], Any]] = {
    "hits_of": lambda c: hits.hits_of(c, TENANT, "ANN", cursor="5-s-1"),
    "hits_before": lambda c: hits.hits_before(c, TENANT, "ANN", 5),
    "counts": lambda c: hits.counts(c, TENANT, "demo", since_day=1, until_day=2),
    "persons": lambda c: hits.persons(c, TENANT, "demo", ["ANN", "BOB"], since_day=1, until_day=2),
    "programs_of": lambda c: hits.programs_of(c, TENANT, ["ANN", "BOB"]),
    "forget_networks": lambda c: hits.forget_networks(c, TENANT, 5, 10),
    "spool_places": lambda c: hits.spool_places(c, TENANT, ["s"]),
    "last_hit": lambda c: hits.last_hit(c, TENANT, "s", 5),
    "hits_from": lambda c: hits.hits_from(c, TENANT, "s", 5, 10),
    "old_spools": lambda c: hits.old_spools(c, TENANT, 5),
    "forget_hits": lambda c: hits.forget_hits(c, TENANT, "s", 5, 10),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_an_index_serves_each_query(database: Database, query: Callable[[sa.Connection], Any]) -> None:
    plans: list[str] = []

    def explain(connection: sa.Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            plans.extend(row[-1] for row in rows)

    with database.write_aside() as connection:
        sa.event.listen(connection, "before_cursor_execute", explain)
        query(connection)
    assert any(line.startswith("SEARCH") and " AND " in line for line in plans), plans
    assert [line for line in plans if line.startswith("SCAN") and line.split()[1] not in ("json_each", "chain")] == []
    assert [line for line in plans if "TEMP B-TREE" in line] == []
