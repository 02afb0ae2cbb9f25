"""Proportions: of independent people, of friends who come in clusters by their advocate, and differences of two.

Friends of one advocate resemble one another. An interval that takes them for independent is too narrow, and two programs that
do the same then seem to differ far more often than 1 in 20 times. So a rate over friends is asked of `clustered`.
"""

from __future__ import annotations

import math

from msgspec import Struct

from goodword.metrics.clusters import ClusterSums
from goodword.metrics.intervals import LEVEL, Interval
from goodword.metrics.quantiles import normal_quantile, student_quantile


class Proportion(Struct, frozen=True):
    """A share of trials that succeeded."""

    successes: int
    trials: int
    value: float
    standard_error: float | None
    """None of one cluster: it shows nothing about how clusters differ."""
    interval: Interval | None
    clusters: int | None = None
    """How many clusters the trials came in; None where each stands alone."""
    effective_clusters: float | None = None
    """How many clusters of one size would tell as much: few where one advocate brought most of the friends."""
    design_effect: float | None = None
    """By how much clustering multiplies the variance; None where nothing varies."""


class Difference(Struct, frozen=True):
    """One proportion less another."""

    value: float
    interval: Interval | None


def proportion(successes: int, trials: int, level: float = LEVEL) -> Proportion | None:
    """The share of independent trials with Wilson's score interval; None of no trials.

    Wilson (1927), JASA 22:209; without continuity correction, as Newcombe (1998), Statistics in Medicine 17:857, method 3.
    With no success the interval begins at 0 and ends near 3.8 / n; with successes only it ends at 1.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no proportion")
    if trials == 0:
        return None
    value = successes / trials
    interval = score_interval(value, trials, normal_quantile(level), level, "wilson")
    return Proportion(successes, trials, value, math.sqrt(value * (1 - value) / trials), interval)


def score_interval(value: float, trials: float, quantile: float, level: float, method: str) -> Interval:
    """Wilson's interval around a share of so many trials, which need not be a whole number. It stays within 0 and 1."""
    weight = quantile**2 / trials
    centre = (value + weight / 2) / (1 + weight)
    reach = math.sqrt(weight * (value * (1 - value) + weight / 4)) / (1 + weight)
    low = 0.0 if value <= 0 else max(0.0, min(centre - reach, value))
    high = 1.0 if value >= 1 else min(1.0, max(centre + reach, value))
    return Interval(low, high, level, method)


def clustered(sums: ClusterSums, level: float = LEVEL) -> Proportion | None:
    """The share of trials that come in clusters, a ratio of two sums over clusters; None of no trials.

    Variance by the delta method (`ClusterSums.error`). The interval is Wilson's with the trials divided by the design effect, and
    Student's quantile instead of the normal one (Korn and Graubard 1998, Survey Methodology 24:193; Franco, Little, Louis and
    Slud 2019, JSSAM 7:334), so that it stays within 0 and 1 and is honest with few clusters. Degrees of freedom: one less than
    the effective clusters, since a hundred advocates of whom one brought everybody are not a hundred. A design effect below 1
    counts as 1 in the interval: that friends of one advocate differ more than strangers is chance. Where all or none
    succeeded, nothing varies and the worst is assumed: each cluster tells as much as one trial.
    One cluster has no standard error and no interval. Raises ValueError for more successes than trials.
    """
    if not (0 <= sums.y <= sums.n and sums.yy <= sums.yn <= sums.nn):
        raise ValueError(f"no shares of clusters have these sums: {sums}")
    if sums.n == 0:
        return None
    value, error, effective = sums.ratio, sums.error(), sums.effective
    if error is None:
        return Proportion(sums.y, sums.n, value, None, None, sums.clusters, effective)
    independent = value * (1 - value) / sums.n
    effect = error**2 / independent if independent else None
    trials = effective if effect is None else sums.n / max(1.0, effect)
    quantile = student_quantile(level, max(1.0, effective - 1))
    interval = score_interval(value, trials, quantile, level, "wilson_clustered")
    return Proportion(sums.y, sums.n, value, error, interval, sums.clusters, effective, effect)


def difference(one: Proportion | None, other: Proportion | None) -> Difference | None:
    """`one` less `other`, two independent proportions with intervals of one level; None where either is missing.

    Newcombe (1998), Statistics in Medicine 17:873, method 10, from the limits of both; of clustered proportions the same
    from their limits (Zou and Donner 2008, Statistics in Medicine 27:1693).
    """
    if one is None or other is None:
        return None
    value = one.value - other.value
    if one.interval is None or other.interval is None:
        return Difference(value, None)
    if one.interval.level != other.interval.level:
        raise ValueError("two intervals of different levels do not make one")
    below = math.hypot(one.value - one.interval.low, other.interval.high - other.value)
    above = math.hypot(one.interval.high - one.value, other.value - other.interval.low)
    plain = one.interval.method == other.interval.method == "wilson"
    method = "newcombe" if plain else "newcombe_clustered"
    return Difference(value, Interval(value - below, value + above, one.interval.level, method))
