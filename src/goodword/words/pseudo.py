"""Two languages that nobody speaks, made of the English texts: they show what a page does before a translator has seen it.

``en-XA`` is longer, as German or Finnish is, and accented: what stays plain was never in a catalogue, and a text that lost its last
bracket was cut. ``ar-XB`` runs from right to left letter by letter, so that whoever reads English sees what is out of place. Their
tags are those of Android and CLDR (https://cldr.unicode.org/translation/getting-started/guide, "pseudo-locales").
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

_LETTERS: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀçðéƒĝĥíĵķļɱñóþɋŕšţúṽŵẋýžÁƁÇÐÉƑĜĤÍĴĶĻṀÑÓÞɊŔŠŢÚṼŴẊÝŽ"
)
_VOWEL: Final = re.compile("[áéíóú]")
_PLACEHOLDER: Final = re.compile(r"(\{[^}]*\})")
_LONGER_PERCENT: Final = 40
_RLO, _PDF = "\u202e", "\u202c"


class Pseudo(NamedTuple):
    """A language that nobody speaks."""

    like: str
    """Whose numbers, dates and direction it has."""
    change: Callable[[str], str]


def accented(text: str) -> str:
    """A text with accents, at least two fifths longer, in brackets; placeholders stay."""
    parts = _PLACEHOLDER.split(text)
    words = [part if at % 2 else part.translate(_LETTERS) for at, part in enumerate(parts)]
    missing = math.ceil(sum(len(part) for part in parts[::2]) * _LONGER_PERCENT / 100)
    for at in range(0, len(words), 2):
        longer = _VOWEL.sub(lambda found: found[0] * 2, words[at])
        missing -= len(longer) - len(words[at])
        words[at] = longer
    return f"⟦{''.join(words)}{'~' * missing}⟧"


def mirrored(text: str) -> str:
    """A text whose letters run from right to left; placeholders stay."""
    parts = _PLACEHOLDER.split(text)
    return "".join(part if at % 2 or not part else f"{_RLO}{part}{_PDF}" for at, part in enumerate(parts))


PSEUDO: Final[Mapping[str, Pseudo]] = {"en-XA": Pseudo("en", accented), "ar-XB": Pseudo("ar", mirrored)}
"""By tag."""


def pseudo_text(tag: str, key: str, text: str) -> str:
    """The text of a key in such a language. Patterns of dates and what holds no word stay."""
    if key.startswith("format.") or not any(letter.isalpha() for letter in _PLACEHOLDER.sub("", text)):
        return text
    return PSEUDO[tag].change(text)
