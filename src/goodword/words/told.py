"""Everything that a program says to people in one language, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from goodword.program.loader import Program
from goodword.words.catalogue import catalogue
from goodword.words.headline import headline
from goodword.words.instructions import instructions
from goodword.words.speaker import Section
from goodword.words.terms import terms


@dataclass(frozen=True, slots=True)
class Words:
    """A program in words."""

    language: str
    headline: str
    steps: tuple[str, str, str]
    terms: tuple[Section, ...]


def words_of(program: Program, language: str, on: date | None = None) -> Words:
    """A program in the words of a language tag; amounts by date as they stand `on` a day, if one is given."""
    known = catalogue(language).language
    return Words(known, headline(program, known, on), instructions(program, known, on), tuple(terms(program, known)))


def words_as_data(words: Words) -> dict[str, Any]:
    """For programs to read: each clause with the key of the program file that it says."""
    return {
        "language": words.language,
        "direction": "rtl" if catalogue(words.language).rtl else "ltr",
        "headline": words.headline,
        "steps": words.steps,
        "terms": [
            {
                "title": section.title,
                "clauses": [
                    {"key": clause.key, "text": clause.text} | ({"items": clause.items} if clause.items else {})
                    for clause in section.clauses
                ],
            }
            for section in words.terms
        ],
    }


def words_as_text(words: Words, title: str = "") -> str:
    """Lines for people, in Markdown: the headline, the steps as a numbered list, the terms under their titles.

    `title` stands before each title of the terms, such as ``### ``.
    """
    steps = [f"{number}. {step}" for number, step in enumerate(words.steps, start=1)]
    lines = [words.headline, "", *steps]
    for section in words.terms:
        lines += ["", f"{title}{section.title}", *([""] if title else [])]
        for clause in section.clauses:
            lines += [f"- {clause.text}", *(f"  - {item}" for item in clause.items)]
    return "\n".join(lines)
