"""How unevenly something is spread, against printed figures and the definition written out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from goodword.metrics.concentration import concentration, dispersion, gini, top_share
from goodword.metrics.means import Counted

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=40)


def each(counts: list[int]) -> list[Counted]:
    return [Counted(count, 1) for count in counts]


def test_incomes_as_the_package_ineq_prints_them() -> None:
    """The example of Gini in R's package ineq (Zeileis), 0.4620911."""
    incomes = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
    assert round(gini(each(incomes)) or 0, 7) == 0.4620911


def test_deaths_by_horse_kick_are_as_good_as_poisson() -> None:
    """Bortkiewicz (1898), Das Gesetz der kleinen Zahlen: 200 corps-years, mean 0.61, variance 0.611."""
    found = concentration([Counted(0, 109), Counted(1, 65), Counted(2, 22), Counted(3, 3), Counted(4, 1)])
    assert found is not None
    assert (found.people, found.total, found.zero.successes) == (200, 122, 109)
    assert found.dispersion == pytest.approx(0.611 / 0.61, abs=1e-3)


@pytest.mark.parametrize(
    ("histogram", "index", "top"),
    [
        ([(3, 50)], 0, 0.1),  # all have the same: a tenth has a tenth
        ([(0, 99), (7, 1)], 0.99, 1),  # one has all
        ([(1, 50), (0, 50)], 0.5, 0.2),
        ([(10, 2), (1, 18)], 18 / 38 * 0.9, 20 / 38),  # 20 of 38 with a tenth
    ],
)
def test_what_can_be_reckoned_by_hand(histogram: list[tuple[int, int]], index: float, top: float) -> None:
    rows = [Counted(*row) for row in histogram]
    assert gini(rows) == pytest.approx(index)
    assert top_share(rows, 0.1) == pytest.approx(top)


def test_one_percent_of_fifty_is_half_of_the_first() -> None:
    assert top_share([Counted(10, 1), Counted(0, 49)], Fraction(1, 100)) == pytest.approx(0.5)


def test_nothing_has_no_shares() -> None:
    assert concentration([]) is None
    found = concentration([Counted(0, 12)])
    assert found is not None
    assert (found.gini, found.top_1, found.top_10, found.dispersion, found.zero.value) == (None, None, None, None, 1)
    assert dispersion([Counted(4, 1)]) is None


@pytest.mark.parametrize("row", [(-1, 2), (1, -2)])
def test_counts_below_nothing_are_refused(row: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="below 0"):
        gini([Counted(*row)])


def test_a_part_beyond_all_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        top_share([Counted(1, 1)], 10)


@given(COUNTS)
def test_the_definition_written_out(counts: list[int]) -> None:
    assume(sum(counts))
    n, mean = len(counts), sum(counts) / len(counts)
    assert gini(each(counts)) == pytest.approx(sum(abs(a - b) for a in counts for b in counts) / (2 * n * n * mean))
    if n > 1:
        variance = sum((count - mean) ** 2 for count in counts) / (n - 1)
        assert dispersion(each(counts)) == pytest.approx(variance / mean)
    for tops in range(n + 1):
        most = sum(sorted(counts, reverse=True)[:tops]) / sum(counts)
        assert top_share(each(counts), Fraction(tops, n)) == pytest.approx(most)


@given(COUNTS, st.randoms(use_true_random=False))
def test_any_order_and_split_gives_the_same(counts: list[int], random: object) -> None:
    whole = concentration([Counted(value, counts.count(value)) for value in sorted(set(counts))])
    random.shuffle(counts)  # type: ignore[attr-defined]
    assert concentration(each(counts)) == whole
