"""The batcher: one writer thread per process takes whatever waits, decides it in one transaction, and hands the answers out.

The queue is bounded: what does not fit is sent away at once, with a named error, and nothing of it is kept. A batch
belongs to one tenant. While the database is away a batch is tried again, whole, a few times; then its events fail, and
their sources send them again: ids make that safe. No answer goes out before its commit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import InterfaceError, InternalError, NotSupportedError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.measure import Measures
from goodword.pipeline.process import Outcome, shown
from goodword.storage.database import Database
from goodword.storage.store import TenantMoved, park

TRIES_MAX = 4
"""How often a batch is tried while the database is away."""
BACKOFF_SECONDS = 0.05
"""The wait before the second try; it doubles with each one."""
DRAIN_SECONDS = 30.0
"""How long a stopping batcher works off what waits."""
GATHER_SECONDS = 0.002
"""How long a busy writer lets events gather before the next batch; one that was idle begins at once."""
INFRASTRUCTURE = (OperationalError, InterfaceError, InternalError, NotSupportedError, NoConnection, TenantMoved)
"""The database was away, busy, or somebody else's: the same work may succeed later.

A standby says that it does not support writing, and in a transaction that was open already, that its state is wrong.
"""
_STANDBY = frozenset({"0A000", "25006", "25P02"})
"""What PostgreSQL says of itself while it is one (SQLSTATE): nothing but reading is supported, this is read only, and the
transaction has failed before."""


def _is_away(error: BaseException) -> bool:
    """Whether the database was away. Of the two kinds that also mean a fault in the data, only what a standby says."""
    if isinstance(error, InternalError | NotSupportedError):
        return getattr(error.orig, "sqlstate", None) in _STANDBY
    return isinstance(error, INFRASTRUCTURE)


ReturnT = TypeVar("ReturnT")
log = structlog.get_logger("goodword.batcher")


class QueueFull(Exception):
    """More events wait than the queue may hold."""


class WriterUnavailable(Exception):
    """The database could not be written, or the process is stopping. Sent again later, the event is decided."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The event was decided now or before: its answer as JSON, as its owner sees it."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Conflict:
    """The id was told before, with other content."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The decision failed unexpectedly: the event is parked, and the same id decides it again."""


Result = Decided | Conflict | Failed


class Decider(Protocol):
    """Who decides and stores batches: `Tenants`."""

    @property
    def database(self) -> Database: ...

    def decide(self, tenant: str, events: Sequence[Sealed], until_ms: int | None = None) -> Outcome:
        """Decide a batch and store it."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An event that waits, and where its result goes."""

    tenant: str
    sealed: Sealed
    future: Future[Result]


@dataclass(frozen=True, slots=True)
class _Command:
    """Other work for the writer."""

    work: Callable[[], Any]
    future: Future[Any]


