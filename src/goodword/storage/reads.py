"""What pages and the API read. Lists come newest first, a page at a time; a page says where the next one
begins.

The cursor of a list is the place of its last row, so that pages stay cheap however far one goes, and
nothing is shown twice because something new arrived meanwhile.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, false, func, select, text, tuple_

from goodword.engine.asking import ASKED
from goodword.engine.state import Entry, ObjectionRow, OrderRow, OutboxRow, Participant, ProgramRow, Referral, Reward
from goodword.storage import tables
from goodword.storage.load import load_program_rows
from goodword.storage.rows import MAPPERS

LIMIT_MAX = 500
"""The most rows that a page may have."""
BACKLOG_MAX = 10_000
"""How far what waits is counted: whoever has to know that it is too much need not know how much more."""

ItemT = TypeVar("ItemT")


class BadCursor(ValueError):
    """A cursor that no page has given."""


class Page(Struct, Generic[ItemT], frozen=True):
    """A part of a list."""

    items: list[ItemT]
    next: str | None
    """The cursor of what follows; None at the end."""


class StoredEvent(Struct, frozen=True):
    """An event with its answer, both as JSON."""

    seq: int
    id: str
    type: str
    occurred_ms: int
    clock_ms: int
    history: bool
    body: msgspec.Raw
    answer: msgspec.Raw


class PostedEntry(Struct, frozen=True):
    """A line of the ledger, and the event that posted it."""

    seq: int
    line: int
    entry: Entry


class Movement(Struct, frozen=True):
    """A movement on a balance, what it left there, and where it came from or went."""

    seq: int
    line: int
    event: str
    type: str
    clock_ms: int
    amount: int
    balance: int
    other: str
    """The other account, such as `approved:bombas`."""
    reward: str | None


class ProgramVersion(Struct, frozen=True):
    """A published version of a program, without its text."""

    program: str
    version: int
    digest: str
    published_ms: int
    """When it was stored."""
    current: bool
    priority: int
    planned_ms: int | None = None
    """When it comes into force, where it is planned."""


class Backlog(Struct, frozen=True):
    """How much waits in the database, each counted up to `BACKLOG_MAX`."""

    outbox: int
    outbox_oldest_ms: int | None
    """When the oldest row of the outbox was made, by the clock of its event; None where nothing waits."""
    dues: int
    """Dates that have passed and are not decided."""
    parked: int


class Undelivered(Struct, frozen=True):
    """An outbox row that waits to be delivered."""

    id: int
    seq: int
    created_ms: int
    row: OutboxRow


def participants(
    connection: Connection, tenant: str, *, cursor: str | None = None, limit: int = 50
) -> Page[Participant]:
    """Everybody, without personal data."""
    return rows_page(connection, tenant, "participants", "created_ms", {}, cursor, limit)


def referrals(
    connection: Connection,
    tenant: str,
    *,
    program: str | None = None,
    status: str | None = None,
    advocate: str | None = None,
    friend: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Referral]:
    """Referrals by the time of their claim; a filter that is None asks for nothing."""
    filters = {"program": program, "status": status, "advocate": advocate, "friend": friend}
    return rows_page(connection, tenant, "referrals", "claimed_ms", filters, cursor, limit)


def friends_brought(connection: Connection, tenant: str, advocate: str, program: str) -> int:
    """How many friends of somebody converted in a program, counted up to `BACKLOG_MAX`."""
    columns = tables.referrals.c
    mine = and_(columns.tenant == tenant, columns.advocate == advocate, columns.program == program)
    return _counted(connection, select(columns.id).where(mine, columns.converted_ms.is_not(None)))


def rewards(
    connection: Connection,
    tenant: str,
    *,
    program: str | None = None,
    status: str | None = None,
    participant: str | None = None,
    referral: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Reward]:
    """Rewards by the time of their grant; a filter that is None asks for nothing."""
    filters = {"program": program, "status": status, "participant": participant, "referral": referral}
    return rows_page(connection, tenant, "rewards", "granted_ms", filters, cursor, limit)


def orders(
    connection: Connection, tenant: str, participant: str, *, cursor: str | None = None, limit: int = 50
) -> Page[OrderRow]:
    """A participant's orders that were placed."""
    return rows_page(connection, tenant, "orders", "placed_ms", {"participant": participant}, cursor, limit)


