"""Deliveries: an outbox row on its way to an endpoint, and the attempts that were made.

Several processes work on these tables at once. Outbox rows are handed out under a lock of their own; an endpoint is worked
on by whoever holds its lease, and whoever lost it writes nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import astuple, replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    delete,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
    update,
)

from goodword.storage import tables
from goodword.storage.dialect import columns_of, dialect_of, write_rows
from goodword.storage.endpoints import Endpoint, endpoint_of
from goodword.storage.reads import Page, bounded, whole

ATTEMPTS_SHOWN_MAX = 200
"""How many attempts of a delivery are shown, the newest ones; only many replays make more."""

BACKLOG_MAX = 1000
"""How far what waits for one endpoint is counted."""

Status = Literal["waiting", "delivered", "failed"]
_WAITING: ColumnElement[str] = literal_column(
    "'waiting'"
)  # a parameter would hide from SQLite that the partial index applies
_FAILED: ColumnElement[str] = literal_column("'failed'")
_STATUSES: dict[str, ColumnElement[str]] = {
    "waiting": _WAITING,
    "failed": _FAILED,
    "delivered": literal_column("'delivered'"),
}


class Delivery(Struct, frozen=True):
    """Something that an endpoint is told. Its fields are the table's columns, in their order."""

    id: str
    endpoint: str
    outbox_id: int
    """The outbox row; of a notice and of a test, the last one before it."""
    seq: int
    topic: str
    reference: str
    happened_ms: int
    status: Status
    attempts: int
    """How many were made in all."""
    tried: int
    """How many were made since it was queued or replayed: where it stands in the schedule."""
    next_ms: int
    queued_ms: int
    created_ms: int
    done_ms: int | None = None


class Attempt(Struct, frozen=True):
    """One try. Its fields are the table's columns, in their order."""

    delivery: str
    number: int
    at_ms: int
    code: int | None
    """The status that HTTP or SMTP answered."""
    error: str | None
    """What kind of thing went wrong where there was no such answer."""
    took_ms: int


class Waiting(Struct, frozen=True):
    """What waits for an endpoint."""

    endpoint: str
    count: int
    """Counted up to `BACKLOG_MAX`."""
    oldest_ms: int | None
    """When the oldest of them was queued; None where nothing waits."""


_COLUMNS = columns_of(tables.deliveries)
_D = tables.deliveries.c
_E = tables.endpoints.c


# handing out ----------------------------------------------------------------------------------------------------------


def hand_out(connection: Connection, tenant: str, last: int, made: Sequence[Delivery]) -> None:
    """Keep the deliveries of the outbox rows up to the id `last`, and note how far the outbox was handed out."""
    add_deliveries(connection, tenant, made)
    write_rows(connection, dialect_of(connection).upsert(tables.handed_out), tenant, [[last]])


def add_deliveries(connection: Connection, tenant: str, made: Sequence[Delivery]) -> None:
    """New deliveries."""
    insert = dialect_of(connection).insert(tables.deliveries)
    write_rows(connection, insert, tenant, [astuple(delivery) for delivery in made])


# working off ----------------------------------------------------------------------------------------------------------


def something_due(connection: Connection, tenant: str, now_ms: int) -> bool:
    """Whether some endpoint could be sent to now: a read, so that idle workers keep off the write lock."""
    return connection.execute(_due_endpoints(tenant, now_ms).limit(1)).first() is not None


def lease(
    connection: Connection, tenant: str, owner: str, now_ms: int, until_ms: int, limit: int, failing_max: int
) -> list[Endpoint]:
    """Take endpoints that have something due, nobody else's, until a time; those longest not served first.

    At most `failing_max` of them failed the last time: what hangs shall not hold all workers.
    """
    ready = _due_endpoints(tenant, now_ms).order_by(_E.failures > 0, _E.lease_until_ms, _E.id).limit(limit)
    rows = connection.execute(ready.with_for_update(of=tables.endpoints, skip_locked=True)).all()
    found = [endpoint_of(row) for row in rows]
    healthy = [endpoint for endpoint in found if not endpoint.failures]
    taken = healthy + [endpoint for endpoint in found if endpoint.failures][: max(0, failing_max)]
    ids = [endpoint.id for endpoint in taken]
    if ids:
        mine = (_E.tenant == tenant) & _E.id.in_(ids)
        connection.execute(
            update(tables.endpoints).where(mine).values(lease_owner=owner, lease_until_ms=until_ms),
        )
    return taken


