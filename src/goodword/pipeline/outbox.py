"""The outbox: what the world is to be told after a commit goes out in order, at least once.

For now everything goes to the structured log: a topic and references, never personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import structlog
from sqlalchemy import Connection, text

from goodword.pipeline.batcher import Batcher
from goodword.pipeline.scheduler import Every
from goodword.storage.database import Database
from goodword.storage.reads import Undelivered, undelivered

PAGE = 100
"""How many rows go out at a time."""

log = structlog.get_logger("goodword.outbox")
_DELIVERED = text(
    "UPDATE outbox SET delivered_ms = :now WHERE tenant = :tenant AND id BETWEEN :first AND :last"
    " AND delivered_ms IS NULL"
)


class Outbox:
    """Delivers what waits, the oldest first."""

    def __init__(
        self, batcher: Batcher, database: Database, tenant: str, now_ms: Callable[[], int], every_ms: int
    ) -> None:
        self._batcher = batcher
        self._database = database
        self._tenant = tenant
        self._now_ms = now_ms
        self._every = Every("outbox", every_ms, self.run_once)

    def start(self) -> None:
        """Start delivering."""
        self._every.start()

    def stop(self) -> None:
        """Stop delivering; what is left waits for the next start."""
        self._every.stop()

    def run_once(self) -> None:
        """Deliver everything that waits."""
        while page := self._page():
            if self._every.stopping:
                return
            for waiting in page:
                _deliver(waiting)
            # Marked by the writer: on SQLite a second writer would only stand in its way.
            self._batcher.call(partial(self._mark, page)).result()

    def _page(self) -> list[Undelivered]:
        with self._database.read() as connection:
            return undelivered(connection, self._tenant, limit=PAGE)

    def _mark(self, page: Sequence[Undelivered]) -> None:
        with self._database.write(self._tenant) as connection:
            mark_delivered(connection, self._tenant, page, self._now_ms())


def mark_delivered(connection: Connection, tenant: str, page: Sequence[Undelivered], now_ms: int) -> None:
    """Note that a page of rows, without gaps between them, went out."""
    parameters = {"tenant": tenant, "now": now_ms, "first": page[0].id, "last": page[-1].id}
    connection.execute(_DELIVERED, parameters)


def _deliver(waiting: Undelivered) -> None:
    row = waiting.row
    log.info("delivered", topic=row.topic, reference=row.reference, participant=row.participant, seq=waiting.seq)
