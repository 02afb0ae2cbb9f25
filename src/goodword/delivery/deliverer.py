"""The deliverer: one thread that hands out and leases, and a bounded pool of threads that send, until told to stop."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from sqlalchemy.exc import SQLAlchemyError

from goodword.delivery.courier import Courier
from goodword.delivery.dispatcher import PAGE_ROWS, Dispatcher
from goodword.delivery.render import Show
from goodword.delivery.senders import senders_of
from goodword.engine.ids import Keyring
from goodword.measure import Measures
from goodword.settings import Settings
from goodword.storage.database import Database
from goodword.storage.endpoints import Endpoint

FORGET_EVERY_SECONDS = 3600.0
"""How often the log of deliveries is shortened."""

log = structlog.get_logger("goodword.deliverer")


def make_deliverer(
    settings: Settings,
    database: Database,
    keyring: Keyring,
    now_ms: Callable[[], int],
    show: Show,
    measures: Measures | None = None,
) -> Deliverer:
    """The deliverer of a process.

    Raises:
        InvalidSetting: the mail server's address cannot be used.
    """
    dispatcher = Dispatcher(database, keyring, settings.tenant, now_ms, settings.delivery_log)
    courier = Courier(database, keyring, settings.tenant, now_ms, senders_of(settings, keyring), show, measures)
    return Deliverer(dispatcher, courier, settings.delivery_every, settings.delivery_workers)


class Deliverer:
    """Delivers for one tenant. Any number may run at once, in any number of processes."""

    def __init__(self, dispatcher: Dispatcher, courier: Courier, every_ms: int, workers: int) -> None:
        self.courier = courier
        self._dispatcher = dispatcher
        self._seconds = every_ms / 1000
        self._workers = workers
        self._forgot = float("-inf")
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._running: dict[Future[int], Endpoint] = {}
        self._pool = ThreadPoolExecutor(workers, "goodword-courier")
        self._thread = threading.Thread(target=self._run, name="goodword-deliverer", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it delivers."""
        return self._thread.is_alive() and not self._stopping.is_set()

    def start(self) -> None:
        """Start delivering."""
        self._thread.start()

    def stop(self) -> None:
        """End: attempts that are under way come to their end, what waits is left to the next start or to others."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._pool.shutdown(wait=True)

    def wake(self) -> None:
        """Look at once instead of at the next turn."""
        self._wake.set()

    def run_once(self) -> None:
        """Hand out and send all that is due now, and wait for its end. For those who do not start it."""
        while self._dispatcher.run_page() == PAGE_ROWS and not self._stopping.is_set():
            pass
        while self._begin() or self._running:
            for future in list(self._running):
                self._end(future)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                more = self._dispatcher.run_page() == PAGE_ROWS
                self._collect()
                more = self._begin() or more
                if not more:
                    self._forget()
            except SQLAlchemyError as error:
                log.warning("database_unavailable", error=type(error).__name__)
                more = False
            except Exception as error:
                log.exception("deliverer_failed", error=type(error).__name__)
                more = False
            if not more:
                self._wake.wait(self._seconds)
            self._wake.clear()

    def _begin(self) -> bool:
        """Send couriers out to as many endpoints as there are free workers. Whether there were any."""
        free = self._workers - len(self._running)
        if free <= 0 or self._stopping.is_set():
            return False
        failing = sum(bool(endpoint.failures) for endpoint in self._running.values())
        failing_max = max(1, self._workers // 2) - failing
        owner = uuid.uuid4().hex  # of this lease alone: one that ran out is not taken for the next
        leased = self.courier.lease(owner, free, failing_max)
        for endpoint in leased:
            future = self._pool.submit(self.courier.serve, endpoint, owner, self._stopping)
            self._running[future] = endpoint
            future.add_done_callback(lambda _: self._wake.set())
        return bool(leased)

    def _forget(self) -> None:
        """Once in a while, when there is nothing else to do, shorten the log."""
        if time.monotonic() - self._forgot > FORGET_EVERY_SECONDS:
            self._dispatcher.forget()
            self._forgot = time.monotonic()

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            self._end(future)

    def _end(self, future: Future[int]) -> None:
        endpoint = self._running[future]
        try:
            future.result()
        except SQLAlchemyError as error:
            # The lease runs out, and the page is sent again under the same ids.
            log.warning("page_not_kept", endpoint=endpoint.id, error=type(error).__name__)
        except Exception as error:
            log.exception("courier_failed", endpoint=endpoint.id, error=type(error).__name__)
        finally:
            del self._running[future]
