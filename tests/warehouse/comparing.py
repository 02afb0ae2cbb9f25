"""Two engines over the same facts: every query of every metric, row by row, and figures as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, get_args

from goodword.metrics.compose import compose, wrappers_of, written
from goodword.metrics.definitions import METRICS, Dimension, Metric
from goodword.metrics.figure import Figure
from goodword.metrics.periods import Days, months_until
from goodword.metrics.question import Period, Question
from goodword.warehouse.asked import Asked, question
from goodword.warehouse.engine import Engine, Row
from goodword.warehouse.measuring import ask
from tests.warehouse.shop import DAY_MS, Copied

RELATIVE = 1e-9
ABSOLUTE = 1e-12
"""Sums that come to nothing come to something else at every place where they are added."""
QUERIED = [metric for metric in METRICS.values() if metric.kind != "derived"]
ALL: tuple[Dimension, ...] = get_args(Dimension)


def question_of(copied: Copied) -> Question:
    """About everything, the first half and the second."""
    end = copied.manifest.as_of_ms
    begin = end - 420 * DAY_MS
    half = (begin + end) // 2
    periods = [Period("all", 0, 2**45), Period("first", begin, half), Period("second", half, end)]
    return question(copied.program, end, periods, "plan")


def differences(
    metric: Metric, asked: Question, one: Engine, other: Engine, dimensions: Sequence[Dimension] = ALL
) -> Iterator[str]:
    """Where the rows of a metric's queries differ, alone and by its dimensions."""
    for dimension in (None, *(known for known in metric.dimensions if known in dimensions)):
        for wrapper in wrappers_of(metric):
            tree = compose(metric, asked, wrapper, dimension)
            rows = [engine.rows(written(tree, engine.dialect)) for engine in (one, other)]
            yield from (f"{wrapper} by {dimension}: {found}" for found in rows_apart(*rows))


def rows_apart(these: Sequence[Row], those: Sequence[Row]) -> Iterator[str]:
    """The first rows that are not the same, in their order."""
    if len(these) != len(those):
        yield f"{len(these)} rows, and {len(those)}"
    for row, twin in zip(these, those, strict=False):
        if list(row) != list(twin) or not all(same(row[name], twin[name]) for name in row):
            yield f"{row}, and {twin}"
            return


def same(value: Any, twin: Any) -> bool:
    """Whether two values are one: of the same type, and floats nearly."""
    if type(value) is float and type(twin) is float:
        return math.isclose(value, twin, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(value) is type(twin) and bool(value == twin)


def figures_of(copied: Copied, engine: Engine, by: tuple[Dimension, ...] = ("version",)) -> tuple[Figure, ...]:
    """All figures of a program with a trend of three months, by dimensions."""
    first, last = date(2026, 1, 1), date(2027, 2, 28)
    asked = Asked(copied.program.name, Days("whole", first, last), months_until(last, 3), by)
    costs = {name: {"USD": 12_300} for name in ("whole", "all", *(days.name for days in asked.trend))}
    return ask(engine, asked, copied.program, costs, copied.manifest).figures


def figures_apart(these: Sequence[Figure], those: Sequence[Figure]) -> Iterator[str]:
    """Figures that are not the same."""
    assert len(these) == len(those)
    for figure, twin in zip(these, those, strict=True):
        fields = [(getattr(figure, name), getattr(twin, name)) for name in figure.__struct_fields__]
        if not all(_alike(*pair) for pair in fields):
            yield f"{figure}, and {twin}"


def _alike(value: Any, twin: Any) -> bool:
    if isinstance(value, dict) and isinstance(twin, dict):
        return list(value) == list(twin) and all(same(value[name], twin[name]) for name in value)
    return same(value, twin)
