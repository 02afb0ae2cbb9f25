"""What a warehouse copies: rows that are kept as they are now, and what was told and posted, in the order of ``seq``.

An event says which rows it wrote (the column ``touched``), so that a copy which stands at one seq is brought to a later one by
reading the events between, and the rows they name, as these are now. What is read twice is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, TextClause, select, text

from goodword.engine.state import (
    CLAIMS,
    HANDLES,
    ORDERS,
    PARTICIPANTS,
    REFERRALS,
    REWARDS,
    SURVEYS,
    TIERS,
)
from goodword.storage import tables
from goodword.storage.dialect import dialect_of

COPIED: tuple[str, ...] = tuple(
    one.name for one in (PARTICIPANTS, HANDLES, CLAIMS, ORDERS, REFERRALS, REWARDS, TIERS, SURVEYS)
)
"""The collections whose rows are copied."""
TOLD = ("ask", "share", "claim", "sign_up", "order", "refund", "cancel", "chargeback")
"""The types of events that are facts themselves: what was shown, passed on, accepted, bought on what evidence, and brought back."""

Rows = Sequence[Sequence[Any]]
Touched = dict[str, tuple[str, ...]]


class Source(Struct, frozen=True):
    """Where the rows of a collection stand, and which columns of theirs are copied; the key is the first."""

    table: str
    columns: tuple[str, ...]


SOURCES: dict[str, Source] = {
    "participants": Source("participants", ("id", "created_ms", "country", "language", "number", "doc")),
    "handles": Source("handles", ("code", "program", "participant", "created_ms", "doc")),
    "claims": Source("claims", ("token", "code", "claimed_ms")),
    "orders": Source(
        "orders",
        ("id", "participant", "placed_ms", "total", "currency", "refunded", "state", "referral", "counted", "doc"),
    ),
    "referrals": Source(
        "referrals",
        (
            "id",
            "program",
            "version",
            "advocate",
            "friend",
            "code",
            "evidence",
            "claimed_ms",
            "until_ms",
            "status",
            "moderation",
            "converted_ms",
            "doc",
        ),
    ),
    "rewards": Source(
        "rewards",
        (
            "id",
            "program",
            "version",
            "rule",
            "side",
            "participant",
            "referral",
            "unit",
            "amount",
            "status",
            "reason",
            "remaining",
            "granted_ms",
            "expires_ms",
            "order_id",
            "doc",
        ),
    ),
    "tiers": Source("tiers", ("id", "program", "participant", "tier")),
    "surveys": Source(
        "surveys",
        ("id", "program", "participant", "side", "at_ms", "recommend", "easy", "attractive", "motivates"),
    ),
}
EVENT_COLUMNS = ("seq", "id", "type", "occurred_ms", "clock_ms", "body", "answer")
ENTRY_COLUMNS = ("seq", "line", "at_ms", "account", "unit", "amount", "reward")
CLICK_COLUMNS = ("spool", "place", "code", "program", "at_ms", "channel", "click")
COUNT_COLUMNS = ("program", "day", "kind", "count")


class CopyState(Struct, frozen=True):
    """How far a tenant was copied."""

    generation: int
    manifest: str
    """The name of the file that says which files are the copy."""
    seq: int
    copied_ms: int


def copy_state(connection: Connection, tenant: str, warehouse: str) -> CopyState | None:
    """How far a tenant was copied into a warehouse, if at all."""
    copies = tables.copies.c
    row = connection.execute(
        select(copies.generation, copies.manifest, copies.seq, copies.copied_ms).where(
            copies.tenant == tenant, copies.warehouse == warehouse
        )
    ).first()
    return CopyState(*row) if row is not None else None


def move_copy(connection: Connection, tenant: str, warehouse: str, before: CopyState | None, now: CopyState) -> bool:
    """Say how far a tenant is copied now; False if somebody else was faster. This is what makes a copy count."""
    parameters = {
        "tenant": tenant,
        "warehouse": warehouse,
        "generation": now.generation,
        "manifest": now.manifest,
        "seq": now.seq,
        "copied_ms": now.copied_ms,
        "before": before.generation if before is not None else 0,
    }
    return connection.execute(_BEGIN_COPY if before is None else _MOVE_COPY, parameters).rowcount == 1


def touched_between(connection: Connection, tenant: str, after: int, until: int) -> Touched:
    """The rows that the events after a seq up to another one wrote: keys by collection, each once."""
    found: dict[str, dict[str, None]] = {}
    rows = connection.execute(_TOUCHED, {"tenant": tenant, "after": after, "until": until})
    for touched in rows.scalars():
        for name, keys in msgspec.json.decode(touched, type=Touched).items():
            found.setdefault(name, {}).update(dict.fromkeys(keys))
    return {name: tuple(keys) for name, keys in found.items()}


def rows_of(connection: Connection, tenant: str, collection: str, keys: Collection[str]) -> Rows:
    """The rows with these keys, as they are now."""
    source, dialect = SOURCES[collection], dialect_of(connection)
    statement = _select(source, f"tenant = :tenant AND {dialect.any_of(source.columns[0])}")
    return _rows(connection, text(statement), {"tenant": tenant, "keys": dialect.keys(keys)})


def rows_after(connection: Connection, tenant: str, collection: str, after: str, limit: int) -> Rows:
    """The rows of a collection behind a key, in the order of their keys."""
    source = SOURCES[collection]
    key = source.columns[0]
    statement = _select(source, f"tenant = :tenant AND {key} > :after ORDER BY {key} LIMIT :limit")
    return _rows(connection, text(statement), {"tenant": tenant, "after": after, "limit": limit})


def events_between(connection: Connection, tenant: str, after: int, until: int) -> Rows:
    """What was told in the events after a seq up to another one, as EVENT_COLUMNS."""
    return _rows(connection, _EVENTS, {"tenant": tenant, "after": after, "until": until})


def entries_between(connection: Connection, tenant: str, after: int, until: int) -> Rows:
    """What was posted by the events after a seq up to another one, as ENTRY_COLUMNS."""
    return _rows(connection, _ENTRIES, {"tenant": tenant, "after": after, "until": until})


def clicks_between(
    connection: Connection, tenant: str, places: Mapping[str, int], until: Mapping[str, int], limit: int
) -> Iterator[Rows]:
    """The clicks of people between places of their spools, as CLICK_COLUMNS; of a spool that is not in `places` from its beginning.

    A place is a byte of the spool: a click stands at the one at which its line begins, and a spool is stored up to the one at
    which the next line will.
    """
    for spool, end in until.items():
        begin = places.get(spool, 0)
        while begin < end:
            parameters = {"tenant": tenant, "spool": spool, "begin": begin, "end": end, "limit": limit}
            rows = _rows(connection, _CLICKS, parameters)
            if rows:
                yield rows
            begin = rows[-1][1] + 1 if len(rows) == limit else end


def all_clicks(connection: Connection, tenant: str, after: tuple[str, int], limit: int) -> Rows:
    """The clicks of people behind a place in a spool, in the order of spools and places: also of spools of which no row is left."""
    parameters = {"tenant": tenant, "spool": after[0], "place": after[1], "limit": limit}
    return _rows(connection, _ALL_CLICKS, parameters)


def spool_places(connection: Connection, tenant: str) -> dict[str, int]:
    """Up to which place each spool was stored."""
    return {row.spool: row.place for row in connection.execute(_SPOOLS, {"tenant": tenant})}


def click_counts(connection: Connection, tenant: str) -> Rows:
    """How many hits of which kind the links of each program had on a day, as COUNT_COLUMNS."""
    return connection.execute(_COUNTS, {"tenant": tenant}).fetchall()


def program_versions(connection: Connection, tenant: str) -> tuple[str, ...]:
    """Which versions of programs there are, as ``name/number``: without their texts, which are long."""
    versions = tables.program_versions.c
    rows = connection.execute(
        select(versions.program, versions.version)
        .where(versions.tenant == tenant)
        .order_by(versions.program, versions.version)
    )
    return tuple(f"{row.program}/{row.version}" for row in rows)


def program_texts(connection: Connection, tenant: str) -> Rows:
    """Every version of every program: its name, number, text and when it was published."""
    versions = tables.program_versions.c
    return connection.execute(
        select(versions.program, versions.version, versions.text, versions.published_ms)
        .where(versions.tenant == tenant)
        .order_by(versions.program, versions.version)
    ).fetchall()


def _rows(connection: Connection, statement: TextClause, parameters: Mapping[str, object]) -> Rows:
    """The rows as the driver makes them: those of SQLAlchemy, with names, cost a fifth of reading."""
    with connection.execute(statement, parameters) as result:
        assert result.cursor is not None  # noqa: S101 - it is a query
        return result.cursor.fetchall()


def _select(source: Source, condition: str) -> str:
    return f"SELECT {', '.join(source.columns)} FROM {source.table} WHERE {condition}"  # noqa: S608 - names of our own


_TOLD = ", ".join(f"'{one}'" for one in TOLD)
_TOUCHED = text(
    "SELECT touched FROM events WHERE tenant = :tenant AND seq > :after AND seq <= :until AND touched <> '' ORDER BY seq"
)
_EVENTS = text(
    f"SELECT {', '.join(EVENT_COLUMNS)} FROM events "  # noqa: S608
    f"WHERE tenant = :tenant AND seq > :after AND seq <= :until AND type IN ({_TOLD}) ORDER BY seq"
)
_ENTRIES = text(
    "SELECT e.seq, e.line, v.clock_ms, e.account, e.unit, e.amount, e.reward FROM entries AS e "
    "JOIN events AS v ON v.tenant = e.tenant AND v.seq = e.seq "
    "WHERE e.tenant = :tenant AND e.seq > :after AND e.seq <= :until ORDER BY e.seq, e.line"
)
_SPOOLS = text("SELECT spool, place FROM spools WHERE tenant = :tenant ORDER BY spool")
_CLICKS = text(
    f"SELECT {', '.join(CLICK_COLUMNS)} FROM hits "  # noqa: S608
    "WHERE tenant = :tenant AND spool = :spool AND place >= :begin AND place < :end ORDER BY place LIMIT :limit"
)
_ALL_CLICKS = text(
    f"SELECT {', '.join(CLICK_COLUMNS)} FROM hits "  # noqa: S608
    "WHERE tenant = :tenant AND (spool, place) > (:spool, :place) ORDER BY spool, place LIMIT :limit"
)
# Program by program, so that those of single codes, which are many, are not looked at.
_COUNTS = text(
    "SELECT c.program, c.day, c.kind, c.count FROM programs AS p "
    "JOIN hit_counts AS c ON c.tenant = p.tenant AND c.program = p.program AND c.code = '' WHERE p.tenant = :tenant"
)
_BEGIN_COPY = text(
    "INSERT INTO copies (tenant, warehouse, generation, manifest, seq, copied_ms) "
    "VALUES (:tenant, :warehouse, :generation, :manifest, :seq, :copied_ms) ON CONFLICT (tenant, warehouse) DO NOTHING"
)
_MOVE_COPY = text(
    "UPDATE copies SET generation = :generation, manifest = :manifest, seq = :seq, copied_ms = :copied_ms "
    "WHERE tenant = :tenant AND warehouse = :warehouse AND generation = :before"
)
