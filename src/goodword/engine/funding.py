"""Waiting for a budget, or for a code: what is not there now is given when something comes, the oldest first."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.grants import queue_key
from goodword.engine.pools import has_code
from goodword.engine.rewards import advance
from goodword.engine.state import QUEUE_END, QUEUE_PAGE, QUEUES, NotLoaded, Reward
from goodword.engine.turn import Turn


def pay_waiting(turn: Turn, prefix: str) -> None:
    """A budget holds more than before: set aside what the first of its queue need, as far as it goes."""
    page = (turn.draft.get(QUEUES, prefix) or ())[:QUEUE_PAGE]
    for entry in page:
        if entry == QUEUE_END:
            raise NotLoaded(QUEUES.name, prefix)
        reward = turn.reward(entry[1])
        if not reward.budget_unit or reward.unfunded > turn.balance(f"{prefix}:free", reward.budget_unit):
            return
        advance(turn, _set_aside(turn, reward, prefix, reward.budget_unit))
    if len(page) == QUEUE_PAGE:
        turn.schedule("fund", prefix, turn.clock_ms)


def hand_out_codes(turn: Turn, queue: str) -> None:
    """A pool has codes again: the first of its queue take them, as far as they go."""
    page = (turn.draft.get(QUEUES, queue) or ())[:QUEUE_PAGE]
    for entry in page:
        if entry == QUEUE_END:
            raise NotLoaded(QUEUES.name, queue)
        reward = turn.reward(entry[1])
        if not has_code(turn, reward.pool):
            return
        turn.count(queue_key(queue), -1)
        advance(turn, turn.save_reward(replace(reward, reason=None)), first=True)
    if len(page) == QUEUE_PAGE:
        turn.schedule("codes", queue, turn.clock_ms)


def _set_aside(turn: Turn, reward: Reward, prefix: str, unit: str) -> Reward:
    turn.post(f"{prefix}:free", f"{prefix}:reserved", unit, reward.unfunded, reward.id)
    turn.count(queue_key(prefix), -1)
    return turn.save_reward(replace(reward, reserved=reward.unfunded, unfunded=0))
