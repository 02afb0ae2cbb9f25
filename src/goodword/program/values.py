"""The values of a program file: how amounts, shares, times, names, references and conditions are written and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from goodword.program.conditions import (
    ATTRIBUTES,
    OPERATORS_BY_NAME,
    Attribute,
    Condition,
    conditions_schema,
    parse_operand,
)
from goodword.program.duration import DURATION_PATTERN, parse_duration
from goodword.program.quantity import (
    BASIS_POINTS,
    PERCENT_PATTERN,
    QUANTITY_PATTERN,
    Quantity,
    is_currency,
    parse_percent,
    parse_quantity,
)

NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,39}$"

ADDRESS_MAX = 1000
"""How many characters the address of a page may have."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

CLAIMED = "claimed"
"""The built-in step that every referral reaches when it starts."""


@dataclass(frozen=True)
class Declared:
    """What the file itself declares, gathered before validation so that references can be checked in the same pass."""

    currency: str = "USD"
    attributes: dict[str, Attribute] = field(default_factory=lambda: {a.name: a for a in ATTRIBUTES})
    activities: frozenset[str] = frozenset()
    steps: tuple[str, ...] = ()
    measures: frozenset[str] = frozenset()
    contests: frozenset[str] = frozenset()
    tiers: tuple[str, ...] = ()
    budgets: dict[str, str] = field(default_factory=dict)
    """Name of each budget with its unit, where that can be read."""


def declared_in(info: ValidationInfo) -> Declared:
    """What the file declares, from the context of its validation."""
    return info.context if isinstance(info.context, Declared) else Declared()


def hint(word: str, known: list[str]) -> str:
    """A "did you mean" for a misspelt word, or the list of what is known where nothing is close."""
    near = get_close_matches(word, known, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known: {', '.join(sorted(known))}" if known else "none is declared in this file"


def reference(kind: str) -> AfterValidator:
    """A check that a name is declared in the file as what it is used for."""

    def check(name: str, info: ValidationInfo) -> str:
        declared = declared_in(info)
        known = {
            "step": list(declared.steps),
            "step or claimed": [CLAIMED, *declared.steps],
            "activity": sorted(declared.activities),
            "measure": sorted(declared.measures),
            "budget": sorted(declared.budgets),
            "contest": sorted(declared.contests),
            "tier": list(declared.tiers),
        }[kind]
        if name not in known:
            raise ValueError(f"no {kind} is called `{name}`; {hint(name, known)}")
        return name

    return AfterValidator(check)


def _money(value: Quantity, info: ValidationInfo) -> Quantity:
    currency = declared_in(info).currency
    if value.unit != currency:
        raise ValueError(f"this program counts in {currency}, not in {value.unit}")
    return value


def _positive(value: Quantity) -> Quantity:
    if value.amount <= 0:
        raise ValueError("must be more than nothing")
    return value


def _percentage(value: int) -> int:
    if not 0 < value <= BASIS_POINTS:
        raise ValueError("must be more than 0% and at most 100%")
    return value


def zone_name(value: str) -> str:
    """Check the name of a time zone."""
    known = _zones()
    if value not in known:
        raise ValueError(f"not a time zone of the IANA database; {hint(value, sorted(known))}")
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def currency_code(value: str) -> str:
    """Check the code of a currency."""
    if not is_currency(value):
        raise ValueError("not a currency code of ISO 4217, such as USD, RON or SAR")
    return value


def _read_quantity(value: object) -> Quantity:
    return value if isinstance(value, Quantity) else parse_quantity(value)


def _conditions(raw: object, info: ValidationInfo) -> tuple[Condition, ...]:
    if isinstance(raw, tuple):
        return raw
    if not isinstance(raw, dict) or not raw:
        raise ValueError("write attributes with their comparison, such as `order.total: {at_least: 50 USD}`")
    declared = declared_in(info)
    out: list[Condition] = []
    problems: list[tuple[str, str]] = []
    for name, comparison in raw.items():
        attribute = declared.attributes.get(str(name))
        if attribute is None:
            message = f"no attribute is called `{name}`; {hint(str(name), list(declared.attributes))}"
            problems.append((str(name), message))
            continue
        operators = comparison if isinstance(comparison, dict) else {"is": comparison}
        for word, operand in operators.items():
            try:
                out.append(_condition(attribute, str(word), operand, declared.currency))
            except ValueError as error:
                problems.append((f"{name}.{word}", f"`{name}` `{word}`: {error}"))
    if problems:
        raise PlacedProblems(problems)
    return tuple(out)


def _attribute(raw: object, info: ValidationInfo) -> Attribute:
    if isinstance(raw, Attribute):
        return raw
    known = declared_in(info).attributes
    if not isinstance(raw, str) or raw not in known:
        raise ValueError(f"no attribute is called `{raw}`; {hint(str(raw), list(known))}")
    return known[raw]


def _condition(attribute: Attribute, word: str, operand: object, currency: str) -> Condition:
    operator = OPERATORS_BY_NAME.get(word)
    if operator is None or attribute.type not in operator.types:
        usable = [o.name for o in OPERATORS_BY_NAME.values() if attribute.type in o.types]
        raise ValueError(f"cannot be compared like this; {hint(word, usable)}")
    return Condition(attribute, operator, parse_operand(operator, attribute.type, operand, currency))


class PlacedProblems(ValueError):
    """What is wrong below a part of the file: each problem with its place there."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


def web_address(value: str) -> str:
    """Check the address of a page: https with a host and no credentials; http only for this machine itself."""
    try:
        parts = urlsplit(value)
        host = parts.hostname
        parts.port  # noqa: B018
    except ValueError:
        raise ValueError("not the address of a page, such as https://shop.example/welcome") from None
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    printable = value.isprintable() and not any(c.isspace() or c == "\\" for c in value)
    if not (secure and host and printable) or parts.username is not None or parts.fragment:
        raise ValueError("write an https address without user and fragment, such as https://shop.example/welcome")
    return value


def page_of_shop(value: str) -> str:
    """Check where the link of a code leads: a path that begins with one slash, or the address of a page."""
    if value.startswith("/"):
        web_address(f"https://shop.example{value}")
        if value[1:2] == "/":
            raise ValueError("a path begins with one slash")
        return value
    return web_address(value)


Landing = Annotated[str, Field(max_length=ADDRESS_MAX), AfterValidator(web_address)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Amount = Annotated[
    Quantity,
    BeforeValidator(_read_quantity),
    AfterValidator(_positive),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": QUANTITY_PATTERN, "examples": ["20.00 USD", "500 MB"]}),
]
Money = Annotated[Amount, AfterValidator(_money)]
Percent = Annotated[
    int,
    BeforeValidator(parse_percent),
    AfterValidator(_percentage),
    WithJsonSchema({"type": "string", "pattern": PERCENT_PATTERN, "examples": ["25%"]}),
]
Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["30 days"]}),
]
AttributeName = Annotated[
    Attribute,
    BeforeValidator(_attribute),
    PlainSerializer(lambda attribute: attribute.name),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z]+\.[a-z][a-z0-9_]*$", "examples": ["advocate.country"]}),
]
Where = Annotated[tuple[Condition, ...], BeforeValidator(_conditions), WithJsonSchema(conditions_schema())]
Count = Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)]
