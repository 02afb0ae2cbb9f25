"""The courier: takes an endpoint's due deliveries to it, and keeps what became of them.

Whoever holds an endpoint's lease is the only one who sends to it. The lease is longer than the longest page can take, so
that it runs out only where its holder died; then another goes on, with the same ids. What somebody who lost his lease
has found out is dropped: a delivery may then come twice, which its id tells, and never not at all.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.exc import OperationalError

from goodword.delivery.dispatcher import new_delivery, notices, outbox_lock
from goodword.delivery.message import Message, Senders
from goodword.delivery.render import Show, render
from goodword.delivery.schedule import ATTEMPTS_MAX, Outcome, after
from goodword.engine.ids import Keyring
from goodword.engine.topics import NOTICES, TEST_TOPIC
from goodword.measure import Measures
from goodword.storage import deliveries, endpoints
from goodword.storage.database import Database
from goodword.storage.deliveries import Attempt, Delivery
from goodword.storage.endpoints import Endpoint, Why
from goodword.storage.store import OUTBOX_LINES_MAX

PAGE_DELIVERIES = 50
"""How many deliveries a courier takes along at once."""
AT_ONCE = 4
"""How many deliveries go to one endpoint at the same moment, unless it wants them in order."""
PAGE_SECONDS = 30.0
"""After how long a courier begins no further delivery, and gives the endpoint back."""
LEASE_MS = 75_000
"""How long an endpoint is kept from others: the page, the attempt that is under way at its end, and time to store."""
FAILURES_IN_A_ROW = 3
"""After how many failures one after the other a courier turns back: the next page may wait while others are served."""
HEADS_MAX = 2
"""How many deliveries in a row an ordered endpoint that answers may refuse for the whole schedule before it is switched off."""
PAUSE_MS = 1000
"""How long an endpoint is left alone for each failure in a row, however much waits for it."""
PAUSE_MAX_MS = 30_000
"""The longest such pause."""
RECORD_TRIES = 4
"""How often it is tried to store what became of a page, while the database is busy."""
RECORD_SECONDS = 0.2
"""The wait before the second try; it doubles with each one."""

log = structlog.get_logger("goodword.delivery")


class Done(Struct, frozen=True):
    """A delivery as it is after an attempt."""

    delivery: Delivery
    attempt: Attempt
    outcome: Outcome


class Courier:
    """Sends, for one tenant. May be used by many threads."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        tenant: str,
        now_ms: Callable[[], int],
        senders: Senders,
        show: Show,
        measures: Measures | None = None,
    ) -> None:
        self.database = database
        self.tenant = tenant
        self.now_ms = now_ms
        self._keyring = keyring
        self._senders = senders
        self._show = show
        self._measures = measures or Measures()

    def lease(self, owner: str, limit: int, failing_max: int) -> list[Endpoint]:
        """Take endpoints that have something due; none where nothing is."""
        now_ms = self.now_ms()
        with self.database.read() as connection:
            if not deliveries.something_due(connection, self.tenant, now_ms):
                return []
        with self.database.write_aside() as connection:
            return deliveries.lease(connection, self.tenant, owner, now_ms, now_ms + LEASE_MS, limit, failing_max)

    def serve(self, endpoint: Endpoint, owner: str, stopping: threading.Event) -> int:
        """Send a page to a leased endpoint and give the lease back. Returns how many attempts were made."""
        with self.database.read() as connection:
            page = deliveries.due(connection, self.tenant, endpoint, self.now_ms(), PAGE_DELIVERIES)
            data = render(connection, self.tenant, page, self._show)
        done = _Page(endpoint, page, data, self._send_with, self._senders, stopping).run()
        self._record(endpoint, owner, done)
        return len(done)

    def test(self, endpoint: Endpoint) -> Done:
        """Send an endpoint a test now, as anything is sent, and keep what came of it. It is not tried again."""
        now_ms = self.now_ms()
        with self.database.read() as connection:
            position = endpoints.outbox_position(connection, self.tenant)
        delivery = new_delivery(
            self._keyring,
            endpoint,
            f"test:{time.time_ns()}",
            topic=TEST_TOPIC,
            reference=endpoint.id,
            outbox_id=position,
            seq=position // OUTBOX_LINES_MAX,
            happened_ms=now_ms,
            now_ms=now_ms,
        )
        with self._senders(endpoint.kind) as sender:
            done = self._send_with(sender, Message(endpoint, delivery, {"endpoint": endpoint.id}))
        if not done.outcome.ok:
            done = replace(done, delivery=_given_up(done.delivery, self.now_ms()))
        with self.database.write_aside() as connection:
            deliveries.record(connection, self.tenant, [done.delivery], [done.attempt])
        self._measures.delivered(endpoint.kind, done.delivery.status, 1)
        return done

    def _send_with(self, sender: Any, message: Message) -> Done:
        began_ms, began = self.now_ms(), time.monotonic()
        outcome = sender.send(message, began_ms)
        took_ms = int((time.monotonic() - began) * 1000)
        moved = after(message.delivery, outcome, self.now_ms())
        attempt = Attempt(moved.id, moved.attempts, began_ms, outcome.code, outcome.error, took_ms)
        self._measures.attempt(message.endpoint.kind, outcome.word)
        log.info(
            "attempted",
            delivery=moved.id,
            endpoint=moved.endpoint,
            topic=moved.topic,
            status=moved.status,
            code=outcome.code,
            error=outcome.error,
        )
        return Done(moved, attempt, outcome)

    def _record(self, endpoint: Endpoint, owner: str, done: Sequence[Done]) -> None:
        for outcome, count in self._recorded(endpoint, owner, done).items():
            self._measures.delivered(endpoint.kind, outcome, count)

    def _recorded(self, endpoint: Endpoint, owner: str, done: Sequence[Done]) -> Counter[str]:
        for tried in range(1, RECORD_TRIES):
            try:
                return self._record_once(endpoint, owner, done)
            except OperationalError as error:
                log.warning("record_retried", endpoint=endpoint.id, tried=tried, error=type(error).__name__)
                time.sleep(RECORD_SECONDS * 2 ** (tried - 1))
        return self._record_once(endpoint, owner, done)

    def _record_once(self, endpoint: Endpoint, owner: str, done: Sequence[Done]) -> Counter[str]:
        """Store what became of a page; how many deliveries came to which end."""
        now_ms = self.now_ms()
        # What may switch an endpoint off or tell staff keeps out who hands out: nothing shall be left waiting for a dead end.
        ends = any(one.delivery.status == "failed" for one in done)
        with self.database.write_aside(outbox_lock(self.tenant) if ends else None) as connection:
            held = deliveries.held(connection, self.tenant, endpoint.id, owner)
            if held is None:
                log.warning("lease_lost", endpoint=endpoint.id, attempts=len(done))
                return Counter()
            why = _why_disable(held, done)
            stopped = why is not None or held.state == "disabled"
            moved = [
                _given_up(one.delivery, now_ms) if stopped and one.delivery.status == "waiting" else one.delivery
                for one in done
            ]
            deliveries.record(connection, self.tenant, moved, [one.attempt for one in done])
            ended: Counter[str] = Counter(one.status for one in moved if one.status != "waiting")
            changes = _changes(held, done, why, now_ms)
            if changes:
                endpoints.change_endpoint(connection, self.tenant, held.id, **changes)
            if why is not None:
                log.warning("endpoint_disabled", endpoint=held.id, why=why)
                ended["failed"] += deliveries.fail_waiting(connection, self.tenant, held.id, now_ms)
            told = _told(held, done, why)
            if told:
                self._notify(connection, told, now_ms)
            pause_ms = min(changes.get("failures", 0) * PAUSE_MS, PAUSE_MAX_MS)
            deliveries.release(connection, self.tenant, held.id, owner, now_ms + pause_ms)
        return ended

    def _notify(self, connection: Any, told: list[tuple[str, str, str]], now_ms: int) -> None:
        position = endpoints.outbox_position(connection, self.tenant)
        known = endpoints.list_endpoints(connection, self.tenant)
        made = notices(self._keyring, known, told, position, position // OUTBOX_LINES_MAX, now_ms)
        deliveries.add_deliveries(connection, self.tenant, made)


class _Page:
    """One round to an endpoint: in order, or a few at a time."""

    def __init__(
        self,
        endpoint: Endpoint,
        page: Sequence[Delivery],
        data: dict[str, dict[str, Any]],
        send: Callable[[Any, Message], Done],
        senders: Senders,
        stopping: threading.Event,
    ) -> None:
        self._endpoint = endpoint
        self._rest = deque(page)
        self._data = data
        self._send = send
        self._senders = senders
        self._stopping = stopping
        self._end = time.monotonic() + PAGE_SECONDS
        self._done: list[Done] = []
        self._failures = 0

    def run(self) -> list[Done]:
        """Send until the page is empty, its time is up, or the endpoint does not take it."""
        threads = 1 if self._endpoint.ordered else min(AT_ONCE, len(self._rest))
        if threads <= 1:
            self._drain()
            return self._done
        with ThreadPoolExecutor(threads, "goodword-sender") as pool:
            for running in [pool.submit(self._drain) for _ in range(threads)]:
                running.result()
        return self._done

    def _drain(self) -> None:
        with self._senders(self._endpoint.kind) as sender:
            while not (self._stopping.is_set() or time.monotonic() > self._end or self._hopeless()):
                try:
                    delivery = self._rest.popleft()
                except IndexError:
                    return
                done = self._send(sender, Message(self._endpoint, delivery, self._data[delivery.id]))
                self._done.append(done)
                self._failures = 0 if done.outcome.ok else self._failures + 1

    def _hopeless(self) -> bool:
        return self._failures >= (1 if self._endpoint.ordered else FAILURES_IN_A_ROW) or any(
            one.outcome.gone for one in self._done[-AT_ONCE:]
        )


def _given_up(delivery: Delivery, now_ms: int) -> Delivery:
    """A delivery that is not tried any more."""
    return replace(delivery, status="failed", done_ms=now_ms)


def _why_disable(held: Endpoint, done: Sequence[Done]) -> Why | None:
    """Whether an endpoint is switched off after these attempts: nobody is there, or it took nothing all the while."""
    if held.state == "disabled":
        return None
    if any(one.outcome.gone for one in done):
        return "gone"
    if any(one.outcome.ok for one in done):
        return None
    exhausted = [one for one in done if one.delivery.status == "failed"]
    if held.ordered:
        return "failing" if any(_is_dead_end(held, one, len(done)) for one in exhausted) else None
    last_ms = held.delivered_ms or 0
    return "failing" if any(one.delivery.queued_ms >= last_ms for one in exhausted) else None


def _is_dead_end(held: Endpoint, head: Done, made: int) -> bool:
    """Whether nobody is there who takes what comes in order. While its head was tried, nothing else could be taken.

    One that answers may refuse a delivery that it cannot read: that one fails alone. Refusing the next one for the whole
    schedule as well, it refuses all.
    """
    return head.outcome.code is None or held.failures + made >= HEADS_MAX * ATTEMPTS_MAX


def _changes(held: Endpoint, done: Sequence[Done], why: Why | None, now_ms: int) -> dict[str, Any]:
    if not done:
        return {}
    failed_last = 0
    for one in reversed(done):
        if one.outcome.ok:
            break
        failed_last += 1
    any_ok = failed_last < len(done)
    changes: dict[str, Any] = {"failures": failed_last if any_ok else held.failures + failed_last}
    if any_ok:
        changes["delivered_ms"] = now_ms
    if why is not None:
        changes |= {"state": "disabled", "why": why}
    return changes


def _told(held: Endpoint, done: Sequence[Done], why: Why | None) -> list[tuple[str, str, str]]:
    """What staff are told. A notice that fails tells nobody: it would go round for ever."""
    told = [
        ("delivery.failed", one.delivery.id, held.id)
        for one in done
        if one.delivery.status == "failed" and one.delivery.topic not in NOTICES
    ]
    if why is not None:
        told.append(("endpoint.disabled", held.id, held.id))
    return told