class Batcher:
    """The queue and its writer thread."""

    def __init__(
        self,
        tenants: Decider,
        keyring: Keyring,
        tenant: str,
        queue_max: int,
        batch_max: int,
        measures: Measures | None = None,
    ) -> None:
        self._tenants = tenants
        self._keyring = keyring
        self._tenant = tenant
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._measures = measures or Measures()
        self._measures.watch("goodword_queue_events", "events that wait to be decided", lambda: self.waiting)
        self._measures.watch("goodword_queue_events_max", "events that may wait", lambda: queue_max)
        self._items: deque[_Item] = deque()
        self._commands: deque[_Command] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="goodword-writer", daemon=True)

    def start(self) -> None:
        """Start the writer."""
        self._thread.start()

    def stop(self, seconds: float = DRAIN_SECONDS) -> None:
        """Take nothing more, work off what waits, and end. What is left when time is up fails."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        with self._changed:
            left: list[Future[Any]] = [item.future for item in self._items]
            left += [command.future for command in self._commands]
            self._items.clear()
            self._commands.clear()
        for future in left:
            future.set_exception(WriterUnavailable("stopping"))

    @property
    def alive(self) -> bool:
        """Whether the writer takes events."""
        return self._thread.is_alive() and not self._stopping.is_set()

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return len(self._items)

    def submit(self, events: list[Sealed]) -> list[Future[Result]]:
        """Queue events, all of them or none. A queue that is empty always takes them.

        Raises:
            QueueFull: they do not fit.
            WriterUnavailable: the batcher is not running.
        """
        items = [_Item(self._tenant, sealed, Future()) for sealed in events]
        with self._changed:
            self._refuse_stopped()
            if self._items and len(self._items) + len(items) > self._queue_max:
                raise QueueFull
            self._items.extend(items)
            self._changed.notify()
        return [item.future for item in items]

    def withdraw(self, futures: Sequence[Future[Result]]) -> None:
        """Take events out of the queue for which nobody waits any more. What is being decided already is decided."""
        given_up = set(futures)
        with self._changed:
            self._items = deque(item for item in self._items if item.future not in given_up)

    def call(self, work: Callable[[], ReturnT]) -> Future[ReturnT]:
        """Have the writer do something else between two batches: there is one writer per process.

        Raises:
            WriterUnavailable: the batcher is not running.
        """
        command = _Command(work, Future())
        with self._changed:
            self._refuse_stopped()
            self._commands.append(command)
            self._changed.notify()
        return command.future

    def run_due(self, until_ms: int) -> Future[bool]:
        """Decide one batch of what fell due by `until_ms`. The result says whether more is left."""

        def work() -> bool:
            outcome = self._measured(self._tenant, [], until_ms)
            # Where nothing was decided, asking again at once would change nothing.
            return outcome.more_due and bool(outcome.decisions)

        return self.call(work)

    def _refuse_stopped(self) -> None:
        if not self.alive:
            raise WriterUnavailable("not running")

    def _run(self) -> None:
        while True:
            if 0 < len(self._items) < self._batch_max:
                # Few events in many transactions cost more than this wait, and the threads that bring events need turns.
                self._stopping.wait(GATHER_SECONDS)
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._commands or self._stopping.is_set())
                command = self._commands.popleft() if self._commands else None
                batch = self._take()
            if command is None and not batch:
                return
            if command is not None:
                _do(command)
            if batch:
                self._deliver(batch)

    def _take(self) -> list[_Item]:
        """The next batch: of one tenant, and where an id stands twice, with the same content."""
        batch: list[_Item] = []
        contents: dict[str, str] = {}
        while self._items and len(batch) < self._batch_max:
            item = self._items[0]
            content = contents.setdefault(item.sealed.event.id, item.sealed.content)
            if content != item.sealed.content or item.tenant != (batch or [item])[0].tenant:
                break
            batch.append(self._items.popleft())
        return batch

    def _deliver(self, batch: list[_Item]) -> None:
        """Decide a batch and hand its results out. The writer survives whatever happens."""
        try:
            outcome = self._decide(batch)
        except Exception as error:
            if _is_away(error):
                log.error("batch_failed", events=len(batch), error=type(error).__name__)
                self._measures.batch_failed()
                _fail(batch, WriterUnavailable("the database could not be written"))
                return
            log.error("batch_isolated", events=len(batch), error=type(error).__name__, exc_info=len(batch) == 1)
            self._isolate(batch, error)
        else:
            self._hand_out(batch, outcome)

    def _decide(self, batch: list[_Item]) -> Outcome:
        events = list({item.sealed.event.id: item.sealed for item in batch}.values())
        for tried in range(1, TRIES_MAX):
            try:
                return self._measured(batch[0].tenant, events)
            except INFRASTRUCTURE as error:
                if not _is_away(error):
                    raise
                log.warning("batch_retried", events=len(events), tried=tried, error=type(error).__name__)
                self._stopping.wait(BACKOFF_SECONDS * 2 ** (tried - 1))
        return self._measured(batch[0].tenant, events)

    def _measured(self, tenant: str, events: Sequence[Sealed], until_ms: int | None = None) -> Outcome:
        started = time.perf_counter()
        outcome = self._tenants.decide(tenant, events, until_ms)
        decided = ((decision.answer.type, decision.answer.outcome) for _, decision, _ in outcome.decisions)
        self._measures.batch(len(events), time.perf_counter() - started, decided, len(outcome.parked))
        return outcome

    def _isolate(self, batch: list[_Item], error: Exception) -> None:
        """One event that brings its batch down must not take the others with it: each goes alone."""
        if len(batch) > 1:
            for item in batch:
                self._deliver([item])
            return
        item = batch[0]
        try:
            with self._tenants.database.write(item.tenant) as connection:
                park(connection, item.tenant, replace(item.sealed, person=None), type(error).__name__)
        except Exception as again:
            log.error("parking_failed", error=type(again).__name__)
            if _is_away(again):
                item.future.set_exception(WriterUnavailable("the database could not be written"))
                return
        item.future.set_result(Failed())

    def _hand_out(self, batch: list[_Item], outcome: Outcome) -> None:
        rest = {sealed.event.id for sealed in outcome.rest}
        if len(rest) == len({item.sealed.event.id for item in batch}) and not outcome.decisions:
            # The same batch would come to the same end, for ever.
            log.error("batch_stuck", events=len(batch))
            _fail(batch, WriterUnavailable("what is due before these events cannot be decided"))
            return
        again = [item for item in batch if item.sealed.event.id in rest]
        with self._changed:
            self._items.extendleft(reversed(again))
        parked = {one.sealed.event.id for one in outcome.parked}
        for item in batch:
            if item.sealed.event.id not in rest:
                self._resolve(item, outcome, parked)

    def _resolve(self, item: _Item, outcome: Outcome, parked: set[str]) -> None:
        id = item.sealed.event.id
        try:
            item.future.set_result(self._result(id, outcome, parked))
        except Exception as error:
            log.exception("answer_not_shown", error=type(error).__name__)
            item.future.set_exception(error)

    def _result(self, id: str, outcome: Outcome, parked: set[str]) -> Result:
        if id in outcome.answers:
            return Decided(shown(outcome.answers[id], self._keyring))
        if id in outcome.conflicts:
            return Conflict()
        if id in parked:
            return Failed()
        raise AssertionError("an event has neither answer nor conflict, nor was it parked")


def _do(command: _Command) -> None:
    try:
        result = command.work()
    except Exception as error:
        command.future.set_exception(error)
    else:
        command.future.set_result(result)


def _fail(batch: list[_Item], error: Exception) -> None:
    for item in batch:
        item.future.set_exception(error)
