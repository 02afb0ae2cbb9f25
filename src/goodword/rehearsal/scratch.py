"""A tenant that is thrown away. It stands in memory as long as it is small, and then in a scratch database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import Collection
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import Outcome, ProgramCache, publication, run_batch
from goodword.pipeline.tenant import Transaction, changed_rows, keep_version
from goodword.pipeline.warm import Warm
from goodword.program.loader import Program
from goodword.storage.database import Database, create_tenant
from goodword.storage.scratch import open_scratch, read_all, store_all
from goodword.storage.store import store_state

TENANT = "rehearsal"
ROWS_MAX = 2_000_000
"""How many rows stand in memory before they go to the scratch database: some 1 GB."""
WARM_ROWS_MAX = 300_000
"""How many of them stay at hand from then on."""


class Unforeseen(RuntimeError):
    """An event could not be decided, which is a fault of Goodword; the message names the event."""


class Scratch:
    """A tenant of a rehearsal."""

    def __init__(self, keyring: Keyring, rows_max: int = ROWS_MAX) -> None:
        self._memory: _Memory | None = _Memory(keyring)
        self._disk: _Disk | None = None
        self._keyring = keyring
        self.rows_max = rows_max
        """How many rows may stand in memory."""

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._disk is not None:
            self._disk.database.close()

    @property
    def on_disk(self) -> bool:
        """Whether it has outgrown memory."""
        return self._disk is not None

    @property
    def rows_in_memory(self) -> int:
        """How many rows stand in memory, as long as it is not outgrown."""
        return 0 if self._memory is None else self._memory.size()

    def publish(self, program: Program, clock_ms: int) -> Outcome:
        """Bring a version into force, as its publication did or would have done."""
        return _foreseen(self._place.publish(program, clock_ms))

    def keep(self, program: Program) -> None:
        """Keep a version that is to come into force at a date."""
        self._place.keep(program)

    def decide(self, events: Sequence[Sealed], until_ms: int | None = None) -> Outcome:
        """Decide a batch, and what fell due before; what is left over stands in the outcome's `rest`.

        Raises:
            Unforeseen: an event could not be decided.
        """
        outcome = _foreseen(self._place.run(events, until_ms))
        if self._memory is not None and self._memory.size() > self.rows_max:
            self._disk, self._memory = _Disk(self._memory), None
        return outcome

    def rows(self, collection: Collection[Any]) -> Iterator[tuple[str, Any]]:
        """All rows of a collection by their keys, in no order."""
        return self._place.all(collection)

    @property
    def _place(self) -> _Memory | _Disk:
        place = self._disk or self._memory
        assert place is not None  # noqa: S101 - it is the one or the other
        return place


def _foreseen(outcome: Outcome) -> Outcome:
    if outcome.parked:
        parked = outcome.parked[0]
        raise Unforeseen(f"event {parked.sealed.event.id} could not be decided: {parked.error}")
    return outcome


class _Memory(MemoryTenant):
    """All of it in memory. Nobody asks for an event twice, so no answer is kept."""

    def run(self, events: Sequence[Sealed], until_ms: int | None) -> Outcome:
        outcome = run_batch(self, self.keyring, events, until_ms)
        self.note(outcome)
        return outcome

    def known(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        return {}

    def all(self, collection: Collection[Any]) -> Iterator[tuple[str, Any]]:
        return ((key, row) for key, row in self.rows.rows[collection.name].items() if row is not None)

    def size(self) -> int:
        return sum(map(len, self.rows.rows.values()))


class _Disk:
    """All of it in a database without events."""

    def __init__(self, memory: _Memory) -> None:
        self.database: Database = open_scratch()
        self._keyring = memory.keyring
        self._cache = ProgramCache()
        self._warm = Warm(WARM_ROWS_MAX)
        with self.database.write(TENANT) as connection:
            create_tenant(connection, TENANT, 0)
        for program in sorted(memory.versions(), key=lambda program: program.version):
            self.keep(program)
        store_all(self.database, TENANT, memory.rows)

    def keep(self, program: Program) -> None:
        with self.database.write(TENANT) as connection:
            keep_version(connection, TENANT, program, 0)

    def publish(self, program: Program, clock_ms: int) -> Outcome:
        self.keep(program)
        return self.run([publication(program, clock_ms)], None)

    def run(self, events: Sequence[Sealed], until_ms: int | None) -> Outcome:
        with self.database.write(TENANT) as connection:
            backing = _Unremembered(connection, TENANT, self._cache, self._warm)
            outcome = run_batch(backing, self._keyring, events, until_ms)
            store_state(connection, TENANT, backing.state().tenant, changed_rows(outcome))
        self._warm.keep(backing.state())
        return outcome

    def all(self, collection: Collection[Any]) -> Iterator[tuple[str, Any]]:
        return read_all(self.database, TENANT, collection.name)


class _Unremembered(Transaction):
    """Every event of a stored history has its id to itself: nobody has to look for it."""

    def known(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        return {}
