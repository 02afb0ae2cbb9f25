"""How far somebody has come: to the next milestone, to a limit, to the next tier, to the goal of his group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodword.engine.grants import cap_base, dated, measure_key
from goodword.engine.tiers import tier_periods
from goodword.portal.mine import Mine
from goodword.program.duration import period_key
from goodword.program.loader import Program
from goodword.program.model import Cap, Reward
from goodword.program.quantity import Quantity
from goodword.program.triggers import EVERY_MAX, Measure
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, joined, number
from goodword.words.headline import benefit_text
from goodword.words.phrases import measured, own_word, reached


@dataclass(frozen=True, slots=True)
class Progress:
    """A bar: how far it is, in numbers and in words."""

    id: str
    label: str
    shown: str
    value: int
    most: int


def counter_keys(program: Program, participant: str, groups: frozenset[str], now_ms: int) -> set[str]:
    """The counters that the bars of somebody are read off."""
    keys = {
        measure_key(program.name, dated(name, measure, now_ms, program), owner)
        for name, measure in program.model.measures.items()
        for owner in (groups if measure.of == "group" else (participant,))
    }
    for name, rule in program.model.rewards.items():
        keys |= {key for _, key in _caps(program, name, rule, participant, now_ms)}
    ladder = program.model.tiers
    if ladder is not None:
        measure = program.model.measures[ladder.measure]
        labels = tier_periods(measure, now_ms, program)
        keys |= {measure_key(program.name, f"{ladder.measure}{label}", participant) for label in labels}
    return keys


def progress(mine: Mine, language: str) -> tuple[Progress, ...]:
    """The bars of somebody: goals first, then the next tier, then limits that he has begun to use."""
    return (*_goals(mine, language), *_tiers(mine, language), *_limits(mine, language))


def _goals(mine: Mine, language: str) -> Iterator[Progress]:
    groups = {handle.group for handle in mine.handles if handle.group}
    for name, measure in mine.program.model.measures.items():
        for owner in sorted(groups) if measure.of == "group" else (mine.participant.id,):
            key = measure_key(mine.program.name, dated(name, measure, mine.now_ms, mine.program), owner)
            bar = _goal(mine.program, name, measure, mine.counters.get(key, 0), language)
            if bar is not None:
                yield bar


def _goal(program: Program, name: str, measure: Measure, value: int, language: str) -> Progress | None:
    texts, rules = catalogue(language), program.model.rewards_by_measure.get(name, ())
    goals = sorted({goal for _, rule in rules if (goal := _next(rule, value)) is not None})
    if not goals:
        return None
    goal = goals[0]
    won = [benefit_text(rule.benefit, language) or "" for _, rule in rules if _next(rule, value) == goal]
    label = texts.text("progress.next", {"benefit": joined(list(filter(None, won)), language)})
    return Progress(f"goal-{name}", label, _of(program, measure, value, goal, language), value, goal)


def _next(rule: Reward, value: int) -> int | None:
    """The number at which a rule pays next, if it still does."""
    if rule.when.at is not None:
        return rule.when.at if value < rule.when.at else None
    if rule.when.multiple is None:
        return None
    times = value // rule.when.multiple + 1
    return times * rule.when.multiple if times <= (rule.when.up_to or EVERY_MAX) else None


def _tiers(mine: Mine, language: str) -> Iterator[Progress]:
    ladder = mine.program.model.tiers
    if ladder is None:
        return
    measure = mine.program.model.measures[ladder.measure]
    label = tier_periods(measure, mine.now_ms, mine.program)[0]
    key = measure_key(mine.program.name, f"{ladder.measure}{label}", mine.participant.id)
    value = mine.counters.get(key, 0)
    higher = [(tier, at) for tier, at in ladder.levels.items() if at > value]
    if higher:
        tier, at = higher[0]
        said = catalogue(language).text("progress.tier", {"tier": own_word("tier", tier, language)})
        yield Progress("tier", said, _of(mine.program, measure, value, at, language), value, at)


def _limits(mine: Mine, language: str) -> Iterator[Progress]:
    texts = catalogue(language)
    for name, rule in mine.program.model.rewards.items():
        for index, (cap, key) in enumerate(_caps(mine.program, name, rule, mine.participant.id, mine.now_ms)):
            used = mine.counters.get(key, 0)
            limit = cap.count or (cap.amount.amount if cap.amount else 0)
            if not used or not limit:
                continue
            unit = cap.amount.unit if cap.amount else None
            most = number(limit, language) if unit is None else amount(Quantity(limit, unit), language)
            shown = number(used, language) if unit is None else amount(Quantity(used, unit), language)
            said = texts.text("progress.of", {"value": shown, "most": most})
            yield Progress(f"limit-{name}-{index}", texts.text("progress.limit"), said, used, limit)


def _caps(program: Program, name: str, rule: Reward, participant: str, now_ms: int) -> Iterator[tuple[Cap, str]]:
    """The limits of a rule for one advocate, each with its counter; those of a window that moves along have many."""
    if "advocate" not in rule.sides:
        return
    for cap in rule.caps:
        if cap.per == "participant" and not isinstance(cap.period, int):
            period = period_key(now_ms, cap.period, program.model.zone)
            base = cap_base(program.name, name, "advocate", cap.per, participant, period)
            yield cap, f"{base}|{'n' if cap.count is not None else 'a'}"


def _of(program: Program, measure: Measure, value: int, most: int, language: str) -> str:
    """ "3 of 5 friends"; where money is summed, both as money."""
    texts = catalogue(language)
    spent = measure.sum == "orders"
    shown = amount(Quantity(value, program.model.currency), language) if spent else number(value, language)
    return texts.text("progress.of", {"value": shown, "most": reached(program.model, measure, most, language)})


def what_counts(program: Program, measure: str, language: str) -> str:
    """What a contest compares."""
    return measured(program.model, program.model.measures[measure], language)
