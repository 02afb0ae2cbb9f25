"""The boards of contests: for an advocate on his page, and for everybody at `/board/PROGRAM/CONTEST`.

Who leads is known by his first name where he wants that, else as somebody: names belong to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.boards import contest_key, standing_key
from goodword.engine.state import CONTESTS, PARTICIPANTS, STANDINGS, ContestRow, Place, Standing, State
from goodword.portal.advocate import ranking
from goodword.portal.board import BoardView
from goodword.portal.frame import frame
from goodword.portal.mine import Board, Leader
from goodword.program.loader import Program
from goodword.storage import boards, reads
from goodword.storage.load import load
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of
from goodword.web.joining import ProgramName, program_to_show
from goodword.web.people import Lang, answer
from goodword.web.problems import NotFound
from goodword.web.visitors import language_for
from goodword.words.names import given_name

PREFIX = "/board"
LEADERS_SHOWN = 5
"""How many of a leaderboard are shown."""
ContestName = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
router = APIRouter(prefix=PREFIX, include_in_schema=False)


@router.get("/{program}/{contest}")
def board_page(request: Request, program: ProgramName, contest: ContestName, lang: Lang = None) -> Response:
    """Who leads a contest by rank, or who won it."""
    context, language = context_of(request), language_for(request, lang)
    with context.parts.database.read() as connection:
        found, closed = program_to_show(connection, context, program)
        state, key = State(), contest_key(program, contest)
        load(connection, context.tenant, state, {CONTESTS.name: {key}})
        row, rules = state.get(CONTESTS, key), found.model.contests.get(contest)
        if row is None or rules is None or rules.by != "rank" or row.opens_ms > context.parts.now_ms():
            raise NotFound("there is no such board")
        (board,) = _loaded(connection, context, found, [row], None)
    shown = ranking(found, board, language, None)
    page = frame(language, shown.title, f"{PREFIX}/{program}/{contest}")
    join = None if closed else f"/join/{program}"
    return answer(request, "board.html", page, BoardView(shown, join), lang=lang)


def boards_of(connection: Connection, context: Context, program: Program, participant: str) -> tuple[Board, ...]:
    """The boards of a program that have opened, as a participant sees them."""
    now_ms = context.parts.now_ms()
    rows = [row for row in boards.contests_of(connection, context.tenant, program.name) if row.opens_ms <= now_ms]
    return _loaded(connection, context, program, rows, participant)


def _loaded(
    connection: Connection, context: Context, program: Program, rows: Sequence[ContestRow], participant: str | None
) -> tuple[Board, ...]:
    """Boards with the names of those who want to be seen, however many boards there are."""
    best = {row.id: _best(connection, context, program, row) for row in rows}
    state = State()
    entrants = {entrant for places in best.values() for _, entrant, _ in places}
    own = {row.id: standing_key(row.id, participant) for row in rows if participant is not None}
    load(connection, context.tenant, state, {PARTICIPANTS.name: entrants, STANDINGS.name: set(own.values())})
    people = [state.get(PARTICIPANTS, one) for one in entrants]
    seen = [one.id for one in people if one is not None and one.consents_to("name")]
    known = reads.people(connection, context.tenant, seen) if seen else {}
    names = {id: given_name(person["name"]) for id, person in known.items() if person.get("name")}
    made = []
    for row in rows:
        mine: Standing | None = state.get(STANDINGS, own[row.id]) if participant is not None else None
        leaders = tuple(Leader(place, id, score, names.get(id)) for place, id, score in best[row.id])
        if mine is not None and not any(one.entrant == participant for one in leaders):
            leaders += _own(connection, context, program, row, mine)
        made.append(Board(row, leaders, mine.score if mine is not None else 0))
    return tuple(made)


def _best(connection: Connection, context: Context, program: Program, row: ContestRow) -> list[tuple[int, str, int]]:
    """The first places: as they were decided, else as they stand, ties as the contest states them."""
    if row.status == "settled":
        places: Sequence[Place] = row.places[:LEADERS_SHOWN]
        return [(one.place, one.entrant, one.score) for one in places]
    shared = _shared(program, row)
    found: list[tuple[int, str, int]] = []
    for number, one in enumerate(boards.leaderboard(connection, context.tenant, row.id, LEADERS_SHOWN), start=1):
        tied = shared and found and found[-1][2] == one.score
        found.append((found[-1][0] if tied else number, one.entrant, one.score))
    return found


def _own(
    connection: Connection, context: Context, program: Program, row: ContestRow, mine: Standing
) -> tuple[Leader, ...]:
    """The place of somebody who is not among the first: whoever is sixth wants to know how far away the fifth is."""
    if row.status == "settled":
        return tuple(
            Leader(one.place, one.entrant, one.score, None) for one in row.places if one.entrant == mine.entrant
        )
    if mine.score < 1:
        return ()
    ahead = boards.ahead_of(connection, context.tenant, mine, shared=_shared(program, row))
    return (Leader(ahead + 1, mine.entrant, mine.score, None),) if ahead < boards.AHEAD_MAX else ()


def _shared(program: Program, row: ContestRow) -> bool:
    """Whether equal ones have the same place."""
    rules = program.model.contests.get(row.contest)
    return rules is None or rules.ties != "first"
