"""The books of a reward: what every change of it has in common. Its reason, its postings, its caps, its budget, its waits.

The accounts of a program P: a grant moves from ``cost:P`` to ``pending:P``; approval to ``approved:P``; issuing to
``balance:PERSON`` (a commission that is collected for a payout to ``balance:PERSON:P``); use to ``redeemed:P``; expiry to ``expired:P``; whatever is taken back goes to ``reversed:P``. What a
budget sets aside moves from ``…:free`` to ``…:reserved``, and on use to ``…:spent``.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.boards import is_contest, move_standing
from goodword.engine.grants import queue_key
from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.reward_states import RewardMove, next_reward_status
from goodword.engine.state import PARTICIPANTS, WAITING_OF, Referral, Reward, code_queue
from goodword.engine.turn import Moved, Turn
from goodword.program.benefits import Benefit
from goodword.program.loader import Program
from goodword.program.model import Reward as Rule

HELD = frozenset({"pending", "approved", "failed"})
"""Granted and not handed over yet."""
MEASURE = "measure|"
"""With what the counters of measures and contests begin."""
_PARTS = {
    "on_hold": ".hold",
    "waiting_for_code": ".benefit.code",
    "reward_expired": ".expires",
    "reward_expiring": ".expires",
    "below_minimum": ".benefit.minimum_order",
    "not_first_order": ".benefit.first_order",
}
"""The part of a rule that gives a reason, where it is not the rule as a whole."""


def rule_of(turn: Turn, reward: Reward) -> tuple[Program, Rule]:
    """The program version and the rule that granted a reward."""
    program = turn.programs.pinned(reward)
    return program, program.model.rewards[reward.rule]


def benefit_of(turn: Turn, reward: Reward) -> Benefit:
    """What a reward consists of."""
    return rule_of(turn, reward)[1].benefits[reward.option]


def amount_in(reward: Reward, amount: int | None = None) -> Amount:
    """An amount of a reward, in its unit: all of it unless told."""
    return Amount(reward.amount if amount is None else amount, reward.unit)


def account(reward: Reward, name: str) -> str:
    """An account of a reward's program, or the balance of its recipient."""
    if name != "balance":
        return f"{name}:{reward.program}"
    return (
        collected_account(reward.program, reward.participant) if reward.collected else f"balance:{reward.participant}"
    )


def collected_account(program: str, participant: str) -> str:
    """The account on which what a partner earns in a program comes together until it is paid out."""
    return f"balance:{participant}:{program}"


def say(turn: Turn, code: str, reward: Reward, values: dict[str, ReasonValue] | None = None) -> None:
    """Record a reason about a reward, at the part of its rule that gives it."""
    program = turn.programs.pinned(reward)
    turn.say(
        code,
        {"amount": amount_in(reward), "side": reward.side} | (values or {}),
        program=program,
        rule=f"rewards.{reward.rule}{_PARTS.get(code, '')}",
        referral=reward.referral,
        reward=reward.id,
    )


def post(turn: Turn, reward: Reward, source: str, target: str, amount: int) -> None:
    """Move an amount of a reward between two of its accounts."""
    turn.post(account(reward, source), account(reward, target), reward.unit, amount, reward.id)


def move(turn: Turn, reward: Reward, move: RewardMove, reason: str | None) -> Reward:
    """Change the status; leaving a wait or a schedule behind where there was one."""
    status = next_reward_status(reward.status, move)
    if reward.reason == "waiting_for_condition":
        stop_waiting(turn, reward)
    if reward.reason == "waiting_for_answer":
        turn.unschedule("answer", reward.id)
    if reward.reason == "waiting_for_code":
        turn.count(queue_key(code_queue(reward.pool)), -1)
    if reward.status == "pending" and reward.mature_ms is not None:
        turn.unschedule("mature", reward.id)
    if reward.status == "issued" and reward.expires_ms is not None:
        leave_expiry(turn, reward)
    turn.tell("reward.restored" if move == "restore" else f"reward.{status}", reward.id, reward.participant)
    return turn.save_reward(replace(reward, status=status, reason=reason))


