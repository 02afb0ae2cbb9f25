"""The net promoter score, by hand and in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.metrics.scores import promoter_score


def test_no_answers_have_no_score() -> None:
    assert promoter_score(0, 0, 0) is None
    with pytest.raises(ValueError, match="fewer than none"):
        promoter_score(1, -1, 3)


def test_a_score_by_hand() -> None:
    """60 promoters, 25 passives, 15 detractors: 45, error 100 √((0.75 - 0.2025) / 100) = 7.40."""
    found = promoter_score(60, 25, 15)
    assert found is not None
    assert found.value == 45
    assert round(found.standard_error, 2) == 7.40
    # Three more answers, 3/4 for and 3/4 against: 43.69, √((0.74272 - 0.19088) / 103) = 0.07320
    assert (found.interval.low, found.interval.high) == pytest.approx((29.34, 58.04), abs=0.01)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_interval_holds_the_score_and_stays_on_the_scale(promoters: int, passives: int, detractors: int) -> None:
    found, mirrored = promoter_score(promoters, passives, detractors), promoter_score(detractors, passives, promoters)
    if found is None or mirrored is None:
        return
    assert -100 <= found.interval.low <= found.value <= found.interval.high <= 100
    assert found.interval.low < found.interval.high
    assert (mirrored.value, mirrored.interval.low) == pytest.approx((-found.value, -found.interval.high))
    answers = [-100] * detractors + [0] * passives + [100] * promoters
    assert found.standard_error == pytest.approx(np.std(answers) / len(answers) ** 0.5)


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.93, 0.05, 0.02), (0.2, 0.6, 0.2)])
def test_the_interval_covers_the_truth_with_few_answers(shares: tuple[float, float, float]) -> None:
    truth, worlds = 100 * (shares[0] - shares[2]), 3000
    found = [promoter_score(*row) for row in np.random.default_rng(2).multinomial(25, shares, worlds).tolist()]
    covered = sum(score.interval.low <= truth <= score.interval.high for score in found if score)
    assert 0.92 <= covered / worlds <= 0.98
    if shares[0] > 0.9:  # where the plain interval does not, since most worlds have no detractor
        plain = sum(abs(score.value - truth) <= 1.96 * score.standard_error for score in found if score)
        assert plain / worlds < 0.9
