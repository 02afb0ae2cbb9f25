"""Money over time: what a program promised, took back, saw used and let go, month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from goodword.engine.state import Entry
from goodword.program.duration import period_ends_ms, period_key
from goodword.program.loader import Program
from goodword.rehearsal.report import Flow, Month, UnitTotal

ACCOUNTS = {"cost", "redeemed", "expired", "reversed", "paid"}
"""The accounts that say what happened to rewards; all others are in between."""
BEFORE = ""
"""The month of all that lies before the time that is asked about."""


def prices(programs: Iterable[Program]) -> dict[str, int]:
    """What one of each unit costs: money itself, and what the files say. The first that says so counts."""
    found: dict[str, int] = {}
    for program in programs:
        found.setdefault(program.model.currency, 1)
        for rule in program.model.rewards.values():
            for benefit in rule.benefits.values():
                if benefit.unit_cost is not None:
                    found.setdefault(benefit.unit, benefit.unit_cost.amount)
    return found


@dataclass(slots=True)
class Calendar:
    """Which month a moment is in. Moments come in their order, so that hardly any is looked up."""

    zone: ZoneInfo
    since_ms: int | None
    _month: str = BEFORE
    _ends_ms: int = 0

    def month(self, clock_ms: int) -> str:
        """The month, or nothing before the time that is asked about."""
        if self.since_ms is not None and clock_ms < self.since_ms:
            return BEFORE
        if clock_ms >= self._ends_ms:
            self._month = period_key(clock_ms, "month", self.zone)
            self._ends_ms = period_ends_ms(clock_ms, "month", self.zone)
        return self._month


@dataclass(slots=True)
class Books:
    """Sums of a program's entries, by month, account and unit."""

    program: str
    sums: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    acquired: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By month how many referrals converted, less those that were undone."""

    def post(self, month: str, entries: Iterable[Entry]) -> None:
        """Add the entries of an event."""
        for entry in entries:
            name, _, program = entry.account.partition(":")
            if program == self.program and name in ACCOUNTS:
                self.sums[month, name, entry.unit] += entry.amount

    def add(self, month: str, sums: Mapping[tuple[str, str], int]) -> None:
        """Add sums by account and unit."""
        for (name, unit), amount in sums.items():
            self.sums[month, name, unit] += amount

    def months(self, prices: Mapping[str, int]) -> list[Month]:
        """Every month that is asked about, each with what was owed when it ended."""
        named = {month for month, _, _ in self.sums} | self.acquired.keys()
        owed = self.owed_before(prices)
        found = []
        for month in sorted(named - {BEFORE}):
            flow = self.flow(month, prices)
            owed += self._owed(flow)
            found.append(Month(month, flow, flow.cost, owed))
        return found

    def owed_before(self, prices: Mapping[str, int]) -> int:
        """What was owed when the time that is asked about began."""
        return self._owed(self.flow(BEFORE, prices))

    def flow(self, month: str, prices: Mapping[str, int]) -> Flow:
        """What moved in a month, in money."""
        sums: dict[str, int] = defaultdict(int)
        for (when, name, unit), amount in self.sums.items():
            if when == month:
                sums[name] += amount * prices.get(unit, 0)
        return Flow(
            granted=-sums["cost"],
            taken_back=sums["reversed"],
            used=sums["redeemed"] + sums["paid"],
            expired=sums["expired"],
            acquired=self.acquired.get(month, 0),
        )

    def units(self, prices: Mapping[str, int]) -> Iterator[UnitTotal]:
        """What moved in each unit since the time that is asked about."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for (month, name, unit), amount in self.sums.items():
            if month != BEFORE:
                sums[name, unit] += amount
        for unit in sorted({unit for _, unit in sums}):
            yield UnitTotal(
                unit=unit,
                granted=-sums["cost", unit],
                taken_back=sums["reversed", unit],
                used=sums["redeemed", unit] + sums["paid", unit],
                expired=sums["expired", unit],
                unit_cost=prices.get(unit),
            )

    @staticmethod
    def _owed(flow: Flow) -> int:
        return flow.cost - flow.used