def plan_expiry(turn: Turn, reward: Reward) -> None:
    """Ask for the day on which an issued reward expires, and for the notice before it: at once where less time is left."""
    if reward.expires_ms is None:
        return
    turn.schedule("expire_reward", reward.id, reward.expires_ms)
    _, rule = rule_of(turn, reward)
    if rule.notice is not None and not reward.noticed:
        turn.schedule("expiring", reward.id, max(reward.expires_ms - rule.notice, turn.clock_ms))


def leave_expiry(turn: Turn, reward: Reward) -> None:
    """What is not there to be used does not expire."""
    turn.unschedule("expire_reward", reward.id)
    if rule_of(turn, reward)[1].notice is not None and not reward.noticed:
        turn.unschedule("expiring", reward.id)


def count_caps(turn: Turn, reward: Reward, rewards: int, amount: int) -> None:
    """Move the counters of every cap and every measure the reward is counted in."""
    for key in reward.cap_keys:
        if key.startswith(MEASURE):
            _count_measure(turn, reward, key, amount)
        else:
            turn.count(key, rewards if key.endswith("|n") else amount)


def _count_measure(turn: Turn, reward: Reward, key: str, amount: int) -> None:
    turn.count(key, amount)
    if not amount:
        return
    program, label = turn.programs.pinned(reward), key.split("|", 3)[2]
    if is_contest(label):
        move_standing(turn, program.name, label, (reward.participant, ""), turn.occurred_ms, amount)
    else:
        turn.moved[key] = Moved(program, label, reward.participant, turn.occurred_ms)


def in_doubt(referral: Referral | None, subject: str) -> bool:
    """Whether what is granted for a subject counts in no measure yet: it is a referral that staff look at first."""
    return referral is not None and referral.id == subject and referral.moderation == "pending_review"


def follow_doubt(turn: Turn, referral: Referral) -> None:
    """Let what a referral granted count in measures while nobody doubts it, as the referral itself does."""
    doubted = in_doubt(referral, referral.id)
    for reward in turn.rewards_of(referral.id):
        if not (doubted or reward.doubted) or not reward.live:
            continue
        counted = tuple(key for key in reward.cap_keys if key.startswith(MEASURE))
        moving = counted if doubted else reward.doubted
        if not moving:
            continue
        for key in moving:
            _count_measure(turn, reward, key, -reward.amount if doubted else reward.amount)
        caps = tuple(key for key in reward.cap_keys if not key.startswith(MEASURE))
        after = replace(reward, cap_keys=caps if doubted else (*caps, *moving), doubted=moving if doubted else ())
        turn.save_reward(after)


def in_budget(turn: Turn, reward: Reward, amount: int, discount: int) -> int:
    """What using `amount` takes from the budget."""
    benefit = benefit_of(turn, reward)
    if benefit.percent_off:
        return discount
    if reward.budget_unit == reward.unit:
        return amount
    return amount * benefit.unit_cost.amount if benefit.unit_cost else 0


def release(turn: Turn, reward: Reward, keep: int = 0) -> Reward:
    """Give back to the budget what is set aside for a reward, but for `keep`."""
    if not reward.budget or not reward.budget_unit or reward.reserved <= keep:
        return reward
    free = reward.reserved - keep
    turn.post(f"{reward.budget}:reserved", f"{reward.budget}:free", reward.budget_unit, free, reward.id)
    return replace(reward, reserved=keep)


def start_waiting(turn: Turn, reward: Reward) -> None:
    """Note that an approved reward waits for a condition on its recipient."""
    turn.save_reward(replace(reward, reason="waiting_for_condition"))
    person = turn.person(reward.participant)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, waiting=person.waiting + 1))
    if turn.draft.state.loaded(WAITING_OF, person.id):
        waiting = {*turn.draft.many(WAITING_OF, person.id), reward.id}
        turn.draft.put(WAITING_OF, person.id, tuple(sorted(waiting)))


def stop_waiting(turn: Turn, reward: Reward) -> Reward:
    """Note that it waits no more."""
    person = turn.person(reward.participant)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, waiting=person.waiting - 1))
    if turn.draft.state.loaded(WAITING_OF, person.id):
        waiting = tuple(id for id in turn.draft.many(WAITING_OF, person.id) if id != reward.id)
        turn.draft.put(WAITING_OF, person.id, waiting)
    return turn.save_reward(replace(reward, reason=None))
