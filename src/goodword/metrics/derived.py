"""Figures that are made of other figures: what a new customer costs, what comes back of it, and how far a goal is reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from goodword.metrics.definitions import METRICS
from goodword.metrics.figure import ALL, Figure, Number
from goodword.metrics.verdicts import SAMPLE_MIN, Facts, verdicts

Others = Mapping[tuple[str, str], list[Figure]]
"""Figures by metric and period, without a dimension."""


class Goal(Struct, frozen=True):
    """How many new customers a program aims at, and until when."""

    customers: int
    by: date | None = None
    won: int | None = None
    """How many came by the end of that day; None where there is none."""


class Inputs(Struct, frozen=True):
    """What is known beside the facts."""

    currency: str
    margin_known: bool
    """Whether the program says what is left of an order."""
    costs: dict[str, dict[str, int]]
    """By period and currency, what was entered beside rewards."""
    target: Goal | None = None


def derive(names: Iterable[str], periods: Iterable[str], found: Iterable[Figure], inputs: Inputs) -> list[Figure]:
    """The derived figures of these names, for each period."""
    others: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for figure in found:
        if figure.dimension is None:
            others[figure.metric, figure.period].append(figure)
    made: list[Figure] = []
    for period in periods:
        for name in names:
            figures = _MAKERS[name](period, others, inputs)
            others[name, period] = figures
            made += figures
    return made


def _other_cost(period: str, others: Others, inputs: Inputs) -> list[Figure]:
    costs = inputs.costs.get(period) or {inputs.currency: 0}
    return [_figure("other_cost", period, currency, amount) for currency, amount in sorted(costs.items())]


def _program_cost(period: str, others: Others, inputs: Inputs) -> list[Figure]:
    total = _by_unit(others["reward_cost", period])
    for currency, amount in _by_unit(others["other_cost", period]).items():
        total[currency] = total.get(currency, 0) + amount
    return [
        replace(
            _figure("program_cost", period, currency, amount),
            warnings=verdicts(Facts(part_of_cost=_in_part(total, currency, period, others))),
        )
        for currency, amount in sorted(total.items())
    ]


def _acquisition_cost(name: str, cost: str) -> Callable[[str, Others, Inputs], list[Figure]]:
    def made(period: str, others: Others, inputs: Inputs) -> list[Figure]:
        won = int(_value(others["new_customers", period]) or 0)
        figures = []
        costs = _by_unit(others[cost, period])
        for currency, amount in sorted(costs.items()):
            value = round(amount / won) if won else None
            facts = Facts(denominator=won, part_of_cost=_in_part(costs, currency, period, others))
            figure = Figure(
                name, period, currency, value, numerator=int(amount), denominator=won, version=METRICS[name].version,
                warnings=verdicts(facts),
            )  # fmt: skip
            figures.append(figure)
        return figures

    return made


def _return_on_investment(period: str, others: Others, inputs: Inputs) -> list[Figure]:
    costs = _by_unit(others["program_cost", period])
    cost, part = costs.get(inputs.currency, 0), _in_part(costs, inputs.currency, period, others)
    margin = _by_unit(others["referred_margin", period]).get(inputs.currency)
    known = inputs.margin_known and not _elsewhere(costs, inputs.currency)
    value = (margin - cost) / cost if known and margin is not None and cost else None
    won = int(_value(others["new_customers", period]) or 0)
    more: dict[str, Number | None] = {"margin": margin, "cost": cost, "new_customers": won}
    warnings = verdicts(Facts(denominator=won if cost else 0, part_of_cost=part))
    return [Figure("return_on_investment", period, "share", value, more=more, warnings=warnings)]


def _payback_days(period: str, others: Others, inputs: Inputs) -> list[Figure]:
    """Ages that fewer than `SAMPLE_MIN` customers were watched through say nothing: the first ones to come are not the others."""
    costs = _by_unit(others["program_cost", period])
    part = _in_part(costs, inputs.currency, period, others)
    cost = _value(_in(others["acquisition_cost", period], inputs.currency))
    if _elsewhere(costs, inputs.currency) or (part and not cost):
        cost = None  # what it came to is not known at all
    curve = others["value_curve", period][0] if others["value_curve", period] else None
    value: int | None = None
    people = 0
    if inputs.margin_known and cost is not None and curve is not None:
        for age in range(1, 1 + len(curve.more) // 2):
            watched = int(curve.more[f"customers_{age}"] or 0)
            if watched < SAMPLE_MIN and age > 1:
                break
            people = watched
            if (curve.more[f"month_{age}"] or 0) >= cost:
                value = 30 * age
                break
    warnings = verdicts(Facts(denominator=people, part_of_cost=part))
    return [Figure("payback_days", period, "days", value, denominator=people, warnings=warnings)]


def _in_part(costs: Mapping[str, Number], currency: str, period: str, others: Others) -> bool:
    """Whether some of a cost is not in what stands in one currency: rewards of which nobody knows what they cost are in none."""
    return _elsewhere(costs, currency) or bool(_value(others["unpriced_rewards", period]))


def _elsewhere(costs: Mapping[str, Number], currency: str) -> bool:
    """Whether some of the cost is in another currency: what comes back cannot be compared with all of it then."""
    return any(amount and unit != currency for unit, amount in costs.items())


def _in(figures: Iterable[Figure], unit: str) -> list[Figure]:
    return [one for one in figures if one.unit == unit]


def _target_customers(period: str, others: Others, inputs: Inputs) -> list[Figure]:
    """Who came after the day of the goal came too late for it."""
    goal = inputs.target
    if goal is None or period != ALL:
        return []
    won = int(_value(others["new_customers", period]) or 0) if goal.won is None else goal.won
    more: dict[str, Number | None] = {"by_day": int(f"{goal.by:%Y%m%d}")} if goal.by is not None else {}
    return [
        Figure(
            "target_customers", period, "share", won / goal.customers,
            numerator=won, denominator=goal.customers, more=more, version=METRICS["target_customers"].version,
        )
    ]  # fmt: skip


_MAKERS: dict[str, Callable[[str, Others, Inputs], list[Figure]]] = {
    "other_cost": _other_cost,
    "program_cost": _program_cost,
    "acquisition_cost": _acquisition_cost("acquisition_cost", "program_cost"),
    "acquisition_cost_rewards": _acquisition_cost("acquisition_cost_rewards", "reward_cost"),
    "return_on_investment": _return_on_investment,
    "payback_days": _payback_days,
    "target_customers": _target_customers,
}


def _figure(name: str, period: str, unit: str, value: Number) -> Figure:
    return Figure(name, period, unit, int(value), version=METRICS[name].version)


def _by_unit(figures: Iterable[Figure]) -> dict[str, Number]:
    return {one.unit: one.value for one in figures if one.value is not None}


def _value(figures: Iterable[Figure]) -> Number | None:
    return next((one.value for one in figures), None)
