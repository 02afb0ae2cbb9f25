"""Times: instants are whole milliseconds since 1970 in UTC, durations whole milliseconds, periods by the calendar."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_UNITS = {"minute": MINUTE_MS, "hour": HOUR_MS, "day": DAY_MS, "week": 7 * DAY_MS}
_DURATION = re.compile(r"([0-9]{1,5})\s+(minute|hour|day|week)s?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

DURATION_PATTERN = r"^[0-9]{1,5}\s+(minute|hour|day|week)s?$"

YEAR_MAX = 9998
"""Beyond it nobody can count: the zone of an instant of the last year may lie outside of all calendars."""
KEPT_MAX = 4096
"""How many names of periods are remembered."""

Period = Literal["day", "week", "month", "year", "ever"]


def parse_duration(text: object) -> int:
    """Read ``30 days`` or ``24 hours`` as milliseconds.

    Raises:
        ValueError: not a whole number of minutes, hours, days or weeks.
    """
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("write a whole number of minutes, hours, days or weeks, such as `30 days`")
    return int(match[1]) * _UNITS[match[2]]


def to_ms(moment: datetime) -> int:
    """An aware datetime as milliseconds since 1970 UTC, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(instant_ms: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(milliseconds=instant_ms)


def iso(instant_ms: int) -> str:
    """An instant as RFC 3339 in UTC, with milliseconds only where there are any."""
    moment = from_ms(instant_ms)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def local_date(instant_ms: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in a time zone."""
    return from_ms(instant_ms).astimezone(zone).date()


def later(instant_ms: int, number: int, period: Literal["month", "year"], zone: ZoneInfo) -> int:
    """So many months or years after an instant, at the same time of day by the calendar of a zone.

    A day that a month does not have is its last: a year after 29 February comes 28 February.
    """
    moment = from_ms(instant_ms).astimezone(zone)
    months = moment.month - 1 + number * (12 if period == "year" else 1)
    year, month = min(moment.year + months // 12, YEAR_MAX), months % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return to_ms(moment.replace(year=year, month=month, day=day))


@lru_cache(maxsize=KEPT_MAX)
def day_start_ms(day: date, later: int, zone: ZoneInfo) -> int:
    """When a calendar day begins in a time zone, or the day so many days later."""
    return to_ms(datetime.combine(day + timedelta(days=later), time(), zone))


# One event asks for the same period again and again: for each rule, each side, and once more for what is loaded.
@lru_cache(maxsize=KEPT_MAX)
def period_key(instant_ms: int, period: Period, zone: ZoneInfo) -> str:
    """The name of the calendar period that holds an instant: ``2026-03-05``, ``2026-W10``, ``2026-03``, ``2026``, ``ever``.

    Weeks are those of ISO 8601.
    """
    if period == "ever":
        return "ever"
    day = local_date(instant_ms, zone)
    if period == "day":
        return day.isoformat()
    if period == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat()[: 7 if period == "month" else 4]


def period_starts(instant_ms: int, period: Period, zone: ZoneInfo) -> date:
    """The first day of the calendar period that holds an instant."""
    day = local_date(instant_ms, zone)
    match period:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
        case "ever":
            raise ValueError("what lasts for ever has no first day")


@lru_cache(maxsize=KEPT_MAX)
def period_ends_ms(instant_ms: int, period: Period, zone: ZoneInfo) -> int:
    """The instant at which the calendar period that holds an instant is over."""
    first = period_starts(instant_ms, period, zone)
    longest = {"day": 1, "week": 7, "month": 31, "year": 366}[period]
    after = first + timedelta(days=longest)
    if period in ("month", "year"):
        after = after.replace(day=1) if period == "month" else after.replace(month=1, day=1)
    return day_start_ms(after, 0, zone)


@lru_cache(maxsize=KEPT_MAX)
def previous_ms(instant_ms: int, period: Period, zone: ZoneInfo) -> int:
    """An instant of the calendar period before the one that holds an instant."""
    return day_start_ms(period_starts(instant_ms, period, zone), 0, zone) - 1


def period_named(name: str, zone: ZoneInfo) -> tuple[int, Literal["week", "month"]]:
    """The first instant of a month such as ``2026-10`` or of a week of ISO 8601 such as ``2026-W41``.

    Raises:
        ValueError: it is neither.
    """
    if match := re.fullmatch(r"([0-9]{4})-W([0-9]{2})", name):
        return day_start_ms(date.fromisocalendar(int(match[1]), int(match[2]), 1), 0, zone), "week"
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{2})", name):
        return day_start_ms(date(int(match[1]), int(match[2]), 1), 0, zone), "month"
    raise ValueError("write a month such as 2026-10, or a week such as 2026-W41")
