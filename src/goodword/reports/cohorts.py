"""People by the month in which they began, and by the age they have: a table for each figure that follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from goodword.metrics.definitions import HORIZONS, METRICS
from goodword.metrics.figure import Figure
from goodword.program.quantity import Quantity
from goodword.reports.blocks import Block, Cell, Grid, Heading, Line, Note, Ranged
from goodword.reports.sayings import UNKNOWN, Sayings
from goodword.warehouse.asked import Measured
from goodword.words.format import amount, month_name, number

FOLLOWED: Final = ("conversion_matured", "repeat_purchase_referred", "repeat_purchase_others")
"""Figures of what happens to people by an age."""
CURVE: Final = "value_curve"
AGES_MAX: Final = 6
"""So many thirty days of the curve are columns; the files have all."""
KNOWN: Final = 0.5
"""Of so many at least it has to be known what they did by an age: else a cell would speak of the few who came first."""

Row = tuple[str, Figure]
_Cells = Callable[[Sayings, Figure, int], Cell]


def cohorts(say: Sayings, measured: Measured, *, worth_known: bool) -> Iterator[Block]:
    """The tables of the months that are asked for, where anybody began in two of them at least."""
    tables = [table for name in FOLLOWED for table in _table(say, name, _rows(say, measured, name), _followed)]
    if worth_known:
        tables += _table(say, CURVE, _rows(say, measured, CURVE), _left)
    if tables:
        yield Heading(say.text("cohorts"))
        yield Line(say.text("cohorts.about", unknown=UNKNOWN))
        yield from tables


def _rows(say: Sayings, measured: Measured, name: str) -> list[Row]:
    """The months in which anybody began."""
    units = (measured.currency, METRICS[name].unit)
    return [
        (month_name(days.first.strftime("%Y-%m"), say.language), figure)
        for days in measured.trend
        for figure in measured.find(name, days.name)
        if figure.denominator and figure.unit in units
    ]


def _table(say: Sayings, name: str, rows: Sequence[Row], cells: _Cells) -> Iterator[Block]:
    if len(rows) < 2:
        return
    ages = _ages(name, rows)
    head = (say.text("head.month"), say.text("head.of"), *map(say.days, ages))
    people = [number(figure.denominator or 0, say.language) for _, figure in rows]
    yield Line(say.text(f"cohorts.{name}"))
    yield Grid(
        head,
        tuple(
            (month, count, *(cells(say, figure, days) for days in ages))
            for (month, figure), count in zip(rows, people, strict=True)
        ),
    )
    yield from map(Note, say.noted(rows))


def _ages(name: str, rows: Sequence[Row]) -> Sequence[int]:
    if name != CURVE:
        return HORIZONS
    longest = max(len(figure.more) // 2 for _, figure in rows)
    return [30 * age for age in range(1, min(longest, AGES_MAX) + 1)]


def _followed(say: Sayings, figure: Figure, days: int) -> Cell:
    """The share of those to whom it has happened by an age, and between which it lies."""
    share = figure.more.get(f"days_{days}")
    if share is None or (figure.more.get(f"known_{days}") or 0) < KNOWN:
        return UNKNOWN
    low, high = figure.more.get(f"low_{days}"), figure.more.get(f"high_{days}")
    shown = say.share(share)
    if low is None or high is None or say.share(low) == say.share(high):
        return shown
    return Ranged(shown, say.text("range", low=say.share(low), high=say.share(high)))


def _left(say: Sayings, figure: Figure, days: int) -> str:
    """What one has left on average by an age."""
    value, people = (figure.more.get(f"{name}_{days // 30}") for name in ("month", "customers"))
    if value is None or (people or 0) < KNOWN * (figure.denominator or 0):
        return UNKNOWN
    return amount(Quantity(round(value), figure.unit), say.language)
