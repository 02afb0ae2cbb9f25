"""How unevenly something is spread: whether a few advocates bring nearly all friends."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct

from goodword.metrics.intervals import LEVEL
from goodword.metrics.means import Counted
from goodword.metrics.moments import Moments
from goodword.metrics.proportions import Proportion, proportion


class Concentration(Struct, frozen=True):
    """How a total is spread over people. What has no meaning is None: shares of nothing, the variance of one."""

    people: int
    total: int
    gini: float | None
    top_1: float | None
    """The share of the total that the one percent with most have."""
    top_10: float | None
    dispersion: float | None
    """Variance by mean: 1 where everybody has the same chance, far more where a few bring most."""
    zero: Proportion
    """The share of those who have nothing."""


def concentration(histogram: Iterable[Counted], level: float = LEVEL) -> Concentration | None:
    """All of it, from how many people have which count; None of nobody."""
    rows = _sorted(histogram)
    people = sum(row.people for row in rows)
    none = proportion(sum(row.people for row in rows if not row.value), people, level)
    if none is None:
        return None
    total = sum(row.value * row.people for row in rows)
    shares = (gini(rows), top_share(rows, Fraction(1, 100)), top_share(rows, Fraction(1, 10)))
    return Concentration(people, total, *shares, dispersion(rows), none)


def gini(histogram: Iterable[Counted]) -> float | None:
    """Half the mean difference of two people, by the mean: 0 if all have the same, 1 - 1/n if one has all; None of nothing.

    Gini (1912), Variabilità e mutabilità. Of these people, without correction for a sample's size.
    """
    below = 0
    weighted = Fraction(0)
    rows = _sorted(histogram)
    total = sum(row.value * row.people for row in rows)
    people = sum(row.people for row in rows)
    if not total:
        return None
    for row in rows:
        # People of one value stand side by side; the middle of their places is the place of each.
        weighted += row.people * row.value * (2 * below + row.people)
        below += row.people
    return float(weighted / (people * total) - 1)


def top_share(histogram: Iterable[Counted], part: Fraction | float) -> float | None:
    """Which share of the total the `part` of people who have most have: 1 - L(1 - part), L the curve of Lorenz.

    Lorenz (1905), Publications of the American Statistical Association 9:209, with straight lines between people: one percent of
    fifty is half of the first. None of nothing.
    """
    if not 0 <= part <= 1:
        raise ValueError(f"a part lies from 0 to 1, not {part}")
    rows = _sorted(histogram)
    total = sum(row.value * row.people for row in rows)
    if not total:
        return None
    left = Fraction(part) * sum(row.people for row in rows)
    held = Fraction(0)
    for row in reversed(rows):
        taken = min(left, Fraction(row.people))
        held += taken * row.value
        left -= taken
    return float(held / total)


def dispersion(histogram: Iterable[Counted]) -> float | None:
    """Variance by mean, the index of dispersion: Fisher (1925), Statistical Methods for Research Workers, section 16.

    1 for Poisson counts. None of fewer than two people, or of nothing.
    """
    rows = _sorted(histogram)
    moments = Moments(
        sum(row.people for row in rows),
        sum(row.value * row.people for row in rows),
        sum(row.value**2 * row.people for row in rows),
    )
    variance = moments.variance
    return variance / moments.mean if variance is not None and moments.total else None


def _sorted(histogram: Iterable[Counted]) -> list[Counted]:
    rows = sorted(histogram)
    if any(min(row) < 0 for row in rows):
        raise ValueError("neither values nor numbers of people lie below 0")
    return rows
