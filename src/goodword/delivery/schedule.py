"""What becomes of a delivery after an attempt: a pure function of the delivery, the outcome and the time."""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from goodword.program.duration import HOUR_MS, MINUTE_MS, SECOND_MS
from goodword.storage.deliveries import Delivery

WAITS_MS = (
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
)
"""How long is waited after the first, second, … failed attempt; after the one that follows the last wait, it has failed."""
ATTEMPTS_MAX = len(WAITS_MS) + 1
"""How many attempts the whole schedule has."""
JITTER_PERCENT = 10
"""By how much a wait is stretched at most, so that what failed together does not come back together."""
RETRY_AFTER_MAX_MS = HOUR_MS
"""How long a receiver may ask us to wait. Where the schedule waits longer anyway, the schedule counts."""

ErrorKind = Literal["unresolved", "address_refused", "unreachable", "tls", "timeout", "broken", "refused", "internal"]
"""Why there was no answer: the name has no address, its address is not a public one, no connection, no trusted
certificate, too slow, the connection or the answer broke, the mail server said no, a fault of ours."""


class Outcome(Struct, frozen=True):
    """What one attempt came to."""

    ok: bool
    code: int | None = None
    """The status of HTTP or SMTP."""
    error: ErrorKind | None = None
    retry_after_ms: int | None = None
    """How long the receiver asks to wait."""

    @property
    def word(self) -> str:
        """What it came to in one word, of which there are few: `ok`, the kind of an error, or a class of statuses."""
        if self.ok:
            return "ok"
        return self.error or f"{(self.code or 0) // 100}xx"

    @property
    def gone(self) -> bool:
        """Whether the receiver says that there will never be anybody."""
        return not self.ok and self.code == 410


def after(delivery: Delivery, outcome: Outcome, now_ms: int) -> Delivery:
    """The delivery after an attempt that ended now."""
    counted = replace(delivery, attempts=delivery.attempts + 1, tried=delivery.tried + 1)
    if outcome.ok:
        return replace(counted, status="delivered", done_ms=now_ms)
    if outcome.gone or counted.tried >= ATTEMPTS_MAX:
        return replace(counted, status="failed", done_ms=now_ms)
    return replace(counted, status="waiting", next_ms=now_ms + wait_ms(delivery.id, counted.tried, outcome))


def wait_ms(id: str, tried: int, outcome: Outcome) -> int:
    """How long to wait after so many attempts."""
    asked = min(outcome.retry_after_ms or 0, RETRY_AFTER_MAX_MS)
    return max(_stretched(WAITS_MS[tried - 1], id, tried), asked)


def _stretched(wait: int, id: str, tried: int) -> int:
    """Longer by a share that the id decides: the same delivery waits as long in every process and every test."""
    number = int.from_bytes(hashlib.sha256(f"{id} {tried}".encode()).digest()[:4], "big")
    return wait + wait * JITTER_PERCENT * number // (100 * 2**32)
