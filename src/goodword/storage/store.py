"""Storing what was decided: the events of a batch with their answers, and what became of every row they
touched.

A few statements, one per table, none for a table that nothing happened to; all inside the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from goodword.engine.events import Person, Sealed
from goodword.engine.state import Entry, OutboxRow, TenantRow
from goodword.storage import tables
from goodword.storage.dialect import dialect_of, write_rows
from goodword.storage.rows import MAPPERS

OUTBOX_LINES_MAX = 1000
"""An outbox row's id is its event's seq times this, plus its line: ordered as the events are."""

PERSON_FIELDS = ("id", "email", "phone", "name", "country", "language", "post", "payout")
"""What is kept of a raw person. The signals are kept as hashes only, the fields with the participant."""


class TenantMoved(RuntimeError):
    """Somebody else wrote for this tenant since its row was loaded: the lock was not held."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event that was decided, and what follows from it."""

    seq: int
    sealed: Sealed
    answer_json: bytes
    references: tuple[str, ...] = ()
    """The referrals, rewards, participants and orders that it touched."""
    entries: Sequence[Entry] = ()
    outbox: Sequence[OutboxRow] = ()
    touched: str = ""
    """Which rows that are copied into a warehouse it wrote, as JSON: keys by collection. The empty text where none."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one transaction stores."""

    tenant: TenantRow
    """As it is after the batch."""
    records: Sequence[Record] = ()
    dirty: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By collection and key the rows as they are after the batch; None removes one."""
    people: Sequence[tuple[str, Person]] = ()
    """Participant ids with what was told about them, in the order of telling."""
    people_before: Sequence[tuple[str, Person]] = ()
    """The same of what history told late: it stands where nothing else is known."""
    texts: Sequence[tuple[str, str, str]] = ()
    """Participant ids with what they wrote: under which key, and the words."""
    erased: Sequence[str] = ()
    """Participants whose personal data go."""


def store(connection: Connection, tenant: str, batch: Batch) -> None:
    """Write a batch.

    Raises:
        TenantMoved: the batch does not continue where the tenant stands.
    """
    _move_tenant(connection, tenant, batch)
    _store_records(connection, tenant, batch.records)
    for collection, rows in batch.dirty.items():
        _store_rows(connection, tenant, collection, rows)
    _erase_people(connection, tenant, batch.erased)
    _store_people(connection, tenant, batch.people, batch.texts)
    _fill_people(connection, tenant, batch.people_before)
    _unpark(connection, tenant, [record.sealed.event.id for record in batch.records])


def store_state(connection: Connection, tenant: str, now: TenantRow, dirty: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the rows of a batch and where the tenant stands, but neither events nor entries: what a rehearsal needs."""
    connection.execute(_STAND, {"tenant": tenant, "seq": now.seq, "clock": now.clock_ms, "live": int(now.live)})
    for collection, rows in dirty.items():
        _store_rows(connection, tenant, collection, rows)


def park(connection: Connection, tenant: str, sealed: Sealed, error_text: str) -> None:
    """Keep an event that could not be decided, without a seq, to be looked at; sent again it is decided."""
    body = msgspec.json.encode(sealed.event).decode()
    row = [sealed.event.id, body, error_text, sealed.clock_ms]
    write_rows(connection, dialect_of(connection).upsert(tables.parked), tenant, [row])


def store_program(
    connection: Connection,
    tenant: str,
    program: str,
    version: int,
    *,
    digest: str,
    program_text: str,
    published_ms: int,
    terms: Mapping[str, str] | None = None,
) -> None:
    """Keep a version of a program; a decision brings it into force. One that is there already is an error.

    `terms` is what it says to people, by language.
    """
    dialect = dialect_of(connection)
    published = [program, version, digest, program_text, published_ms]
    write_rows(connection, dialect.insert(tables.program_versions), tenant, [published])
    said = [[program, version, language, text] for language, text in (terms or {}).items()]
    write_rows(connection, dialect.insert(tables.terms), tenant, said)


def _move_tenant(connection: Connection, tenant: str, batch: Batch) -> None:
    now = batch.tenant
    before = now.seq - len(batch.records)
    if [record.seq for record in batch.records] != list(range(before + 1, now.seq + 1)):
        raise TenantMoved(f"the events of a batch for {tenant} do not lead from seq {before} to {now.seq}")
    parameters = {
        "tenant": tenant,
        "seq": now.seq,
        "clock": now.clock_ms,
        "live": int(now.live),
        "before": before,
    }
    if connection.execute(_MOVE_TENANT, parameters).rowcount != 1:
        raise TenantMoved(f"tenant {tenant} is not at seq {before} any more")


