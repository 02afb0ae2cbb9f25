"""How often somebody may ask: token buckets, in bounded memory.

A bucket holds what may be spent at once and fills with time. What is asked for is spent even where it is more than the
bucket holds: the debt has to be paid off before anything else is let through. So an array of a thousand events always passes
once, and on average nobody passes the limit.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import Scope

from goodword.web.problems import TooManyRequests

BUCKETS_MAX = 10_000
"""How many spenders are remembered; beyond that, whoever asked longest ago is forgotten and starts with a full bucket."""
BURST_SECONDS = 2
"""How much of a rate may be spent at once, after a quiet time."""
MINUTE_SECONDS = 60


class Buckets:
    """One bucket for each spender. Used by the one thread that serves."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What a bucket held when it was last looked at, and when that was."""

    def spend(self, name: str, count: int, told: str) -> None:
        """Spend from a bucket; with a count of 0, only look whether it could be. A rate of 0 knows no limit.

        Raises:
            TooManyRequests: the bucket is empty; nothing is spent.
        """
        if not self._per_second:
            return
        now = self._clock()
        held, then = self._known.get(name, (self._burst, now))
        held = min(self._burst, held + (now - then) * self._per_second)
        if held < 1:
            raise TooManyRequests(told, seconds=max(1, math.ceil((1 - held) / self._per_second)))
        if not count:
            return
        self._known[name] = (held - count, now)
        self._known.move_to_end(name)
        if len(self._known) > BUCKETS_MAX:
            self._known.popitem(last=False)


class Limits:
    """The limits of one application: events and requests of a key, failures of an address."""

    def __init__(
        self, key_per_second: int, address_per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = Buckets(key_per_second, key_per_second * BURST_SECONDS, clock)
        self._addresses = Buckets(address_per_minute / MINUTE_SECONDS, address_per_minute, clock)

    def key(self, key: str, count: int) -> None:
        """A key sends so many events, or makes so many requests; with 0, make sure that it may send any.

        Raises:
            TooManyRequests: it sent too many before.
        """
        self._keys.spend(key, count, "this API key sends more than it may: send the same again in a moment")

    def failures(self, address: str, count: int) -> None:
        """Somebody at an address came without a valid key; with 0, make sure that he may still try.

        Raises:
            TooManyRequests: he tried too often before.
        """
        self._addresses.spend(address, count, "too many requests without a valid API key came from this address")


def client_address(scope: Scope) -> str:
    """The address that a request came from: of the other end of the connection, which behind a proxy is the proxy's."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""
