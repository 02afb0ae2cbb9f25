"""Means against Student's own example, scipy, numpy, and worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from goodword.metrics.clusters import ClusterSums
from goodword.metrics.intervals import Estimate
from goodword.metrics.means import Counted, Stratum, clustered_mean, matched_difference, mean, percentile
from goodword.metrics.moments import Moments

AMOUNTS = st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=40)


def moments_of(amounts: list[int]) -> Moments:
    return Moments(len(amounts), sum(amounts), sum(amount * amount for amount in amounts))


def ends(found: object) -> tuple[float, float]:
    return found.interval.low, found.interval.high  # type: ignore[attr-defined]


def test_students_sleep_is_the_printed_one() -> None:
    """Student (1908), Biometrika 6:20: additional sleep, tenths of hours; ends as R's documentation of t.test prints them."""
    found = mean(moments_of([12, 24, 13, 13, 0, 10, 18, 8, 46, 14]))
    assert found is not None
    assert found.value == 15.8
    assert ends(found) == pytest.approx((7.001142, 24.598858), abs=1e-6)


def test_nobody_has_no_mean_and_one_no_error() -> None:
    assert mean(Moments(0, 0, 0)) is None
    assert mean(Moments(1, 7, 49)) == Estimate(7, None, None)
    assert clustered_mean(ClusterSums(0, 0, 0, 0, 0, 0)) is None
    assert clustered_mean(ClusterSums(1, 7, 2, 49, 4, 14)) == Estimate(3.5, None, None)
    assert percentile([Counted(3, 0)], 0.5) is None
    assert matched_difference([]) is None


