"""What a shop's file says, counted, and what of it could not be understood: by line and column, never with what stands there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

PROBLEMS_MAX = 20
"""How many problems, and how many remarks, are named one by one; all are counted."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """What could not be understood: where, and why. Never what stands there: it may be personal."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}: {self.column + ': ' if self.column else ''}{self.message}"


class Bad(Exception):
    """A row that cannot be taken: because of which field, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name
        self.reason = reason


@dataclass
class Noted:
    """Problems or remarks: the first ones, and how many there are."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0

    def note(self, problem: Problem) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < PROBLEMS_MAX:
            self.first.append(problem)


@dataclass
class Found:
    """What a file says, counted."""

    rows: int = 0
    customers: int = 0
    orders: int = 0
    refunds: int = 0
    cancelled: int = 0
    further_rows: int = 0
    """Rows of an order or customer that was begun before."""
    repeated_rows: int = 0
    """Rows that stand there twice."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Orders that are none yet, by the word of their status."""
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Every word of a status and what it was taken to mean, with the number of orders."""
    totals: Counter[str] = field(default_factory=Counter)
    """By currency what was paid and did not go back, in the smallest unit."""
    months: Counter[str] = field(default_factory=Counter)
    first_ms: int | None = None
    last_ms: int | None = None
    missing: Counter[str] = field(default_factory=Counter)
    """By field how many say nothing of it."""
    problems: Noted = field(default_factory=Noted)
    """Rows that are not taken."""
    remarks: Noted = field(default_factory=Noted)
    """Values that are left out of rows that are taken."""
    examples: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0

    def saw(self, at_ms: int, month: str) -> None:
        """A date of the file."""
        self.months[month] += 1
        self.first_ms = at_ms if self.first_ms is None else min(self.first_ms, at_ms)
        self.last_ms = at_ms if self.last_ms is None else max(self.last_ms, at_ms)
