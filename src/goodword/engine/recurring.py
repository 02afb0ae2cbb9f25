"""Recurring rewards: granted at a step, and again at each anniversary on which their conditions hold.

A referral keeps, by rule, which number comes next; one date per referral and rule asks for it. The anniversaries are counted
from the step by the calendar of the program. One on which a condition does not hold is passed over, the next may hold again.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.facts import Subjects, order_row, unmet
from goodword.engine.grants import Grant, side_of
from goodword.engine.rewards import grant
from goodword.engine.state import OrderRow, Referral
from goodword.engine.turn import Turn
from goodword.program.duration import iso, later
from goodword.program.loader import Program
from goodword.program.model import Side
from goodword.program.triggers import EVERY_MAX

FIRST = "1"
"""What tells the grant at the step from those that follow."""
ORDER = "order:"


def begin_series(turn: Turn, referral: str, name: str) -> None:
    """A step is reached that grants a rule again and again: the next time is set."""
    row = turn.referral(referral)
    if name not in row.again:
        _go_on(turn, row, name, 2)


def stop_series(turn: Turn, referral: str, step: str) -> None:
    """A step no longer stands: what it granted again does not come any more."""
    row = turn.referral(referral)
    rules = turn.programs.pinned(row).model.rewards
    gone = [name for name in row.again if rules[name].when.step == step]
    for name in gone:
        turn.unschedule("again", f"{row.id}|{name}")
    if gone:
        turn.save_referral(replace(row, again={name: n for name, n in row.again.items() if name not in gone}))


def goes_on(referral: Referral) -> bool:
    """Whether something is still to come by itself."""
    return any(referral.again.values())


def _go_on(turn: Turn, referral: Referral, name: str, number: int) -> None:
    program = turn.programs.pinned(referral)
    when = program.model.rewards[name].when
    assert when.recurs  # noqa: S101 - only such rules get here
    over = number > (when.up_to or EVERY_MAX)
    turn.save_referral(replace(referral, again=referral.again | {name: 0 if over else number}))
    if over:
        return
    at_ms, _ = _step(turn, program, referral, name)
    due_ms = max(later(at_ms, number - 1, when.recurs, program.model.zone), turn.clock_ms)
    turn.schedule("again", f"{referral.id}|{name}", due_ms)
    turn.say(
        "comes_again",
        {"until": iso(due_ms)},
        program=program,
        rule=f"rewards.{name}.when",
        referral=referral.id,
    )


def _step(turn: Turn, program: Program, referral: Referral, name: str) -> tuple[int, OrderRow | None]:
    """When the step of a rule was reached, and by which order."""
    state = referral.steps.get(program.model.rewards[name].when.step or "")
    hit = state.hit if state else None
    if hit is None:
        return referral.claimed_ms, None
    order = order_row(turn, hit.subject.removeprefix(ORDER)) if hit.subject.startswith(ORDER) else None
    return hit.at_ms, order


def come_again(turn: Turn, reference: str) -> None:
    """An anniversary has come."""
    id, _, name = reference.partition("|")
    referral = turn.referral(id)
    number = referral.again.get(name, 0)
    if not number:
        return
    turn.participant = referral.advocate
    program = turn.programs.pinned(referral)
    if referral.status == "superseded":
        stop_series(turn, id, program.model.rewards[name].when.step or "")
        return
    if referral.live and referral.moderation != "denied":
        for side in program.model.rewards[name].sides:
            if _holds(turn, program, referral, name, side):
                _grant(turn, program, referral, name, side, str(number))
    _go_on(turn, turn.referral(id), name, number + 1)


def _holds(turn: Turn, program: Program, referral: Referral, name: str, side: Side) -> bool:
    subjects = Subjects(
        friend=referral.friend,
        advocate=referral.advocate,
        recipient=side_of(referral, side),
        claimed_ms=referral.claimed_ms,
    )
    misses = unmet(turn, program.model.rewards[name].when.conditions, subjects)
    for values in misses:
        turn.say(
            "not_again",
            values | {"side": side},
            program=program,
            rule=f"rewards.{name}.when.while",
            referral=referral.id,
        )
    return not misses


def _grant(turn: Turn, program: Program, referral: Referral, name: str, side: Side, key: str) -> None:
    _, order = _step(turn, program, referral, name)
    recipient = side_of(referral, side)
    grant(turn, Grant(program, name, side, recipient, referral.id, turn.occurred_ms, referral, order, key))


def resume_series(turn: Turn, referral: Referral) -> None:
    """A denied referral is trusted again: what it had been granted again comes back with it."""
    program = turn.programs.pinned(referral)
    for reward in turn.rewards_of(referral.id):
        again = reward.rule in referral.again and reward.key != FIRST
        if again and reward.reason == "review_denied" and not reward.live:
            _grant(turn, program, referral, reward.rule, reward.side, reward.key)
