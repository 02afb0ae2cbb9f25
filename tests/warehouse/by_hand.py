"""Facts written by hand, and figures asked of them: no database, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from goodword.metrics.compose import compose, relations_of, wrappers_of, written
from goodword.metrics.definitions import METRICS, Dimension
from goodword.metrics.figure import Figure
from goodword.metrics.figures import figures
from goodword.metrics.question import Period, Question
from goodword.warehouse.duck import Duck
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Manifest

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_767_225_600_000
"""1 January 2026 in UTC: day 0."""
PROGRAM = "p"
MONTH = Period("month", START, START + 30 * DAY)
EVER = Period("ever", 0, 2**45)
Facts = Mapping[str, Sequence[Mapping[str, Any]]]


def day(number: float) -> int:
    """A moment so many days after the beginning."""
    return START + round(number * DAY)


DEFAULTS: dict[str, dict[str, Any]] = {
    "participants": {"created_ms": START, "number": 1, "fields": "{}"},
    "handles": {"program": PROGRAM, "created_ms": START},
    "claims": {"claimed_ms": START},
    "orders": {
        "total": 100_00,
        "currency": "USD",
        "refunded": 0,
        "state": "placed",
        "referral": None,
        "redemptions": "",
    },
    "referrals": {
        "program": PROGRAM,
        "version": 1,
        "code": "CODE",
        "evidence": "code",
        "status": "started",
        "moderation": "clear",
    },
    "rewards": {
        "program": PROGRAM,
        "version": 1,
        "rule": "r",
        "option": "",
        "side": "advocate",
        "participant": "ann",
        "unit": "USD",
        "amount": 10_00,
        "status": "issued",
        "granted_ms": START,
        "used": 0,
        "owed": 0,
        "discount": 0,
        "spent": 0,
        "paid": "",
    },
    "tiers": {"program": PROGRAM},
    "surveys": {"program": PROGRAM, "side": "advocate", "at_ms": START},
    "events": {"program": PROGRAM, "count": 1, "outcome": "accepted", "reason": "", "at_ms": START},
    "entries": {"at_ms": START, "unit": "USD"},
    "clicks": {"program": PROGRAM, "code": "CODE", "spool": "s", "at_ms": START},
    "rules": {
        "program": PROGRAM,
        "version": 1,
        "rule": "r",
        "option": "",
        "kind": "credit",
        "unit": "USD",
        "unit_cost": 1,
        "currency": "USD",
    },
}


def _whole(name: str, place: int, told: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what follows from what was told."""
    row = DEFAULTS[name] | told
    if name in ("orders", "referrals", "rewards", "participants", "surveys", "tiers", "events"):
        row.setdefault("id", f"{name}{place}")
    match name:
        case "orders":
            row.setdefault("counted", row["state"] == "placed")
            row.setdefault("net", row["total"] - row["refunded"] if row["state"] in ("placed", "refunded") else 0)
        case "referrals":
            row.setdefault("until_ms", row["claimed_ms"] + 30 * DAY)
        case "rewards" if row["status"] == "issued":
            row.setdefault("remaining", row["amount"] - row["used"])
        case "rewards":
            row.setdefault("remaining", 0)
        case "events" | "entries":
            row.setdefault("seq", place + 1)
            if name == "entries":
                row.setdefault("line", place)
        case "clicks":
            row.setdefault("place", place)
    return row


class Hand(Duck):
    """The engine over facts that a test wrote."""

    def __init__(self, facts: Facts | None = None) -> None:
        super().__init__(Path(), Manifest())
        self.poured: set[str] = set()
        for name, rows in (facts or {}).items():
            self.write(name, rows)

    def write(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, in which only what matters need be told."""
        whole = [_whole(name, place, row) for place, row in enumerate(rows)]
        names = dict.fromkeys(column for row in whole for column in row)
        if whole:
            self.pour(name, pa.table({column: [row.get(column) for row in whole] for column in names}))

    def clear(self) -> None:
        """Let go of all facts, and of what was asked of them."""
        self.forget()
        for name in self.poured:
            self._connection.execute(f"DELETE FROM {name}")
        self.poured.clear()

    def pour(self, name: str, table: Any) -> None:
        """Add whole rows, as a table of Arrow."""
        self.poured.add(name)
        unknown = set(table.column_names) - set(FACTS[name].columns)
        assert not unknown, f"{name} has no {unknown}"
        self._connection.register("poured", table)
        self._connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM poured")
        self._connection.unregister("poured")

    def ask(self, metric: str, question: Question, dimension: Dimension | None = None) -> list[Figure]:
        """The figures of a metric."""
        definition = METRICS[metric]
        for name in relations_of(definition, dimension):
            self.keep(name, question)
        rows = {
            wrapper: self.rows(written(compose(definition, question, wrapper, dimension, self.made)))
            for wrapper in wrappers_of(definition)
        }
        return figures(definition, rows, question, dimension)


def question(*periods: Period, as_of_ms: int = day(400), currency: str = "USD", margin: int = 500_000) -> Question:
    """What is asked unless a case says otherwise: of a program that keeps half of an order, long after all happened."""
    return Question(PROGRAM, as_of_ms, currency, margin, periods or (MONTH,))


@cache
def _hand() -> Hand:
    return Hand()


def told(metric: str, facts: Facts, *periods: Period, dimension: Dimension | None = None, **asked: Any) -> list[Figure]:
    """The figures of a metric over facts."""
    hand = _hand()
    hand.clear()
    for name, rows in facts.items():
        hand.write(name, rows)
    return hand.ask(metric, question(*periods, **asked), dimension)


def one(metric: str, facts: Facts, **asked: Any) -> Figure:
    """The only figure of a metric over facts."""
    (figure,) = told(metric, facts, **asked)
    return figure
