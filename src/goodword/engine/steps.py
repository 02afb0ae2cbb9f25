"""Steps: which events reach them, what undoes them, and what follows.

Every event that meets a step's conditions is kept with the referral: the one that reaches the step (the hit), and those
that could take its place (spares). After any change the steps are *settled* in the order of the file: a step whose hit fell
away takes its earliest spare; a step that waits for another takes its spare once that one is reached.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from goodword.engine.events import Scalar
from goodword.engine.facts import Subjects, order_row, other_currency, unmet
from goodword.engine.grants import Grant, side_of
from goodword.engine.groups import sync_referral
from goodword.engine.reasons import ReasonValue
from goodword.engine.recurring import FIRST, begin_series, goes_on, stop_series
from goodword.engine.returns import take_back
from goodword.engine.reward_books import HELD
from goodword.engine.rewards import grant
from goodword.engine.state import SPARES_MAX, Hit, OrderRow, Referral, Reward, StepState
from goodword.engine.turn import Turn
from goodword.program.duration import iso, local_date
from goodword.program.loader import Program
from goodword.program.model import Step

ORDER = "order:"


def order_of(turn: Turn, hit: Hit) -> OrderRow | None:
    """The order behind a hit, if it is one."""
    return order_row(turn, hit.subject.removeprefix(ORDER)) if hit.subject.startswith(ORDER) else None


def steps_for(program: Program, event: str, activity: str | None) -> tuple[tuple[str, Step], ...]:
    """The steps that an event of this kind can reach."""
    return program.model.steps_by_event.get((event, activity), ())


def known_subject(referral: Referral, subject: str) -> bool:
    """Whether an event stands at one of the referral's steps already."""
    for state in referral.steps.values():
        if state.hit and state.hit.subject == subject:
            return True
        if state.spares and any(spare.subject == subject for spare in state.spares):
            return True
    return False


def matches(
    turn: Turn,
    referral: Referral,
    event: str,
    hit: Hit,
    activity: tuple[str, dict[str, Scalar]] | None = None,
    quiet: bool = False,
) -> list[str]:
    """The steps of a referral whose conditions an event meets; what is not met is told unless `quiet`."""
    program = turn.programs.pinned(referral)
    met = []
    order = order_of(turn, hit)
    subjects = Subjects(
        friend=referral.friend,
        advocate=referral.advocate,
        order=order,
        activity=activity[1] if activity else None,
        claimed_ms=referral.claimed_ms if referral.order is None else hit.at_ms,
    )
    said = len(turn.reasons)
    for name, step in steps_for(program, event, activity[0] if activity else None):
        path = f"steps.{name}"
        if order and other_currency(turn, program, order, path, referral.id):
            continue
        if hit.at_ms < referral.claimed_ms or not _in_window(turn, program, referral, name, hit, path):
            continue
        if _undone_since(turn, program, referral, name, hit):
            continue
        misses = unmet(turn, step.where, subjects)
        for values in misses:
            turn.say(
                "step_condition_unmet",
                values | {"step": name},
                program=program,
                rule=f"{path}.where",
                referral=referral.id,
            )
        if not misses:
            met.append(name)
    if quiet:
        del turn.reasons[said:]
    return met


def _in_window(turn: Turn, program: Program, referral: Referral, name: str, hit: Hit, path: str) -> bool:
    """The window binds the steps up to the one that ends it."""
    if hit.at_ms < referral.until_ms or name in program.model.after_window:
        return True
    state = referral.steps.get(name)
    if state is None or state.hit is None:
        values = {"step": name} | _ends(referral)
        turn.say("window_passed", {**values}, program=program, rule=path, referral=referral.id)
    return False


def _undone_since(turn: Turn, program: Program, referral: Referral, name: str, hit: Hit) -> bool:
    """Whether the friend did later what undoes the step: an event that is told late does not bring it back."""
    words = program.model.steps[name].undone_by_activity
    if not words:
        return False
    activities = turn.person(referral.friend).activities
    for word in sorted(words):
        if any(at_ms >= hit.at_ms for at_ms, _ in activities.get(word, ())):
            turn.say(
                "step_undone", {"step": name, "why": word}, program=program, rule=f"steps.{name}", referral=referral.id
            )
            return True
    return False


def offer(referral: Referral, names: list[str], hit: Hit) -> Referral:
    """Put an event at the steps whose conditions it meets."""
    steps = dict(referral.steps)
    for name in names:
        state = steps.get(name, StepState())
        spares = tuple(sorted((*state.spares, hit), key=_earliest))[:SPARES_MAX] if state.spares else (hit,)
        steps[name] = replace(state, spares=spares)
    return replace(referral, steps=steps)


