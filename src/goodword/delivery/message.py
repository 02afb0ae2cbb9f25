"""What goes to an endpoint, and who can send it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from goodword.delivery.schedule import Outcome
from goodword.program.duration import iso
from goodword.storage.deliveries import Delivery
from goodword.storage.endpoints import Endpoint, Kind

BODY_BYTES_MAX = 64 * 1024
"""How large the body of a webhook may be. Of something larger only the id is told; it can be asked for."""
ATTEMPT_SECONDS = 15.0
"""How long an attempt may take, from the first question about the name to the last byte of the answer's head."""


class Message(Struct, frozen=True):
    """A delivery with all that a sender needs, as things stand at this attempt."""

    endpoint: Endpoint
    delivery: Delivery
    data: dict[str, Any]
    """What the reference leads to, as the API shows it."""

    def body(self) -> bytes:
        """The body of a webhook."""
        body = self._body(self.data)
        return body if len(body) <= BODY_BYTES_MAX else self._body({"id": self.delivery.reference, "too_large": True})

    def _body(self, data: dict[str, Any]) -> bytes:
        head = {"type": self.delivery.topic, "timestamp": iso(self.delivery.happened_ms), "seq": self.delivery.seq}
        return msgspec.json.encode({**head, "data": data})


class Sender(Protocol):
    """Sends messages, one after the other; used by one thread. Nothing that happens on the way is raised."""

    def send(self, message: Message, now_ms: int) -> Outcome:
        """Make one attempt, over within `ATTEMPT_SECONDS`."""

    def __enter__(self) -> Sender: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Senders = Callable[[Kind], Sender]
"""A new sender for a kind of endpoint."""
