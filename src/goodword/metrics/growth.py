"""Whether referral feeds itself: how many further customers a customer brings, and what that comes to.

K is far below 1 nearly everywhere (Goel, Watts and Goldstein 2012, EC'12). The figure that says something then is the
amplification 1 / (1 - K): how many customers there are in the end for each who came by other ways.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from goodword.metrics.intervals import LEVEL, Estimate, Interval

RESAMPLES = 4000
"""How many samples the bootstrap draws: the ends of an interval then shake by about a thirtieth of its width."""
_CELLS_MAX = 2_000_000
"""How many numbers are drawn at a time: 16 MB, however long the histogram."""

Floats = NDArray[np.float64]


class Inviting(NamedTuple):
    """How many customers sent so many invitations and brought so many customers. Those who sent none count.

    There may be more conversions than invitations: a word at the counter is no invitation that anybody counted.
    """

    invitations: int
    conversions: int
    customers: int


class Amplification(Struct, frozen=True):
    """Customers in the end for each who came by other ways. None where K may reach 1: there is no end then."""

    value: float | None
    low: float | None
    high: float | None
    level: float


class Viral(Struct, frozen=True):
    """The viral coefficient of a cohort of customers over a full window."""

    customers: int
    k: Estimate
    """Approved friends per customer: invitations per customer times conversion per invitation."""
    invitations: Estimate
    """Per customer."""
    conversion: Estimate | None
    """Per invitation; None if there was none."""
    amplification: Amplification
    resamples: int
    seed: int
    """With it, anybody draws the same intervals again."""


def viral_coefficient(
    histogram: Iterable[Inviting], seed: int, level: float = LEVEL, resamples: int = RESAMPLES
) -> Viral | None:
    """K of a cohort; None of nobody.

    Invitations and conversions hang together within a customer, so all intervals come from one bootstrap over customers
    (Efron and Tibshirani 1993, An Introduction to the Bootstrap): the histogram is drawn again by a multinomial, which is the
    same as drawing customers. Corrected for bias and skewness, BCa (Efron 1987, JASA 82:171), since a few bring most.
    One customer has no intervals, nor has a figure that no two customers differ in. Raises ValueError for fewer than 100 samples.
    """
    if resamples < 100:
        raise ValueError(f"{resamples} samples show no ends of an interval")
    rows = _merged(histogram)
    people = rows[:, 2]
    if not people.sum():
        return None
    draws = _resampled(rows, seed, resamples) if people.sum() > 1 else None
    customers = people.sum()
    sent, won = (rows[:, 0] * people).sum() / customers, (rows[:, 1] * people).sum() / customers
    conversion = None
    invitations = _estimate(sent, rows[:, 0] - sent, people, draws and draws.sent, level)
    k = _estimate(won, rows[:, 1] - won, people, draws and draws.won, level)
    if sent:
        rate = won / sent
        rates = draws and draws.won[draws.sent > 0] / draws.sent[draws.sent > 0]
        conversion = _estimate(rate, (rows[:, 1] - rate * rows[:, 0]) / sent, people, rates, level)
    return Viral(int(customers), k, invitations, conversion, amplification(k), resamples, seed)


def amplification(k: Estimate) -> Amplification:
    """1 / (1 - K) and its interval, by transforming that of K. An end is None where K reaches 1, or has no interval."""
    ends = k.interval
    level = ends.level if ends else LEVEL
    low, high = (_amplified(ends.low), _amplified(ends.high)) if ends else (None, None)
    return Amplification(_amplified(k.value), low, high, level)


def growth(k: float, time: float, cycle: float) -> float:
    """By which share customers have grown after `time`, if each cycle's new customers bring K more: (K^(t/ct + 1) - 1) / (K - 1) - 1.

    Skok (2009) wrote it down for ventures; it is the sum of a geometric series. K = 0.35 in 14 days: 35% more after one
    cycle, 53% after 56 days. Raises ValueError for K or a time below 0, or a cycle without length.
    """
    if k < 0 or time < 0 or cycle <= 0:
        raise ValueError("K and times are not below 0, and a cycle takes time")
    cycles = time / cycle
    if abs(k - 1) < 1e-9:
        return cycles
    if k == 0:
        return 0.0
    return k * math.expm1(cycles * math.log(k)) / (k - 1)


class _Draws(NamedTuple):
    sent: Floats
    won: Floats


def _merged(histogram: Iterable[Inviting]) -> Floats:
    """One row for each kind of customer, sorted: neither order nor splitting of rows changes what a seed draws."""
    counts: dict[tuple[int, int], int] = {}
    for row in histogram:
        if min(row) < 0:
            raise ValueError(f"nothing here is counted below 0: {row}")
        kind = row.invitations, row.conversions
        counts[kind] = counts.get(kind, 0) + row.customers
    return np.array([(*kind, count) for kind, count in sorted(counts.items()) if count], float).reshape(-1, 3)


def _resampled(rows: Floats, seed: int, resamples: int) -> _Draws:
    """Per customer of each sample, invitations and conversions."""
    random = np.random.default_rng(seed)
    people = rows[:, 2]
    customers = int(people.sum())
    step = max(1, _CELLS_MAX // len(rows))
    found = [
        random.multinomial(customers, people / customers, size=min(step, resamples - start)) @ rows[:, :2] / customers
        for start in range(0, resamples, step)
    ]
    both = np.concatenate(found)
    return _Draws(both[:, 0], both[:, 1])


def _estimate(value: float, influence: Floats, people: Floats, draws: Floats | None, level: float) -> Estimate:
    """BCa from draws and from what each kind of customer adds to the figure."""
    if draws is None:
        return Estimate(float(value), None, None)
    error = float(draws.std(ddof=1))
    squares = (people * influence**2).sum()
    if not squares or not error:
        return Estimate(float(value), None, None)
    acceleration = (people * influence**3).sum() / (6 * squares**1.5)
    # Draws that meet the figure exactly stand half on either side.
    below = ((draws < value).mean() + (draws <= value).mean()) / 2
    bias = NormalDist().inv_cdf(min(max(float(below), 0.5 / len(draws)), 1 - 0.5 / len(draws)))
    shares = [_shifted(side, bias, float(acceleration)) for side in ((1 - level) / 2, (1 + level) / 2)]
    low, high = (float(end) for end in np.quantile(draws, shares))
    return Estimate(float(value), error, Interval(min(low, value), max(high, value), level, "bootstrap_bca"))


def _shifted(side: float, bias: float, acceleration: float) -> float:
    """Which quantile of the draws stands for a side."""
    normal = NormalDist()
    z = bias + normal.inv_cdf(side)
    return normal.cdf(bias + z / (1 - acceleration * z))


def _amplified(k: float) -> float | None:
    return 1 / (1 - k) if k < 1 else None
