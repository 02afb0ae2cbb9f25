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
class Grid:
    """A table; all columns but the first `words` ones hold numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart: for each label one bar of each series, by its value and as it is written."""

    title: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]


Block = Heading | Line | Grid | Bars
