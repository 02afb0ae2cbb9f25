"""Giving and taking back: what a reward becomes when its order comes back, whole or in part, or when it was not deserved."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.grants import Grant, amount_due, queue_key
from goodword.engine.reasons import Amount
from goodword.engine.reward_books import (
    HELD,
    account,
    amount_in,
    benefit_of,
    count_caps,
    in_budget,
    move,
    plan_expiry,
    post,
    release,
    rule_of,
    say,
)
from goodword.engine.state import ORDERS, OrderRow, Referral, Reward
from goodword.engine.turn import Turn
from goodword.engine.watches import stop_watching
from goodword.program.amounts import OF_AN_ORDER

# what was used on an order ------------------------------------------------------------------------------------


def restore_used(turn: Turn, order: OrderRow, give_back: bool) -> None:
    """An order came back whole: what was used on it is undone, and given back unless the bank took the money."""
    for redemption in order.redemptions:
        reward = _unspend_discount(turn, turn.reward(redemption.reward))
        if not give_back:
            continue
        expired = reward.expires_ms is not None and reward.expires_ms <= turn.clock_ms
        if reward.status in ("issued", "redeemed") and not expired:
            reward = _put_back(turn, reward, redemption.amount)
            say(turn, "reward_restored", reward, {"amount": amount_in(reward, redemption.amount), "order": order.id})
        else:
            _write_off(turn, reward, redemption.amount)
    turn.draft.put(ORDERS, order.id, replace(order, redemptions=()))


def _unspend_discount(turn: Turn, reward: Reward) -> Reward:
    """The discount of an order that is no more was never given."""
    if not reward.discount:
        return reward
    currency = turn.programs.pinned(reward).model.currency
    turn.post(account(reward, "redeemed"), account(reward, "cost"), currency, reward.discount, reward.id)
    return turn.save_reward(replace(_unspend(turn, reward, reward.spent), discount=0))


def _unspend(turn: Turn, reward: Reward, amount: int) -> Reward:
    """Give back to the budget what using a reward had taken from it."""
    spent = min(amount, reward.spent)
    if reward.budget and reward.budget_unit and spent:
        turn.post(f"{reward.budget}:spent", f"{reward.budget}:free", reward.budget_unit, spent, reward.id)
    return replace(reward, spent=reward.spent - spent)


def _put_back(turn: Turn, reward: Reward, amount: int) -> Reward:
    """A reward may be used again: what comes back pays what is owed first; the rest of a single use comes back too."""
    owed = min(amount, reward.owed)
    burnt = max(0, reward.amount + reward.owed - reward.used - reward.remaining)
    post(turn, reward, "redeemed", "balance", amount)
    post(turn, reward, "expired", "balance", burnt)
    reward = _unspend(turn, reward, in_budget(turn, reward, amount, 0))
    reward = replace(
        reward, used=reward.used - amount, owed=reward.owed - owed, remaining=reward.remaining + amount - owed + burnt
    )
    reward = _set_aside(turn, reward)
    if reward.status == "redeemed":
        reward = move(turn, reward, "restore", None)
        plan_expiry(turn, reward)
    return turn.save_reward(reward)


def _set_aside(turn: Turn, reward: Reward) -> Reward:
    """Reserve again what using it can cost, as far as the budget still holds it: more than that is never given."""
    if not reward.budget or not reward.budget_unit:
        return reward
    benefit = benefit_of(turn, reward)
    ceiling = benefit.ceiling.amount if benefit.ceiling else 0
    wanted = ceiling if benefit.percent_off else in_budget(turn, reward, reward.remaining, 0)
    free = turn.balance(f"{reward.budget}:free", reward.budget_unit)
    more = max(0, min(wanted - reward.reserved, free))
    turn.post(f"{reward.budget}:free", f"{reward.budget}:reserved", reward.budget_unit, more, reward.id)
    return replace(reward, reserved=reward.reserved + more)


def _write_off(turn: Turn, reward: Reward, amount: int) -> None:
    """What comes back of a reward that cannot be used any more pays what it owes; the rest goes where the reward went."""
    owed = min(amount, reward.owed)
    post(turn, reward, "redeemed", "balance", owed)
    post(turn, reward, "redeemed", "reversed" if reward.status == "reversed" else "expired", amount - owed)
    reward = _unspend(turn, reward, in_budget(turn, reward, amount, 0))
    turn.save_reward(replace(reward, used=reward.used - amount, owed=reward.owed - owed))


# taking back --------------------------------------------------------------------------------------------------


def take_back(turn: Turn, reward: Reward, why: str, deny: bool = False) -> None:
    """Take a reward back, wherever it is. `why` is the reason code that asked for it."""
    if not reward.live:
        return
    reward = _leave_queue(turn, stop_watching(turn, reward))
    count_caps(turn, reward, -1, -reward.amount)
    if reward.status in HELD:
        post(turn, reward, "pending" if reward.status == "pending" else "approved", "reversed", reward.amount)
        moved = move(turn, release(turn, reward), "deny" if deny else "cancel", why)
        say(turn, "reward_denied" if deny else "reward_cancelled", moved)
        _return_points(turn, moved)
        return
    _, rule = rule_of(turn, reward)
    post(turn, reward, "balance", "reversed", reward.remaining)
    if reward.used:
        reward = _settle_used(turn, reward, reward.used - reward.owed, rule.taken_back)
    if reward.collected:
        reward = _uncollect(turn, reward, reward.remaining, reward.spent)
    reward = release(turn, replace(reward, remaining=0))
    moved = move(turn, reward, "reverse", why)
    say(turn, "reward_reversed", moved)
    if why == "reward_reversed" and not moved.used:
        _return_points(turn, moved)


def _leave_queue(turn: Turn, reward: Reward) -> Reward:
    """What waits for its budget waits no more."""
    if not reward.unfunded or not reward.budget:
        return reward
    if turn.count(queue_key(reward.budget), -1):
        turn.schedule("fund", reward.budget, turn.clock_ms)  # who stands behind it may fit
    return turn.save_reward(replace(reward, unfunded=0))


def _return_points(turn: Turn, bought: Reward) -> None:
    """What a reward was bought with comes back, as it was never handed over, or staff took it back unused."""
    if not bought.paid:
        return
    turn.save_reward(replace(bought, paid={}))
    for id, amount in bought.paid.items():
        reward = turn.reward(id)
        expired = reward.expires_ms is not None and reward.expires_ms <= turn.clock_ms
        if reward.status in ("issued", "redeemed") and not expired:
            _put_back(turn, reward, amount)
        else:
            _write_off(turn, reward, amount)
    unit = turn.reward(next(iter(bought.paid))).unit
    say(turn, "points_returned", bought, {"amount": Amount(sum(bought.paid.values()), unit)})


def _settle_used(turn: Turn, reward: Reward, owed: int, how: str) -> Reward:
    """What was used already: a debt on the balance, or forgiven. A used percentage has no balance to owe."""
    forgiven = how == "forgive" or benefit_of(turn, reward).percent_off is not None
    if not forgiven:
        post(turn, reward, "balance", "reversed", owed)
    say(turn, "debt_forgiven" if forgiven else "debt_remains", reward, {"amount": amount_in(reward, owed)})
    return reward if forgiven else replace(reward, owed=reward.owed + owed)


def _uncollect(turn: Turn, reward: Reward, amount: int, spent: int) -> Reward:
    """What left an account of commissions may have been paid out: then the account is below zero until more is earned."""
    owed = min(amount, -turn.balance(account(reward, "balance"), reward.unit))
    if owed > 0:
        say(turn, "comes_off_next", reward, {"amount": amount_in(reward, owed)})
    return _unspend(turn, reward, spent)


def reduce_to(turn: Turn, reward: Reward, amount: int) -> None:
    """Make a reward smaller, as its order became smaller."""
    if amount == 0:
        take_back(turn, reward, "reward_reduced")
        return
    less = reward.amount - amount
    if less <= 0 or not reward.live:
        return
    count_caps(turn, reward, 0, -less)
    if reward.status in HELD:
        post(turn, reward, "pending" if reward.status == "pending" else "approved", "reversed", less)
        smaller = replace(reward, amount=amount)
    else:
        smaller = _reduce_issued(turn, reward, amount, less)
    if smaller.budget and smaller.budget_unit == smaller.unit:
        smaller = release(turn, smaller, keep=max(0, amount - smaller.used))
    if smaller.unfunded:
        smaller = replace(smaller, unfunded=in_budget(turn, smaller, amount, 0))
    smaller = turn.save_reward(smaller)
    say(turn, "reward_reduced", smaller, {"from": amount_in(reward), "to": amount_in(smaller)})


def _reduce_issued(turn: Turn, reward: Reward, amount: int, less: int) -> Reward:
    _, rule = rule_of(turn, reward)
    unused = min(less, reward.remaining)
    post(turn, reward, "balance", "reversed", unused)
    rest = max(0, reward.used - reward.owed - amount)
    if rest:
        reward = _settle_used(turn, reward, rest, rule.taken_back)
    if reward.collected:
        reward = _uncollect(turn, reward, unused, in_budget(turn, reward, unused, 0))
    return replace(reward, amount=amount, remaining=reward.remaining - unused)


def follow_order(turn: Turn, subject: str, referral: Referral | None, order: OrderRow) -> None:
    """Bring every reward of a subject that is a share of an order to what the order is worth now."""
    for reward in turn.rewards_of(subject):
        if reward.order != order.id or not reward.live:
            continue
        if not isinstance(benefit_of(turn, reward).amount, OF_AN_ORDER):
            continue
        wanted = Grant(
            program=rule_of(turn, reward)[0],
            name=reward.rule,
            side=reward.side,
            participant=reward.participant,
            subject=subject,
            at_ms=reward.granted_ms,
            referral=referral,
            order=order,
            option=reward.option,
        )
        reduce_to(turn, reward, min(reward.amount, amount_due(turn, wanted, order) or 0))
