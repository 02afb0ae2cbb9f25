"""Contests by the API: what runs, who leads, who won, and what a draw can be checked with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from starlette.responses import Response

from goodword.engine.boards import contest_key
from goodword.engine.state import CONTESTS, ContestRow
from goodword.program.duration import from_ms
from goodword.storage import boards
from goodword.storage.boards import LEADERBOARD_MAX
from goodword.storage.load import load_live_programs
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import Reader, row_of
from goodword.web.context import context_of
from goodword.web.problems import NotFound
from goodword.web.programs import ProgramName

router = APIRouter(prefix="/v1/programs", tags=["contests"])


class PlaceOut(Struct, frozen=True):
    """A place of a contest."""

    place: int
    entrant: str
    """A participant, or in a draw of referrals a referral."""
    score: int


class ContestOut(Struct, frozen=True, omit_defaults=True):
    """A contest: when it is open, and what became of it."""

    contest: str
    version: int
    """The version of the program that decides it: the one in force when it opened."""
    measure: str
    opens_at: datetime
    status: Literal["open", "counting", "drawing", "awarding", "settled"]
    closes_at: datetime | None = None
    places: tuple[PlaceOut, ...] = ()
    """Who won; of a contest whose places are reviewed, who holds them now."""
    seed_hash: str | None = None
    """Of a draw: the SHA-256 of its seed, known from the beginning."""
    seed: str | None = None
    """The seed, known once no entry can change any more."""
    entries_hash: str | None = None
    entries: int = 0
    tickets: int = 0


class LeaderboardOut(Struct, frozen=True):
    """The best of a contest, as it stands: equal scores share a place."""

    contest: str
    items: tuple[PlaceOut, ...]


def contest_out(row: ContestRow) -> ContestOut:
    """A contest as the API shows it. The seed of a draw is secret until its list of entries is hashed."""
    told = row.status in ("drawing", "awarding", "settled")
    return ContestOut(
        contest=row.contest,
        version=row.version,
        measure=row.measure,
        opens_at=from_ms(row.opens_ms),
        status=row.status,
        closes_at=None if row.closes_ms is None else from_ms(row.closes_ms),
        places=tuple(PlaceOut(one.place, one.entrant, one.score) for one in row.places),
        seed_hash=row.seed_hash or None,
        seed=row.seed or None if told else None,
        entries_hash=row.entries_hash or None if told else None,
        entries=row.entries,
        tickets=row.tickets,
    )


@router.get("/{program}/contests", responses=answers_page(ContestOut, "the contests of the program, by name"))
def list_contests(request: Request, key: Reader, program: ProgramName) -> Response:
    """The contests of a program: those to come, those that run, those that are decided."""
    with context_of(request).parts.database.read() as connection:
        if program not in load_live_programs(connection, key.tenant):
            raise NotFound
        found = boards.contests_of(connection, key.tenant, program)
    return json({"items": [contest_out(row) for row in found], "next": None})


@router.get("/{program}/contests/{contest}", responses=answers(ContestOut, "the contest"))
def get_contest(request: Request, key: Reader, program: ProgramName, contest: ProgramName) -> Response:
    """A contest with its result, and what a draw can be checked with."""
    with context_of(request).parts.database.read() as connection:
        return json(contest_out(row_of(connection, key, CONTESTS, contest_key(program, contest))))


@router.get("/{program}/contests/{contest}/leaderboard", responses=answers(LeaderboardOut, "who leads"))
def get_leaderboard(
    request: Request,
    key: Reader,
    program: ProgramName,
    contest: ProgramName,
    limit: Annotated[int, Query(ge=1, le=LEADERBOARD_MAX)] = 10,
) -> Response:
    """Who leads, by ids: names belong to people, who decide for themselves whether they are shown."""
    with context_of(request).parts.database.read() as connection:
        row = row_of(connection, key, CONTESTS, contest_key(program, contest))
        found = boards.leaderboard(connection, key.tenant, row.id, limit)
    places, place, before = [], 0, 0
    for number, standing in enumerate(found, start=1):
        place, before = (place, before) if standing.score == before else (number, standing.score)
        places.append(PlaceOut(place, standing.entrant, standing.score))
    return json(LeaderboardOut(contest, tuple(places)))
