"""Intervals around opinions stay on the scale that people answer on."""

from __future__ import annotations

import pytest

from goodword.metrics.definitions import METRICS
from goodword.metrics.figures import figures
from goodword.metrics.intervals import Interval
from goodword.metrics.question import Period, Question

QUESTION = Question("socks", 0, "USD", 0, (Period("2026-10", 0, 1),))


def test_an_interval_ends_where_values_do() -> None:
    assert Interval(-0.1, 7.5, 0.95, "student").inside(1, 5) == Interval(1, 5, 0.95, "student")
    assert Interval(2.5, 4.5, 0.95, "student").inside(1, 5) == Interval(2.5, 4.5, 0.95, "student")


@pytest.mark.parametrize("name", ["easy", "attractive"])
def test_nobody_answers_less_than_one_or_more_than_five(name: str) -> None:
    """Of answers 2, 4 and 5 the mean is 3.7, and Student's interval from -0.1 to 7.5."""
    row = {"period": "2026-10", "value": "", "clusters": 3, "y": 11, "n": 3, "yy": 45, "nn": 3, "ny": 11}
    (found,) = figures(METRICS[name], {"mean alone": [row]}, QUESTION)
    assert (round(found.value or 0, 1), found.low, found.high, found.level) == (3.7, 1, 5, 0.95)


def test_money_may_be_lost() -> None:
    row = {"period": "2026-10", "value": "", "clusters": 3, "y": 11, "n": 3, "yy": 4500, "nn": 3, "ny": 11}
    (found,) = figures(METRICS["value_others"], {"mean alone": [row]}, QUESTION)
    assert found.low is not None
    assert found.low < 0
