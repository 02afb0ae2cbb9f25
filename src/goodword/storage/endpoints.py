"""Endpoints: to whom a tenant tells what happened. Their secrets are derived from their id and generation, never stored."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from goodword.storage import tables
from goodword.storage.store import OUTBOX_LINES_MAX

ENDPOINTS_MAX = 50
"""How many endpoints a tenant may have: each is looked at every time, and may be sent to at the same moment as the others."""

Kind = Literal["webhook", "mail"]
EndpointState = Literal["active", "paused", "disabled"]
"""A paused endpoint collects what happens and sends nothing; a disabled one does neither."""
Why = Literal["gone", "failing", "staff"]
"""Why it is disabled: it answered 410, it took nothing for a whole schedule (in order, of two where it answers), or staff did it."""


class TooManyEndpoints(Exception):
    """The tenant has as many endpoints as one may have."""


class Endpoint(Struct, frozen=True):
    """An endpoint without its lease."""

    id: str
    kind: Kind
    target: str
    """The address of a webhook or of a mailbox."""
    topics: tuple[str, ...]
    ordered: bool
    state: EndpointState
    why: Why | None
    language: str
    generation: int
    """Of its secret: each rotation adds one."""
    previous_until_ms: int | None
    """Until when the secret of the generation before signs as well."""
    after_outbox: int
    """The outbox row after which it listens: it was made then."""
    created_ms: int
    delivered_ms: int | None = None
    """When it last took something."""
    failures: int = 0
    """How many attempts failed since then."""


_COLUMNS = [column for column in tables.endpoints.c if column.name in Endpoint.__struct_fields__]


def create_endpoint(connection: Connection, tenant: str, endpoint: Endpoint) -> None:
    """A new endpoint.

    Raises:
        TooManyEndpoints: there are `ENDPOINTS_MAX` already.
    """
    count = select(func.count()).select_from(tables.endpoints).where(tables.endpoints.c.tenant == tenant)
    if connection.execute(count).scalar_one() >= ENDPOINTS_MAX:
        raise TooManyEndpoints
    values = _values(msgspec.structs.asdict(endpoint))
    connection.execute(insert(tables.endpoints), values | {"tenant": tenant, "lease_owner": None, "lease_until_ms": 0})


def find_endpoint(connection: Connection, tenant: str, id: str) -> Endpoint | None:
    """An endpoint, or None where there is no such one."""
    row = connection.execute(select(*_COLUMNS).where(_mine(tenant, id))).one_or_none()
    return None if row is None else endpoint_of(row)


def list_endpoints(connection: Connection, tenant: str) -> list[Endpoint]:
    """All endpoints, in the order of their making."""
    table = tables.endpoints.c
    statement = select(*_COLUMNS).where(table.tenant == tenant).order_by(table.created_ms, table.id)
    return [endpoint_of(row) for row in connection.execute(statement.limit(ENDPOINTS_MAX))]


def change_endpoint(connection: Connection, tenant: str, id: str, **changes: Any) -> bool:
    """Change some of its fields. False where there is no such endpoint."""
    done = connection.execute(update(tables.endpoints).where(_mine(tenant, id)).values(**_values(changes)))
    return done.rowcount == 1


def delete_endpoint(connection: Connection, tenant: str, id: str) -> bool:
    """Remove an endpoint; what was sent to it stays in the log. False where there is no such endpoint."""
    return connection.execute(delete(tables.endpoints).where(_mine(tenant, id))).rowcount == 1


def outbox_position(connection: Connection, tenant: str) -> int:
    """The largest id that an outbox row of the tenant can have by now."""
    seq = connection.execute(select(tables.tenants.c.seq).where(tables.tenants.c.tenant == tenant)).scalar_one()
    return int(seq) * OUTBOX_LINES_MAX + OUTBOX_LINES_MAX - 1


def endpoint_of(row: Any) -> Endpoint:
    """An endpoint from a row that holds at least its columns."""
    values = {column.name: getattr(row, column.name) for column in _COLUMNS}
    values |= {"topics": tuple(msgspec.json.decode(row.topics)), "ordered": bool(row.ordered)}
    return Endpoint(**values)


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as the columns hold them."""
    values = dict(fields)
    if "topics" in values:
        values["topics"] = msgspec.json.encode(values["topics"]).decode()
    if "ordered" in values:
        values["ordered"] = int(values["ordered"])
    return values


def _mine(tenant: str, id: str) -> Any:
    return (tables.endpoints.c.tenant == tenant) & (tables.endpoints.c.id == id)
