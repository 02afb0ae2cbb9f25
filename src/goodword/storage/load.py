"""Loading what decisions will look at: for each collection one query, however many keys.

What is already in the state is never replaced: it may be newer than the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, TextClause, text

from goodword.engine.state import (
    COLLECTIONS,
    ENTRIES_PAGE,
    ERASE_PAGE,
    FIRST_ORDERS_MAX,
    KEPT_PAGE,
    LEADERS_MAX,
    LEAVE_PAGE,
    OBJECTIONS_OPEN_MAX,
    QUEUE_PAGE,
    RUNNING_MAX,
    WAITING_PAGE,
    DueRow,
    ProgramRow,
    State,
    TenantRow,
)
from goodword.storage import tables
from goodword.storage.dialect import Dialect, dialect_of, qualified
from goodword.storage.rows import MAPPERS, referral_live_key

DEPTH_MAX = 100
"""How far up a chain of advocates is followed."""


class UnknownTenant(LookupError):
    """No tenant has this name."""


def load_tenant(connection: Connection, tenant: str) -> TenantRow:
    """How far the tenant has come.

    Raises:
        UnknownTenant: there is none of this name.
    """
    row = connection.execute(_TENANT, {"tenant": tenant}).one_or_none()
    if row is None:
        raise UnknownTenant(tenant)
    return TenantRow(seq=row.seq, clock_ms=row.clock_ms, live=bool(row.live))


def load_program_rows(connection: Connection, tenant: str) -> dict[str, ProgramRow]:
    """Where each program stands, by name; those that win an order over others come first."""
    return dict(map(MAPPERS["programs"].unpack, connection.execute(_PROGRAMS, {"tenant": tenant})))


def load_live_programs(connection: Connection, tenant: str) -> dict[str, int]:
    """The version of each program that is in force; those that win an order over others come first."""
    return {name: row.version for name, row in load_program_rows(connection, tenant).items() if row.version}


def load_program_texts(
    connection: Connection, tenant: str, wanted: Collection[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """The texts of program versions."""
    if not wanted:
        return {}
    dialect = dialect_of(connection)
    programs = sorted({program for program, _ in wanted})
    # The second condition alone would read every version; the first alone, every text of a program.
    versions = sorted(f"{program}|{version}" for program, version in wanted)
    parameters = {"tenant": tenant, "keys": dialect.keys(programs), "versions": dialect.keys(versions)}
    rows = connection.execute(_program_texts(dialect), parameters)
    return {(row.program, row.version): row.text for row in rows}


def load_known(connection: Connection, tenant: str, event_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Of these events, those already stored: what they said (a hash), and their answer as JSON."""
    ids = sorted(set(event_ids))
    if not ids:
        return {}
    dialect = dialect_of(connection)
    rows = connection.execute(_known(dialect), {"tenant": tenant, "keys": dialect.keys(ids)})
    return {row.id: (row.content, row.answer) for row in rows}


