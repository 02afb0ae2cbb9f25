"""Handing outbox rows to the endpoints that subscribe: one delivery each, in the transaction that marks the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from goodword.engine.ids import Keyring
from goodword.engine.topics import NOTICES, matches
from goodword.program.duration import DAY_MS
from goodword.storage.database import Database
from goodword.storage.deliveries import Delivery, forget_deliveries, forget_outbox, hand_out
from goodword.storage.endpoints import Endpoint, list_endpoints
from goodword.storage.reads import Undelivered, newest_undelivered, undelivered

PAGE_ROWS = 200
"""How many outbox rows one transaction hands out."""
LOG_DAYS = 30
"""How long the log of deliveries, and outbox rows that were handed out, are kept where no setting says otherwise."""
FORGET_ROWS = 1000
"""How many deliveries one transaction removes from it."""


def outbox_lock(tenant: str) -> str:
    """The name of the lock under which outbox rows are handed out and endpoints come and go."""
    return f"outbox:{tenant}"


class Dispatcher:
    """Any number of them may run, in any number of processes: a lock of their own lets one in at a time."""

    def __init__(
        self, database: Database, keyring: Keyring, tenant: str, now_ms: Callable[[], int], log_days: int = LOG_DAYS
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._tenant = tenant
        self._now_ms = now_ms
        self._log_days = log_days

    def run_page(self) -> int:
        """Hand out one page. Returns how many outbox rows it had; less than a whole page is the last for now."""
        with self._database.read() as connection:
            if newest_undelivered(connection, self._tenant) is None:
                return 0
        with self._database.write_aside(outbox_lock(self._tenant)) as connection:
            listening = [one for one in list_endpoints(connection, self._tenant) if one.state != "disabled"]
            # Where nobody listens, nobody needs to read what there was to hear.
            page = undelivered(connection, self._tenant, limit=PAGE_ROWS) if listening else []
            # Where somebody does, what was not read is not handed out: it may have come since, after another one took the page.
            newest = None if listening else newest_undelivered(connection, self._tenant)
            last = page[-1].id if page else newest
            if last is not None:
                hand_out(connection, self._tenant, last, self._deliveries(page, listening))
        return len(page)

    def forget(self) -> None:
        """Remove what came to its end long ago from the log and from the outbox."""
        before_ms = self._now_ms() - self._log_days * DAY_MS
        for forget in (forget_deliveries, forget_outbox):
            forgotten = FORGET_ROWS
            while forgotten >= FORGET_ROWS:
                with self._database.write_aside() as connection:
                    forgotten = forget(connection, self._tenant, before_ms, FORGET_ROWS)

    def _deliveries(self, page: Sequence[Undelivered], listening: Sequence[Endpoint]) -> list[Delivery]:
        now_ms = self._now_ms()
        return [
            new_delivery(
                self._keyring,
                endpoint,
                _source(waiting),
                topic=waiting.row.topic,
                reference=waiting.row.reference,
                outbox_id=waiting.id,
                seq=waiting.seq,
                happened_ms=waiting.created_ms,
                now_ms=now_ms,
            )
            for waiting in page
            for endpoint in listening
            if waiting.id > endpoint.after_outbox and matches(endpoint.topics, waiting.row.topic)
        ]


def _source(waiting: Undelivered) -> str:
    """What tells an outbox row from all others, those too that stood in its place before a backup was restored."""
    row = waiting.row
    return f"outbox:{waiting.id}:{row.topic}:{row.reference}:{waiting.created_ms}"


def new_delivery(
    keyring: Keyring,
    endpoint: Endpoint,
    source: str,
    *,
    topic: str,
    reference: str,
    outbox_id: int,
    seq: int,
    happened_ms: int,
    now_ms: int,
) -> Delivery:
    """A delivery that is due at once. Its id comes from the endpoint and `source`, which no other delivery to it has."""
    id = keyring.id("dl", endpoint.id, source)
    return Delivery(
        id=id,
        endpoint=endpoint.id,
        outbox_id=outbox_id,
        seq=seq,
        topic=topic,
        reference=reference,
        happened_ms=happened_ms,
        status="waiting",
        attempts=0,
        tried=0,
        next_ms=now_ms,
        queued_ms=now_ms,
        created_ms=now_ms,
    )


def notices(
    keyring: Keyring,
    endpoints: Sequence[Endpoint],
    told: Sequence[tuple[str, str, str]],
    outbox_id: int,
    seq: int,
    now_ms: int,
) -> list[Delivery]:
    """What staff are told: (topic, reference, endpoint it is about) to every mailbox that subscribes, but not to itself."""
    mailboxes = [one for one in endpoints if one.kind == "mail" and one.state != "disabled"]
    return [
        new_delivery(
            keyring,
            mailbox,
            f"{topic}:{reference}:{now_ms}",
            topic=topic,
            reference=reference,
            outbox_id=outbox_id,
            seq=seq,
            happened_ms=now_ms,
            now_ms=now_ms,
        )
        for topic, reference, about in told
        for mailbox in mailboxes
        if topic in NOTICES and mailbox.id != about and matches(mailbox.topics, topic)
    ]
