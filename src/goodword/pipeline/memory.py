"""A tenant in memory: the same decisions without a database. A replay, a rehearsal and the case files run on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import DUES, PROGRAMS, DueRow, ProgramRow, State
from goodword.pipeline.process import Outcome, publication, run_batch
from goodword.program.loader import Program

BATCH_MAX = 256


class MemoryTenant:
    """Everything a tenant is, in memory."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._state = State(complete=True)
        self._versions: dict[tuple[str, int], Program] = {}
        self._known: dict[str, tuple[str, str]] = {}
        self._calendar: list[tuple[int, str]] = []
        """A heap of dates by (time, id); one that was taken back or set anew stays in it until it is met."""
        self.outcomes: list[Outcome] = []
        """What the last call of `decide` went through, batch by batch."""

    def publish(self, program: Program, clock_ms: int | None = None) -> Outcome:
        """Bring a program into force: now, or at a time that is told."""
        self.keep(program)
        self.decide([publication(program, self._state.tenant.clock_ms if clock_ms is None else clock_ms)])
        return self.outcomes[0]

    def keep(self, program: Program) -> None:
        """Keep a version that is to come into force at a date."""
        self._versions[program.name, program.version] = program

    def decide(self, events: Iterable[Sealed]) -> dict[str, bytes]:
        """Decide events, in batches; their answers by id. Ids told before with other content have none."""
        answers: dict[str, bytes] = {}
        self.outcomes = []
        rest = list(events)
        while rest:
            outcome = run_batch(self, self.keyring, rest[:BATCH_MAX])
            self.outcomes.append(outcome)
            self.note(outcome)
            answers |= outcome.answers
            self._remember(outcome)
            rest = outcome.rest + rest[BATCH_MAX:]
        return answers

    def note(self, outcome: Outcome) -> None:
        """Keep the calendar after a batch."""
        rows = self._state.rows[DUES.name]
        changed: dict[str, DueRow | None] = {}
        for _, decision, _ in outcome.decisions:
            changed.update(decision.draft.changes.get(DUES.name, {}))
        for id, row in (changed | outcome.postponed).items():
            if row is not None:
                heappush(self._calendar, (row.due_ms, id))
            elif rows.get(id) is None:
                rows.pop(id, None)

    def _remember(self, outcome: Outcome) -> None:
        for _, decision, answer in outcome.decisions:
            if decision.sealed.event.id in self._known:
                raise AssertionError(f"{decision.sealed.event.id} was decided twice")
            self._known[decision.sealed.event.id] = (decision.sealed.content, answer.decode())

    @property
    def rows(self) -> State:
        """The books."""
        return self._state

    def versions(self) -> Iterable[Program]:
        """Every version that was published."""
        return self._versions.values()

    def state(self) -> State:
        return self._state

    def known(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        return {id: self._known[id] for id in ids if id in self._known}

    def dues(self, until_ms: int, limit: int) -> list[DueRow]:
        rows: dict[str, DueRow | None] = self._state.rows[DUES.name]
        found: dict[str, DueRow] = {}
        while self._calendar and self._calendar[0][0] <= until_ms and len(found) < limit:
            due_ms, id = heappop(self._calendar)
            row = rows.get(id)
            if row is not None and row.due_ms == due_ms:
                found[id] = row
        # They stay on the calendar until they are decided.
        for id, row in found.items():
            heappush(self._calendar, (row.due_ms, id))
        return list(found.values())

    def program_rows(self) -> Mapping[str, ProgramRow]:
        return self._state.rows[PROGRAMS.name]

    def programs(self, wanted: set[tuple[str, int]]) -> Mapping[tuple[str, int], Program]:
        """All of them: in memory every version is at hand."""
        return self._versions

    def load(self, state: State, wants: Mapping[str, set[str]]) -> None:
        """Everything is there already."""
