"""A case over HTTP: events out, answers back, and what stands on the server read through its API.

Budgets, books and tiers are not shown by the API: what is stated of them is seen in what they bring about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from demo.cases import Case, Tree, moment_ms
from demo.cast import Cast, ContestSeen, Happened, PayoutSeen, ReferralRow, RewardRow, outcome_of
from demo.client import HttpServer, Json
from goodword.engine import events as ev
from goodword.engine.events import SourceEvent
from goodword.engine.ids import Keyring
from goodword.engine.reasons import Answer
from goodword.program.duration import from_ms, to_ms
from goodword.program.loader import Program
from goodword.program.quantity import Quantity
from goodword.web.contests import ContestOut
from goodword.web.shapes import EventOut, PayoutOut, ReferralOut, RewardOut

SEEN = ("referrals", "rewards", "balances", "contests", "codes", "payouts")
"""What the API shows when a calendar ends."""
PERIODS = {"week": "%G-W%V", "month": "%Y-%m"}


class Shelf:
    """What stands on the server at one moment, for all casts that look at it then: each list is read once."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._lists: dict[str, dict[str, list[Json]]] = {}

    def rows(self, path: str, whose: str, people: Iterable[str]) -> list[Json]:
        """The rows of some people."""
        if path not in self._lists:
            found = self._lists[path] = {}
            for row in self._server.list(path):
                found.setdefault(row[whose], []).append(row)
        return [row for one in people for row in self._lists[path].get(one, ())]


class HttpCast(Cast):
    """Plays a case on a server."""

    def __init__(self, case: Case, program: Program, keyring: Keyring, server: HttpServer, own: str = "") -> None:
        super().__init__(case, program.name, keyring, own)
        self.server = server
        self.shelf: Shelf | None = None
        self.counts: Counter[str] = Counter()
        """What was decided, by the lines of the comparison."""
        self._rules = program.model.rewards
        self._payouts = program.model.payouts
        self._seq = 0
        self._place: dict[str, int] = {}
        """Referrals and rewards in the order in which answers named them first."""
        self._codes: dict[str, str] = {}
        """The codes that were shown."""
        self._sweeps: dict[str, str] = {}
        self._newcomers: dict[str, str | None] = {}
        """Whom an event brought."""
        self._known: dict[str, list[Any]] = {}
        """What was read since the last event."""

    def decide(self, event: SourceEvent | ev.Visits, at_ms: int) -> Iterator[Happened]:
        """Tell an event, and read all that was decided since the one before."""
        self.told(self.server.tell([msgspec.to_builtins(event)])[0])
        for item in self.server.list("/v1/events", after=str(self._seq)):
            stored = msgspec.convert(item, EventOut)
            self._seq = stored.seq
            if stored.type != "published":
                yield self.saw(stored)

    def wait(self, entry: Tree) -> None:
        """Have the server decide what falls due at the moment of the last event: a tenant of history waits for its own clock."""
        at_ms = moment_ms(entry["on"])
        told = ev.TimePassed(id=f"time{self.own}", occurred_at=from_ms(at_ms))
        self.queue += [happened for happened in self.decide(told, at_ms) if happened.due is not None]
        if not self.queue:
            self.fail("nothing fell due")

    def told(self, answer: Json) -> None:
        """An event was told: it has to be accepted as one, whatever is decided. What was read before is old now."""
        if "problem" in answer:
            self.fail(f"not accepted: {answer['problem']}")
        self._known.clear()

    def learn(self, entry: Tree, event: SourceEvent | ev.Visits, answer: Answer) -> None:
        """Keep what an answer tells."""
        super().learn(entry, event, answer)
        self._note(answer)

    def saw(self, stored: EventOut) -> Happened:
        """Keep what an event of the server tells of this cast."""
        self._note(stored.answer)
        due = due_of(stored)
        if due is not None and due[0] == "sweep":
            rules = (reason.rule for reason in stored.answer.reasons if reason.code == "page_decided")
            self._sweeps[due[1].partition("/")[0]] = str(next(rules, None)).removeprefix("rewards.")
        return Happened(stored.answer, to_ms(stored.occurred_at), due)

    def _note(self, answer: Answer) -> None:
        for id in [one.id for one in answer.referrals] + [one.id for one in answer.rewards]:
            self._place.setdefault(id, len(self._place))
        self._codes |= {reward.id: reward.code for reward in answer.rewards if reward.code}
        friend = next((referral.friend for referral in answer.referrals), None)
        self._newcomers[answer.event] = friend or answer.participant

    # what stands on the server ----------------------------------------------------------------------------------------

    def _rows(self, path: str, whose: str, type_: Any) -> list[Any]:
        """All rows of a list, the oldest first; beside other casts those of its own people."""
        if path not in self._known:
            if self.shelf and whose:
                rows = self.shelf.rows(path, whose, self.names)
            else:
                filters: list[dict[str, str]] = [{whose: one} for one in self.names] if self.own and whose else [{}]
                rows = [row for one in filters for row in self.server.list(path, **one)]
            self._known[path] = [msgspec.convert(row, type_) for row in reversed(rows)]
        return self._known[path]

    def referrals(self) -> Iterable[ReferralRow]:
        """The oldest first."""
        rows: list[ReferralOut] = self._rows("/v1/referrals", "advocate", ReferralOut)
        return sorted(rows, key=lambda row: (row.claimed_at, self._place.get(row.id, 0)))

    def rewards(self) -> Iterable[RewardRow]:
        """In the order of their grant."""
        rows: list[RewardOut] = self._rows("/v1/rewards", "participant", RewardOut)
        self._codes |= {row.id: row.code for row in rows if row.code}
        return sorted(rows, key=lambda row: (row.granted_at, self._place.get(row.id, 0)))

    def payouts(self) -> Iterable[PayoutSeen]:
        """The oldest first."""
        path = f"/v1/programs/{self.program}/payouts"
        rows: list[PayoutOut] = self._rows(path, "participant", PayoutOut) if self._payouts else []
        return sorted(rows, key=lambda row: row.created_at)

    def contests(self) -> Iterable[ContestSeen]:
        """The contests of the program."""
        rows: list[ContestOut] = self._rows(f"/v1/programs/{self.program}/contests", "", ContestOut)
        return rows

    def member_of(self, row: Any) -> str | None:
        """The member for whom the owner of a group got a reward."""
        return self._newcomers.get(row.event) if self._rules[row.rule].when.each else None

    def rule_of_sweep(self, id: str) -> str:
        """The reward that a sweep gives."""
        return self._sweeps[id]

    def own_code(self, row: Any) -> str | None:
        """The code of the shop's own system that was shown with a reward."""
        shown = self._codes.get(row.id)
        return None if shown == self.keyring.reward_code(row.id) else shown

    def ends(self) -> dict[str, dict[str, str]]:
        """All that the API shows."""
        balances: dict[str, str] = {}
        for participant, name in self.names.items():
            amounts = [*self._collected(participant), *self._balances(participant)]
            if told := [str(Quantity(amount, unit)) for unit, amount in amounts if amount]:
                balances[name] = ", ".join(told)
        return self.ends_of_rows() | {"balances": balances}

    def _balances(self, participant: str) -> Iterator[tuple[str, int]]:
        for item in self.server.list(f"/v1/participants/{participant}/balances"):
            yield item["unit"], item["amount"]

    def _collected(self, participant: str) -> Iterator[tuple[str, int]]:
        """What comes together until it is paid out stands on the statement of a partner."""
        if self._payouts:
            at = datetime.fromtimestamp(moment_ms(self.case.calendar[-1]["on"]) / 1000, UTC)
            period = at.strftime(PERIODS[self._payouts.every])
            path = f"/v1/programs/{self.program}/partners/{participant}/statements/{period}"
            statement = self.server.read(path)
            yield statement["unit"], statement["closing"]

    # counting ---------------------------------------------------------------------------------------------------------

    def compare(self, entry: Tree, happened: Happened) -> None:
        """Compare, and count what came out."""
        super().compare(entry, happened)
        self.count(happened)

    def count(self, happened: Happened) -> None:
        """Count what came out."""
        answer, due = happened.answer, happened.due is not None
        self.counts += _lines(
            due, answer.outcome, [one.code for one in answer.reasons], [one.status for one in answer.rewards]
        )

    def close(self) -> dict[str, dict[str, str]]:
        """Compare what there is at the end, and count it."""
        ends = super().close()
        self.count_ends(ends)
        return ends

    def count_ends(self, ends: dict[str, dict[str, str]]) -> None:
        """Count what there is at the end."""
        for part, rows in ends.items():
            self.counts += _of_end(part, rows)