@pytest.mark.parametrize("sums", [(0, 1, 1), (2, 3, 4), (-1, 0, 0), (0, 0, 5)])
def test_sums_of_no_numbers_are_refused(sums: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no numbers have these sums"):
        Moments(*sums)


@given(AMOUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_mean_is_scipys(amounts: list[int], level: float) -> None:
    assume(len(set(amounts)) > 1)
    found = mean(moments_of(amounts), level)
    assert found is not None
    assert found.standard_error == pytest.approx(stats.sem(amounts))
    oracle = stats.ttest_1samp(amounts, 0).confidence_interval(level)
    assert ends(found) == pytest.approx((oracle.low, oracle.high), abs=1e-3)
    doubled = mean(moments_of(amounts * 2), level)
    assert ends(doubled)[1] - ends(doubled)[0] < ends(found)[1] - ends(found)[0]


def test_amounts_far_from_nothing_lose_no_digits() -> None:
    """Sums of squares in floats would have no digit left here."""
    found = moments_of([10**15 + 1, 10**15 + 2, 10**15 + 3])
    assert found.variance == 1


HISTOGRAMS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=20)


@given(HISTOGRAMS, st.sampled_from([0, 0.1, 0.25, 0.5, 0.7, 0.9, 0.99, 1]))
def test_percentiles_are_numpys(rows: list[tuple[int, int]], share: float) -> None:
    values = [value for value, people in rows for _ in range(people)]
    assume(values)
    found = percentile([Counted(*row) for row in rows], share)
    assert found == np.quantile(values, share, method="averaged_inverted_cdf")
    assert found == percentile([Counted(value, 1) for value in reversed(values)], share)


def test_a_share_beyond_all_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        percentile([Counted(1, 1)], 90)


GROUPS = st.tuples(AMOUNTS, AMOUNTS)


@given(AMOUNTS, AMOUNTS)
def test_one_stratum_is_the_comparison_of_welch(one: list[int], other: list[int]) -> None:
    assume(len(set(one)) > 1 and len(set(other)) > 1)
    found = matched_difference([Stratum(moments_of(one), moments_of(other))])
    assert found is not None
    oracle = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    assert ends(found) == pytest.approx((oracle.low, oracle.high), abs=1e-2)
    assert (found.strata, found.unmatched_share) == (1, 0)


@given(st.lists(GROUPS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_strata_are_weighted_as_the_referred_are_spread(
    strata: list[tuple[list[int], list[int]]], random: object
) -> None:
    rows = [Stratum(moments_of(one), moments_of(other)) for one, other in strata]
    found = matched_difference(rows)
    assert found is not None
    sizes = np.array([len(one) for one, _ in strata])
    gaps = np.array([np.mean(one) - np.mean(other) for one, other in strata])
    parts = [np.var(one, ddof=1) / len(one) + np.var(other, ddof=1) / len(other) for one, other in strata]
    assert found.value == pytest.approx(np.average(gaps, weights=sizes), abs=1e-6)
    assert found.standard_error == pytest.approx(np.sqrt(((sizes / sizes.sum()) ** 2 * parts).sum()), abs=1e-6)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert matched_difference(rows).value == pytest.approx(found.value, abs=1e-6)  # type: ignore[union-attr]


def test_strata_without_the_others_are_left_out_and_told() -> None:
    both = Stratum(moments_of([10, 14]), moments_of([5, 7]))
    lonely = Stratum(moments_of([100] * 6), Moments(0, 0, 0))
    nobody = Stratum(Moments(0, 0, 0), moments_of([900] * 5))
    found = matched_difference([both, lonely, nobody])
    assert found is not None
    assert (found.value, found.mean_one, found.mean_other) == (6, 12, 6)
    assert (found.matched_one, found.matched_other, found.strata, found.unmatched_share) == (2, 2, 1, 0.75)
    assert matched_difference([lonely, nobody]) is None


def test_somebody_alone_borrows_the_variance_of_the_others() -> None:
    many = Stratum(moments_of([10, 14, 12]), moments_of([5, 7, 6]))
    alone = Stratum(moments_of([20]), moments_of([8, 8, 11]))
    found = matched_difference([many, alone])
    assert found is not None
    first = 0.75**2 * 4 / 3 + 0.25**2 * 4 / 1
    second = 0.75**2 * 1 / 3 + 0.25**2 * 3 / 3
    assert found.standard_error == pytest.approx((first + second) ** 0.5)
    wider = matched_difference([many, alone], design_effect=3)
    assert wider is not None
    assert wider.standard_error == pytest.approx((3 * first + second) ** 0.5)
    only = matched_difference([Stratum(moments_of([20]), moments_of([8, 11]))])
    assert only is not None
    assert (only.value, only.standard_error, only.interval) == (10.5, None, None)


def test_clustering_widens_the_side_of_the_referred() -> None:
    row = Stratum(moments_of([10, 14, 12]), moments_of([6, 6, 6]))
    plain, clustered = matched_difference([row]), matched_difference([row], design_effect=4)
    assert plain is not None
    assert clustered is not None
    assert clustered.standard_error == pytest.approx(2 * plain.standard_error)  # type: ignore[operator]


def test_one_advocate_who_brought_nearly_everybody_leaves_few_degrees_of_freedom() -> None:
    """Friends 8, 1, 1 with margins 80, 4, 6: ratio 9, residuals 8, -5, -3, effective clusters 100 / 66."""
    sums = ClusterSums(3, y=90, n=10, yy=6452, nn=66, yn=650)
    found = clustered_mean(sums)
    assert found is not None
    assert found.standard_error == pytest.approx((3 / 2 * (64 + 25 + 9)) ** 0.5 / 10)
    assert ends(found)[1] == pytest.approx(9 + 12.7062 * found.standard_error, abs=1e-3)  # of one degree of freedom


def test_the_matched_difference_covers_the_truth_and_the_plain_one_does_not() -> None:
    """Referred customers come in the good months, in which everybody leaves more; the truth is 150."""
    random = np.random.default_rng(8)
    worlds, right, naive = 600, 0, 0
    shares, level = np.array([0.1, 0.2, 0.5, 0.8]), np.array([400, 800, 1600, 3000])
    for _ in range(worlds):
        strata = []
        for share, base in zip(shares, level, strict=True):
            referred = random.binomial(60, share)
            margins = base + random.exponential(500, 60).astype(int)
            strata.append(
                Stratum(moments_of((margins[:referred] + 150).tolist()), moments_of(margins[referred:].tolist()))
            )
        found = matched_difference(strata)
        right += ends(found)[0] <= 150 <= ends(found)[1]
        whole = Stratum(*(added([row[side] for row in strata]) for side in (0, 1)))
        plain = matched_difference([whole])
        naive += ends(plain)[0] <= 150 <= ends(plain)[1]
    assert 0.92 <= right / worlds <= 0.98
    assert naive / worlds < 0.5


def added(groups: list[Moments]) -> Moments:
    return Moments(sum(g.count for g in groups), sum(g.total for g in groups), sum(g.squares for g in groups))


def test_the_mean_of_clustered_friends_covers_the_truth_and_that_of_strangers_does_not() -> None:
    """Margin of friends who resemble their advocate; how many he brings has a long tail. 999.5 is left of 1000 in whole units."""
    random = np.random.default_rng(9)
    worlds, advocates, right, naive = 600, 300, 0, 0
    sizes = np.minimum(random.zipf(2.2, (worlds, advocates)), 25)
    own = random.gamma(4, 250, (worlds, advocates))
    for n, level in zip(sizes, own, strict=True):
        margins = random.gamma(2, np.repeat(level, n) / 2).astype(int)
        totals = np.bincount(np.repeat(np.arange(advocates), n), margins).astype(int).tolist()
        counts = n.tolist()
        sums = ClusterSums(
            advocates,
            sum(totals),
            sum(counts),
            sum(y * y for y in totals),
            sum(c * c for c in counts),
            sum(y * c for y, c in zip(totals, counts, strict=True)),
        )
        clustered, plain = ends(clustered_mean(sums)), ends(mean(moments_of(margins.tolist())))
        right += clustered[0] <= 999.5 <= clustered[1]
        naive += plain[0] <= 999.5 <= plain[1]
    assert 0.92 <= right / worlds <= 0.98
    assert naive / worlds < 0.88


def test_who_are_all_alike_say_nothing_of_how_others_differ() -> None:
    alike = Moments(3, 15, 75)
    assert mean(alike) == Estimate(5.0, 0.0, None)
    assert clustered_mean(ClusterSums(3, 15, 3, 75, 3, 15)) == Estimate(5.0, 0.0, None)
    found = matched_difference([Stratum(alike, Moments(2, 8, 32))])
    assert found is not None
    assert (found.value, found.interval) == (1.0, None)
