"""A tenant in memory: the same decisions without a database. A replay and the case files run on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import DUES, DueRow, State
from goodword.pipeline.process import Outcome, publication, run_batch
from goodword.program.loader import Program

BATCH_MAX = 256


class MemoryTenant:
    """Everything a tenant is, in memory."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._state = State(complete=True)
        self._live: dict[str, int] = {}
        self._versions: dict[tuple[str, int], Program] = {}
        self._known: dict[str, tuple[str, str]] = {}
        self.outcomes: list[Outcome] = []
        """What the last call of `decide` went through, batch by batch."""

    def publish(self, program: Program) -> None:
        """Bring a program into force."""
        self._live[program.name] = program.version
        order = sorted(
            self._live, key=lambda name: (self._versions.get((name, self._live[name]), program).model.priority, name)
        )
        self._versions[program.name, program.version] = program
        self._live = {name: self._live[name] for name in order}
        self.decide([publication(program, self._state.tenant.clock_ms)])

    def decide(self, events: Iterable[Sealed]) -> dict[str, bytes]:
        """Decide events, in batches; their answers by id. Ids told before with other content have none."""
        answers: dict[str, bytes] = {}
        self.outcomes = []
        rest = list(events)
        while rest:
            outcome = run_batch(self, self.keyring, rest[:BATCH_MAX])
            self.outcomes.append(outcome)
            answers |= outcome.answers
            for _, decision, answer in outcome.decisions:
                if decision.sealed.event.id in self._known:
                    raise AssertionError(f"{decision.sealed.event.id} was decided twice")
                self._known[decision.sealed.event.id] = (decision.sealed.content, answer.decode())
            rest = outcome.rest + rest[BATCH_MAX:]
        return answers

    @property
    def rows(self) -> State:
        """The books."""
        return self._state

    def state(self) -> State:
        return self._state

    def known(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        return {id: self._known[id] for id in ids if id in self._known}

    def dues(self, until_ms: int, limit: int) -> list[DueRow]:
        rows = [row for row in self._due_rows() if row.due_ms <= until_ms]
        return sorted(rows, key=lambda row: (row.due_ms, row.id))[:limit]

    def _due_rows(self) -> Iterator[DueRow]:
        rows: dict[str, DueRow | None] = self._state.rows[DUES.name]
        return (row for row in rows.values() if row is not None)

    def live(self) -> Mapping[str, int]:
        return self._live

    def programs(self, wanted: set[tuple[str, int]]) -> Mapping[tuple[str, int], Program]:
        """All of them: in memory every version is at hand."""
        return self._versions

    def load(self, state: State, wants: Mapping[str, set[str]]) -> None:
        """Everything is there already."""
