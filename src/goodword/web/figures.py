"""Figures by the API: what a program comes to, over facts that are at most a minute old; and what each figure means."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from msgspec.structs import asdict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.metrics.compose import compose, wrappers_of, written
from goodword.metrics.definitions import METRICS, Dimension, Kind, Metric, Topic, Unit
from goodword.metrics.figures import Figure
from goodword.metrics.periods import Days, PeriodError, months_until, read_period
from goodword.program.duration import from_ms
from goodword.program.loader import Program
from goodword.warehouse.job import Task
from goodword.warehouse.measuring import (
    Asked,
    Measured,
    UnknownProgram,
    find_program,
    periods_of,
    question,
    segments_of,
    today,
)
from goodword.web.answers import answers, json
from goodword.web.api import Id, Reader
from goodword.web.context import Context, context_of
from goodword.web.desk import Question, TooManyAsk
from goodword.web.problems import Invalid, NotFound, Overloaded

WAIT_SECONDS = 20.0
"""So long a request waits for figures before it is told to come back."""
BACK_SECONDS = 2
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
METRICS_MAX = len(METRICS)
COLUMNS = (
    "metric", "period", "dimension", "of", "unit", "value", "low", "high", "level", "method", "numerator", "denominator",
    "maturity", "warnings", "version",
)  # fmt: skip
"""What a row of CSV holds."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a cell begins that a spreadsheet would take for a formula."""

PeriodText = Annotated[
    str, Query(max_length=40, description="2026-10, 2026-Q4, 2026 or 2026-10-01..2026-10-31; the last month if not given")
]  # fmt: skip
By = Annotated[list[Dimension] | None, Query(description="break down by these", max_length=len(DIMENSIONS))]
Only = Annotated[list[str] | None, Query(description="only these figures", alias="metric", max_length=METRICS_MAX)]
SegmentName = Annotated[
    str, Query(max_length=40, description="by `by=segment`: which field of people that the program declares")
]  # fmt: skip
Trend = Annotated[bool, Query(description="with the twelve months up to the end of the period")]
router = APIRouter(prefix="/v1", tags=["figures"])


class FiguresOut(Struct, frozen=True):
    """Figures of a program for a period, all over the same facts."""

    program: str
    currency: str
    time_zone: str
    period: Days
    trend: tuple[Days, ...]
    as_of: datetime
    """When the facts were read."""
    seq: int
    """All events up to this one are in them."""
    figures: tuple[Figure, ...]


class OnItsWay(Struct, frozen=True):
    """Figures that are being made."""

    status: Literal["on_its_way"]
    done: float
    """The share of the work that is done, from 0 to 1."""


class MetricOut(Struct, frozen=True, omit_defaults=True):
    """What is measured, and how."""

    name: str
    topic: Topic
    kind: Kind
    unit: Unit
    dimensions: tuple[Dimension, ...]
    version: int
    source: str
    sql: tuple[str, ...] = ()
    """The queries that it is made of, in DuckDB's dialect over the facts of the warehouse, for a program and a period."""
    horizon_days: int | None = None
    """So many days each of those looked at has to answer."""
    needs: tuple[str, ...] = ()
    """What it is made of, or what has to be known for it."""


@router.get(
    "/programs/{program}/figures",
    responses={**answers(FiguresOut, "the figures"), **answers(OnItsWay, "they are on their way: ask again", 202)},
)
async def get_figures(
    request: Request,
    key: Reader,
    program: Id,
    period: PeriodText = "",
    by: By = None,
    metric: Only = None,
    trend: Trend = False,
    segment: SegmentName = "",
    format: Literal["json", "csv"] = "json",
) -> Response:
    """What a program comes to: each figure with its interval, its sample, its maturity and what speaks against a conclusion."""
    context = context_of(request)
    asked = await run_in_threadpool(
        asked_of, context, program, period, tuple(by or ()), tuple(metric or ()), trend, segment
    )
    answer = await ask_desk(context, asked, WAIT_SECONDS)
    if answer.measured is None:
        on_its_way = json(OnItsWay("on_its_way", answer.done), 202)
        on_its_way.headers["Retry-After"] = str(BACK_SECONDS)
        return on_its_way
    if format == "csv":
        return Response(as_csv(answer.measured), media_type="text/csv; charset=utf-8")
    return json(figures_out(answer.measured))


