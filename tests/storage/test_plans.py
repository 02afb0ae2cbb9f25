"""Every load finds its rows by index, before the database has any statistics: it stays flat as a tenant grows."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from goodword.engine.state import COLLECTIONS, State
from goodword.storage.database import Database
from goodword.storage.load import load
from tests.storage.making import REFERRAL, REWARD, TENANT, keep


def many_rows() -> dict[str, dict[str, Any]]:
    """Enough rows for an index to be worth while; each is its own, apart from the tenant."""
    many: dict[str, dict[str, Any]] = {}
    for number in range(2000):
        own = {"id": f"k{number}", "friend": f"k{number}", "subject": f"k{number}", "code_hash": f"k{number}"}
        for collection, row in (("referrals", REFERRAL), ("rewards", REWARD)):
            changes = {name: value for name, value in own.items() if hasattr(row, name)}
            many.setdefault(collection, {})[own["id"]] = replace(row, **changes)
    return many


@pytest.mark.parametrize("collection", COLLECTIONS, ids=repr)
def test_a_load_looks_each_key_up_in_an_index(database: Database, collection: Any) -> None:
    plans: list[str] = []

    def explain(connection: sa.Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if "tenant = " in statement and not statement.startswith("EXPLAIN"):
            words = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
            rows: Sequence[Any] = connection.exec_driver_sql(f"{words} {statement}", parameters).all()
            plans.extend(row[-1].strip() for row in rows)

    keep(database, many_rows())
    with database.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", explain)
        load(connection, TENANT, State(), {collection.name: {f"k{number}|x" for number in range(256)}})
    lookups = [line for line in plans if line.startswith(("SEARCH", "Index Cond")) and "rowid" not in line]
    assert lookups
    assert [line for line in lookups if " AND " not in line] == [], "an index is used for more than the tenant"
    assert [line for line in plans if line.startswith("SCAN ") and line.split()[1] not in ("k", "chain")] == []
    assert [line for line in plans if "Seq Scan" in line] == []
