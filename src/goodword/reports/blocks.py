"""Blocks of words: what a report is put together from before a terminal or a page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows: 1 for the page, 2 for a part."""

    text: str
    level: Literal[1, 2] = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or two."""

    text: str


@dataclass(frozen=True, slots=True)
class Ranged:
    """A cell with a value and the range that it lies in: it stands below the value, so that it needs no column."""

    shown: str
    range: str

    def __str__(self) -> str:
        """Both in one line."""
        return f"{self.shown} ({self.range})"


Cell = str | Ranged


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; all columns but the first `words` ones hold numbers."""

    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart: for each label one bar of each series, by its value and as it is written."""

    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What has to be kept in mind about what stands before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """One figure: its name, what it is, a sentence that explains it, and what speaks against relying on it."""

    name: str
    value: str
    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel, and how many it is as it is written."""

    label: str
    value: int
    shown: str


@dataclass(frozen=True, slots=True)
class Funnel:
    """A chart: steps that follow each other, each a bar below the one before."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A value with the range that it lies in, and as it is written."""

    value: float
    shown: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A chart: a line over time with the ranges of its points as a band; None where nothing is known."""

    title: str
    labels: tuple[str, ...]
    points: tuple[Point | None, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Intervals:
    """A chart: for each label a bar with the range that its value lies in."""

    title: str
    rows: tuple[tuple[str, Point], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """How a figure is made: the question it answers, its formula and source, and the queries behind it."""

    name: str
    question: str
    lines: tuple[str, ...]
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """All definitions of a report, at its end: a page folds each away, a terminal leaves them out."""

    title: str
    query: str
    """What a query is called."""
    items: tuple[Definition, ...]


Block = Heading | Line | Note | Told | Grid | Bars | Funnel | Trend | Intervals | Definitions
