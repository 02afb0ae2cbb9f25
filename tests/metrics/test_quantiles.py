"""Student's and the normal quantile against scipy, from one degree of freedom to a million."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from goodword.metrics.quantiles import normal_quantile, normal_tails, student_quantile, student_tail

LEVELS = st.floats(0.01, 0.9999)


@given(LEVELS, st.floats(1, 5000))
def test_student_is_scipys(level: float, freedom: float) -> None:
    assert student_quantile(level, freedom) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-8)


@pytest.mark.parametrize("freedom", [0.5, 1, 2.5, 29, 999.9, 1000, 1000.1, 1e5, 1e9])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_where_one_way_of_reckoning_takes_over_from_the_other(level: float, freedom: float) -> None:
    assert student_quantile(level, freedom) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-9)


@given(st.floats(0, 40), st.floats(0.5, 900))
@example(1.192092896e-07, 342.8929933851422)
def test_the_tail_is_scipys(t: float, freedom: float) -> None:
    assert student_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-8, abs=1e-14)


@given(LEVELS)
def test_normal_is_scipys(level: float) -> None:
    z = normal_quantile(level)
    assert z == pytest.approx(stats.norm.ppf((1 + level) / 2), rel=1e-9)
    assert normal_tails(z) == pytest.approx(1 - level, rel=1e-8)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95])
def test_what_is_no_level_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        normal_quantile(level)


def test_no_degrees_of_freedom_have_no_quantile() -> None:
    with pytest.raises(ValueError, match="positive"):
        student_quantile(0.95, 0)
