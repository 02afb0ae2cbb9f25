"""Databases that are thrown away: their file has lost its name before anything is written, and is gone with its process."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import create_engine, event, select
from sqlalchemy.pool import StaticPool

from goodword.engine.state import State
from goodword.storage import tables
from goodword.storage.database import Database
from goodword.storage.rows import MAPPERS
from goodword.storage.store import store_state

MEMORY_BYTES = 64 * 1024 * 1024
"""How much of it stays in memory; the rest lies on the disk of temporary files."""
ROWS_AT_ONCE = 5000


def open_scratch() -> Database:
    """An empty database with the tables of this release. Killed at any moment, its process leaves nothing behind.

    It has one connection: only the thread that is at work on it may use it.
    """
    engine = create_engine("sqlite://", creator=_nameless, poolclass=StaticPool, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    tables.metadata.create_all(engine)
    return Database(engine)


def _nameless() -> sqlite3.Connection:
    """A file without a name. SQLite has such of its own, which are several times slower."""
    descriptor, name = tempfile.mkstemp(prefix="goodword-rehearsal-")
    os.close(descriptor)
    try:
        connection = sqlite3.connect(name, check_same_thread=False)
        # It is opened by the first statement; nothing else may ever look for it by name.
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = MEMORY", "synchronous = OFF"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    finally:
        os.unlink(name)
    return connection


def _set_up(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA cache_size = {-MEMORY_BYTES // 1024}")


def store_all(database: Database, tenant: str, state: State) -> None:
    """Write everything that a complete state holds."""
    with database.write(tenant) as connection:
        store_state(connection, tenant, state.tenant, {})
    for name, rows in state.rows.items():
        if name not in MAPPERS:
            continue
        items = list(rows.items())
        for first in range(0, len(items), ROWS_AT_ONCE):
            with database.write(tenant) as connection:
                store_state(connection, tenant, state.tenant, {name: dict(items[first : first + ROWS_AT_ONCE])})


def read_all(database: Database, tenant: str, collection: str) -> Iterator[tuple[str, Any]]:
    """All rows of a collection by their keys, in no order."""
    mapper = MAPPERS[collection]
    columns = [mapper.table.c[name] for name in mapper.columns]
    statement = select(*columns).where(mapper.table.c.tenant == tenant)
    with database.read() as connection:
        for row in connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}):
            yield mapper.unpack(row)


class Sums:
    """Two sums by key, for more keys than memory shall hold."""

    def __init__(self) -> None:
        self._connection = _nameless()
        self._connection.execute(
            "CREATE TABLE sums (key TEXT PRIMARY KEY, before INTEGER NOT NULL, after INTEGER NOT NULL) WITHOUT ROWID"
        )

    def close(self) -> None:
        """Throw them away."""
        self._connection.close()

    def add(self, sums: Mapping[str, tuple[int, int]]) -> None:
        """Add to both sums of some keys."""
        self._connection.executemany(
            "INSERT INTO sums VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "before = before + excluded.before, after = after + excluded.after",
            [(key, *both) for key, both in sums.items()],
        )

    def of(self, key: str) -> tuple[int, int] | None:
        """Both sums of a key, or None where it has none."""
        found = self._connection.execute("SELECT before, after FROM sums WHERE key = ?", [key]).fetchone()
        return None if found is None else (found[0], found[1])

    def items(self) -> Iterable[tuple[str, int, int]]:
        """Every key with its sums, in the order of the keys."""
        return self._connection.execute("SELECT key, before, after FROM sums ORDER BY key")


class Seen:
    """Which keys came before, for more of them than memory shall hold."""

    def __init__(self) -> None:
        self._connection = _nameless()
        self._connection.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, key: bytes) -> bool:
        """Note a key; whether it is new."""
        return self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", [key]).rowcount > 0

    def close(self) -> None:
        """Throw them away."""
        self._connection.close()
