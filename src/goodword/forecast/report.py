"""What a forecast found out, as data. Money is in the smallest unit of the program's currency."""

from __future__ import annotations

from msgspec import Struct

LEVELS = (10, 50, 90)
"""Of a hundred worlds: below which figure so many lie."""


class Range(Struct, frozen=True):
    """A figure over all worlds: below `low` lie one of ten, below `middle` half, below `high` nine of ten."""

    low: int
    middle: int
    high: int


class Assumption(Struct, frozen=True):
    """A figure that worlds were made of; no `low` and `high` where nothing was stated and nothing published."""

    path: str
    kind: str | None
    low: int | None
    high: int | None
    source: str | None
    stated: bool


class MonthRanges(Struct, frozen=True):
    """A month of the program's calendar."""

    month: str
    cost: Range
    acquired: Range
    liability: Range


class Totals(Struct, frozen=True):
    """All months together."""

    granted: Range
    taken_back: Range
    expired: Range
    cost: Range
    used: Range
    liability: Range
    acquired: Range
    per_acquired: Range | None
    """For each of them who is not made up; None where no world won anybody."""
    invented: Range
    """Of those acquired, who are made up."""


class Shortage(Struct, frozen=True):
    """A budget, or a cap of a rule: in how many worlds it did not hold what was wanted, and when first."""

    kind: str
    """``budget`` or ``cap``."""
    name: str
    worlds: int
    day: Range | None
    """Days since the start, over the worlds in which it happened."""


class Warned(Struct, frozen=True):
    """Something that should be looked at before launch, with the figures that it is said with."""

    code: str
    worlds: int = 0
    name: str = ""
    amount: int = 0
    other: int = 0


class Margin(Struct, frozen=True):
    """What one order of a new customer leaves, against what winning him costs."""

    order: int
    margin: int
    """On an order of the middle assumption."""
    losing: int
    """In how many worlds a customer costs more than that."""


class Forecast(Struct, frozen=True):
    """The answer of a forecast."""

    program: str
    currency: str
    time_zone: str
    starts: str
    months_count: int
    worlds: int
    seed: int
    events: int
    """How many were decided in all worlds."""
    assumptions: tuple[Assumption, ...]
    friends_most: int
    friends_mean: int
    """How many friends somebody who shares invites on average, in hundredths."""
    months: tuple[MonthRanges, ...]
    total: Totals
    shortages: tuple[Shortage, ...]
    margin: Margin | None
    unpriced: tuple[str, ...]
    """Units that have no price in the file, so that no sum holds them."""
    warnings: tuple[Warned, ...]
