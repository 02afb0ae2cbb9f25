"""Contests: opened with a version, decided by rank or by draw, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import get_args

from msgspec.structs import replace

from goodword.engine import draws
from goodword.engine.boards import Game, contest_key, enter_free, entries_after, game_of, has_free, leaders
from goodword.engine.closing import refuse_closed
from goodword.engine.events import Enter
from goodword.engine.facts import Subjects, unmet
from goodword.engine.grants import Grant, side_of
from goodword.engine.people import resolve, signal_value
from goodword.engine.reasons import ReasonValue
from goodword.engine.returns import take_back
from goodword.engine.reward_books import HELD
from goodword.engine.rewards import expire, grant
from goodword.engine.state import (
    CONTESTS,
    CONTESTS_OF,
    LEADERS_MAX,
    REFERRALS,
    REWARDS_OF,
    ContestRow,
    Participant,
    Place,
    Standing,
)
from goodword.engine.turn import Turn
from goodword.program.duration import Period, day_start_ms, local_date, period_ends_ms, period_key
from goodword.program.loader import Program
from goodword.program.model import Shared

# opening --------------------------------------------------------------------------------------------------------------


def open_contests(turn: Turn, program: Program) -> None:
    """Note the contests of a new version; one that has opened already goes on under the version it opened with."""
    for name, contest in program.model.contests.items():
        id = contest_key(program.name, name)
        before = turn.draft.get(CONTESTS, id)
        if before is not None and before.opens_ms <= turn.clock_ms:
            continue
        zone = program.model.zone
        closes_ms = None if contest.last_day is None else day_start_ms(contest.last_day, 1, zone)
        row = ContestRow(
            id=id,
            program=program.name,
            contest=name,
            version=program.version,
            measure=contest.measure,
            opens_ms=day_start_ms(contest.first_day, 0, zone),
            closes_ms=closes_ms,
            seed_hash=draws.seed_hash(_seed(turn, id)) if contest.by == "draw" else "",
        )
        turn.draft.put(CONTESTS, id, row)
        turn.draft.append(CONTESTS_OF, program.name, id)
        _schedule(turn, Game(row, program), max(row.opens_ms, turn.clock_ms))


def _seed(turn: Turn, contest: str) -> str:
    return turn.keyring.digest("draw", contest).hex()


def _schedule(turn: Turn, game: Game, after_ms: int) -> None:
    """Ask for the next decision: a review, or the end."""
    row, contest = game.row, game.contest
    ends_ms = None if row.closes_ms is None else row.closes_ms + contest.settles_after
    if contest.reviewed:
        next_ms = period_ends_ms(after_ms, contest.reviewed, game.program.model.zone)
        ends_ms = next_ms if ends_ms is None else min(next_ms, ends_ms)
    assert ends_ms is not None  # noqa: S101 - the model asks for a last day or for reviews
    turn.schedule("contest", row.id, ends_ms)


def enter(turn: Turn, event: Enter) -> None:
    """Somebody enters a draw without a friend."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    row = turn.draft.get(CONTESTS, contest_key(event.program, event.contest))
    if row is None or not (game := game_of(turn, row)).contest.free_entry:
        turn.say("unknown_contest", {"contest": event.contest}, program=program)
        return
    if refuse_closed(turn, game.program, turn.occurred_ms):
        return
    rule = f"contests.{row.contest}"
    closed = row.closes_ms is not None and turn.occurred_ms >= row.closes_ms
    if row.status != "open" or closed or turn.occurred_ms < row.opens_ms:
        turn.say("contest_closed", {"contest": row.contest}, program=game.program, rule=rule)
        return
    person = resolve(turn, event.person)
    if person is None:
        return
    turn.say("person_recorded")
    if has_free(turn, row, person.id):
        turn.say("contest_entered_before", {"contest": row.contest}, program=game.program, rule=rule)
        return
    counted = list(_counted_entries(turn, game, person))
    over = {path: signal for key, signal, count, path in counted if turn.counter(key) >= count}
    for path, signal in over.items():
        values = {"contest": row.contest, "signal": signal}
        turn.say("entry_limit_reached", {**values}, program=game.program, rule=path)
    if over:
        return
    for key in dict.fromkeys(key for key, *_ in counted):
        turn.count(key, 1)
    enter_free(turn, row, person.id)
    turn.say("contest_entered", {"contest": row.contest}, program=game.program, rule=rule)


