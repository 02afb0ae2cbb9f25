"""The little that differs between SQLite and PostgreSQL.

Many rows go to the database at once, in the way that is cheapest for each: PostgreSQL takes one JSON parameter apart,
SQLite runs one prepared statement over a list. One statement per table however long the batch, and its text depends on
nothing but its table. Values never stand in SQL text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, TextClause, text


class Dialect(ABC):
    """SQL for one kind of database. Statements are made once per table and kept."""

    name: str
    key_rows: str
    """The keys in the parameter ``keys`` as rows ``k(value)``."""
    merged_doc: str
    """Two documents as one, of which `{new}` has the last word."""
    """The ``doc`` of an upsert in which keys of the new row replace those of the old."""

    @abstractmethod
    def keys(self, keys: Collection[str]) -> object:
        """The parameter that carries a list of keys."""

    @abstractmethod
    def any_of(self, column: str, parameter: str = "keys") -> str:
        """A condition: the column is one of the keys in the parameter."""

    @abstractmethod
    def behind(self, table: Table, alias: str, by: str, value: str) -> str:
        """A join to the tenant's rows whose column `by` is `value`: looked up in an index for each row on the left.

        Both planners are told to do so. Left to themselves, they walk through all that a tenant has as long as they have
        no statistics, or old ones, which is when a shop imports its history.
        """

    @abstractmethod
    def first_of(
        self, table: Table, columns: Sequence[str], by: str, where: str, order: Sequence[str], limit: int
    ) -> str:
        """Query of the first `limit` rows behind each key, which never reads the others."""

    @abstractmethod
    def page_of(self, table: Table, key: str, column: str, limit: int) -> str:
        """Query of the first `limit` rows behind each key, which is ``OWNER>PLACE``, as far as they are of this owner.

        The rows stand in the order of their own `key`. Gives the key that was asked for, and `column`.
        """

    @abstractmethod
    def member(self, column: str, name: str) -> str:
        """A member of the JSON object in a column, as text."""

    @abstractmethod
    def members(self, column: str, name: str) -> str:
        """The items of a list in the JSON object in a column, as rows ``item(value)``."""

    @abstractmethod
    def pairs(self, column: str, name: str) -> str:
        """The members of an object inside a JSON column, as a table ``item`` with ``key`` and ``value``."""

    @abstractmethod
    def lock(self, connection: Connection, name: str) -> None:
        """Wait until nobody else holds the lock of this name; it ends with the transaction."""

    @abstractmethod
    def why_only_read(self, connection: Connection) -> str | None:
        """Why the database cannot be written although it answers; None where it can."""

    @abstractmethod
    def for_update(self) -> str:
        """What ends a query whose rows nobody else may change until the transaction ends."""

    @abstractmethod
    def _source(self, columns: Sequence[Column[Any]]) -> str:
        """The part of an insert that says where the rows come from, the tenant before the columns."""

    @abstractmethod
    def write(self, connection: Connection, statement: str, tenant: str, rows: Sequence[Sequence[object]]) -> None:
        """Run an insert, upsert or merge with rows, at least one; each holds what `columns_of` its table names."""

    def insert(self, table: Table) -> str:
        """New rows; a row whose key is taken is an error."""
        return _insert(self, table)

    def upsert(self, table: Table) -> str:
        """Rows that are new or replace those with the same key."""
        return _upsert(self, table, merge=None)

    def merge(self, table: Table) -> str:
        """As `upsert`, but what the old ``doc`` has and the new one has not stays."""
        return _upsert(self, table, merge=("doc", "excluded.doc"))

    def fill(self, table: Table) -> str:
        """As `merge`, but what the old ``doc`` has stays as it is."""
        return _upsert(self, table, merge=("excluded.doc", "doc"))

    def add(self, table: Table, column: str) -> str:
        """Rows that are new, or whose number in `column` is added to that of the row with the same key."""
        return _add(self, table, column)

    def delete(self, table: Table) -> TextClause:
        """Remove rows by key."""
        return _delete(self, table)


class SQLite(Dialect):
    name = "sqlite"
    key_rows = "json_each(:keys) AS k"
    merged_doc = "json_patch({old}, {new})"

    def keys(self, keys: Collection[str]) -> object:
        return msgspec.json.encode(list(keys)).decode()

    def any_of(self, column: str, parameter: str = "keys") -> str:
        return f"{column} IN (SELECT value FROM json_each(:{parameter}))"  # noqa: S608

    def behind(self, table: Table, alias: str, by: str, value: str) -> str:
        return f"CROSS JOIN {table.name} AS {alias} ON {alias}.tenant = :tenant AND {alias}.{by} = {value}"

    def first_of(
        self, table: Table, columns: Sequence[str], by: str, where: str, order: Sequence[str], limit: int
    ) -> str:
        return (
            f"SELECT {qualified('t', columns)} FROM {self.key_rows} "  # noqa: S608
            f"CROSS JOIN {table.name} AS t ON t.rowid IN (SELECT rowid FROM {table.name} "
            f"WHERE tenant = :tenant AND {by} = k.value AND {where} ORDER BY {', '.join(order)} LIMIT {limit}) "
            f"ORDER BY {qualified('t', order)}"
        )

    def page_of(self, table: Table, key: str, column: str, limit: int) -> str:
        end = "substr(k.value, 1, instr(k.value, '>') - 1) || '?'"
        return (
            f"SELECT k.value, t.{column} FROM {self.key_rows} "  # noqa: S608
            f"CROSS JOIN {table.name} AS t ON t.tenant = :tenant AND t.{key} IN (SELECT {key} FROM {table.name} "
            f"WHERE tenant = :tenant AND {key} > k.value AND {key} < {end} ORDER BY {key} LIMIT {limit})"
        )

    def member(self, column: str, name: str) -> str:
        return f"json_extract({column}, '$.{name}')"

    def members(self, column: str, name: str) -> str:
        return f"json_each({column}, '$.{name}') AS item"

    def pairs(self, column: str, name: str) -> str:
        return f"json_each({column}, '$.{name}') AS item"

    def lock(self, connection: Connection, name: str) -> None:
        """Nothing to do: BEGIN IMMEDIATE already holds the only lock that SQLite has."""

    def write(self, connection: Connection, statement: str, tenant: str, rows: Sequence[Sequence[object]]) -> None:
        connection.exec_driver_sql(statement, [(tenant, *row) for row in rows])

    def why_only_read(self, connection: Connection) -> str | None:
        return None  # a file that cannot be written fails where it is opened: its log has to be written by readers, too

    def for_update(self) -> str:
        return ""  # the transaction holds the only lock there is

    def _source(self, columns: Sequence[Column[Any]]) -> str:
        return f"VALUES (?{', ?' * len(columns)})"


class PostgreSQL(Dialect):
    name = "postgresql"
    key_rows = "unnest(CAST(:keys AS text[])) AS k(value)"
    merged_doc = "CAST(CAST({old} AS jsonb) || CAST({new} AS jsonb) AS text)"

    def keys(self, keys: Collection[str]) -> object:
        # As PostgreSQL writes an array itself: the driver would look at each key in Python, several times.
        return "".join(("{", ",".join([_quoted(key) for key in keys]), "}"))

    def any_of(self, column: str, parameter: str = "keys") -> str:
        return f"{column} = ANY(CAST(:{parameter} AS text[]))"

    def behind(self, table: Table, alias: str, by: str, value: str) -> str:
        # OFFSET 0 keeps the planner from dissolving the subquery.
        rows = f"SELECT * FROM {table.name} WHERE tenant = :tenant AND {by} = {value} OFFSET 0"  # noqa: S608
        return f"CROSS JOIN LATERAL ({rows}) AS {alias}"

    def first_of(
        self, table: Table, columns: Sequence[str], by: str, where: str, order: Sequence[str], limit: int
    ) -> str:
        return (
            f"SELECT {qualified('t', columns)} FROM {self.key_rows} "  # noqa: S608
            f"CROSS JOIN LATERAL (SELECT * FROM {table.name} "
            f"WHERE tenant = :tenant AND {by} = k.value AND {where} ORDER BY {', '.join(order)} LIMIT {limit}) AS t "
            f"ORDER BY {qualified('t', order)}"
        )

    def page_of(self, table: Table, key: str, column: str, limit: int) -> str:
        end = "(split_part(k.value, '>', 1) || '?')"
        return (
            f"SELECT k.value, t.{column} FROM {self.key_rows} "  # noqa: S608
            f"CROSS JOIN LATERAL (SELECT * FROM {table.name} WHERE tenant = :tenant "
            f'AND {key} > k.value COLLATE "C" AND {key} < {end} COLLATE "C" ORDER BY {key} LIMIT {limit}) AS t'
        )

    def member(self, column: str, name: str) -> str:
        return f"(CAST({column} AS json)->>'{name}')"

    def members(self, column: str, name: str) -> str:
        return f"json_array_elements_text(CAST({column} AS json)->'{name}') AS item(value)"

    def pairs(self, column: str, name: str) -> str:
        return f"json_each_text(CAST({column} AS json)->'{name}') AS item(key, value)"

    def lock(self, connection: Connection, name: str) -> None:
        connection.execute(_ADVISORY_LOCK, {"name": name})

    def write(self, connection: Connection, statement: str, tenant: str, rows: Sequence[Sequence[object]]) -> None:
        connection.exec_driver_sql(statement, {"tenant": tenant, "rows": msgspec.json.encode(rows).decode()})

    def why_only_read(self, connection: Connection) -> str | None:
        standby, only_read = connection.execute(_ONLY_READ).one()
        if standby:
            return "it is a standby, which cannot be written"
        return "it was set to be only read" if only_read else None

    def for_update(self) -> str:
        return " FOR UPDATE"

    def _source(self, columns: Sequence[Column[Any]]) -> str:
        values = ", ".join(
            f"CAST(value->>{place} AS bigint)" if isinstance(column.type, BigInteger | Integer) else f"value->>{place}"
            for place, column in enumerate(columns)
        )
        return f"SELECT %(tenant)s, {values} FROM jsonb_array_elements(CAST(%(rows)s AS jsonb))"  # noqa: S608


_ONLY_READ = text("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'")
_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_DIALECTS: dict[str, Dialect] = {"sqlite": SQLite(), "postgresql": PostgreSQL()}


def dialect_of(connection: Connection) -> Dialect:
    """The dialect that a connection speaks."""
    return dialect_named(connection.dialect.name)


def dialect_named(name: str) -> Dialect:
    """The dialect of a kind of database."""
    return _DIALECTS[name]


def qualified(alias: str, columns: Sequence[str]) -> str:
    """A list of columns, each under the alias of its table."""
    return ", ".join(f"{alias}.{column}" for column in columns)


def _quoted(key: str) -> str:
    if '"' in key or "\\" in key:
        key = key.replace("\\", r"\\").replace('"', r"\"")
    return f'"{key}"'


def columns_of(table: Table) -> list[Column[Any]]:
    """The columns that a row of `rows` holds, in their order: all but the tenant."""
    return [column for column in table.columns if column.name != "tenant"]


def write_rows(connection: Connection, statement: str, tenant: str, rows: Sequence[Sequence[object]]) -> None:
    """Run an insert, upsert or merge with many rows; nothing if there are none."""
    if rows:
        dialect_of(connection).write(connection, statement, tenant, rows)


@cache
def _insert(dialect: Dialect, table: Table) -> str:
    columns = columns_of(table)
    names = ", ".join(column.name for column in columns)
    return f"INSERT INTO {table.name} (tenant, {names}) {dialect._source(columns)}"


@cache
def _upsert(dialect: Dialect, table: Table, merge: tuple[str, str] | None) -> str:
    key = [column.name for column in table.primary_key.columns]
    news = {column.name: f"excluded.{column.name}" for column in table.columns if column.name not in key}
    if merge is not None:
        old, new = (name if name != "doc" else f"{table.name}.doc" for name in merge)
        news["doc"] = dialect.merged_doc.format(old=old, new=new)
    action = f"DO UPDATE SET {', '.join(f'{name} = {new}' for name, new in news.items())}"
    return f"{_insert(dialect, table)} ON CONFLICT ({', '.join(key)}) {action}"


@cache
def _add(dialect: Dialect, table: Table, column: str) -> str:
    key = ", ".join(column.name for column in table.primary_key.columns)
    action = f"DO UPDATE SET {column} = {table.name}.{column} + excluded.{column}"
    return f"{_insert(dialect, table)} ON CONFLICT ({key}) {action}"


@cache
def _delete(dialect: Dialect, table: Table) -> TextClause:
    (key,) = (column.name for column in table.primary_key.columns if column.name != "tenant")
    return text(f"DELETE FROM {table.name} WHERE tenant = :tenant AND {dialect.any_of(key)}")  # noqa: S608
