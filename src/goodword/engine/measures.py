"""Measures: what is counted or summed per advocate and period, and the rewards that a number reached pays.

Whatever is counted keeps, in its own row, the counters it stands in and what it adds to each: taking it away takes away
exactly that. A number that moved is looked at once the event is decided otherwise, so that one event moves it once.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from goodword.engine.boards import counts, games, is_contest, move_standing
from goodword.engine.closing import closed
from goodword.engine.facts import Subjects, unmet
from goodword.engine.grants import Grant, dated, measure_key
from goodword.engine.handles import joined_ms
from goodword.engine.returns import take_back
from goodword.engine.reward_books import rule_of
from goodword.engine.rewards import grant
from goodword.engine.state import ACTIVITIES, ORDERS, ActivityRow, OrderRow, Referral, Reward
from goodword.engine.sweeps import unlock
from goodword.engine.tiers import follow_tiers
from goodword.engine.turn import Moved, Turn
from goodword.program.loader import Program
from goodword.program.model import Reward as Rule
from goodword.program.model import Side
from goodword.program.triggers import EVERY_MAX, Measure

MOVES_MAX = 1000
"""How many numbers one event may move: rewards that are counted move numbers in their turn."""
ORDER, ACTIVITY = "order:", "activity:"


# what is counted ------------------------------------------------------------------------------------------------------


class Source(Struct, frozen=True):
    """What a measure counts, as a reward for each of them sees it."""

    subject: str
    owner: str
    at_ms: int
    order: OrderRow | None = None
    referral: Referral | None = None


def sync_measures(turn: Turn, referral: Referral) -> None:
    """Count a referral where it stands at a measured step and nobody doubts it."""
    program = turn.programs.pinned(referral)
    trusted = is_trusted(referral)
    measures = program.model.measures_of["referrals"] if trusted else ()
    wanted = {
        _counted_in(referral, measure, dated(name, measure, at_ms, program), program): at_ms
        for name, measure in measures
        if (at_ms := _at_step(turn, program, referral, measure)) is not None
    }
    for game in games(turn, program.name, "referrals") if trusted else ():
        reached_ms = _at_step(turn, program, referral, game.measure)
        if reached_ms is not None and counts(turn, game, reached_ms, game.label in referral.measured):
            wanted[game.label] = reached_ms
    if tuple(wanted) == referral.measured or set(wanted) == set(referral.measured):
        return
    before = referral.measured
    referral = turn.save_referral(replace(referral, measured=tuple(wanted)))
    source = Source(referral.id, referral.advocate, turn.occurred_ms, referral=referral)
    for entry in sorted(wanted.keys() ^ set(before)):
        label, owner = _label_and_owner(referral, entry)
        at_ms = wanted[entry] if is_contest(label) and entry in wanted else source.at_ms
        moved = replace(source, owner=owner, at_ms=at_ms)
        _move(turn, program, label, moved, 1 if entry in wanted else -1, entry in wanted)


def is_trusted(referral: Referral) -> bool:
    """Whether nobody doubts a referral, so that it counts where it stands."""
    return referral.moderation not in ("pending_review", "denied") and referral.status != "superseded"


def _counted_in(referral: Referral, measure: Measure, label: str, program: Program) -> str:
    """How a referral keeps where it is counted: the label of its advocate's measure, the whole counter of its group's."""
    return label if measure.of == "advocate" else measure_key(program.name, label, referral.group or "")


def _label_and_owner(referral: Referral, entry: str) -> tuple[str, str]:
    if not entry.startswith("measure|"):
        return entry, referral.advocate
    _, _, label, owner = entry.split("|", 3)
    return label, owner


def _at_step(turn: Turn, program: Program, referral: Referral, measure: Measure) -> int | None:
    """When a referral reached the step of a measure, if that is soon enough after its advocate joined.

    For a measure of groups: if it was invited to one that was open then.
    """
    state = referral.steps.get(measure.step or "")
    if state is None or state.hit is None:
        return None
    if measure.of == "group":
        counts = referral.group is not None and turn.group(referral.group).open_at(state.hit.at_ms)
        return state.hit.at_ms if counts else None
    return state.hit.at_ms if _soon_enough(turn, program, measure, referral.advocate, state.hit.at_ms) else None


def _soon_enough(turn: Turn, program: Program, measure: Measure, advocate: str, at_ms: int) -> bool:
    if measure.within is None:
        return True
    joined = joined_ms(turn, advocate, program.name)
    return joined is not None and at_ms < joined + measure.within


def measure_order(turn: Turn, order: OrderRow) -> None:
    """Count an order of somebody who joined, as it stands now, in every program."""
    assert order.participant is not None  # noqa: S101
    assert order.placed_ms is not None  # noqa: S101
    wanted: dict[str, int] = {}
    programs: dict[str, tuple[Program, str]] = {}
    for program in turn.programs.all_live:
        for label, measure in _measured(turn, program, "orders", order.participant, order.placed_ms, order.measured):
            subjects = Subjects(advocate=order.participant, order=order)
            if order.currency != program.model.currency or not order.counted or unmet(turn, measure.where, subjects):
                continue
            key = measure_key(program.name, label, order.participant)
            programs[key] = (program, label)
            wanted[key] = order.net if measure.sum else 1
    if wanted != order.measured:
        turn.draft.put(ORDERS, order.id, replace(order, measured=wanted))
        source = Source(f"{ORDER}{order.id}", order.participant, order.placed_ms, order=order)
        follow_counters(turn, programs, source, order.measured, wanted)


def measure_activity(turn: Turn, row: ActivityRow) -> None:
    """Count an activity of somebody who joined, in every program that measures it."""
    wanted: dict[str, int] = {}
    programs: dict[str, tuple[Program, str]] = {}
    for program in turn.programs.all_live:
        for label, measure in _measured(turn, program, "activities", row.participant, row.at_ms, row.measured):
            subjects = Subjects(advocate=row.participant, activity=row.fields)
            if measure.activity != row.name or unmet(turn, measure.where, subjects):
                continue
            key = measure_key(program.name, label, row.participant)
            programs[key], wanted[key] = (program, label), 1
    if wanted or row.status != "counted" or turn.draft.get(ACTIVITIES, row.id) is not None:
        turn.draft.put(ACTIVITIES, row.id, replace(row, measured=wanted))
    follow_counters(turn, programs, Source(f"{ACTIVITY}{row.id}", row.participant, row.at_ms), row.measured, wanted)


def _measured(
    turn: Turn, program: Program, source: str, owner: str, at_ms: int, before: dict[str, int]
) -> Iterator[tuple[str, Measure]]:
    """The measures in which somebody's own doing counts, under their dated names: only of advocates."""
    measures = program.model.measures_of[source]
    contests = list(games(turn, program.name, source))
    if not measures and not contests:
        return
    joined = joined_ms(turn, owner, program.name)
    if joined is None or at_ms < joined:
        return
    if closed(turn, program, at_ms) is not None:
        turn.say("not_counted", program=program)
        return
    for name, measure in measures:
        if measure.within is None or at_ms < joined + measure.within:
            yield dated(name, measure, at_ms, program), measure
    for game in contests:
        within = game.measure.within
        counted = measure_key(program.name, game.label, owner) in before
        if (within is None or at_ms < joined + within) and counts(turn, game, at_ms, counted):
            yield game.label, game.measure