def due(connection: Connection, tenant: str, endpoint: Endpoint, now_ms: int, limit: int) -> list[Delivery]:
    """What an endpoint is to be sent now: of an ordered one, its first deliveries as far as they are due."""
    waiting = select(*_COLUMNS).where(_D.tenant == tenant, _D.endpoint == endpoint.id, _D.status == _WAITING)
    if not endpoint.ordered:
        statement = waiting.where(_D.next_ms <= now_ms).order_by(_D.next_ms, _D.outbox_id)
        return [_delivery(row) for row in connection.execute(statement.limit(limit))]
    found = connection.execute(waiting.order_by(_D.outbox_id, _D.id).limit(limit))
    page: list[Delivery] = []
    for row in found:
        if row.next_ms > now_ms:
            break
        page.append(_delivery(row))
    return page


def held(connection: Connection, tenant: str, endpoint: str, owner: str) -> Endpoint | None:
    """The endpoint as it is now, kept from others until the transaction ends; None if its lease is not the owner's any more."""
    statement = select(tables.endpoints).where(_E.tenant == tenant, _E.id == endpoint, _E.lease_owner == owner)
    row = connection.execute(statement.with_for_update()).one_or_none()
    return None if row is None else endpoint_of(row)


def record(connection: Connection, tenant: str, moved: Sequence[Delivery], made: Sequence[Attempt]) -> None:
    """Keep what became of deliveries, and the attempts. What staff queued anew meanwhile stays queued."""
    dialect = dialect_of(connection)
    write_rows(connection, dialect.insert(tables.attempts), tenant, [astuple(attempt) for attempt in made])
    ids = [one.id for one in moved]
    stored = select(*_COLUMNS).where(_D.tenant == tenant, _D.id.in_(ids)).with_for_update()
    now = {row.id: _delivery(row) for row in connection.execute(stored)}
    kept = [_unless_queued_anew(one, now.get(one.id, one)) for one in moved]
    write_rows(connection, dialect.upsert(tables.deliveries), tenant, [astuple(delivery) for delivery in kept])


def _unless_queued_anew(moved: Delivery, now: Delivery) -> Delivery:
    """A delivery after its attempt; of one that was queued anew meanwhile only the attempt counts."""
    return moved if moved.queued_ms == now.queued_ms else replace(now, attempts=moved.attempts)


def release(connection: Connection, tenant: str, endpoint: str, owner: str, free_ms: int) -> None:
    """Give a lease back: from `free_ms` on, anybody may take the endpoint."""
    mine = (_E.tenant == tenant) & (_E.id == endpoint) & (_E.lease_owner == owner)
    connection.execute(update(tables.endpoints).where(mine).values(lease_owner=None, lease_until_ms=free_ms))


def fail_waiting(connection: Connection, tenant: str, endpoint: str, now_ms: int) -> int:
    """Nothing more is sent to an endpoint: what waits for it has failed, and can be replayed. Returns how many it were."""
    waiting = (_D.tenant == tenant) & (_D.endpoint == endpoint) & (_D.status == _WAITING)
    return connection.execute(update(tables.deliveries).where(waiting).values(status="failed", done_ms=now_ms)).rowcount


def waiting_for(connection: Connection, tenant: str, endpoints: Sequence[str]) -> list[Waiting]:
    """What waits for each of these endpoints, of which there are few; one statement, which reads little of a long queue."""
    counts = []
    for endpoint in endpoints:
        mine = (_D.tenant == tenant) & (_D.endpoint == endpoint) & (_D.status == _WAITING)
        some = select(_D.queued_ms).where(mine).order_by(_D.outbox_id, _D.id).limit(BACKLOG_MAX).subquery()
        named = literal(endpoint).label("endpoint")
        counts.append(select(named, func.count().label("count"), func.min(some.c.queued_ms).label("oldest_ms")))
    if not counts:
        return []
    return [Waiting(*row) for row in connection.execute(union_all(*counts))]


# looking at it, and again ---------------------------------------------------------------------------------------------


def log_page(
    connection: Connection,
    tenant: str,
    *,
    endpoint: str | None = None,
    status: str | None = None,
    topic: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Delivery]:
    """Deliveries, the newest first; a filter that is None asks for nothing."""
    size = bounded(limit)
    filters = {"endpoint": endpoint, "topic": topic}
    statement = select(*_COLUMNS).where(_D.tenant == tenant)
    for name, value in filters.items():
        statement = statement if value is None else statement.where(_D[name] == value)
    if status is not None:
        statement = statement.where(_D.status == _STATUSES[status])
    if cursor is not None:
        ms, _, id = cursor.partition("-")
        statement = statement.where(tuple_(_D.created_ms, _D.id) < (whole(ms), id))
    statement = statement.order_by(_D.created_ms.desc(), _D.id.desc()).limit(size + 1)
    found = [_delivery(row) for row in connection.execute(statement)]
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], None if last is None else f"{last.created_ms}-{last.id}")


