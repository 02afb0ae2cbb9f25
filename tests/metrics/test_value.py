"""Lifetime value by age: by hand, from rows, and in worlds whose truth is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.metrics.horizons import BeyondFollowUp
from goodword.metrics.value import Month, Products, lifetime_value, observed_months, payback_month

Rows = list[list[int]]
"""For each customer, what he left in each month that was observed whole."""


def months_of(rows: Rows) -> list[Month]:
    return [
        Month(age, len(left), sum(left), sum(margin * margin for margin in left))
        for age in range(max(map(len, rows)))
        for left in [[row[age] for row in rows if len(row) > age]]
    ]


def products_of(rows: Rows) -> Products:
    longest = max(map(len, rows))
    return {
        (early, late): sum(row[early] * row[late] for row in rows if len(row) > late)
        for early in range(longest)
        for late in range(early + 1, longest)
    }


def test_by_hand() -> None:
    """Two months of 1000 and 550 at 10% a month: 1000 + 550 / 1.1."""
    rate = 1.1**12 - 1
    found = lifetime_value([Month(0, 10, 10_000, 10_000_000), Month(1, 10, 5_500, 3_025_000)], 10, 2, rate)
    assert found is not None
    assert (found.value_minor, found.standard_error, found.low_minor, found.high_minor) == (1500, 0, 1500, 1500)


def test_the_annual_rate_is_met_after_twelve_months() -> None:
    months = [Month(age, 1, 0, 0) for age in range(12)] + [Month(12, 1, 120_000, 120_000**2)]
    found = lifetime_value(months, 1, 13, 0.2)
    assert found is not None
    assert (found.value_minor, found.low_minor) == (100_000, None)


def test_contracts_of_constant_retention_approach_the_formula() -> None:
    """m (1 + d) / (1 + d - r) = 183.64 for m = 20, r = 0.9, d = 0.01, first payment now; the expected months, discounted."""
    months = [Month(age, 10**6, round(20 * 100 * 0.9**age * 10**6), 10**20) for age in range(240)]
    found = lifetime_value(months, 10**6, 240, 1.01**12 - 1)
    assert found is not None
    assert found.value_minor == round(100 * 20 * 1.01 / (1.01 - 0.9)) == 18_364


def test_a_cohort_of_nobody_has_no_value() -> None:
    assert lifetime_value([], 0, 1, 0.1) is None


@pytest.mark.parametrize(("reached", "longest"), [(1.0, 1), (0.5, 3), (0.2, 4)])
def test_never_beyond_the_age_that_the_stated_share_reached(reached: float, longest: int) -> None:
    months = [Month(age, seen, seen, seen) for age, seen in enumerate([10, 9, 5, 2])]
    assert observed_months(months, 10, reached) == longest
    found = lifetime_value(months, 10, longest, 0.0, reached=reached)
    assert found is not None
    assert found.value_minor == longest
    with pytest.raises(BeyondFollowUp) as refused:
        lifetime_value(months, 10, longest + 1, 0.0, reached=reached)
    assert refused.value.longest == longest


def test_a_month_that_is_missing_ends_what_is_known() -> None:
    assert observed_months([Month(0, 3, 3, 3), Month(2, 3, 3, 3)], 3) == 1
    assert observed_months([Month(1, 3, 3, 3)], 3) == 0


@pytest.mark.parametrize(
    "months",
    [
        [Month(0, 4, 4, 4)],
        [Month(0, 2, 2, 2), Month(0, 2, 2, 2)],
        [Month(-1, 2, 2, 2)],
        [Month(0, 2, 5, 2)],
        [Month(0, 2, 2, 2), Month(1, 3, 3, 3)],
    ],
    ids=["more than the cohort", "twice", "before the first", "squares too small", "more than the month before"],
)
def test_what_is_no_month_is_refused(months: list[Month]) -> None:
    with pytest.raises(ValueError, match=r"no month|no numbers|no more customers"):
        lifetime_value(months, 3, 1, 0.1)


def test_a_share_or_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="up to 1"):
        observed_months([], 3, 0)
    with pytest.raises(ValueError, match="loses more"):
        lifetime_value([Month(0, 1, 1, 1)], 1, 1, -1)


COHORTS = st.integers(1, 5).flatmap(
    lambda length: st.lists(
        st.lists(st.integers(-5000, 20_000), min_size=length, max_size=length), min_size=2, max_size=20
    )
)


@given(COHORTS, st.sampled_from([0.0, 0.1, 0.35]))
def test_with_products_the_error_is_that_of_each_customers_own_sum(rows: Rows, rate: float) -> None:
    weights = (1 + rate) ** (-np.arange(len(rows[0])) / 12)
    sums = np.array(rows) @ weights
    found = lifetime_value(months_of(rows), len(rows), len(rows[0]), rate, products_of(rows))
    bound = lifetime_value(months_of(rows)[::-1], len(rows), len(rows[0]), rate)
    assert found is not None
    assert bound is not None
    assert found.value_minor == bound.value_minor == pytest.approx(sums.mean(), abs=0.51)
    expected = sums.std(ddof=1) / len(rows) ** 0.5
    assert found.standard_error == pytest.approx(expected, abs=1e-3 * (1 + expected))
    assert bound.low_minor <= found.low_minor <= found.value_minor <= found.high_minor <= bound.high_minor  # type: ignore[operator]
    doubled = lifetime_value(months_of(rows), len(rows), len(rows[0]), rate, products_of(rows), design_effect=4)
    assert doubled is not None
    assert doubled.standard_error == pytest.approx(2 * (found.standard_error or 0))


def test_of_months_that_fewer_were_followed_in_the_error_by_hand() -> None:
    """Four customers leave 2, 4, 6, 8 in the first month, two of them 1 and 5 in the second.

    Variances of the means 20/3 / 4 and 8 / 2; product 2 * 1 + 8 * 5 less mean 5 times 6 is 12, over 2 (1 - 1/4) is 8, over 4.
    One degree of freedom, of the two who were followed throughout.
    """
    months = [Month(0, 4, 20, 120), Month(1, 2, 6, 26)]
    found = lifetime_value(months, 4, 2, 0.0, {(0, 1): 42}, reached=0.5)
    assert found is not None
    assert found.standard_error == pytest.approx((20 / 12 + 4 + 2 * 8 / 4) ** 0.5)
    reach = 12.7062 * (found.standard_error or 0)
    assert (found.low_minor, found.high_minor) == (round(8 - reach), round(8 + reach))


@pytest.mark.parametrize(
    ("margins", "cost", "month"),
    [
        ([500, 300, 200], 500, 1),
        ([500, 300, 200], 501, 2),
        ([500, 300, 200], 1000, 3),
        ([500, 300, 200], 1001, None),
        ([-200, 300, 200], 1, 2),
        ([], 1, None),
        ([100, 100, 100], Fraction(601, 3), 3),
    ],
)
def test_the_month_in_which_the_cost_is_back(margins: list[int], cost: int | Fraction, month: int | None) -> None:
    months = [Month(age, 10, margin * 10, margin**2 * 10) for age, margin in enumerate(margins)]
    assert payback_month(reversed(months), cost) == month


def test_thirds_of_a_cent_pay_back_exactly() -> None:
    """Three times a third of a cent is a cent; added as floats, ten tenths are none."""
    assert payback_month([Month(age, 10, 1, 1) for age in range(12)], 1) == 10
    assert payback_month([Month(0, 3, 1, 1), Month(2, 3, 9, 81)], 1) is None


def test_the_interval_covers_the_truth_and_months_taken_for_independent_do_not() -> None:
    """Customers enter over a year, differ for good, and some leave; half of them reached the horizon."""
    random = np.random.default_rng(6)
    worlds, customers, length, right, bound, naive = 500, 150, 6, 0, 0, 0
    weights = 1.12 ** (-np.arange(length) / 12)
    truth = 2000 * (0.9 ** np.arange(length) * weights).sum()
    pairs = [(early, late) for early in range(length) for late in range(early + 1, length)]
    for _ in range(worlds):
        level = random.gamma(1.5, 2000 / 1.5, (customers, 1))
        stays = np.cumprod(random.random((customers, length)) < np.r_[1, [0.9] * (length - 1)], axis=1)
        margin = (random.gamma(3, level / 3, (customers, length)) * stays).astype(int)
        seen = random.integers(0, 2 * length, (customers, 1)) >= np.arange(length)
        followed = margin * seen
        sums, squares, whole = followed.sum(0).tolist(), (followed**2).sum(0).tolist(), seen.sum(0).tolist()
        months = [Month(age, *row) for age, row in enumerate(zip(whole, sums, squares, strict=True))]
        cross = (followed.T @ followed).tolist()
        products = {pair: cross[pair[0]][pair[1]] for pair in pairs}
        found = lifetime_value(months, customers, length, 0.12, products, reached=0.4)
        widest = lifetime_value(months, customers, length, 0.12, reached=0.4)
        apart = lifetime_value(months, customers, length, 0.12, lone(months), reached=0.4)
        right += found.low_minor <= truth <= found.high_minor  # type: ignore[union-attr, operator]
        bound += widest.low_minor <= truth <= widest.high_minor  # type: ignore[union-attr, operator]
        naive += apart.low_minor <= truth <= apart.high_minor  # type: ignore[union-attr, operator]
    assert 0.92 <= right / worlds <= 0.98
    assert bound >= right
    assert naive / worlds < 0.88


def lone(months: list[Month]) -> Products:
    """The products that months would have if none resembled another."""
    return {
        (early.age, late.age): round(early.margin_minor / early.customers * late.margin_minor)
        for early in months
        for late in months
        if early.age < late.age
    }
