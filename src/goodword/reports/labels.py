"""What the values of a dimension are called by people: a channel, a language, a country, a level, a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goodword.engine.reasons import REASONS, Reason
from goodword.metrics.definitions import Dimension
from goodword.metrics.figure import OTHERS
from goodword.words.catalogue import catalogue
from goodword.words.format import isolate
from goodword.words.phrases import own_word
from goodword.words.sentences import sentence

CHANNELS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("native", "whatsapp", "telegram", "messenger", "email", "sms", "facebook", "x"), "share"),
    **dict.fromkeys(("card", "copy", "qr"), "figure.channel"),
    **dict.fromkeys(("code", "claim", "staff", "click"), "evidence"),
    **dict.fromkeys(("advocate", "friend"), "side"),
}
"""Channels that have a name in the catalogues, and where: ours, the evidence where no channel is known, and the sides of a survey."""

OUTCOMES: Final = ("attributed", "refused", "lost", "again", "other_program", "no_evidence")
"""What the evidence of an order may come to."""


def label(dimension: Dimension, value: str, language: str) -> str:
    """A value of a dimension in a language; as it is where nobody gave it a name."""
    texts = catalogue(language)
    if not value:
        return texts.text("figure.by.unknown")
    if value == OTHERS:
        return texts.text("figure.by.others")
    match dimension:
        case "channel":
            named = texts.text(f"{CHANNELS[value]}.{value}") if value in CHANNELS else None
            return named or isolate(value, language)
        case "language":
            return str(texts.locale.languages.get(value.partition("-")[0].lower(), isolate(value, language)))
        case "country":
            return str(texts.locale.territories.get(value.upper(), isolate(value, language)))
        case "tier":
            return own_word("tier", value, language)
        case "outcome":
            return texts.text(f"figure.outcome.{value}") if value in OUTCOMES else isolate(value, language)
        case "segment":
            return isolate(value, language)
        case "reason":
            return sentence(Reason(value), language) if value in REASONS else isolate(value, language)
    return texts.text("figure.by.version_number", {"number": isolate(value, language)})
