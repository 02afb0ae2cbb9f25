"""An interval around an estimate: from where to where, how sure, by which method."""

from __future__ import annotations

from msgspec import Struct

LEVEL = 0.95
"""How often, over many samples, an interval holds the truth, unless somebody asks for another level."""


class Interval(Struct, frozen=True):
    """A confidence interval. Without data there is none: what makes one answers None instead."""

    low: float
    high: float
    level: float
    method: str
    """The code of the method, as figures carry it: `wilson`, `newcombe`, `log_log`, ..."""

    def complement(self) -> Interval:
        """The interval of 1 - p, where this is the interval of p."""
        return Interval(1 - self.high, 1 - self.low, self.level, self.method)

    def inside(self, least: float, most: float) -> Interval:
        """The same as far as values can be: it holds the truth as often."""
        low, high = (min(max(end, least), most) for end in (self.low, self.high))
        return Interval(low, high, self.level, self.method)


class Estimate(Struct, frozen=True):
    """A figure with its standard error and interval; None for either where the data do not give it."""

    value: float
    standard_error: float | None
    interval: Interval | None
