"""The scheduler: when no event comes, what falls due is decided all the same; and of visits somebody has to tell.

It only asks the writer; when it runs does not matter, as an event decides what is due before itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from goodword.pipeline.batcher import INFRASTRUCTURE, Batcher, WriterUnavailable
from goodword.pipeline.tenant import Tenants
from goodword.pipeline.visits import VisitTeller
from goodword.storage.load import load_tenant, tenants_due

log = structlog.get_logger("goodword.scheduler")


class Every:
    """A thread that does something again and again until it is stopped, and survives its failures."""

    def __init__(self, name: str, every_ms: int, work: Callable[[], None]) -> None:
        self._name = name
        self._seconds = every_ms / 1000
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"goodword-{name}", daemon=True)

    def start(self) -> None:
        """Start it; the first time comes after one interval."""
        self._thread.start()

    def stop(self) -> None:
        """End it after what it is doing."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end: long work looks at this between two parts."""
        return self._stopping.is_set()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._work()
            except WriterUnavailable:
                log.info("writer_unavailable", thread=self._name)
            except INFRASTRUCTURE as error:
                log.warning("database_unavailable", thread=self._name, error=type(error).__name__)
            except Exception as error:
                log.exception("thread_failed", thread=self._name, error=type(error).__name__)


class Scheduler:
    """Has the writer decide what is due, for a tenant that lives by the wall clock."""

    def __init__(
        self, batcher: Batcher, tenants: Tenants, tenant: str, now_ms: Callable[[], int], every_ms: int
    ) -> None:
        self._batcher = batcher
        self._database = tenants.database
        self._visits = VisitTeller(batcher, tenants, tenant)
        self._tenant = tenant
        self._now_ms = now_ms
        self._every = Every("scheduler", every_ms, self.run_once)

    def start(self) -> None:
        """Start looking."""
        self._every.start()

    def stop(self) -> None:
        """Stop looking."""
        self._every.stop()

    def run_once(self) -> None:
        """Decide everything that is due now, and the visits of the days that are over."""
        now_ms = self._now_ms()
        if self._is_due(now_ms):
            while self._batcher.run_due(now_ms).result() and not self._every.stopping:
                pass
        self._visits.run(now_ms, lambda: self._every.stopping)

    def _is_due(self, until_ms: int) -> bool:
        """Whether there is something to do. A tenant of history waits for its own clock."""
        with self._database.read() as connection:
            if self._tenant not in tenants_due(connection, until_ms):
                return False
            return load_tenant(connection, self._tenant).live
