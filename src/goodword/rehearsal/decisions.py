"""Decisions compared: which would have been different, in the words of their reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from goodword.engine.events import AnyEvent, Choice, Moderation, Order, PayoutAction, Review, RewardAction
from goodword.engine.reasons import Answer, Reason
from goodword.program.duration import iso
from goodword.rehearsal.report import CHANGES_MAX, NOT_APPLIED_MAX, Change, NotApplied, RanOut

RAN_OUT = ("cap_reached", "cap_partial", "budget_spent", "waiting_for_budget")
"""The reasons that say that something was not there any more."""
CONVERTED = {"referral_converted": 1, "referral_returned": -1}
KINDS_MAX = 5000
"""How many kinds of changes are told apart; what is more is counted together."""
_UNKNOWN = {"unknown_reward", "unknown_referral", "unknown_payout", "unknown_submission"}
_MARKS = tuple(f'"{code}"'.encode() for code in (*RAN_OUT, *CONVERTED))
_ANSWER = msgspec.json.Decoder(Answer)

Kind = tuple[str, tuple[str, ...], tuple[str, ...]]


class _First(Struct):
    """How often something refused, and when first."""

    count: int
    first_ms: int


@dataclass(slots=True)
class Shortages:
    """What ran out in a program, and how many it acquired."""

    program: str
    found: dict[tuple[str, str], _First] = field(default_factory=dict)

    def look(self, reasons: tuple[Reason, ...], clock_ms: int) -> int:
        """Note what ran out; what the event adds to those acquired."""
        acquired = 0
        for reason in reasons:
            if reason.program != self.program:
                continue
            acquired += CONVERTED.get(reason.code, 0)
            if reason.code in RAN_OUT:
                first = self.found.setdefault((reason.rule or "", reason.code), _First(0, clock_ms))
                first.count += 1
        return acquired

    def told(self) -> tuple[RanOut, ...]:
        """What ran out, in the order of the rules."""
        return tuple(
            RanOut(rule, code, first.count, iso(first.first_ms)) for (rule, code), first in sorted(self.found.items())
        )


def says_something(answer: bytes) -> bool:
    """Whether an answer can hold anything that is counted: most hold nothing, and need not be read."""
    for mark in _MARKS:  # noqa: SIM110 - each event of a history goes through here, and a generator takes longer than all of it
        if mark in answer:
            return True
    return False


def read_answer(answer: bytes) -> Answer:
    """A stored answer."""
    return _ANSWER.decode(answer)


@dataclass(slots=True)
class Comparison:
    """The decisions of a program on two sides."""

    program: str
    decisions: int = 0
    changed: int = 0
    _kinds: Counter[Kind] = field(default_factory=Counter)
    _examples: dict[Kind, str] = field(default_factory=dict)
    not_applied: int = 0
    _not_applied: list[NotApplied] = field(default_factory=list)

    def compare(self, event: AnyEvent, before: bytes, after: bytes, answer: Answer) -> None:
        """Compare the stored answer of an event with the new one."""
        self.decisions += 1
        if before == after:
            return
        told = read_answer(before)
        codes = _codes(told, self.program), _codes(answer, self.program)
        if codes[0] == codes[1] and _rewards(told, self.program) == _rewards(answer, self.program):
            return
        self.changed += 1
        gone, come = map(Counter, codes)
        kind = (answer.type, tuple(sorted((gone - come).elements())), tuple(sorted((come - gone).elements())))
        if kind not in self._kinds and len(self._kinds) >= KINDS_MAX:
            kind = (answer.type, (), ())
        self._kinds[kind] += 1
        self._examples.setdefault(kind, answer.event)
        self._look_for_missing(event, told, answer)

    def _look_for_missing(self, event: AnyEvent, told: Answer, answer: Answer) -> None:
        codes = {reason.code for reason in answer.reasons} - {reason.code for reason in told.reasons}
        missing = codes & _UNKNOWN or (isinstance(event, Order) and event.redeems and "code_not_valid" in codes)
        if not missing:
            return
        self.not_applied += 1
        if len(self._not_applied) < NOT_APPLIED_MAX:
            self._not_applied.append(NotApplied(event.id, answer.type, _reference(event)))

    def changes(self) -> tuple[Change, ...]:
        """The most frequent kinds of changes."""
        ordered = sorted(self._kinds.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            Change(type_, before, after, count, self._examples[type_, before, after])
            for (type_, before, after), count in ordered[:CHANGES_MAX]
        )

    def first_not_applied(self) -> tuple[NotApplied, ...]:
        """The first of the decisions that could not be applied."""
        return tuple(self._not_applied)


def _codes(answer: Answer, program: str) -> list[str]:
    return sorted([reason.code for reason in answer.reasons if reason.program in (None, program)])


def _rewards(answer: Answer, program: str) -> list[tuple[str, str, str, str, int]]:
    return sorted(_told_of(answer, program))


def _told_of(answer: Answer, program: str) -> Iterator[tuple[str, str, str, str, int]]:
    for reward in answer.rewards:
        if reward.program == program:
            yield reward.rule, reward.side, reward.status, reward.unit, reward.amount


def _reference(event: AnyEvent) -> str:
    match event:
        case RewardAction(reward=reward) | Choice(reward=reward):
            return reward
        case Review(referral=referral):
            return referral
        case PayoutAction(payout=payout):
            return payout
        case Moderation(submission=submission):
            return submission
        case Order(order=order):
            return f"order:{order}"
    return event.id
