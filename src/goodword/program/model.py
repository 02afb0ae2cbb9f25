"""The program file as a typed model: what each key means, and what it may hold.

Validation needs to know the file's own declarations (its currency, fields, steps, measures, budgets); the loader hands
them over as a `Declared` in the validation context, so that one pass reports every problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from goodword.program.duration import Period, parse_duration
from goodword.program.quantity import (
    Quantity,
    Rounding,
    is_currency,
)
from goodword.program.values import (
    CLAIMED,
    Amount,
    Count,
    Declared,
    Duration,
    Landing,
    Money,
    Name,
    Percent,
    PlacedProblems,
    Where,
    currency_code,
    declared_in,
    hint,
    reference,
    zone_name,
)

RULES_MAX = 50
"""How many steps, measures, rewards, budgets, fields or activities one file may hold."""

BenefitKind = Literal["credit", "cash", "coupon", "quantity", "item"]
Side = Literal["advocate", "friend"]
Evidence = Literal["code", "claim", "staff", "click"]
Shared = Literal["payment", "device", "address", "network"]
Action = Literal["allow", "review", "refuse"]
StepEvent = Literal["order", "sign_up", "activity"]

ISSUED_BY: dict[BenefitKind, Literal["goodword", "shop"]] = {
    "credit": "goodword",
    "coupon": "goodword",
    "cash": "shop",
    "quantity": "shop",
    "item": "shop",
}
"""Who hands a benefit over: Goodword at approval, or the shop, which says so by an event."""


CapScope = tuple[Literal["participant", "program"], Period]
ALWAYS_COUNTED: tuple[CapScope, ...] = (("participant", "ever"), ("program", "ever"))
"""Counted for every rule, capped or not: a later version may set a cap, and what was granted before counts for it."""


def _version(raw: object) -> object:
    if type(raw) is not int or raw != 1:
        raise ValueError("this release reads version 1 of the language: write `goodword: 1`")
    return raw


class Part(BaseModel):
    """A mapping of the file: unknown keys are refused, nothing is changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Economics(Part):
    """What the linter needs to know before it can say whether a program loses money."""

    margin: Percent = Field(description="what remains of an order after the cost of the goods")
    smallest_order: Money = Field(description="the smallest order that can qualify")
    return_window: Duration = Field(description="how long a customer may return goods")


class FieldDeclaration(Part):
    """A typed value that the shop sends with a person, an order or an activity."""

    of: Literal["person", "order", "activity"]
    type: Literal["text", "integer", "boolean"]


class Audience(Part):
    """Who may be an advocate, and who counts as a friend."""

    advocate: Where = ()
    friend: Where = ()


