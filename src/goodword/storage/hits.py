"""Hits: what the spools of the redirect bring into the database, and what is read of it.

A hit is known by its spool and its place there. The row of a spool says up to which place it was stored; it
moves in the transaction that stores, under a lock on that row, so that every hit is stored once, whoever
brings it and however often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, TextClause, and_, delete, select, text, tuple_, update

from goodword.program.duration import DAY_MS
from goodword.storage import tables
from goodword.storage.dialect import Dialect, dialect_of, write_rows
from goodword.storage.reads import BadCursor, Page, bounded, whole

PERSON = "person"
"""The kind of a hit that is a person's: only these are kept one by one."""
UNKNOWN = "unknown"
"""The kind of a hit on a code that nobody has."""
FORGOTTEN = "forgotten"
"""The kind under which is counted, for a whole tenant, how many hits of a day were kept once and are no more."""


class Hit(Struct, frozen=True):
    """Somebody followed the link of a code."""

    spool: str
    place: int
    code: str
    program: str
    at_ms: int
    channel: str | None
    """Where the link stood, as the link itself says: `whatsapp`."""
    network: str | None
    """A keyed hash of the truncated address, for as long as it is kept."""
    click: str | None
    """The id in the click token that went to the shop."""


HitValues = tuple[str, int, str, str, int, str | None, str | None, str | None]
"""A hit as its row is written: the fields of `Hit`, in their order."""


class CountKey(NamedTuple):
    """What a count is of."""

    program: str
    code: str
    """Empty for the whole program."""
    day: int
    """Whole days since 1970, UTC."""
    kind: str


class DayCount(Struct, frozen=True):
    """How many hits of a kind a day had."""

    day: int
    kind: str
    count: int


class SpoolCursor(NamedTuple):
    """How far a spool was stored."""

    place: int
    done: bool
    """All of it was stored, and its file may be gone."""


# writing --------------------------------------------------------------------------------------------------------------


def lock_spool(connection: Connection, tenant: str, spool: str, now_ms: int) -> SpoolCursor:
    """How far a spool was stored; until the transaction ends nobody else can store from it."""
    parameters = {"tenant": tenant, "spool": spool}
    connection.execute(_MAKE_SPOOL, {**parameters, "now_ms": now_ms})
    row = connection.execute(_locked_spool(dialect_of(connection)), parameters).one()
    return SpoolCursor(row.place, row.done_ms is not None)


def move_spool(connection: Connection, tenant: str, spool: str, place: int, now_ms: int, *, done: bool) -> None:
    """Say that all before `place` is stored, and with `done` that nothing more will come."""
    row = tables.spools
    connection.execute(
        update(row)
        .where(row.c.tenant == tenant, row.c.spool == spool)
        .values(place=place, changed_ms=now_ms, done_ms=now_ms if done else None)
    )


def store_hits(connection: Connection, tenant: str, hits: Sequence[HitValues], counts: Mapping[CountKey, int]) -> None:
    """Insert hits and add to counts. Under the lock of their spool."""
    dialect = dialect_of(connection)
    write_rows(connection, dialect.insert(tables.hits), tenant, hits)
    # In one order everywhere: two processes that add to the same counts then wait for, and not on, each other.
    added = [[*key, counts[key]] for key in sorted(counts)]
    write_rows(connection, dialect.add(tables.hit_counts, "count"), tenant, added)


def forget_networks(connection: Connection, tenant: str, before_ms: int, limit: int) -> int:
    """Remove the networks of about `limit` hits that are older than `before_ms`; how many it were."""
    hits = tables.hits.c
    old = and_(hits.tenant == tenant, hits.at_ms < before_ms, hits.network.is_not(None))
    times = select(hits.at_ms).where(old).order_by(hits.at_ms).limit(limit)
    last_ms = max(connection.execute(times).scalars(), default=None)
    if last_ms is None:
        return 0
    return connection.execute(update(tables.hits).where(old, hits.at_ms <= last_ms).values(network=None)).rowcount


def old_spools(connection: Connection, tenant: str, before_ms: int) -> list[str]:
    """The spools whose first hit that is still kept is older than `before_ms`. Each costs two entries of an index."""
    return list(connection.execute(_OLD_SPOOLS, {"tenant": tenant, "before_ms": before_ms}).scalars())