def stated(case: Case) -> Counter[str]:
    """What a case states, by the lines of the comparison."""
    lines: Counter[str] = Counter()
    for entry in case.calendar:
        outcome = outcome_of(entry)
        codes = [next(iter(one)) if isinstance(one, dict) else one for one in entry.get(outcome) or ()]
        lines += _lines("due" in entry, outcome, codes, list((entry.get("rewards") or {}).values()))
    for part in SEEN:
        lines += _of_end(part, case.end.get(part) or {})
    return lines


def _lines(due: bool, outcome: str, reasons: list[str], rewards: list[str]) -> Counter[str]:
    lines = Counter(["dates that came by themselves" if due else f"events {outcome}"])
    lines.update(f"reason: {code}" for code in reasons)
    lines.update(f"rewards in answers: {told.partition(' ')[0]}" for told in rewards)
    return lines


def _of_end(part: str, rows: dict[str, str]) -> Counter[str]:
    """What there is at the end: referrals and rewards by their state, of the rest how many there are."""
    by_state = part in ("referrals", "rewards", "payouts")
    return Counter(f"{part} at the end" + (f": {told.partition(' ')[0]}" if by_state else "") for told in rows.values())


def due_of(stored: EventOut) -> tuple[str, str] | None:
    """The kind and reference of a date that came by itself: its id is ``due:KIND:REFERENCE:TIME:SEQ``."""
    if stored.type != "due":
        return None
    kind, _, reference = stored.id.removeprefix("due:").rsplit(":", 2)[0].partition(":")
    return kind, reference
