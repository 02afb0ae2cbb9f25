"""Phrases of which instructions and terms are made: what happens, under which conditions, how much, for how long.

What happens is a noun phrase in every language ("signing up", «إنشاء حساب»), so that it fits after a preposition, after a
colon and in an enumeration, whoever it is that does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location

from goodword.program.conditions import Attribute, Condition, Entity, Value
from goodword.program.duration import DAY_MS, SECOND_MS
from goodword.program.model import ProgramFile, Step
from goodword.program.quantity import Quantity
from goodword.program.triggers import Measure
from goodword.program.values import CLAIMED
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, either, isolate, number
from goodword.words.sentences import attribute_label

_HOUR_MS: Final = 3600 * SECOND_MS
_MINUTE_MS: Final = 60 * SECOND_MS


def own_word(kind: str, name: str, language: str) -> str:
    """The words for a name that a program file made up; the name itself, apart from the text, where there are none."""
    return catalogue(language).word(f"{kind}.{name}") or isolate(name.replace("_", " "), language)


def duration(length_ms: int, language: str) -> str:
    """A length of time as people say it: "45 days", "36 hours"."""
    for unit, size in (("day", DAY_MS), ("hour", _HOUR_MS)):
        if length_ms % size == 0:
            return amount(Quantity(length_ms // size, unit), language)
    return amount(Quantity(length_ms // _MINUTE_MS, "minute"), language)


def place(zone: ZoneInfo, language: str) -> str:
    """The town after which a calendar is named."""
    town = get_timezone_location(zone, locale=catalogue(language).locale, return_city=True)
    return isolate(town, language)


# conditions -----------------------------------------------------------------------------------------------------------


def conditions(where: Sequence[Condition], language: str, of: Entity) -> str:
    """Everything that has to hold, in one phrase; of whom is said where it is another person than `of`."""
    said = []
    for one in where:
        text = _condition(one, language)
        if one.attribute.entity in ("friend", "advocate") and one.attribute.entity != of:
            text = _of_whom(text, one.attribute.entity, language)
        said.append(text)
    return catalogue(language).text("word.separator").join(said)


def segment(attribute: Attribute, language: str) -> str:
    """What a table reads, and of whom: "card (advocate)"."""
    text = _label(attribute, language)
    return text if attribute.entity == "recipient" else _of_whom(text, attribute.entity, language)


def _of_whom(text: str, entity: str, language: str) -> str:
    texts = catalogue(language)
    return texts.text("meets.of", {"condition": text, "person": texts.text(f"side.{entity}")})


def _label(attribute: Attribute, language: str) -> str:
    return catalogue(language).word(f"short.{attribute.key}") or attribute_label(attribute.name, language)


def _condition(one: Condition, language: str) -> str:
    """What one condition asks for: "new customers only", "country: Canada or United States"."""
    texts = catalogue(language)
    if isinstance(one.operand, bool):
        wanted = one.operand if one.operator.name == "is" else not one.operand
        said = texts.word(f"meets.{one.attribute.key}.{'yes' if wanted else 'no'}")
        if said is not None:
            return said
    operands = one.operand if isinstance(one.operand, tuple) else (one.operand,)
    shown = {
        "attribute": _label(one.attribute, language),
        "expected": either([_operand(one, value, language) for value in operands], language),
    }
    return texts.text(f"meets.{one.operator.name}", shown)


def _operand(one: Condition, value: Value, language: str) -> str:
    match value:
        case Quantity():
            return amount(value, language)
        case bool():
            return catalogue(language).text("word.yes" if value else "word.no")
        case int():
            return duration(value, language) if one.attribute.type == "duration" else number(value, language)
    names = {"country": "territories", "language": "languages"}.get(one.attribute.key)
    known = getattr(catalogue(language).locale, names).get(value) if names else None
    return known or own_word("tier" if one.attribute.key == "tier" else "named", value, language)


# what happens ---------------------------------------------------------------------------------------------------------


def happening(model: ProgramFile, name: str, language: str) -> str:
    """What has to happen for a step: "an order of at least $60.00", "installing the app"."""
    if name == CLAIMED:
        return catalogue(language).text("step.claimed")
    step = model.steps[name]
    texts = catalogue(language)
    said = _event(step, language)
    if step.nth:
        said = texts.text("what.times", {"what": said, "times": amount(Quantity(step.nth, "time"), language)})
    return said


def _event(step: Step, language: str) -> str:
    what = own_word("activity", step.activity, language) if step.activity else _built_in(step.event, language)
    return _where(what, step.where, language)


def _built_in(event: str, language: str) -> str:
    return catalogue(language).text(f"what.{event}")


def _where(what: str, where: Sequence[Condition], language: str) -> str:
    """What happens with its conditions; the smallest order is said without brackets."""
    texts = catalogue(language)
    rest = list(where)
    for one in where:
        if (
            one.attribute.name == "order.total"
            and one.operator.name == "at_least"
            and isinstance(one.operand, Quantity)
        ):
            what = texts.text("what.at_least", {"what": what, "least": amount(one.operand, language)})
            rest.remove(one)
            break
    return (
        texts.text("what.where", {"what": what, "conditions": conditions(rest, language, "friend")}) if rest else what
    )


def in_turn(happenings: Sequence[str], language: str) -> str:
    """One after the other: "signing up, then installing the app"."""
    said = happenings[0]
    for following in happenings[1:]:
        said = catalogue(language).text("what.then", {"first": said, "next": following})
    return said


def undoing(model: ProgramFile, word: str, language: str) -> str:
    """What undoes a step: a change of its order, or an activity."""
    texts = catalogue(language)
    if word in ("refund", "cancel", "chargeback"):
        return texts.text(f"undone.{word}")
    what = own_word("activity", word, language)
    return texts.text("what.moderated", {"what": what}) if word in model.moderated else what


# what is measured -----------------------------------------------------------------------------------------------------


def measured(model: ProgramFile, measure: Measure, language: str) -> str:
    """What a measure counts or sums: "friends for whom this stands: an order"."""
    texts = catalogue(language)
    match measure.source:
        case "members":
            return texts.text("measured.members")
        case "referrals":
            return texts.text("measured.referrals", {"what": happening(model, measure.step or "", language)})
        case "activities":
            what = own_word("activity", measure.activity or "", language)
            return texts.text("measured.activities", {"what": _where(what, measure.where, language)})
        case "orders":
            key = "measured.spending" if measure.sum else "measured.orders"
            return _where(texts.text(key), measure.where, language)
        case _:
            return texts.text("measured.rewards", {"unit": unit_name(measure.unit or "", language)})


def reached(model: ProgramFile, measure: Measure, count: int, language: str) -> str:
    """A value of a measure: "5 friends", "orders worth $50.00", "100 points"."""
    if measure.sum == "orders":
        return catalogue(language).text(
            "reached.spending", {"amount": amount(Quantity(count, model.currency), language)}
        )
    units = {"referrals": "friend", "activities": "time", "orders": "order", "members": "member"}
    return amount(Quantity(count, units.get(measure.source) or measure.unit or ""), language)


def unit_name(unit: str, language: str) -> str:
    """What a unit is called where nothing is counted: the plural of its noun, without the number."""
    return own_word("units", unit.removeprefix("sku:"), language)