def forget_deliveries(connection: Connection, tenant: str, before_ms: int, limit: int) -> int:
    """Remove about `limit` deliveries that came to their end and are older than `before_ms`; how many it were."""
    old = select(_D.id).where(_D.tenant == tenant, _D.created_ms < before_ms, _D.done_ms.is_not(None))
    ids = list(connection.execute(old.order_by(_D.created_ms, _D.id).limit(limit)).scalars())
    if ids:
        tried = tables.attempts.c
        connection.execute(delete(tables.attempts).where(tried.tenant == tenant, tried.delivery.in_(ids)))
        connection.execute(delete(tables.deliveries).where(_D.tenant == tenant, _D.id.in_(ids)))
    return len(ids)


def forget_outbox(connection: Connection, tenant: str, before_ms: int, limit: int) -> int:
    """Remove of the `limit` oldest outbox rows those that are from before `before_ms` and handed out; how many it were.

    What a delivery in the log was made of stays as long as that. Only the front is looked at, so that a look that finds
    nothing old reads little.
    """
    table = tables.outbox
    in_log = select(func.min(_D.created_ms)).where(_D.tenant == tenant).scalar_subquery()
    first = select(func.min(_D.outbox_id)).where(_D.tenant == tenant, _D.created_ms == in_log)  # made in their order
    kept_from = connection.execute(first).scalar()
    handed_out = select(tables.handed_out.c.outbox_id).where(tables.handed_out.c.tenant == tenant)
    last = connection.execute(handed_out).scalar() or 0
    front = select(table.c.id, table.c.created_ms).where(table.c.tenant == tenant).order_by(table.c.id).limit(limit)
    rows = connection.execute(front).all()
    ended = last if kept_from is None else min(last, kept_from - 1)
    old = [row.id for row in rows if row.id <= ended and row.created_ms < before_ms]
    if old:
        connection.execute(delete(table).where(table.c.tenant == tenant, table.c.id.in_(old)))
    return len(old)


def deliveries_of(connection: Connection, tenant: str, ids: Collection[str]) -> list[Delivery]:
    """The deliveries of these ids, as far as there are such."""
    statement = select(*_COLUMNS).where(_D.tenant == tenant, _D.id.in_(ids))
    return [_delivery(row) for row in connection.execute(statement)]


def find_delivery(connection: Connection, tenant: str, id: str) -> Delivery | None:
    """A delivery, or None where there is no such one."""
    return next(iter(deliveries_of(connection, tenant, [id])), None)


def attempts_of(connection: Connection, tenant: str, delivery: str) -> list[Attempt]:
    """The attempts of a delivery in their order; of very many the newest."""
    table = tables.attempts
    statement = select(*columns_of(table)).where(table.c.tenant == tenant, table.c.delivery == delivery)
    rows = connection.execute(statement.order_by(table.c.number.desc()).limit(ATTEMPTS_SHOWN_MAX)).all()
    return [Attempt(*row) for row in reversed(rows)]


def replay(connection: Connection, tenant: str, id: str, now_ms: int) -> None:
    """Queue a delivery anew, whatever became of it; its id stays."""
    mine = (_D.tenant == tenant) & (_D.id == id)
    connection.execute(update(tables.deliveries).where(mine).values(**_anew(now_ms)))


def replay_failed(connection: Connection, tenant: str, endpoint: str, since_ms: int, now_ms: int) -> int:
    """Queue all deliveries of an endpoint anew that failed and were made since a time. Returns how many."""
    failed = (_D.tenant == tenant) & (_D.endpoint == endpoint) & (_D.status == _FAILED) & (_D.created_ms >= since_ms)
    return connection.execute(update(tables.deliveries).where(failed).values(**_anew(now_ms))).rowcount


def _anew(now_ms: int) -> dict[str, Any]:
    # Another moment than before in any case: by it an attempt that is under way sees that it was queued anew.
    queued_ms = case((_D.queued_ms >= now_ms, _D.queued_ms + 1), else_=now_ms)
    return {"status": "waiting", "tried": 0, "next_ms": now_ms, "queued_ms": queued_ms, "done_ms": None}


def _due_endpoints(tenant: str, now_ms: int) -> Any:
    """Active endpoints that nobody holds and that have something due: of an ordered one, its first delivery."""
    waiting = (_D.tenant == _E.tenant) & (_D.endpoint == _E.id) & (_D.status == _WAITING)
    first = select(_D.next_ms).where(waiting).order_by(_D.outbox_id, _D.id).limit(1).scalar_subquery()
    soonest = select(_D.next_ms).where(waiting).order_by(_D.next_ms, _D.outbox_id).limit(1).scalar_subquery()
    return select(tables.endpoints).where(
        _E.tenant == tenant,
        _E.state == "active",
        _E.lease_until_ms <= now_ms,
        case((_E.ordered == 1, first), else_=soonest) <= now_ms,
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(*(getattr(row, column.name) for column in _COLUMNS))
