"""Warnings before money is lost: what a valid program file risks.

The inequality behind `margin` is the self-referral-proof one: what both sides cost on the smallest qualifying order may
not be more than the margin of that order, so that the worst a cheat gets is a discount somebody has agreed to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodword.program.amounts import PercentOf, PerSpent, largest
from goodword.program.benefits import KINDS, Benefit
from goodword.program.loader import Program
from goodword.program.model import VISIT_PERIODS, ProgramFile, Reward, Step
from goodword.program.quantity import BASIS_POINTS, Quantity, divide, percent_of
from goodword.program.triggers import EVERY_MAX, Recurs
from goodword.program.values import CLAIMED

IN_A_YEAR: dict[Recurs, int] = {"month": 12, "year": 1}
"""How often what comes again comes before a year is over, the first time included."""


_FOR_A_YEAR = "; what comes again is counted for one year"


@dataclass(frozen=True, slots=True)
class LintWarning:
    """A risk of a program: its code, where it stands, and what to do."""

    code: str
    path: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.path}: {self.message} [{self.code}]"


def lint(program: Program) -> list[LintWarning]:
    """Every risk found in a program, in the order of the file."""
    found = [*_margin(program.model), *_groups(program.model), *_each_reward(program.model)]
    warnings = [LintWarning(code, path, program.place(path), message) for code, path, message in found]
    return sorted(warnings, key=lambda w: tuple(map(int, w.place.split(":"))))


Finding = tuple[str, str, str]


def _groups(model: ProgramFile) -> Iterator[Finding]:
    if model.groups is not None and all(measure.of != "group" for measure in model.measures.values()):
        yield "idle_groups", "groups", "no measure counts for groups: they change nothing"


def _each_reward(model: ProgramFile) -> Iterator[Finding]:
    for name, rule in model.rewards.items():
        path = f"rewards.{name}"
        when = rule.when
        # A number is reached once, a place is given once, and a tier is entered once in a period.
        counted = any(given is not None for given in (when.at, when.up_to, when.exchange, when.contest, when.tier))
        if not rule.caps and rule.budget is None and not counted and {"advocate", "owner"} & {*rule.sides}:
            who = "an advocate" if "advocate" in rule.sides else "an owner of groups"
            yield "no_cap", path, f"{who} may earn this without limit: add `caps` or a `budget`"
        if rule.when.visits and rule.budget is None:
            yield "visits_cost", path, _visits(rule)
        yield from _hold(model, path, rule)
        if any(_free_with_minimum(model, rule, benefit) for benefit in rule.benefits.values()):
            yield (
                "free_minimum",
                path,
                "something free that asks for a minimum spend is not free: say so in the terms",
            )
        if rule.kept and rule.kept.until is None and any(KINDS[b.kind].used != "never" for b in rule.benefits.values()):
            yield "kept_without_end", path, "what may have been used can be taken back for ever: add `kept.until`"
        if rule.when.recurs and rule.when.up_to is None:
            yield "again_without_end", path, "granted again and again without an end: add `up_to`"
        if rule.expires is None and any(benefit.kind == "coupon" for benefit in rule.benefits.values()):
            yield "no_expiry", path, "a coupon that never expires stays a liability: add `expires`"


def _visits(rule: Reward) -> str:
    """What clicks can cost, by the caps that the model asks for."""
    most = [
        f"{_worth(rule.benefits[''], cap.amount)} each {cap.period}"
        for cap in rule.caps
        if cap.per == "participant" and cap.amount and cap.period in VISIT_PERIODS
    ]
    return (
        f"each partner may earn {' and '.join(most)} by clicks, which are easy to make: a `budget` bounds all of them "
        "together"
    )


def _worth(benefit: Benefit, amount: Quantity) -> str:
    """An amount, with what it costs the business where it is no money."""
    if benefit.unit_cost is None:
        return str(amount)
    return f"{amount} ({Quantity(amount.amount * benefit.unit_cost.amount, benefit.unit_cost.unit)})"


def _hold(model: ProgramFile, path: str, rule: Reward) -> Iterator[Finding]:
    step = model.steps.get(rule.when.step or "") or _measured_step(model, rule)
    if step is None or step.event != "order":
        return
    if model.economics is None:
        if rule.hold == 0:
            yield "no_hold", path, "granted on an order and not held: goods may still come back"
    elif rule.hold < model.economics.return_window:
        yield "short_hold", path, "held shorter than the return window: goods may come back after it was paid"


def _measured_step(model: ProgramFile, rule: Reward) -> Step | None:
    measure = model.measures.get(rule.when.measure or "")
    return model.steps[measure.step] if measure and measure.step else None


def _free_with_minimum(model: ProgramFile, rule: Reward, benefit: Benefit) -> bool:
    if (benefit.percent_off == BASIS_POINTS or benefit.kind == "product") and benefit.minimum_order:
        return True
    step = model.steps.get(rule.when.step or "")
    return (
        benefit.kind in ("item", "product")
        and "friend" in rule.sides
        and step is not None
        and any(c.attribute.name == "order.total" and c.operator.name == "at_least" for c in step.where)
    )


def _margin(model: ProgramFile) -> Iterator[Finding]:
    economics = model.economics
    if economics is None:
        yield "no_economics", "program", "without `economics` nobody can say whether this program loses money"
        return
    order = economics.smallest_order
    margin = percent_of(order.amount, economics.margin, "down")
    rules = [rule for rule in model.rewards.values() if _per_referral(model, rule)]
    cost = sum(_times(rule) * max(_cost(b, order) for b in rule.benefits.values()) * len(rule.sides) for rule in rules)
    spent, yearly = Quantity(cost, model.currency), any(_times(rule) > 1 for rule in rules)
    for name, rule in model.rewards_for_everyone:
        path = f"rewards.{name}"
        if max(_cost(b, order) for b in rule.benefits.values()) > margin:
            yield "below_cost", path, "what everyone gets costs more than the margin of the smallest order"
    if cost > margin:
        kept = Quantity(margin, model.currency)
        message = f"both sides cost {spent} on the smallest order, whose margin is {kept}"
        yield "margin", "economics", message + (_FOR_A_YEAR if yearly else "")
    most = model.target.cost if model.target else None
    if most is not None and cost > most.amount:
        message = f"a new customer may cost {most}, and the rewards alone come to {spent} on the smallest order"
        yield "above_target", "target.cost", message + (_FOR_A_YEAR if yearly else "")


def _times(rule: Reward) -> int:
    """How often a referral can be granted it in its first year: the life that the margin of one order is held against."""
    return min(IN_A_YEAR[rule.when.recurs], rule.when.up_to or EVERY_MAX) if rule.when.recurs else 1


def _per_referral(model: ProgramFile, rule: Reward) -> bool:
    """Whether one qualifying order can cost this reward: milestones are spread over several."""
    each = model.measures.get(rule.when.each or "")
    if each is not None:
        return each.source == "referrals"
    return rule.when.step == CLAIMED or (rule.when.step is not None and rule.when.step in model.steps)


def _cost(benefit: Benefit, order: Quantity) -> int:
    """The most that one grant costs on `order`, in the program's currency; 0 where no cost is known."""
    if benefit.percent_off:
        discount = percent_of(order.amount, benefit.percent_off, "up")
        return min(discount, benefit.ceiling.amount) if benefit.ceiling else discount
    if isinstance(benefit.amount, PercentOf):
        share = percent_of(order.amount, benefit.amount.largest_percent, "up")
        share = max(share, benefit.amount.floor.amount if benefit.amount.floor else 0)
        return min(share, benefit.amount.ceiling.amount) if benefit.amount.ceiling else share
    most = largest(benefit.amount)
    if isinstance(benefit.amount, PerSpent):
        gained = divide(order.amount, benefit.amount.each.amount, "up") * benefit.amount.most.amount
        most = Quantity(min(gained, most.amount) if most else gained, benefit.amount.most.unit)
    if most is None:
        return 0
    if most.unit == order.unit:
        return most.amount
    return most.amount * benefit.unit_cost.amount if benefit.unit_cost else 0