def _counted_entries(turn: Turn, game: Game, person: Participant) -> Iterator[tuple[str, str, int, str]]:
    """The counters of a free entry, each with its signal, how many it takes, and the rule that says so."""
    for signal, period, count, path in entry_rules(game.program):
        value = signal_value(person, signal)
        if value is not None:
            yield entry_key(game.row.id, signal, value, turn.occurred_ms, period, game.program), signal, count, path


def entry_rules(program: Program) -> Iterator[tuple[Shared, Period, int, str]]:
    """How many free entries may share a signal: one where advocate and friend may not, and as many as a limit allows.

    Where staff would look first at a referral, a free entry stands: there is no referral that they could look at.
    """
    protection = program.model.protection
    for signal in get_args(Shared):
        if getattr(protection, signal) == "refuse":
            yield signal, "ever", 1, f"protection.{signal}"
    for index, limit in enumerate(protection.limits):
        if limit.action == "refuse":
            yield limit.signal, limit.period, limit.count, f"protection.limits.{index}"


def entry_key(contest: str, signal: str, value: str, at_ms: int, period: Period, program: Program) -> str:
    """The counter of the free entries with one value of a signal."""
    return f"entry|{contest}|{signal}|{value}|{period_key(at_ms, period, program.model.zone)}"


# deciding -------------------------------------------------------------------------------------------------------------


def contest_due(turn: Turn, id: str) -> None:
    """A date of a contest has come, or the next page of its draw."""
    row = turn.draft.get(CONTESTS, id)
    if row is not None and row.status != "settled":
        game = game_of(turn, row)
        _STAGES["draw" if game.contest.by == "draw" and row.status == "open" else row.status](turn, game)


def _decide_ranks(turn: Turn, game: Game) -> None:
    """Give the places by rank: for the time until the next review, or for good."""
    row, contest = game.row, game.contest
    places = tuple(_ranked(turn, game, leaders(turn, row.id)))
    over = row.closes_ms is not None and turn.clock_ms >= row.closes_ms + contest.settles_after
    row = replace(row, places=places)
    if contest.reviewed:
        row = _give_held(turn, replace(game, row=row), over)
    else:
        _award(turn, game, places, game.row.contest)
    if over:
        _settled(turn, replace(game, row=row))
        return
    turn.draft.put(CONTESTS, row.id, row)
    turn.say(
        "contest_reviewed",
        {"contest": row.contest, "count": len(places)},
        program=game.program,
        rule=f"contests.{row.contest}",
    )
    _schedule(turn, game, turn.clock_ms)


def _ranked(turn: Turn, game: Game, standings: Iterable[Standing]) -> Iterator[Place]:
    """Who takes which place. Those who are not eligible take none, and the next move up."""
    contest, wins = game.contest, game.program.model.places_of(game.row.contest)
    place, taken, before = 0, 0, 0
    for standing in standings:
        if standing.score < (contest.at_least or 1) or not _eligible(turn, game, standing.entrant):
            continue
        taken += 1
        if contest.ties == "first" or standing.score != before:
            place, before = taken, standing.score
        if place > wins:
            return
        yield Place(place, standing.entrant, standing.score)


