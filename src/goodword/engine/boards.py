"""Boards: how far everybody has come in the contests that run, moved with what their measures count."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nsmallest
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from goodword.engine.state import (
    CONTESTS,
    CONTESTS_OF,
    ENTRIES,
    ENTRIES_PAGE,
    LEADERS,
    LEADERS_MAX,
    STANDINGS,
    ContestRow,
    Standing,
)
from goodword.engine.turn import Turn
from goodword.program.contests import Contest
from goodword.program.loader import Program
from goodword.program.triggers import Measure


class Game(Struct, frozen=True, gc=False):
    """A contest with the version that decides it."""

    row: ContestRow
    program: Program

    @property
    def contest(self) -> Contest:
        return self.program.model.contests[self.row.contest]

    @property
    def measure(self) -> Measure:
        return self.program.model.measures[self.contest.measure]

    @property
    def label(self) -> str:
        """Its measure, dated by the contest: what stands in its counters' names."""
        return f"{self.contest.measure}@{self.row.contest}"


def contest_key(program: str, contest: str) -> str:
    """The key of a contest; also the board of its standings."""
    return f"{program}|{contest}"


def standing_key(contest: str, entrant: str) -> str:
    """The key of somebody's standing in a contest."""
    return f"{contest}|{entrant}"


def game_of(turn: Turn, row: ContestRow) -> Game:
    """A contest with the version that was in force when it opened."""
    return Game(row, turn.programs.versions[row.program, row.version])


def games(turn: Turn, program: str, source: str) -> Iterator[Game]:
    """The contests of a program that look at a source: those not settled, and those of its file that are."""
    current = turn.programs.current(program)
    running, listed = turn.draft.many(CONTESTS_OF, program), current.model.contests if current else ()
    if not running and not listed:
        return
    # By name, whatever was loaded how and opened when: what follows from an event has one order.
    for id in sorted({*running, *(contest_key(program, name) for name in listed)}):
        row = turn.draft.get(CONTESTS, id)
        if row is not None and (game := game_of(turn, row)).measure.source == source:
            yield game


def counts(turn: Turn, game: Game, at_ms: int, counted: bool) -> bool:
    """Whether something of a moment counts in a contest; what was counted when it closed goes on to stand there."""
    row = game.row
    if at_ms < row.opens_ms or (row.closes_ms is not None and at_ms >= row.closes_ms):
        return False
    if row.status == "open" or counted:
        return True
    turn.say("contest_closed", {"contest": row.contest}, program=game.program, rule=f"contests.{row.contest}")
    return False


def is_contest(label: str) -> bool:
    """Whether a measure's label is dated by a contest: names begin with a letter, calendar periods with a digit."""
    return label.partition("@")[2][:1].isalpha()


def move_standing(turn: Turn, program: str, label: str, entrants: tuple[str, str], at_ms: int, change: int) -> None:
    """Follow a counter of a contest, as long as it is open. `entrants` are the owner, and the referral if there is one."""
    row = turn.draft.get(CONTESTS, contest_key(program, label.partition("@")[2]))
    if row is None or row.status != "open" or not change:
        return
    by_referral = game_of(turn, row).contest.entrant == "referral"
    entrant = entrants[1] if by_referral else entrants[0]
    id = standing_key(row.id, entrant)
    # A referral counts once: what stood there before says nothing more.
    before = None if by_referral else turn.draft.get(STANDINGS, id)
    score = max(change, 0) if by_referral else (before.score if before else 0) + change
    reached_ms = max(at_ms, before.reached_ms) if before and change > 0 else before.reached_ms if before else at_ms
    free = before.free if before else 0
    turn.draft.put(STANDINGS, id, Standing(id, row.id, entrant, score, reached_ms, free))


def has_free(turn: Turn, row: ContestRow, participant: str) -> bool:
    """Whether somebody has the one ticket that needs no friend."""
    standing = turn.draft.get(STANDINGS, standing_key(row.id, participant))
    return standing is not None and standing.free > 0


def enter_free(turn: Turn, row: ContestRow, participant: str) -> None:
    """Give somebody the one ticket that needs no friend."""
    id = standing_key(row.id, participant)
    before = turn.draft.get(STANDINGS, id) or Standing(id, row.id, participant, 0, turn.occurred_ms)
    reached_ms = max(before.reached_ms, turn.occurred_ms)
    turn.draft.put(STANDINGS, id, replace(before, score=before.score + 1, free=1, reached_ms=reached_ms))


def leaders(turn: Turn, board: str) -> list[Standing]:
    """The best of a board, the best first; of equal ones who got there first."""
    if turn.draft.state.complete:
        return nsmallest(LEADERS_MAX, _all(turn, board), key=_rank)
    return [turn.draft.need(STANDINGS, id) for id in turn.draft.many(LEADERS, board)]


def entries_after(turn: Turn, board: str, entrant: str) -> list[Standing]:
    """The next page of a board's entries, in the order of their ids."""
    if turn.draft.state.complete:
        rest = (standing for standing in _all(turn, board) if standing.entrant > entrant)
        return nsmallest(ENTRIES_PAGE, rest, key=attrgetter("entrant"))
    return [turn.draft.need(STANDINGS, id) for id in turn.draft.many(ENTRIES, f"{board}|{entrant}")]


def _all(turn: Turn, board: str) -> Iterator[Standing]:
    rows = turn.draft.state.rows[STANDINGS.name] | turn.draft.changes.get(STANDINGS.name, {})
    return (row for row in rows.values() if row is not None and row.board == board and row.score > 0)


def _rank(standing: Standing) -> tuple[int, int, str]:
    return (-standing.score, standing.reached_ms, standing.entrant)
