"""A rehearsal: what a changed program would have done with a history, against what happened.

Everybody is taken to have done just what he did: nobody knows who would have come for twice the reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goodword.engine.decide import Decision
from goodword.engine.ids import Keyring
from goodword.engine.state import PARTICIPANTS, REWARDS
from goodword.program.duration import iso
from goodword.program.loader import Program
from goodword.rehearsal.books import BEFORE, Books, Calendar, prices
from goodword.rehearsal.decisions import Comparison, Shortages
from goodword.rehearsal.history import FileHistory, History, StoredHistory, Told
from goodword.rehearsal.past import Past
from goodword.rehearsal.people import Nets
from goodword.rehearsal.progress import Done, Progress
from goodword.rehearsal.report import Compared, Flow, Report, Side
from goodword.rehearsal.run import Run
from goodword.rehearsal.scratch import ROWS_MAX, Scratch
from goodword.storage.database import Database

CANDIDATES_MAX = 8
"""How many candidates are compared at once."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program file that is considered, and how it is called in the report."""

    label: str
    program: Program


class UnlikeCandidates(ValueError):
    """Candidates that cannot be compared with each other; the message says why."""


@dataclass(slots=True)
class _Watch:
    """Looks on while a candidate is played: what would have happened, and where that parts from what did."""

    program: str
    calendar: Calendar
    books: Books
    shortages: Shortages
    comparison: Comparison
    nets: Nets
    past: Past | None
    """What happened is noted once: it is the same for all candidates."""

    def happened(self, told: Told) -> None:
        if self.past is not None:
            self.past.note(told)

    def decided(self, decision: Decision, answer: bytes, told: Told | None) -> None:
        clock_ms = decision.sealed.clock_ms
        month = self.calendar.month(clock_ms)
        self.books.post(month, decision.draft.entries)
        if month == BEFORE:
            return
        self._note_people(decision)
        if acquired := self.shortages.look(decision.answer.reasons, clock_ms):
            self.books.acquired[month] += acquired
        if told is not None and told.answer is not None:
            self.comparison.compare(told.sealed.event, told.answer, answer, decision.answer)

    def _note_people(self, decision: Decision) -> None:
        for entry in decision.draft.entries:
            if entry.reward is None or entry.account.partition(":")[0] not in ("cost", "reversed"):
                continue
            reward = decision.draft.get(REWARDS, entry.reward)
            if reward is not None and reward.program == self.program:
                self.nets.add(reward.participant, reward.side, entry.unit, -entry.amount, after=True)


@dataclass(slots=True)
class Rehearsal:
    """Candidates for one program, to be played over one history."""

    keyring: Keyring
    candidates: Sequence[Candidate]
    since_ms: int | None = None
    rows_max: int = ROWS_MAX

    def __post_init__(self) -> None:
        """Raises `UnlikeCandidates` for none, too many, or such as belong to different programs."""
        if not 1 <= len(self.candidates) <= CANDIDATES_MAX:
            raise UnlikeCandidates(f"between one and {CANDIDATES_MAX} program files can be compared")
        names = sorted({one.program.name for one in self.candidates})
        if len(names) > 1:
            raise UnlikeCandidates(f"they are files of different programs: {', '.join(names)}")
        if len({one.program.model.currency for one in self.candidates}) > 1:
            raise UnlikeCandidates("they count in different currencies, which are never added up")

    def stored(
        self, database: Database, tenant: str, until_ms: int | None = None, done: Done = lambda _: None
    ) -> Report:
        """Rehearse over what a tenant has stored.

        Raises:
            Cancelled: as `done` wished.
            Unforeseen: an event could not be decided.
        """
        history = StoredHistory(database, tenant, until_ms)
        past = Past(database, tenant, self._model.name, self._calendar(), Shortages(self._model.name))
        return self._over(history, past, done)

    def file(self, history: FileHistory, done: Done = lambda _: None) -> Report:
        """Rehearse over a file of events: there is no answer yet that anything could be compared with."""
        return self._over(history, None, done)

    def _over(self, history: History, past: Past | None, done: Done) -> Report:
        known = prices(one.program for one in self.candidates)
        compared: list[Compared] = []
        clock_ms = 0
        for number, candidate in enumerate(self.candidates):
            scratch = Scratch(self.keyring, self.rows_max)
            progress = Progress(done, scratch, number, len(self.candidates), history.count)
            watch = self._watch(known, past if number == 0 else None)
            run = Run(scratch, candidate.program, self.since_ms, watch, progress)
            with scratch:
                run.run(history)
                if past is not None:
                    past.fill(watch.nets)
                compared.append(_compared(candidate, watch, scratch))
            watch.nets.sums.close()
            clock_ms = run.clock_ms
        happened = _side("", past.books(), past.shortages, known) if past is not None else None
        return Report(
            program=self._model.name,
            currency=self._model.model.currency,
            time_zone=self._model.model.time_zone,
            since=None if self.since_ms is None else iso(self.since_ms),
            until=iso(clock_ms),
            events=history.count,
            refused=history.refused,
            happened=happened,
            candidates=tuple(compared),
        )

    def _watch(self, known: dict[str, int], past: Past | None) -> _Watch:
        name = self._model.name
        return _Watch(name, self._calendar(), Books(name), Shortages(name), Comparison(name), Nets(known), past)

    def _calendar(self) -> Calendar:
        return Calendar(self._model.model.zone, self.since_ms)

    @property
    def _model(self) -> Program:
        return self.candidates[0].program


def _compared(candidate: Candidate, watch: _Watch, scratch: Scratch) -> Compared:
    fields = [name for name, one in candidate.program.model.fields.items() if one.of == "person"]
    people = watch.nets.people((row for _, row in scratch.rows(PARTICIPANTS)), fields)
    return Compared(
        side=_side(candidate.label, watch.books, watch.shortages, watch.nets.prices),
        decisions=watch.comparison.decisions,
        changed=watch.comparison.changed,
        changes=watch.comparison.changes(),
        people=people,
        not_applied=watch.comparison.not_applied,
        not_applied_first=watch.comparison.first_not_applied(),
        on_disk=scratch.on_disk,
    )


def _side(label: str, books: Books, shortages: Shortages, known: dict[str, int]) -> Side:
    months = books.months(known)
    total = Flow()
    for month in months:
        total = total.plus(month.flow)
    liability = months[-1].liability if months else books.owed_before(known)
    per_acquired = total.cost // total.acquired if total.acquired > 0 else None
    return Side(
        label, tuple(months), total, total.cost, liability, per_acquired, tuple(books.units(known)), shortages.told()
    )
