"""Quantiles, as the method of Weibull gives them."""

import pytest

from goodword.forecast.ranges import quantile, range_of_some, range_over
from goodword.forecast.report import Range


@pytest.mark.parametrize(
    ("figures", "percent", "expected"),
    [
        ([7], 10, 7),
        ([1, 2], 50, 1.5),
        (list(range(1, 20)), 10, 2),
        (list(range(1, 20)), 50, 10),
        (list(range(1, 20)), 90, 18),
        (list(range(1, 100)), 90, 90),
        ([1, 2, 3], 10, 1),
        ([1, 2, 3], 90, 3),
        ([0, 10, 20, 30], 50, 15),
    ],
)
def test_a_quantile_stands_between_its_neighbours(figures: list[float], percent: int, expected: float) -> None:
    assert quantile(figures, percent) == pytest.approx(expected)


def test_ranges_go_upwards_whatever_the_order() -> None:
    assert range_over([30, 10, 20]) == range_over([10, 20, 30]) == Range(10, 20, 30)
    assert range_of_some([]) is None