def withdraw(referral: Referral, name: str, gone: set[str]) -> Referral:
    """Take events away from a step."""
    state = referral.steps.get(name)
    if state is None:
        return referral
    hit = None if state.hit and state.hit.subject in gone else state.hit
    spares = tuple(spare for spare in state.spares if spare.subject not in gone)
    return replace(referral, steps=referral.steps | {name: StepState(hit, spares)})


def _earliest(hit: Hit) -> tuple[int, str]:
    return (hit.at_ms, hit.subject)


def settle(turn: Turn, before: Referral, referral: Referral, why: str = "step_undone") -> Referral:
    """Let every step take the hit it is due, and let everything follow from what changed.

    `before` is the referral as rewards and measures know it; `referral` the same with events offered or withdrawn.
    """
    program = turn.programs.pinned(referral)
    steps = dict(referral.steps)
    for name, step in program.model.steps.items():
        if name in steps:
            steps[name] = _settled(turn, program, referral, steps, name, step)
    referral = turn.save_referral(replace(referral, steps=steps))
    hits = [(name, _hit(before, name), _hit(referral, name)) for name in program.model.steps]
    undone = [name for name, old, new in hits if old and old != new]
    reached = [name for name, old, new in hits if new and old != new]
    for name in undone:
        _undo(turn, program, referral, name, why)
    for name in reached:
        _say_reached(turn, program, referral, name)
    referral = _follow_status(turn, program, turn.referral(referral.id), undone)
    for name in reached:
        grant_for_step(turn, program, referral, name)
    sync_referral(turn, turn.referral(referral.id))
    return turn.referral(referral.id)


def _hit(referral: Referral, name: str) -> Hit | None:
    state = referral.steps.get(name)
    return state.hit if state else None


def _settled(
    turn: Turn, program: Program, referral: Referral, steps: dict[str, StepState], name: str, step: Step
) -> StepState:
    state = steps[name]
    base_ms: int | None = referral.claimed_ms
    if step.after is not None:
        earlier = steps.get(step.after, StepState()).hit
        base_ms = earlier.at_ms if earlier else None
    hit, spares = state.hit, state.spares
    if hit and not _stands(step, hit, base_ms):
        spares = tuple(sorted((*spares, hit), key=_earliest))
        hit = None
    if hit is None or step.nth:
        hit, spares = _take(step, base_ms, (hit, *spares) if hit else spares)
    if hit is None and spares:
        _say_not_yet(turn, program, referral, name, spares[-1], base_ms)
    return StepState(hit, spares)


def _take(step: Step, base_ms: int | None, hits: tuple[Hit, ...]) -> tuple[Hit | None, tuple[Hit, ...]]:
    """The event that reaches a step, of all that could; the others stay spares."""
    standing = [hit for hit in sorted(hits, key=_earliest) if _stands(step, hit, base_ms)]
    nth = step.nth or 1
    taken = standing[nth - 1] if len(standing) >= nth else None
    return taken, tuple(sorted((hit for hit in hits if hit != taken), key=_earliest))


def _stands(step: Step, hit: Hit, base_ms: int | None) -> bool:
    if base_ms is None or hit.at_ms < base_ms:
        return False
    return step.within is None or hit.at_ms < base_ms + step.within


def _say_not_yet(turn: Turn, program: Program, referral: Referral, name: str, spare: Hit, base_ms: int | None) -> None:
    path = f"steps.{name}"
    step = program.model.steps[name]
    if base_ms is None and step.after:
        turn.say(
            "step_waits_for_step",
            {"step": name, "after": step.after},
            program=program,
            rule=f"{path}.after",
            referral=referral.id,
        )
    elif base_ms is not None and spare.at_ms < base_ms:
        values = {"step": name, "after": step.after or "claimed"}
        turn.say("step_too_early", {**values}, program=program, rule=f"{path}.after", referral=referral.id)
    elif step.nth and _stands(step, spare, base_ms):
        state = referral.steps[name]
        used = sum(_stands(step, hit, base_ms) for hit in (state.hit, *state.spares) if hit)
        values_nth: dict[str, ReasonValue] = {"step": name, "used": used, "limit": step.nth}
        turn.say("step_counted", values_nth, program=program, rule=f"{path}.nth", referral=referral.id)
    elif base_ms is not None and step.within is not None:
        values = {"step": name, "until": iso(base_ms + step.within)}
        turn.say("step_too_late", {**values}, program=program, rule=f"{path}.within", referral=referral.id)


