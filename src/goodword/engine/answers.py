"""What people say about their rewards: which of several benefits, the answers to what one asks; and what staff look at first."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Choice
from goodword.engine.grants import Grant, amount_due, cost_in_budget, measured_in
from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.returns import take_back
from goodword.engine.reward_books import MEASURE, benefit_of, count_caps, in_doubt, post, release, rule_of, say
from goodword.engine.rewards import advance, ask_again, unanswered
from goodword.engine.state import ACTIVITIES, ORDERS, REWARDS, ActivityRow, Reward
from goodword.engine.turn import Turn

GIVEN = "given"
"""What the engine keeps of what is personal: a postal address, somebody's own words."""


def choose(turn: Turn, event: Choice) -> None:
    """Somebody says what his reward needs."""
    reward = turn.draft.get(REWARDS, event.reward)
    if reward is None:
        turn.say("unknown_reward", {"reward": event.reward})
        return
    turn.participant = turn.told = reward.participant
    turn.touched_rewards[reward.id] = None
    program, rule = rule_of(turn, reward)
    if reward.status not in ("pending", "approved"):
        values = {"status": reward.status, "action": "choose"}
        turn.say("not_possible_now", {**values}, program=program, reward=reward.id)
        return
    option = event.option if event.option is not None else reward.option
    if (event.option is not None and not rule.chosen) or option not in rule.benefits:
        _refuse(turn, reward, "option")
        return
    benefit = rule.benefits[option]
    told = dict(event.answers)
    addresses = [name for name, ask in benefit.asks.items() if ask.type == "address"]
    if event.post is not None:
        told |= dict.fromkeys(addresses, GIVEN)
    for name, answer in told.items():
        ask = benefit.asks.get(name)
        if ask is None or (ask.type == "address" and event.post is None) or not ask.accepts(answer):
            _refuse(turn, reward, name)
            return
    if event.option is not None and not _take_option(turn, reward, option):
        return
    reward = turn.reward(reward.id)
    first = {name: answer for name, answer in told.items() if benefit.asks[name].moderated}
    if first:
        _submit(turn, reward, first)
    _answer(turn, turn.reward(reward.id), {name: answer for name, answer in told.items() if name not in first})


def _refuse(turn: Turn, reward: Reward, name: str) -> None:
    say(turn, "answer_refused", reward, {"asks": name})


def _answer(turn: Turn, reward: Reward, told: dict[str, str]) -> None:
    reward = turn.save_reward(replace(reward, answers=reward.answers | told))
    if told or reward.chosen:
        say(turn, "answer_recorded", reward)
        turn.tell("reward.answered", reward.id, reward.participant)
    if reward.status == "approved" and not unanswered(turn, reward):
        advance(turn, reward)


def _submit(turn: Turn, reward: Reward, told: dict[str, str]) -> None:
    row = ActivityRow(
        turn.event_id, reward.participant, "answer", turn.occurred_ms, {**told}, status="pending", reward=reward.id
    )
    turn.draft.put(ACTIVITIES, row.id, row)
    turn.save_reward(replace(reward, submission=row.id))
    turn.tell("submission.received", row.id, reward.participant)
    say(turn, "waiting_for_moderation", reward, {"submission": row.id})


def _take_option(turn: Turn, reward: Reward, option: str) -> bool:
    """Make a reward another of the benefits it may be, with its amount, counters and budget; False where it cannot."""
    program, _ = rule_of(turn, reward)
    order = turn.draft.get(ORDERS, reward.order) if reward.order else None
    wanted = Grant(
        program=program,
        name=reward.rule,
        side=reward.side,
        participant=reward.participant,
        subject=reward.subject,
        at_ms=reward.granted_ms,
        referral=turn.referral(reward.referral) if reward.referral else None,
        order=order,
        key=reward.key,
        option=option,
    )
    amount = amount_due(turn, wanted, order) or 0
    if option == reward.option or not amount:
        turn.save_reward(replace(reward, chosen=True))
        return True
    reserved, unit = 0, reward.budget_unit
    if reward.budget:
        unit, reserved = cost_in_budget(wanted, amount)
        left = turn.balance(f"{reward.budget}:free", unit) + (reward.reserved if unit == reward.budget_unit else 0)
        if reserved > left:
            values: dict[str, ReasonValue] = {"left": Amount(left, unit), "needed": Amount(reserved, unit)}
            say(turn, "budget_spent", reward, values)
            return False
    account = "pending" if reward.status == "pending" else "approved"
    count_caps(turn, reward, -1, -reward.amount)
    post(turn, reward, account, "reversed", reward.amount)
    reward = release(turn, reward)
    caps = tuple(key for key in reward.cap_keys if not key.startswith(MEASURE))
    measured, doubted = tuple(measured_in(turn, wanted)), in_doubt(wanted.referral, reward.subject)
    reward = replace(
        reward,
        option=option,
        chosen=True,
        unit=wanted.unit,
        amount=amount,
        reserved=reserved,
        budget_unit=unit,
        cap_keys=caps if doubted else (*caps, *measured),
        doubted=measured if doubted else (),
        answers={},
    )
    count_caps(turn, reward, 1, amount)
    post(turn, reward, "cost", account, amount)
    if reward.budget and unit:
        turn.post(f"{reward.budget}:free", f"{reward.budget}:reserved", unit, reserved, reward.id)
    turn.save_reward(reward)
    return True


def time_is_over(turn: Turn, id: str) -> None:
    """Nobody answered in time: what was left open gets its default, and where there is none the reward is cancelled."""
    reward = turn.reward(id)
    if reward.status != "approved" or reward.reason != "waiting_for_answer":
        return
    if reward.submission:
        say(turn, "waiting_for_moderation", reward, {"submission": reward.submission})
        return
    asks = benefit_of(turn, reward).asks
    defaults = {name: asks[name].otherwise for name in unanswered(turn, reward) if name != "option"}
    if None in defaults.values():
        take_back(turn, reward, "not_answered")
        return
    answers = reward.answers | {name: answer for name, answer in defaults.items() if answer is not None}
    reward = turn.save_reward(replace(reward, chosen=True, answers=answers))
    say(turn, "answered_by_default", reward)
    advance(turn, reward)


def without_words(row: ActivityRow) -> ActivityRow:
    """A submission that staff looked at: what was answered stands with the reward from then on, or nowhere."""
    return row if row.reward is None else replace(row, fields={})


def moderate_answer(turn: Turn, row: ActivityRow) -> None:
    """Staff approved an answer, or denied it; for what is open then, the recipient has the whole time anew, from now on."""
    assert row.reward is not None  # noqa: S101
    reward = turn.reward(row.reward)
    if reward.submission == row.id:
        reward = turn.save_reward(replace(reward, submission=""))
    if row.status != "denied" and reward.status in ("pending", "approved"):
        _answer(turn, reward, {name: str(answer) for name, answer in row.fields.items()})
    reward = turn.reward(row.reward)
    if reward.status == "approved" and reward.reason == "waiting_for_answer" and not reward.submission:
        ask_again(turn, reward)
