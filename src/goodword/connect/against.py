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

from goodword.connect.history import ORDER_CURRENCY, UNDATED
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import ORDERS, OrderRow, State
from goodword.pipeline.intake import decode_event, seal
from goodword.program.duration import iso
from goodword.replay import Line
from goodword.storage.load import load, load_tenant, load_told_since

CHUNK = 500
"""How many events are compared at a time: so many orders at most are looked up in one query."""
MARK = 16
"""So much of what a customer's event says stands in the id of a change."""
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
    in_other_currency: int = 0
    """Refunds of orders that are known in another currency: nobody can say how much of them went back."""


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
            told_of = load_told_since(connection, self._tenant, [one.body["id"] for one in customers.values()])
        for index, (line, body) in enumerate(zip(chunk, bodies, strict=True)):
            told = customers[index].told(told_of, self.compared) if index in customers else self._of_order(body, state)
            self.compared.new += bool(told)
            self.compared.known += not told
            yield Line(told or NOTHING, line.end)

    def _of_order(self, body: dict[str, Any], state: State) -> bytes:
        row: OrderRow | None = state.rows[ORDERS.name].get(body["order"])
        currency = body.pop(ORDER_CURRENCY, None)
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
        if "amount" not in body:
            return msgspec.json.encode(body)  # all of it, whatever it came to as the shop told it
        if row.placed_ms is not None and row.currency != currency:
            self.compared.in_other_currency += 1
            return NOTHING
        left = body["amount"] - back
        if left <= 0:
            return NOTHING
        # Under an id with what was known before: told again after more was known, it is another refund.
        return msgspec.json.encode(body | {"amount": left, "id": f"{body['id']}:{back}" if back else body["id"]})

    def _customer(self, body: dict[str, Any]) -> _Customer:
        undated = body["occurred_at"] == UNDATED
        sealed = seal(decode_event(msgspec.json.encode(body)), self._keyring, self._now_ms, history=True)
        changed = body | {"type": "profile", "id": f"{body['id']}:{sealed.content[:MARK]}"}
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
    """Under an id that says what it says, so that it is told once; where he changes back, with a number."""
    undated: bool

    def told(self, told_of: dict[str, list[tuple[str, str]]], compared: Compared) -> bytes:
        before = told_of.get(self.body["id"], [])
        if before and self._says(*before[-1]):
            return NOTHING
        if not before:
            return msgspec.json.encode(self.changed if self.undated else self.body)
        compared.changed += not self.undated
        ids = {id for id, _ in before}
        changed = self.changed["id"]
        return msgspec.json.encode(self.changed | {"id": changed if changed not in ids else f"{changed}:{len(before)}"})

    def _says(self, id: str, content: str) -> bool:
        """Whether an event that was told of him says what the file says."""
        _, _, mark = id.removeprefix(self.body["id"]).partition(":")
        return mark.partition(":")[0] == self.sealed.content[:MARK] if mark else content == self.sealed.content
