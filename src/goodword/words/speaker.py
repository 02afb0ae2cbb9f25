"""What all parts of the terms are made with: clauses under titles, and somebody who says them in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from goodword.program.model import ProgramFile, Shared
from goodword.program.quantity import Quantity
from goodword.program.triggers import Measure
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, number, percent
from goodword.words.phrases import duration, measured, own_word

SIGNALS: Final[tuple[Shared, ...]] = get_args(Shared)


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the terms, or a few, and the key of the program file that it says."""

    key: str
    text: str
    items: tuple[str, ...] = ()
    """What it enumerates, each in a line of its own."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the terms under its title."""

    title: str
    clauses: tuple[Clause, ...]


class Speaker:
    """Says one program in one language."""

    def __init__(self, model: ProgramFile, language: str) -> None:
        self.model = model
        self.language = language
        self.texts = catalogue(language)

    def text(self, key: str, **given: str) -> str:
        """A text of the catalogue, filled in."""
        return self.texts.text(key, given)

    def count(self, value: int, unit: str) -> str:
        """So many of something."""
        return amount(Quantity(value, unit), self.language)

    def length(self, length_ms: int) -> str:
        """A length of time."""
        return duration(length_ms, self.language)

    def period(self, period: str | int) -> str:
        """ "per month", "in all"; of any days in a row, how many they are."""
        if isinstance(period, int):
            return self.text("period.rolling", length=self.count(period, "day"))
        return self.text(f"period.{period}")

    def rate(self, basis_points: int) -> str:
        """ "12.5%"."""
        return percent(basis_points, self.language)

    def counted(self, measure: Measure) -> Iterator[str]:
        """What a measure counts, and what it leaves out."""
        yield self.text(f"terms.counts.{measure.of}", what=measured(self.model, measure, self.language))
        if measure.activity in self.model.moderated:
            yield self.text("terms.moderated")
        if measure.period != "ever":
            yield self.text("terms.anew", period=self.period(measure.period))
        if measure.within is not None:
            yield self.text("terms.within.joined", within=self.length(measure.within))

    def places(self, contest: str, places: tuple[int, int]) -> str:
        """For which places of a contest a reward is granted."""
        first, last = (number(place, self.language) for place in places)
        name = own_word("contest", contest, self.language)
        if first == last:
            return self.text("terms.when.place", contest=name, place=first)
        return self.text("terms.when.places", contest=name, first=first, last=last)
