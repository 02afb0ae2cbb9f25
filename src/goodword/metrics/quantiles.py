"""Quantiles of the normal and of Student's distribution, by the standard library alone."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_EXPANDED_FROM = 1000.0
"""From so many degrees of freedom on, four terms of the expansion are exact to more digits than a float holds."""
_TINY = 1e-300


def normal_quantile(level: float) -> float:
    """The z that a two-sided interval of this level reaches on each side: 1.96 for 0.95."""
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not {level}")
    return _NORMAL.inv_cdf((1 + level) / 2)


@lru_cache(maxsize=4096)
def student_quantile(level: float, freedom: float) -> float:
    """The t that a two-sided interval of this level reaches on each side with so many degrees of freedom.

    The incomplete beta function by its continued fraction (Press et al., Numerical Recipes, 2007, section 6.4), inverted by
    halving; with many degrees of freedom the expansion of Fisher and Cornish (1960; Abramowitz and Stegun 26.7.5).
    """
    z = normal_quantile(level)
    if not freedom > 0:
        raise ValueError(f"degrees of freedom are positive, not {freedom}")
    if freedom >= _EXPANDED_FROM:
        return _expanded(z, freedom)
    tail = (1 - level) / 2
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > tail:
        low, high = high, high * 2
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if student_tail(middle, freedom) > tail else (low, middle)
    return (low + high) / 2


def student_tail(t: float, freedom: float) -> float:
    """The probability that a Student variable lies above t, for t of at least 0."""
    whole = freedom + t * t
    return _incomplete_beta(freedom / whole, t * t / whole, freedom / 2, 0.5) / 2


def normal_tails(z: float) -> float:
    """The probability that a normal variable lies farther from 0 than z: the two-sided p-value."""
    return math.erfc(abs(z) / math.sqrt(2))


def _expanded(z: float, freedom: float) -> float:
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b), regularised; `rest` is 1 - x, which a float next to 1 does not say."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * (math.log(x) if x < rest else math.log1p(-rest))
        + b * math.log(rest),
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the method of Lentz."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for part in (even, odd):
            d = 1 / _away_from_zero(1 + part * d)
            c = _away_from_zero(1 + part / c)
            step = c * d
            found *= step
        if abs(step - 1) < 1e-15:
            break
    return found


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
