"""The headline of a program, made from its rules, so that what is promised and what is paid cannot differ."""

from __future__ import annotations

from datetime import date

from goodword.program.amounts import PercentOf, Schedule, largest
from goodword.program.benefits import AnyBenefit, Benefit, Options
from goodword.program.loader import Program
from goodword.program.model import Side
from goodword.program.quantity import Quantity
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, either, joined, number, percent


def headline(program: Program, language: str, on: date | None = None) -> str:
    """What the program promises: "Your friend gets 25% off, you get $20.00", spoken to the advocate.

    Amounts by date are those in force `on` that day; without a day, the largest is named as a limit.
    """
    texts = catalogue(language)
    sides: dict[Side, list[str]] = {"friend": [], "advocate": []}
    milestones: dict[int, list[str]] = {}
    for rule in program.model.rewards.values():
        text = benefit_text(rule.benefit, language, on)
        if text is None:
            continue
        if rule.when.at is not None:
            milestones.setdefault(rule.when.at, []).append(text)
            continue
        for side in rule.sides:
            sides[side].append(text)
    friend, advocate = (joined(sides[side], language) for side in ("friend", "advocate"))
    parts = []
    if friend and friend == advocate:
        parts.append(texts.text("headline.same", {"both": friend}))
    elif friend and advocate:
        parts.append(texts.text("headline.different", {"friend": friend, "advocate": advocate}))
    elif friend:
        parts.append(texts.text("headline.friend", {"friend": friend}))
    elif advocate:
        parts.append(texts.text("headline.advocate", {"advocate": advocate}))
    for at, benefits in sorted(milestones.items()):
        shown = {"at": number(at, language), "advocate": joined(benefits, language)}
        parts.append(texts.text("headline.milestone", shown, at))
    return texts.text("word.separator").join(parts)


def benefit_text(benefit: AnyBenefit, language: str, on: date | None = None) -> str | None:
    """What a reward consists of: "25% off", "$20.00", "3 coffees". None if nothing is in force that day."""
    if isinstance(benefit, Options):
        texts = [text for option in benefit.options.values() if (text := benefit_text(option, language, on))]
        return catalogue(language).text(f"benefit.{benefit.kind}", {"benefits": either(texts, language)})
    match benefit.amount:
        case None:
            return _share("benefit.percent_off", benefit.percent_off or 0, benefit.ceiling, language)
        case PercentOf(table=table, ceiling=ceiling) as share:
            key = "benefit.percent_of" if table is None else "benefit.percent_by_category"
            return _share(key, share.largest_percent, ceiling, language)
        case Schedule() as plan:
            return _scheduled(benefit, plan, language, on)
        case Quantity() as fixed:
            return _off(benefit, amount(fixed, language), language)
        case table:
            return _up_to(benefit, largest(table), language)


def _share(key: str, basis_points: int, ceiling: Quantity | None, language: str) -> str | None:
    shown = {"percent": percent(basis_points, language)}
    if ceiling is not None:
        shown["ceiling"] = amount(ceiling, language)
    return catalogue(language).fullest(key, shown, {})


def _scheduled(benefit: Benefit, plan: Schedule, language: str, on: date | None) -> str | None:
    if on is not None:
        in_force = [stage.amount for stage in plan.schedule if stage.since <= on]
        return _off(benefit, amount(in_force[-1], language), language) if in_force else None
    most = largest(plan)
    if most is not None and all(stage.amount == most for stage in plan.schedule):
        return _off(benefit, amount(most, language), language)
    return _up_to(benefit, most, language)


def _up_to(benefit: Benefit, most: Quantity | None, language: str) -> str | None:
    if most is None:
        return None
    shown = catalogue(language).text("benefit.up_to", {"amount": amount(most, language)})
    return _off(benefit, shown, language)


def _off(benefit: Benefit, shown: str, language: str) -> str:
    """A coupon lowers a price; everything else is received."""
    if benefit.kind != "coupon":
        return shown
    return catalogue(language).text("benefit.amount_off", {"amount": shown})
