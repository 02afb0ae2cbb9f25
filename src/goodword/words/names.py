"""The part of a name by which somebody is called."""

from __future__ import annotations

import re
from typing import Final

_JOINED: Final = frozenset({"عبد", "أبو", "ابو", "أم", "ام", "ابن", "بنت", "abd", "abdul", "abu", "umm", "bint"})
"""First words that are no name without the next one: "Abdul Rahman", «أم كلثوم»."""
_ARTICLES: Final = frozenset({"el", "al", "ar", "as", "ul"})
LENGTH_MAX: Final = 40


def given_name(name: str) -> str:
    """What a name begins with: its first word, or as many as belong together. A surname is never part of it, if the name
    is told in the usual order; whoever is called otherwise writes what he is called by.
    """
    words = re.sub(r"\s+", " ", name).strip().split(" ")
    taken = 1
    if words[0].casefold() in _JOINED and len(words) > 1:
        taken = 3 if words[1].casefold() in _ARTICLES and len(words) > 2 else 2
    return " ".join(words[:taken])[:LENGTH_MAX]
