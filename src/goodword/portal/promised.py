"""What a version of a program says to people, put into words once: pages that thousands look at must not say it anew each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from goodword.program.loader import Program
from goodword.words.friend import Sides, friends_steps, sides
from goodword.words.speaker import Section
from goodword.words.told import words_of

REMEMBERED_MAX = 256
"""How many versions, each in a language and on a day, are remembered."""


@dataclass(frozen=True, slots=True)
class Promised:
    """A version of a program in words."""

    headline: str
    steps: tuple[str, str, str]
    """What the advocate does."""
    friends_steps: tuple[str, ...]
    sides: Sides
    terms: tuple[Section, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Version:
    """A version as what it is remembered by: its text and number say all that is in it."""

    program: Program

    def __hash__(self) -> int:
        return hash((self.program.digest, self.program.version))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Version):
            return NotImplemented
        mine, theirs = self.program, other.program
        return (mine.digest, mine.version) == (theirs.digest, theirs.version)


def promised(program: Program, language: str, on: date) -> Promised:
    """What a version says in a language, with the amounts that are in force on a day."""
    return _promised(_Version(program), language, on)


@lru_cache(maxsize=REMEMBERED_MAX)
def _promised(version: _Version, language: str, on: date) -> Promised:
    program = version.program
    words = words_of(program, language, on)
    return Promised(
        headline=words.headline,
        steps=words.steps,
        friends_steps=friends_steps(program, language),
        sides=sides(program, language, on),
        terms=words.terms,
    )
