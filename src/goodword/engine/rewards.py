"""The life of a reward: granted, held, approved, issued, used, expired, made smaller, taken back. Every change is posted.

The accounts of a program P: a grant moves from ``cost:P`` to ``pending:P``; approval to ``approved:P``; issuing to
``balance:PERSON``; use to ``redeemed:P``; expiry to ``expired:P``; whatever is taken back goes to ``reversed:P``. What a
budget sets aside moves from ``…:free`` to ``…:reserved``, and on use to ``…:spent``.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.facts import Subjects, unmet
from goodword.engine.grants import Grant, amount_due, occurrences, pass_guards
from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.reward_states import RewardMove, next_reward_status
from goodword.engine.state import (
    ORDERS,
    PARTICIPANTS,
    REWARD_CODES,
    REWARDS_OF,
    WAITING_OF,
    OrderRow,
    Referral,
    Reward,
)
from goodword.engine.turn import Turn
from goodword.program.duration import iso
from goodword.program.loader import Program
from goodword.program.model import ISSUED_BY, Benefit, PercentOf, Side
from goodword.program.model import Reward as Rule
from goodword.program.quantity import BASIS_POINTS, divide

HELD = frozenset({"pending", "approved", "failed"})
"""Granted and not handed over yet."""


def rule_of(turn: Turn, reward: Reward) -> tuple[Program, Rule]:
    """The program version and the rule that granted a reward."""
    program = turn.programs.pinned(reward)
    return program, program.model.rewards[reward.rule]


def amount_in(reward: Reward, amount: int | None = None) -> Amount:
    """An amount of a reward, in its unit: all of it unless told."""
    return Amount(reward.amount if amount is None else amount, reward.unit)


def account(reward: Reward, name: str) -> str:
    """An account of a reward's program, or the balance of its recipient."""
    return f"balance:{reward.participant}" if name == "balance" else f"{name}:{reward.program}"


_PARTS = {"on_hold": ".hold", "reward_expired": ".expires", "below_minimum": ".benefit.minimum_order"}
"""The part of a rule that gives a reason, where it is not the rule as a whole."""


def _say(turn: Turn, code: str, reward: Reward, values: dict[str, ReasonValue] | None = None) -> None:
    program = turn.programs.pinned(reward)
    turn.say(
        code,
        {"amount": amount_in(reward), "side": reward.side} | (values or {}),
        program=program,
        rule=f"rewards.{reward.rule}{_PARTS.get(code, '')}",
        referral=reward.referral,
        reward=reward.id,
    )


def _post(turn: Turn, reward: Reward, source: str, target: str, amount: int) -> None:
    turn.post(account(reward, source), account(reward, target), reward.unit, amount, reward.id)


def _move(turn: Turn, reward: Reward, move: RewardMove, reason: str | None) -> Reward:
    """Change the status; leaving a wait or a schedule behind where there was one."""
    status = next_reward_status(reward.status, move)
    if reward.reason == "waiting_for_condition":
        _stop_waiting(turn, reward)
    if reward.status == "pending" and reward.mature_ms is not None:
        turn.unschedule("mature", reward.id)
    if reward.status == "issued" and reward.expires_ms is not None:
        turn.unschedule("expire_reward", reward.id)
    turn.tell(f"reward.{status}", reward.id, reward.participant)
    return turn.save_reward(replace(reward, status=status, reason=reason))


# granting -------------------------------------------------------------------------------------------------------------


def grant(turn: Turn, wanted: Grant) -> None:
    """Grant a reward where its guards let it pass and it is not granted already, and take it as far as it may go."""
    before = occurrences(turn, wanted)
    if any(reward.live or _denied_by_staff(reward) for reward in before):
        return
    passed = pass_guards(turn, wanted)
    if passed is None:
        return
    key = f"{wanted.program.name}|{wanted.name}|{wanted.subject}|{wanted.side}|{len(before) + 1}"
    id = turn.keyring.id("rw", key)
    reward = Reward(
        id=id,
        program=wanted.program.name,
        version=wanted.program.version,
        rule=wanted.name,
        side=wanted.side,
        participant=wanted.participant,
        referral=wanted.referral.id,
        subject=wanted.subject,
        occurrence=len(before) + 1,
        unit=wanted.unit,
        amount=passed.amount,
        granted_ms=turn.clock_ms,
        event=turn.event_id,
        mature_ms=wanted.at_ms + wanted.rule.hold,
        order=wanted.order.id if wanted.order else None,
        cap_keys=passed.cap_keys,
        budget=passed.budget,
        budget_unit=passed.budget_unit,
        reserved=passed.reserved,
    )
    _open(turn, reward, "reward_granted")
    advance(turn, turn.reward(id))


def _denied_by_staff(reward: Reward) -> bool:
    """What staff denied one by one stays denied; what fell with a denied referral comes back with it."""
    return reward.status == "denied" and reward.reason != "review_denied"


