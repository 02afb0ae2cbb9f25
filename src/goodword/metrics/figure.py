"""A figure: what is told of one metric, and how sure it is. Made in `figures.py` and `derived.py`; whoever only tells it needs no more."""

from __future__ import annotations

from msgspec import Struct

from goodword.metrics.definitions import Dimension
from goodword.metrics.verdicts import Verdict

ALL = "all"
"""The name of the period that holds everything."""
OTHERS = "*"
"""Of a dimension with very many values, all that are not told apart."""
Number = int | float


class Figure(Struct, frozen=True, omit_defaults=True):
    """One number of one metric: of which period and whom, how sure, and by which definition."""

    metric: str
    period: str
    unit: str
    """``share`` (of 1), ``per`` (so many for each), ``count``, ``days``, ``score``, a currency (in its minor unit), or a unit of rewards."""
    value: Number | None
    """None where nothing can be said: there was nobody, or nobody was followed for so long."""
    dimension: Dimension | None = None
    of: str = ""
    """What the dimension says: ``whatsapp``; the empty text where that is not known."""
    numerator: int | None = None
    denominator: int | None = None
    low: Number | None = None
    high: Number | None = None
    level: float | None = None
    method: str = ""
    """How the interval was made; the empty text where the figure counts everything there is and needs none."""
    maturity: float | None = None
    """The share of those looked at who have had the time that the figure gives them."""
    more: dict[str, Number | None] = {}
    """What else is told of it: other horizons, the mean beside the median, the seed of what was drawn, the day of a target
    (20261231)."""
    warnings: tuple[Verdict, ...] = ()
    version: int = 1
