"""What is counted, and what grants a reward."""

from __future__ import annotations

from datetime import date as Date
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from goodword.program.contests import Places
from goodword.program.duration import Period
from goodword.program.part import Part
from goodword.program.quantity import is_currency
from goodword.program.values import Amount, Count, Duration, Where, reference

EVERY_MAX = 100
"""How often a rule with `every` may pay one advocate in one period, unless `up_to` allows less."""

TRIGGERS = ("step", "reaches", "each", "contest", "tier", "exchange", "visits")
"""What can grant a reward: a rule names one of these."""

Counted = Literal["referrals", "orders", "activities", "members"]
Summed = Literal["orders", "rewards"]


class Measure(Part):
    """Something counted or summed, for each advocate and period: his referrals, or what he does himself.

    Or for each group: the referrals that its codes brought, its members.
    """

    of: Literal["advocate", "group"] = "advocate"
    count: Counted | None = Field(
        default=None,
        description="referrals that stand at `step`, the advocate's own orders or activities, or the members of a group",
    )
    sum: Summed | None = Field(
        default=None, description="what the advocate's own orders are worth, or rewards of `unit` that he holds or used"
    )
    step: Annotated[str, reference("step")] | None = Field(default=None, description="for `count: referrals`")
    activity: Annotated[str, reference("activity")] | None = Field(default=None, description="for `count: activities`")
    unit: str | None = Field(default=None, description="for `sum: rewards`: which of them, such as `points`")
    where: Where = ()
    period: Period = Field(default="ever", description="how long it counts before it begins anew, by the calendar")
    within: Duration | None = Field(default=None, description="only what happens so soon after the advocate joined")

    @model_validator(mode="after")
    def _one_source(self) -> Measure:
        if (self.count is None) == (self.sum is None):
            raise ValueError("write either `count` or `sum`")
        for key, goes_with in (("step", "referrals"), ("activity", "activities"), ("unit", "rewards")):
            source = self.sum if key == "unit" else self.count
            if (getattr(self, key) is None) == (source == goes_with):
                raise ValueError(f"`{key}` goes with {goes_with}, and only with them")
        if self.of == "group" and (self.source not in ("referrals", "members") or self.within is not None):
            raise ValueError("of a group, `referrals` and `members` are counted, and without `within`")
        if self.source == "members" and self.of != "group":
            raise ValueError("members are counted `of: group`")
        for condition in self.where:
            if condition.attribute.entity != {"orders": "order", "activities": "activity"}.get(self.source):
                raise ValueError(f"`{condition.attribute.name}` is not known where {self.source} are measured")
        return self

    @property
    def source(self) -> Literal["referrals", "orders", "activities", "members", "rewards"]:
        """What it looks at."""
        return self.count or self.sum or "referrals"


Recurs = Literal["month", "year"]


def _every(raw: object) -> object:
    if raw in get_args(Recurs) or (type(raw) is int and 1 <= raw <= 1_000_000_000):
        return raw
    raise ValueError("write `year` or `month`, or for `reaches` a whole number")


Every = Annotated[
    int | str,
    BeforeValidator(_every),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": list(get_args(Recurs))}]}),
]


class When(Part):
    """What grants a reward."""

    step: Annotated[str, reference("step or claimed")] | None = Field(
        default=None, description="the referral reaches this step"
    )
    reaches: Annotated[str, reference("measure")] | None = Field(
        default=None, description="this measure reaches the number `at`, or a multiple of `every`"
    )
    at: Count | None = None
    every: Every | None = Field(
        default=None,
        description="for `reaches` a number; for `step` a `year` or `month`: granted again at each anniversary",
    )
    conditions: Where = Field(
        default=(), alias="while", description="for `every: year`: what has to hold on the day it is granted again"
    )
    up_to: Count | None = Field(default=None, description="for `every`: how often in one period, or in all")
    each: Annotated[str, reference("measure")] | None = Field(
        default=None, description="something is counted by this measure: each of them pays"
    )
    contest: Annotated[str, reference("contest")] | None = Field(
        default=None, description="this contest is decided, for who takes one of `places`"
    )
    places: Places | None = None
    tier: Annotated[str, reference("tier")] | None = Field(default=None, description="this tier is entered")

    exchange: Amount | None = Field(
        default=None, description="somebody buys it for so many of the points that he holds: `150 points`"
    )

    visits: Literal["day"] | None = Field(
        default=None,
        description="people followed a link of the advocate: each visit pays, those of a day (UTC) together, once it is over",
    )

    date: Date | None = Field(
        default=None,
        description="this day has come, by the calendar of the program; with `step`: the step is reached on this day",
    )

    @model_validator(mode="after")
    def _one_trigger(self) -> When:
        given = [name for name in TRIGGERS if getattr(self, name) is not None]
        if len(given) != 1 and (given or self.date is None):
            raise ValueError(f"write one of {', '.join(f'`{name}`' for name in (*TRIGGERS, 'date'))}")
        if self.date is not None and given not in ([], ["step"]):
            raise ValueError("`date` stands alone, or with `step`")
        if self.exchange and is_currency(self.exchange.unit):
            raise ValueError("`exchange` takes points or other units of the program's own, not money")
        number = self.every if isinstance(self.every, int) else None
        if self.recurs and self.step is None:
            raise ValueError("`every: year` and `every: month` go with `step`")
        if self.conditions and not self.recurs:
            raise ValueError("`while` goes with `every: year` or `every: month`")
        for condition in self.conditions:
            if condition.attribute.entity in ("order", "activity"):
                raise ValueError(f"`while` looks at people, not at `{condition.attribute.name}`")
        if (self.reaches is None) != (self.at is None and number is None) or (self.at and number):
            raise ValueError("`reaches` names a measure, and `at` or `every` the number it must reach")
        if (self.contest is None) != (self.places is None):
            raise ValueError("`contest` and `places` go together")
        if self.up_to is not None and (self.every is None or self.up_to > EVERY_MAX):
            raise ValueError(f"`up_to` goes with `every` and is at most {EVERY_MAX}")
        return self

    @cached_property
    def recurs(self) -> Recurs | None:
        """After what time it is granted again."""
        return "year" if self.every == "year" else "month" if self.every == "month" else None

    @cached_property
    def multiple(self) -> int | None:
        """Of what number every multiple pays."""
        return self.every if isinstance(self.every, int) else None

    @cached_property
    def measure(self) -> str | None:
        """The measure it looks at."""
        return self.reaches or self.each