class Attribution(Part):
    """How a friend is tied to an advocate."""

    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)] = Field(
        default=("code", "claim", "staff"), description="what is accepted, the strongest first"
    )
    window: Duration = Field(default=parse_duration("30 days"), description="how long a claim may wait for its step")
    until: Annotated[str, reference("step")] | None = Field(
        default=None, description="the step that ends the window; the first step that converts if not given"
    )
    replace: Literal["stronger", "never"] = Field(
        default="stronger",
        description="whether stronger evidence replaces an advocate before the referral converts",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Attribution:
        if len(set(self.evidence)) != len(self.evidence):
            raise ValueError("name each kind of evidence once")
        return self


class Step(Part):
    """Something a referral goes through: an event of the friend, on conditions."""

    event: StepEvent
    activity: Annotated[str, reference("activity")] | None = Field(
        default=None, description="which activity, for `event: activity`"
    )
    where: Where = ()
    after: Annotated[str, reference("step")] | None = Field(
        default=None, description="the step that must be reached before"
    )
    within: Duration | None = Field(default=None, description="how long after that step, or after the claim")
    converts: bool | None = Field(
        default=None, description="whether reaching it converts the referral; the last step does"
    )
    undone_by: tuple[str, ...] | None = Field(
        default=None,
        description="what undoes it: refund, cancel, chargeback (of its order; the default), or an activity of the friend",
    )

    @model_validator(mode="after")
    def _fits_its_event(self, info: ValidationInfo) -> Step:
        if (self.event == "activity") != (self.activity is not None):
            raise ValueError("`activity` names the activity of `event: activity`, and only of that")
        for condition in self.where:
            entity = condition.attribute.entity
            if entity == "recipient" or (entity in ("order", "activity") and entity != self.event):
                raise ValueError(f"`{condition.attribute.name}` is not known at a step whose event is {self.event}")
        activities = sorted(declared_in(info).activities)
        allowed = (["refund", "cancel", "chargeback"] if self.event == "order" else []) + activities
        for word in self.undone_by or ():
            if word not in allowed:
                raise ValueError(f"`{word}` cannot undo this step; {hint(word, allowed)}")
        return self

    @cached_property
    def undone_by_order(self) -> frozenset[str]:
        """Which changes of its order undo the step."""
        given = ("refund", "cancel", "chargeback") if self.undone_by is None else self.undone_by
        return frozenset(given) if self.event == "order" else frozenset()

    @cached_property
    def undone_by_activity(self) -> frozenset[str]:
        """Which later activities of the friend undo the step."""
        return frozenset(self.undone_by or ()) - {"refund", "cancel", "chargeback"}


class Measure(Part):
    """Something counted: how many referrals of an advocate stand at a step."""

    count: Literal["referrals"]
    step: Annotated[str, reference("step")]


class When(Part):
    """What grants a reward: a step of the referral, or a measure that reaches a number."""

    step: Annotated[str, reference("step or claimed")] | None = None
    reaches: Annotated[str, reference("measure")] | None = None
    at: Count | None = None

    @model_validator(mode="after")
    def _one_trigger(self) -> When:
        if (self.step is None) == (self.reaches is None):
            raise ValueError("write either `step`, or `reaches` with `at`")
        if (self.reaches is None) != (self.at is None):
            raise ValueError("`reaches` names a measure and `at` the number it must reach; they go together")
        return self


class PercentOf(Part):
    """A share of an amount, known when the reward is granted."""

    percent_of: Literal["order.total"]
    percent: Percent
    floor: Money | None = None
    ceiling: Money | None = None
    round: Rounding = "down"

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> PercentOf:
        if self.floor and self.ceiling and self.floor.amount > self.ceiling.amount:
            raise ValueError("the floor is above the ceiling")
        return self


class Stage(Part):
    """One row of a schedule: from this day on, this amount."""

    since: date
    amount: Amount


class Schedule(Part):
    """An amount by date."""

    schedule: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=RULES_MAX)]
    read_at: Literal["claim", "step"] = Field(
        default="claim", description="whether the day of the claim decides (the promise), or that of the step"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Schedule:
        days = [stage.since for stage in self.schedule]
        if days != sorted(set(days)):
            raise ValueError("the rows of a schedule stand in the order of their dates, each date once")
        if len({stage.amount.unit for stage in self.schedule}) != 1:
            raise ValueError("all rows of a schedule have the same unit")
        return self


def _amount_shape(raw: object) -> str:
    """Which of the three ways to write an amount this is, so that its problems are told once and in their place."""
    if isinstance(raw, PercentOf) or (isinstance(raw, dict) and "percent_of" in raw):
        return "percent_of"
    return "schedule" if isinstance(raw, dict | Schedule) else "fixed"


AMOUNT_SHAPES = ("fixed", "percent_of", "schedule")
"""The tags of the three shapes; they stand in the place of a problem and are taken out of it."""
AnyAmount = Annotated[
    Annotated[Amount, Tag("fixed")] | Annotated[PercentOf, Tag("percent_of")] | Annotated[Schedule, Tag("schedule")],
    Discriminator(_amount_shape),
]


class Benefit(Part):
    """What a reward consists of."""

    kind: BenefitKind
    amount: AnyAmount | None = None
    percent_off: Percent | None = Field(default=None, description="for a coupon: a share of the order it is used on")
    ceiling: Money | None = Field(default=None, description="for `percent_off`: the largest discount")
    minimum_order: Money | None = Field(default=None, description="for a coupon: the smallest order it may be used on")
    unit_cost: Money | None = Field(
        default=None, description="what one unit costs the business, where the unit is not money"
    )

    @model_validator(mode="after")
    def _fits_its_kind(self, info: ValidationInfo) -> Benefit:
        currency = declared_in(info).currency
        if self.kind != "coupon" and (self.percent_off or self.minimum_order or self.ceiling):
            raise ValueError("`percent_off`, `ceiling` and `minimum_order` belong to a coupon")
        if (self.amount is None) == (self.percent_off is None):
            raise ValueError("write `amount`, or `percent_off` for a coupon, and not both")
        if self.ceiling and self.percent_off is None:
            raise ValueError("`ceiling` goes with `percent_off`")
        money = self.kind in ("credit", "cash", "coupon")
        if money and self.amount is not None and self.unit not in (currency, "money"):
            raise ValueError(f"a {self.kind} is counted in {currency}")
        if not money and (is_currency(self.unit) or isinstance(self.amount, PercentOf)):
            raise ValueError(f"`{self.kind}` is counted in pieces or units of its own, such as `500 MB`, not in money")
        if money and self.unit_cost:
            raise ValueError("money costs what it is worth; `unit_cost` is for other units")
        return self

    @cached_property
    def unit(self) -> str:
        """The unit its amount is counted in; a coupon of `percent_off` is counted in pieces."""
        match self.amount:
            case Quantity(unit=unit):
                return unit
            case Schedule(schedule=stages):
                return stages[0].amount.unit
            case PercentOf():
                return "money"
            case None:
                return "coupon"


class Cap(Part):
    """A limit that counts live rewards of its rule: every state but cancelled, denied and reversed."""

    per: Literal["participant", "program"]
    period: Period = "ever"
    count: Count | None = None
    amount: Amount | None = None
    partial: bool = Field(
        default=False, description="whether what still fits under `amount` is granted; refused whole if not"
    )

    @model_validator(mode="after")
    def _one_limit(self) -> Cap:
        if (self.count is None) == (self.amount is None):
            raise ValueError("write `count` or `amount`")
        if self.partial and self.amount is None:
            raise ValueError("`partial` goes with `amount`")
        return self


class Reward(Part):
    """A reward rule: when, to whom, what, and under which guards."""

    when: When
    to: Literal["advocate", "friend", "both"]
    benefit: Benefit
    hold: Duration = Field(default=0, description="how long after the step the reward stays pending")
    caps: Annotated[tuple[Cap, ...], Field(max_length=8)] = ()
    budget: Annotated[str, reference("budget")] | None = None
    pay_when: Where = Field(default=(), description="conditions on the recipient that delay issuing until they hold")
    expires: Duration | None = Field(default=None, description="how long after issuing it may be used")
    taken_back: Literal["debt", "forgive"] = Field(
        default="debt", description="what happens to the part already used when the reward is taken back"
    )

    @model_validator(mode="after")
    def _holds_together(self, info: ValidationInfo) -> Reward:
        declared = declared_in(info)
        if self.when.reaches and self.to != "advocate":
            raise ValueError("a measure counts the advocate's referrals: such a reward goes `to: advocate`")
        if self.when.reaches and isinstance(self.benefit.amount, PercentOf):
            raise ValueError("a percentage needs an order; a milestone has none")
        for condition in self.pay_when:
            if condition.attribute.entity != "recipient":
                raise ValueError(f"`pay_when` looks at `recipient.…`, not at `{condition.attribute.name}`")
        unit = declared.currency if self.benefit.unit == "money" else self.benefit.unit
        for cap in self.caps:
            if cap.amount and cap.amount.unit != unit:
                raise ValueError(f"a cap by amount is counted in the unit of the reward, {unit}")
        if self.budget is not None:
            self._check_budget(declared, unit)
        return self

    def _check_budget(self, declared: Declared, unit: str) -> None:
        budget_unit = declared.budgets.get(self.budget or "")
        cost_unit = declared.currency if self.benefit.unit_cost or self.benefit.kind == "coupon" else unit
        if budget_unit and budget_unit not in (unit, cost_unit):
            raise ValueError(
                f"the budget is counted in {budget_unit}, the reward in {unit}; give the benefit a `unit_cost`"
            )
        percent = self.benefit.amount if isinstance(self.benefit.amount, PercentOf) else None
        if (percent and percent.ceiling is None) or (self.benefit.percent_off and self.benefit.ceiling is None):
            raise ValueError("a percentage out of a budget needs a `ceiling`: the most that must be set aside for it")

    @cached_property
    def cap_scopes(self) -> tuple[CapScope, ...]:
        """Everything that grants of the rule are counted by."""
        return tuple(dict.fromkeys([*ALWAYS_COUNTED, *((cap.per, cap.period) for cap in self.caps)]))

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """Whom the rule pays, the friend first as he is told first."""
        return ("friend", "advocate") if self.to == "both" else (self.to,)


class Budget(Part):
    """An amount that can never be exceeded; of money, or of pieces in stock."""

    amount: Amount


class Limit(Part):
    """How many referrals may start from one value of a signal in one period."""

    signal: Shared
    count: Count
    period: Period = "ever"
    action: Literal["review", "refuse"] = "refuse"


class Protection(Part):
    """What happens when advocate and friend look like one person."""

    payment: Action = "refuse"
    device: Action = "review"
    address: Action = "allow"
    network: Action = "allow"
    limits: Annotated[tuple[Limit, ...], Field(max_length=8)] = ()


def _entries(limit: int = RULES_MAX) -> Any:
    return Field(default_factory=dict, max_length=limit)


class ProgramFile(Part):
    """A program file of the language version 1."""

    goodword: Annotated[Literal[1], BeforeValidator(_version)] = Field(description="the version of the language")
    program: Name = Field(description="the name of the program, unique in its tenant")
    currency: Annotated[str, AfterValidator(currency_code)] = Field(
        description="the one currency of the program, ISO 4217"
    )
    time_zone: Annotated[str, AfterValidator(zone_name)] = Field(
        description="the calendar of its periods and dates, IANA"
    )
    priority: int = Field(
        default=0,
        ge=-1000,
        le=1000,
        strict=True,
        description="who wins an order that two programs could pay for",
    )
    landing: Landing | None = Field(
        default=None, description="the page of the shop where friends arrive; the tenant's home page if not given"
    )
    economics: Economics | None = None
    fields: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], FieldDeclaration] = _entries()
    activities: Annotated[tuple[Name, ...], Field(max_length=RULES_MAX)] = ()
    audience: Audience = Audience()
    attribution: Attribution = Attribution()
    steps: dict[Name, Step] = Field(min_length=1, max_length=RULES_MAX)
    measures: dict[Name, Measure] = _entries()
    budgets: dict[Name, Budget] = _entries()
    rewards: dict[Name, Reward] = Field(min_length=1, max_length=RULES_MAX)
    protection: Protection = Protection()

    @model_validator(mode="after")
    def _holds_together(self) -> ProgramFile:
        problems = [*self._step_problems(), *self._audience_problems(), *self._reward_problems()]
        if problems:
            raise PlacedProblems(problems)
        return self

    def _step_problems(self) -> Iterator[tuple[str, str]]:
        names = list(self.steps)
        if CLAIMED in self.steps:
            yield f"steps.{CLAIMED}", "`claimed` is built in: name the step otherwise"
        for index, (name, step) in enumerate(self.steps.items()):
            if step.after is not None and step.after not in names[:index]:
                yield f"steps.{name}.after", f"`{step.after}` must stand before `{name}` in the file"

    def _audience_problems(self) -> Iterator[tuple[str, str]]:
        for side, conditions in (("advocate", self.audience.advocate), ("friend", self.audience.friend)):
            for condition in conditions:
                name = condition.attribute.name
                if condition.attribute.entity != side:
                    yield f"audience.{side}.{name}", f"`audience.{side}` looks at `{side}.…`, not at `{name}`"

    def _reward_problems(self) -> Iterator[tuple[str, str]]:
        for name, rule in self.rewards.items():
            step = self.steps.get(rule.when.step or "")
            if isinstance(rule.benefit.amount, PercentOf) and (step is None or step.event != "order"):
                yield f"rewards.{name}.benefit.amount", "a percentage of an order, and its step is not an order"

    @cached_property
    def converting(self) -> frozenset[str]:
        """The steps that convert a referral: those that say so, else the last."""
        named = frozenset(name for name, step in self.steps.items() if step.converts)
        return named or frozenset({list(self.steps)[-1]})

    @cached_property
    def window_ends_with(self) -> str:
        """The step that has to be reached inside the attribution window."""
        return self.attribution.until or next(name for name in self.steps if name in self.converting)

    @cached_property
    def steps_by_event(self) -> dict[tuple[str, str | None], tuple[tuple[str, Step], ...]]:
        """By kind of event, and name of activity, the steps that it can reach."""
        kinds = dict.fromkeys((step.event, step.activity) for step in self.steps.values())
        steps = self.steps.items()
        return {kind: tuple(item for item in steps if (item[1].event, item[1].activity) == kind) for kind in kinds}

    @cached_property
    def after_window(self) -> frozenset[str]:
        """The steps behind the one that ends the window: the window does not bind them."""
        names = list(self.steps)
        return frozenset(names[names.index(self.window_ends_with) + 1 :])

    @cached_property
    def rewards_by_step(self) -> dict[str, tuple[tuple[str, Reward], ...]]:
        """By step the rules that it grants."""
        rules = self.rewards.items()
        steps = dict.fromkeys(rule.when.step for rule in self.rewards.values() if rule.when.step)
        return {step: tuple(item for item in rules if item[1].when.step == step) for step in steps}

    @cached_property
    def zone(self) -> ZoneInfo:
        """Its calendar."""
        return ZoneInfo(self.time_zone)


NOT_YET = frozenset(
    [
        "target",
        "tiers",
        "contests",
        "groups",
        "compliance",
        "messages",
        "stacking",
        "stock",
        "points",
        "segments",
        "household",
    ]
)
"""Keys the language will have: refused by name until they run, never accepted and ignored."""
DEPTH_WORDS = re.compile(r"^(depth|levels?|upline|downline|multi_?level|generations?)$")
