"""A world for journeys: programs in memory, and events told in one line each."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from goodword.engine.state import Referral, Reward
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import shown
from goodword.program.duration import DAY_MS
from goodword.program.loader import load_program
from tests.properties.worlds import KEYRING, START_MS, iso, sealed

FRIENDS = """
goodword: 1
program: friends
currency: USD
time_zone: UTC
fields:
  verified: {of: person, type: boolean}
activities: [installed, removed]
audience:
  friend: {friend.new_customer: true}
attribution: {window: 30 days}
steps:
  purchase: {event: order, where: {order.total: {at_least: 50 USD}}}
rewards:
  welcome:
    when: {step: claimed}
    to: friend
    benefit: {kind: coupon, percent_off: 25%, minimum_order: 40 USD}
    expires: 60 days
  credit:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 20 USD}
    hold: 14 days
    expires: 90 days
protection: {device: review, limits: [{signal: network, count: 1, period: day}]}
"""


class World:
    """A tenant in memory that is told things by day: 1 is the first day."""

    def __init__(self, *programs: str) -> None:
        self.tenant = MemoryTenant(KEYRING)
        self.said: dict[str, Any] = {}
        self.codes: dict[str, str] = {}
        self._number = 0
        self._versions: dict[str, int] = {}
        for text in programs or (FRIENDS,):
            self.publish(text)

    def publish(self, text: str) -> None:
        name = load_program(text.lstrip()).name
        self._versions[name] = self._versions.get(name, 0) + 1
        self.tenant.publish(load_program(text.lstrip(), self._versions[name]))

    def tell(self, day: float, type: str, who: str | None = None, history: bool = True, **body: Any) -> list[str]:
        """Tell an event; the codes of its reasons in reading order."""
        self._number += 1
        event: dict[str, Any] = {"type": type, "id": f"e{self._number}"} | body
        event["occurred_at"] = iso(START_MS + int((day - 1) * DAY_MS))
        if who is not None:
            event["person"] = {"id": who} | event.pop("person", {})
        item = sealed(event)
        if not history:
            item = type_live(item)
        answer = self.tenant.decide([item])[item.event.id]
        self.said = json.loads(shown(answer, KEYRING))
        return [reason["code"] for reason in self.said["reasons"]]

    def join(self, day: float, who: str, program: str = "friends", **body: Any) -> str:
        self.tell(day, "join", who, program=program, **body)
        self.codes[who] = self.said["advocate_code"]
        return self.codes[who]

    def rewards(self) -> list[tuple[str, str, str]]:
        rows: list[Reward] = list(self.tenant.rows.rows["rewards"].values())
        return [(r.rule, r.side, r.status) for r in rows]

    def reward(self, rule: str) -> Reward:
        rows: list[Reward] = list(self.tenant.rows.rows["rewards"].values())
        return next(r for r in reversed(rows) if r.rule == rule)

    def all_rewards(self) -> list[Reward]:
        return list(self.tenant.rows.rows["rewards"].values())

    def counter(self, prefix: str) -> int:
        rows: dict[str, int] = self.tenant.rows.rows["counters"]
        return sum(value for key, value in rows.items() if key.startswith(prefix))

    def at(self, day: float) -> int:
        return START_MS + int((day - 1) * DAY_MS)

    def history(self) -> set[str]:
        """The codes of all that the last telling said, dates that came with it included."""
        decisions = [decision for outcome in self.tenant.outcomes for _, decision, _ in outcome.decisions]
        return {reason.code for decision in decisions for reason in decision.answer.reasons}

    def referrals(self) -> list[Referral]:
        return list(self.tenant.rows.rows["referrals"].values())

    def balance(self, account: str, unit: str = "USD") -> int:
        return int(self.tenant.rows.rows["balances"].get(f"{account}|{unit}") or 0)

    def values(self, code: str) -> dict[str, Any]:
        values: dict[str, Any] = next(r["values"] for r in self.said["reasons"] if r["code"] == code)
        return values


def type_live(item: Any) -> Any:
    """The same event as a live one."""
    return replace(item, history=False)
