"""Letters: what is to be mailed to people. A row holds neither address nor text: both are looked up when it is sent."""

from __future__ import annotations

import secrets

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from goodword.storage.tables import letters


class Letter(Struct, frozen=True):
    """A mail that waits to be sent."""

    id: str
    participant: str | None
    """To whom; None where nobody has the address that was asked for: it is dropped when its turn comes."""
    kind: str
    reference: str
    language: str
    created_ms: int
    tries: int


_COLUMNS = [column for column in letters.c if column.name in Letter.__struct_fields__]


def add_letter(
    connection: Connection, tenant: str, participant: str, kind: str, language: str, now_ms: int, next_ms: int
) -> str:
    """Queue a letter to somebody, to be sent from `next_ms` on; its id."""
    row = {"id": f"le_{secrets.token_hex(12)}", "participant": participant, "kind": kind, "reference": ""}
    times = {"created_ms": now_ms, "next_ms": next_ms, "tries": 0}
    connection.execute(insert(letters), {"tenant": tenant, "language": language, **row, **times})
    return row["id"]


def letters_due(connection: Connection, tenant: str, now_ms: int) -> bool:
    """Whether the time of a letter has come."""
    due = select(letters.c.id).where(letters.c.tenant == tenant, letters.c.next_ms <= now_ms)
    return connection.execute(due.limit(1)).first() is not None


def take_letters(connection: Connection, tenant: str, now_ms: int, until_ms: int, limit: int) -> list[Letter]:
    """The letters whose time has come, the oldest first; nobody else takes them before `until_ms`.

    The caller holds a lock of their own, so that no two take the same.
    """
    due = (letters.c.tenant == tenant) & (letters.c.next_ms <= now_ms)
    rows = connection.execute(select(*_COLUMNS).where(due).order_by(letters.c.next_ms, letters.c.id).limit(limit))
    found = [Letter(**row._mapping) for row in rows]
    for one in found:
        later = update(letters).where(letters.c.tenant == tenant, letters.c.id == one.id)
        connection.execute(later.values(next_ms=until_ms, tries=letters.c.tries + 1))
    return found


def put_off(connection: Connection, tenant: str, id: str, until_ms: int) -> None:
    """Try a letter again then."""
    mine = (letters.c.tenant == tenant) & (letters.c.id == id)
    connection.execute(update(letters).where(mine).values(next_ms=until_ms))


def letter_done(connection: Connection, tenant: str, id: str) -> None:
    """A letter was sent, or given up."""
    connection.execute(delete(letters).where(letters.c.tenant == tenant, letters.c.id == id))
