"""Figures as rows for spreadsheets: one row for each figure with all its fields.

Numbers are bare, money in its smallest unit beside the same in whole ones. A text of somebody else's that a spreadsheet would
run as a formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import StringIO
from typing import Final, get_args

import msgspec

from goodword.metrics.definitions import Dimension
from goodword.metrics.figure import ALL, Figure
from goodword.program.duration import iso
from goodword.program.quantity import exponent, is_currency
from goodword.warehouse.asked import Measured

BOM: Final = "\ufeff"
"""What tells Excel that a file is UTF-8. Others take it for nothing, or read ``utf-8-sig``."""
HEAD: Final = (
    "metric", "period", "first_day", "last_day", "dimension", "of", "unit", "value", "value_in_units", "numerator",
    "denominator", "low", "high", "level", "method", "maturity", "warnings", "more", "version", "as_of",
)  # fmt: skip
"""The columns of each file."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Cell = str | int | float | None


def figure_tables(measured: Measured) -> dict[str, str]:
    """The files by name: ``figures.csv`` (the period, and all time), ``trend.csv``, and ``by_channel.csv`` and the like."""
    plain = [one for one in measured.figures if one.dimension is None]
    months = {days.name for days in measured.trend}
    found = {
        "figures.csv": [one for one in plain if one.period in (measured.period.name, ALL)],
        "trend.csv": [one for one in plain if one.period in months],
    }
    for dimension in get_args(Dimension):
        if parted := [one for one in measured.figures if one.dimension == dimension]:
            found[f"by_{dimension}.csv"] = parted
    return {name: BOM + table(measured, figures) for name, figures in found.items()}


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def table(measured: Measured, figures: Iterable[Figure]) -> str:
    """Figures as CSV, one row for each, without the mark for Excel."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    writer.writerows(_rows(measured, figures))
    return out.getvalue()


def _rows(measured: Measured, figures: Iterable[Figure]) -> Iterator[list[Cell]]:
    days = {one.name: one for one in (measured.period, *measured.trend)}
    as_of = iso(measured.as_of_ms)
    for one in figures:
        period = days.get(one.period)
        row: list[Cell] = [
            one.metric,
            one.period,
            "" if period is None else str(period.first),
            "" if period is None else str(period.last),
            one.dimension or "",
            guarded(one.of),
            guarded(one.unit),
            one.value,
            _in_units(one),
            one.numerator,
            one.denominator,
            one.low,
            one.high,
            one.level,
            one.method,
            one.maturity,
            " ".join(one.warnings),
            msgspec.json.encode(one.more).decode() if one.more else "",
            one.version,
            as_of,
        ]
        yield ["" if cell is None else cell for cell in row]


def _in_units(figure: Figure) -> str:
    if figure.value is None or not is_currency(figure.unit):
        return ""
    return format(Decimal(round(figure.value)).scaleb(-exponent(figure.unit)), "f")
