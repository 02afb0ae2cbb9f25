"""Growth by referral: the printed arithmetic, scipy's bootstrap, and worlds whose truth is known."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from goodword.metrics.growth import Inviting, Viral, amplification, growth, viral_coefficient
from goodword.metrics.intervals import Estimate, Interval

Customer = tuple[int, int]
"""How many invitations he sent, and how many customers they brought."""


def viral_of(customers: list[Customer], seed: int = 1, resamples: int = 2000) -> Viral:
    counts = Counter(customers)
    found = viral_coefficient([Inviting(*kind, count) for kind, count in counts.items()], seed, resamples=resamples)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("k", "days", "cycle", "more"),
    [
        (0.35, 14, 14, 0.35),  # 35% more after one cycle, and
        (0.35, 56, 14, 0.53),  # 53% at 56 days
        (0.35, 0, 14, 0),
        (0.35, 10**6, 14, 0.538),  # 1 / (1 - 0.35) in the end
        (0, 90, 14, 0),
        (1, 28, 14, 2),
        (2, 42, 14, 14),  # 2 + 4 + 8
    ],
)
def test_growth_is_the_sum_of_its_generations(k: float, days: float, cycle: float, more: float) -> None:
    assert growth(k, days, cycle) == pytest.approx(more, abs=0.005)


@given(st.floats(0, 3), st.integers(0, 12))
def test_growth_after_whole_cycles_is_added_up(k: float, cycles: int) -> None:
    assert growth(k, 14 * cycles, 14) == pytest.approx(sum(k**i for i in range(1, cycles + 1)), rel=1e-6, abs=1e-12)


def test_near_one_growth_has_no_step() -> None:
    assert growth(1 + 2e-9, 70, 14) == pytest.approx(growth(1, 70, 14), rel=1e-6)


@pytest.mark.parametrize("asked", [(-0.1, 1, 1), (0.1, -1, 1), (0.1, 1, 0)])
def test_growth_backwards_is_refused(asked: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="below 0"):
        growth(*asked)


def test_k_is_invitations_times_conversion() -> None:
    found = viral_of([(0, 0)] * 6 + [(4, 1), (10, 2), (1, 1), (5, 0)])
    assert (found.customers, found.invitations.value, found.k.value) == (10, 2.0, 0.4)
    assert found.conversion is not None
    assert found.invitations.value * found.conversion.value == pytest.approx(found.k.value)
    assert found.amplification.value == pytest.approx(1 / 0.6)
    assert (found.seed, found.resamples) == (1, 2000)


def test_nobody_has_no_k_and_one_no_interval() -> None:
    assert viral_coefficient([], 1) is None
    assert viral_coefficient([Inviting(3, 1, 0)], 1) is None
    found = viral_of([(3, 1)])
    assert found.k == Estimate(1, None, None)
    assert (found.amplification.value, found.amplification.low, found.amplification.high) == (None, None, None)


def test_where_nobody_invited_there_is_no_conversion() -> None:
    found = viral_of([(0, 0)] * 5)
    assert found.conversion is None
    assert found.k == Estimate(0, None, None)


def test_a_word_at_the_counter_brings_customers_without_an_invitation() -> None:
    found = viral_of([(0, 1)] * 2 + [(0, 0)] * 8)
    assert (found.k.value, found.conversion) == (0.2, None)


@pytest.mark.parametrize(("rows", "resamples"), [([(-1, 0, 1)], 999), ([(1, 0, 1)], 99)])
def test_what_cannot_be_drawn_is_refused(rows: list[Customer], resamples: int) -> None:
    with pytest.raises(ValueError, match=r"below 0|no ends"):
        viral_coefficient([Inviting(*row) for row in rows], 1, resamples=resamples)


@pytest.mark.parametrize(
    ("k", "low", "high", "expected"),
    [
        (0.2, 0.1, 0.5, (1.25, 1 / 0.9, 2.0)),
        (0.8, 0.6, 1.1, (5, 2.5, None)),
        (1.3, 1.1, 1.5, (None, None, None)),
    ],
)
def test_amplification_follows_k(k: float, low: float, high: float, expected: tuple[float | None, ...]) -> None:
    found = amplification(Estimate(k, 0.1, Interval(low, high, 0.95, "bootstrap_bca")))
    for end, value in zip((found.value, found.low, found.high), expected, strict=True):
        assert end == (None if value is None else pytest.approx(value))


CUSTOMERS = st.lists(
    st.integers(0, 9).flatmap(lambda i: st.tuples(st.just(i), st.integers(0, i))), min_size=2, max_size=30
)


@settings(max_examples=40, deadline=None)
@given(CUSTOMERS, st.integers(0, 2**32))
def test_a_seed_draws_the_same_from_any_order_and_split(customers: list[Customer], seed: int) -> None:
    whole = viral_of(customers, seed, 200)
    split = viral_coefficient([Inviting(*customer, 1) for customer in reversed(customers)], seed, resamples=200)
    assert split == whole
    for figure in (whole.k, whole.invitations, whole.conversion):
        if figure and figure.interval:
            assert 0 <= figure.interval.low <= figure.value <= figure.interval.high


@pytest.mark.parametrize("customers", [40, 300])
def test_scipys_bootstrap_finds_the_same_ends(customers: int) -> None:
    """Of 40 with a long tail, the correction for skewness shows."""
    random = np.random.default_rng(21)
    sent = np.minimum(random.zipf(1.9, customers) - 1, 30)
    won = random.binomial(sent, 0.15)
    found = viral_of(list(zip(sent.tolist(), won.tolist(), strict=True)), resamples=20_000)
    oracles = {
        "k": stats.bootstrap((won,), np.mean, n_resamples=9999, rng=1),
        "conversion": stats.bootstrap(
            (won, sent), lambda w, s, axis: w.sum(axis) / s.sum(axis), paired=True, n_resamples=9999, rng=2
        ),
    }
    for name, oracle in oracles.items():
        ours, theirs = getattr(found, name), oracle.confidence_interval
        width = theirs.high - theirs.low
        assert ours.interval.low == pytest.approx(theirs.low, abs=0.04 * width)
        assert ours.interval.high == pytest.approx(theirs.high, abs=0.04 * width)
        assert ours.standard_error == pytest.approx(oracle.standard_error, rel=0.04)


def test_a_long_histogram_is_drawn_in_pieces() -> None:
    """More kinds of customers than are drawn at a time: the error is still that of a mean."""
    customers = [(place, place % 97) for place in range(3000)]
    found = viral_of(customers, resamples=1500)
    expected = np.std([won for _, won in customers]) / math.sqrt(3000)
    assert found.k.standard_error == pytest.approx(expected, rel=0.06)


def test_the_interval_of_k_covers_the_truth_and_that_of_independent_friends_does_not() -> None:
    """A few customers invite nearly everybody, and some are believed more than others."""
    random = np.random.default_rng(12)
    worlds, customers, truth, right, naive = 600, 400, 0.3, 0, 0
    for _ in range(worlds):
        sent = random.negative_binomial(0.4, 0.4 / 2.4, customers)
        won = random.binomial(sent, random.beta(1.5, 8.5, customers))
        found = viral_of(list(zip(sent.tolist(), won.tolist(), strict=True)), resamples=800).k
        assert found.interval is not None
        right += found.interval.low <= truth <= found.interval.high
        naive += abs(found.value - truth) <= 1.96 * math.sqrt(found.value / customers)
    assert 0.92 <= right / worlds <= 0.98
    assert naive / worlds < 0.85
