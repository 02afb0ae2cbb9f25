"""Ratios of two counts that come in clusters, and need not be shares: clicks for each share, friends for each click."""

from __future__ import annotations

import math
from fractions import Fraction

from goodword.metrics.intervals import LEVEL, Estimate, Interval
from goodword.metrics.quantiles import student_quantile


def ratio(clusters: int, y: int, n: int, yy: int, nn: int, yn: int, level: float = LEVEL) -> Estimate:
    """The sum of y by that of n over clusters; some may have only one of both.

    Variance by the delta method, as `ClusterSums.error`: Cochran (1977), Sampling Techniques, 3rd ed., section 6.3. The interval
    is Student's on the logarithm, so that it stays above 0: Lohr (2010), Sampling, 2nd ed., section 9.1. One cluster has
    neither, nor has a ratio of 0, or one in which clusters do not differ. Raises ValueError for an n of 0.
    """
    if n <= 0:
        raise ValueError("there is no ratio to nothing")
    value = y / n
    if clusters < 2:
        return Estimate(value, None, None)
    residuals = float(yy - Fraction(2 * y * yn, n) + Fraction(y * y * nn, n * n))
    error = math.sqrt(max(residuals, 0.0) * clusters / (clusters - 1)) / n
    if not value or not error:
        return Estimate(value, error, None)
    spread = student_quantile(level, clusters - 1) * error / value
    return Estimate(value, error, Interval(value * math.exp(-spread), value * math.exp(spread), level, "log_clustered"))
