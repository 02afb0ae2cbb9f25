"""What stands on the pictures of an invitation and of an achievement, in the language of who looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from goodword.portal.look import Look
from goodword.portal.pictures import Picture, Pictures
from goodword.portal.promised import promised
from goodword.program.loader import Program
from goodword.words.catalogue import catalogue
from goodword.words.format import isolate, number


@dataclass(frozen=True, slots=True)
class Title:
    """A badge or a tier that somebody has."""

    name: str
    """As people write it, in the language of the picture."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A place in a contest."""

    place: int
    contest: str


@dataclass(frozen=True, slots=True)
class Friends:
    """How many friends somebody brought."""

    count: int


@dataclass(frozen=True, slots=True)
class Win:
    """A prize that somebody won."""

    prize: str
    contest: str


Achievement: TypeAlias = Title | Rank | Friends | Win
"""What is worth sharing. It names nobody."""


class _Words(NamedTuple):
    """What a picture says besides the name of the shop."""

    lead: str = ""
    main: str = ""
    note: str = ""
    emblem: str = ""


def invitation_picture(pictures: Pictures, look: Look, program: Program, language: str, on: date) -> Picture | None:
    """What a friend is offered, or None where there is no font for it. The same for all codes of a program."""
    texts = catalogue(language)
    offer, title = promised(program, language, on).sides.friend, texts.text("friend.open.title")
    words = _Words(texts.text("friend.yours"), offer, title) if offer else _Words(main=title)
    return _picture(pictures, look, language, words)


def achievement_picture(pictures: Pictures, look: Look, achievement: Achievement, language: str) -> Picture | None:
    """What somebody achieved, to be shared, or None where there is no font for it."""
    return _picture(pictures, look, language, _said(achievement, language))


def _said(achievement: Achievement, language: str) -> _Words:
    texts = catalogue(language)
    match achievement:
        case Title(name):
            return _Words(texts.text("card.title"), isolate(name, language), emblem="star")
        case Rank(place, contest):
            main = texts.text("card.rank", {"place": number(place, language)})
            return _Words(isolate(contest, language), main, emblem=str(place))
        case Friends(count):
            main = texts.text("card.friends", {"n": number(count, language)}, count)
            return _Words(main=main, note=texts.text("card.friends.note"), emblem=str(count))
        case Win(prize, contest):
            return _Words(texts.text("card.win"), prize, isolate(contest, language), "star")


def _picture(pictures: Pictures, look: Look, language: str, words: _Words) -> Picture | None:
    texts = catalogue(language)
    made = Picture(
        language=texts.language,
        direction="rtl" if texts.rtl else "ltr",
        shop=look.shop if look.shop and pictures.can_write(look.shop) else "",
        lead=words.lead,
        main=words.main,
        note=words.note,
        color=look.color,
        on_color=look.on_color,
        emblem=words.emblem,
    )
    return made if pictures.can_draw(made) else None
