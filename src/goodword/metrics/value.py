"""What a customer leaves over his first months: margin, discounted, never beyond the age to which customers were followed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct

from goodword.metrics.horizons import BeyondFollowUp
from goodword.metrics.intervals import LEVEL
from goodword.metrics.moments import Moments
from goodword.metrics.quantiles import student_quantile


class Month(NamedTuple):
    """A month of age of a cohort: 0 is the first. Who left counts with a margin of 0 as long as he was followed."""

    age: int
    customers: int
    """Customers who were observed the whole month."""
    margin_minor: int
    """What they all left in it; less than 0 where they cost more."""
    squares: int
    """The sum of the squares of what each left."""


class LifetimeValue(Struct, frozen=True):
    """Margin per customer, in the currency's minor unit, rounded once, at the end."""

    months: int
    cohort: int
    value_minor: int
    standard_error: float | None
    low_minor: int | None
    high_minor: int | None
    level: float
    method: str
    """`student_correlated` with the products of months; `student_bound` without: never too narrow, mostly too wide."""


Products = Mapping[tuple[int, int], int]
"""By two ages, the earlier first: the sum of what each customer left in the one times what he left in the other."""


def observed_months(months: Iterable[Month], cohort: int, reached: float = 1.0) -> int:
    """How many months from the first on were observed whole of at least the share `reached` of the cohort."""
    if not 0 < reached <= 1:
        raise ValueError(f"a share lies above 0 and up to 1, not {reached}")
    by_age = _by_age(months, cohort)
    found = 0
    while found in by_age and by_age[found].customers >= reached * cohort and by_age[found].customers:
        found += 1
    return found


def lifetime_value(
    months: Iterable[Month],
    cohort: int,
    horizon: int,
    annual_rate: float,
    products: Products | None = None,
    reached: float = 1.0,
    design_effect: float = 1.0,
    level: float = LEVEL,
) -> LifetimeValue | None:
    """Σ m̄_t / (1 + d)^t over the first `horizon` months, m̄ by those observed the whole month; None of a cohort of nobody.

    Empirical, without a model of what comes later: Berger and Nasr (1998), J. Interactive Marketing 12:17. (1 + d)^12 = 1 + `annual_rate`; the first month is not discounted. A customer's months
    resemble each other, so their variances do not just add up: with `products` the covariances are known, without them the
    standard errors are added, the largest the whole can have. `design_effect` multiplies the variance where customers come in
    clusters. Raises BeyondFollowUp if fewer than `reached` of the cohort were observed for so long.
    """
    rows = list(months)
    longest = observed_months(rows, cohort, reached)
    if not cohort:
        return None
    if not 0 < horizon <= longest:
        raise BeyondFollowUp(horizon, longest)
    if annual_rate <= -1:
        raise ValueError("nothing loses more than all of its worth")
    by_age = _by_age(rows, cohort)
    known = [by_age[age] for age in range(horizon)]
    weights = [(1 + annual_rate) ** (-age / 12) for age in range(horizon)]
    value = math.fsum(
        weight * month.margin_minor / month.customers for weight, month in zip(weights, known, strict=True)
    )
    method = "student_bound" if products is None else "student_correlated"
    variance = _bound(known, weights) if products is None else _correlated(known, weights, products)
    if variance is None:
        return LifetimeValue(horizon, cohort, round(value), None, None, None, level, method)
    error = math.sqrt(variance * design_effect)
    reach = student_quantile(level, known[-1].customers - 1) * error
    low, high = round(value - reach), round(value + reach)
    return LifetimeValue(horizon, cohort, round(value), error, low, high, level, method)


def payback_month(months: Iterable[Month], cost_minor: int | Fraction) -> int | None:
    """In which month (1 is the first) a customer's margin so far reaches what it cost to win him; None: not in those given.

    Undiscounted and exact. The cost may be a fraction: all cost by all customers won.
    """
    left = Fraction(0)
    for place, month in enumerate(sorted(months)):
        if month.age != place or not month.customers:
            return None
        left += Fraction(month.margin_minor, month.customers)
        if left >= cost_minor:
            return place + 1
    return None


def _by_age(months: Iterable[Month], cohort: int) -> dict[int, Month]:
    found: dict[int, Month] = {}
    for month in months:
        Moments(month.customers, month.margin_minor, month.squares)  # refuses what cannot be
        if month.age in found or month.age < 0 or month.customers > cohort:
            raise ValueError(f"no month of a cohort of {cohort}: {month}")
        found[month.age] = month
    followed = [found[age].customers for age in sorted(found)]
    if followed != sorted(followed, reverse=True):
        raise ValueError("whoever was followed in a month was so in all before: older months have no more customers")
    return found


def _bound(months: list[Month], weights: list[float]) -> float | None:
    errors = []
    for month, weight in zip(months, weights, strict=True):
        variance = Moments(month.customers, month.margin_minor, month.squares).variance
        if variance is None:
            return None
        errors.append(weight * math.sqrt(variance / month.customers))
    return math.fsum(errors) ** 2


def _correlated(months: list[Month], weights: list[float], products: Products) -> float | None:
    """The variance of the weighted sum of means; whoever was observed in a month was so in all before."""
    if months[-1].customers < 2:
        return None
    total = []
    for early, month in enumerate(months):
        variance = Moments(month.customers, month.margin_minor, month.squares).variance or 0.0
        total.append(weights[early] ** 2 * variance / month.customers)
        for late in range(early + 1, len(months)):
            total.append(2 * weights[early] * weights[late] * _covariance(month, months[late], products[early, late]))
    return max(0.0, math.fsum(total))


def _covariance(early: Month, late: Month, product: int) -> float:
    """Of two months' means. Those of the later month are part of those of the earlier, whose own mean is that of more."""
    centred = float(product - Fraction(early.margin_minor * late.margin_minor, early.customers))
    return centred / (late.customers * (1 - 1 / early.customers)) / early.customers
