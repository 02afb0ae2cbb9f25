"""Payouts: what a partner earned in a program comes together on an account and is paid out when a week or month ends.

The account is carried forward: what is issued adds to it, what is taken back takes from it, also below zero, so that it comes
off what is earned next. A payout moves all that stands there to ``payout:P``, from where it goes to ``paid:P`` once the shop
says so, or back. Which reward a payout paid follows from the order of the entries; no reward has to change for it.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from msgspec.structs import replace

from goodword.engine.events import PayOut, PayoutAction
from goodword.engine.payout_states import PAYOUT_MOVES
from goodword.engine.reasons import Amount, ReasonValue
from goodword.engine.reward_books import collected_account, say
from goodword.engine.state import PARTICIPANTS, PAYOUTS, PayoutRow, Reward
from goodword.engine.turn import Turn
from goodword.program.duration import iso, period_ends_ms, period_key
from goodword.program.payouts import Payouts

RULE = "payouts"


def handed_over(program: str) -> tuple[str, str]:
    """The accounts of what is being paid out, and of what was."""
    return f"payout:{program}", f"paid:{program}"


def collect(turn: Turn, reward: Reward) -> None:
    """A reward came onto an account: the next payout is asked for."""
    due_ms = _ask(turn, reward.program, reward.participant, reward.unit)
    say(turn, "collected", reward, {"until": iso(due_ms)})


def pay_out_due(turn: Turn, reference: str) -> None:
    """A week or month is over: what came together is paid out, or carried over where it is too little."""
    name, participant, unit = reference.split("|")
    turn.participant = participant
    amount = turn.balance(collected_account(name, participant), unit)
    if amount <= 0:
        return
    minimum = _terms(turn, name).minimum
    if minimum is None or amount >= minimum.amount:
        _make(turn, name, participant, unit, amount)
        return
    values: dict[str, ReasonValue] = {"amount": Amount(amount, unit), "needed": Amount(minimum.amount, unit)}
    turn.say("payout_carried", values, program=turn.programs.current(name), rule=RULE)


def pay_out_now(turn: Turn, event: PayOut) -> None:
    """Staff pay out what stands there, whatever the minimum."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    if turn.draft.get(PARTICIPANTS, event.participant) is None:
        turn.say("unknown_participant", {"participant": event.participant})
        return
    turn.participant = event.participant
    unit = program.model.currency
    amount = turn.balance(collected_account(program.name, event.participant), unit)
    if amount <= 0:
        turn.say("nothing_to_pay", program=program, rule=RULE)
        return
    _make(turn, program.name, event.participant, unit, amount)


def act_on_payout(turn: Turn, event: PayoutAction) -> None:
    """The shop says that a payout was paid, or that it failed."""
    payout = turn.draft.get(PAYOUTS, event.payout)
    if payout is None:
        turn.say("unknown_payout", {"payout": event.payout})
        return
    turn.participant = payout.participant
    turn.touched_payouts[payout.id] = None
    program = turn.programs.current(payout.program)
    status = PAYOUT_MOVES.get((payout.status, event.action))
    if status is None:
        values: dict[str, ReasonValue] = {"status": payout.status, "action": event.action}
        turn.say("not_possible_now", values, program=program)
        return
    source = "payout" if payout.status == "due" else "paid"
    target = f"paid:{payout.program}" if status == "paid" else collected_account(payout.program, payout.participant)
    turn.post(f"{source}:{payout.program}", target, payout.unit, payout.amount)
    moved = replace(payout, status=status, settled_ms=turn.clock_ms, why=event.why)
    turn.draft.put(PAYOUTS, payout.id, moved)
    turn.say(f"payout_{status}", {"amount": Amount(payout.amount, payout.unit), "why": event.why}, program=program)
    turn.tell(f"payout.{status}", payout.id, payout.participant)
    if status == "failed":
        _ask(turn, payout.program, payout.participant, payout.unit)


def _terms(turn: Turn, program: str) -> Payouts:
    """What the version in force says; once it says nothing any more, what is left goes out at the end of the month."""
    current = turn.programs.current(program)
    return (current.model.payouts if current else None) or Payouts(every="month")


def _zone(turn: Turn, program: str) -> ZoneInfo:
    current = turn.programs.current(program)
    return current.model.zone if current else ZoneInfo("UTC")


def _ask(turn: Turn, program: str, participant: str, unit: str) -> int:
    """Ask for the payout in the last millisecond of the period, so that the statement of the period holds it."""
    due_ms = period_ends_ms(turn.clock_ms, _terms(turn, program).every, _zone(turn, program)) - 1
    turn.schedule("payout", f"{program}|{participant}|{unit}", due_ms)
    return due_ms


def _make(turn: Turn, program: str, participant: str, unit: str, amount: int) -> None:
    period = period_key(turn.clock_ms, _terms(turn, program).every, _zone(turn, program))
    id = turn.keyring.id("po", turn.event_id)
    payout = PayoutRow(id, program, participant, unit, amount, period, turn.clock_ms, turn.event_id)
    turn.draft.put(PAYOUTS, id, payout)
    turn.touched_payouts[id] = None
    turn.post(collected_account(program, participant), f"payout:{program}", unit, amount)
    values: dict[str, ReasonValue] = {"amount": Amount(amount, unit), "payout": id}
    turn.say("payout_made", values, program=turn.programs.current(program), rule=RULE)
    turn.tell("payout.due", id, participant)
