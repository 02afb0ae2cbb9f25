"""What a program asks of people, as the buttons of a shop: each is the event of a step, with what fulfils its conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from demo.client import Json
from goodword.program.conditions import Condition
from goodword.program.loader import Program
from goodword.program.model import Step
from goodword.program.quantity import Quantity, exponent

UNSTATED_MAJOR = 50
"""What an order comes to where the program states no least amount, in the major unit of its currency."""
OF_A_PERSON = ("country", "language")
NOT_SENT = ("new_customer", "customer", "tenure", "referred")
"""What follows from what somebody did; a shop cannot say it."""
ELSE = "other"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that somebody does in the shop."""

    key: str
    """The step; `BEFORE` for what comes before joining."""
    label: str
    type: str
    activity: str = ""
    amount: Quantity | None = None
    """What an order comes to, so that it counts."""
    person: Json = field(default_factory=dict)
    """What the shop knows of whoever does it."""
    fields: Json = field(default_factory=dict)
    """What the shop sends with it."""
    times: int = 1
    """How often it has to be done."""


BEFORE = "before"
"""The key of what an advocate has to have done before he may join."""


def steps_asked(program: Program) -> tuple[Asked, ...]:
    """The steps of a friend, in the order of the file."""
    return tuple(
        replace(_of_step(program, name, step), times=step.nth or 1) for name, step in program.model.steps.items()
    )


def before_joining(program: Program) -> Asked | None:
    """What an advocate has to have done, where not everybody may be one."""
    conditions = program.model.audience.advocate
    if not conditions:
        return None
    person = _person(conditions)
    if any(one.attribute.key == "customer" for one in conditions):
        return Asked(BEFORE, "Buy as a customer", "order", amount=_amount(program, ()), person=person)
    return Asked(BEFORE, "Become a customer", "sign_up", person=person)


def _of_step(program: Program, name: str, step: Step) -> Asked:
    kept = [one for rule in program.model.rewards.values() if rule.kept for one in rule.kept.conditions]
    friends = [*step.where, *program.model.audience.friend, *kept]
    person = _person(one for one in friends if one.attribute.entity == "friend")
    fields = _fields(one for one in step.where if one.attribute.entity == step.event and one.attribute.key != "total")
    match step.event:
        case "order":
            return Asked(name, "Buy", "order", amount=_amount(program, step.where), person=person, fields=fields)
        case "sign_up":
            return Asked(name, "Sign up", "sign_up", person=person)
        case _:
            activity = step.activity or name
            label = activity.replace("_", " ").capitalize()
            return Asked(name, label, "activity", activity=activity, person=person, fields=fields)


def _amount(program: Program, where: Iterable[Condition]) -> Quantity:
    """An amount that is enough for everything that names a least one: the step, the smallest order, what a discount needs."""
    model, currency = program.model, program.model.currency
    least = [one.operand for one in where if one.attribute.name == "order.total" and one.operator.name == "at_least"]
    enough = [one.amount for one in least if isinstance(one, Quantity)]
    if model.economics is not None and model.economics.smallest_order is not None:
        enough.append(model.economics.smallest_order.amount)
    for rule in model.rewards.values():
        enough += [one.minimum_order.amount for one in rule.benefits.values() if one.minimum_order]
    return Quantity(max(enough, default=UNSTATED_MAJOR * 10 ** exponent(currency)), currency)


def _person(conditions: Iterable[Condition]) -> Json:
    """What has to be known of somebody, as an event says it."""
    known = _fields(conditions)
    person: Json = {key: known.pop(key) for key in OF_A_PERSON if key in known}
    return person | ({"fields": known} if known else {})


def _fields(conditions: Iterable[Condition]) -> Json:
    return {one.attribute.key: _value(one) for one in conditions if one.attribute.key not in NOT_SENT}


def _value(condition: Condition) -> str | int | bool:
    """A value that fulfils a condition on something that a shop says."""
    operand = condition.operand[0] if isinstance(condition.operand, tuple) else condition.operand
    match condition.operator.name, operand:
        case ("is_not" | "not_in", bool()):
            return not operand
        case ("is_not" | "not_in", int()):
            others = condition.operand if isinstance(condition.operand, tuple) else (operand,)
            return max(one for one in others if isinstance(one, int)) + 1
        case ("is_not" | "not_in", str()):
            return ELSE
        case ("less_than", int()):
            return operand - 1
        case (_, Quantity()):
            return operand.amount
        case (_, str() | int()):
            return operand
    raise AssertionError(condition)
