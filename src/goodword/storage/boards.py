"""Reading contests: their state, their leaders, and the entries of a draw for whoever wants to check it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, bindparam, func, literal, or_, select

from goodword.engine.state import ContestRow, Standing
from goodword.storage import tables
from goodword.storage.rows import DERIVATIONS, MAPPERS

LEADERBOARD_MAX = 100
"""How many places a leaderboard shows."""
AHEAD_MAX = 1000
"""How many are counted who are ahead of somebody: a page is not the slower for a contest of a hundred thousand."""
ROWS_AT_ONCE = 1000

_CONTESTS, _STANDINGS = MAPPERS["contests"], MAPPERS["standings"]
_BEHIND = DERIVATIONS["standings.behind"]
_C, _S = tables.contests.c, tables.standings.c


_CONTESTS_OF = (
    select(*(_C[name] for name in _CONTESTS.columns))
    .where(_C.tenant == bindparam("tenant"), _C.id > bindparam("first"), _C.id < bindparam("last"))
    .order_by(_C.id)
)


def contests_of(connection: Connection, tenant: str, program: str) -> list[ContestRow]:
    """All contests of a program, by name: those that opened, those that will, those that are decided."""
    # The key begins with the program, so that the range of its contests is read and nothing else.
    parameters = {"tenant": tenant, "first": f"{program}|", "last": f"{program}}}"}
    return [_CONTESTS.unpack(row)[1] for row in connection.execute(_CONTESTS_OF, parameters)]


def leaderboard(connection: Connection, tenant: str, board: str, limit: int) -> list[Standing]:
    """The best of a contest so far, the best first; of equal ones who got there first."""
    columns = [_S[name] for name in _STANDINGS.columns]
    entered = (_S.tenant == tenant) & (_S.board == board) & (_S.behind < -1)
    statement = select(*columns).where(entered).order_by(_S.behind, _S.reached_ms, _S.entrant)
    rows = connection.execute(statement.limit(min(limit, LEADERBOARD_MAX)))
    return [_STANDINGS.unpack(row)[1] for row in rows]


def ahead_of(connection: Connection, tenant: str, standing: Standing, *, shared: bool) -> int:
    """How many are ahead of somebody in a contest, counted to `AHEAD_MAX`; where places are shared, only those who have more."""
    behind = _BEHIND(standing)
    later = or_(
        _S.reached_ms < standing.reached_ms, (_S.reached_ms == standing.reached_ms) & (_S.entrant < standing.entrant)
    )
    before = _S.behind < behind if shared else or_(_S.behind < behind, (_S.behind == behind) & later)
    entered = (_S.tenant == tenant) & (_S.board == standing.board) & (_S.behind < -1)
    rows = select(literal(1)).where(entered, before).limit(AHEAD_MAX).subquery("counted")
    return connection.execute(select(func.count()).select_from(rows)).scalar_one()


def entries_of(connection: Connection, tenant: str, board: str) -> Iterator[tuple[str, int]]:
    """The entrants of a contest with their tickets, in the order in which they are hashed."""
    mine = (_S.tenant == tenant) & (_S.id > f"{board}|") & (_S.id < f"{board}}}") & (_S.behind < -1)
    statement = select(_S.entrant, _S.score).where(mine).order_by(_S.id)
    options = {"yield_per": ROWS_AT_ONCE}
    yield from ((row.entrant, row.score) for row in connection.execute(statement, execution_options=options))