def _open(turn: Turn, reward: Reward, reason: str) -> Reward:
    """Write a new reward, its code, its counters and its first posting."""
    code_hash = turn.keyring.reward_code_hash(turn.keyring.reward_code(reward.id))
    reward = turn.save_reward(replace(reward, code_hash=code_hash))
    turn.draft.append(REWARDS_OF, reward.subject, reward.id)
    turn.draft.put(REWARD_CODES, code_hash, reward.id)
    _count(turn, reward, 1, reward.amount)
    _post(turn, reward, "cost", "pending", reward.amount)
    if reward.budget and reward.budget_unit:
        turn.post(
            f"{reward.budget}:free",
            f"{reward.budget}:reserved",
            reward.budget_unit,
            reward.reserved,
            reward.id,
        )
    turn.tell("reward.granted", reward.id, reward.participant)
    _say(turn, reason, reward)
    return reward


def _count(turn: Turn, reward: Reward, rewards: int, amount: int) -> None:
    for key in reward.cap_keys:
        turn.count(key, rewards if key.endswith("|n") else amount)


def advance(turn: Turn, reward: Reward) -> None:
    """Take a reward as far as it may go now, and say what it waits for."""
    if reward.status == "pending":
        if not _ripe(turn, reward):
            return
        reward = approve(turn, reward)
    if reward.status == "approved":
        _hand_over(turn, reward)


def _ripe(turn: Turn, reward: Reward) -> bool:
    if turn.referral(reward.referral).moderation == "pending_review":
        _wait(turn, reward, "in_review")
        return False
    assert reward.mature_ms is not None  # noqa: S101
    if reward.mature_ms > turn.clock_ms:
        _wait(turn, reward, "on_hold", {"until": iso(reward.mature_ms)})
        turn.schedule("mature", reward.id, reward.mature_ms)
        return False
    return True


def _wait(turn: Turn, reward: Reward, reason: str, values: dict[str, ReasonValue] | None = None) -> None:
    turn.save_reward(replace(reward, reason=reason))
    _say(turn, reason, reward, values)


def approve(turn: Turn, reward: Reward) -> Reward:
    """Make a reward final."""
    reward = _move(turn, reward, "approve", None)
    _post(turn, reward, "pending", "approved", reward.amount)
    _say(turn, "reward_approved", reward)
    return reward


def _hand_over(turn: Turn, reward: Reward) -> None:
    program, rule = rule_of(turn, reward)
    misses = list(unmet(turn, rule.pay_when, Subjects(recipient=reward.participant)))
    if misses:
        if reward.reason != "waiting_for_condition":
            _start_waiting(turn, reward)
        for values in misses:
            turn.say(
                "waiting_for_condition",
                values,
                program=program,
                rule=f"rewards.{reward.rule}.pay_when",
                referral=reward.referral,
                reward=reward.id,
            )
        return
    if reward.reason == "waiting_for_condition":
        reward = _stop_waiting(turn, reward)
    if ISSUED_BY[rule.benefit.kind] == "shop":
        _wait(turn, reward, "waiting_for_shop")
        return
    issue(turn, reward)


def _start_waiting(turn: Turn, reward: Reward) -> None:
    turn.save_reward(replace(reward, reason="waiting_for_condition"))
    person = turn.person(reward.participant)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, waiting=person.waiting + 1))
    if turn.draft.state.loaded(WAITING_OF, person.id):
        waiting = {*turn.draft.many(WAITING_OF, person.id), reward.id}
        turn.draft.put(WAITING_OF, person.id, tuple(sorted(waiting)))


def _stop_waiting(turn: Turn, reward: Reward) -> Reward:
    person = turn.person(reward.participant)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, waiting=person.waiting - 1))
    if turn.draft.state.loaded(WAITING_OF, person.id):
        waiting = tuple(id for id in turn.draft.many(WAITING_OF, person.id) if id != reward.id)
        turn.draft.put(WAITING_OF, person.id, waiting)
    return turn.save_reward(replace(reward, reason=None))


def issue(turn: Turn, reward: Reward) -> Reward:
    """Hand a reward over: it stands on the balance of its recipient."""
    _, rule = rule_of(turn, reward)
    expires_ms = reward.expires_ms
    if expires_ms is None and rule.expires is not None:
        expires_ms = turn.clock_ms + rule.expires
    reward = _move(turn, reward, "issue", None)
    reward = turn.save_reward(replace(reward, remaining=reward.amount, expires_ms=expires_ms))
    _post(turn, reward, "approved", "balance", reward.amount)
    if expires_ms is not None:
        turn.schedule("expire_reward", reward.id, expires_ms)
    _say(turn, "reward_issued", reward)
    return reward


