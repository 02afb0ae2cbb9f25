"""Measures: what is counted per advocate, and the rewards that a number reached pays."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.grants import Grant
from goodword.engine.returns import take_back
from goodword.engine.reward_books import rule_of
from goodword.engine.rewards import grant
from goodword.engine.state import Referral
from goodword.engine.turn import Turn
from goodword.program.loader import Program


def measure_key(program: str, measure: str, advocate: str) -> str:
    """The counter of a measure. It belongs to the program and the name of the measure, across versions."""
    return f"measure|{program}|{measure}|{advocate}"


def sync_measures(turn: Turn, referral: Referral) -> None:
    """Count a referral where it stands at a measured step and nobody doubts it, and pay or take back what that moves."""
    program = turn.programs.pinned(referral)
    trusted = referral.moderation not in ("pending_review", "denied") and referral.status != "superseded"
    wanted = tuple(name for name, m in program.model.measures.items() if trusted and _at_step(referral, m.step))
    moved = [name for name in program.model.measures if (name in wanted) != (name in referral.measured)]
    if not moved:
        return
    referral = turn.save_referral(replace(referral, measured=wanted))
    for name in moved:
        key = measure_key(program.name, name, referral.advocate)
        if name in wanted:
            _grant_reached(turn, program, referral, name, turn.count(key, 1))
        else:
            _take_back_missed(turn, program.name, referral.advocate, name, turn.count(key, -1))


def _at_step(referral: Referral, step: str) -> bool:
    state = referral.steps.get(step)
    return state is not None and state.hit is not None


def _grant_reached(turn: Turn, program: Program, referral: Referral, measure: str, value: int) -> None:
    """Grant every threshold reached and not yet granted, as the version of the moving referral has them."""
    for name, rule in program.model.rewards.items():
        if rule.when.reaches == measure and rule.when.at is not None and value >= rule.when.at:
            grant(turn, Grant(program, name, "advocate", referral, referral.advocate, turn.occurred_ms))


def _take_back_missed(turn: Turn, program: str, advocate: str, measure: str, value: int) -> None:
    """Take back what no longer stands: each milestone by the version that granted it."""
    for reward in turn.rewards_of(advocate):
        when = rule_of(turn, reward)[1].when
        if (
            reward.program == program
            and reward.live
            and when.reaches == measure
            and when.at is not None
            and value < when.at
        ):
            take_back(turn, reward, "step_undone")