def objections(
    connection: Connection,
    tenant: str,
    *,
    status: str | None = None,
    program: str | None = None,
    participant: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ObjectionRow]:
    """Objections by the time at which they were made, without what was written; a filter that is None asks for nothing."""
    filters = {"status": status, "program": program, "participant": participant}
    return rows_page(connection, tenant, "objections", "at_ms", filters, cursor, limit)


def asks(connection: Connection, tenant: str, program: str, since: date, until: date) -> list[tuple[date, str, int]]:
    """How often somebody was asked, by day and place. The last day is not counted in."""
    counters, stem = tables.counters.c, f"{ASKED}{program}|"
    mine = and_(counters.tenant == tenant, counters.key >= f"{stem}{since}", counters.key < f"{stem}{until}")
    found = connection.execute(select(counters.key, counters.value).where(mine).order_by(counters.key))
    split = ((key.split("|"), count) for key, count in found)
    return [(date.fromisoformat(day), place, count) for (_, _, day, place), count in split]


def people(connection: Connection, tenant: str, participant_ids: list[str]) -> dict[str, dict[str, str]]:
    """What is known about these participants in clear: the only read of personal data."""
    table = tables.people
    statement = select(table.c.participant, table.c.doc).where(
        table.c.tenant == tenant, table.c.participant.in_(participant_ids)
    )
    return {row.participant: msgspec.json.decode(row.doc) for row in connection.execute(statement)}


def balances(connection: Connection, tenant: str, participant: str) -> dict[str, int]:
    """What stands on a participant's balance, by unit; below zero is a debt."""
    table = tables.balances
    statement = select(table.c.unit, table.c.amount).where(
        table.c.tenant == tenant, table.c.account == f"balance:{participant}"
    )
    return {row.unit: row.amount for row in connection.execute(statement.order_by(table.c.unit))}


def event(connection: Connection, tenant: str, event_id: str) -> StoredEvent | None:
    """An event by the id its source gave it."""
    row = connection.execute(_events(tenant).where(tables.events.c.id == event_id)).one_or_none()
    return None if row is None else _event(row)


def events(connection: Connection, tenant: str, *, after_seq: int = 0, limit: int = 50) -> list[StoredEvent]:
    """Events in the order in which they were decided, the oldest first: what a copy reads."""
    seq = tables.events.c.seq
    statement = _events(tenant).where(seq > after_seq).order_by(seq).limit(bounded(limit))
    return [_event(row) for row in connection.execute(statement)]


def answers(
    connection: Connection, tenant: str, reference: str, *, cursor: str | None = None, limit: int = 50
) -> Page[StoredEvent]:
    """The events that touched a referral, reward, participant or order, with their answers."""
    traces = tables.traces.c
    touched = and_(traces.tenant == tenant, traces.reference == reference)
    if cursor is not None:
        touched = and_(touched, traces.seq < whole(cursor))
    size = bounded(limit)
    seqs = list(
        connection.execute(select(traces.seq).where(touched).order_by(traces.seq.desc()).limit(size + 1)).scalars()
    )
    statement = _events(tenant).where(tables.events.c.seq.in_(seqs[:size])).order_by(tables.events.c.seq.desc())
    items = [_event(row) for row in connection.execute(statement)]
    return Page(items, str(seqs[size - 1]) if len(seqs) > size else None)


def entries(connection: Connection, tenant: str, reward: str) -> list[PostedEntry]:
    """All postings of a reward, in their order."""
    table = tables.entries
    statement = select(table).where(table.c.tenant == tenant, table.c.reward == reward)
    return [
        PostedEntry(row.seq, row.line, Entry(row.account, row.unit, row.amount, row.reward))
        for row in connection.execute(statement.order_by(table.c.seq, table.c.line))
    ]


def statement(
    connection: Connection, tenant: str, participant: str, unit: str, *, cursor: str | None = None, limit: int = 50
) -> Page[Movement]:
    """What moved on a participant's balance of a unit, the newest first.

    What stood there after the last movement of a page is part of its cursor: it never changes any more.
    """
    size = bounded(limit)
    if cursor is None:
        place, standing = (2**62, 0), balances(connection, tenant, participant).get(unit, 0)
    else:
        place, standing = _place_in_statement(cursor)
    parameters: dict[str, object] = {"tenant": tenant, "account": f"balance:{participant}", "unit": unit}
    parameters |= {"seq": place[0], "line": place[1], "size": size + 1}
    items: list[Movement] = []
    rows = connection.execute(_STATEMENT, parameters).all()
    for row in rows[:size]:
        items.append(Movement(**row._mapping, balance=standing))
        standing -= row.amount
    last = items[-1] if len(rows) > size else None
    return Page(items, None if last is None else f"{last.seq}-{last.line}-{standing}")


