"""One run through a history: its events again, what falls due generated anew, under a changed program or as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from goodword.engine.decide import Decision
from goodword.engine.events import Due, ProgramAction, Published, Scheduled
from goodword.engine.state import ProgramRow
from goodword.pipeline.process import Outcome, withdrawal
from goodword.program.loader import Program, load_program
from goodword.rehearsal.history import History, Told
from goodword.rehearsal.scratch import Scratch

BATCH = 128
"""How many events are decided in one transaction of the scratch database."""


class Cancelled(Exception):
    """Somebody does not want to know any more."""


class Watcher(Protocol):
    """Somebody who looks on."""

    def happened(self, told: Told) -> None:
        """An event of the history went by, with the answer it got; also what fell due."""

    def decided(self, decision: Decision, answer: bytes, told: Told | None) -> None:
        """It was decided again; what fell due has no event of the history."""


class Nobody:
    """Nobody looks on."""

    def happened(self, told: Told) -> None:
        """Nothing is noted."""

    def decided(self, decision: Decision, answer: bytes, told: Told | None) -> None:
        """Nothing is noted."""


@dataclass(slots=True)
class Run:
    """One run of one program file."""

    scratch: Scratch
    candidate: Program | None = None
    """The changed program; None to decide everything as it was."""
    since_ms: int | None = None
    """From when on it is in force. If not given it stands in the place of the first version of its program; a history
    that never had one begins with it."""
    watcher: Watcher = field(default_factory=Nobody)
    progress: Callable[[int], None] = lambda _: None
    """Told how many events of the history are done; raises `Cancelled` to end the run."""
    clock_ms: int = 0
    """How far time has come."""
    placed: bool = False
    """Whether the candidate is in force."""
    _batch: list[Told] = field(default_factory=list)
    _planned: int = 0
    """The version of the candidate's program that was planned last."""

    def run(self, history: History) -> None:
        """Decide a history, to its last date.

        Raises:
            Cancelled: as `progress` wished.
            Unforeseen: an event could not be decided.
        """
        done = 0
        for done, told in enumerate(history, 1):
            self.watcher.happened(told)
            if self._begins_before(told, history):
                self._begin()
            self.clock_ms = max(self.clock_ms, told.sealed.clock_ms)
            self._take(history, told)
            if len(self._batch) == BATCH:
                self._flush()
                self.progress(done)
        self._flush()
        if self.candidate is not None and not self.placed:
            self._begin()
        self._catch_up(self.clock_ms)
        self.progress(done)

    def _take(self, history: History, told: Told) -> None:
        event, clock_ms = told.sealed.event, told.sealed.clock_ms
        match event:
            case Published(program=name, version=version):
                self._flush()
                self._publish(history, name, version, clock_ms)
            case Scheduled(program=name, version=version) if self._lives_on(name):
                self._flush()
                self.scratch.keep(history.program(name, version))
                self._batch.append(told)
            case Scheduled(program=name, version=version):
                self._flush()
                self._planned = version
                self.scratch.note_version(name, version)
            case Due(kind="publish", reference=name) if self._replaced_at(name):
                # The date of the first version: the candidate stands in its place.
                self._flush()
                self._catch_up(clock_ms - 1)
                self._place(clock_ms, self._planned)
            case ProgramAction(program=name, action="withdraw") if not self._lives_on(name):
                self._flush()
                row = self.scratch.program(name)
                if row is not None and row.ends_ms is not None:
                    self._batch.append(told)
            case Due():
                pass  # what falls due is found out anew
            case _:
                self._batch.append(told)

    def _lives_on(self, program: str) -> bool:
        """Whether a program goes its way as it did: another one than the candidate's, or his own as long as he is not there."""
        return not self._is_candidates(program) or (not self.placed and self.since_ms is not None)

    def _replaced_at(self, program: str) -> bool:
        """Whether the candidate comes with the date of a planned version."""
        return self._is_candidates(program) and not self.placed and self.since_ms is None

    def _is_candidates(self, program: str) -> bool:
        """Whether it is the program whose change is rehearsed: which version of it is in force when is decided here."""
        return self.candidate is not None and self.candidate.name == program

    def _begins_before(self, told: Told, history: History) -> bool:
        candidate = self.candidate
        if candidate is None or self.placed:
            return False
        if self.since_ms is not None:
            return told.sealed.clock_ms >= self.since_ms
        return candidate.name not in history.programs

    def _publish(self, history: History, name: str, version: int, clock_ms: int) -> None:
        """A version came into force. What had fallen due by then was decided before."""
        if not self._is_candidates(name) or (not self.placed and self.since_ms is not None):
            self._catch_up(clock_ms)
            self._note(self.scratch.publish(history.program(name, version), clock_ms))
        elif not self.placed:
            self._catch_up(clock_ms)
            self._place(clock_ms, version)
        else:
            self.scratch.note_version(name, version)  # what was changed later is not what is asked about

    def _begin(self) -> None:
        """The time has come from which on the candidate is in force."""
        self._flush()
        clock_ms = max(self.since_ms or 0, self.clock_ms)
        self._catch_up(clock_ms)
        self._place(clock_ms, 1)

    def _place(self, clock_ms: int, version: int) -> None:
        """Bring the candidate into force, unless the very same file is in force already; what is planned is planned no more."""
        assert self.candidate is not None  # noqa: S101 - only then is it placed
        self.placed = True
        row = self.scratch.program(self.candidate.name)
        if row is not None and row.version:
            if self._is_in_force(row):
                if row.planned:
                    self._note(self.scratch.decide([withdrawal(row.program, clock_ms, 0)]))
                return
            version = row.latest + 1
        self._note(self.scratch.publish(load_program(self.candidate.text, version), clock_ms))

    def _is_in_force(self, row: ProgramRow) -> bool:
        assert self.candidate is not None  # noqa: S101
        return self.scratch.text(row.program, row.version) == self.candidate.text

    def _catch_up(self, until_ms: int) -> None:
        """Decide what fell due, by the versions that were in force then."""
        while self._decide([], until_ms):
            pass

    def _note(self, outcome: Outcome) -> None:
        for _, decision, answer in outcome.decisions:
            self.watcher.decided(decision, answer, None)

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._decide(batch, None)

    def _decide(self, batch: list[Told], until_ms: int | None) -> bool:
        """Decide events to the last one; whether more is due by `until_ms`."""
        by_id = {told.sealed.event.id: told for told in batch}
        rest = [told.sealed for told in batch]
        while True:
            outcome = self.scratch.decide(rest, until_ms)
            for _, decision, answer in outcome.decisions:
                self.watcher.decided(decision, answer, by_id.get(decision.sealed.event.id))
            rest = outcome.rest
            if not rest:
                return outcome.more_due
