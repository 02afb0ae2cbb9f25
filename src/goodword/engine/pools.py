"""Pools: codes of the shop's own system. A reward takes the next one; what finds none waits, and nobody overtakes."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Codes
from goodword.engine.grants import queue_key
from goodword.engine.reward_books import say
from goodword.engine.state import (
    FREE_CODES,
    POOL_CODES,
    QUEUE_END,
    QUEUE_PAGE,
    REWARD_CODES,
    NotLoaded,
    PoolCode,
    Reward,
    code_queue,
)
from goodword.engine.turn import Turn

HASH_LENGTH = 32
"""A sealed code of an event begins with its hash."""


def pool_key(pool: str) -> str:
    """The counter of all codes that a pool ever had: the number of the last one."""
    return f"codes|{pool}"


def hash_in(sealed: str) -> str:
    """What a sealed code of an event is compared by."""
    return sealed[:HASH_LENGTH]


def take_in(turn: Turn, event: Codes) -> None:
    """Codes come into a pool: each once, whatever pool it came into before. What waits for them is looked at."""
    new: list[tuple[int, str]] = []
    for sealed in event.codes:
        hash = hash_in(sealed)
        if turn.draft.get(POOL_CODES, hash) is not None:
            continue
        number = turn.count(pool_key(event.pool), 1)
        turn.draft.put(POOL_CODES, hash, PoolCode(hash, event.pool, number, sealed[HASH_LENGTH:]))
        new.append((number, hash))
    page = turn.draft.get(FREE_CODES, event.pool) or ()
    if turn.draft.state.complete or (QUEUE_END not in page and len(page) < QUEUE_PAGE):
        turn.draft.put(FREE_CODES, event.pool, (*page, *new))
    turn.say("codes_taken_in", {"pool": event.pool, "count": len(new), "known": len(event.codes) - len(new)})
    queue = code_queue(event.pool)
    if new and turn.counter(queue_key(queue)):
        turn.schedule("codes", queue, turn.clock_ms)


def has_code(turn: Turn, pool: str) -> bool:
    """Whether a code of a pool is free."""
    page = turn.draft.get(FREE_CODES, pool) or ()
    return len(page) > 0


def others_wait(turn: Turn, pool: str) -> bool:
    """Whether somebody stands in the queue of a pool."""
    return turn.counter(queue_key(code_queue(pool))) > 0


def take_code(turn: Turn, reward: Reward, pool: str) -> Reward:
    """Give a reward the next code of a pool: from now on it is the reward's alone."""
    page = turn.draft.get(FREE_CODES, pool) or ()
    if page[0] == QUEUE_END:
        raise NotLoaded(FREE_CODES.name, pool)
    hash, left = page[0][1], page[1:]
    full = not turn.draft.state.complete and len(page) >= QUEUE_PAGE and QUEUE_END not in left
    turn.draft.put(FREE_CODES, pool, (*left, QUEUE_END) if full else left)
    code = turn.draft.need(POOL_CODES, hash)
    turn.draft.put(POOL_CODES, hash, replace(code, reward=reward.id))
    turn.draft.put(REWARD_CODES, hash, reward.id)
    return turn.save_reward(replace(reward, pool=pool, code_hash=hash, own_code=code.sealed))


def wait_for_code(turn: Turn, reward: Reward, pool: str) -> None:
    """Let a reward stand in the queue of a pool, and say so."""
    if reward.reason != "waiting_for_code":
        turn.count(queue_key(code_queue(pool)), 1)
        reward = turn.save_reward(replace(reward, reason="waiting_for_code", pool=pool))
    say(turn, "waiting_for_code", reward, {"pool": pool})
