"""Moving everything from one database to another, such as from the embedded one to PostgreSQL.

The source is read in one transaction, which shows one moment; the target is written in one, which is committed after the
counts were compared and the books audited, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from goodword.storage.audit import audit
from goodword.storage.database import Database, DatabaseError
from goodword.storage.tables import metadata, tenants

ROWS_AT_ONCE = 2000
"""How many rows are read, and written, at a time."""

Step = Callable[[str, int], None]
"""Told which table is being copied, and how many more of its rows are there."""


class NotEmpty(DatabaseError):
    """The target holds something already."""


class NotTheSame(DatabaseError):
    """The copy is not what it was made from; nothing of it was kept."""


def copy_all(source: Database, target: Database, step: Step = lambda *_: None) -> dict[str, int]:
    """Copy all rows of all tenants into a database without any, and prove that they arrived. Returns the rows of each table.

    Raises:
        NotMigrated: the source is of an older release.
        NotEmpty: the target holds rows.
        NotTheSame: counts differ, or the audit of the copy finds a fault.
    """
    source.check()
    target.migrate()
    with source.read() as reader, target.write_all() as writer:
        _must_be_empty(writer)
        copied = {table.name: _copy(reader, writer, table, step) for table in metadata.sorted_tables}
        if writer.dialect.name == "postgresql":
            writer.execute(text("ANALYZE"))  # the audit's plans need to know how much there is
        _prove(reader, writer)
    return copied


def _must_be_empty(writer: Connection) -> None:
    for table in metadata.sorted_tables:
        if writer.execute(select(text("1")).select_from(table).limit(1)).first() is not None:
            raise NotEmpty(f"the target holds {table.name} already: only an empty database is filled")


def _copy(reader: Connection, writer: Connection, table: Table, step: Step) -> int:
    done = 0
    for rows in _pages(reader, table):
        _write(writer, table, rows)
        done += len(rows)
        step(table.name, len(rows))
    return done


def _pages(reader: Connection, table: Table) -> Iterator[Sequence[Any]]:
    result = reader.execute(select(*table.columns), execution_options={"yield_per": ROWS_AT_ONCE})
    yield from result.partitions()


def _write(writer: Connection, table: Table, rows: Sequence[Any]) -> None:
    names = [column.name for column in table.columns]
    if writer.dialect.name != "postgresql":
        writer.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    driver: Any = writer.connection.driver_connection
    with driver.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copying:
        for row in rows:
            copying.write_row(row)


def _prove(reader: Connection, writer: Connection) -> None:
    for table in metadata.sorted_tables:
        counts = [one.execute(select(func.count()).select_from(table)).scalar_one() for one in (reader, writer)]
        if counts[0] != counts[1]:
            raise NotTheSame(f"{table.name} has {counts[1]} rows in the copy and {counts[0]} where it came from")
    for tenant in reader.execute(select(tenants.c.tenant)).scalars():
        for finding in audit(writer, tenant):
            raise NotTheSame(f"the audit of tenant {tenant} finds a fault: {finding.row}: {finding.message}")
