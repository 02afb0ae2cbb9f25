"""What a delivery says, read from the rows as they are when it is sent: nothing personal is kept on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection

from goodword.engine.programs import status_of
from goodword.engine.state import (
    HANDLES,
    OBJECTIONS,
    PARTICIPANTS,
    PAYOUTS,
    REFERRALS,
    REWARDS,
    Collection,
    Handle,
    Participant,
    ProgramRow,
    Referral,
    Reward,
    State,
)
from goodword.engine.topics import object_of
from goodword.program.duration import iso
from goodword.storage.deliveries import Delivery, deliveries_of
from goodword.storage.endpoints import Endpoint, list_endpoints
from goodword.storage.load import load, load_program_rows

Show = Callable[[Participant | Handle | Referral | Reward], object]
"""A row as the API shows it to a key that only reads: no personal data, no codes that are worth money."""

ROWS: dict[str, Collection[Any]] = {
    "participant": PARTICIPANTS,
    "code": HANDLES,
    "referral": REFERRALS,
    "reward": REWARDS,
    "payout": PAYOUTS,
    "objection": OBJECTIONS,
}
"""Which collection the reference of a topic leads to, by the object of the topic."""


def render(connection: Connection, tenant: str, page: Sequence[Delivery], show: Show) -> dict[str, dict[str, Any]]:
    """The data of each delivery, by id. The count of statements does not grow with the page."""
    wanted: dict[str, set[str]] = {}
    for delivery in page:
        wanted.setdefault(object_of(delivery.topic), set()).add(delivery.reference)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    state = State()
    load(connection, tenant, state, {ROWS[name].name: ids for name, ids in wanted.items() if name in ROWS})
    for name, collection in ROWS.items():
        for id in wanted.get(name, ()):
            row = state.get(collection, id)
            if row is not None:
                found[name, id] = msgspec.to_builtins(show(row))
    found |= _others(connection, tenant, wanted)
    return {one.id: found.get((object_of(one.topic), one.reference), {"id": one.reference}) for one in page}


def endpoint_data(endpoint: Endpoint) -> dict[str, Any]:
    """What a notice says of an endpoint. The path of an address may hold a secret, so only its host is told."""
    host = urlsplit(endpoint.target).hostname if endpoint.kind == "webhook" else endpoint.target
    return {"id": endpoint.id, "kind": endpoint.kind, "host": host, "state": endpoint.state, "why": endpoint.why}


def program_data(row: ProgramRow) -> dict[str, Any]:
    """Where a program stands, and what is planned: enough to tell advocates of it."""
    planned = {"version": row.planned, "starts_at": iso(row.planned_ms)} if row.planned else None
    ends_at = None if row.ends_ms is None else iso(row.ends_ms)
    now = {"version": row.version or None, "status": status_of(row)}
    return {"program": row.program, **now, "planned": planned, "ends_at": ends_at}


def _others(
    connection: Connection, tenant: str, wanted: Mapping[str, set[str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """What is not in the state of the engine: programs, and what delivery tells of itself."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    if "program" in wanted:
        rows = load_program_rows(connection, tenant)
        found |= {("program", name): program_data(row) for name, row in rows.items()}
    if "endpoint" in wanted or "goodword" in wanted:
        for endpoint in list_endpoints(connection, tenant):
            found["endpoint", endpoint.id] = endpoint_data(endpoint)
            found["goodword", endpoint.id] = {"endpoint": endpoint.id}
    if "delivery" in wanted:
        for delivery in deliveries_of(connection, tenant, wanted["delivery"]):
            about = {"endpoint": delivery.endpoint, "topic": delivery.topic, "reference": delivery.reference}
            found["delivery", delivery.id] = {"id": delivery.id, **about, "attempts": delivery.attempts}
    return found