def fail(turn: Turn, reward: Reward, why: str) -> None:
    """Handing over failed; the shop may try again."""
    moved = _move(turn, reward, "fail", "reward_failed")
    _say(turn, "reward_failed", moved, {"why": why})


# use ------------------------------------------------------------------------------------------------------------------


def usable(turn: Turn, reward: Reward) -> int:
    """How much of an issued reward may be used: what remains of it, as far as no debt stands against it."""
    balance = turn.balance(account(reward, "balance"), reward.unit)
    return min(reward.remaining, max(0, balance))


def redeem(turn: Turn, reward: Reward, amount: int, discount: int = 0) -> Reward:
    """Use `amount` of an issued reward; `discount` is what a coupon of a percentage came to, in money."""
    _, rule = rule_of(turn, reward)
    _post(turn, reward, "balance", "redeemed", amount)
    single_use = rule.benefit.kind == "coupon"
    rest = reward.remaining - amount
    if single_use:
        _post(turn, reward, "balance", "expired", rest)
        rest = 0
    if discount:
        currency = turn.programs.pinned(reward).model.currency
        turn.post(account(reward, "cost"), account(reward, "redeemed"), currency, discount, reward.id)
    reward = replace(reward, remaining=rest, used=reward.used + amount, discount=reward.discount + discount)
    reward = _spend(turn, reward, amount, discount, last=rest == 0)
    reward = turn.save_reward(reward) if rest else _move(turn, reward, "redeem", None)
    _say(turn, "reward_redeemed", reward, {"amount": amount_in(reward, amount)})
    return reward


def _in_budget(turn: Turn, reward: Reward, amount: int, discount: int) -> int:
    """What using `amount` takes from the budget."""
    _, rule = rule_of(turn, reward)
    if rule.benefit.percent_off:
        return discount
    if reward.budget_unit == reward.unit:
        return amount
    return amount * rule.benefit.unit_cost.amount if rule.benefit.unit_cost else 0


def _spend(turn: Turn, reward: Reward, amount: int, discount: int, last: bool) -> Reward:
    if not reward.budget or not reward.budget_unit:
        return reward
    spent = min(_in_budget(turn, reward, amount, discount), reward.reserved)
    turn.post(f"{reward.budget}:reserved", f"{reward.budget}:spent", reward.budget_unit, spent, reward.id)
    reward = replace(reward, reserved=reward.reserved - spent)
    return _release(turn, reward) if last else reward


def _release(turn: Turn, reward: Reward, keep: int = 0) -> Reward:
    """Give back to the budget what is set aside for a reward, but for `keep`."""
    if not reward.budget or not reward.budget_unit or reward.reserved <= keep:
        return reward
    free = reward.reserved - keep
    turn.post(f"{reward.budget}:reserved", f"{reward.budget}:free", reward.budget_unit, free, reward.id)
    return replace(reward, reserved=keep)


def expire(turn: Turn, reward: Reward) -> None:
    """Let what was not used in time go. What stands against a debt has paid it, and stays where it is."""
    left = usable(turn, reward)
    _post(turn, reward, "balance", "expired", left)
    values: dict[str, ReasonValue] = {"amount": amount_in(reward, left)}
    if reward.expires_ms is not None:
        values["until"] = iso(reward.expires_ms)
    _say(turn, "reward_expired", reward, values)
    _move(turn, _release(turn, replace(reward, remaining=reward.remaining - left)), "expire", None)


def use_on_order(turn: Turn, reward: Reward | None, order: OrderRow, amount: int | None, path: str) -> int | None:
    """Redeem a reward on an order; what was taken from the reward, or None where it was refused.

    Unknown, foreign, used and expired codes get the same reason: a guesser learns nothing.
    """
    if reward is None or reward.status != "issued" or reward.participant != order.participant or not reward.remaining:
        turn.say("code_not_valid", {"order": order.id}, rule=path)
        return None
    program, rule = rule_of(turn, reward)
    if rule.benefit.kind not in ("coupon", "credit"):
        turn.say("code_not_valid", {"order": order.id}, rule=path)
        return None
    if order.currency != program.model.currency:
        values: dict[str, ReasonValue] = {
            "expected": program.model.currency,
            "actual": order.currency,
        }
        _say(turn, "currency_differs", reward, values)
        return None
    discount = _discount(rule.benefit, order, amount) if rule.benefit.percent_off else 0
    given = discount or (usable(turn, reward) if amount is None else amount)
    minimum = rule.benefit.minimum_order
    if minimum and order.total + given < minimum.amount:
        values = {
            "actual": Amount(order.total + given, order.currency),
            "expected": Amount(minimum.amount, minimum.unit),
        }
        _say(turn, "below_minimum", reward, values)
        return None
    taken = 1 if rule.benefit.percent_off else given
    if taken > usable(turn, reward) or taken == 0:
        _say(turn, "amount_too_large", reward, {"left": amount_in(reward, usable(turn, reward))})
        return None
    redeem(turn, reward, taken, discount)
    return taken