def load_told_since(connection: Connection, tenant: str, ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """By each of these ids the events that have it, or begin with it and a colon, in the order of telling: id and hash."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    dialect = dialect_of(connection)
    rows = connection.execute(_told_since(dialect), {"tenant": tenant, "keys": dialect.keys(wanted)})
    found: dict[str, list[tuple[str, str]]] = {}
    for row in sorted(rows, key=lambda row: int(row.seq)):
        found.setdefault(row.first, []).append((row.id, row.content))
    return found


def load_dues(connection: Connection, tenant: str, until_ms: int, limit: int) -> list[DueRow]:
    """The first dates that have come by `until_ms`, in the order in which they are decided."""
    parameters = {"tenant": tenant, "until_ms": until_ms, "limit": limit}
    return [MAPPERS["dues"].unpack(row)[1] for row in connection.execute(_DUES, parameters)]


def tenants_due(connection: Connection, until_ms: int) -> list[str]:
    """The tenants that have dates which have come."""
    return list(connection.execute(_TENANTS_DUE, {"until_ms": until_ms}).scalars())


def load(connection: Connection, tenant: str, state: State, wants: Mapping[str, Collection[str]]) -> None:
    """Fill the state with what stands behind the wanted keys: None, or nothing, where nothing does."""
    dialect = dialect_of(connection)
    # Indexes come first, as they bring rows along that somebody may want as well.
    for collection in sorted(COLLECTIONS, key=lambda collection: collection.stored):
        loaded = state.rows[collection.name]
        keys = sorted(key for key in wants.get(collection.name, ()) if key not in loaded)
        if keys:
            reader = _READERS.get(collection.name, _load_rows)
            reader(_Query(connection, dialect, tenant, collection.name), state, keys)


class _Query:
    """One question to the database on behalf of a collection."""

    def __init__(self, connection: Connection, dialect: Dialect, tenant: str, collection: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self.tenant = tenant
        self.collection = collection

    def run(self, statement: TextClause, keys: Collection[str]) -> Sequence[Any]:
        parameters = {"tenant": self.tenant, "keys": self.dialect.keys(keys)}
        return self.connection.execute(statement, parameters).all()


def _load_rows(query: _Query, state: State, keys: list[str]) -> None:
    """Rows of a stored collection by their keys."""
    mapper = MAPPERS[query.collection]
    rows = query.run(_rows_by(query.dialect, query.collection, mapper.key), keys)
    _fill(state, query.collection, keys, dict(map(mapper.unpack, rows)), None)


def _load_balances(query: _Query, state: State, keys: list[str]) -> None:
    """By account alone, which has few units: both databases can look that up in one index."""
    mapper = MAPPERS["balances"]
    accounts = sorted({key.partition("|")[0] for key in keys})
    rows = query.run(_rows_by(query.dialect, "balances", "account"), accounts)
    _fill(state, "balances", keys, dict(map(mapper.unpack, rows)), None)


def _load_first_orders(query: _Query, state: State, keys: list[str]) -> None:
    found: dict[str, tuple[tuple[int, str], ...]] = {}
    for participant, placed_ms, order in query.run(_first_orders(query.dialect), keys):
        found[participant] = (*found.get(participant, ()), (placed_ms, order))
    _fill(state, "first_orders", keys, found, ())


def _load_parents(query: _Query, state: State, keys: list[str]) -> None:
    """Each wanted link and all above it; what lies beyond the depth limit stays unloaded."""
    links: dict[str, str | None] = dict.fromkeys(keys)
    tops: list[str] = []
    for link, scope, advocate, depth in query.run(_parents(query.dialect), keys):
        links[link] = advocate
        if depth < DEPTH_MAX:
            tops.append(referral_live_key(scope, advocate))
    for top in tops:
        links.setdefault(top, None)
    for link, advocate in links.items():
        state.rows["parents"].setdefault(link, advocate)


def _load_waiting(query: _Query, state: State, keys: list[str]) -> None:
    statement = _waiting(query.dialect, MAPPERS["rewards"].columns)
    _fill_behind(query, state, keys, "rewards", "participant", ("id",), statement)


def _load_running(query: _Query, state: State, keys: list[str]) -> None:
    statement = _running(query.dialect, MAPPERS["contests"].columns)
    _fill_behind(query, state, keys, "contests", "program", ("id",), statement)


def _load_open_objections(query: _Query, state: State, keys: list[str]) -> None:
    statement = _open_objections(query.dialect, MAPPERS["objections"].columns)
    _fill_behind(query, state, keys, "objections", "participant", ("at_ms", "id"), statement)


def _load_leaders(query: _Query, state: State, keys: list[str]) -> None:
    statement = _leaders(query.dialect, MAPPERS["standings"].columns)
    # What is behind is not read back: the most negative of it is the highest score.
    _fill_behind(query, state, keys, "standings", "board", ("score", "reached_ms", "entrant"), statement, _rank)


def _load_entries(query: _Query, state: State, keys: list[str]) -> None:
    """Pages of the entries of draws: hardly ever more than one."""
    for key in keys:
        board, _, _ = key.rpartition("|")
        # The key of a standing is its board and its entrant: behind the board's last key comes another board.
        parameters = {"tenant": query.tenant, "after": key, "before": f"{board}}}", "limit": ENTRIES_PAGE}
        rows = dict(map(MAPPERS["standings"].unpack, query.connection.execute(_ENTRIES, parameters)))
        _fill(state, "standings", rows, rows, None)
        _fill(state, query.collection, [key], {key: tuple(rows)}, ())


def _rank(order: tuple[Any, ...]) -> tuple[Any, ...]:
    """The place of a standing in its order: the highest score first."""
    return (-order[0], *order[1:])


def _load_kept(query: _Query, state: State, keys: list[str]) -> None:
    found: dict[str, tuple[str, ...]] = {}
    for key, reward in sorted(query.run(_kept(query.dialect), keys)):
        found[key] = (*found.get(key, ()), reward)
    _fill(state, "kept_of", keys, found, ())


def _load_queues(query: _Query, state: State, keys: list[str]) -> None:
    mapper = MAPPERS["rewards"]
    rewards = dict(map(mapper.unpack, query.run(_queues(query.dialect, mapper.columns), keys)))
    found: dict[str, list[tuple[int, str]]] = {}
    for reward in rewards.values():
        found.setdefault(reward.queue or "", []).append((reward.granted_ms, reward.id))
    _fill(state, "rewards", rewards, rewards, None)
    _fill(state, "queues", keys, {key: tuple(sorted(entries)) for key, entries in found.items()}, ())


def _load_free_codes(query: _Query, state: State, keys: list[str]) -> None:
    mapper = MAPPERS["pool_codes"]
    codes = dict(map(mapper.unpack, query.run(_free_codes(query.dialect, mapper.columns), keys)))
    found: dict[str, list[tuple[int, str]]] = {}
    for code in codes.values():
        found.setdefault(code.pool, []).append((code.number, code.hash))
    _fill(state, "pool_codes", codes, codes, None)
    _fill(state, "free_codes", keys, {key: tuple(sorted(entries)) for key, entries in found.items()}, ())


def _load_referrals_of(query: _Query, state: State, keys: list[str]) -> None:
    """Those that hold their friend: of single orders a buyer may have any number."""
    statement = _friendships(query.dialect, MAPPERS["referrals"].columns)
    _fill_behind(query, state, keys, "referrals", "friend", ("claimed_ms", "id"), statement)


def _load_reward_codes(query: _Query, state: State, keys: list[str]) -> None:
    rows = query.run(_rows_by(query.dialect, "rewards", "code_hash"), keys)
    rewards = dict(map(MAPPERS["rewards"].unpack, rows))
    _fill(state, "rewards", rewards, rewards, None)
    _fill(state, "reward_codes", keys, {reward.code_hash: reward.id for reward in rewards.values()}, None)


def _behind(collection: str, by: str, *order: str) -> Callable[[_Query, State, list[str]], None]:
    """A reader of an index: the rows of `collection` whose column `by` is one of the keys."""

    def read(query: _Query, state: State, keys: list[str]) -> None:
        _fill_behind(query, state, keys, collection, by, order, _rows_by(query.dialect, collection, by))

    return read


def _fill_behind(
    query: _Query,
    state: State,
    keys: list[str],
    collection: str,
    by: str,
    order: Sequence[str],
    statement: TextClause,
    rank: Callable[[Any], Any] = lambda order: order,
) -> None:
    """Fill an index and, as they came along, the rows it names."""
    mapper = MAPPERS[collection]
    place = mapper.columns.index(by)
    # Sorted here: asked for an order, SQLite walks an index in that order through all that the tenant has.
    in_order = itemgetter(*map(mapper.columns.index, order))
    index: dict[str, list[str]] = {}
    rows: dict[str, Any] = {}
    for values in sorted(query.run(statement, keys), key=lambda values: rank(in_order(values))):
        key, rows[key] = mapper.unpack(values)
        index.setdefault(values[place], []).append(key)
    _fill(state, collection, rows, rows, None)
    _fill(state, query.collection, keys, {key: tuple(names) for key, names in index.items()}, ())


def _load_held(query: _Query, state: State, keys: list[str]) -> None:
    statement = _held(query.dialect, MAPPERS["rewards"].columns)
    _fill_behind(query, state, keys, "rewards", "participant", ("id",), statement)


def _load_memberships(query: _Query, state: State, keys: list[str]) -> None:
    """The groups that somebody is in, with the rows of the groups."""
    statement = _memberships(query.dialect, MAPPERS["members"].columns)
    _fill_behind(query, state, keys, "members", "participant", ("id",), statement)
    named = {state.rows["members"][id].group for key in keys for id in state.rows[query.collection][key]}
    groups = sorted(named - state.rows["groups"].keys())
    if groups:
        rows = query.run(_rows_by(query.dialect, "groups", "id"), groups)
        _fill(state, "groups", groups, dict(map(MAPPERS["groups"].unpack, rows)), None)


def _load_identities_of(query: _Query, state: State, keys: list[str]) -> None:
    rows = dict(query.run(_rows_by(query.dialect, "identities", "participant"), keys))
    index: dict[str, tuple[str, ...]] = {}
    for key in sorted(rows):
        index[rows[key]] = (*index.get(rows[key], ()), key)
    _fill(state, "identities", rows, rows, None)
    _fill(state, query.collection, keys, index, ())


def _pages_of(collection: str) -> Callable[[_Query, State, list[str]], None]:
    """A reader of pages of people: who stands on one follows from his number."""

    def read(query: _Query, state: State, keys: list[str]) -> None:
        mapper = MAPPERS[collection]
        found = [mapper.unpack(values) for values in query.run(_rows_by(query.dialect, collection, "page"), keys)]
        index: dict[str, tuple[str, ...]] = {}
        for key, row in sorted(found, key=lambda item: item[1].number):
            index[row.page] = (*index.get(row.page, ()), key)
        _fill(state, collection, (key for key, _ in found), dict(found), None)
        _fill(state, query.collection, keys, index, ())

    return read


def _fill(state: State, collection: str, keys: Iterable[str], found: Mapping[Any, Any], absent: object) -> None:
    loaded = state.rows[collection]
    for key in keys:
        loaded.setdefault(key, found.get(key, absent))


_READERS: dict[str, Callable[[_Query, State, list[str]], None]] = {
    "handles_of": _behind("handles", "participant", "created_ms", "code"),
    "first_orders": _load_first_orders,
    "referrals_of": _load_referrals_of,
    "parents": _load_parents,
    "rewards_of": _behind("rewards", "subject", "granted_ms", "id"),
    "waiting_of": _load_waiting,
    "kept_of": _load_kept,
    "queues": _load_queues,
    "free_codes": _load_free_codes,
    "members_in": _pages_of("members"),
    "people_in": _pages_of("participants"),
    "reward_codes": _load_reward_codes,
    "contests_of": _load_running,
    "held_of": _load_held,
    "memberships": _load_memberships,
    "identities_of": _load_identities_of,
    "open_objections": _load_open_objections,
    "leaders": _load_leaders,
    "entries_after": _load_entries,
    "balances": _load_balances,
}
"""How the collections are read that are not simply rows by key."""


@cache
def _rows_by(dialect: Dialect, collection: str, by: str) -> TextClause:
    mapper = MAPPERS[collection]
    rows = dialect.behind(mapper.table, "t", by, "k.value")
    return text(f"SELECT {qualified('t', mapper.columns)} FROM {dialect.key_rows} {rows}")  # noqa: S608


@cache
def _first_orders(dialect: Dialect) -> TextClause:
    columns, order = ("participant", "placed_ms", "id"), ("placed_ms", "id")
    return text(dialect.first_of(tables.orders, columns, "participant", "counted = 1", order, FIRST_ORDERS_MAX))


@cache
def _waiting(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    return text(dialect.first_of(tables.rewards, columns, "participant", "waiting = 1", ("id",), WAITING_PAGE))


@cache
def _running(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    return text(dialect.first_of(tables.contests, columns, "program", "status <> 'settled'", ("id",), RUNNING_MAX))


@cache
def _held(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    held = ("participant", tables.HELD_REWARDS, ("id",), ERASE_PAGE)
    return text(dialect.first_of(tables.rewards, columns, *held))


@cache
def _memberships(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    active = ("participant", "left_ms IS NULL", ("id",), LEAVE_PAGE)
    return text(dialect.first_of(tables.members, columns, *active))


@cache
def _open_objections(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    open_ones = ("participant", "status = 'open'", ("id",), OBJECTIONS_OPEN_MAX)
    return text(dialect.first_of(tables.objections, columns, *open_ones))


@cache
def _leaders(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    order = ("behind", "reached_ms", "entrant")
    return text(dialect.first_of(tables.standings, columns, "board", "behind < -1", order, LEADERS_MAX))


@cache
def _queues(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    order = ("granted_ms", "id")
    return text(dialect.first_of(tables.rewards, columns, "queue", "queue IS NOT NULL", order, QUEUE_PAGE))


@cache
def _free_codes(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    return text(dialect.first_of(tables.pool_codes, columns, "pool", "reward IS NULL", ("number",), QUEUE_PAGE))


@cache
def _kept(dialect: Dialect) -> TextClause:
    return text(dialect.page_of(tables.watches, "key", "reward", KEPT_PAGE))


@cache
def _friendships(dialect: Dialect, columns: tuple[str, ...]) -> TextClause:
    rows = dialect.behind(tables.referrals, "t", "per_order = 0 AND friend", "k.value")
    return text(f"SELECT {qualified('t', columns)} FROM {dialect.key_rows} {rows}")  # noqa: S608


@cache
def _parents(dialect: Dialect) -> TextClause:
    first = dialect.behind(tables.referrals, "t", "live_key", "k.value")
    above = dialect.behind(tables.referrals, "t", "live_key", "chain.scope || '|' || chain.advocate")
    # The key is the scope and the friend: all above stand in the same scope.
    scope = "SUBSTR(t.live_key, 1, LENGTH(t.live_key) - LENGTH(t.friend) - 1)"
    return text(
        "WITH RECURSIVE chain(link, scope, advocate, depth) AS ("  # noqa: S608
        f"SELECT t.live_key, {scope}, t.advocate, 1 FROM {dialect.key_rows} {first} UNION ALL "
        f"SELECT t.live_key, chain.scope, t.advocate, chain.depth + 1 FROM chain {above} "
        f"WHERE chain.depth < {DEPTH_MAX}) SELECT link, scope, advocate, depth FROM chain"
    )


@cache
def _told_since(dialect: Dialect) -> TextClause:
    # A semicolon comes just behind a colon.
    return text(
        f"SELECT k.value AS first, e.seq, e.id, e.content FROM {dialect.key_rows} CROSS JOIN events AS e "  # noqa: S608
        "WHERE e.tenant = :tenant AND e.id >= k.value AND e.id < k.value || ';' AND (e.id = k.value OR e.id >= k.value || ':')"
    )


@cache
def _known(dialect: Dialect) -> TextClause:
    rows = dialect.behind(tables.events, "t", "id", "k.value")
    return text(f"SELECT t.id, t.content, t.answer FROM {dialect.key_rows} {rows}")  # noqa: S608


@cache
def _program_texts(dialect: Dialect) -> TextClause:
    version = dialect.any_of("program || '|' || version", "versions")
    return text(
        "SELECT program, version, text FROM program_versions "  # noqa: S608
        f"WHERE tenant = :tenant AND {dialect.any_of('program')} AND {version}"
    )


_TENANT = text("SELECT seq, clock_ms, live FROM tenants WHERE tenant = :tenant")
_PROGRAMS = text(
    f"SELECT {', '.join(MAPPERS['programs'].columns)} FROM programs "  # noqa: S608
    "WHERE tenant = :tenant ORDER BY priority DESC, program"
)
_DUES = text(
    f"SELECT {', '.join(MAPPERS['dues'].columns)} FROM dues "  # noqa: S608
    "WHERE tenant = :tenant AND due_ms <= :until_ms ORDER BY due_ms, id LIMIT :limit"
)
_STANDINGS = f"SELECT {', '.join(MAPPERS['standings'].columns)} FROM standings WHERE tenant = :tenant "  # noqa: S608
_ENTRIES = text(f"{_STANDINGS} AND id > :after AND id < :before AND behind < -1 ORDER BY id LIMIT :limit")
_TENANTS_DUE = text(
    "SELECT tenant FROM tenants "
    "WHERE (SELECT MIN(due_ms) FROM dues WHERE dues.tenant = tenants.tenant) <= :until_ms "
    "ORDER BY tenant"
)
