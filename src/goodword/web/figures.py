"""Figures by the API: what a program comes to, over facts that are at most a minute old; and what each figure means."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.metrics.definitions import METRICS, Dimension, Kind, Metric, Topic, Unit
from goodword.metrics.figure import Figure
from goodword.metrics.periods import Days, PeriodError, months_until, read_period
from goodword.program.duration import from_ms
from goodword.program.loader import Program
from goodword.reports.tables import table
from goodword.storage.load import load_program_rows
from goodword.warehouse.asked import (
    Asked,
    Measured,
    segments_of,
    today,
)
from goodword.warehouse.task import Task
from goodword.web.answers import answers, json
from goodword.web.api import Id, Reader
from goodword.web.context import Context, context_of
from goodword.web.desk import Enquiry, TooManyAsk
from goodword.web.problems import Invalid, NotFound, Overloaded

WAIT_SECONDS = 20.0
"""So long a request waits for figures before it is told to come back."""
BACK_SECONDS = 2
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
METRICS_MAX = len(METRICS)
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
        return _on_its_way(answer)
    if format == "csv":
        return Response(table(answer.measured, answer.measured.figures), media_type="text/csv; charset=utf-8")
    return json(figures_out(answer.measured))


@router.get(
    "/programs/{program}/metrics/{metric}",
    responses={**answers(MetricOut, "the definition"), **answers(OnItsWay, "it is on its way: ask again", 202)},
)
async def get_metric(request: Request, key: Reader, program: Id, metric: Id, period: PeriodText = "") -> Response:
    """How a figure is defined, with its SQL for a program and a period."""
    context = context_of(request)
    if metric not in METRICS:
        raise NotFound
    asked = await run_in_threadpool(asked_of, context, program, period, (), (metric,), False)
    answer = await ask_desk(context, replace(asked, queries=True), WAIT_SECONDS)
    if answer.measured is None:
        return _on_its_way(answer)
    return json(metric_out(METRICS[metric], answer.measured.queries[metric]))


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


async def ask_desk(context: Context, asked: Asked, seconds: float) -> Enquiry:
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


def metric_out(metric: Metric, sql: tuple[str, ...]) -> MetricOut:
    """A definition as the API shows it."""
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


def program_of(context: Context, name: str) -> Program:
    """A program in the version in force, else in its newest; each version is parsed once. Reads the database: not in the loop.

    Raises:
        NotFound: there is none.
    """
    with context.parts.database.read() as connection:
        row = load_program_rows(connection, context.tenant).get(name)
        if row is None:
            raise NotFound
        key = (name, row.version or row.latest)
        return context.parts.tenants.versions(connection, context.tenant, {key})[key]


def _on_its_way(answer: Enquiry) -> Response:
    told = json(OnItsWay("on_its_way", answer.done), 202)
    told.headers["Retry-After"] = str(BACK_SECONDS)
    return told


def _program_and_days(context: Context, program: str, period: str) -> tuple[Program, Days]:
    found = program_of(context, program)
    try:
        return found, read_period(period, today(found, context.parts.now_ms()))
    except PeriodError as error:
        raise Invalid(str(error), field="period") from None
