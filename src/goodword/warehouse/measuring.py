"""All figures of a program: the warehouse is brought up to date, and every definition asked over the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from goodword.metrics.compose import PERIODS, compose, facts_of, queries_of, relations_of, wrappers_of, written
from goodword.metrics.costs import shares
from goodword.metrics.definitions import METRICS, Dimension, Metric
from goodword.metrics.derived import Goal, Inputs, derive
from goodword.metrics.figure import ALL, Figure
from goodword.metrics.figures import figures, unknown
from goodword.metrics.periods import Days
from goodword.metrics.question import Period, Question
from goodword.program.loader import Program
from goodword.storage.costs import costs_between, in_force
from goodword.storage.database import Database
from goodword.warehouse.asked import Asked, Measured, find_program, periods_of, question, today
from goodword.warehouse.copying import Copier, CopyRaced
from goodword.warehouse.engine import Engine
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Folder, Manifest
from goodword.warehouse.opening import engine_for

KEPT_ROWS_MAX = 20_000_000
"""Up to how many rows facts are read once for all questions; of more, each question reads the columns that it needs."""
RACES_MAX = 3
EVER_MS = 2**45
Progress = Callable[[float], None]


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
            with self._folder.reading(manifest):
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
            engine.keep_facts(
                {fact for metric, dimension in _work(asked) for fact in facts_of(metric, dimension)} & set(FACTS)
            )
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
    main, *trend = periods_of(program, [asked.period, *asked.trend])
    # The period may be a month of the trend as well: asked for twice, all that happened in it would count twice.
    periods = {one.name: one for one in (main, *trend, everything)}
    whole = question(program, manifest.as_of_ms, list(periods.values()))
    parted = question(program, manifest.as_of_ms, [main], asked.segment)
    work = _work(asked)
    engine.keep(PERIODS, whole)
    made: list[Figure] = []
    for place, (metric, dimension) in enumerate(work):
        about = whole if dimension is None else parted
        if "margin" in metric.needs and model.economics is None:
            made += unknown(metric, about) if dimension is None else []
        else:
            made += _asked(engine, metric, about, dimension)
        progress((place + 1) / len(work))
    inputs = Inputs(
        model.currency,
        margin_known=model.economics is not None,
        costs=costs,
        target=_goal(engine, program, whole) if "target_customers" in asked.metrics else None,
    )
    derived = [metric.name for metric in METRICS.values() if metric.kind == "derived" and metric in _chosen(asked)]
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
        {name: queries_of(METRICS[name], parted) for name in asked.metrics} if asked.queries else {},
    )


def _goal(engine: Engine, program: Program, whole: Question) -> Goal | None:
    """What a program aims at; where it names a day, with who came by then."""
    target = program.model.target
    if target is None or target.customers is None:
        return None
    if target.by is None:
        return Goal(target.customers)
    (last,) = periods_of(program, [Days("by", target.by, target.by)])
    until = replace(whole, periods=(Period(ALL, 0, last.end_ms),))
    (won,) = _asked(engine, METRICS["new_customers"], until, None)
    return Goal(target.customers, target.by, int(won.value or 0))


def _known(database: Database, tenant: str, asked: Asked, now_ms: int) -> _Known:
    with database.read() as connection:
        program = find_program(connection, tenant, asked.program)
        entered = costs_between(connection, tenant, program=asked.program)
        # Only costs of the business are shared over programs, for which all of them have to be read.
        spans = in_force(connection, tenant) if any(cost.program is None for cost in entered) else {}
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


def _work(asked: Asked) -> list[tuple[Metric, Dimension | None]]:
    """Each metric that has a query as a whole, and what is asked for by the dimensions that it has."""
    whole = [(metric, None) for metric in _chosen(asked) if metric.sql]
    parts = [
        (METRICS[name], dimension)
        for name in asked.metrics
        for dimension in asked.dimensions
        if dimension in METRICS[name].dimensions
    ]
    return [*whole, *parts]


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