def follow_counters(
    turn: Turn,
    programs: dict[str, tuple[Program, str]],
    source: Source,
    before: dict[str, int],
    after: dict[str, int],
) -> None:
    """Move every counter by what changed."""
    for key in sorted({*before, *after}):
        change = after.get(key, 0) - before.get(key, 0)
        program, label = programs.get(key) or _named(turn, key)
        if program is None:
            turn.count(key, change)
        elif change or (key in before) != (key in after):
            appeared = None if (key in before) == (key in after) else key in after
            _move(turn, program, label, source, change, appeared)


def _named(turn: Turn, key: str) -> tuple[Program | None, str]:
    _, program, label, _ = key.split("|", 3)
    return turn.programs.current(program), label


def _move(turn: Turn, program: Program, label: str, source: Source, change: int, appeared: bool | None) -> None:
    """Move one counter; `appeared` tells whether its source is counted from now on, or no more, or as before."""
    key = measure_key(program.name, label, source.owner)
    turn.count(key, change)
    if is_contest(label):
        entrants = (source.owner, source.referral.id if source.referral else "")
        move_standing(turn, program.name, label, entrants, source.at_ms, change)
        return
    turn.moved[key] = Moved(program, label, source.owner, source.at_ms, source.referral)
    if appeared is None:
        return
    for name, rule in program.model.rewards_by_measure.get(label.partition("@")[0], ()):
        if rule.when.each is None:
            continue
        if appeared:
            _grant_each(turn, program, name, source)
        else:
            _take_back_each(turn, program.name, name, source.subject)


