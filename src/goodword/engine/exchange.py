"""Exchange: points buy rewards. The oldest points go first; what is never handed over gives them back.

Points are issued rewards; spending is using them, so that the ledger, debts and expiry are as for everything that is used.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Exchange
from goodword.engine.grants import Grant
from goodword.engine.people import resolve
from goodword.engine.reasons import Amount
from goodword.engine.rewards import grant, redeem
from goodword.engine.state import QUEUE_END, QUEUE_PAGE, QUEUES, REWARDS_OF, NotLoaded, Reward, purse_of
from goodword.engine.turn import Turn
from goodword.program.loader import Program
from goodword.program.quantity import Quantity

EXCHANGE = "exchange:"


def exchange(turn: Turn, event: Exchange) -> None:
    """Somebody wants a reward for points."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    person = resolve(turn, event.person)
    if person is None:
        return
    turn.say("person_recorded")
    rule = program.model.rewards.get(event.reward)
    price = rule.when.exchange if rule else None
    if price is None:
        turn.say("not_offered", {"rule": event.reward}, program=program)
        return
    path = f"rewards.{event.reward}.when.exchange"
    pieces = _afforded(turn, program, person.id, price, path)
    if pieces is None:
        return
    subject = f"{EXCHANGE}{event.id}"
    turn.draft.fresh(subject, REWARDS_OF)
    bought = grant(turn, Grant(program, event.reward, "advocate", person.id, subject, turn.occurred_ms))
    if bought is None:
        return
    turn.save_reward(replace(turn.reward(bought), paid={piece.id: amount for piece, amount in pieces}))
    _spend(turn, pieces)
    turn.say("points_spent", {"amount": Amount(price.amount, price.unit)}, program=program, rule=path, reward=bought)


def _afforded(
    turn: Turn, program: Program, participant: str, price: Quantity, path: str
) -> list[tuple[Reward, int]] | None:
    """The rewards that pay a price, with what each gives; None where they do not suffice, which is said."""
    purse = purse_of(participant, program.name, price.unit)
    page = (turn.draft.get(QUEUES, purse) or ())[:QUEUE_PAGE]
    # What stands against a debt cannot be spent.
    left = max(0, turn.balance(f"balance:{participant}", price.unit))
    need = price.amount
    pieces: list[tuple[Reward, int]] = []
    for entry in page:
        if entry == QUEUE_END:
            raise NotLoaded(QUEUES.name, purse)
        reward = turn.reward(entry[1])
        amount = min(reward.remaining, need, left)
        if amount == 0:
            break
        pieces.append((reward, amount))
        need, left = need - amount, left - amount
    if need == 0:
        return pieces
    values = {"left": Amount(price.amount - need, price.unit), "needed": Amount(price.amount, price.unit)}
    turn.say("not_enough_points", {**values}, program=program, rule=path)
    return None


def _spend(turn: Turn, pieces: list[tuple[Reward, int]]) -> None:
    said = len(turn.reasons)
    for reward, amount in pieces:
        redeem(turn, turn.reward(reward.id), amount)
    del turn.reasons[said:]  # one line says it for all of them
