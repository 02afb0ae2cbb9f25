"""All figures of a program: the warehouse is brought up to date, and every definition asked over the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from goodword.metrics.compose import Period, Question, compose, facts_of, relations_of, wrappers_of, written
from goodword.metrics.costs import shares
from goodword.metrics.definitions import METRICS, Dimension, Metric
from goodword.metrics.derived import Inputs, derive
from goodword.metrics.figures import ALL, Figure, figures
from goodword.metrics.periods import Days
from goodword.program.duration import day_start_ms, local_date
from goodword.program.loader import Program
from goodword.storage.costs import costs_between, in_force, programs_of
from goodword.storage.database import Database
from goodword.storage.load import load_tenant
from goodword.warehouse.copying import Copier, CopyRaced
from goodword.warehouse.engine import Engine, engine_for
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Folder, Manifest

KEPT_ROWS_MAX = 20_000_000
"""Up to how many rows facts are read once for all questions; of more, each question reads the columns that it needs."""
RACES_MAX = 3
EVER_MS = 2**45
Progress = Callable[[float], None]


class UnknownProgram(LookupError):
    """No program of this name was ever in force."""


class Asked(Struct, frozen=True):
    """What is to be measured."""

    program: str
    period: Days
    trend: tuple[Days, ...] = ()
    """Further periods, of which figures are told without dimensions."""
    dimensions: tuple[Dimension, ...] = ()
    metrics: tuple[str, ...] = tuple(METRICS)
    segment: str = ""
    """The field of people by which the dimension ``segment`` tells them apart."""


class Measured(Struct, frozen=True):
    """Figures of a program, all over the same facts."""

    program: str
    currency: str
    time_zone: str
    period: Days
    trend: tuple[Days, ...]
    as_of_ms: int
    """When the facts were read from the database."""
    seq: int
    """All events up to this one are in them."""
    figures: tuple[Figure, ...]

    def find(self, metric: str, period: str | None = None, dimension: Dimension | None = None) -> list[Figure]:
        """The figures of a metric: for the period asked for unless told, and by a dimension where one is named."""
        name = self.period.name if period is None else period
        return [one for one in self.figures if (one.metric, one.period, one.dimension) == (metric, name, dimension)]


class _Known(Struct, frozen=True):
    """What is read from the database beside the facts."""

    program: Program
    costs: dict[str, dict[str, int]]


def refresh(
    database: Database,
    tenant: str,
    folder: Folder,
    now_ms: Callable[[], int],
    copied: Callable[[str, int], None] = lambda *_: None,
) -> Manifest:
    """Bring a warehouse up to date, and wait for whoever does so at the same time."""
    for _ in range(RACES_MAX):
        try:
            return Copier(database, tenant, folder, now_ms, copied).copy()
        except CopyRaced:
            continue
    return Copier(database, tenant, folder, now_ms, copied).copy()


def measure(
    database: Database,
    tenant: str,
    folder: Folder,
    asked: Asked,
    now_ms: Callable[[], int],
    progress: Progress = lambda _: None,
    analysis: str = "",
) -> Measured:
    """The figures that are asked for, over facts of this moment; `analysis` is where, as `engine_for` says.

    Raises:
        UnknownProgram: there is no such program.
        AnalysisUnavailable: the engine that was named cannot be used.
    """
    with Session(database, tenant, folder, now_ms, analysis) as session:
        return session.measure(asked, progress)


class Session:
    """Figures of one tenant, question after question: what was read stays as long as nothing new came."""

    def __init__(
        self, database: Database, tenant: str, folder: Folder, now_ms: Callable[[], int], analysis: str = ""
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._folder = folder
        self._now_ms = now_ms
        self._analysis = analysis
        self._opened: Engine | None = None
        self._manifest = Manifest()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was read."""
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def measure(self, asked: Asked, progress: Progress = lambda _: None) -> Measured:
        """The figures that are asked for, over facts of this moment.

        Raises:
            UnknownProgram: there is no such program.
            AnalysisUnavailable: the engine that was named cannot be used.
        """
        known = _known(self._database, self._tenant, asked, self._now_ms())
        manifest = self.copy(lambda *_: progress(0.0))
        # What is true of people whom nothing happened to changes with time alone: they are watched for longer.
        manifest = replace(manifest, as_of_ms=self._now_ms())
        try:
            return ask(self._engine(manifest, asked), asked, known.program, known.costs, manifest, progress)
        except Exception:
            self.close()  # A cluster that was restarted knows nothing of us any more: the next question begins anew.
            raise

    def copy(self, copied: Callable[[str, int], None] = lambda *_: None) -> Manifest:
        """Bring the facts up to date, and ask nothing of them."""
        return refresh(self._database, self._tenant, self._folder, self._now_ms, copied)

    def _engine(self, manifest: Manifest, asked: Asked) -> Engine:
        engine = self._opened
        if engine is None or self._manifest.files != manifest.files:
            self.close()
            engine = self._opened = engine_for(self._analysis, self._folder.path, manifest)
            self._manifest = manifest
        engine.forget()
        if sum(manifest.rows.values()) <= KEPT_ROWS_MAX:
            read = {name for metric in _chosen(asked) if metric.sql for name in facts_of(metric)}
            by = {"participants", "tiers", "clicks"} if asked.dimensions else set()
            engine.keep_facts((read | by) & set(FACTS))
        return engine


