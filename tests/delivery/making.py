"""A tenant whose clock a test turns, with endpoints, and what it has to tell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec import structs

from goodword.delivery.courier import Courier
from goodword.delivery.deliverer import Deliverer
from goodword.delivery.dispatcher import Dispatcher
from goodword.delivery.message import Message, Sender, Senders
from goodword.delivery.schedule import Outcome
from goodword.delivery.webhook import WebhookSender, trusted
from goodword.engine.ids import Keyring
from goodword.engine.state import OutboxRow, TenantRow
from goodword.storage import deliveries, endpoints
from goodword.storage.database import Database, create_tenant
from goodword.storage.deliveries import Attempt, Delivery
from goodword.storage.endpoints import Endpoint
from goodword.storage.load import load_tenant
from goodword.storage.store import Batch, store
from goodword.web.shapes import show_row
from tests.storage.making import record

START_MS = 1_770_000_000_000
HOUR_MS = 3_600_000
KEYRING = Keyring(b"k" * 32)
SECONDS = 20.0
"""How long an attempt may take in tests where nothing hangs: longer than a busy machine needs."""
CONTEXT = trusted()


def webhooks(kind: str) -> Sender:
    """Real webhooks to this machine."""
    assert kind == "webhook"
    return WebhookSender(KEYRING, private=True, context=CONTEXT, seconds=SECONDS)


class Scripted:
    """Answers as a function says and remembers what went out, for histories too long for a network."""

    def __init__(self, answer: Callable[[Message], Outcome]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.sent: list[Message] = []

    def __call__(self, kind: str) -> Sender:
        return self

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send(self, message: Message, now_ms: int) -> Outcome:
        with self._lock:
            self.sent.append(message)
        return self._answer(message)


@dataclass
class Post:
    """What a test has in its hands."""

    database: Database
    tenant: str = "acme"
    senders: Senders = webhooks
    now_ms: int = START_MS
    made: list[str] = field(default_factory=list)

    def open(self) -> Post:
        with self.database.write(self.tenant) as connection:
            create_tenant(connection, self.tenant, 1)
        return self

    def endpoint(self, target: str, *topics: str, **more: Any) -> str:
        """A new endpoint, by default for everything."""
        id = f"ep_{len(self.made)}"
        self.made.append(id)
        with self.database.write_aside(f"outbox:{self.tenant}") as connection:
            given: dict[str, Any] = {
                "kind": "webhook",
                "topics": topics or ("*",),
                "ordered": False,
                "state": "active",
                "why": None,
                "language": "en",
                "generation": 1,
                "previous_until_ms": None,
                "after_outbox": endpoints.outbox_position(connection, self.tenant),
                "created_ms": self.now_ms + len(self.made),
            }
            endpoints.create_endpoint(connection, self.tenant, Endpoint(id=id, target=target, **(given | more)))
        return id

    def tell(self, *references: str, topic: str = "program.published") -> None:
        """Events, one for each reference, that tell something."""
        with self.database.write(self.tenant) as connection:
            before = load_tenant(connection, self.tenant)
            records = [
                record(before.seq + 1 + place, outbox=[OutboxRow(topic, reference)])
                for place, reference in enumerate(references)
            ]
            records = [replace(one, sealed=structs.replace(one.sealed, clock_ms=self.now_ms)) for one in records]
            after = TenantRow(before.seq + len(references), self.now_ms, before.live)
            store(connection, self.tenant, Batch(after, records))

    def courier(self) -> Courier:
        return Courier(self.database, KEYRING, self.tenant, lambda: self.now_ms, self.senders, show_row)

    def deliverer(self, workers: int = 8) -> Deliverer:
        dispatcher = Dispatcher(self.database, KEYRING, self.tenant, lambda: self.now_ms)
        return Deliverer(dispatcher, self.courier(), 20, workers)

    def deliver(self, later_ms: int = 0) -> None:
        """Hand out and send what is due, after some time."""
        self.now_ms += later_ms
        deliverer = self.deliverer()
        deliverer.run_once()
        deliverer.stop()

    def log(self, **filters: Any) -> list[Delivery]:
        """Deliveries, in the order of the outbox."""
        with self.database.read() as connection:
            page = deliveries.log_page(connection, self.tenant, limit=10_000, **filters)
        return sorted(page.items, key=lambda one: (one.outbox_id, one.id))

    def attempts(self, delivery: str) -> list[Attempt]:
        with self.database.read() as connection:
            return deliveries.attempts_of(connection, self.tenant, delivery)

    def one(self, id: str) -> Endpoint:
        with self.database.read() as connection:
            found = endpoints.find_endpoint(connection, self.tenant, id)
        assert found is not None
        return found

    def change(self, id: str, **changes: Any) -> None:
        with self.database.write_aside() as connection:
            assert endpoints.change_endpoint(connection, self.tenant, id, **changes)
