"""Proportions against the printed intervals of their authors, an independent library, and worlds whose truth is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from goodword.metrics.clusters import ClusterSums
from goodword.metrics.intervals import Interval
from goodword.metrics.proportions import Proportion, clustered, difference, proportion
from goodword.metrics.quantiles import normal_quantile, student_quantile


def interval_of(found: Proportion | None) -> Interval:
    assert found is not None
    assert found.interval is not None
    return found.interval


# Newcombe (1998), Two-sided confidence intervals for the single proportion, Statistics in Medicine 17:857-872, table I,
# method 3 (score, without continuity correction).
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_the_printed_one(successes: int, trials: int, low: float, high: float) -> None:
    found = interval_of(proportion(successes, trials))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert (found.level, found.method) == (0.95, "wilson")


# Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine
# 17:873-890, table II, method 10 (hybrid score, without continuity correction): examples (a) to (h).
@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombes_difference_is_the_printed_one(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(proportion(*one), proportion(*other))
    assert found is not None
    assert found.interval is not None
    assert (round(found.interval.low, 4), round(found.interval.high, 4)) == (low, high)
    assert found.interval.method == "newcombe"


def test_of_nobody_there_is_no_share() -> None:
    assert proportion(0, 0) is None
    assert clustered(ClusterSums(0, 0, 0, 0, 0, 0)) is None
    assert difference(None, proportion(1, 2)) is None


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2), (0, -1)])
def test_what_is_no_share_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no proportion"):
        proportion(successes, trials)


def test_none_and_all_keep_one_end() -> None:
    none, everybody = interval_of(proportion(0, 40)), interval_of(proportion(40, 40))
    assert none.low == 0
    assert everybody.high == 1
    assert none.high == pytest.approx(1 - everybody.low)
    assert none.high == pytest.approx(3.8415 / 43.8415, abs=1e-4)  # z² / (n + z²)


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_any_share_agrees_with_statsmodels(successes: int, more: int, level: float) -> None:
    trials = successes + more - 1
    if not trials:
        return
    found = interval_of(proportion(successes, trials, level))
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert 0 <= found.low <= successes / trials <= found.high <= 1
    other = interval_of(proportion(successes * 4, trials * 4, level))
    assert other.high - other.low < found.high - found.low


Clusters = list[tuple[int, int]]
CLUSTERS = st.lists(
    st.integers(1, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=30
)


def sums_of(clusters: Clusters) -> ClusterSums:
    return ClusterSums(
        len(clusters),
        y=sum(y for y, _ in clusters),
        n=sum(n for _, n in clusters),
        yy=sum(y * y for y, _ in clusters),
        nn=sum(n * n for _, n in clusters),
        yn=sum(y * n for y, n in clusters),
    )


def test_households_at_the_dentist_as_cochran_prints_them() -> None:
    """Cochran (1977), Sampling Techniques, 3rd ed., section 3.12: of 104 persons in 30 households 30 had seen a dentist.

    The binomial formula gives a variance of 0.00197, the ratio's 0.00520.
    """
    found = clustered(ClusterSums(clusters=30, y=30, n=104, yy=86, nn=404, yn=113))
    assert found is not None
    assert found.standard_error is not None
    assert found.design_effect is not None
    assert round(found.value, 3) == 0.288
    assert found.standard_error**2 == pytest.approx(0.00520, abs=0.00001)
    assert round(found.standard_error**2 / found.design_effect, 5) == 0.00197


@given(CLUSTERS)
def test_the_sums_say_what_the_rows_say(clusters: Clusters) -> None:
    found = clustered(sums_of(clusters))
    assert found is not None
    rows = np.array(clusters, float)
    y, n = rows[:, 0], rows[:, 1]
    variance = np.var(y - y.sum() / n.sum() * n, ddof=1) / (len(n) * n.mean() ** 2)
    assert found.standard_error == pytest.approx(variance**0.5, abs=1e-12)
    assert found == clustered(sums_of(clusters[::-1]))
    interval = interval_of(found)
    assert 0 <= interval.low <= found.value <= interval.high <= 1
    wider = interval_of(clustered(sums_of(clusters), 0.99))
    assert wider.low <= interval.low <= interval.high <= wider.high


@given(CLUSTERS)
def test_friends_in_clusters_never_tell_more_than_strangers(clusters: Clusters) -> None:
    sums = sums_of(clusters)
    strangers, friends = interval_of(proportion(sums.y, sums.n)), interval_of(clustered(sums))
    assert friends.low <= strangers.low <= strangers.high <= friends.high


def test_one_advocate_shows_nothing_about_advocates() -> None:
    found = clustered(sums_of([(3, 9)]))
    assert found is not None
    assert (found.value, found.standard_error, found.interval) == (3 / 9, None, None)
    assert difference(found, found).interval is None  # type: ignore[union-attr]


def test_where_nobody_bought_each_advocate_tells_as_much_as_one_friend() -> None:
    found = clustered(sums_of([(0, 10)] * 20))
    assert found is not None
    assert found.design_effect is None
    assert found.effective_clusters == pytest.approx(20)
    assert interval_of(found).high == pytest.approx(
        student_quantile(0.95, 19) ** 2 / (20 + student_quantile(0.95, 19) ** 2)
    )


def test_one_advocate_among_a_hundred_who_brought_everybody_is_no_hundred() -> None:
    found = clustered(sums_of([(30, 100)] + [(0, 1)] * 50 + [(1, 1)] * 49))
    assert found is not None
    assert found.clusters == 100
    assert found.effective_clusters == pytest.approx(199**2 / (100**2 + 99))
    # Wilson's with 2.9 degrees of freedom, Student's 3.24 in place of 1.96.
    weight = student_quantile(0.95, found.effective_clusters - 1) ** 2 * (found.design_effect or 0) / 199
    assert weight > 1.5 * 1.96**2 * (found.design_effect or 0) / 199
    middle = (found.value + weight / 2) / (1 + weight)
    assert sum((interval_of(found).low, interval_of(found).high)) == pytest.approx(2 * middle)


@pytest.mark.parametrize(
    "sums",
    [(5, 1, 4, 1, 4, 1), (2, 1, 4, 1, 7, 2), (2, 2, 8, 1, 32, 8), (2, 2, 8, 2, 32, 9), (-1, 0, 0, 0, 0, 0)],
    ids=["more clusters than trials", "n squares too small", "y squares too small", "products too large", "negative"],
)
def test_sums_of_no_clusters_are_refused(sums: tuple[int, int, int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no clusters have these sums"):
        ClusterSums(*sums)


@pytest.mark.parametrize("sums", [(2, 5, 4, 13, 8, 10), (1, -1, 4, 1, 16, -4)], ids=["more than all", "less than none"])
def test_more_successes_than_trials_are_refused(sums: tuple[int, int, int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no shares of clusters"):
        clustered(ClusterSums(*sums))


def test_two_levels_do_not_make_a_difference() -> None:
    with pytest.raises(ValueError, match="different levels"):
        difference(proportion(1, 2), proportion(1, 2, 0.9))


def worlds(random: np.random.Generator, count: int, advocates: int) -> tuple[np.ndarray, np.ndarray]:
    """Friends and buyers of each advocate: numbers of friends with a long tail, readiness to buy beta (1, 4) by advocate."""
    n = np.minimum(random.zipf(2.2, (count, advocates)), 25)
    return random.binomial(n, random.beta(1, 4, (count, advocates))), n


@pytest.mark.parametrize("advocates", [30, 200])
def test_the_interval_of_friends_covers_the_truth_and_that_of_strangers_does_not(advocates: int) -> None:
    y, n = worlds(np.random.default_rng(20260), 1000, advocates)
    right, naive = 0, 0
    for bought, brought in zip(y.tolist(), n.tolist(), strict=True):
        sums = sums_of(list(zip(bought, brought, strict=True)))
        friends, strangers = interval_of(clustered(sums)), interval_of(proportion(sums.y, sums.n))
        right += friends.low <= 0.2 <= friends.high
        naive += strangers.low <= 0.2 <= strangers.high
    assert 0.92 <= right / 1000 <= 0.98
    assert naive / 1000 < 0.90


def test_two_periods_without_a_difference_differ_as_often_as_agreed() -> None:
    random = np.random.default_rng(7)
    one, other = worlds(random, 1000, 120), worlds(random, 1000, 120)
    apart, naive = 0, 0
    for (y, n), (v, m) in zip(zip(*one, strict=True), zip(*other, strict=True), strict=True):
        first, second = (
            sums_of([*zip(y.tolist(), n.tolist(), strict=True)]),
            sums_of([*zip(v.tolist(), m.tolist(), strict=True)]),
        )
        friends = difference(clustered(first), clustered(second))
        strangers = difference(proportion(first.y, first.n), proportion(second.y, second.n))
        assert friends is not None
        assert strangers is not None
        apart += not friends.interval.low <= 0 <= friends.interval.high  # type: ignore[union-attr]
        naive += not strangers.interval.low <= 0 <= strangers.interval.high  # type: ignore[union-attr]
    assert 0.02 <= apart / 1000 <= 0.08
    assert naive / 1000 > 0.10


def test_normal_quantiles_are_those_of_the_tables() -> None:
    assert [round(normal_quantile(level), 4) for level in (0.8, 0.9, 0.95, 0.99)] == [1.2816, 1.6449, 1.96, 2.5758]
    found = [student_quantile(0.95, freedom) for freedom in (1, 2, 5, 30, 120, 1e6)]
    assert [round(t, 3) for t in found] == [12.706, 4.303, 2.571, 2.042, 1.980, 1.960]
    assert all(fewer > more for fewer, more in pairwise(found))
