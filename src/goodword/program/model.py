"""The program file as a typed model: what each key means, and what it may hold.

Validation needs to know the file's own declarations (its currency, fields, steps, measures, budgets); the loader hands
them over as a `Declared` in the validation context, so that one pass reports every problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from goodword.program.amounts import OF_AN_ORDER
from goodword.program.asking import Asking
from goodword.program.benefits import KINDS, AnyBenefit, Benefit, Options
from goodword.program.contests import Contest, Tiers
from goodword.program.duration import DAY_MS, DURATION_PATTERN, Period, parse_duration
from goodword.program.expiry import AnyExpiry, Expiry
from goodword.program.groups import Groups
from goodword.program.keeping import Kept
from goodword.program.part import Part
from goodword.program.payouts import Payouts
from goodword.program.quantity import Quantity
from goodword.program.triggers import Measure, When
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

NTH_MAX = 8
"""Up to which event a step may count: the engine remembers so many that could reach it."""

NOTICE_MS = parse_duration("30 days")
NOTICE_MAX_MS = parse_duration("366 days")

Side = Literal["advocate", "friend", "owner", "group", "everyone"]
"""As what somebody is paid: as a side of a referral, as the owner or a member of a group, or as anybody at all."""
Evidence = Literal["code", "claim", "staff", "click"]
Shared = Literal["payment", "device", "address", "network"]
Action = Literal["allow", "review", "refuse"]
StepEvent = Literal["order", "sign_up", "activity"]

CapScope = tuple[Literal["participant", "program"], Period]
ALWAYS_COUNTED: tuple[CapScope, ...] = (("participant", "ever"), ("program", "ever"))
"""Counted for every rule, capped or not: a later version may set a cap, and what was granted before counts for it."""


def _version(raw: object) -> object:
    if type(raw) is not int or raw != 1:
        raise ValueError("this release reads version 1 of the language: write `goodword: 1`")
    return raw


class Economics(Part):
    """What the linter needs to know before it can say whether a program loses money."""

    margin: Percent = Field(description="what remains of an order after the cost of the goods")
    smallest_order: Money = Field(description="the smallest order that can qualify")
    return_window: Duration = Field(description="how long a customer may return goods")


class Target(Part):
    """What success is. It decides nothing: figures are measured against it, and the linter tells where rewards contradict it."""

    customers: Count | None = Field(default=None, description="how many new customers the program shall bring")
    cost: Money | None = Field(
        default=None, description="the most that a new customer may cost, rewards and other costs together"
    )
    by: date | None = Field(
        default=None, description="to the end of this day, in the program's time zone, it shall be reached"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Target:
        if self.customers is None and self.cost is None:
            raise ValueError("write `customers` or `cost`, or both: a date alone is no target")
        return self


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
    one_per: Literal["friend", "friend and group", "order"] = Field(
        default="friend",
        description="what one advocate holds: a friend, a friend for one group, or each order that comes with evidence of "
        "its own",
    )

    @property
    def per_order(self) -> bool:
        """Whether each order is a referral of its own."""
        return self.one_per == "order"

    @property
    def per_group(self) -> bool:
        """Whether a friend is held for one group alone, and may be won for others."""
        return self.one_per == "friend and group"

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
    nth: Annotated[int, Field(ge=2, le=NTH_MAX, strict=True)] | None = Field(
        default=None,
        description="reached by that many of such events: `nth: 3` is the third order; the first if not given",
    )
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


WINDOW_MAX = 92
"""How many days a window of a cap may have: each grant looks at that many before and after."""


VISIT_KINDS = ("commission", "credit", "cash", "points")
"""What a visit may pay."""
VISIT_PERIODS = ("day", "week", "month")
"""For how long, at most, what visits pay one partner is capped."""


def _cap_period(raw: object) -> object:
    if raw in get_args(Period):
        return raw
    try:
        days, rest = divmod(parse_duration(raw), DAY_MS)
    except ValueError:
        raise ValueError("write `day`, `week`, `month`, `year`, `ever`, or whole days such as `30 days`") from None
    if rest or not 2 <= days <= WINDOW_MAX:
        raise ValueError(f"a window that moves along has 2 to {WINDOW_MAX} whole days")
    return days


CapPeriod = Annotated[
    Period | int,
    BeforeValidator(_cap_period),
    WithJsonSchema({"anyOf": [{"enum": list(get_args(Period))}, {"type": "string", "pattern": DURATION_PATTERN}]}),
]


class Cap(Part):
    """A limit that counts live rewards of its rule: every state but cancelled, denied and reversed."""

    per: Literal["participant", "program"]
    period: CapPeriod = Field(
        default="ever", description="by the calendar, or any so many days in a row, such as `30 days`"
    )
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

    @property
    def days(self) -> int | None:
        """For a window that moves along: how many days it has."""
        return self.period if isinstance(self.period, int) else None

    @property
    def scope(self) -> CapScope:
        """What it is counted by: a window by its days."""
        return self.per, "day" if isinstance(self.period, int) else self.period


class Reward(Part):
    """A reward rule: when, to whom, what, and under which guards."""

    when: When
    to: Literal["advocate", "friend", "both", "owner", "group", "everyone"] = Field(
        description="a side of the referral or both, the owner or every member of the group whose measure it is, or "
        "everyone who is known on the day of `date`"
    )
    where: Where = Field(default=(), description="for a group or everyone: conditions on who of them is meant")
    later: bool = Field(
        default=False, description="for a group or everyone: whether those are given it too who come later"
    )
    benefit: AnyBenefit
    hold: Duration = Field(default=0, description="how long after the step the reward stays pending")
    caps: Annotated[tuple[Cap, ...], Field(max_length=8)] = ()
    budget: Annotated[str, reference("budget")] | None = None
    when_spent: Literal["refuse", "wait"] = Field(
        default="refuse", description="what becomes of a reward that its budget or stock does not hold now"
    )
    pay_when: Where = Field(default=(), description="conditions on the recipient that delay issuing until they hold")
    answer_within: Duration | None = Field(
        default=None, description="how long the recipient may take to choose or to answer what the benefit asks"
    )
    expires: AnyExpiry | None = Field(
        default=None, description="how long after issuing it may be used; with `notice`, somebody is told before"
    )
    kept: Kept | None = Field(default=None, description="conditions under which it is kept")
    taken_back: Literal["debt", "forgive"] = Field(
        default="debt", description="what happens to the part already used when the reward is taken back"
    )

    @model_validator(mode="after")
    def _holds_together(self, info: ValidationInfo) -> Reward:
        declared = declared_in(info)
        if self.when.exchange and self.to != "advocate":
            raise ValueError("what is bought goes to whoever buys it: write `to: advocate`")
        if self.when.exchange and any(benefit.unit == self.when.exchange.unit for benefit in self.benefits.values()):
            raise ValueError("it would buy what it is paid with")
        if (self.when.tier and self.to != "advocate") or (self.when.measure and self.to in ("friend", "both")):
            raise ValueError("a measure counts for the advocate: such a reward goes `to: advocate`")
        if not self.when.measure and self.to in ("owner", "group"):
            raise ValueError("a group is paid by a measure of groups: write `reaches`, or `each` for its owner")
        self._check_many()
        if self.when.visits:
            self._check_visits()
        for condition in self.pay_when:
            if condition.attribute.entity != "recipient":
                raise ValueError(f"`pay_when` looks at `recipient.…`, not at `{condition.attribute.name}`")
            if condition.attribute.type == "duration":
                raise ValueError(f"`{condition.attribute.name}` changes by itself: say with `hold` how long it waits")
            if condition.attribute.name == "recipient.referred":
                raise ValueError("`recipient.referred` is looked at in `where` only")
        if isinstance(self.benefit, Options) and self.benefit.kind == "mystery" and self.to != "advocate":
            raise ValueError("a mystery is for the advocate alone: a friend has to know what he gets")
        if self.when_spent == "wait" and (self.budget is None or self.chosen):
            raise ValueError("`when_spent: wait` goes with a `budget`, and not with a choice")
        asks = any(benefit.asks for benefit in self.benefits.values()) or self.chosen
        if self.answer_within is not None and not asks:
            raise ValueError("`answer_within` is for a benefit that asks something of its recipient")
        if self.chosen and self.answer_within is None:
            raise ValueError("a choice needs `answer_within`: how long it may take")
        if self.kept and self.when.step is None and any(c.attribute.entity == "friend" for c in self.kept.conditions):
            raise ValueError("`kept` looks at the friend of a referral: such a reward is granted by a `step`")
        for benefit in self.benefits.values():
            self._check_benefit(declared, benefit)
        return self

    def _check_many(self) -> None:
        many = self.to in ("group", "everyone")
        if self.to == "group" and self.when.at is None:
            raise ValueError("a whole group is given something when a measure `reaches` a number `at`")
        if (self.to == "everyone") != (self.when.date is not None and self.when.step is None):
            raise ValueError("a `date` alone goes `to: everyone`, and only that does")
        if not many and (self.where or self.later):
            raise ValueError("`where` and `later` are for what a group or everyone is given")
        if many and isinstance(self.benefit, Options):
            raise ValueError("a group or everyone is given one benefit")
        for condition in self.where:
            if condition.attribute.entity != "recipient":
                raise ValueError(f"`where` looks at `recipient.…`, not at `{condition.attribute.name}`")

    def _check_visits(self) -> None:
        if self.to != "advocate":
            raise ValueError("a visit is paid to whose link it followed: write `to: advocate`")
        benefit = self.benefit
        if isinstance(benefit, Options) or benefit.kind not in VISIT_KINDS or not isinstance(benefit.amount, Quantity):
            kinds = ", ".join(f"`{kind}`" for kind in VISIT_KINDS)
            raise ValueError(f"a visit pays one fixed amount: {kinds}, without a percentage, a table or a schedule")
        if not any(cap.per == "participant" and cap.amount and cap.period in VISIT_PERIODS for cap in self.caps):
            raise ValueError(
                "clicks are easy to make: what visits pay one partner needs a cap by `amount` for each `day`, `week` or "
                "`month`, such as `caps: [{per: participant, period: day, amount: 5.00 USD, partial: true}]`"
            )

    def _check_benefit(self, declared: Declared, benefit: Benefit) -> None:
        unit = declared.currency if benefit.unit == "money" else benefit.unit
        if (self.when.reaches or self.to == "everyone") and isinstance(benefit.amount, OF_AN_ORDER):
            raise ValueError("a share of an order needs an order; a milestone or a day has none")
        for cap in self.caps:
            if cap.amount and cap.amount.unit != unit:
                raise ValueError(f"a cap by amount is counted in the unit of the reward, {unit}")
        if self.budget is not None:
            self._check_budget(declared, benefit, unit)

    def _check_budget(self, declared: Declared, benefit: Benefit, unit: str) -> None:
        budget_unit = declared.budgets.get(self.budget or "")
        cost_unit = declared.currency if benefit.unit_cost or benefit.kind == "coupon" else unit
        if budget_unit and budget_unit not in (unit, cost_unit):
            raise ValueError(
                f"the budget is counted in {budget_unit}, the reward in {unit}; give the benefit a `unit_cost`"
            )
        share = benefit.amount if isinstance(benefit.amount, OF_AN_ORDER) else None
        if (share and share.ceiling is None) or (benefit.percent_off and benefit.ceiling is None):
            raise ValueError("a share out of a budget needs a `ceiling`: the most that must be set aside for it")

    @property
    def expires_after(self) -> int | None:
        """How long after issuing it may be used."""
        return self.expires.after if isinstance(self.expires, Expiry) else self.expires

    @property
    def notice(self) -> int | None:
        """How long before it expires a notice goes out."""
        return self.expires.notice if isinstance(self.expires, Expiry) else None

    @cached_property
    def benefits(self) -> dict[str, Benefit]:
        """What it may consist of: one benefit under the empty name, or each of several under its own."""
        if isinstance(self.benefit, Options):
            return dict(self.benefit.options)
        return {"": self.benefit}

    @property
    def chosen(self) -> bool:
        """Whether its recipient chooses."""
        return isinstance(self.benefit, Options) and self.benefit.kind == "choice"

    @cached_property
    def cap_scopes(self) -> tuple[CapScope, ...]:
        """Everything that grants of the rule are counted by."""
        return tuple(dict.fromkeys([*ALWAYS_COUNTED, *(cap.scope for cap in self.caps)]))

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
    household: Action = Field(
        default="allow",
        description="for a friend at whose address somebody else is a friend of this program or a customer already",
    )
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
    target: Target | None = None
    economics: Economics | None = None
    notice: Duration = Field(
        default=NOTICE_MS,
        le=NOTICE_MAX_MS,
        description="how long before a change that takes something away from advocates they are told of it",
    )
    fields: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], FieldDeclaration] = _entries()
    activities: Annotated[tuple[Name, ...], Field(max_length=RULES_MAX)] = ()
    moderated: Annotated[tuple[Annotated[str, reference("activity")], ...], Field(max_length=RULES_MAX)] = Field(
        default=(), description="activities that count only once staff have looked at them: a review, an unboxing"
    )
    audience: Audience = Audience()
    attribution: Attribution = Attribution()
    steps: dict[Name, Step] = Field(min_length=1, max_length=RULES_MAX)
    groups: Groups | None = Field(
        default=None, description="a family plan, a project, a team: people who are counted and rewarded together"
    )
    measures: dict[Name, Measure] = _entries()
    tiers: Tiers | None = None
    contests: dict[Name, Contest] = _entries()
    budgets: dict[Name, Budget] = _entries()
    payouts: Payouts | None = Field(
        default=None, description="how commissions are paid; the shop hands over each by itself if not given"
    )
    rewards: dict[Name, Reward] = Field(min_length=1, max_length=RULES_MAX)
    protection: Protection = Protection()
    ask: Asking | None = Field(
        default=None,
        description="when people are asked to invite friends, and how often; the settings hold if not given",
    )

    @model_validator(mode="after")
    def _holds_together(self) -> ProgramFile:
        problems = [
            *self._step_problems(),
            *self._per_order_problems(),
            *self._audience_problems(),
            *self._reward_problems(),
            *self._group_problems(),
            *self._circle_problems(),
            *self._contest_problems(),
            *self._exchange_problems(),
            *self._payout_problems(),
        ]
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

    def _per_order_problems(self) -> Iterator[tuple[str, str]]:
        """Where each order is a referral of its own, nothing can look at what else its buyer does."""
        if not self.attribution.per_order:
            return
        for name, step in self.steps.items():
            if step.event != "order":
                yield f"steps.{name}.event", "with `one_per: order`, every step is reached by the order itself"
            for key in ("after", "within", "nth"):
                if getattr(step, key) is not None:
                    yield (
                        f"steps.{name}.{key}",
                        "with `one_per: order` there is one order, and nothing before or after it",
                    )
        for name, rule in self.rewards.items():
            if rule.when.step == CLAIMED:
                yield f"rewards.{name}.when", "with `one_per: order` a referral begins with its order: name a step"

    def _audience_problems(self) -> Iterator[tuple[str, str]]:
        for side, conditions in (("advocate", self.audience.advocate), ("friend", self.audience.friend)):
            for condition in conditions:
                name = condition.attribute.name
                if condition.attribute.entity != side:
                    yield f"audience.{side}.{name}", f"`audience.{side}` looks at `{side}.…`, not at `{name}`"

    def _reward_problems(self) -> Iterator[tuple[str, str]]:
        for name, rule in self.rewards.items():
            step = self.steps.get(rule.when.step or "")
            measure = self.measures.get(rule.when.each or "")
            of_order = (step and step.event == "order") or (measure and measure.source == "orders")
            for option, benefit in rule.benefits.items():
                if isinstance(benefit.amount, OF_AN_ORDER) and not of_order:
                    path = f"benefit.options.{option}" if option else "benefit"
                    yield f"rewards.{name}.{path}.amount", "a share of an order, and its step is not an order"

    def _exchange_problems(self) -> Iterator[tuple[str, str]]:
        units = {
            benefit.unit
            for rule in self.rewards.values()
            for benefit in rule.benefits.values()
            if KINDS[benefit.kind].used == "events"
        }
        for name, rule in self.rewards.items():
            if rule.when.exchange and rule.when.exchange.unit not in units:
                message = f"no reward of this file gives {rule.when.exchange.unit} to be spent"
                yield f"rewards.{name}.when.exchange", f"{message}; {hint(rule.when.exchange.unit, sorted(units))}"

    def _payout_problems(self) -> Iterator[tuple[str, str]]:
        """What is paid out belongs to its account: it does not expire, is not chosen, and comes off the next payout."""
        if self.payouts is None:
            return
        paid = [name for name, rule in self.rewards.items() if self.pays_out(rule.benefits.values())]
        if not paid:
            yield "payouts", "no reward of this file is a `commission`: there is nothing to pay out"
        for name in paid:
            rule = self.rewards[name]
            if isinstance(rule.benefit, Options):
                yield f"rewards.{name}.benefit", "what is paid out is no choice and no mystery"
            if rule.expires is not None:
                yield f"rewards.{name}.expires", "what stands on a partner's account does not expire"
            if rule.taken_back == "forgive":
                yield f"rewards.{name}.taken_back", "what is taken back after a payout comes off the next one"

    def pays_out(self, benefits: Iterable[Benefit]) -> bool:
        """Whether one of these is collected for a payout."""
        return self.payouts is not None and any(benefit.kind == "commission" for benefit in benefits)

    def _group_problems(self) -> Iterator[tuple[str, str]]:
        if self.attribution.per_group and self.groups is None:
            yield "attribution.one_per", "this program has no `groups`"
        for name, measure in self.measures.items():
            if measure.of == "group" and self.groups is None:
                yield f"measures.{name}.of", "this program has no `groups`"
        for name, rule in self.rewards.items():
            counted = self.measures.get(rule.when.measure or "")
            if counted is not None and (counted.of == "group") != (rule.to in ("owner", "group")):
                payee = "owner` or `to: group" if counted.of == "group" else "advocate"
                yield f"rewards.{name}.to", f"`{rule.when.measure}` counts for each {counted.of}: write `to: {payee}`"
            elif counted is not None and rule.to == "group" and counted.period != "ever":
                yield f"rewards.{name}.to", "a group is given something once: its measure has no `period`"

    def _circle_problems(self) -> Iterator[tuple[str, str]]:
        """A reward that feeds the measure it is granted for would grant itself for ever."""
        feeds: dict[str, set[str]] = {}
        for rule in self.rewards.values():
            units = {benefit.unit for benefit in rule.benefits.values()}
            fed = {name for name, m in self.measures.items() if m.source == "rewards" and m.unit in units}
            feeds.setdefault(rule.when.measure or "", set()).update(fed)
        for name, rule in self.rewards.items():
            units = {benefit.unit for benefit in rule.benefits.values()}
            reached = {
                m for m, measure in self.measures.items() if measure.source == "rewards" and measure.unit in units
            }
            while more := {after for measure in reached for after in feeds.get(measure, ())} - reached:
                reached |= more
            if rule.when.measure in reached:
                yield f"rewards.{name}.when", f"it would grant itself: it feeds the measure `{rule.when.measure}`"

    def _contest_problems(self) -> Iterator[tuple[str, str]]:
        for name, contest in self.contests.items():
            measure = self.measures.get(contest.measure)
            if contest.entrant == "referral" and measure and measure.source != "referrals":
                yield f"contests.{name}.measure", "its entrants are referrals: its measure has to count referrals"
        for name, rule in self.rewards.items():
            of_contest = self.contests.get(rule.when.contest or "")
            if of_contest and of_contest.entrant == "advocate" and rule.to != "advocate":
                yield f"rewards.{name}.to", "an advocate wins this contest: such a reward goes `to: advocate`"

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
    def measures_of(self) -> dict[str, tuple[tuple[str, Measure], ...]]:
        """By what they look at, the measures."""
        rows = self.measures.items()
        return {
            source: tuple(row for row in rows if row[1].source == source)
            for source in ("referrals", "orders", "activities", "members", "rewards")
        }

    @cached_property
    def rewards_by_measure(self) -> dict[str, tuple[tuple[str, Reward], ...]]:
        """By measure the rules that look at it."""
        rules = self.rewards.items()
        names = dict.fromkeys(rule.when.measure for rule in self.rewards.values() if rule.when.measure)
        return {name: tuple(item for item in rules if item[1].when.measure == name) for name in names}

    @cached_property
    def rewards_by_contest(self) -> dict[str, tuple[tuple[str, Reward], ...]]:
        """By contest the rules that its places win."""
        rules = self.rewards.items()
        return {name: tuple(item for item in rules if item[1].when.contest == name) for name in self.contests}

    def places_of(self, contest: str) -> int:
        """How many places of a contest win something."""
        return max((rule.when.places[1] for _, rule in self.rewards_by_contest[contest] if rule.when.places), default=0)

    @cached_property
    def rewards_for_everyone(self) -> tuple[tuple[str, Reward], ...]:
        """The rules that give something to everyone on a day."""
        return tuple((name, rule) for name, rule in self.rewards.items() if rule.to == "everyone")

    @cached_property
    def rewards_for_latecomers(self) -> tuple[tuple[str, Reward], ...]:
        """Those of them that who comes later on the day gets as well."""
        return tuple((name, rule) for name, rule in self.rewards_for_everyone if rule.later)

    @cached_property
    def rewards_for_visits(self) -> tuple[str, ...]:
        """The rules that pay for each visit."""
        return tuple(name for name, rule in self.rewards.items() if rule.when.visits)

    @cached_property
    def for_partners(self) -> bool:
        """Whether its advocates are partners who advertise: paid by commissions or payouts, for single orders or visits."""
        benefits = (benefit for rule in self.rewards.values() for benefit in rule.benefits.values())
        by_order_or_visit = self.attribution.per_order or bool(self.rewards_for_visits)
        return by_order_or_visit or self.payouts is not None or any(one.kind == "commission" for one in benefits)

    @cached_property
    def rewards_for_groups(self) -> tuple[str, ...]:
        """The rules that give something to every member of a group."""
        return tuple(name for name, rule in self.rewards.items() if rule.to == "group")

    @cached_property
    def pools(self) -> frozenset[str]:
        """The pools of imported codes that its rewards are taken from."""
        benefits = (benefit for rule in self.rewards.values() for benefit in rule.benefits.values())
        return frozenset(benefit.pool for benefit in benefits if benefit.pool)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Its calendar."""
        return ZoneInfo(self.time_zone)


NOT_YET = frozenset(
    [
        "compliance",
        "messages",
        "stacking",
    ]
)
"""Keys the language will have: refused by name until they run, never accepted and ignored."""
WRITTEN_AS = {
    "stock": "a stock is a budget counted in pieces: `budgets: {roadsters: {amount: 5 roadster}}`, and `budget: roadsters` "
    "in the reward",
    "points": "points are a benefit, `{kind: points, amount: 100 points}`, and are spent by `when: {exchange: 100 points}`",
    "segments": "a segment is a field of the person: declare it under `fields`, and look at it in `audience`, in `where` "
    "or in the `table` of an amount",
}
"""Keys somebody may look for whose idea is written otherwise: what to write."""
DEPTH_WORDS = re.compile(r"^(depth|levels?|upline|downline|multi_?level|generations?)$")
