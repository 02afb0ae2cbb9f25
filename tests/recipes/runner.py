"""The case runner: plays the cases of the recipes in memory, where every collection can be looked into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from demo.cases import KEYRING, Case
from demo.cast import Cast, ContestSeen, Happened, PayoutSeen, ReferralRow, RewardRow
from goodword.engine import events as ev
from goodword.engine.events import Due, Sealed, SourceEvent
from goodword.engine.state import BALANCES, CONTESTS, PAYOUTS, REFERRALS, REWARDS, TIERS, State
from goodword.pipeline.intake import seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import visits_so_far
from goodword.pipeline.vault import open_code
from goodword.program.loader import Program
from goodword.program.quantity import Quantity

BOOKS = ("redeemed", "expired", "reversed")


@dataclass
class Played:
    """What became of a case: the events as they were told, and every answer in its order."""

    sealed: list[Sealed] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    state: State = field(default_factory=State)

    def balances(self, participant: str) -> dict[str, Any]:
        """What stands on somebody's balance, by unit."""
        rows = self.state.rows[BALANCES.name].items()
        prefix = f"balance:{participant}|"
        return {key.removeprefix(prefix): amount for key, amount in rows if key.startswith(prefix) and amount}


def play(case: Case, program: Program) -> Played:
    """Play a case in memory.

    Raises:
        CaseFailed: anything differs from what the case states.
    """
    player = Player(case, program)
    player.play()
    player.played.state = player.tenant.rows
    return player.played


class Player(Cast):
    """Plays one case in a tenant of its own, in memory."""

    def __init__(self, case: Case, program: Program, own: str = "") -> None:
        super().__init__(case, program.name, KEYRING, own)
        self.tenant = MemoryTenant(KEYRING)
        self.tenant.publish(program)
        self.played = Played()

    def decide(self, event: SourceEvent | ev.Visits, at_ms: int) -> Iterator[Happened]:
        """Have an event decided in memory."""
        if isinstance(event, ev.Visits):
            sealed = visits_so_far(event.program, event.code, event.day, event.count, at_ms)
        else:
            sealed = seal(event, KEYRING, 2**52, history=True)
        self.played.sealed.append(sealed)
        self.tenant.decide([sealed])
        for outcome in self.tenant.outcomes:
            if outcome.parked:
                self.fail(f"could not be decided: {outcome.parked[0].error}")
            for _, decision, answer in outcome.decisions:
                told = decision.sealed.event
                self.played.answers.append((told.id, answer))
                due = (told.kind, told.reference) if isinstance(told, Due) else None
                yield Happened(decision.answer, decision.sealed.occurred_ms, due)

    def _rows(self, collection: Any) -> list[Any]:
        return [row for row in self.tenant.rows.rows[collection.name].values() if row is not None]

    def referrals(self) -> list[ReferralRow]:
        """The oldest first."""
        return sorted(self._rows(REFERRALS), key=lambda row: row.claimed_ms)

    def rewards(self) -> list[RewardRow]:
        """In the order of their grant."""
        return sorted(self._rows(REWARDS), key=lambda row: (row.granted_ms, row.occurrence))

    def payouts(self) -> list[PayoutSeen]:
        """The oldest first."""
        return sorted(self._rows(PAYOUTS), key=lambda row: row.created_ms)

    def contests(self) -> list[ContestSeen]:
        """The contests of the program."""
        return self._rows(CONTESTS)

    def member_of(self, row: Any) -> str | None:
        """The member for whom the owner of a group got a reward."""
        return row.subject.partition("|")[2] or None

    def rule_of_sweep(self, id: str) -> str:
        """The reward that a sweep gives."""
        rule: str = self.tenant.rows.rows["sweeps"][id].rule
        return rule

    def own_code(self, row: Any) -> str | None:
        """The code of the shop's own system that goes with a reward."""
        return open_code(KEYRING, row.own_code) if row.own_code else None

    def ends(self) -> dict[str, dict[str, str]]:
        """All there is, the books and the tiers as well."""
        balances: dict[str, list[str]] = {}
        budgets: dict[str, list[str]] = {}
        books: dict[str, list[str]] = {}
        for key, amount in sorted(self.tenant.rows.rows[BALANCES.name].items()):
            account, _, unit = key.rpartition("|")
            kind, _, owner = account.partition(":")
            if kind == "balance" and amount:
                whose = self.names[owner.partition(":")[0]]  # what a program collects for somebody is his as well
                balances.setdefault(whose, []).append(str(Quantity(amount, unit)))
            elif kind == "budget" and amount and not owner.endswith(":funding"):
                name, _, part = owner.split(":", 1)[1].rpartition(":")
                budgets.setdefault(name, []).append(f"{Quantity(amount, unit)} {part}")
            elif kind in BOOKS and amount:
                books.setdefault(kind, []).append(str(Quantity(amount, unit)))
        return self.ends_of_rows() | {
            "balances": {name: ", ".join(units) for name, units in balances.items()},
            "budgets": {name: ", ".join(parts) for name, parts in budgets.items()},
            "books": {name: ", ".join(units) for name, units in books.items()},
            "tiers": {self.names[row.participant]: row.tier for row in self._rows(TIERS) if row.tier},
        }
