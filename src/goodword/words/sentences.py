"""Sentences: a reason as a person reads it, and the lines that `goodword explain` prints around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, tzinfo

from goodword.engine.reasons import Amount, Reason, ReasonValue
from goodword.program.quantity import Quantity
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, isolate, moment, number

_ON_PROGRAMS = ("pause", "resume", "end", "withdraw")
_STATES = ("status.referral", "status.reward", "status.order", "status.code", "moderation", "action")


def sentence(reason: Reason, language: str, zone: tzinfo = UTC) -> str:
    """Why something was decided, in one sentence. Values that are missing make it shorter.

    Times are shown in `zone`, which should be the program's. A reason without a text is shown by its code.
    """
    shown = _shown(reason, language, zone)
    condition = _condition(reason, shown, language)
    if condition is not None:
        shown["condition"] = condition
    text = catalogue(language).fullest(f"reason.{reason.code}", shown, _counts(reason))
    return isolate(reason.code, language) if text is None else text


def values(reason: Reason, language: str, zone: tzinfo = UTC) -> list[tuple[str, str]]:
    """On which values it was decided: each with its label, in the order in which the decision named them."""
    texts = catalogue(language)
    shown = _shown(reason, language, zone)
    return [
        (texts.word(f"value.{name}") or isolate(name, language), shown[name]) for name in reason.values if name in shown
    ]


def rule_at(reason: Reason, language: str) -> str | None:
    """By which rule at which place of which version of the program file; None where no rule said so."""
    if reason.rule is None:
        return None
    return catalogue(language).fullest("explain.rule_at", _shown(reason, language, UTC), {})


def phrase(key: str, language: str, **given: str | int | Quantity) -> str:
    """A text of the catalogue, such as ``explain.event``, with its values: names as text, sums as `Quantity`.

    Raises:
        KeyError: the catalogue has no such text, or it needs a value that was not given.
    """
    return catalogue(language).text(key, {name: _plain(value, language) for name, value in given.items()})


def term(kind: str, word: str, language: str) -> str:
    """The word for a state, side or kind, as in ``term("side", "friend", "ro")``; else the word itself."""
    return catalogue(language).word(f"{kind}.{word}") or isolate(word, language)


def attribute_label(name: str, language: str) -> str:
    """What a condition looks at; a field that a program declares goes by its own name where the catalogues have none."""
    texts, key = catalogue(language), name.partition(".")[2] or name
    return texts.word(f"attribute.{name}") or texts.word(f"field.{key}") or isolate(key, language)


def _counts(reason: Reason) -> dict[str, int]:
    return {n: v for n, v in reason.values.items() if isinstance(v, int) and not isinstance(v, bool)}


def _given(reason: Reason) -> Iterator[tuple[str, ReasonValue]]:
    """What a sentence may name: where the reason stands, and its values. An empty text says nothing."""
    for name in ("program", "version", "rule", "place", "referral", "reward"):
        value = getattr(reason, name)
        if value not in (None, ""):
            yield name, value
    for name, value in reason.values.items():
        if value != "":
            yield name, value


def _shown(reason: Reason, language: str, zone: tzinfo) -> dict[str, str]:
    return {name: _show(name, value, reason, language, zone) for name, value in _given(reason)}


def _show(name: str, value: ReasonValue, reason: Reason, language: str, zone: tzinfo) -> str:
    if not isinstance(value, str):
        return _plain(Quantity(value.amount, value.unit) if isinstance(value, Amount) else value, language)
    match name:
        case "until":
            return moment(value, language, zone)
        case "day":
            return calendar_day(date.fromisoformat(value), language)
        case "attribute":
            return attribute_label(value, language)
        case "evidence" | "signal" | "operator" | "step" | "side" | "purpose":
            return term(name, value, language)
        case "after":
            return term("step", value, language)
        case "why" if reason.code == "step_undone":
            return term("event", value, language)
        case "action":
            return term("action", value, language)
        case "from" | "to" | "status":
            return _state(value, reason, language)
    return isolate(value, language)


def _state(value: str, reason: Reason, language: str) -> str:
    """The word for a state. Several machines share names; the reason says which of them it is about."""
    if "order" in reason.values:
        first = "status.order"
    elif reason.values.get("action") in _ON_PROGRAMS:
        first = "status.program"
    else:
        first = "status.reward" if reason.reward else "status.referral"
    for kind in (first, *_STATES):
        word = catalogue(language).word(f"{kind}.{value}")
        if word is not None:
            return word
    return isolate(value, language)


def _plain(value: str | int | Quantity, language: str) -> str:
    if isinstance(value, Quantity):
        return amount(value, language)
    if isinstance(value, bool):
        return catalogue(language).text("word.yes" if value else "word.no")
    return number(value, language) if isinstance(value, int) else isolate(value, language)


def _condition(reason: Reason, shown: Mapping[str, str], language: str) -> str | None:
    """The condition that was not met, where the reason says enough about it."""
    operator = reason.values.get("operator")
    if not isinstance(operator, str):
        return None
    return catalogue(language).fullest(f"condition.{operator}", shown, {})