def _place_in_statement(cursor: str) -> tuple[tuple[int, int], int]:
    seq, _, rest = cursor.partition("-")
    line, _, standing = rest.partition("-")
    return (whole(seq), whole(line)), whole(standing.removeprefix("-")) * (-1 if standing.startswith("-") else 1)


_STATEMENT = text(
    # The two entries of a posting stand side by side: the other account is on the line beside it.
    "SELECT e.seq, e.line, v.id AS event, v.type, v.clock_ms, e.amount, o.account AS other, e.reward "  # noqa: S608
    "FROM entries AS e JOIN events AS v ON v.tenant = e.tenant AND v.seq = e.seq "
    "JOIN entries AS o ON o.tenant = e.tenant AND o.seq = e.seq AND o.line = e.line + 1 - 2 * (e.line % 2) "
    "WHERE e.tenant = :tenant AND e.account = :account AND e.unit = :unit "
    f"AND {tables.BALANCE_ACCOUNTS.replace('account', 'e.account')} AND (e.seq, e.line) < (:seq, :line) "
    "ORDER BY e.seq DESC, e.line DESC LIMIT :size"
)


def program_versions(connection: Connection, tenant: str, program: str | None = None) -> list[ProgramVersion]:
    """All stored versions, or those of one program: by name, the newest first."""
    rows = load_program_rows(connection, tenant)
    versions = tables.program_versions.c
    columns = (versions.program, versions.version, versions.digest, versions.published_ms)
    statement = select(*columns).where(versions.tenant == tenant)
    if program is not None:
        statement = statement.where(versions.program == program)
    found = connection.execute(statement.order_by(versions.program, versions.version.desc()))
    return [_version(rows[name], version, digest, at_ms) for name, version, digest, at_ms in found]


def _version(row: ProgramRow, version: int, digest: str, published_ms: int) -> ProgramVersion:
    planned_ms = row.planned_ms if version == row.planned else None
    return ProgramVersion(row.program, version, digest, published_ms, version == row.version, row.priority, planned_ms)


def program_text(connection: Connection, tenant: str, program: str, version: int) -> str | None:
    """A published program file."""
    table = tables.program_versions.c
    mine = and_(table.tenant == tenant, table.program == program, table.version == version)
    return connection.execute(select(table.text).where(mine)).scalar_one_or_none()


def referral_counts(connection: Connection, tenant: str) -> dict[str, dict[str, int]]:
    """How many referrals there are, by program and status."""
    return _counts(connection, tenant, "referrals")


def reward_counts(connection: Connection, tenant: str) -> dict[str, dict[str, int]]:
    """How many rewards there are, by program and status."""
    return _counts(connection, tenant, "rewards")


def undelivered(connection: Connection, tenant: str, *, limit: int = 50) -> list[Undelivered]:
    """What waits in the outbox, the oldest first."""
    table = tables.outbox
    statement = select(table).where(_waits(tenant))
    return [
        Undelivered(row.id, row.seq, row.created_ms, msgspec.json.decode(row.doc, type=OutboxRow))
        for row in connection.execute(statement.order_by(table.c.id).limit(bounded(limit)))
    ]


def newest_undelivered(connection: Connection, tenant: str) -> int | None:
    """The id of the last outbox row, if any waits."""
    return connection.execute(select(func.max(tables.outbox.c.id)).where(_waits(tenant))).scalar()


def _waits(tenant: str) -> ColumnElement[bool]:
    """Whether an outbox row was not handed out yet."""
    done = select(tables.handed_out.c.outbox_id).where(tables.handed_out.c.tenant == tenant).scalar_subquery()
    return and_(tables.outbox.c.tenant == tenant, tables.outbox.c.id > func.coalesce(done, 0))