def _store_records(connection: Connection, tenant: str, records: Sequence[Record]) -> None:
    insert = dialect_of(connection).insert
    write_rows(connection, insert(tables.events), tenant, [_event_values(record) for record in records])
    write_rows(
        connection,
        insert(tables.entries),
        tenant,
        [
            [record.seq, line, entry.account, entry.unit, entry.amount, entry.reward]
            for record in records
            for line, entry in enumerate(record.entries)
        ],
    )
    write_rows(
        connection,
        insert(tables.traces),
        tenant,
        [[reference, record.seq] for record in records for reference in sorted(set(record.references))],
    )
    outbox = [values for record in records for values in _outbox_values(record)]
    write_rows(connection, insert(tables.outbox), tenant, outbox)


def _event_values(record: Record) -> list[object]:
    sealed = record.sealed
    return [
        record.seq,
        sealed.event.id,
        sealed.event.__struct_config__.tag,
        sealed.occurred_ms,
        sealed.clock_ms,
        int(sealed.history),
        sealed.content,
        msgspec.json.encode(sealed.event).decode(),
        record.answer_json.decode(),
        record.touched,
    ]


def _outbox_values(record: Record) -> list[list[object]]:
    if len(record.outbox) > OUTBOX_LINES_MAX:
        raise ValueError(f"event {record.seq} has more than {OUTBOX_LINES_MAX} outbox rows")
    return [
        [
            record.seq * OUTBOX_LINES_MAX + line,
            record.seq,
            row.topic,
            msgspec.json.encode(row).decode(),
            record.sealed.clock_ms,
        ]
        for line, row in enumerate(record.outbox)
    ]


def _store_rows(connection: Connection, tenant: str, collection: str, rows: Mapping[str, Any]) -> None:
    mapper = MAPPERS[collection]
    dialect = dialect_of(connection)
    gone = [key for key, row in rows.items() if row is None]
    if gone:
        connection.execute(dialect.delete(mapper.table), {"tenant": tenant, "keys": dialect.keys(gone)})
    kept = [(key, row) for key, row in rows.items() if row is not None]
    # Those that let go of a key that only a live row holds are written before those that take it.
    kept.sort(key=lambda item: bool(getattr(item[1], "live", False)))
    write_rows(connection, dialect.upsert(mapper.table), tenant, [mapper.pack(key, row) for key, row in kept])


def _store_people(
    connection: Connection, tenant: str, people: Sequence[tuple[str, Person]], texts: Sequence[tuple[str, str, str]]
) -> None:
    merged: dict[str, dict[str, str]] = {}
    for participant, person in people:
        merged.setdefault(participant, {}).update(_told(person))
    for participant, key, words in texts:
        merged.setdefault(participant, {})[key] = words
    write_rows(connection, dialect_of(connection).merge(tables.people), tenant, _docs(merged))


def _fill_people(connection: Connection, tenant: str, people: Sequence[tuple[str, Person]]) -> None:
    filled: dict[str, dict[str, str]] = {}
    for participant, person in people:
        filled[participant] = _told(person) | filled.get(participant, {})
    write_rows(connection, dialect_of(connection).fill(tables.people), tenant, _docs(filled))


def _told(person: Person) -> dict[str, str]:
    return {name: value for name in PERSON_FIELDS if (value := getattr(person, name)) is not None}


def _docs(people: Mapping[str, dict[str, str]]) -> list[list[object]]:
    return [[participant, msgspec.json.encode(doc).decode()] for participant, doc in people.items()]


def _erase_people(connection: Connection, tenant: str, participants: Sequence[str]) -> None:
    if participants:
        dialect = dialect_of(connection)
        connection.execute(dialect.delete(tables.people), {"tenant": tenant, "keys": dialect.keys(participants)})


def _unpark(connection: Connection, tenant: str, event_ids: Sequence[str]) -> None:
    """An event that was decided after all is not parked any more."""
    if event_ids:
        dialect = dialect_of(connection)
        connection.execute(dialect.delete(tables.parked), {"tenant": tenant, "keys": dialect.keys(event_ids)})


_STAND = text("UPDATE tenants SET seq = :seq, clock_ms = :clock, live = :live WHERE tenant = :tenant")
_MOVE_TENANT = text(
    "UPDATE tenants SET seq = :seq, clock_ms = :clock, live = :live WHERE tenant = :tenant AND seq = :before"
)
