"""A file of events, decided in its order: what an import and a replay have in common.

Each line stands for itself: one that cannot be accepted does not stop the others. No batch holds an id twice, so that it is
known of every line, not only of every id, what became of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec
from msgspec import Struct

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import REFERRALS, REWARDS, Referral, Reward, State
from goodword.pipeline.intake import EVENT_BYTES_MAX, InvalidEvent, decode_event, seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import Outcome, shown
from goodword.pipeline.tenant import Tenants

REPLAY_SECRET = hashlib.sha256(b"goodword replay").digest()
"""The secret of a replay where nobody has one. It is public: it derives ids and codes that nobody has given out."""
PROBLEMS_MAX = 20
"""How many problems are named one by one; all are counted."""

_BOM = b"\xef\xbb\xbf"
Line = tuple[int, bytes]
Decide = Callable[[Sequence[Sealed]], Iterable[Outcome]]


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """The lines of a stream with their numbers, from 1. Of a line that is too long only so much that this is noticed."""
    number = 0
    while raw := stream.readline(EVENT_BYTES_MAX + 2):
        number += 1
        yield number, raw.removeprefix(_BOM) if number == 1 else raw
        rest = raw
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(EVENT_BYTES_MAX)


def in_database(tenants: Tenants, tenant: str) -> Decide:
    """Decide in the database, in as many transactions as it takes."""

    def decide(events: Sequence[Sealed]) -> Iterator[Outcome]:
        rest = list(events)
        while rest:
            outcome = tenants.decide(tenant, rest)
            yield outcome
            rest = outcome.rest

    return decide


def in_memory(tenant: MemoryTenant) -> Decide:
    """Decide in memory."""

    def decide(events: Sequence[Sealed]) -> list[Outcome]:
        tenant.decide(events)
        return tenant.outcomes

    return decide


class LineProblem(Struct, frozen=True, omit_defaults=True):
    """A line that was not accepted: where, which field of it, and why."""

    line: int
    message: str
    field: str = ""
    event: str | None = None

    def __str__(self) -> str:
        return f"{self.line}: {self.field + ': ' if self.field else ''}{self.message}"


@dataclass(slots=True)
class Tally:
    """What became of the lines of a file."""

    events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """New events by the outcome of their answers."""
    repeated: int = 0
    conflicts: int = 0
    parked: int = 0
    invalid: int = 0
    problems: list[LineProblem] = field(default_factory=list)
    """The first of the conflicts, parked events and invalid lines."""

    @property
    def clean(self) -> bool:
        """Whether every line was accepted."""
        return not (self.conflicts or self.parked or self.invalid)

    def note(self, problem: LineProblem) -> None:
        """Keep a problem, as long as there are few."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)


class _OutcomeOf(Struct):
    """The one field of an answer that is counted."""

    outcome: str


_OUTCOME = msgspec.json.Decoder(_OutcomeOf)


class Feed:
    """One file on its way: lines in, answers out, and a tally of what became of the lines."""

    def __init__(
        self, decide: Decide, keyring: Keyring, now_ms: Callable[[], int], *, history: bool, batch_max: int
    ) -> None:
        self.tally = Tally()
        self._decide = decide
        self._keyring = keyring
        self._now_ms = now_ms
        self._history = history
        self._batch_max = batch_max
        self._batch: dict[str, tuple[int, Sealed]] = {}

    def answers(self, lines: Iterable[Line]) -> Iterator[bytes]:
        """The answers to the lines as their owner sees them, in the order of the lines. A line without one is tallied."""
        for number, raw in lines:
            sealed = self._seal(number, raw.strip())
            if sealed is None:
                continue
            if len(self._batch) == self._batch_max or sealed.event.id in self._batch:
                yield from self._flush()
            self._batch[sealed.event.id] = (number, sealed)
        yield from self._flush()

    def _seal(self, number: int, raw: bytes) -> Sealed | None:
        if not raw:
            return None
        self.tally.events += 1
        try:
            return seal(decode_event(raw), self._keyring, self._now_ms(), self._history)
        except InvalidEvent as error:
            self.tally.invalid += 1
            self.tally.note(LineProblem(number, error.reason, error.field, error.event))
            return None

    def _flush(self) -> Iterator[bytes]:
        batch, self._batch = self._batch, {}
        answers: dict[str, bytes] = {}
        conflicts: set[str] = set()
        fresh: set[str] = set()
        for outcome in self._decide([sealed for _, sealed in batch.values()]):
            answers |= outcome.answers
            conflicts |= outcome.conflicts
            fresh |= {decision.sealed.event.id for _, decision, _ in outcome.decisions}
        for id, (number, _) in batch.items():
            if id in answers:
                self._count(answers[id], id in fresh)
                yield shown(answers[id], self._keyring)
            else:
                self._refuse(number, id, id in conflicts)

    def _count(self, answer: bytes, fresh: bool) -> None:
        if fresh:
            self.tally.outcomes[_OUTCOME.decode(answer).outcome] += 1
        else:
            self.tally.repeated += 1

    def _refuse(self, number: int, id: str, conflict: bool) -> None:
        if conflict:
            self.tally.conflicts += 1
            self.tally.note(LineProblem(number, "the same id was told before with other content", "id", id))
        else:
            self.tally.parked += 1
            self.tally.note(LineProblem(number, "it could not be decided, which is a fault of Goodword", "", id))


class RewardTotal(Struct, frozen=True):
    """What a rule granted, as it stands at the end."""

    rule: str
    status: str
    unit: str
    count: int
    amount: int


def reward_totals(state: State) -> list[RewardTotal]:
    """Rewards by rule, status and unit."""
    counts: Counter[tuple[str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str]] = Counter()
    rewards: dict[str, Reward | None] = state.rows[REWARDS.name]
    for reward in filter(None, rewards.values()):
        key = (reward.rule, reward.status, reward.unit)
        counts[key] += 1
        amounts[key] += reward.amount
    return [RewardTotal(*key, counts[key], amounts[key]) for key in sorted(counts)]


def referral_totals(state: State) -> dict[str, int]:
    """Referrals by status."""
    referrals: dict[str, Referral | None] = state.rows[REFERRALS.name]
    return dict(sorted(Counter(referral.status for referral in filter(None, referrals.values())).items()))
