"""Conditions: the one table of attributes and operators that every rule of every program is made of.

The loader, the engine, the JSON Schema, the explanations in three languages and the reference page all read these two
tables. A row of `ATTRIBUTES` says what a condition may look at and which state collection the engine has to load for
it; a row of `OPERATORS` says how a value is compared. A program adds rows by declaring `fields`.

A value that is not known satisfies no condition, not even `is_not`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from goodword.program.duration import DAY_MS, DURATION_PATTERN, parse_duration
from goodword.program.quantity import QUANTITY_PATTERN, Quantity, parse_quantity

ValueType = Literal["money", "boolean", "text", "integer", "duration"]
Entity = Literal["order", "activity", "friend", "advocate", "recipient"]
Value = Quantity | bool | str | int

LIST_MAX = 200
"""How many values `in` and `not_in` may name."""
TEXT_MAX = 200
"""How many characters a text value may have."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something a condition may look at."""

    entity: Entity
    key: str
    type: ValueType
    needs: str
    """The state collection that must be loaded before it can be read."""
    help: str
    program: str = ""
    """The program whose matter it is, where the same person may have another value in another one."""

    @property
    def name(self) -> str:
        return f"{self.entity}.{self.key}"


@dataclass(frozen=True, slots=True)
class Operator:
    """A comparison of the actual value with the operand that the program file names."""

    name: str
    types: frozenset[ValueType]
    many: bool
    """Whether the operand is a list."""
    test: Callable[[Any, Any], bool]
    help: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison, compiled: `attribute operator operand`."""

    attribute: Attribute
    operator: Operator
    operand: Value | tuple[Value, ...]


def _people() -> list[Attribute]:
    rows = []
    for entity in ("friend", "advocate", "recipient"):
        rows += [
            Attribute(entity, "country", "text", "participants", "the country the shop sent, ISO 3166 (`RO`)"),
            Attribute(entity, "language", "text", "participants", "the language the shop sent (`ar`)"),
            Attribute(entity, "customer", "boolean", "first_orders", "has an order that was not undone"),
            Attribute(entity, "tenure", "duration", "participants", "how long ago Goodword first heard of the person"),
        ]
    return rows


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        "order",
        "total",
        "money",
        "orders",
        "what the order is worth after discounts and refunds, without tax and delivery",
    ),
    Attribute("friend", "new_customer", "boolean", "first_orders", "has no counted order placed before the claim"),
    *_people(),
    Attribute("recipient", "referred", "boolean", "referrals_of", "is the friend of a running referral in the program"),
)

_ORDERED: frozenset[ValueType] = frozenset({"money", "integer"})
_ORDERED_TOO: frozenset[ValueType] = _ORDERED | {"duration"}
_NAMED: frozenset[ValueType] = frozenset({"text", "integer"})
_PLAIN: frozenset[ValueType] = frozenset({"boolean", "text", "integer"})

OPERATORS: tuple[Operator, ...] = (
    Operator("is", _PLAIN, False, lambda actual, operand: actual == operand, "equals"),
    Operator("is_not", _PLAIN, False, lambda actual, operand: actual != operand, "is known and differs"),
    Operator("in", _NAMED, True, lambda actual, operand: actual in operand, "is one of"),
    Operator("not_in", _NAMED, True, lambda actual, operand: actual not in operand, "is known and none of"),
    Operator(
        "at_least", _ORDERED_TOO, False, lambda actual, operand: _not_below(actual, operand), "is as much or more"
    ),
    Operator("at_most", _ORDERED, False, lambda actual, operand: _not_below(operand, actual), "is as much or less"),
    Operator("less_than", _ORDERED_TOO, False, lambda actual, operand: not _not_below(actual, operand), "is less"),
)
OPERATORS_BY_NAME: Mapping[str, Operator] = {operator.name: operator for operator in OPERATORS}


def _not_below(high: Quantity | int, low: Quantity | int) -> bool:
    if isinstance(high, Quantity) and isinstance(low, Quantity):
        if high.unit != low.unit:
            raise ValueError(f"{high.unit} is not {low.unit}")
        return high.amount >= low.amount
    assert isinstance(high, int)  # noqa: S101
    assert isinstance(low, int)  # noqa: S101
    return high >= low


def holds(condition: Condition, actual: Value | None) -> bool:
    """Whether a value satisfies a condition. None is a value nobody told us: it never does."""
    return actual is not None and condition.operator.test(actual, condition.operand)


def parse_operand(operator: Operator, kind: ValueType, raw: object, currency: str) -> Value | tuple[Value, ...]:
    """Read the operand of a condition from a program file.

    Raises:
        ValueError: the operand is not of the attribute's type, or a list is too long or missing.
    """
    if not operator.many:
        return _parse_value(kind, raw, currency)
    if not isinstance(raw, list) or not 1 <= len(raw) <= LIST_MAX:
        raise ValueError(f"`{operator.name}` takes a list of 1 to {LIST_MAX} values")
    return tuple(_parse_value(kind, item, currency) for item in raw)


def _parse_value(kind: ValueType, raw: object, currency: str) -> Value:
    if kind == "money":
        quantity = parse_quantity(raw)
        if quantity.unit != currency:
            raise ValueError(f"this program counts in {currency}, not in {quantity.unit}")
        return quantity
    if kind == "duration":
        duration_ms = parse_duration(raw)
        if duration_ms % DAY_MS:
            raise ValueError("write whole days or weeks, such as `30 days`")
        return duration_ms
    if kind == "boolean":
        if isinstance(raw, bool):
            return raw
        raise ValueError("write true or false")
    if kind == "integer":
        if isinstance(raw, int) and not isinstance(raw, bool):
            return int(raw)
        raise ValueError("write a whole number")
    if isinstance(raw, str) and 0 < len(raw) <= TEXT_MAX:
        return str(raw)
    raise ValueError(f"write a text of 1 to {TEXT_MAX} characters")


def _operand_schema(operator: Operator, kind: ValueType) -> dict[str, object]:
    values: dict[str, dict[str, object]] = {
        "money": {"type": "string", "pattern": QUANTITY_PATTERN},
        "duration": {"type": "string", "pattern": DURATION_PATTERN},
        "boolean": {"type": "boolean"},
        "integer": {"type": "integer"},
        "text": {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
    }
    value = values[kind]
    return {"type": "array", "items": value, "minItems": 1, "maxItems": LIST_MAX} if operator.many else value


def _comparison_schema(kind: ValueType) -> dict[str, object]:
    compare: dict[str, object] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {o.name: _operand_schema(o, kind) for o in OPERATORS if kind in o.types},
    }
    if kind not in _PLAIN:
        return compare
    return {"anyOf": [_operand_schema(OPERATORS_BY_NAME["is"], kind), compare]}


def conditions_schema() -> dict[str, object]:
    """The JSON Schema of a `where` block: built-in attributes by name, declared fields by pattern."""
    declared = {"anyOf": [_comparison_schema("text"), _comparison_schema("integer"), _comparison_schema("boolean")]}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {a.name: _comparison_schema(a.type) | {"description": a.help} for a in ATTRIBUTES},
        "patternProperties": {
            rf"^(?!({'|'.join(a.name.replace('.', chr(92) + '.') for a in ATTRIBUTES)})$)"
            r"(order|activity|friend|advocate|recipient)\.[a-z][a-z0-9_]*$": declared
        },
        "additionalProperties": False,
    }
