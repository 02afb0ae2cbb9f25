"""Periods as people write them: a month, a quarter, a year, or two days."""

from __future__ import annotations

import re
from datetime import date, timedelta

from msgspec import Struct

FIRST_YEAR, LAST_YEAR = 2000, 2199
TREND_MONTHS = 12
"""How many months a trend has."""
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_QUARTER = re.compile(r"([0-9]{4})-[Qq]([1-4])")
_YEAR = re.compile(r"[0-9]{4}")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SPAN = re.compile(rf"({_DAY})\.\.({_DAY})")


class Days(Struct, frozen=True):
    """Days of a program's calendar, both included, and what they are called."""

    name: str
    first: date
    last: date


class PeriodError(ValueError):
    """No period that can be read."""


def read_period(text: str, today: date) -> Days:
    """A period: ``2026-10``, ``2026-Q4``, ``2026`` or ``2026-10-01..2026-10-31``; the last whole month where nothing is written.

    Raises:
        PeriodError: it is none, ends before it begins, or lies beyond the years that are known.
    """
    text = text.strip()
    if not text:
        return month_of(today.replace(day=1) - timedelta(days=1))
    days = _read(text)
    if days is None or not (days.first.year >= FIRST_YEAR and days.last.year <= LAST_YEAR):
        raise PeriodError("write a period such as 2026-10, 2026-Q4, 2026 or 2026-10-01..2026-10-31")
    if days.last < days.first:
        raise PeriodError("the period ends before it begins")
    return days


def month_of(day: date) -> Days:
    """The calendar month of a day, whole."""
    first = day.replace(day=1)
    return Days(first.strftime("%Y-%m"), first, _month_after(first) - timedelta(days=1))


def months_until(day: date, count: int = TREND_MONTHS) -> tuple[Days, ...]:
    """The last `count` months up to that of a day, the oldest first."""
    found = [month_of(day)]
    while len(found) < count:
        found.append(month_of(found[-1].first - timedelta(days=1)))
    return tuple(reversed(found))


def _read(text: str) -> Days | None:
    try:
        if match := _SPAN.fullmatch(text):
            return Days(text, date.fromisoformat(match[1]), date.fromisoformat(match[2]))
        if match := _QUARTER.fullmatch(text):
            first = date(int(match[1]), 3 * int(match[2]) - 2, 1)
            return Days(text.upper(), first, month_of(first + timedelta(days=70)).last)
        if match := _MONTH.fullmatch(text):
            return month_of(date(int(match[1]), int(match[2]), 1))
        if _YEAR.fullmatch(text):
            return Days(text, date(int(text), 1, 1), date(int(text), 12, 31))
    except (ValueError, OverflowError):  # no such day, or one beyond the calendar's last
        pass
    return None


def _month_after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
