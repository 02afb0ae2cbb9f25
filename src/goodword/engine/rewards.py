"""The life of a reward, forwards: granted, held, approved, issued, used, expired. The way back stands in `returns`."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.facts import Subjects, is_first_order, unmet
from goodword.engine.grants import Grant, occurrences, pass_guards, queue_key, refuse, watched_by
from goodword.engine.payouts import collect
from goodword.engine.pools import has_code, others_wait, take_code, wait_for_code
from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.reward_books import (
    account,
    amount_in,
    benefit_of,
    count_caps,
    in_budget,
    in_doubt,
    move,
    plan_expiry,
    post,
    release,
    rule_of,
    say,
    start_waiting,
    stop_waiting,
)
from goodword.engine.state import REWARD_CODES, REWARDS_OF, OrderRow, Reward
from goodword.engine.turn import Turn
from goodword.engine.watches import start_watching
from goodword.program.benefits import KINDS, Benefit, Options
from goodword.program.duration import day_start_ms, iso
from goodword.program.model import Reward as Rule
from goodword.program.quantity import BASIS_POINTS, divide


def grant(turn: Turn, wanted: Grant) -> str | None:
    """Grant a reward where its guards let it pass and it is not granted already, and take it as far as it may go.

    Gives its id, or None where it is not granted.
    """
    before = occurrences(turn, wanted)
    if any(reward.live or _stays_away(reward) for reward in before):
        return None
    if turn.person(wanted.participant).erased_ms is not None:
        refuse(turn, wanted, "person_erased", wanted.path, {})
        return None
    subject = f"{wanted.subject}#{wanted.key}" if wanted.key else wanted.subject
    key = f"{wanted.program.name}|{wanted.name}|{subject}|{wanted.side}|{len(before) + 1}"
    id = turn.keyring.id("rw", key)
    rule = wanted.rule
    wanted = replace(wanted, option=_option(turn, rule, id))
    passed = pass_guards(turn, wanted)
    if passed is None:
        return None
    referral = turn.referral(wanted.referral.id) if wanted.referral else None
    doubted = in_doubt(referral, wanted.subject)
    reward = Reward(
        id=id,
        program=wanted.program.name,
        version=wanted.program.version,
        rule=wanted.name,
        side=wanted.side,
        participant=wanted.participant,
        referral=wanted.referral.id if wanted.referral else None,
        subject=wanted.subject,
        occurrence=len(before) + 1,
        unit=wanted.unit,
        amount=passed.amount,
        granted_ms=turn.clock_ms,
        event=turn.event_id,
        mature_ms=wanted.at_ms + rule.hold,
        order=wanted.order.id if wanted.order else None,
        cap_keys=passed.cap_keys if doubted else (*passed.cap_keys, *passed.measured),
        doubted=passed.measured if doubted else (),
        budget=passed.budget,
        budget_unit=passed.budget_unit,
        reserved=passed.reserved,
        unfunded=passed.unfunded,
        key=wanted.key,
        option=wanted.option,
        collected=wanted.program.model.pays_out([wanted.benefit]),
    )
    _watch(turn, wanted, open_reward(turn, reward, "reward_granted"))
    if passed.unfunded and passed.budget:
        turn.count(queue_key(passed.budget), 1)
    advance(turn, turn.reward(id))
    return id


def _watch(turn: Turn, wanted: Grant, reward: Reward) -> None:
    kept = wanted.rule.kept
    if kept is None:
        return
    until_ms = None if kept.until is None else wanted.at_ms + kept.until
    if until_ms is None or until_ms > turn.clock_ms:
        start_watching(turn, reward, watched_by(wanted), until_ms)


def _option(turn: Turn, rule: Rule, reward: str) -> str:
    """Which of several benefits a reward begins as: the default of a choice; of a mystery the one its id draws."""
    match rule.benefit:
        case Options(kind="choice", otherwise=str(otherwise)):
            return otherwise
        case Options(weights=weights):
            ticket = int.from_bytes(turn.keyring.digest("mystery", reward)[:8], "big") % sum(weights.values())
            for name, weight in weights.items():
                ticket -= weight
                if ticket < 0:
                    return name
    return ""


def _stays_away(reward: Reward) -> bool:
    """What staff took away, or a condition, stays away; what fell with a denied referral comes back with it, unless used."""
    if reward.reason == "condition_ended":
        return True
    if reward.reason == "review_denied":
        return reward.used > reward.owed
    return reward.status == "denied" or (reward.status == "reversed" and reward.reason == "reward_reversed")


def open_reward(turn: Turn, reward: Reward, reason: str) -> Reward:
    """Write a new reward, its code, its counters and its first posting."""
    if benefit_of(turn, reward).pool is None:
        code_hash = turn.keyring.reward_code_hash(turn.keyring.reward_code(reward.id))
        reward = replace(reward, code_hash=code_hash)
        turn.draft.put(REWARD_CODES, code_hash, reward.id)
    reward = turn.save_reward(reward)
    turn.draft.append(REWARDS_OF, reward.subject, reward.id)
    count_caps(turn, reward, 1, reward.amount)
    post(turn, reward, "cost", "pending", reward.amount)
    if reward.budget and reward.budget_unit:
        turn.post(
            f"{reward.budget}:free",
            f"{reward.budget}:reserved",
            reward.budget_unit,
            reward.reserved,
            reward.id,
        )
    turn.tell("reward.granted", reward.id, reward.participant)
    say(turn, reason, reward)
    return reward


def advance(turn: Turn, reward: Reward, first: bool = False) -> None:
    """Take a reward as far as it may go now, and say what it waits for. `first` is one whose turn it is to take a code."""
    if reward.status == "pending":
        if not _ripe(turn, reward):
            return
        reward = approve(turn, reward)
    if reward.status == "approved":
        _hand_over(turn, reward, first)


def _ripe(turn: Turn, reward: Reward) -> bool:
    if reward.unfunded and reward.budget and reward.budget_unit:
        left = turn.balance(f"{reward.budget}:free", reward.budget_unit)
        values: dict[str, ReasonValue] = {
            "left": Amount(left, reward.budget_unit),
            "needed": Amount(reward.unfunded, reward.budget_unit),
        }
        _wait(turn, reward, "waiting_for_budget", values)
        return False
    if reward.referral is not None and turn.referral(reward.referral).moderation == "pending_review":
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
    say(turn, reason, reward, values)


def approve(turn: Turn, reward: Reward) -> Reward:
    """Make a reward final."""
    reward = move(turn, reward, "approve", None)
    post(turn, reward, "pending", "approved", reward.amount)
    say(turn, "reward_approved", reward)
    return reward


def _hand_over(turn: Turn, reward: Reward, first: bool) -> None:
    program, rule = rule_of(turn, reward)
    misses = unmet(turn, rule.pay_when, Subjects(recipient=reward.participant)) if rule.pay_when else []
    if misses:
        if reward.reason != "waiting_for_condition":
            start_waiting(turn, reward)
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
        reward = stop_waiting(turn, reward)
    if missing := unanswered(turn, reward):
        _wait_for_answer(turn, reward, missing)
        return
    if reward.reason == "waiting_for_answer":
        turn.unschedule("answer", reward.id)
    benefit = benefit_of(turn, reward)
    if benefit.issued_by == "shop":
        _wait(turn, reward, "waiting_for_shop")
        return
    if benefit.pool is not None:
        if not has_code(turn, benefit.pool) or (others_wait(turn, benefit.pool) and not first):
            wait_for_code(turn, reward, benefit.pool)
            return
        reward = take_code(turn, reward, benefit.pool)
    issue(turn, reward)


def unanswered(turn: Turn, reward: Reward) -> list[str]:
    """What the recipient still has to say before the reward can be handed over."""
    _, rule = rule_of(turn, reward)
    choice = ["option"] if rule.chosen and not reward.chosen else []
    return choice + [name for name in benefit_of(turn, reward).asks if name not in reward.answers]


def ask_again(turn: Turn, reward: Reward) -> None:
    """What its recipient answered was denied: the time to answer begins anew."""
    _wait_for_answer(turn, reward, unanswered(turn, reward), again=True)


def _wait_for_answer(turn: Turn, reward: Reward, missing: list[str], again: bool = False) -> None:
    _, rule = rule_of(turn, reward)
    values: dict[str, ReasonValue] = {"asks": ", ".join(missing)}
    if (again or reward.reason != "waiting_for_answer") and rule.answer_within is not None:
        until_ms = turn.clock_ms + rule.answer_within
        turn.schedule("answer", reward.id, until_ms)
        values["until"] = iso(until_ms)
    _wait(turn, reward, "waiting_for_answer", values)


def issue(turn: Turn, reward: Reward) -> Reward:
    """Hand a reward over: it stands on the balance of its recipient."""
    program, rule = rule_of(turn, reward)
    # What a day gives is for that day, whenever on it somebody got it.
    dated = rule.to == "everyone" and rule.when.date is not None
    since_ms = day_start_ms(rule.when.date, 0, program.model.zone) if dated and rule.when.date else turn.clock_ms
    expires_ms = None if rule.expires_after is None else since_ms + rule.expires_after
    reward = move(turn, replace(reward, remaining=reward.amount, expires_ms=expires_ms), "issue", None)
    post(turn, reward, "approved", "balance", reward.amount)
    plan_expiry(turn, reward)
    say(turn, "reward_issued", reward)
    if reward.collected:
        collect(turn, reward)
        reward = turn.save_reward(_spend(turn, reward, reward.amount, 0, last=True))
    return reward


def fail(turn: Turn, reward: Reward, why: str) -> None:
    """Handing over failed; the shop may try again."""
    moved = move(turn, reward, "fail", "reward_failed")
    say(turn, "reward_failed", moved, {"why": why})


def usable(turn: Turn, reward: Reward, coming: int = 0) -> int:
    """How much of a reward may be used: what remains of it, as far as no debt stands against it.

    `coming` is what is about to be issued on top of the balance.
    """
    balance = turn.balance(account(reward, "balance"), reward.unit) + coming
    return min(reward.remaining, max(0, balance))


def redeem(turn: Turn, reward: Reward, amount: int, discount: int = 0) -> Reward:
    """Use `amount` of an issued reward; `discount` is what a coupon of a percentage came to, in money."""
    post(turn, reward, "balance", "redeemed", amount)
    single_use = benefit_of(turn, reward).kind == "coupon"
    rest = reward.remaining - amount
    if single_use:
        post(turn, reward, "balance", "expired", rest)
        rest = 0
    if discount:
        currency = turn.programs.pinned(reward).model.currency
        turn.post(account(reward, "cost"), account(reward, "redeemed"), currency, discount, reward.id)
    reward = replace(reward, remaining=rest, used=reward.used + amount, discount=reward.discount + discount)
    reward = _spend(turn, reward, amount, discount, last=rest == 0)
    reward = turn.save_reward(reward) if rest else move(turn, reward, "redeem", None)
    say(turn, "reward_redeemed", reward, {"amount": amount_in(reward, amount)})
    return reward


def _spend(turn: Turn, reward: Reward, amount: int, discount: int, last: bool) -> Reward:
    if not reward.budget or not reward.budget_unit:
        return reward
    spent = min(in_budget(turn, reward, amount, discount), reward.reserved)
    turn.post(f"{reward.budget}:reserved", f"{reward.budget}:spent", reward.budget_unit, spent, reward.id)
    reward = replace(reward, reserved=reward.reserved - spent, spent=reward.spent + spent)
    return release(turn, reward) if last else reward


def give_notice(turn: Turn, id: str) -> None:
    """Tell that a reward expires soon, once, if something of it can still be used."""
    reward = turn.reward(id)
    left = usable(turn, reward)
    if reward.status != "issued" or not left:
        return
    values: dict[str, ReasonValue] = {"amount": amount_in(reward, left)}
    if reward.expires_ms is not None:
        values["until"] = iso(reward.expires_ms)
    say(turn, "reward_expiring", reward, values)
    turn.save_reward(replace(reward, noticed=True))
    turn.tell("reward.expiring", reward.id, reward.participant)


def expire(turn: Turn, reward: Reward) -> None:
    """Let what was not used in time go. What stands against a debt has paid it, and stays where it is."""
    left = usable(turn, reward)
    post(turn, reward, "balance", "expired", left)
    values: dict[str, ReasonValue] = {"amount": amount_in(reward, left)}
    if reward.expires_ms is not None:
        values["until"] = iso(reward.expires_ms)
    say(turn, "reward_expired", reward, values)
    move(turn, release(turn, replace(reward, remaining=reward.remaining - left)), "expire", None)


def use_on_order(turn: Turn, reward: Reward | None, order: OrderRow, amount: int | None, path: str) -> int | None:
    """Redeem a reward on an order; what was taken from the reward, or None where it was refused.

    Unknown, foreign, used and expired codes get the same reason: a guesser learns nothing.
    """
    if reward is None or reward.status != "issued" or reward.participant != order.participant or not reward.remaining:
        turn.say("code_not_valid", {"order": order.id}, rule=path)
        return None
    program, _ = rule_of(turn, reward)
    benefit = benefit_of(turn, reward)
    if KINDS[benefit.kind].used != "orders":
        turn.say("code_not_valid", {"order": order.id}, rule=path)
        return None
    if order.currency != program.model.currency:
        values: dict[str, ReasonValue] = {
            "expected": program.model.currency,
            "actual": order.currency,
        }
        say(turn, "currency_differs", reward, values)
        return None
    if benefit.first_order and not is_first_order(turn.draft, order):
        say(turn, "not_first_order", reward, {"order": order.id})
        return None
    discount = _discount(benefit, order, amount) if benefit.percent_off else 0
    if reward.budget:
        # A coupon that came back may have found less in its budget than it had before.
        discount = min(discount, reward.reserved)
    whole = amount is None or KINDS[benefit.kind].counted == "pieces"
    given = discount or (usable(turn, reward) if whole or amount is None else amount)
    minimum = benefit.minimum_order
    lowered = given if reward.unit == order.currency or benefit.percent_off else 0
    if minimum and order.total + lowered < minimum.amount:
        values = {
            "actual": Amount(order.total + lowered, order.currency),
            "expected": Amount(minimum.amount, minimum.unit),
        }
        say(turn, "below_minimum", reward, values)
        return None
    taken = 1 if benefit.percent_off else given
    if taken > usable(turn, reward) or taken == 0:
        say(turn, "amount_too_large", reward, {"left": amount_in(reward, usable(turn, reward))})
        return None
    redeem(turn, reward, taken, discount)
    return taken


def _discount(benefit: Benefit, order: OrderRow, told: int | None) -> int:
    """What a coupon of a percentage came to: as told, else worked back from the total that it already lowered."""
    percent = benefit.percent_off or 0
    rest = BASIS_POINTS - percent
    discount = told if told is not None else (divide(order.total * percent, rest, "half_up") if rest else 0)
    return min(discount, benefit.ceiling.amount) if benefit.ceiling else discount
