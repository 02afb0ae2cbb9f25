"""A file of events, decided in its order: what an import and a replay have in common.

Each line stands for itself: one that cannot be accepted does not stop the others. No batch holds an id twice, so that it is
known of every line, not only of every id, what became of it. Lines are settled in their order, and with each transaction it
is known up to which one: an import that is interrupted goes on from there (`resume.py`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

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

LINES_MAX = 4000
"""How many lines wait at most to be settled together, however few of them are events."""
CONFLICT = "the same id was told before with other content"
PARKED = "it could not be decided, which is a fault of Goodword"

_BOM = b"\xef\xbb\xbf"


class Place(NamedTuple):
    """A place between two lines of a file."""

    lines: int = 0
    """How many lines lie before it."""
    position: int = 0
    """How many bytes."""
    mark: bytes = b""
    """The hash of all that lies before it, line by line: each over the one before and the line."""


class Line(NamedTuple):
    """A line, and the place behind it. Of a line that is too long there is only so much that this is noticed."""

    raw: bytes
    end: Place


Settle = Callable[[Connection | None, Outcome], None]
Decide = Callable[[Sequence[Sealed], Settle], None]
"""Decides events to the last one. What became of them is settled with each transaction, inside of it."""


def read_lines(stream: BinaryIO, begin: Place = Place()) -> Iterator[Line]:  # noqa: B008 - a place does not change
    """The lines of a stream that stands at the place where it begins."""
    lines, position, mark = begin
    while raw := stream.readline(EVENT_BYTES_MAX + 2):
        lines += 1
        position += len(raw)
        mark = chained(mark, raw)
        rest = raw
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(EVENT_BYTES_MAX)
            position += len(rest)
            mark = chained(mark, rest) if rest else mark
        yield Line(raw.removeprefix(_BOM) if lines == 1 else raw, Place(lines, position, mark))


def chained(mark: bytes, raw: bytes) -> bytes:
    """The mark behind some bytes."""
    return hashlib.sha256(mark + raw).digest()


def in_database(tenants: Tenants, tenant: str) -> Decide:
    """Decide in the database, in as many transactions as it takes."""

    def decide(events: Sequence[Sealed], settle: Settle) -> None:
        rest = list(events)
        while rest:
            rest = tenants.decide(tenant, rest, also=settle).rest

    return decide


def in_memory(tenant: MemoryTenant) -> Decide:
    """Decide in memory."""

    def decide(events: Sequence[Sealed], settle: Settle) -> None:
        tenant.decide(events)
        whole = Outcome()
        for outcome in tenant.outcomes:
            whole.answers |= outcome.answers
            whole.conflicts |= outcome.conflicts
            whole.decisions += outcome.decisions
        settle(None, whole)

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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A line that was read and is not settled yet: an event, or what is wrong with it."""

    end: Place
    sealed: Sealed | None = None
    problem: LineProblem | None = None


class Feed:
    """One file on its way: lines in, answers out, and a tally of what became of the lines."""

    def __init__(
        self,
        decide: Decide,
        keyring: Keyring,
        now_ms: Callable[[], int],
        *,
        history: bool,
        batch_max: int,
        answered: Callable[[bytes], object] = lambda _: None,
        settled: Callable[[Connection, Place, Tally], None] = lambda *_: None,
        begin: Place = Place(),  # noqa: B008 - a place does not change
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._decide = decide
        self._keyring = keyring
        self._now_ms = now_ms
        self._history = history
        self._batch_max = batch_max
        self._answered = answered
        self._settled = settled
        self._place = begin
        self._waiting: list[_Waiting] = []
        self._batch: dict[str, Sealed] = {}

    def run(self, lines: Iterable[Line]) -> None:
        """Decide all lines. Answers go out as their owner sees them, in the order of the lines; a line without is tallied.

        An answer goes out inside the transaction that stores it, before its commit: whoever writes answers down and is
        interrupted may have too many of them, never too few.
        """
        for raw, end in lines:
            waiting = self._read(raw.strip(), end)
            if waiting is None:
                continue
            sealed = waiting.sealed
            full = len(self._batch) == self._batch_max or len(self._waiting) == LINES_MAX
            if full or (sealed is not None and sealed.event.id in self._batch):
                self._flush()
            self._waiting.append(waiting)
            if sealed is not None:
                self._batch[sealed.event.id] = sealed
        self._flush()

    def _read(self, raw: bytes, end: Place) -> _Waiting | None:
        if not raw:
            return None
        try:
            return _Waiting(end, sealed=seal(decode_event(raw), self._keyring, self._now_ms(), self._history))
        except InvalidEvent as error:
            return _Waiting(end, problem=LineProblem(end.lines, error.reason, error.field, error.event))

    def _flush(self) -> None:
        batch, self._batch = self._batch, {}
        answers: dict[str, bytes] = {}
        conflicts: set[str] = set()
        fresh: set[str] = set()

        def settle(connection: Connection | None, outcome: Outcome) -> None:
            answers.update(outcome.answers)
            conflicts.update(outcome.conflicts)
            fresh.update(decision.sealed.event.id for _, decision, _ in outcome.decisions)
            for one in self._done({sealed.event.id for sealed in outcome.rest}):
                self._place = one.end
                self._count(one, answers, conflicts, fresh)
            if connection is not None:
                self._settled(connection, self._place, self.tally)

        if batch:
            self._decide(list(batch.values()), settle)
        else:
            settle(None, Outcome())

    def _done(self, rest: set[str]) -> list[_Waiting]:
        """The lines before the first one that is still to be decided; they wait no more."""
        count = next(
            (place for place, one in enumerate(self._waiting) if one.sealed and one.sealed.event.id in rest),
            len(self._waiting),
        )
        done, self._waiting = self._waiting[:count], self._waiting[count:]
        return done

    def _count(self, one: _Waiting, answers: dict[str, bytes], conflicts: set[str], fresh: set[str]) -> None:
        self.tally.events += 1
        if one.sealed is None:
            self.tally.invalid += 1
            if one.problem is not None:
                self.tally.note(one.problem)
            return
        id = one.sealed.event.id
        if id in answers:
            if id in fresh:
                self.tally.outcomes[_OUTCOME.decode(answers[id]).outcome] += 1
            else:
                self.tally.repeated += 1
            self._answered(shown(answers[id], self._keyring))
        elif id in conflicts:
            self.tally.conflicts += 1
            self.tally.note(LineProblem(one.end.lines, CONFLICT, "id", id))
        else:
            self.tally.parked += 1
            self.tally.note(LineProblem(one.end.lines, PARKED, "", id))


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