def _eligible(turn: Turn, game: Game, entrant: str) -> bool:
    by_referral = game.contest.entrant == "referral"
    advocate = turn.referral(entrant).advocate if by_referral else entrant
    if turn.person(advocate).erased_ms is not None:
        values: dict[str, ReasonValue] = {"contest": game.row.contest, "entrant": entrant}
        turn.say("person_erased", values, program=game.program, rule=f"contests.{game.row.contest}")
        return False
    misses = unmet(turn, game.contest.eligible, Subjects(advocate=advocate))
    for values in misses:
        turn.say(
            "not_eligible",
            values | {"contest": game.row.contest, "entrant": entrant},
            program=game.program,
            rule=f"contests.{game.row.contest}.eligible",
        )
    return not misses


def _award(turn: Turn, game: Game, places: Iterable[Place], key: str) -> None:
    """Grant what the places win."""
    row, program = game.row, game.program
    for place in places:
        _say_taken(turn, game, place)
        for name, rule in program.model.rewards_by_contest[row.contest]:
            assert rule.when.places  # noqa: S101 - the model asks for them
            if rule.when.places[0] <= place.place <= rule.when.places[1]:
                _grant_place(turn, game, name, place, key)


def _say_taken(turn: Turn, game: Game, place: Place) -> None:
    turn.say(
        "place_taken",
        {"contest": game.row.contest, "place": place.place, "score": place.score, "entrant": place.entrant},
        program=game.program,
        rule=f"contests.{game.row.contest}",
    )


def _grant_place(turn: Turn, game: Game, name: str, place: Place, key: str) -> None:
    referral = turn.draft.get(REFERRALS, place.entrant) if game.contest.entrant == "referral" else None
    for side in game.program.model.rewards[name].sides:
        wanted = Grant(
            program=game.program,
            name=name,
            side=side,
            participant=side_of(referral, side) if referral else place.entrant,
            subject=place.entrant,
            at_ms=turn.clock_ms,
            referral=referral,
            key=key,
        )
        grant(turn, wanted)


def _give_held(turn: Turn, game: Game, over: bool) -> ContestRow:
    """Let places that were lost go, and give those that were won; who keeps his place keeps what he has."""
    row, held = game.row, []
    kept: set[tuple[str, str]] = set()
    for id in row.held:
        reward = turn.reward(id)
        _, rule = game.program, turn.programs.pinned(reward).model.rewards[reward.rule]
        first, last = rule.when.places or (0, 0)
        stays = not over and any(p.entrant == reward.subject and first <= p.place <= last for p in row.places)
        if not reward.live:
            continue
        if stays:
            held.append(id)
            kept.add((reward.rule, reward.subject))
            continue
        turn.say("place_lost", {"contest": row.contest}, program=game.program, rule=f"rewards.{reward.rule}", reward=id)
        if reward.status == "issued":
            expire(turn, reward)
        elif reward.status in HELD:
            take_back(turn, reward, "place_lost")
    if over:
        return replace(row, held=())
    key = f"{row.contest}@{local_date(turn.clock_ms, game.program.model.zone).isoformat()}"
    for place in row.places:
        before = turn.draft.many(REWARDS_OF, place.entrant)
        for name, rule in game.program.model.rewards_by_contest[row.contest]:
            first, last = rule.when.places or (0, 0)
            if first <= place.place <= last and (name, place.entrant) not in kept:
                _grant_place(turn, game, name, place, key)
        given = [id for id in turn.draft.many(REWARDS_OF, place.entrant) if id not in before]
        if given:
            _say_taken(turn, game, place)
            held += given
    return replace(row, held=tuple(held))


def _settled(turn: Turn, game: Game) -> None:
    """The result stands."""
    row = replace(game.row, status="settled")
    turn.draft.put(CONTESTS, row.id, row)
    others = tuple(id for id in turn.draft.many(CONTESTS_OF, row.program) if id != row.id)
    turn.draft.put(CONTESTS_OF, row.program, others)
    turn.tell("contest.settled", row.id, None)
    turn.say(
        "contest_settled",
        {"contest": row.contest, "count": len(row.places)},
        program=game.program,
        rule=f"contests.{row.contest}",
    )


# draws ----------------------------------------------------------------------------------------------------------------


