"""What runs queries over the files of a warehouse: facts under their names, relations kept once for a question, rows out."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

from goodword.metrics.question import Question

Row = dict[str, Any]


class AnalysisUnavailable(ConnectionError):
    """The engine of the setting `analysis` cannot be used; the message says why."""


class Engine(Protocol):
    """What runs queries over the facts."""

    dialect: str
    made: set[str]
    """The relations that have a name of their own."""

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query in the engine's dialect, by column: whole numbers, floats, texts, booleans and None."""

    def keep_facts(self, names: Iterable[str]) -> None:
        """Read facts once for all questions, where that helps."""

    def keep(self, name: str, question: Question) -> None:
        """Keep a relation under its name, so that it is made once for all metrics that stand on it."""

    def forget(self) -> None:
        """Let go of the relations that were kept for a question: the next one is about something else."""

    def close(self) -> None:
        """Let go of everything."""


def plain(value: Any) -> Any:
    """A value of a row: of sums beyond 64 bits, which come as decimals without a fraction, the whole number."""
    return int(value) if isinstance(value, Decimal) else value
