"""The seven lines: lock, load, decide, evolve, store; one transaction per batch.

A batch belongs to one tenant. Before each event, everything that fell due up to its clock is decided, as events of their
own. A batch may end early: when a decision needs something that an earlier event of the batch brought about, when many
dates have come at once. What is left opens the next batch.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Protocol

import msgspec
import structlog
from msgspec.structs import replace

from goodword.engine.decide import Decision, decide, evolve
from goodword.engine.events import Due, ProgramAction, Published, Scheduled, Sealed, Visits
from goodword.engine.ids import Keyring
from goodword.engine.needs import ROUNDS, Batch, needs
from goodword.engine.reasons import Answer, RewardNow
from goodword.engine.state import (
    COLLECTIONS,
    CONTESTS,
    DUES,
    PROGRAMS,
    REFERRALS,
    REWARDS,
    SWEEPS,
    DueRow,
    NotLoaded,
    ProgramRow,
    State,
)
from goodword.engine.turn import Programs
from goodword.engine.visits import noon_ms
from goodword.pipeline.vault import open_code
from goodword.program.duration import from_ms
from goodword.program.loader import Program, load_program

DUES_MAX = 500
"""How many dates one batch decides."""
SWITCH = "publish"
"""The kind of date that brings another version into force."""
POSTPONE_MS = 3_600_000
"""How much later a date comes back whose decision failed unexpectedly."""
STORED = frozenset(collection.name for collection in COLLECTIONS if collection.stored)

log = structlog.get_logger("goodword.process")
_ANSWER = msgspec.json.Encoder()


class ProgramCache:
    """Parsed program versions; they never change once published. Shared by all threads of a process."""

    def __init__(self) -> None:
        self._programs: dict[tuple[str, str, int], Program] = {}
        self._lock = threading.Lock()

    def get(self, tenant: str, name: str, version: int, text: str) -> Program:
        """The program of a version. A text that no longer parses stops loudly."""
        with self._lock:
            key = (tenant, name, version)
            if key not in self._programs:
                self._programs[key] = load_program(text, version)
            return self._programs[key]

    def known(self, tenant: str, name: str, version: int) -> Program | None:
        """The program of a version, if it was parsed before."""
        return self._programs.get((tenant, name, version))

    def forget(self, tenant: str, name: str) -> None:
        """Forget a program, whose version was perhaps not stored after all; it is read again when it is needed."""
        with self._lock:
            for key in [key for key in self._programs if key[:2] == (tenant, name)]:
                del self._programs[key]


@dataclass(frozen=True, slots=True)
class Parked:
    """An event whose decision failed unexpectedly: it is kept aside, and the same id decides it again."""

    sealed: Sealed
    error: str


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    answers: dict[str, bytes] = field(default_factory=dict)
    """Stored answers by event id, as JSON; repeated events get their first answer."""
    conflicts: set[str] = field(default_factory=set)
    """Ids that were told before with other content."""
    parked: list[Parked] = field(default_factory=list)
    rest: list[Sealed] = field(default_factory=list)
    """Events that open the next batch."""
    decisions: list[tuple[int, Decision, bytes]] = field(default_factory=list)
    more_due: bool = False
    postponed: dict[str, DueRow] = field(default_factory=dict)
    """Dates whose decision failed: they come back later, so that they do not stand in the way of the others."""


class Backing(Protocol):
    """Where state comes from: a database in a transaction, or memory."""

    def known(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        """Events decided before: content and answer."""

    def dues(self, until_ms: int, limit: int) -> list[DueRow]:
        """What falls due."""

    def state(self) -> State:
        """The state to load into."""

    def program_rows(self) -> Mapping[str, ProgramRow]:
        """Where each program of the tenant stands."""

    def programs(self, wanted: set[tuple[str, int]]) -> Mapping[tuple[str, int], Program]:
        """Program versions."""

    def load(self, state: State, wants: Mapping[str, set[str]]) -> None:
        """Load keys."""


def due_event(row: DueRow, seq: int) -> Sealed:
    """The event in which a due row is decided: its clock is its own time. A date that is set again gets an id of its own."""
    event = Due(
        id=f"due:{row.id}:{row.due_ms}:{seq}", occurred_at=from_ms(row.due_ms), kind=row.kind, reference=row.reference
    )
    return Sealed(event, row.due_ms, row.due_ms, content="")


def run_batch(backing: Backing, keyring: Keyring, events: Sequence[Sealed], until_ms: int | None = None) -> Outcome:
    """Decide a batch against a backing. Nothing is stored here; the caller stores the outcome's decisions.

    With `until_ms`, everything due up to that time is decided as well (the scheduler).
    """
    return _Run(backing, keyring, events, until_ms).run()


class _Run:
    """One batch on its way."""

    def __init__(self, backing: Backing, keyring: Keyring, events: Sequence[Sealed], until_ms: int | None) -> None:
        self.backing = backing
        self.keyring = keyring
        self.outcome = Outcome()
        self.state = backing.state()
        self.events = self._fresh(events)
        clocks = [self.state.tenant.clock_ms, *(event.clock_ms for event in self.events)]
        self.until_ms = max([*clocks, until_ms] if until_ms is not None else clocks)
        self.scheduled_ms = until_ms
        self.dues = {row.id: row for row in backing.dues(self.until_ms, DUES_MAX)}
        self.order = [(row.due_ms, row.id) for row in self.dues.values()]
        heapify(self.order)
        self.full = len(self.dues) == DUES_MAX
        self.switch = self._first_switch()
        self.last_loaded = max(((row.due_ms, row.id) for row in self.dues.values()), default=(0, ""))
        self.programs = self._load()

    def _fresh(self, events: Sequence[Sealed]) -> list[Sealed]:
        """The events that were not told before, each once."""
        known = self.backing.known([event.event.id for event in events])
        fresh: dict[str, Sealed] = {}
        for sealed in events:
            id = sealed.event.id
            if id in known:
                content, answer = known[id]
                if content == sealed.content:
                    self.outcome.answers[id] = answer.encode()
                else:
                    self.outcome.conflicts.add(id)
            elif id in fresh:
                if fresh[id].content != sealed.content:
                    self.outcome.conflicts.add(id)
            else:
                fresh[id] = sealed
        return list(fresh.values())

    def _first_switch(self) -> DueRow | None:
        """The date that the batch begins with, if it brings another version into force.

        What a batch looks at depends on the versions in force: there is one set of them for the whole batch. Such a date
        ends the batch before it, and the next one begins with it.
        """
        if not self.order:
            return None
        first = self.dues[self.order[0][1]]
        begins_ms = self.events[0].clock_ms if self.events else self.until_ms
        return first if first.kind == SWITCH and first.due_ms <= max(begins_ms, self.state.tenant.clock_ms) else None

    def _in_force(self) -> dict[str, int]:
        """The version of each program that is in force for this batch."""
        rows = self.backing.program_rows()
        self.state.rows[PROGRAMS.name].update(rows)
        live = {name: row.version for name, row in rows.items() if row.version}
        if self.switch is not None:
            live[self.switch.reference] = rows[self.switch.reference].planned
        for event in (sealed.event for sealed in self.events):
            if isinstance(event, Published):
                live[event.program] = event.version
        return live

    def _load(self) -> Programs:
        live = self._in_force()
        versions: dict[tuple[str, int], Program] = dict(self.backing.programs(set(live.items())))
        # Those that win an order over others come first.
        live = dict(sorted(live.items(), key=lambda item: (-versions[item].model.priority, item[0])))
        if self.state.complete:
            return Programs(live, versions)
        wanted = Batch([*self.events, *(due_event(row, 0) for row in self.dues.values())], self.keyring)
        for number in range(1, ROUNDS + 1):
            self.backing.load(self.state, needs(number, Programs(live, versions), wanted, self.state))
            pinned = {
                (row.program, row.version)
                for name in (REFERRALS.name, REWARDS.name, CONTESTS.name, SWEEPS.name)
                for row in self.state.rows[name].values()
                if row is not None and row.version
            }
            if missing := pinned - versions.keys():
                versions.update(self.backing.programs(missing))
        return Programs(live, versions)

    def run(self) -> Outcome:
        events = self.events
        for index, sealed in enumerate(events):
            clock_ms = max(sealed.clock_ms, self.state.tenant.clock_ms)
            if not self._decide_dues(clock_ms) or not self._decide(replace(sealed, clock_ms=clock_ms)):
                self.outcome.rest = events[index:]
                return self.outcome
        self.outcome.more_due = not self._decide_dues(max(self.scheduled_ms or 0, self.state.tenant.clock_ms))
        return self.outcome

    def _decide_dues(self, clock_ms: int) -> bool:
        """Decide what is due by a time; False where the batch has to end."""
        while (row := self._next_due(clock_ms)) is not None:
            switches = row.kind == SWITCH
            if switches and row is not self.switch:
                return False
            if not self._decide(due_event(row, self.state.tenant.seq + 1)):
                return False
            if switches and self.outcome.parked:
                return False  # the version did not come into force: what follows is decided by the other one
        # Later than all that was loaded, more may stand in the database; before that, nothing is missing.
        return not self.full or clock_ms < self.last_loaded[0]

    def _next_due(self, clock_ms: int) -> DueRow | None:
        while self.order and self.order[0][0] <= clock_ms:
            due_ms, id = self.order[0]
            row = self.dues.get(id)
            if row is None or row.due_ms != due_ms:
                heappop(self.order)  # it was decided, taken back or set to another time
            elif self.full and (due_ms, id) > self.last_loaded:
                # More may stand in the database than was loaded: it comes before what this batch asked for.
                return None
            else:
                return row
        return None

    def _decide(self, sealed: Sealed) -> bool:
        """Decide one event and fold it in; False where it has to open the next batch."""
        try:
            decision = decide(self.programs, self.state, sealed, self.keyring)
        except NotLoaded:
            if not self.outcome.decisions and not self.outcome.parked:
                raise
            return False
        except Exception as error:
            # One event that nobody foresaw must not stop the others; its text may hold personal data, so only the kind.
            log.exception("event_parked", event_type=type(sealed.event).__name__)
            self.outcome.parked.append(Parked(sealed, type(error).__name__))
            if isinstance(sealed.event, Due):
                self._postpone(sealed.event)
            return True
        self._fold(decision)
        answer = _ANSWER.encode(decision.answer)
        self.outcome.decisions.append((self.state.tenant.seq, decision, answer))
        if not isinstance(sealed.event, Due):
            self.outcome.answers[sealed.event.id] = answer
        return True

    def _fold(self, decision: Decision) -> None:
        evolve(self.state, decision)
        for id, row in decision.draft.changes.get(DUES.name, {}).items():
            self.outcome.postponed.pop(id, None)
            if row is not None and row.due_ms <= self.until_ms:
                self.dues[id] = row
                heappush(self.order, (row.due_ms, id))
            else:
                self.dues.pop(id, None)  # taken back, or set to a time that this batch does not reach

    def _postpone(self, event: Due) -> None:
        row = self.dues.pop(f"{event.kind}:{event.reference}")
        later = replace(row, due_ms=max(self.until_ms, row.due_ms) + POSTPONE_MS)
        self.state.rows[DUES.name][row.id] = self.outcome.postponed[row.id] = later


def shown(answer_json: bytes, keyring: Keyring | None) -> bytes:
    """An answer as its owner sees it: with the codes of rewards that can be used; to who may not see them, without."""
    if b'"status":"issued"' not in answer_json:
        return answer_json
    if keyring is None and b'"code":"' not in answer_json:
        return answer_json
    answer = msgspec.json.decode(answer_json, type=Answer)
    rewards = tuple(replace(reward, code=_code(reward, keyring)) for reward in answer.rewards)
    return _ANSWER.encode(replace(answer, rewards=rewards))


def _code(reward: RewardNow, keyring: Keyring | None) -> str | None:
    if keyring is None or reward.status != "issued":
        return None
    return keyring.reward_code(reward.id) if reward.code is None else open_code(keyring, reward.code)


def publication(program: Program, clock_ms: int, why: str = "") -> Sealed:
    """The event with which a version comes into force; `why`, where that takes something away without notice."""
    event = Published(
        id=f"published:{program.name}:{program.version}",
        occurred_at=from_ms(clock_ms),
        program=program.name,
        version=program.version,
        why=why,
    )
    return Sealed(event, clock_ms, clock_ms, content=program.digest)


def withdrawal(program: str, clock_ms: int, seq: int) -> Sealed:
    """The event with which what is planned for a program is withdrawn, as its file in force was published again."""
    event = ProgramAction(
        id=f"withdrawn:{program}:{seq}", occurred_at=from_ms(clock_ms), program=program, action="withdraw"
    )
    return Sealed(event, clock_ms, clock_ms, content=program)


def plan(program: Program, at_ms: int, clock_ms: int, seq: int, why: str = "") -> Sealed:
    """The event with which a version is planned for a date; it may be planned again and again, so `seq` is in its id."""
    event = Scheduled(
        id=f"scheduled:{program.name}:{program.version}:{seq}",
        occurred_at=from_ms(clock_ms),
        program=program.name,
        version=program.version,
        at=from_ms(at_ms),
        why=why,
    )
    return Sealed(event, clock_ms, clock_ms, content=program.digest)


def visits_so_far(program: str, code: str, day: int, count: int, now_ms: int) -> Sealed:
    """The event with which the visits of a day are told: the same number of them is the same event."""
    event = Visits(
        id=f"visits:{code}:{day}:{count}",
        occurred_at=from_ms(noon_ms(day)),
        program=program,
        code=code,
        day=day,
        count=count,
    )
    return Sealed(event, noon_ms(day), now_ms, content=program)
