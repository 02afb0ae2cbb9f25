"""The net promoter score: who would recommend, less who would not."""

from __future__ import annotations

import math

from msgspec import Struct

from goodword.metrics.intervals import LEVEL, Interval
from goodword.metrics.quantiles import normal_quantile

_ADDED = 3.0
"""Rocks's three invented answers: three quarters of a promoter, as much of a detractor, the rest passive."""


class PromoterScore(Struct, frozen=True):
    """From -100 to 100."""

    promoters: int
    passives: int
    detractors: int
    value: float
    standard_error: float
    interval: Interval


def promoter_score(promoters: int, passives: int, detractors: int, level: float = LEVEL) -> PromoterScore | None:
    """100 (p - d) of answers 9 and 10 (promoters), 7 and 8, 0 to 6 (detractors): Reichheld (2003), HBR 81(12):46; None of none.

    Standard error 100 √((p + d - (p - d)²) / n). Interval: the adjusted Wald (3, T) of Rocks (2016), The American Statistician
    70:365, which keeps its promise with few answers too, cut at -100 and 100.
    """
    if min(promoters, passives, detractors) < 0:
        raise ValueError("nobody's answers are fewer than none")
    answers = promoters + passives + detractors
    if not answers:
        return None
    value, error = _net(promoters, detractors, answers)
    adjusted, spread = _net(promoters + _ADDED / 4, detractors + _ADDED / 4, answers + _ADDED)
    reach = normal_quantile(level) * spread
    low, high = max(-100.0, min(adjusted - reach, value)), min(100.0, max(adjusted + reach, value))
    return PromoterScore(promoters, passives, detractors, value, error, Interval(low, high, level, "adjusted_wald"))


def _net(promoters: float, detractors: float, answers: float) -> tuple[float, float]:
    p, d = promoters / answers, detractors / answers
    return 100 * (promoters - detractors) / answers, 100 * math.sqrt(max(0.0, p + d - (p - d) ** 2) / answers)
