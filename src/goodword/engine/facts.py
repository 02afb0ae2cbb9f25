"""What conditions look at, read from the state."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from goodword.engine.events import Scalar
from goodword.engine.reasons import Amount, ReasonValue, amount_of
from goodword.engine.state import (
    FIRST_ORDERS,
    FIRST_ORDERS_MAX,
    ORDERS,
    REFERRALS_OF,
    TIERS,
    Draft,
    NotLoaded,
    OrderRow,
)
from goodword.engine.turn import Turn
from goodword.program.conditions import Attribute, Condition, Value, holds
from goodword.program.duration import DAY_MS
from goodword.program.loader import Program
from goodword.program.quantity import Quantity

_TYPES: dict[str, type[Any]] = {"boolean": bool, "text": str, "integer": int}
MORE = (2**62, "")
"""Ends a list of first orders of which some were taken away and more may stand in the database."""


class Subjects(Struct, frozen=True, gc=False):
    """Whom and what a condition is about."""

    friend: str | None = None
    advocate: str | None = None
    recipient: str | None = None
    order: OrderRow | None = None
    activity: dict[str, Scalar] | None = None
    claimed_ms: int = 0
    program: str | None = None
    """Where somebody is asked about that is so in one program and not in another."""


def first_orders(draft: Draft, participant: str) -> tuple[tuple[int, str], ...]:
    """The first counted orders of a person as (time, id), at most `FIRST_ORDERS_MAX`."""
    orders = (draft.get(FIRST_ORDERS, participant) or ())[:FIRST_ORDERS_MAX]
    if MORE in orders:
        raise NotLoaded(FIRST_ORDERS.name, participant)
    return orders


def earliest_order(draft: Draft, participant: str) -> int | None:
    """When a person first bought something that still counts."""
    orders = draft.get(FIRST_ORDERS, participant) or ()
    if orders and orders[0] == MORE:
        raise NotLoaded(FIRST_ORDERS.name, participant)
    return orders[0][0] if orders else None


def is_first_order(draft: Draft, order: OrderRow) -> bool:
    """Whether a recorded order is the first of its buyer that still counts."""
    orders = draft.get(FIRST_ORDERS, order.participant or "") or ()
    if orders and orders[0] == MORE:
        raise NotLoaded(FIRST_ORDERS.name, order.participant or "")
    return not orders or orders[0][1] == order.id


def note_order(draft: Draft, order: OrderRow) -> None:
    """Keep the list of first orders true to an order that changed."""
    if order.participant is None or order.placed_ms is None:
        return
    entry = (order.placed_ms, order.id)
    orders = draft.get(FIRST_ORDERS, order.participant) or ()
    if order.counted == (entry in orders):
        return
    if order.counted:
        kept = tuple(sorted((*orders, entry)))
    else:
        kept = tuple(other for other in orders if other != entry)
        if len(orders) >= FIRST_ORDERS_MAX and not draft.state.complete and MORE not in kept:
            kept = (*kept, MORE)
    draft.put(FIRST_ORDERS, order.participant, kept)


def value_of(turn: Turn, attribute: Attribute, subjects: Subjects) -> Value | None:
    """The value of an attribute, or None where nobody told it."""
    match attribute.entity:
        case "order":
            return _of_order(attribute, subjects.order)
        case "activity":
            return _typed(attribute, (subjects.activity or {}).get(attribute.key))
        case "friend":
            return _of_person(turn, attribute, subjects.friend, subjects.claimed_ms)
        case "advocate":
            return _of_person(turn, attribute, subjects.advocate, subjects.claimed_ms)
        case "recipient":
            if attribute.key == "referred":
                return _is_referred(turn, subjects)
            return _of_person(turn, attribute, subjects.recipient, subjects.claimed_ms)


def _is_referred(turn: Turn, subjects: Subjects) -> bool:
    ids = turn.draft.many(REFERRALS_OF, subjects.recipient or "")
    referrals = (turn.referral(id) for id in ids)
    return any(referral.live for referral in referrals if referral.program == subjects.program)


def _of_order(attribute: Attribute, order: OrderRow | None) -> Value | None:
    if order is None:
        return None
    if attribute.key == "total":
        return Quantity(order.net, order.currency)
    return _typed(attribute, order.fields.get(attribute.key))


def _of_person(turn: Turn, attribute: Attribute, participant: str | None, claimed_ms: int) -> Value | None:
    if participant is None:
        return None
    match attribute.key:
        case "new_customer":
            first = earliest_order(turn.draft, participant)
            return first is None or first >= claimed_ms
        case "customer":
            return earliest_order(turn.draft, participant) is not None
        case "tenure":
            return max(0, turn.occurred_ms - turn.person(participant).created_ms)
        case "country":
            return turn.person(participant).country
        case "language":
            return turn.person(participant).language
        case "tier" if attribute.program:
            row = turn.draft.get(TIERS, f"{attribute.program}|{participant}")
            return row.tier or None if row else None
        case key:
            return _typed(attribute, turn.person(participant).fields.get(key))


def _typed(attribute: Attribute, value: Scalar | None) -> Value | None:
    """A value of another type than the program declared is a value nobody told us."""
    return value if type(value) is _TYPES[attribute.type] else None


def unmet(turn: Turn, conditions: tuple[Condition, ...], subjects: Subjects) -> list[dict[str, ReasonValue]]:
    """The values of each condition that does not hold, as reasons name them."""
    misses = []
    for condition in conditions:
        actual = value_of(turn, condition.attribute, subjects)
        if holds(condition, actual):
            continue
        values: dict[str, ReasonValue] = {
            "attribute": condition.attribute.name,
            "operator": condition.operator.name,
            "expected": _said(condition.operand, condition.attribute),
        }
        if actual is not None:
            values["actual"] = _said(actual, condition.attribute)
        misses.append(values)
    return misses


def _said(value: Value | tuple[Value, ...], attribute: Attribute) -> ReasonValue:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if attribute.type == "duration" and isinstance(value, int):
        return Amount(value // DAY_MS, "day")
    return amount_of(value) if isinstance(value, Quantity) else value


def other_currency(turn: Turn, program: Program, order: OrderRow, rule: str, referral: str) -> bool:
    """Whether an order cannot be compared with a program's amounts, and say so."""
    if order.currency == program.model.currency:
        return False
    turn.say(
        "currency_differs",
        {"expected": program.model.currency, "actual": order.currency},
        program=program,
        rule=rule,
        referral=referral,
    )
    return True


def order_row(turn: Turn, order: str) -> OrderRow:
    """An order that a row names."""
    return turn.draft.need(ORDERS, order)