def _discount(benefit: Benefit, order: OrderRow, told: int | None) -> int:
    """What a coupon of a percentage came to: as told, else worked back from the total that it already lowered."""
    percent = benefit.percent_off or 0
    rest = BASIS_POINTS - percent
    discount = told if told is not None else (divide(order.total * percent, rest, "half_up") if rest else 0)
    return min(discount, benefit.ceiling.amount) if benefit.ceiling else discount


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
        _say(turn, "reward_restored", reward, {"amount": amount_in(reward, amount), "order": order.id})
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
    _post(turn, reward, "redeemed", target, amount)
    spent = _in_budget(turn, reward, amount, 0)
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
    spent = _in_budget(turn, old, amount, 0)
    if old.budget and old.budget_unit and spent:
        turn.post(f"{old.budget}:spent", f"{old.budget}:free", old.budget_unit, spent, old.id)
    _count(turn, old, -1, -old.amount)
    old = _move(turn, old, "reverse", "reward_restored")
    if old.expires_ms is not None and old.expires_ms <= turn.clock_ms:
        # Ordering and cancelling does not make a coupon last longer than it was promised.
        _say(turn, "reward_expired", old, {"amount": amount_in(old, amount), "until": iso(old.expires_ms)})
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
    fresh = _open(turn, fresh, "reward_granted")
    _say(turn, "reward_restored", fresh, {"order": order.id})
    advance(turn, fresh)


def _reserve_again(turn: Turn, old: Reward, amount: int) -> int:
    """What the next occurrence sets aside: what it can cost, as far as the budget still holds it."""
    if not old.budget or not old.budget_unit:
        return 0
    _, rule = rule_of(turn, old)
    ceiling = rule.benefit.ceiling.amount if rule.benefit.ceiling else 0
    wanted = ceiling if rule.benefit.percent_off else _in_budget(turn, old, amount, 0)
    return min(wanted, turn.balance(f"{old.budget}:free", old.budget_unit))


# taking back ----------------------------------------------------------------------------------------------------------


def take_back(turn: Turn, reward: Reward, why: str, deny: bool = False) -> None:
    """Take a reward back, wherever it is. `why` is the reason code that asked for it."""
    if not reward.live:
        return
    _count(turn, reward, -1, -reward.amount)
    if reward.status in HELD:
        _post(turn, reward, "pending" if reward.status == "pending" else "approved", "reversed", reward.amount)
        moved = _move(turn, _release(turn, reward), "deny" if deny else "cancel", why)
        _say(turn, "reward_denied" if deny else "reward_cancelled", moved)
        return
    _, rule = rule_of(turn, reward)
    _post(turn, reward, "balance", "reversed", reward.remaining)
    if reward.used:
        reward = _settle_used(turn, reward, reward.used - reward.owed, rule.taken_back)
    reward = _release(turn, replace(reward, remaining=0))
    moved = _move(turn, reward, "reverse", why)
    _say(turn, "reward_reversed", moved)


def _settle_used(turn: Turn, reward: Reward, owed: int, how: str) -> Reward:
    """What was used already: a debt on the balance, or forgiven. A used percentage has no balance to owe."""
    _, rule = rule_of(turn, reward)
    forgiven = how == "forgive" or rule.benefit.percent_off is not None
    if not forgiven:
        _post(turn, reward, "balance", "reversed", owed)
    _say(turn, "debt_forgiven" if forgiven else "debt_remains", reward, {"amount": amount_in(reward, owed)})
    return reward if forgiven else replace(reward, owed=reward.owed + owed)


def reduce_to(turn: Turn, reward: Reward, amount: int) -> None:
    """Make a reward smaller, as its order became smaller."""
    if amount == 0:
        take_back(turn, reward, "reward_reduced")
        return
    less = reward.amount - amount
    if less <= 0 or not reward.live:
        return
    _count(turn, reward, 0, -less)
    if reward.status in HELD:
        _post(turn, reward, "pending" if reward.status == "pending" else "approved", "reversed", less)
        smaller = replace(reward, amount=amount)
    else:
        smaller = _reduce_issued(turn, reward, amount, less)
    if smaller.budget and smaller.budget_unit == smaller.unit:
        smaller = _release(turn, smaller, keep=max(0, amount - smaller.used))
    smaller = turn.save_reward(smaller)
    _say(turn, "reward_reduced", smaller, {"from": amount_in(reward), "to": amount_in(smaller)})


def _reduce_issued(turn: Turn, reward: Reward, amount: int, less: int) -> Reward:
    _, rule = rule_of(turn, reward)
    unused = min(less, reward.remaining)
    _post(turn, reward, "balance", "reversed", unused)
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
