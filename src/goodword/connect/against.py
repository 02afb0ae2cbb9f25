"""A shop's history compared with what a tenant knows: what is known already is passed over, what is new of it is told.

A file says of an order what it is in the end. Goodword may know the order, from an export of before or because the shop told
it live, and some of what came back of it: the difference is told, in events whose ids derive from the file's own ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection

from goodword.connect.history import UNDATED
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import ORDERS, OrderRow, State
from goodword.pipeline.intake import decode_event, seal
from goodword.program.duration import iso
from goodword.replay import Line
from goodword.storage.load import load, load_known, load_tenant

CHUNK = 500
"""How many events are compared at a time: so many orders at most are looked up in one query."""
NOTHING = b""
"""What is passed over: a line that says nothing."""


@dataclass
class Compared:
    """What of a file is known already."""

    new: int = 0
    known: int = 0
    """Orders, refunds, cancellations and customers of which nothing is new."""
    changed: int = 0
    """Customers of whom something else is told than before."""
    different: int = 0
    """Orders that are known with another total or currency: they stay as they are."""


class Against:
    """Compares the events of a file with a tenant, in chunks."""

    def __init__(
        self, read: Callable[[], AbstractContextManager[Connection]], tenant: str, keyring: Keyring, now_ms: int
    ) -> None:
        self.compared = Compared()
        self._read = read
        self._tenant = tenant
        self._keyring = keyring
        self._now_ms = now_ms

    def lines(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines with what is still to be told; one of which nothing is new says nothing."""
        rest = iter(lines)
        while chunk := list(islice(rest, CHUNK)):
            yield from self._chunk(chunk)

    def _chunk(self, chunk: Sequence[Line]) -> Iterator[Line]:
        bodies = [msgspec.json.decode(line.raw) for line in chunk]
        customers = {index: self._customer(body) for index, body in enumerate(bodies) if "order" not in body}
        with self._read() as connection:
            state = State(tenant=load_tenant(connection, self._tenant))
            ids = {body["order"] for body in bodies if "order" in body}
            if ids:
                load(connection, self._tenant, state, {ORDERS.name: ids})
            known = load_known(connection, self._tenant, [id for one in customers.values() for id in one.ids])
        for index, (line, body) in enumerate(zip(chunk, bodies, strict=True)):
            told = customers[index].told(known, self.compared) if index in customers else self._of_order(body, state)
            self.compared.new += bool(told)
            self.compared.known += not told
            yield Line(told or NOTHING, line.end)

    def _of_order(self, body: dict[str, Any], state: State) -> bytes:
        row: OrderRow | None = state.rows[ORDERS.name].get(body["order"])
        if row is None:
            return msgspec.json.encode(body)
        if body["type"] == "order":
            if row.placed_ms is None:
                return msgspec.json.encode(body)
            self.compared.different += (row.total, row.currency) != (body["total"], body["currency"])
            return NOTHING
        back = _came_back(row)
        if back is None:
            return NOTHING
        if body["type"] == "refund":
            left = body["amount"] - back
            return msgspec.json.encode(body | {"amount": left}) if left > 0 else NOTHING
        return msgspec.json.encode(body)

    def _customer(self, body: dict[str, Any]) -> _Customer:
        undated = body["occurred_at"] == UNDATED
        sealed = seal(decode_event(msgspec.json.encode(body)), self._keyring, self._now_ms, history=True)
        changed = body | {"type": "profile", "id": f"{body['id']}:{sealed.content[:16]}"}
        if undated:
            changed["occurred_at"] = iso(self._now_ms)
        return _Customer(body, sealed, changed, undated)


def _came_back(row: OrderRow) -> int | None:
    """How much of an order is known to have gone back, also before the order itself is known; None for all of it."""
    if row.placed_ms is not None:
        return row.refunded if row.state == "placed" else None
    if any(change.kind != "refund" or change.amount is None for change in row.changes):
        return None
    return sum(change.amount or 0 for change in row.changes)


@dataclass(frozen=True, slots=True)
class _Customer:
    """What a file says of a customer: as the first that is told of him, and as a change."""

    body: dict[str, Any]
    sealed: Sealed
    changed: dict[str, Any]
    """Under an id that says what it says, so that it is told once."""
    undated: bool

    @property
    def ids(self) -> tuple[str, str]:
        return self.body["id"], self.changed["id"]

    def told(self, known: dict[str, tuple[str, str]], compared: Compared) -> bytes:
        first, again = self.ids
        if again in known:
            return NOTHING
        if self.undated:
            return msgspec.json.encode(self.changed)
        if first not in known:
            return msgspec.json.encode(self.body)
        if known[first][0] == self.sealed.content:
            return NOTHING
        compared.changed += 1
        return msgspec.json.encode(self.changed)
