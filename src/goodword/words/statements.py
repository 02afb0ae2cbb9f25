"""A partner's statement in words: what stood on the account, what came and went, what was paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from goodword.program.duration import local_date
from goodword.program.quantity import Quantity
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, isolate

Sum = Literal["opening", "earned", "taken_back", "paid_out", "returned", "closing"]
SUMS: tuple[Sum, ...] = ("opening", "earned", "taken_back", "paid_out", "returned", "closing")
"""What a statement adds up, in the order in which it is read."""
COLUMNS = ("date", "what", "order", "amount", "balance")


@dataclass(frozen=True, slots=True)
class StatementWords:
    """Says statements in one unit, one calendar and one language."""

    unit: str
    zone: ZoneInfo
    language: str

    def title(self, program: str, starts_ms: int, ends_ms: int) -> str:
        """Which program and which days; the last day is the one before the end."""
        first, last = (self._day(moment) for moment in (starts_ms, ends_ms - 1))
        named = isolate(program, self.language)
        return catalogue(self.language).text("statement.title", {"program": named, "first": first, "last": last})

    def sum(self, name: Sum, value: int) -> tuple[str, str]:
        """A sum with its name; what left the account is written below zero."""
        shown = -value if name in ("taken_back", "paid_out") else value
        return catalogue(self.language).text(f"statement.{name}"), self.amount(shown)

    def columns(self) -> list[str]:
        """The heads of the columns of movements."""
        return [catalogue(self.language).text(f"statement.column.{name}") for name in COLUMNS]

    def movement(self, clock_ms: int, kind: str, order: str | None, moved: int, balance: int) -> list[str]:
        """One movement, column by column."""
        what = catalogue(self.language).text(f"statement.{kind}")
        shown = isolate(order, self.language) if order else ""
        return [self._day(clock_ms), what, shown, self.amount(moved), self.amount(balance)]

    def text(self, key: str, **given: str) -> str:
        """Any other text of a statement."""
        return catalogue(self.language).text(f"statement.{key}", given)

    def amount(self, value: int) -> str:
        """An amount in the statement's unit."""
        return amount(Quantity(value, self.unit), self.language)

    def _day(self, moment_ms: int) -> str:
        return calendar_day(local_date(moment_ms, self.zone), self.language)
