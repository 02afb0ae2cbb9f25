"""A tenant in a database: one transaction per batch, under the tenant's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from goodword.engine.decide import Decision
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import DUES, DueRow, ProgramRow, State
from goodword.pipeline.process import STORED, Outcome, ProgramCache, plan, publication, run_batch, withdrawal
from goodword.pipeline.warm import ROWS_MAX, Warm, WarmTenants
from goodword.program.duration import iso
from goodword.program.loader import Program, load_program
from goodword.program.notice import check_notice
from goodword.storage.database import Database
from goodword.storage.facts import COPIED
from goodword.storage.load import (
    load,
    load_dues,
    load_known,
    load_live_programs,
    load_program_rows,
    load_program_texts,
    load_tenant,
)
from goodword.storage.store import Batch, Record, park, store, store_program
from goodword.words.catalogue import LANGUAGES
from goodword.words.told import words_as_text, words_of


class Transaction:
    """A tenant as seen inside one transaction: where a batch takes its state from."""

    def __init__(self, connection: Connection, tenant: str, cache: ProgramCache, warm: Warm) -> None:
        self._connection = connection
        self.tenant = tenant
        self._cache = cache
        self._state = State(tenant=load_tenant(connection, tenant))
        self._warm = warm
        warm.begin(self._state.tenant)

    def state(self) -> State:
        return self._state

    def known(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        return load_known(self._connection, self.tenant, ids)

    def dues(self, until_ms: int, limit: int) -> list[DueRow]:
        return load_dues(self._connection, self.tenant, until_ms, limit)

    def program_rows(self) -> Mapping[str, ProgramRow]:
        return load_program_rows(self._connection, self.tenant)

    def programs(self, wanted: set[tuple[str, int]]) -> Mapping[tuple[str, int], Program]:
        return _programs(self._connection, self.tenant, self._cache, wanted)

    def load(self, state: State, wants: Mapping[str, set[str]]) -> None:
        self._warm.fill(state, wants)
        load(self._connection, self.tenant, state, wants)


TRIES = 10
"""How often a publication catches up anew with dates that come between."""
PACE_MIN = 16
PACE_MAX = 512
"""So many events are looked at whatever became of the last ones."""


class Tenants:
    """The tenants of a database, as the pipeline works on them."""

    def __init__(
        self, database: Database, keyring: Keyring, cache: ProgramCache | None = None, rows_max: int = ROWS_MAX
    ) -> None:
        self.database = database
        self.keyring = keyring
        self._cache = cache or ProgramCache()
        self._warm = WarmTenants(rows_max)
        self._pace: dict[str, int] = {}
        """By tenant: how many events the next batch looks at, where the last one did not come to its end."""

    def versions(
        self, connection: Connection, tenant: str, wanted: set[tuple[str, int]]
    ) -> dict[tuple[str, int], Program]:
        """Versions of programs by name and number, each read and parsed once; those that there are not are missing."""
        return _programs(connection, tenant, self._cache, wanted)

    def decide(
        self,
        tenant: str,
        events: Sequence[Sealed],
        until_ms: int | None = None,
        also: Callable[[Connection, Outcome], None] | None = None,
    ) -> Outcome:
        """Decide a batch and store it: one transaction. What is left over stands in the outcome's `rest`.

        What `also` writes is committed with the batch or not at all.
        """
        with self.database.write(tenant) as connection:
            # Taken under the tenant's lock, given back after the commit: a batch that failed leaves nothing behind.
            warm = self._warm.take(tenant)
            backing = Transaction(connection, tenant, self._cache, warm)
            now, later = (events, []) if until_ms is not None else self._portion(tenant, events)
            outcome = run_batch(backing, self.keyring, now, until_ms)
            left = len(outcome.rest)
            outcome.rest += later
            _store(connection, tenant, backing.state(), outcome)
            if also is not None:
                also(connection, outcome)
        warm.keep(backing.state())
        self._warm.give_back(tenant, warm)
        if until_ms is None:
            self._learn_pace(tenant, len(now), left)
        return outcome

    def _portion(self, tenant: str, events: Sequence[Sealed]) -> tuple[Sequence[Sealed], Sequence[Sealed]]:
        """The events that the batch looks at, and those after them."""
        pace = self._pace.get(tenant, len(events))
        return events[:pace], events[pace:]

    def _learn_pace(self, tenant: str, told: int, left: int) -> None:
        """Who stops on the way has looked for nothing at all that stood behind: the next batch takes twice what was decided.

        From batch to batch it is twice as much again, as long as none has to stop.
        """
        pace = 2 * (told - left if left else max(told, self._pace.get(tenant, PACE_MAX)))
        if pace < PACE_MAX:
            self._pace[tenant] = max(pace, PACE_MIN)
        else:
            self._pace.pop(tenant, None)

    def decide_all(self, tenant: str, events: Iterable[Sealed]) -> Outcome:
        """Decide events to the last one, in as many transactions as it takes."""
        whole = Outcome()
        rest = list(events)
        while rest:
            outcome = self.decide(tenant, rest)
            whole.answers |= outcome.answers
            whole.conflicts |= outcome.conflicts
            whole.parked += outcome.parked
            rest = outcome.rest
        return whole

    def live_programs(self, tenant: str) -> list[Program]:
        """The programs in force."""
        with self.database.read() as connection:
            wanted = set(load_live_programs(connection, tenant).items())
            return [*_programs(connection, tenant, self._cache, wanted).values()]

    def publish(
        self, tenant: str, text: str, now_ms: int, at_ms: int | None = None, why: str = ""
    ) -> tuple[Program, bool]:
        """Bring a program file into force as the next version, now or at a date; nothing happens where it is so already.

        Returns the program and whether anything is new. What has fallen due is decided before: a plan whose date has come is
        in force, whoever looked meanwhile. The file in force published at once withdraws what was planned.

        Args:
            tenant: whose program it is.
            text: the file.
            now_ms: the time.
            at_ms: the date at which it comes into force, in the place of whatever was planned; now if not given or past.
            why: why something is taken away from advocates without the notice that the version in force promises.

        Raises:
            ProgramError: the file cannot be accepted.
            NoticeNeeded: it takes something away from advocates sooner than they were promised to be told.
            PlanInTheWay: it is in force and shall be again later, after another version that is planned.
        """
        name = load_program(text).name
        at_ms = at_ms if at_ms is not None and at_ms > now_ms else None
        try:
            for _ in range(TRIES):
                self.catch_up(tenant, now_ms)
                found = self._publish(tenant, name, text, now_ms, at_ms, why)
                if found is not None:
                    return found
            raise RuntimeError(f"what is planned for {name} does not come into force: nothing can be published")
        except BaseException:
            self._cache.forget(tenant, name)
            raise

    def catch_up(self, tenant: str, now_ms: int) -> None:
        """Decide what has fallen due. A tenant of history waits for its own clock."""
        with self.database.read() as connection:
            stands = load_tenant(connection, tenant)
        until_ms = max(stands.clock_ms, now_ms) if stands.live else stands.clock_ms
        more = True
        while more:
            outcome = self.decide(tenant, [], until_ms=until_ms)
            more = outcome.more_due and bool(outcome.decisions)

    def _publish(
        self, tenant: str, name: str, text: str, now_ms: int, at_ms: int | None, why: str
    ) -> tuple[Program, bool] | None:
        """As `publish`; None where a date came between catching up and taking the lock."""
        with self.database.write(tenant) as connection:
            backing = Transaction(connection, tenant, self._cache, Warm())
            stands = backing.state().tenant
            row = load_program_rows(connection, tenant).get(name) or ProgramRow(name)
            if row.planned and row.planned_ms <= max(stands.clock_ms, now_ms if stands.live else 0):
                return None
            texts = load_program_texts(connection, tenant, {(name, row.version), (name, row.planned)})
            current, planned = texts.get((name, row.version)), texts.get((name, row.planned))
            if text == current:
                program = self._cache.get(tenant, name, row.version, text)
                if row.planned and at_ms is not None:
                    raise PlanInTheWay(name, row.planned, row.planned_ms)
                if row.planned:
                    self._decide_alone(connection, backing, withdrawal(name, stands.clock_ms, stands.seq + 1))
                return program, False
            program = self._cache.get(tenant, name, row.planned if text == planned else row.latest + 1, text)
            if text == planned and at_ms == row.planned_ms:
                return program, False
            if current is not None and not why:
                check_notice(self._cache.get(tenant, name, row.version, current), program, now_ms, at_ms)
            if text != planned:
                keep_version(connection, tenant, program, now_ms, terms=said_by(program))
            if at_ms is None or at_ms <= stands.clock_ms:
                event = publication(program, stands.clock_ms, why)
            else:
                event = plan(program, at_ms, stands.clock_ms, stands.seq + 1, why)
            self._decide_alone(connection, backing, event)
        return program, True

    def _decide_alone(self, connection: Connection, backing: Transaction, event: Sealed) -> None:
        """Decide and store one event in a transaction that does more."""
        outcome = run_batch(backing, self.keyring, [event])
        if outcome.parked or outcome.rest:
            raise RuntimeError(f"{event.event.id} could not be decided")
        _store(connection, backing.tenant, backing.state(), outcome)


class PlanInTheWay(Exception):
    """There is one plan at a time: to come back to the file in force later, the plan has to come into force first."""

    def __init__(self, program: str, version: int, at_ms: int) -> None:
        super().__init__(
            f"version {version} of {program} is planned for {iso(at_ms)}, and there is one plan at a time: "
            f"plan the return once that version is in force, or withdraw it"
        )


def said_by(program: Program) -> dict[str, str]:
    """What a program says to people, by language: whoever accepts it accepts this text, whatever later releases say."""
    return {language: words_as_text(words_of(program, language)) for language in LANGUAGES}


def keep_version(
    connection: Connection, tenant: str, program: Program, now_ms: int, terms: Mapping[str, str] | None = None
) -> None:
    """Store a version of a program; a decision brings it into force."""
    store_program(
        connection,
        tenant,
        program.name,
        program.version,
        digest=program.digest,
        program_text=program.text,
        published_ms=now_ms,
        terms=terms,
    )


def _programs(
    connection: Connection, tenant: str, cache: ProgramCache, wanted: set[tuple[str, int]]
) -> dict[tuple[str, int], Program]:
    found = {key: program for key in wanted if (program := cache.known(tenant, *key))}
    texts = load_program_texts(connection, tenant, wanted - found.keys())
    return found | {key: cache.get(tenant, *key, text) for key, text in texts.items()}


def changed_rows(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """By collection and key the rows as they are after a batch; None where one is gone."""
    dirty: dict[str, dict[str, Any]] = {}
    for _, decision, _ in outcome.decisions:
        for name, rows in decision.draft.changes.items():
            if name in STORED:
                dirty.setdefault(name, {}).update(rows)  # the last decision has the last word
    if outcome.postponed:
        dirty.setdefault(DUES.name, {}).update(outcome.postponed)
    return dirty


def _store(connection: Connection, tenant: str, state: State, outcome: Outcome) -> None:
    dirty = changed_rows(outcome)
    records = [_record(seq, decision, answer) for seq, decision, answer in outcome.decisions]
    # Whoever is erased in this batch is told of before it, if at all: nothing of that is kept either.
    erased = {decision.erased for _, decision, _ in outcome.decisions if decision.erased is not None}
    people = [
        (decision.told, decision.sealed.person, decision.late)
        for _, decision, _ in outcome.decisions
        if decision.sealed.person is not None and decision.told is not None and decision.told not in erased
    ]
    texts = [
        (*decision.written, decision.sealed.text)
        for _, decision, _ in outcome.decisions
        if decision.written is not None and decision.sealed.text is not None and decision.written[0] not in erased
    ]
    if records or dirty:
        batch = Batch(
            state.tenant,
            records,
            dirty,
            people=[(told, person) for told, person, late in people if not late],
            people_before=[(told, person) for told, person, late in people if late],
            texts=texts,
            erased=tuple(sorted(erased)),
        )
        store(connection, tenant, batch)
    for parked in outcome.parked:
        # Kept sealed: the raw person is not written anywhere but in the table of people.
        park(connection, tenant, replace(parked.sealed, person=None, text=None), parked.error)


def _record(seq: int, decision: Decision, answer: bytes) -> Record:
    draft = decision.draft
    touched = {name: tuple(rows) for name in COPIED if (rows := draft.changes.get(name))}
    told = msgspec.json.encode(touched).decode() if touched else ""
    return Record(seq, decision.sealed, answer, decision.references, draft.entries, draft.outbox, told)
