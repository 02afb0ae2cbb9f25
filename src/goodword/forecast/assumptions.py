"""The file of assumptions: what a business expects of its customers, their friends and those who cheat.

What is not stated is taken from published figures where there are any; where there are none, it has to be stated or is
nothing. Every problem is told at once, with its place, as for a program file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as Date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationInfo, model_validator

from goodword.forecast import published
from goodword.forecast.assumed import Assumed, Count, Money, Number, Share, Time, read_assumed
from goodword.program.conditions import Attribute, Condition
from goodword.program.loader import Program, read_as
from goodword.program.model import ProgramFile
from goodword.program.part import Part
from goodword.program.quantity import BASIS_POINTS
from goodword.program.values import CLAIMED, Declared, PlacedProblems, hint

MONTHS_MAX = 36
MOST_MAX = 10_000
"""How many friends one person may be assumed to invite at the most."""
NOUN = "a file of assumptions"
PEOPLE_FIELDS = ("country", "language")
"""What every program may ask of people, beside the fields that it declares."""


@dataclass(frozen=True)
class _Context(Declared):
    """The program that a file of assumptions is about."""

    program: ProgramFile | None = None


Mix = dict[str, int]
"""Texts by how many have them, in basis points."""


def _field(raw: object) -> object:
    if isinstance(raw, dict) and "value" not in raw:
        mix = {str(text): read_assumed("share", share, "") for text, share in raw.items()}
        if not mix or any(one.low != one.high for one in mix.values()):
            raise ValueError("write each text with how many have it, such as `{gold: 20%, basic: 80%}`")
        if sum(one.low for one in mix.values()) > BASIS_POINTS:
            raise ValueError("together they are more than 100%")
        return {text: one.low for text, one in mix.items()}
    value = raw["value"] if isinstance(raw, dict) else raw
    return read_assumed("share" if "%" in str(value) else "count", raw, "")


FieldValue = Annotated[Mix | Assumed, BeforeValidator(_field)]


class Friends(Part):
    """How many friends somebody who shares invites: n with a probability in proportion to n to the power of -tail."""

    tail: Number = Field(default=published.TAIL, description="how fast the probability falls: the less, the heavier")
    most: Annotated[int, Field(ge=1, le=MOST_MAX, strict=True)] = Field(description="nobody invites more")


class Pace(Part):
    """How long things take on average; each time is drawn from an exponential distribution."""

    join: Time = Field(description="until somebody who joins has joined: from the start, or from the first purchase")
    share: Time = Field(description="until somebody who joined has invited a friend")
    answer: Time = Field(description="until a friend who comes has come")
    step: Time = Field(description="from each step to the next")


class Orders(Part):
    """What people buy."""

    value: Money = Field(description="what an order is worth on average")
    spread: Number | None = Field(default=None, description="the sigma of their log-normal distribution")
    monthly: Number | None = Field(default=None, description="further orders of each customer in a month")
    refunds: Share = Field(default=published.REFUNDS, description="how many come back whole inside the return window")


class Used(Part):
    """What becomes of rewards that were handed over."""

    used: Share = Field(description="how many are used")
    after: Time = Field(description="how long after they were handed over, on average")


class Fraud(Part):
    """Those who cheat."""

    invented: Share = Field(
        default=published.INVENTED, description="of all who come as friends: how many are made up by their advocate"
    )
    self_referrals: Share | None = Field(
        default=None, description="of those who share: how many invite themselves, on the same device"
    )


class Assumptions(Part):
    """A file of assumptions, version 1."""

    assumptions: Literal[1]
    starts: Date
    months: Annotated[int, Field(ge=1, le=MONTHS_MAX, strict=True)]
    customers: Count = Field(default=Assumed("count", 0, 0), description="customers on the first day")
    newcomers: Count = Field(default=Assumed("count", 0, 0), description="new customers in a month whom nobody brings")
    joins: Share = Field(description="of the customers: how many become advocates")
    shares: Share = Field(default=published.SHARES, description="of the advocates: how many invite anybody")
    friends: Friends
    again: Share = Field(
        default=published.AGAIN, description="how much more often those share who were brought by a friend themselves"
    )
    steps: dict[str, Share] = Field(
        default_factory=dict, description="for each step: how many reach it of those who may"
    )
    pace: Pace
    orders: Orders | None = None
    rewards: Used
    fields: dict[str, FieldValue] = Field(default_factory=dict)
    activities: dict[str, Share] = Field(
        default_factory=dict, description="for each activity that a measure counts or that undoes a step"
    )
    fraud: Fraud = Fraud()
    ready_to_spend: Money | None = Field(default=None, description="what a month may cost")

    @model_validator(mode="after")
    def _fits_the_program(self, info: ValidationInfo) -> Assumptions:
        program = info.context.program if isinstance(info.context, _Context) else None
        if program is not None:
            problems = list(_Fit(self, program).problems())
            if problems:
                raise PlacedProblems(problems)
        return self

    def shares_of_steps(self, program: ProgramFile) -> dict[str, Assumed]:
        """How many reach each step; of a first order what was published, where nothing is stated."""
        found = dict(self.steps)
        first, step = next(iter(program.steps.items()))
        if first not in found and step.event == "order":
            found[first] = published.CONVERTS
        return found


def load_assumptions(text: str, program: Program) -> Assumptions:
    """Read a file of assumptions about a program.

    Raises:
        ProgramError: with every problem that could be found in one pass.
    """
    model = program.model
    context = _Context(
        currency=model.currency, steps=tuple(model.steps), activities=frozenset(model.activities), program=model
    )
    return read_as(Assumptions, text, NOUN, context)


@dataclass(frozen=True, slots=True)
class Stated:
    """One assumption with its place in the file; no figure where nothing was stated and nothing published."""

    path: str
    figure: Assumed | None
    stated: bool


def all_figures(assumptions: Assumptions, program: ProgramFile) -> Iterator[Stated]:
    """Every figure that worlds are made of, in the order of the file."""
    for name in type(assumptions).model_fields:
        value = getattr(assumptions, name)
        if name == "steps":
            for step, figure in assumptions.shares_of_steps(program).items():
                yield Stated(f"steps.{step}", figure, step in assumptions.steps)
        elif isinstance(value, dict):
            for key, figure in value.items():
                if isinstance(figure, Assumed):
                    yield Stated(f"{name}.{key}", figure, True)
                else:
                    for text, share in figure.items():
                        yield Stated(f"{name}.{key}.{text}", Assumed("share", share, share), True)
        elif isinstance(value, Part):
            yield from _figures_of(name, value)
        elif isinstance(value, Assumed):
            yield Stated(name, value, name in assumptions.model_fields_set)


def _figures_of(name: str, part: Part) -> Iterator[Stated]:
    for key in type(part).model_fields:
        value = getattr(part, key)
        if isinstance(value, Assumed | None):
            yield Stated(f"{name}.{key}", value, key in part.model_fields_set)


@dataclass
class _Fit:
    """What a program needs to know that a file of assumptions does not say."""

    assumptions: Assumptions
    program: ProgramFile

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from self._limits()
        yield from self._people()
        yield from self._steps()
        yield from self._activities()
        yield from self._orders()
        yield from self._fields()

    def _limits(self) -> Iterator[tuple[str, str]]:
        if self.program.groups is not None:
            yield "assumptions", "the program has `groups`: a forecast does not invent groups yet"
        if set(self.program.attribution.evidence) == {"click"}:
            yield "assumptions", "the program accepts clicks alone: a forecast needs a code or a claim"

    def _people(self) -> Iterator[tuple[str, str]]:
        if not self.assumptions.customers.high and not self.assumptions.newcomers.high:
            yield "customers", "nobody is there: write how many `customers` or `newcomers` there are"

    def _steps(self) -> Iterator[tuple[str, str]]:
        known = [CLAIMED, *self.program.steps]
        given = self.assumptions.shares_of_steps(self.program)
        for name in self.assumptions.steps:
            if name not in known:
                yield f"steps.{name}", f"no step is called `{name}`; {hint(name, known)}"
        for name, step in self.program.steps.items():
            if name not in given:
                what = f"`{step.activity}`" if step.activity else f"`{step.event}`"
                whose = f"who reached `{step.after}`" if step.after else "who are invited"
                yield f"steps.{name}", f"step `{name}` has no assumption: of those {whose}, how many do {what}?"
        if CLAIMED not in given and self.program.rewards_by_step.get(CLAIMED):
            message = "a reward is granted when an invitation is claimed: of those who are invited, how many claim it?"
            yield f"steps.{CLAIMED}", message

    def _activities(self) -> Iterator[tuple[str, str]]:
        declared = sorted(self.program.activities)
        for name in self.assumptions.activities:
            if name not in declared:
                yield f"activities.{name}", f"no activity is called `{name}`; {hint(name, declared)}"
        for name, measure in self.program.measures.items():
            if measure.activity and measure.activity not in self.assumptions.activities:
                yield (
                    f"activities.{measure.activity}",
                    f"measure `{name}` has no assumption: of the advocates, how many do `{measure.activity}`?",
                )

    def _orders(self) -> Iterator[tuple[str, str]]:
        if self.assumptions.orders is not None:
            return
        by_step = next((name for name, step in self.program.steps.items() if step.event == "order"), None)
        if by_step is not None:
            yield "orders", f"step `{by_step}` is an order: write in `orders` what orders are worth"
        elif any(measure.source == "orders" for measure in self.program.measures.values()):
            yield "orders", "orders are measured: write in `orders` what they are worth"
        elif any(attribute.key == "customer" for attribute in self._attributes):
            yield "orders", "a condition asks for customers: write in `orders` what orders are worth"

    def _fields(self) -> Iterator[tuple[str, str]]:
        known = [*PEOPLE_FIELDS, *self.program.fields]
        for name, value in self.assumptions.fields.items():
            if name not in known:
                yield f"fields.{name}", f"no field is called `{name}`; {hint(name, known)}"
            elif (problem := self._field_problem(name, value)) is not None:
                yield f"fields.{name}", problem
        for name, place in self._asked.items():
            if name not in self.assumptions.fields:
                yield f"fields.{name}", f"{place} looks at `{name}`: write how many have which"

    def _field_problem(self, name: str, value: Mix | Assumed) -> str | None:
        declared = self.program.fields.get(name)
        kind = declared.type if declared else "text"
        if kind == "text" and not isinstance(value, dict):
            return "write each text with how many have it, such as `{gold: 20%, basic: 80%}`"
        wanted = {"boolean": "share", "integer": "count"}.get(kind)
        if wanted and not (isinstance(value, Assumed) and value.kind == wanted):
            return "write how many have it, such as `30%`" if kind == "boolean" else "write a range such as `10 - 50`"
        return None

    @cached_property
    def _asked(self) -> dict[str, str]:
        """The fields that any part of the program looks at, each with the first part that does."""
        found: dict[str, str] = {}
        for place, attribute in _looked_at(self.program, ""):
            if attribute.key in (*PEOPLE_FIELDS, *self.program.fields):
                found.setdefault(attribute.key, _told_place(place))
        return found

    @cached_property
    def _attributes(self) -> list[Attribute]:
        return [attribute for _, attribute in _looked_at(self.program, "")]


def _told_place(place: str) -> str:
    parts = place.split(".")
    if parts[0] == "steps":
        return f"step `{parts[1]}`"
    return f"`{'.'.join(parts[:2])}`"


def _looked_at(node: object, place: str) -> Iterator[tuple[str, Attribute]]:
    """Every attribute that a part of a program looks at, with its place."""
    if isinstance(node, Condition):
        yield place, node.attribute
    elif isinstance(node, Attribute):
        yield place, node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _looked_at(getattr(node, name), f"{place}.{name}" if place else name)
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _looked_at(value, f"{place}.{name}")
    elif isinstance(node, tuple):
        for value in node:
            yield from _looked_at(value, place)
