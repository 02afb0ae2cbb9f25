"""What is counted, and what grants a reward."""

from __future__ import annotations

from datetime import date as Date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from goodword.program.duration import Period
from goodword.program.part import Part
from goodword.program.values import Count, Duration, Where, reference

EVERY_MAX = 100
"""How often a rule with `every` may pay one advocate in one period, unless `up_to` allows less."""

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


class When(Part):
    """What grants a reward."""

    step: Annotated[str, reference("step or claimed")] | None = Field(
        default=None, description="the referral reaches this step"
    )
    reaches: Annotated[str, reference("measure")] | None = Field(
        default=None, description="this measure reaches the number `at`, or a multiple of `every`"
    )
    at: Count | None = None
    every: Count | None = None
    up_to: Count | None = Field(default=None, description="for `every`: how often in one period")
    each: Annotated[str, reference("measure")] | None = Field(
        default=None, description="something is counted by this measure: each of them pays"
    )

    date: Date | None = Field(
        default=None,
        description="this day has come, by the calendar of the program; with `step`: the step is reached on this day",
    )

    @model_validator(mode="after")
    def _one_trigger(self) -> When:
        given = [name for name in ("step", "reaches", "each") if getattr(self, name) is not None]
        if len(given) != 1 and (given or self.date is None):
            raise ValueError("write one of `step`, `reaches`, `each` and `date`")
        if self.date is not None and given not in ([], ["step"]):
            raise ValueError("`date` stands alone, or with `step`")
        if (self.reaches is None) != (self.at is None and self.every is None) or (self.at and self.every):
            raise ValueError("`reaches` names a measure, and `at` or `every` the number it must reach")
        if self.up_to is not None and (self.every is None or self.up_to > EVERY_MAX):
            raise ValueError(f"`up_to` goes with `every` and is at most {EVERY_MAX}")
        return self

    @cached_property
    def measure(self) -> str | None:
        """The measure it looks at."""
        return self.reaches or self.each