def ask(
    engine: Engine,
    asked: Asked,
    program: Program,
    costs: dict[str, dict[str, int]],
    manifest: Manifest,
    progress: Progress = lambda _: None,
) -> Measured:
    """The figures that are asked for, by an engine that has the facts."""
    model = program.model
    everything = Period(ALL, 0, EVER_MS)
    main = _period(asked.period, model.zone)
    trend = [_period(days, model.zone) for days in asked.trend]
    # The period may be a month of the trend as well: asked for twice, all that happened in it would count twice.
    periods = {one.name: one for one in (main, *trend, everything)}
    whole = question(program, manifest.as_of_ms, list(periods.values()))
    parted = question(program, manifest.as_of_ms, [main], asked.segment)
    chosen = _chosen(asked)
    work = [(metric, None) for metric in chosen if metric.kind != "derived"]
    parts = [
        (METRICS[name], dimension)
        for name in asked.metrics
        for dimension in asked.dimensions
        if dimension in METRICS[name].dimensions
    ]
    made: list[Figure] = []
    for place, (metric, dimension) in enumerate([*work, *parts]):
        made += _asked(engine, metric, whole if dimension is None else parted, dimension)
        progress((place + 1) / (len(work) + len(parts)))
    target = model.target
    inputs = Inputs(
        model.currency,
        margin_known=model.economics is not None,
        costs=costs,
        target_customers=target.customers if target is not None else None,
    )
    derived = [metric.name for metric in METRICS.values() if metric.kind == "derived" and metric in chosen]
    made += derive(derived, [period.name for period in whole.periods], made, inputs)
    shown = sorted((one for one in made if one.metric in asked.metrics), key=_place(whole))
    return Measured(
        asked.program,
        model.currency,
        model.time_zone,
        asked.period,
        asked.trend,
        manifest.as_of_ms,
        manifest.seq,
        tuple(shown),
    )


def question(program: Program, as_of_ms: int, periods: Sequence[Period], segment: str = "") -> Question:
    """A question about a program, with what its file says of currency and margin."""
    model = program.model
    margin = model.economics.margin * 100 if model.economics is not None else 0
    return Question(program.name, as_of_ms, model.currency, margin, tuple(periods), segment)


def segments_of(program: Program) -> list[str]:
    """The fields of people that a program declares: by these they can be told apart."""
    return sorted(name for name, field in program.model.fields.items() if field.of == "person")


def periods_of(program: Program, days: Iterable[Days]) -> list[Period]:
    """Days of a program's calendar as stretches of time."""
    return [_period(one, program.model.zone) for one in days]


def today(program: Program, now_ms: int) -> date:
    """The day it is in a program's calendar."""
    return local_date(now_ms, program.model.zone)


def find_program(connection: Connection, tenant: str, name: str) -> Program:
    """A program in the version in force, else in its newest.

    Raises:
        UnknownProgram: there is none.
    """
    load_tenant(connection, tenant)
    program = programs_of(connection, tenant).get(name)
    if program is None:
        raise UnknownProgram(name)
    return program


def _known(database: Database, tenant: str, asked: Asked, now_ms: int) -> _Known:
    with database.read() as connection:
        program = find_program(connection, tenant, asked.program)
        spans = in_force(connection, tenant)
        entered = costs_between(connection, tenant, program=asked.program)
    found: dict[str, dict[str, int]] = {}
    ever, day = Days(ALL, date.min, date.max), today(program, now_ms)
    for days in (asked.period, *asked.trend, ever):
        amounts: dict[str, int] = {}
        for cost in entered:
            # What a cost is for later has not been spent on the customers so far.
            last = min(days.last, cost.last_day, day)
            part = shares(cost, max(days.first, cost.first_day), last, spans)
            if units := part.get(asked.program, 0):
                amounts[cost.currency] = amounts.get(cost.currency, 0) + units
        found[days.name] = amounts
    return _Known(program, found)


def _place(whole: Question) -> Callable[[Figure], tuple[object, ...]]:
    """Where a figure stands: with its metric, the whole before its parts, the largest of them first."""
    metrics, periods = list(METRICS), [period.name for period in whole.periods]

    def place(one: Figure) -> tuple[object, ...]:
        size = -(one.denominator or one.value or 0)
        parted = ("", 0, "") if one.dimension is None else (one.dimension, size, one.of)
        return metrics.index(one.metric), periods.index(one.period), *parted, one.unit

    return place


def _chosen(asked: Asked) -> list[Metric]:
    """What is asked for, and what that is made of."""
    chosen = [METRICS[name] for name in asked.metrics]
    return chosen + [METRICS[name] for name in _needed(chosen) if name not in asked.metrics]


def _needed(chosen: Iterable[Metric]) -> list[str]:
    """The metrics that these are made of, and those that those are."""
    found: dict[str, None] = {}
    waiting = [name for metric in chosen for name in metric.needs]
    while waiting:
        name = waiting.pop()
        if name in METRICS and name not in found:
            found[name] = None
            waiting += METRICS[name].needs
    return list(found)


def _asked(engine: Engine, metric: Metric, whole: Question, dimension: Dimension | None) -> list[Figure]:
    for name in relations_of(metric, dimension):
        engine.keep(name, whole)
    rows = {
        wrapper: engine.rows(written(compose(metric, whole, wrapper, dimension, engine.made), engine.dialect))
        for wrapper in wrappers_of(metric)
    }
    return figures(metric, rows, whole, dimension)


def _period(days: Days, zone: ZoneInfo) -> Period:
    return Period(days.name, day_start_ms(days.first, 0, zone), day_start_ms(days.last, 1, zone))