def _grant_each(turn: Turn, program: Program, name: str, source: Source) -> None:
    side, payee = _payee(turn, program, name, source.owner)
    wanted = Grant(
        program=program,
        name=name,
        side=side,
        participant=payee,
        subject=source.subject,
        at_ms=source.at_ms,
        referral=source.referral,
        order=source.order,
    )
    grant(turn, wanted)


def _payee(turn: Turn, program: Program, name: str, owner: str) -> tuple[Side, str]:
    """As what a rule pays for a number, and whom: the advocate himself, or the owner of the group."""
    if program.model.rewards[name].to == "owner":
        return "owner", turn.group(owner).owner
    return "advocate", owner


def _take_back_each(turn: Turn, program: str, name: str, subject: str) -> None:
    for reward in turn.rewards_of(subject):
        if reward.program == program and reward.rule == name and reward.live:
            take_back(turn, reward, "step_undone")


# what follows ---------------------------------------------------------------------------------------------------------


def follow_measures(turn: Turn) -> None:
    """Grant every number reached and not granted yet, take back what no longer stands; rewards may move numbers again."""
    for _ in range(MOVES_MAX):
        if not turn.moved:
            return
        key = next(iter(turn.moved))
        moved = turn.moved.pop(key)
        value = turn.counter(key)
        _take_back_missed(turn, moved, value)
        _grant_reached(turn, moved, value)
        _follow_tiers(turn, moved)
    raise AssertionError(f"one event moved more than {MOVES_MAX} numbers")


def _follow_tiers(turn: Turn, moved: Moved) -> None:
    """The ladder in force follows its measure, whichever version moved it."""
    current = turn.programs.current(moved.program.name)
    if current and current.model.tiers and current.model.tiers.measure == moved.label.partition("@")[0]:
        follow_tiers(turn, current, moved.owner)


def _grant_reached(turn: Turn, moved: Moved, value: int) -> None:
    """Grant every threshold reached and not yet granted, as the version of what moved it has them."""
    measure, _, period = moved.label.partition("@")
    for name, rule in moved.program.model.rewards_by_measure.get(measure, ()):
        for key in _reached(rule, period, value):
            if rule.to == "group":
                unlock(turn, moved.program, name, turn.group(moved.owner))
                continue
            side, payee = _payee(turn, moved.program, name, moved.owner)
            wanted = Grant(
                program=moved.program,
                name=name,
                side=side,
                participant=payee,
                subject=moved.owner,
                at_ms=turn.occurred_ms if moved.referral else moved.at_ms,
                referral=moved.referral,
                key=key,
            )
            grant(turn, wanted)


def _reached(rule: Rule, period: str, value: int) -> Iterator[str]:
    """The keys under which a number grants a rule: the period, and which multiple it is."""
    when = rule.when
    if when.at is not None and value >= when.at:
        yield period
    if when.multiple is not None:
        for number in range(1, min(value // when.multiple, when.up_to or EVERY_MAX) + 1):
            yield f"{period}#{number}"


def _take_back_missed(turn: Turn, moved: Moved, value: int) -> None:
    """Take back what no longer stands: each milestone by the version that granted it."""
    measure, _, period = moved.label.partition("@")
    for reward in turn.rewards_of(moved.owner):
        if reward.program == moved.program.name and reward.live and _missed(turn, reward, measure, period, value):
            take_back(turn, reward, "step_undone")


def _missed(turn: Turn, reward: Reward, measure: str, period: str, value: int) -> bool:
    _, rule = rule_of(turn, reward)
    return (
        rule.when.reaches == measure
        and reward.key.partition("#")[0] == period
        and reward.key not in list(_reached(rule, period, value))
    )
