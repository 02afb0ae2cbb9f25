"""How often somebody may ask: token buckets, in bounded memory.

A bucket holds what may be spent at once and fills with time. Whoever may run into debt has to pay it off before anything else
is let through: so an array of a thousand events always passes once, and on average nobody passes the limit.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

BUCKETS_MAX = 20_000
"""How many spenders are remembered; beyond that, whoever asked longest ago is forgotten and starts with a full bucket."""


class Buckets:
    """One bucket for each spender. Used by one thread."""

    def __init__(
        self,
        per_second: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        buckets_max: int = BUCKETS_MAX,
    ) -> None:
        """A rate of 0 knows no limit."""
        self._per_second = per_second
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._max = buckets_max
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What a bucket held when it was last looked at, and when that was."""

    def wait_seconds(self, name: str) -> int:
        """How long somebody has to wait until he may spend again; 0 where he may now."""
        if not self._per_second:
            return 0
        held = self._held(name)
        return 0 if held >= 1 else max(1, math.ceil((1 - held) / self._per_second))

    def spend(self, name: str, count: int = 1, *, debt: bool = False) -> None:
        """Take from a bucket; without `debt` it is never emptier than empty."""
        if not self._per_second:
            return
        left = self._held(name) - count
        self._known[name] = (left if debt else max(0.0, left), self._clock())
        self._known.move_to_end(name)
        if len(self._known) > self._max:
            self._known.popitem(last=False)

    def _held(self, name: str) -> float:
        now = self._clock()
        held, then = self._known.get(name, (self._burst, now))
        return min(self._burst, held + (now - then) * self._per_second)