def _close_entries(turn: Turn, game: Game) -> None:
    """From now on no entry changes any more: the list is hashed."""
    row = replace(game.row, status="counting", entries_hash=draws.first_hash(game.row.id))
    _go_on(turn, game, row)


def _count_entries(turn: Turn, game: Game) -> None:
    row = game.row
    page = entries_after(turn, row.id, row.cursor)
    for standing in page:
        row = replace(
            row,
            entries_hash=draws.with_entry(row.entries_hash, standing.entrant, standing.score),
            entries=row.entries + 1,
            tickets=row.tickets + standing.score,
            cursor=standing.entrant,
        )
    if page:
        _go_on(turn, game, row)
        return
    turn.say(
        "draw_counted",
        {"contest": row.contest, "entries": row.entries, "count": row.tickets},
        program=game.program,
        rule=f"contests.{row.contest}",
    )
    row = replace(row, status="drawing" if row.tickets else "awarding", cursor="", seed=_seed(turn, row.id))
    _page_later(turn, row)


def _draw_tickets(turn: Turn, game: Game) -> None:
    """Find out, page by page, whose tickets are drawn."""
    row = game.row
    page = entries_after(turn, row.id, row.cursor)
    last = row.tickets_drawn + draws.wanted(game.program.model.places_of(row.contest))
    drawn = {
        number: draws.ticket(row.seed, row.entries_hash, number, row.tickets)
        for number in range(row.tickets_drawn, last)
    }
    entries = [(standing.entrant, standing.score) for standing in page]
    found = row.found | {str(number): entrant for number, entrant in draws.found_in(entries, row.passed, drawn)}
    passed = row.passed + sum(score for _, score in entries)
    row = replace(row, found=found, passed=passed, cursor=page[-1].entrant if page else row.cursor)
    if len(found) == last or not page:
        row = replace(row, status="awarding", cursor="", passed=0, tickets_drawn=last)
    _go_on(turn, game, row)


def _award_drawn(turn: Turn, game: Game) -> None:
    """Give the places in the order of the draw to those who are eligible, or draw further tickets."""
    row = game.row
    wins = game.program.model.places_of(row.contest)
    entrants = drawn(row)
    winners = [entrant for entrant in entrants if _eligible(turn, game, entrant)][:wins]
    rounds = row.tickets_drawn // draws.wanted(wins)
    if len(winners) < wins and len(entrants) < min(row.entries, LEADERS_MAX) and rounds < draws.ROUNDS_MAX:
        _go_on(turn, game, replace(row, status="drawing"))
        return
    enough = row.tickets >= (game.contest.at_least or 1)
    places = tuple(Place(place, entrant, 1) for place, entrant in enumerate(winners if enough else [], start=1))
    row = replace(row, places=places)
    _award(turn, game, places, row.contest)
    _settled(turn, replace(game, row=row))


def drawn(row: ContestRow) -> list[str]:
    """Whom the tickets of a draw found, each once, in their order."""
    return draws.in_order({int(number): entrant for number, entrant in row.found.items()})[:LEADERS_MAX]


def _go_on(turn: Turn, game: Game, row: ContestRow) -> None:
    """A page of the draw was gone through; say so, and how many entries are counted by now."""
    values: dict[str, ReasonValue] = {"contest": row.contest, "entries": row.entries}
    turn.say("draw_goes_on", values, program=game.program, rule=f"contests.{row.contest}")
    _page_later(turn, row)


def _page_later(turn: Turn, row: ContestRow) -> None:
    """Go on with the next page, as an event of its own."""
    turn.draft.put(CONTESTS, row.id, row)
    turn.schedule("contest", row.id, turn.clock_ms)


_STAGES: dict[str, Callable[[Turn, Game], None]] = {
    "open": _decide_ranks,
    "draw": _close_entries,
    "counting": _count_entries,
    "drawing": _draw_tickets,
    "awarding": _award_drawn,
}