@router.get("/programs/{program}/metrics/{metric}", responses=answers(MetricOut, "the definition"))
def get_metric(request: Request, key: Reader, program: Id, metric: Id, period: PeriodText = "") -> Response:
    """How a figure is defined, with its SQL for a program and a period."""
    context = context_of(request)
    if metric not in METRICS:
        raise NotFound
    found, days = _program_and_days(context, program, period)
    return json(metric_out(METRICS[metric], found, days, context.parts.now_ms()))


def asked_of(
    context: Context,
    program: str,
    period: str,
    by: tuple[Dimension, ...],
    only: tuple[str, ...],
    trend: bool,
    segment: str = "",
) -> Asked:
    """What is asked for, as far as it can be answered.

    Raises:
        NotFound: there is no such program.
        Invalid: the period is none, a figure is unknown, or the segment is no field of people.
    """
    unknown = [name for name in only if name not in METRICS]
    if unknown:
        raise Invalid("no figure is called that", field="metric")
    found, days = _program_and_days(context, program, period)
    if ("segment" in by or segment) and segment not in segments_of(found):
        known = ", ".join(segments_of(found)) or "none"
        raise Invalid(f"say a field of people that the program declares: {known}", field="segment")
    dimensions = tuple(one for one in DIMENSIONS if one in by)
    wanted = tuple(name for name in METRICS if not only or name in only)
    return Asked(program, days, months_until(days.last) if trend else (), dimensions, wanted, segment)


async def ask_desk(context: Context, asked: Asked, seconds: float) -> Question:
    """The answer of the desk, as far as it is there after so many seconds.

    Raises:
        Overloaded: too many ask.
        NotFound: there is no such program any more.
    """
    settings = context.parts.settings
    task = Task(
        settings.database, context.tenant, str(settings.warehouse), asked, settings.analysis, settings.warehouse_store
    )
    try:
        answer = await context.desk.ask(task, seconds)
    except TooManyAsk:
        raise Overloaded("other figures are asked for already: ask again in a moment") from None
    if answer.unknown:
        raise NotFound
    if answer.error:
        raise RuntimeError("the figures could not be made")
    return answer


def figures_out(measured: Measured) -> FiguresOut:
    """Figures as the API shows them."""
    return FiguresOut(
        measured.program,
        measured.currency,
        measured.time_zone,
        measured.period,
        measured.trend,
        from_ms(measured.as_of_ms),
        measured.seq,
        measured.figures,
    )


def metric_out(metric: Metric, program: Program, days: Days, now_ms: int) -> MetricOut:
    """A definition as the API shows it."""
    about = question(program, now_ms, periods_of(program, [days]))
    sql = () if metric.kind == "derived" else tuple(written(compose(metric, about, one)) for one in wrappers_of(metric))
    return MetricOut(
        metric.name,
        metric.topic,
        metric.kind,
        metric.unit,
        metric.dimensions,
        metric.version,
        metric.source,
        sql,
        metric.horizon_days,
        metric.needs,
    )


def as_csv(measured: Measured) -> str:
    """One row for each figure; a cell that a spreadsheet would take for a formula begins with a quote."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(COLUMNS)
    for one in measured.figures:
        fields = asdict(one) | {"warnings": " ".join(one.warnings)}
        writer.writerow([_cell(fields[name]) for name in COLUMNS])
    return made.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _program_and_days(context: Context, program: str, period: str) -> tuple[Program, Days]:
    with context.parts.database.read() as connection:
        try:
            found = find_program(connection, context.tenant, program)
        except UnknownProgram:
            raise NotFound from None
    try:
        return found, read_period(period, today(found, context.parts.now_ms()))
    except PeriodError as error:
        raise Invalid(str(error), field="period") from None
