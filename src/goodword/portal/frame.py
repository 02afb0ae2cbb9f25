"""What every page for people has around it: its language and direction, its title, the other pages, the other languages, its light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from goodword.portal.light import Scheme, light
from goodword.portal.look import Look
from goodword.words.catalogue import LANGUAGES, catalogue


@dataclass(frozen=True, slots=True)
class OtherLanguage:
    """A language in which the page can be read."""

    tag: str
    name: str
    address: str
    here: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """Another page of the same place."""

    label: str
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the content of a page."""

    language: str
    direction: Literal["ltr", "rtl"]
    title: str
    languages_label: str
    languages: tuple[OtherLanguage, ...]
    address: str
    """Its own, where it is seen again."""
    tabs: tuple[Tab, ...] = ()
    tabs_label: str = ""
    token: str = ""
    """What its forms carry; empty where nobody is signed in."""
    scheme: Scheme = ""


def frame(
    language: str, title: str, path: str, *, tabs: Sequence[tuple[str, str]] = (), token: str = "", query: str = ""
) -> Frame:
    """The frame of the page at a path. `tabs` are the texts and paths of its neighbours, itself among them."""
    texts = catalogue(language)
    shown = tuple(Tab(texts.text(key), href, href == path) for key, href in tabs)
    return Frame(
        language=texts.language,
        direction="rtl" if texts.rtl else "ltr",
        title=title,
        languages_label=texts.text("friend.languages"),
        languages=tuple(languages(language, lambda tag: f"{path}?{query and query + '&'}lang={tag}")),
        address=f"{path}?{query}" if query else path,
        tabs=shown,
        tabs_label=texts.text("portal.pages"),
        token=token,
    )


def languages(language: str, address: Callable[[str], str]) -> Sequence[OtherLanguage]:
    """The languages of a page, each with its address by tag."""
    return [
        OtherLanguage(tag, catalogue(tag).text("language.name"), address(tag), tag == language) for tag in LANGUAGES
    ]


def shown(look: Look, template: str, page: Frame, view: object = None) -> str:
    """A page of a template: it sees the texts of its language as `say`, its content as `view`."""
    texts = catalogue(page.language)

    def say(key: str, n: int | None = None, **values: str) -> str:
        return texts.text(key, values if n is None else {"n": str(n)} | values, 1 if n is None else n)

    lit = light(page.language, page.scheme, page.address)
    return look.render(template, lit, page=page, say=say, view=view)
