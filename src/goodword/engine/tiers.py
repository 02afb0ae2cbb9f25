"""Tiers: what a number reached in this period or the one before lets somebody hold, and what comes with it."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.grants import Grant, measure_key
from goodword.engine.people import look_again
from goodword.engine.returns import take_back
from goodword.engine.reward_books import HELD, benefit_of
from goodword.engine.rewards import expire, grant
from goodword.engine.state import TIERS, Reward, TierRow
from goodword.engine.turn import Turn
from goodword.engine.watches import watch_again
from goodword.program.benefits import KINDS
from goodword.program.contests import Tiers
from goodword.program.duration import Period, period_ends_ms, period_key, previous_ms
from goodword.program.loader import Program
from goodword.program.triggers import Measure


def tier_key(program: str, participant: str) -> str:
    """The key of what somebody holds in a program."""
    return f"{program}|{participant}"


def tier_periods(measure: Measure, at_ms: int, program: Program) -> tuple[str, ...]:
    """The labels of the period that holds a moment and of the one before: what is held rests on these two."""
    zone, period = program.model.zone, measure.period
    if period == "ever":
        return ("",)
    return (
        "@" + period_key(at_ms, period, zone),
        "@" + period_key(previous_ms(at_ms, period, zone), period, zone),
    )


def follow_tiers(turn: Turn, program: Program, participant: str) -> None:
    """Let somebody enter the tiers that his numbers reach, and leave those that they do not reach any more."""
    ladder = program.model.tiers
    if ladder is None:
        return
    measure = program.model.measures[ladder.measure]
    labels = tier_periods(measure, turn.clock_ms, program)
    values = [turn.counter(measure_key(program.name, f"{ladder.measure}{label}", participant)) for label in labels]
    reached = ladder.reached(max(values))
    id = tier_key(program.name, participant)
    row = turn.draft.get(TIERS, id)
    if row is None and not reached:
        return
    before = row or TierRow(id, program.name, participant, "")
    since = {tier: period for tier, period in before.since.items() if tier in reached}
    since |= {tier: labels[0][1:] for tier in ladder.levels if tier in reached and tier not in since}
    highest = next((tier for tier in reversed(ladder.levels) if tier in reached), "")
    after = replace(before, tier=highest, since=since)
    if after != before:
        turn.draft.put(TIERS, id, after)
        for tier, period in before.since.items():
            if tier not in since:
                _leave(turn, program, participant, tier, period, undone=period == labels[0][1:])
        _say_moved(turn, program, ladder, before, after)
        look_again(turn, turn.person(participant))
        watch_again(turn, turn.person(participant))
    _hand_out(turn, program, participant, since)
    _look_again(turn, program, measure.period, id, bool(reached))


def _say_moved(turn: Turn, program: Program, ladder: Tiers, before: TierRow, after: TierRow) -> None:
    names = list(ladder.levels)
    for tier in names:
        if tier in after.since and tier not in before.since:
            turn.say("tier_entered", {"tier": tier}, program=program, rule=f"tiers.levels.{tier}")
    for tier in before.since:
        if tier not in after.since:
            turn.say("tier_left", {"tier": tier}, program=program, rule="tiers.levels")
    if after.tier != before.tier:
        risen = (names.index(after.tier) if after.tier else -1) > (
            names.index(before.tier) if before.tier in names else -1
        )
        turn.participant = turn.participant or after.participant
        if risen:
            turn.tell("tier.entered", after.id, after.participant)
        else:
            turn.tell("tier.left", after.id, after.participant)


def _hand_out(turn: Turn, program: Program, participant: str, since: dict[str, str]) -> None:
    """Grant what comes with every tier held, once for each time it was entered."""
    for name, rule in program.model.rewards.items():
        if rule.when.tier in since:
            key = f"{rule.when.tier}@{since[rule.when.tier]}"
            grant(turn, Grant(program, name, "advocate", participant, participant, turn.clock_ms, key=key))


def _leave(turn: Turn, program: Program, participant: str, tier: str, period: str, undone: bool) -> None:
    """What is held with a tier ends with it; what was given for entering is only taken back where that was undone."""
    for reward in turn.rewards_of(participant):
        if reward.program != program.name or reward.key != f"{tier}@{period}" or not reward.live:
            continue
        if undone or reward.status in HELD:
            take_back(turn, reward, "tier_left")
        elif _held_with(turn, reward) and reward.status == "issued":
            expire(turn, reward)


def _held_with(turn: Turn, reward: Reward) -> bool:
    return KINDS[benefit_of(turn, reward).kind].used == "never"


def _look_again(turn: Turn, program: Program, period: Period, id: str, holds: bool) -> None:
    """A tier is looked at again when the period is over, as long as one is held."""
    if period == "ever":
        return
    if holds:
        turn.schedule("tier", id, period_ends_ms(turn.clock_ms, period, program.model.zone))
    else:
        turn.unschedule("tier", id)


def tier_due(turn: Turn, id: str) -> None:
    """A period is over: what was reached before the last one is no longer held."""
    program, _, participant = id.partition("|")
    current = turn.programs.current(program)
    if current is not None:
        turn.participant = participant
        follow_tiers(turn, current, participant)
