"""Giving and taking back: what a reward becomes when its order comes back, whole or in part, or when it was not deserved."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.grants import Grant, amount_due
from goodword.engine.reward_books import (
    HELD,
    account,
    amount_in,
    count_caps,
    in_budget,
    move,
    post,
    release,
    rule_of,
    say,
)
from goodword.engine.rewards import advance, open_reward
from goodword.engine.state import ORDERS, OrderRow, Referral, Reward
from goodword.engine.turn import Turn
from goodword.program.duration import iso
from goodword.program.model import PercentOf, Side

# what was used on an order ------------------------------------------------------------------------------------


def restore_used(turn: Turn, order: OrderRow, give_back: bool) -> None:
    """An order came back whole: what was used on it is undone, and given back unless the bank took the money."""
    for redemption in order.redemptions:
        reward = turn.reward(redemption.reward)
        _unspend_discount(turn, reward)
        reward = turn.reward(reward.id)
        if give_back:
            _give_back(turn, reward, redemption.amount, order)
    turn.draft.put(ORDERS, order.id, replace(order, redemptions=()))


def _unspend_discount(turn: Turn, reward: Reward) -> None:
    """The discount of an order that is no more was never given."""
    if not reward.discount:
        return
    currency = turn.programs.pinned(reward).model.currency
    turn.post(account(reward, "redeemed"), account(reward, "cost"), currency, reward.discount, reward.id)
    if reward.budget and reward.budget_unit:
        turn.post(f"{reward.budget}:spent", f"{reward.budget}:free", reward.budget_unit, reward.discount, reward.id)
    turn.save_reward(replace(reward, discount=0))


def _give_back(turn: Turn, reward: Reward, amount: int, order: OrderRow) -> None:
    if reward.status == "issued":
        _unredeem(turn, reward, "balance", amount)
        reward = turn.reward(reward.id)
        turn.save_reward(replace(reward, remaining=reward.remaining + amount))
        say(turn, "reward_restored", reward, {"amount": amount_in(reward, amount), "order": order.id})
    elif reward.status == "redeemed":
        _reissue(turn, reward, amount, order)
    elif reward.status == "reversed":
        # Taken back meanwhile. What it still owed is paid by what comes back; what was forgiven is taken back after all.
        owed = min(amount, reward.owed)
        _unredeem(turn, replace(reward, owed=reward.owed - owed), "balance", owed)
        _unredeem(turn, turn.reward(reward.id), "reversed", amount - owed)
    else:
        _unredeem(turn, reward, "expired", amount)


def _unredeem(turn: Turn, reward: Reward, target: str, amount: int) -> None:
    post(turn, reward, "redeemed", target, amount)
    spent = in_budget(turn, reward, amount, 0)
    if reward.budget and reward.budget_unit and spent and target != "reversed":
        keep = "reserved" if target == "balance" and reward.status == "issued" else "free"
        turn.post(f"{reward.budget}:spent", f"{reward.budget}:{keep}", reward.budget_unit, spent, reward.id)
        if keep == "reserved":
            reward = replace(reward, reserved=reward.reserved + spent)
    turn.save_reward(replace(reward, used=reward.used - amount))


def _reissue(turn: Turn, old: Reward, amount: int, order: OrderRow) -> None:
    """A used reward cannot be issued again: it is reversed, and its next occurrence holds what came back."""
    _unredeem(turn, old, "reversed", amount)
    old = turn.reward(old.id)
    spent = in_budget(turn, old, amount, 0)
    if old.budget and old.budget_unit and spent:
        turn.post(f"{old.budget}:spent", f"{old.budget}:free", old.budget_unit, spent, old.id)
    count_caps(turn, old, -1, -old.amount)
    old = move(turn, old, "reverse", "reward_restored")
    if old.expires_ms is not None and old.expires_ms <= turn.clock_ms:
        # Ordering and cancelling does not make a coupon last longer than it was promised.
        say(turn, "reward_expired", old, {"amount": amount_in(old, amount), "until": iso(old.expires_ms)})
        return
    siblings = turn.rewards_of(old.subject)
    number = 1 + sum((r.rule, r.side, r.program) == (old.rule, old.side, old.program) for r in siblings)
    fresh = replace(
        old,
        id=turn.keyring.id("rw", f"{old.program}|{old.rule}|{old.subject}|{old.side}|{number}"),
        occurrence=number,
        amount=amount,
        status="pending",
        reason=None,
        used=0,
        discount=0,
        granted_ms=turn.clock_ms,
        event=turn.event_id,
        mature_ms=turn.clock_ms,
        reserved=_reserve_again(turn, old, amount),
    )
    fresh = open_reward(turn, fresh, "reward_granted")
    say(turn, "reward_restored", fresh, {"order": order.id})
    advance(turn, fresh)


def _reserve_again(turn: Turn, old: Reward, amount: int) -> int:
    """What the next occurrence sets aside: what it can cost, as far as the budget still holds it."""
    if not old.budget or not old.budget_unit:
        return 0
    _, rule = rule_of(turn, old)
    ceiling = rule.benefit.ceiling.amount if rule.benefit.ceiling else 0
    wanted = ceiling if rule.benefit.percent_off else in_budget(turn, old, amount, 0)
    return min(wanted, turn.balance(f"{old.budget}:free", old.budget_unit))


# taking back --------------------------------------------------------------------------------------------------


def take_back(turn: Turn, reward: Reward, why: str, deny: bool = False) -> None:
    """Take a reward back, wherever it is. `why` is the reason code that asked for it."""
    if not reward.live:
        return
    count_caps(turn, reward, -1, -reward.amount)
    if reward.status in HELD:
        post(turn, reward, "pending" if reward.status == "pending" else "approved", "reversed", reward.amount)
        moved = move(turn, release(turn, reward), "deny" if deny else "cancel", why)
        say(turn, "reward_denied" if deny else "reward_cancelled", moved)
        return
    _, rule = rule_of(turn, reward)
    post(turn, reward, "balance", "reversed", reward.remaining)
    if reward.used:
        reward = _settle_used(turn, reward, reward.used - reward.owed, rule.taken_back)
    reward = release(turn, replace(reward, remaining=0))
    moved = move(turn, reward, "reverse", why)
    say(turn, "reward_reversed", moved)


def _settle_used(turn: Turn, reward: Reward, owed: int, how: str) -> Reward:
    """What was used already: a debt on the balance, or forgiven. A used percentage has no balance to owe."""
    _, rule = rule_of(turn, reward)
    forgiven = how == "forgive" or rule.benefit.percent_off is not None
    if not forgiven:
        post(turn, reward, "balance", "reversed", owed)
    say(turn, "debt_forgiven" if forgiven else "debt_remains", reward, {"amount": amount_in(reward, owed)})
    return reward if forgiven else replace(reward, owed=reward.owed + owed)


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
    smaller = turn.save_reward(smaller)
    say(turn, "reward_reduced", smaller, {"from": amount_in(reward), "to": amount_in(smaller)})


def _reduce_issued(turn: Turn, reward: Reward, amount: int, less: int) -> Reward:
    _, rule = rule_of(turn, reward)
    unused = min(less, reward.remaining)
    post(turn, reward, "balance", "reversed", unused)
    rest = less - unused if reward.status != "expired" else max(0, reward.used - amount)
    if rest:
        reward = _settle_used(turn, reward, rest, rule.taken_back)
    return replace(reward, amount=amount, remaining=reward.remaining - unused)


def follow_order(turn: Turn, referral: Referral, order: OrderRow) -> None:
    """Bring every reward that is a share of an order to what the order is worth now."""
    for reward in turn.rewards_of(referral.id):
        program, rule = rule_of(turn, reward)
        if reward.order != order.id or not reward.live or not isinstance(rule.benefit.amount, PercentOf):
            continue
        side: Side = reward.side
        wanted = Grant(program, reward.rule, side, referral, reward.subject, reward.granted_ms, order)
        reduce_to(turn, reward, min(reward.amount, amount_due(turn, wanted, order) or 0))