def forget_hits(connection: Connection, tenant: str, spool: str, before_ms: int, limit: int) -> int:
    """Remove hits older than `before_ms` among the first `limit` of a spool; how many. One process at a time.

    Their days' counts stay. How many are gone is counted as well, so that an audit can still compare.
    """
    hits = tables.hits.c
    mine = and_(hits.tenant == tenant, hits.spool == spool)
    first = connection.execute(select(hits.place, hits.at_ms).where(mine).order_by(hits.place).limit(limit))
    old = [(row.place, row.at_ms) for row in first if row.at_ms < before_ms]
    if not old:
        return 0
    gone = and_(mine, hits.place <= old[-1][0], hits.at_ms < before_ms)
    connection.execute(delete(tables.hits).where(gone))
    days = Counter(at_ms // DAY_MS for _, at_ms in old)
    rows = [(*CountKey("", "", day, FORGOTTEN), days[day]) for day in sorted(days)]
    write_rows(connection, dialect_of(connection).add(tables.hit_counts, "count"), tenant, rows)
    return len(old)


def forget_spools(connection: Connection, tenant: str, before_ms: int) -> None:
    """Remove the rows of spools that were done before that moment."""
    row = tables.spools
    connection.execute(delete(row).where(row.c.tenant == tenant, row.c.done_ms < before_ms))


# reading --------------------------------------------------------------------------------------------------------------


def spool_places(connection: Connection, tenant: str, spools: Collection[str]) -> dict[str, int]:
    """How far those of the spools were stored of which anything was."""
    dialect = dialect_of(connection)
    found = connection.execute(_spool_places(dialect), {"tenant": tenant, "keys": dialect.keys(spools)})
    return {row.spool: row.place for row in found}


def programs_of(connection: Connection, tenant: str, codes: Collection[str]) -> dict[str, str]:
    """The programs of those of the codes that somebody has."""
    dialect = dialect_of(connection)
    found = connection.execute(_programs_of(dialect), {"tenant": tenant, "keys": dialect.keys(codes)})
    return {row.code: row.program for row in found}


def hits_of(connection: Connection, tenant: str, code: str, *, cursor: str | None = None, limit: int = 50) -> Page[Hit]:
    """A page of the hits of a code, the newest first."""
    table, size = tables.hits.c, bounded(limit)
    conditions = [table.tenant == tenant, table.code == code]
    if cursor is not None:
        conditions.append(tuple_(table.at_ms, table.spool, table.place) < _place(cursor))
    found = _hits(connection, conditions, size + 1)
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], None if last is None else f"{last.at_ms}-{last.spool}-{last.place}")


def last_hit(connection: Connection, tenant: str, spool: str, before: int) -> Hit | None:
    """The last hit that was kept of a spool before a place."""
    table = tables.hits.c
    mine = [table.tenant == tenant, table.spool == spool, table.place < before]
    return next(iter(_hits(connection, mine, 1, table.place.desc())), None)


def hits_from(connection: Connection, tenant: str, spool: str, place: int, limit: int) -> list[Hit]:
    """The first hits that were kept of a spool from a place on."""
    table = tables.hits.c
    return _hits(connection, [table.tenant == tenant, table.spool == spool, table.place >= place], limit, table.place)


def hits_before(connection: Connection, tenant: str, code: str, at_ms: int, *, limit: int = 50) -> list[Hit]:
    """The latest hits of a code up to a moment, the newest first: what came before a conversion."""
    table = tables.hits.c
    return _hits(connection, [table.tenant == tenant, table.code == code, table.at_ms <= at_ms], bounded(limit))


def counts(
    connection: Connection, tenant: str, program: str, code: str = "", *, since_day: int, until_day: int
) -> list[DayCount]:
    """How many hits a program, or one of its codes, had by day and kind. The last day is not counted in."""
    table = tables.hit_counts.c
    statement = select(table.day, table.kind, table.count).where(
        table.tenant == tenant,
        table.program == program,
        table.code == code,
        table.day >= since_day,
        table.day < until_day,
    )
    return [
        DayCount(row.day, row.kind, row[2]) for row in connection.execute(statement.order_by(table.day, table.kind))
    ]


def persons(
    connection: Connection, tenant: str, program: str, codes: Collection[str], *, since_day: int, until_day: int
) -> dict[str, dict[int, int]]:
    """How many persons followed the links of some codes of a program, by code and day. The last day is not counted in."""
    dialect = dialect_of(connection)
    parameters = {"tenant": tenant, "program": program, "kind": PERSON, "since": since_day, "until": until_day}
    found: dict[str, dict[int, int]] = {}
    for row in connection.execute(_persons(dialect), {**parameters, "keys": dialect.keys(codes)}):
        found.setdefault(row.code, {})[row.day] = row.persons
    return found