def _say_reached(turn: Turn, program: Program, referral: Referral, name: str) -> None:
    hit = _hit(referral, name)
    values = {"step": name} | (
        {"order": hit.subject.removeprefix(ORDER)} if hit and hit.subject.startswith(ORDER) else {}
    )
    turn.say("step_reached", {**values}, program=program, rule=f"steps.{name}", referral=referral.id)


def _undo(turn: Turn, program: Program, referral: Referral, name: str, why: str) -> None:
    turn.say("step_undone", {"step": name, "why": why}, program=program, rule=f"steps.{name}", referral=referral.id)
    for reward in turn.rewards_of(referral.id):
        rule = turn.programs.pinned(reward).model.rewards[reward.rule]
        if reward.live and rule.when.step == name:
            take_back(turn, reward, "step_undone")
    stop_series(turn, referral.id, name)


def grant_for_step(turn: Turn, program: Program, referral: Referral, name: str) -> None:
    """Grant what a reached step pays, to every side."""
    if referral.moderation == "denied":
        return
    hit = _hit(referral, name)
    at_ms = hit.at_ms if hit else referral.claimed_ms
    order = order_of(turn, hit) if hit else None
    for rule_name, rule in program.model.rewards_by_step.get(name, ()):
        if rule.when.date is not None and rule.when.date != local_date(at_ms, program.model.zone):
            continue
        for side in rule.sides:
            recipient = side_of(referral, side)
            key = FIRST if rule.when.recurs else ""
            grant(turn, Grant(program, rule_name, side, recipient, referral.id, at_ms, referral, order, key))
        if rule.when.recurs:
            begin_series(turn, referral.id, rule_name)


def reached_steps(program: Program, referral: Referral) -> Iterator[str]:
    """The steps a referral stands at now."""
    return (name for name in program.model.steps if _hit(referral, name))


def _follow_status(turn: Turn, program: Program, referral: Referral, undone: list[str]) -> Referral:
    times = [hit.at_ms for name in program.model.converting if (hit := _hit(referral, name))]
    if times and referral.status == "started":
        referral = turn.move_referral(replace(referral, converted_ms=min(times)), "convert")
        turn.unschedule("expire_referral", referral.id)
        turn.say("referral_converted", program=program, referral=referral.id)
    elif not times and referral.status in ("converted", "ended"):
        referral = turn.move_referral(replace(referral, converted_ms=None), "return")
        turn.say("referral_returned", program=program, referral=referral.id)
    elif program.model.window_ends_with not in undone or referral.status != "started":
        return referral
    if times or kept_by_window_step(program, referral):
        return referral
    if referral.until_ms <= turn.clock_ms:
        return expire_referral(turn, referral)
    turn.schedule("expire_referral", referral.id, referral.until_ms)
    return referral


def expire_if_past(turn: Turn, referral: Referral) -> Referral:
    """Let a referral that a late event touched go again, where its window is over and nothing keeps it."""
    kept = kept_by_window_step(turn.programs.pinned(referral), referral)
    if referral.status == "started" and not kept and referral.until_ms <= turn.clock_ms:
        return expire_referral(turn, referral)
    return referral


def kept_by_window_step(program: Program, referral: Referral) -> bool:
    """Whether the step that ends the window was reached: the referral then waits for its other steps."""
    return _hit(referral, program.model.window_ends_with) is not None


def _ends(referral: Referral) -> dict[str, str]:
    """When its window ends, as a value of reasons; nothing of one that never held."""
    return {"until": iso(referral.until_ms)} if referral.held else {}


def expire_referral(turn: Turn, referral: Referral) -> Referral:
    """The window passed and the referral did not convert: its friend is free."""
    referral = turn.move_referral(referral, "expire")
    turn.say(
        "referral_expired",
        {**_ends(referral)},
        program=turn.programs.pinned(referral),
        rule="attribution.window",
        referral=referral.id,
    )
    return referral


def end_or_reopen(turn: Turn, referral: Referral) -> None:
    """End a converted referral from which nothing more can follow; reopen an ended one from which something does."""
    program = turn.programs.pinned(referral)
    if referral.status == "ended" and any(map(_open, turn.rewards_of(referral.id))):
        turn.move_referral(referral, "reopen")
        return
    if referral.moderation in ("pending_review", "denied"):
        return
    if referral.status != "converted" or any(_hit(referral, name) is None for name in program.model.steps):
        return
    if goes_on(referral) or any(map(_open, turn.rewards_of(referral.id))):
        return
    turn.move_referral(referral, "end")
    turn.say("referral_ended", program=program, referral=referral.id)


def _open(reward: Reward) -> bool:
    """Whether something can still follow from a reward by itself: it is to be handed over, or may be lost."""
    return reward.status in HELD or bool(reward.watched)
