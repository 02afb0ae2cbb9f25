"""Ranges over worlds: quantiles by the method of Weibull, h = (n + 1) p between two neighbours of the sorted figures.

A further world from the same assumptions then lies below the quantile p with the probability p exactly, however few
worlds were played, as long as h lies between 1 and n; beyond, the smallest or largest figure stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from goodword.forecast.report import LEVELS, Range


def quantile(ordered: Sequence[float], percent: int) -> float:
    """The figure below which so many of a hundred lie. `ordered` goes upwards and is not empty."""
    place = (len(ordered) + 1) * percent / 100 - 1
    below = min(max(0, int(place // 1)), len(ordered) - 1)
    above = min(below + 1, len(ordered) - 1)
    part = min(max(0.0, place - below), 1.0)
    return ordered[below] + (ordered[above] - ordered[below]) * part


def range_over(figures: Iterable[float]) -> Range:
    """The range of a figure over all worlds."""
    ordered = sorted(figures)
    return Range(*(round(quantile(ordered, percent)) for percent in LEVELS))


def range_of_some(figures: Iterable[float]) -> Range | None:
    """The same; None where no world has the figure."""
    found = list(figures)
    return range_over(found) if found else None
