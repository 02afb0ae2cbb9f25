"""How often one address may ask for codes that nobody has: codes are short, and guessing must stay slow."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

UNKNOWN_BURST = 20
"""How many unknown codes an address may ask for at once: an office behind one address mistypes too."""
UNKNOWN_EVERY_SECONDS = 3.0
"""After how long it may ask for one more."""
ADDRESSES_MAX = 20_000
"""How many addresses are remembered; the one that was not heard of for longest is forgotten first."""


class Buckets:
    """A bucket of tokens for each address. Used by one thread."""

    def __init__(
        self,
        clock: Callable[[], float],
        burst: int = UNKNOWN_BURST,
        every_seconds: float = UNKNOWN_EVERY_SECONDS,
        addresses_max: int = ADDRESSES_MAX,
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._every = every_seconds
        self._max = addresses_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, address: str) -> int:
        """How long this address has to wait for its next token; 0 where it has one."""
        left = self._left(address)
        return 0 if left >= 1 else math.ceil((1 - left) * self._every)

    def take(self, address: str) -> None:
        """Take a token; below zero an address does not get."""
        self._buckets[address] = (max(0.0, self._left(address) - 1), self._clock())
        self._buckets.move_to_end(address)
        if len(self._buckets) > self._max:
            self._buckets.popitem(last=False)

    def _left(self, address: str) -> float:
        tokens, at = self._buckets.get(address, (float(self._burst), 0.0))
        return min(float(self._burst), tokens + (self._clock() - at) / self._every)
