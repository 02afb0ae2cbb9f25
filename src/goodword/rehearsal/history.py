"""What is rehearsed: the stored events of a tenant in their order, or a file of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Protocol

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from goodword.engine.events import AnyEvent, Sealed
from goodword.engine.ids import Keyring
from goodword.pipeline.intake import InvalidEvent, decode_event, seal
from goodword.program.loader import Program
from goodword.storage import tables
from goodword.storage.database import Database
from goodword.storage.load import load_live_programs
from goodword.storage.programs import program_version
from goodword.storage.scratch import Seen

PAGE = 2000
"""How many events are read at once, each page in a transaction of its own: nobody has to wait for a rehearsal."""

_EVENT = msgspec.json.Decoder(AnyEvent)
_E = tables.events.c


class Told(Struct, frozen=True, gc=False):
    """An event as it was decided, and the answer that it got; a file has events only."""

    seq: int
    sealed: Sealed
    answer: bytes | None


class History(Protocol):
    """Events in the order in which they were decided, with the programs that were published on the way."""

    count: int
    """How many there are, those among them that are left out."""
    programs: frozenset[str]
    """The programs that were published on the way."""
    refused: int
    """How many lines of a file are no events, once it was read."""

    def __iter__(self) -> Iterator[Told]:
        """All of them, once."""
        ...

    def program(self, name: str, version: int) -> Program:
        """A version that one of the events published."""
        ...


class StoredHistory:
    """The events of a tenant up to a moment that does not move while they are read."""

    refused = 0

    def __init__(self, database: Database, tenant: str, until_ms: int | None = None) -> None:
        self._database = database
        self._tenant = tenant
        with database.read() as connection:
            self.last = _last_seq(connection, tenant, until_ms)
            self.programs = frozenset(load_live_programs(connection, tenant))
        self.count = self.last

    def __iter__(self) -> Iterator[Told]:
        after = 0
        while after < self.last:
            with self._database.read() as connection:
                page = list(self._page(connection, after))
            yield from page
            after = page[-1].seq

    def _page(self, connection: Connection, after: int) -> Iterator[Told]:
        columns = (_E.seq, _E.occurred_ms, _E.clock_ms, _E.content, _E.history, _E.body, _E.answer)
        mine = (_E.tenant == self._tenant) & (_E.seq > after) & (_E.seq <= self.last)
        rows = connection.execute(select(*columns).where(mine).order_by(_E.seq).limit(PAGE))
        for seq, occurred_ms, clock_ms, content, history, body, answer in rows:
            sealed = Sealed(_EVENT.decode(body), occurred_ms, clock_ms, content, bool(history))
            yield Told(seq, sealed, answer.encode())

    def program(self, name: str, version: int) -> Program:
        """A version as it was published."""
        with self._database.read() as connection:
            return program_version(connection, self._tenant, name, version)


def _last_seq(connection: Connection, tenant: str, until_ms: int | None) -> int:
    """The last event up to a moment: clocks never go back."""
    mine = _E.tenant == tenant
    last = connection.execute(select(func.max(_E.seq)).where(mine)).scalar_one() or 0
    if until_ms is None:
        return last
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        clock_ms = connection.execute(select(_E.clock_ms).where(mine, _E.seq == middle)).scalar_one()
        low, high = (middle, high) if clock_ms <= until_ms else (low, middle - 1)
    return low


class FileHistory:
    """A file of events, each a line of JSON. What cannot be accepted is counted and left out."""

    programs: frozenset[str] = frozenset()

    def __init__(
        self, lines: Callable[[], Iterable[bytes]], keyring: Keyring, now_ms: int, until_ms: int | None
    ) -> None:
        self._lines = lines
        self._keyring = keyring
        self._now_ms = now_ms
        self._until_ms = until_ms
        self.count = sum(1 for _ in lines())
        self.refused = 0

    def __iter__(self) -> Iterator[Told]:
        self.refused = 0
        with closing(Seen()) as seen:
            yield from self._each(seen)

    def _each(self, seen: Seen) -> Iterator[Told]:
        for number, line in enumerate(self._lines(), 1):
            try:
                sealed = seal(decode_event(line), self._keyring, self._now_ms, True)
            except InvalidEvent:
                self.refused += 1
                continue
            id = self._keyring.digest("rehearsal", sealed.event.id)[:12]
            if (self._until_ms is not None and sealed.clock_ms > self._until_ms) or not seen.add(id):
                continue
            yield Told(number, sealed, None)

    def program(self, name: str, version: int) -> Program:
        """A file publishes nothing."""
        raise LookupError(name)
