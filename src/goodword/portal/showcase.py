"""The page that shows every part of our pages in each of its states: for whoever builds one or changes the look, and for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from goodword.portal.frame import frame, shown
from goodword.portal.light import Scheme
from goodword.portal.look import Look
from goodword.program.quantity import Quantity
from goodword.words.catalogue import LANGUAGES, catalogue
from goodword.words.format import amount, calendar_day, number

PREFIX = "/look"
DAY = date(2026, 11, 30)
"""The page is the same every day."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a timeline."""

    state: Literal["done", "now", "later", "bad"]
    said: str
    text: str
    time: str = ""
    datetime: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Showcase:
    """What has to be written as a language does."""

    money: str
    more_money: str
    progress: str
    steps: tuple[Step, ...]
    rows: tuple[tuple[str, ...], ...]
    choices: tuple[tuple[str, str], ...]


def showcase(look: Look, language: str, scheme: Scheme = "") -> str:
    """The page as HTML."""
    texts = catalogue(language)
    view = Showcase(
        money=amount(Quantity(2000, "USD"), language),
        more_money=amount(Quantity(123_456_789, "USD"), language),
        progress=texts.text("look.progress.shown", {"value": number(3, language), "most": number(5, language)}),
        steps=tuple(_steps(language)),
        rows=tuple(_rows(language)),
        choices=tuple((tag, catalogue(tag).text("language.name")) for tag in LANGUAGES),
    )
    page = frame(language, texts.text("look.title"), PREFIX)
    return shown(look, "look.html", replace(page, scheme=scheme, address=f"{PREFIX}?lang={language}"), view)


def _steps(language: str) -> Iterable[Step]:
    texts = catalogue(language)
    day, note = calendar_day(DAY, language), texts.text("look.timeline.note")
    states: tuple[tuple[Literal["done", "now", "later", "bad"], str], ...] = (
        ("done", "accepted"), ("now", "waiting"), ("later", "reward"), ("bad", "missed"),
    )  # fmt: skip
    for state, key in states:
        said, text = texts.text(f"look.state.{state}"), texts.text(f"look.timeline.{key}")
        yield Step(state, said, text, day, DAY.isoformat(), note if state == "now" else "")


def _rows(language: str) -> Iterable[tuple[str, ...]]:
    people = (("Ana Popescu", 1234), ("منى", 12), (catalogue(language).text("look.table.you"), 3))
    for place, (name, friends) in enumerate(people, 1):
        yield (
            number(place, language),
            name,
            number(friends, language),
            amount(Quantity(2000 * friends, "USD"), language),
        )
