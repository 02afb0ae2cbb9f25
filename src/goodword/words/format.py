"""How amounts, numbers, times and names are written for people in a language.

Digits are always 0 to 9, also in Arabic, and dates Gregorian: libraries and browsers disagree, and a
page must not show two kinds. In Arabic text, whatever may run from left to right (codes, ids, paths, names,
currency symbols) stands between FSI and PDI, so that it keeps its own order; no mark stands inside a code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Final

from babel.dates import format_date, format_datetime, format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol

from goodword.program.quantity import BASIS_POINTS, Quantity, exponent, is_currency
from goodword.words.catalogue import catalogue

FSI: Final = "\u2068"
PDI: Final = "\u2069"
_BIDI_MARKS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DIGITS: Final = "latn"
_LETTER_BEFORE_DIGIT: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")
"""Where CLDR puts a space between a currency without a symbol and its amount: ``RON 30.00``."""


def isolate(text: str, language: str) -> str:
    """A name, code, id, path or a person's own words, kept apart from the direction of the text around it.

    Direction marks inside it are dropped: they could turn the text that follows.
    """
    plain = " ".join(_BIDI_MARKS.sub("", text).split())
    return f"{FSI}{plain}{PDI}" if catalogue(language).rtl or _runs_right_to_left(plain) else plain


def number(value: int, language: str) -> str:
    """A whole number with separators."""
    shown = format_decimal(value, locale=catalogue(language).locale, numbering_system=_DIGITS)
    return _minus_before(shown) if catalogue(language).rtl else shown


def decimal(value: float, language: str, places: int = 1) -> str:
    """A number with at most so many decimals."""
    rounded = round(Decimal(str(value)), places)
    shown = format_decimal(
        rounded, locale=catalogue(language).locale, decimal_quantization=False, numbering_system=_DIGITS
    )
    return _minus_before(shown) if catalogue(language).rtl else shown


def percent(basis_points: int, language: str) -> str:
    """A percentage, all its decimals shown."""
    share = Decimal(basis_points) / BASIS_POINTS
    return format_percent(
        share, locale=catalogue(language).locale, decimal_quantization=False, numbering_system=_DIGITS
    )


def amount(quantity: Quantity, language: str) -> str:
    """Money with its symbol, or a number with its noun; a unit without a noun is shown as it is."""
    if is_currency(quantity.unit):
        return _money(quantity, language)
    texts = catalogue(language)
    shown = number(quantity.amount, language)
    key = f"unit.{quantity.unit.rpartition(':')[2]}"
    if texts.counts.get(key):
        return texts.text(key, {"n": shown}, quantity.amount)
    return f"{shown} {isolate(quantity.unit, language)}"


def moment(text: str, language: str, zone: tzinfo = UTC) -> str:
    """A time of RFC 3339 as date and time of day in `zone`; what is no time is shown as it is."""
    try:
        instant = datetime.fromisoformat(text)
        local = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(zone)
    except (ValueError, OverflowError):
        return isolate(text, language)
    texts = catalogue(language)
    shown = format_datetime(local.replace(tzinfo=None), texts.template("format.moment"), locale=texts.locale)
    return f"{shown} {_zone_name(local, texts.rtl)}"


def calendar_day(day: date, language: str) -> str:
    """A day of the calendar as people write it: "5 March 2026"."""
    texts = catalogue(language)
    return format_date(day, texts.template("format.day"), locale=texts.locale)


def month_name(month: str, language: str) -> str:
    """A month such as ``2026-10`` as people write it: "Oct 2026"."""
    first = date.fromisoformat(f"{month}-01")
    return format_skeleton("yMMM", first, locale=catalogue(language).locale)


def whole_month(day: date, language: str) -> str:
    """The month of a day in full, as it stands in a sentence: "October 2026"."""
    return format_skeleton("yMMMM", day, locale=catalogue(language).locale)


def short_day(day: date, language: str) -> str:
    """A day without its year, as it stands below a chart: "Nov 30"."""
    return format_skeleton("MMMd", day, locale=catalogue(language).locale)


def _zone_name(local: datetime, rtl: bool) -> str:
    """``UTC``, or how far the clock is from it: ``UTC+02:00``."""
    offset = local.strftime("%z")
    if offset in ("", "+0000"):
        return "UTC"
    name = f"UTC{offset[:3]}:{offset[3:5]}"
    return f"{FSI}{name}{PDI}" if rtl else name


def joined(items: Sequence[str], language: str) -> str:
    """An enumeration: ``a, b and c``."""
    return format_list(items, locale=catalogue(language).locale)


def either(items: Sequence[str], language: str) -> str:
    """Alternatives: ``a, b or c``."""
    return format_list(items, style="or", locale=catalogue(language).locale)


def _money(quantity: Quantity, language: str) -> str:
    """Stored in the digits of ISO 4217, shown in those of CLDR unless that would hide something."""
    texts = catalogue(language)
    value = Decimal(quantity.amount).scaleb(-exponent(quantity.unit))
    shown = format_currency(
        value, quantity.unit, locale=texts.locale, decimal_quantization=False, numbering_system=_DIGITS
    )
    if not texts.rtl:
        return _LETTER_BEFORE_DIGIT.sub("\u00a0", shown)
    shown = _minus_before(shown)
    symbol = get_currency_symbol(quantity.unit, locale=texts.locale)
    if not _runs_right_to_left(symbol):
        shown = shown.replace(symbol, f"{FSI}{symbol}{PDI}")
    return f"{FSI}{shown}{PDI}"


def _minus_before(shown: str) -> str:
    """In right-to-left text a minus would stand behind its number; with the mark that CLDR gives it, it stands before."""
    return shown.replace("-", "\u200e-")


def _runs_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
