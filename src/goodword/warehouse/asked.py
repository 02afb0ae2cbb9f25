"""What is asked for and what is answered. Whoever only asks needs no engine: the server has figures made by another process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import Connection

from goodword.metrics.definitions import METRICS, Dimension
from goodword.metrics.figure import Figure
from goodword.metrics.periods import Days
from goodword.metrics.question import Period, Question
from goodword.program.duration import day_start_ms, local_date
from goodword.program.loader import Program
from goodword.storage.load import load_program_rows
from goodword.storage.programs import program_version


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
    queries: bool = False
    """Whether the SQL of each is told as well."""


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
    queries: dict[str, tuple[str, ...]] = {}
    """By metric the SQL that was asked, where it was wished."""

    @property
    def is_under_way(self) -> bool:
        """Whether its days were not over when the facts were read: its figures still grow then."""
        return self.as_of_ms < day_start_ms(self.period.last, 1, ZoneInfo(self.time_zone))

    def find(self, metric: str, period: str | None = None, dimension: Dimension | None = None) -> list[Figure]:
        """The figures of a metric: for the period asked for unless told, and by a dimension where one is named."""
        name = self.period.name if period is None else period
        return [one for one in self.figures if (one.metric, one.period, one.dimension) == (metric, name, dimension)]


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
    zone = program.model.zone
    return [Period(one.name, day_start_ms(one.first, 0, zone), day_start_ms(one.last, 1, zone)) for one in days]


def today(program: Program, now_ms: int) -> date:
    """The day it is in a program's calendar."""
    return local_date(now_ms, program.model.zone)


def find_program(connection: Connection, tenant: str, name: str) -> Program:
    """A program in the version in force, else in its newest: that one is read and parsed, and no other.

    Raises:
        UnknownProgram: there is none.
    """
    row = load_program_rows(connection, tenant).get(name)
    if row is None:
        raise UnknownProgram(name)
    return program_version(connection, tenant, name, row.version or row.latest)
