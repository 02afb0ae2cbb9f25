"""Periods are read as people write them."""

from datetime import date

import pytest

from goodword.metrics.periods import Days, PeriodError, month_of, months_until, read_period

TODAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "name", "first", "last"),
    [
        ("2026-10", "2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        (" 2024-02 ", "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", "2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-q1", "2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", "2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", "2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-10-05..2026-10-05", "2026-10-05..2026-10-05", date(2026, 10, 5), date(2026, 10, 5)),
        ("", "2026-10", date(2026, 10, 1), date(2026, 10, 31)),
    ],
)
def test_what_is_a_period(text: str, name: str, first: date, last: date) -> None:
    assert read_period(text, TODAY) == Days(name, first, last)


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-Q5",
        "26-10",
        "2026-10-31..2026-10-01",
        "2026-02-30..2026-03-01",
        "1999",
        "2200",
        "9999-12",
        "9999-Q4",
        "yesterday",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(PeriodError):
        read_period(text, TODAY)


def test_a_trend_is_the_months_up_to_a_day() -> None:
    names = [days.name for days in months_until(date(2026, 2, 28), 4)]
    assert names == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert month_of(date(2026, 1, 31)) == months_until(date(2026, 1, 1), 1)[0]
