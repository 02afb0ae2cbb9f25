"""The headline of a program, made from its rules, so that what is promised and what is paid cannot differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from goodword.program.amounts import PercentOf, PerSpent, Schedule, largest
from goodword.program.benefits import AnyBenefit, Benefit, Options
from goodword.program.loader import Program
from goodword.program.model import ProgramFile, Reward, Side
from goodword.program.quantity import Quantity
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, either, joined, number, percent
from goodword.words.phrases import measured, own_word, reached


def headline(program: Program, language: str, on: date | None = None) -> str:
    """What the program promises: "Your friend gets 25% off, you get $20.00", spoken to the advocate.

    Amounts by date are those in force `on` that day; without a day, the largest is named as a limit.
    """
    return promise(program, language, on, program.model.rewards)


Occasion = tuple[str, int | None, date | None]
"""A text of the catalogue, with the number and the day that it names."""


@dataclass(slots=True)
class _Said:
    """What rules promise, sorted by how it is said."""

    sides: dict[Side, list[str]] = field(default_factory=lambda: {"friend": [], "advocate": []})
    milestones: dict[tuple[int, bool], list[str]] = field(default_factory=dict)
    tiers: dict[str, list[str]] = field(default_factory=dict)
    prizes: list[str] = field(default_factory=list)
    others: dict[Occasion, list[str]] = field(default_factory=dict)
    own: list[tuple[str, str]] = field(default_factory=list)


def simple_sides(program: Program, language: str, on: date | None = None) -> dict[Side, list[str]]:
    """What one referral brings to each side: "25% off", "$20.00"; not what several friends, games and dates bring."""
    said = _Said()
    for rule in program.model.rewards.values():
        text = benefit_text(rule.benefit, language, on)
        if text is not None and rule.when.step is not None and not rule.when.recurs:
            _sort(program, rule, text, said, language)
    return said.sides


def promise(program: Program, language: str, on: date | None, rules: Mapping[str, Reward]) -> str:
    """What some rules of a program promise."""
    texts, said = catalogue(language), _Said()
    for rule in rules.values():
        text = benefit_text(rule.benefit, language, on)
        if text is None or rule.when.exchange is not None:
            continue
        if rule.when.recurs:
            text = texts.text(f"benefit.every_{rule.when.recurs}", {"benefit": text})
        _sort(program, rule, text, said, language)
    parts = [text for text in (_both_sides(said.sides, language),) if text]
    for (at, again), benefits in sorted(said.milestones.items()):
        shown = {"at": number(at, language), "advocate": joined(benefits, language)}
        parts.append(texts.text("headline.every" if again else "headline.milestone", shown, at))
    for (key, figure, day), benefits in said.others.items():
        given = {"benefits": joined(benefits, language)}
        if figure is not None:
            given["at"] = number(figure, language)
        if day is not None:
            given["date"] = calendar_day(day, language)
        parts.append(texts.text(f"headline.{key}", given))
    for tier, benefits in said.tiers.items():
        shown = {"tier": own_word("tier", tier, language), "advocate": joined(benefits, language)}
        parts.append(texts.text("headline.tier", shown))
    if said.prizes:
        parts.append(texts.text("headline.to_win", {"advocate": joined(list(dict.fromkeys(said.prizes)), language)}))
    own = [texts.text("headline.own", {"what": what, "advocate": text}) for what, text in said.own]
    return texts.text("word.separator").join(parts or own)


def _sort(program: Program, rule: Reward, text: str, said: _Said, language: str) -> None:
    when = rule.when
    if when.contest is not None:
        said.prizes.append(text)
    elif when.tier is not None:
        said.tiers.setdefault(when.tier, []).append(text)
    elif (occasion := _occasion(program.model, rule)) is not None:
        said.others.setdefault(occasion, []).append(text)
    elif not _for_referrals(program, rule):
        said.own.append((_own_doing(program, rule, language), text))
    elif when.at is not None:
        said.milestones.setdefault((when.at, False), []).append(text)
    elif when.multiple is not None:
        said.milestones.setdefault((when.multiple, when.multiple > 1), []).append(text)
    else:
        for side in rule.sides:
            said.sides[side].append(text)


def _occasion(model: ProgramFile, rule: Reward) -> Occasion | None:
    """What a rule has to do with a group, a day or a visit: the text that says it, with its number and its day."""
    when = rule.when
    if rule.to == "everyone":
        return f"everyone{_meant(rule)}", None, when.date
    if when.visits is not None:
        return "visit", None, None
    if when.date is not None:
        return f"day_{rule.to}", None, when.date
    if rule.to == "group":
        return ("group_some_at" if rule.where else "group_at"), when.at, None
    if rule.to != "owner":
        return None
    if when.each is not None:
        return ("owner_member" if model.measures[when.each].source == "members" else "owner_friend"), None, None
    return ("owner_at", when.at, None) if when.at is not None else ("owner_every", when.multiple, None)


def _meant(rule: Reward) -> str:
    """Who of everyone is meant."""
    if not rule.where:
        return ""
    condition = rule.where[0]
    if len(rule.where) > 1 or (condition.attribute.name, condition.operator.name) != ("recipient.referred", "is"):
        return "_some"
    return "_referred" if condition.operand is True else "_unreferred"


def _for_referrals(program: Program, rule: Reward) -> bool:
    """Whether a rule pays for referrals. What advocates earn by their own doing is no part of the promise to both."""
    measure = program.model.measures.get(rule.when.measure or "")
    return measure is None or measure.source == "referrals"


def _own_doing(program: Program, rule: Reward, language: str) -> str:
    """What advocates do themselves, where a program pays for nothing else."""
    measure = program.model.measures[rule.when.measure or ""]
    count = rule.when.multiple or rule.when.at
    return reached(program.model, measure, count, language) if count else measured(program.model, measure, language)


def _both_sides(sides: Mapping[Side, list[str]], language: str) -> str | None:
    texts = catalogue(language)
    friend, advocate = (joined(sides[side], language) for side in ("friend", "advocate"))
    if friend and friend == advocate:
        return texts.text("headline.same", {"both": friend})
    if friend and advocate:
        return texts.text("headline.different", {"friend": friend, "advocate": advocate})
    if friend:
        return texts.text("headline.friend", {"friend": friend})
    return texts.text("headline.advocate", {"advocate": advocate}) if advocate else None


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
        case PerSpent() as share:
            return _per_spent(share, language)
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


def _per_spent(share: PerSpent, language: str) -> str | None:
    shown = {"amount": amount(share.most, language), "each": amount(share.each, language)}
    if share.ceiling is not None:
        shown["ceiling"] = amount(share.ceiling, language)
    key = "benefit.per_spent" if share.table is None else "benefit.per_spent_by_category"
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
    """A coupon lowers a price, a donation is given to somebody else; everything else is received."""
    key = {"coupon": "benefit.amount_off", "donation": "benefit.donation"}.get(benefit.kind)
    return shown if key is None else catalogue(language).text(key, {"amount": shown})
