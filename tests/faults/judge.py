"""Judging a database after faults: against what was acknowledged, against itself, and against a run that nothing disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from goodword.engine.events import AnyEvent, Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import State
from goodword.parts import Parts
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import run_batch
from goodword.program.loader import load_program
from goodword.storage.audit import audit
from goodword.storage.dialect import columns_of
from goodword.storage.rows import MAPPERS
from tests.faults.acknowledged import KINDS
from tests.faults.teller import Promise
from tests.web.making import TENANT

_EVENT: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def findings(parts: Parts, promises: list[Promise]) -> list[str]:
    """Everything that is wrong; nothing if all promises are kept and the books are those of an undisturbed run."""
    with parts.database.read() as connection:
        return [
            *_broken(connection, parts.keyring, promises),
            *(f"audit: {finding}" for finding in audit(connection, TENANT)),
            *_parked(connection),
            *_differences(connection, parts.keyring),
        ]


def event_count(parts: Parts) -> int:
    """How many events of a source are stored."""
    with parts.database.read() as connection:
        count = connection.execute(
            text("SELECT COUNT(*) FROM events WHERE tenant = :tenant AND type NOT IN ('due', 'published')"),
            {"tenant": TENANT},
        )
        return int(count.scalar_one())


def due_count(parts: Parts) -> int:
    """How many dates were decided."""
    with parts.database.read() as connection:
        count = connection.execute(text("SELECT COUNT(*) FROM events WHERE type = 'due'"))
        return int(count.scalar_one())


def _broken(connection: Connection, keyring: Keyring, promises: list[Promise]) -> Iterator[str]:
    for name, kind in KINDS.items():
        promised: dict[str, str] = {}
        for one in promises:
            if one.kind == name and promised.setdefault(one.id, one.answer) != one.answer:
                yield f"{one.id} was answered in two ways: {promised[one.id]} and {one.answer}"
        yield from kind.broken(connection, TENANT, keyring, promised)


def _parked(connection: Connection) -> Iterator[str]:
    for row in connection.execute(text("SELECT id, error FROM parked WHERE tenant = :tenant"), {"tenant": TENANT}):
        yield f"{row.id} was parked: {row.error}"


def _differences(connection: Connection, keyring: Keyring) -> Iterator[str]:
    """What a run in memory decides otherwise: the same events, in the order in which they were committed."""
    memory = MemoryTenant(keyring)
    last_ms = 0
    for row in connection.execute(_EVENTS, {"tenant": TENANT}):
        last_ms = max(last_ms, row.clock_ms)
        if row.type == "published":
            published = msgspec.json.decode(row.body)
            memory.publish(load_program(_program_text(connection, published), published["version"]))
        elif row.type != "due":
            answer = memory.decide([_sealed(row)])[row.id].decode()
            if answer != row.answer:
                yield f"{row.id} is answered {row.answer}, and undisturbed {answer}"
    # What the scheduler decided after the last event.
    run_batch(memory, keyring, [], until_ms=last_ms)
    stored = _rows(connection)
    for name, expected in _undisturbed(memory.rows).items():
        for key in expected.keys() | stored[name].keys():
            if stored[name].get(key) != expected.get(key):
                yield f"{name} {key} is {stored[name].get(key)}, and undisturbed {expected.get(key)}"


_EVENTS = text(
    "SELECT id, type, occurred_ms, clock_ms, history, content, body, answer FROM events"
    " WHERE tenant = :tenant ORDER BY seq"
)


def _sealed(row: Any) -> Sealed:
    return Sealed(_EVENT.decode(row.body), row.occurred_ms, row.clock_ms, row.content, bool(row.history))


def _program_text(connection: Connection, published: dict[str, Any]) -> str:
    return str(
        connection.execute(
            text(
                "SELECT text FROM program_versions WHERE tenant = :tenant AND program = :program AND version = :version"
            ),
            {"tenant": TENANT, "program": published["program"], "version": published["version"]},
        ).scalar_one()
    )


def _rows(connection: Connection) -> dict[str, dict[str, Any]]:
    """All rows of all collections, without what stands at zero."""
    out: dict[str, dict[str, Any]] = {}
    for name, mapper in MAPPERS.items():
        columns = [column.name for column in columns_of(mapper.table)]
        places = [columns.index(column) for column in mapper.columns]
        rows = connection.execute(
            text(f"SELECT {', '.join(columns)} FROM {mapper.table.name} WHERE tenant = :tenant"), {"tenant": TENANT}
        )
        read = dict(mapper.unpack([row[place] for place in places]) for row in rows)
        out[name] = {key: row for key, row in read.items() if row not in (None, 0)}
    return out


def _undisturbed(rows: State) -> dict[str, dict[str, Any]]:
    return {name: {key: row for key, row in rows.rows[name].items() if row not in (None, 0)} for name in MAPPERS}