def backlog(connection: Connection, tenant: str, now_ms: int) -> Backlog:
    """What waits for a tenant; a handful of index entries where little does."""
    live = connection.execute(select(tables.tenants.c.live).where(tables.tenants.c.tenant == tenant)).scalar()
    outbox, dues, parked = tables.outbox.c, tables.dues.c, tables.parked.c
    waiting = _waits(tenant)
    oldest = select(outbox.created_ms).where(waiting).order_by(outbox.id).limit(1)
    # A tenant of history waits for its own clock: no date of his is late.
    overdue = and_(dues.tenant == tenant, dues.due_ms <= now_ms) if live else false()
    return Backlog(
        outbox=_counted(connection, select(outbox.id).where(waiting)),
        outbox_oldest_ms=connection.execute(oldest).scalar(),
        dues=_counted(connection, select(dues.id).where(overdue)),
        parked=_counted(connection, select(parked.id).where(parked.tenant == tenant)),
    )


def _counted(connection: Connection, rows: Select[Any]) -> int:
    some = rows.limit(BACKLOG_MAX).subquery("counted")
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def rows_page(
    connection: Connection,
    tenant: str,
    collection: str,
    time: str,
    filters: dict[str, str | None],
    cursor: str | None,
    limit: int,
) -> Page[Any]:
    """A page of the rows of a collection, by (time, id), the newest first."""
    size, asked = bounded(limit), {name: value for name, value in filters.items() if value is not None}
    parameters: dict[str, object] = {**asked, "tenant": tenant, "size": size + 1}
    if cursor is not None:
        ms, _, parameters["place_key"] = cursor.partition("-")
        parameters["place_ms"] = whole(ms)
    mapper = MAPPERS[collection]
    statement = _rows_statement(collection, time, tuple(sorted(asked)), cursor is not None)
    found = connection.execute(statement, parameters).all()
    items = [mapper.unpack(row)[1] for row in found[:size]]
    last = found[size - 1]._mapping if len(found) > size else None
    return Page(items, None if last is None else f"{last[time]}-{last[mapper.key]}")


@cache
def _rows_statement(collection: str, time: str, filters: tuple[str, ...], placed: bool) -> Select[Any]:
    """The statement of a list. Put together once: that takes as long as asking the database."""
    mapper = MAPPERS[collection]
    columns = mapper.table.c
    place = tuple_(columns[time], columns[mapper.key])
    conditions: list[ColumnElement[bool]] = [columns.tenant == bindparam("tenant"), columns[time].is_not(None)]
    conditions += [columns[name] == bindparam(name) for name in filters]
    if placed:
        before = bindparam("place_ms", type_=columns[time].type), bindparam("place_key", type_=tables.WORD)
        conditions.append(place < tuple_(*before))
    statement = select(*(columns[name] for name in mapper.columns)).where(*conditions)
    return statement.order_by(columns[time].desc(), columns[mapper.key].desc()).limit(bindparam("size"))


def _events(tenant: str) -> Select[Any]:
    table = tables.events.c
    columns = (
        table.seq,
        table.id,
        table.type,
        table.occurred_ms,
        table.clock_ms,
        table.history,
        table.body,
        table.answer,
    )
    return select(*columns).where(table.tenant == tenant)


def _event(row: Any) -> StoredEvent:
    return StoredEvent(
        seq=row.seq,
        id=row.id,
        type=row.type,
        occurred_ms=row.occurred_ms,
        clock_ms=row.clock_ms,
        history=bool(row.history),
        body=msgspec.Raw(row.body.encode()),
        answer=msgspec.Raw(row.answer.encode()),
    )


def _counts(connection: Connection, tenant: str, collection: str) -> dict[str, dict[str, int]]:
    columns = MAPPERS[collection].table.c
    statement = select(columns.program, columns.status, func.count()).where(columns.tenant == tenant)
    counts: dict[str, dict[str, int]] = {}
    grouped = statement.group_by(columns.program, columns.status).order_by(columns.program, columns.status)
    for program, status, count in connection.execute(grouped):
        counts.setdefault(program, {})[status] = count
    return counts


def bounded(limit: int) -> int:
    """How many rows a page has: at least one."""
    return max(1, min(limit, LIMIT_MAX))


def whole(digits: str) -> int:
    """The number in a cursor; longer ones than a database holds are refused like any other nonsense."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise BadCursor("the cursor is not one that a page gave")
    return int(digits)