def visited(
    connection: Connection, tenant: str, program: str, day: int, *, after: str = "", limit: int
) -> tuple[dict[str, int], str | None]:
    """How many persons followed the links of some codes on a day: of the next `limit` codes of a program that were ever
    followed, those that were on this day. With it, behind which code the next begin; None behind the last.
    """
    parameters = {"tenant": tenant, "program": program, "day": day, "kind": PERSON, "after": after, "most": limit}
    rows = connection.execute(_VISITED, parameters).all()
    found = {row.code: row.persons for row in rows if row.persons is not None}
    return found, rows[-1].code if len(rows) == limit else None


def _hits(connection: Connection, conditions: Sequence[Any], limit: int, *order: ColumnElement[Any]) -> list[Hit]:
    """Hits in an order, else the newest first."""
    table = tables.hits.c
    columns = [table[name] for name in Hit.__struct_fields__]
    newest = (table.at_ms.desc(), table.spool.desc(), table.place.desc())
    statement = select(*columns).where(*conditions).order_by(*(order or newest)).limit(limit)
    return [Hit(*row) for row in connection.execute(statement)]


def _place(cursor: str) -> tuple[int, str, int]:
    parts = cursor.split("-")
    if len(parts) != 3:
        raise BadCursor("the cursor is not one that a page gave")
    return whole(parts[0]), parts[1], whole(parts[2])


# From each spool to the next, instead of through all that it holds.
_OLD_SPOOLS = text(
    "WITH RECURSIVE chain(spool) AS ("
    "SELECT MIN(spool) FROM hits WHERE tenant = :tenant "
    "UNION ALL SELECT (SELECT MIN(h.spool) FROM hits AS h WHERE h.tenant = :tenant AND h.spool > chain.spool) "
    "FROM chain WHERE chain.spool IS NOT NULL) "
    "SELECT spool FROM chain WHERE spool IS NOT NULL AND (SELECT h.at_ms FROM hits AS h "
    "WHERE h.tenant = :tenant AND h.spool = chain.spool ORDER BY h.place LIMIT 1) < :before_ms"
)
# From each code to the next, and of each one row: the days and kinds between them are passed over.
_VISITED = text(
    "WITH RECURSIVE chain(code, place) AS ("
    "SELECT MIN(code), 1 FROM hit_counts WHERE tenant = :tenant AND program = :program AND code > :after "
    "UNION ALL SELECT (SELECT MIN(h.code) FROM hit_counts AS h WHERE h.tenant = :tenant AND h.program = :program "
    "AND h.code > chain.code), chain.place + 1 FROM chain WHERE chain.code IS NOT NULL AND chain.place < :most) "
    "SELECT code, (SELECT h.count FROM hit_counts AS h WHERE h.tenant = :tenant AND h.program = :program "
    "AND h.code = chain.code AND h.day = :day AND h.kind = :kind) AS persons "
    "FROM chain WHERE code IS NOT NULL ORDER BY place"
)
_MAKE_SPOOL = text(
    "INSERT INTO spools (tenant, spool, place, changed_ms) VALUES (:tenant, :spool, 0, :now_ms) ON CONFLICT DO NOTHING"
)


@cache
def _locked_spool(dialect: Dialect) -> TextClause:
    mine = "SELECT place, done_ms FROM spools WHERE tenant = :tenant AND spool = :spool"
    return text(mine + dialect.for_update())


@cache
def _programs_of(dialect: Dialect) -> TextClause:
    return text(f"SELECT code, program FROM handles WHERE tenant = :tenant AND {dialect.any_of('code')}")  # noqa: S608


@cache
def _persons(dialect: Dialect) -> TextClause:
    return text(
        "SELECT code, day, count AS persons FROM hit_counts WHERE tenant = :tenant AND program = :program "  # noqa: S608
        f"AND {dialect.any_of('code')} AND day >= :since AND day < :until AND kind = :kind"
    )


@cache
def _spool_places(dialect: Dialect) -> TextClause:
    return text(f"SELECT spool, place FROM spools WHERE tenant = :tenant AND {dialect.any_of('spool')}")  # noqa: S608
