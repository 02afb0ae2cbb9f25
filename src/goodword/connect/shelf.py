"""What was read of a file, put together and in the order of its time: outside of memory, whatever the size of the file.

A temporary database of SQLite without a name: it is a file that no folder shows, it goes with the process however that ends,
and it leaves memory as soon as it does not fit there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct

PENDING_MAX = 5000
"""How many orders or customers are put together in memory at a time."""
CACHE_KIB = 16 * 1024
ITEMS_OF_ORDER_MAX = 1000
"""How many lines of one order are kept; of an order with more it is not known what its lines come to."""


class ItemCells(Struct, array_like=True):
    """A line of an order as its cells say it."""

    line: int
    category: str
    total: str
    price: str
    quantity: str
    mark: int
    """The hash of its row."""


class Told(Struct, array_like=True):
    """What the rows of a file say of one order or customer."""

    line: int
    """Where the first of them stands."""
    values: dict[str, str]
    """By field the first cell that says something."""
    lines: dict[str, int]
    """Where that stands, if not in the first row."""
    items: list[ItemCells]
    rows: int = 1
    marks: list[int] = []
    """The hashes of its rows: one that comes twice counts once."""

    def place(self, field: str) -> int:
        """In which line a field was found."""
        return self.lines.get(field, self.line)


class Entry(Struct, array_like=True):
    """One event on its way into the order of time."""

    at_ms: int
    rank: int
    """Of what happens at the same time: customers, orders, what became of orders."""
    line: int
    raw: bytes


Merge = Callable[[Told, Told], None]
_TOLD = msgspec.msgpack.Decoder(Told)
_ENCODER = msgspec.msgpack.Encoder()


class Shelf:
    """The orders or customers of a file by their key, and their events by time."""

    def __init__(self, merge: Merge) -> None:
        self._merge = merge
        self._pending: dict[str, Told] = {}
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(
            f"PRAGMA cache_size = -{CACHE_KIB}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE told (key TEXT PRIMARY KEY, line INTEGER NOT NULL, doc BLOB NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE entries (at_ms INTEGER, rank INTEGER, line INTEGER, raw BLOB);"
            "BEGIN"
        )

    def add(self, key: str, told: Told) -> None:
        """One more row of an order or customer, wherever the others stand."""
        known = self._pending.get(key)
        if known is not None:
            self._merge(known, told)
            return
        if len(self._pending) >= PENDING_MAX:
            self._put_away()
        self._pending[key] = told

    def _put_away(self) -> None:
        keys = list(self._pending)
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ",".join("?" * len(some))
            found = self._connection.execute(f"SELECT key, doc FROM told WHERE key IN ({marks})", some)  # noqa: S608
            for key, doc in found.fetchall():
                before = _TOLD.decode(doc)
                self._merge(before, self._pending[key])
                self._pending[key] = before
        rows = ((key, told.line, _ENCODER.encode(told)) for key, told in self._pending.items())
        self._connection.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", rows)
        self._pending.clear()

    def all_told(self) -> Iterator[Told]:
        """Everything that was added, put together, in the order of the file."""
        self._put_away()
        self._connection.execute("CREATE INDEX told_by_line ON told (line)")
        for (doc,) in self._connection.execute("SELECT doc FROM told ORDER BY line, key"):
            yield _TOLD.decode(doc)

    def enter(self, entries: list[Entry]) -> None:
        """Events, in any order."""
        rows = [(entry.at_ms, entry.rank, entry.line, entry.raw) for entry in entries]
        self._connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)

    def in_time(self) -> Iterator[tuple[int, bytes]]:
        """Every event in the order of its time, with the line that it comes from."""
        yield from self._connection.execute("SELECT line, raw FROM entries ORDER BY at_ms, rank, line")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()
