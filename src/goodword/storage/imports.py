"""Where an interrupted import stopped. The row is written with each batch, in its transaction, and removed at the end.

It holds counts and line numbers, nothing of what the lines say.
"""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from goodword.storage.database import DatabaseError
from goodword.storage.tables import imports

IMPORTS_MAX = 20
"""How many interrupted imports a tenant may have; the one that stopped longest ago makes room."""


class ImportMoved(DatabaseError):
    """Another process imports the same file."""


class Import(Struct, frozen=True):
    """An import that is not finished."""

    id: str
    position: int
    """How many bytes of the file are done."""
    lines: int
    mark: str
    """The chained hash of the lines that are done: the file is known by it."""
    history: bool
    doc: str
    """The tally so far, as JSON."""


def unfinished_imports(connection: Connection, tenant: str) -> list[Import]:
    """The imports of a tenant that were interrupted, or are running."""
    table = imports.c
    columns = (table.id, table.position, table.lines, table.mark, table.history, table.doc)
    rows = connection.execute(select(*columns).where(table.tenant == tenant).order_by(table.saved_ms, table.id))
    return [Import(row.id, row.position, row.lines, row.mark, bool(row.history), row.doc) for row in rows]


def save_import(connection: Connection, tenant: str, row: Import, before: int | None, now_ms: int) -> None:
    """Note how far an import came, which was at position `before`, or has no row yet.

    Raises:
        ImportMoved: it is not there any more.
    """
    values = {
        "position": row.position,
        "lines": row.lines,
        "mark": row.mark,
        "history": int(row.history),
        "saved_ms": now_ms,
        "doc": row.doc,
    }
    if before is None:
        _make_room(connection, tenant)
        connection.execute(insert(imports), {"tenant": tenant, "id": row.id} | values)
        return
    mine = (imports.c.tenant == tenant) & (imports.c.id == row.id) & (imports.c.position == before)
    if connection.execute(update(imports).where(mine).values(values)).rowcount != 1:
        raise ImportMoved("another process imports this file: let it finish, or stop it, and try again")


def forget_import(connection: Connection, tenant: str, import_id: str) -> None:
    """An import is finished, or starts over."""
    connection.execute(delete(imports).where(imports.c.tenant == tenant, imports.c.id == import_id))


def _make_room(connection: Connection, tenant: str) -> None:
    for row in unfinished_imports(connection, tenant)[: -(IMPORTS_MAX - 1)]:
        forget_import(connection, tenant, row.id)
