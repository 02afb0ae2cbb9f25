"""The pages of the counter: what somebody at the till types, sees and presses. Whole without a script, for a thumb on a phone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from goodword.portal.frame import Frame, frame
from goodword.words.catalogue import catalogue

PREFIX = "/counter"
TABS = (("counter.tab.desk", PREFIX), ("counter.tab.log", f"{PREFIX}/log"))
Ask = Literal["", "total", "part"]
Tone = Literal["info", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Notice:
    """What has to be known, in words."""

    title: str
    text: str = ""
    kind: Tone = "bad"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who works here, and what the page starts with."""

    staff: str = ""
    """The id of the member; empty where nobody is signed in."""
    name: str = ""
    offline_max: int = 0
    notice: Notice | None = None
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code of an advocate, and what follows from it."""

    code: str
    entry: str
    """The id of the press: pressed twice, it counts once."""
    friend: str = ""
    """What the new customer gets; empty where it is nothing."""
    advocate: str = ""
    does: str = ""
    """What the new customer does, such as a first visit."""
    currency: str = ""
    """Of the amount that has to be said; empty where none has."""
    unnamed: bool = False
    """Whether a new customer may stay unnamed."""
    blocked: str = ""
    """Why nothing can be confirmed, if so."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a customer who was invited may do next, to be confirmed without the code."""

    entry: str
    customer: str
    """Goodword's own id."""
    program: str
    step: str
    does: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A reward that somebody holds, and whether it can be used here and now."""

    reward: str
    entry: str
    what: str
    until: str = ""
    ask: Ask = ""
    """Whether the purchase has to be said that it is used on, or how much of it is used may be."""
    currency: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands behind what was typed."""

    invitation: Invitation | None = None
    rewards: tuple[Held, ...] = ()
    visits: tuple[Visit, ...] = ()
    customer: bool = False
    """Whether a customer was typed, and not a code."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log."""

    what: str
    when: str
    datetime: str
    said: str
    """What became of it, in a word."""
    kind: Tone
    href: str
    undo: str = ""
    """The entry that can be taken back by this press; empty where none can."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """What one member confirmed of late."""

    lines: tuple[Line, ...]
    used: tuple[tuple[str, str], ...]
    """How much of each limit was used."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a press."""

    notice: Notice
    lines: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    """Codes for the customer: what each is worth, and the code."""
    hand_over: tuple[Held, ...] = field(default=())
    undo: str = ""


def page_frame(language: str, title: str, path: str, *, token: str = "") -> Frame:
    """The frame of a page of the counter; whoever is signed in has a `token` and sees the other pages."""
    made = frame(language, title, path, tabs=TABS if token else (), token=token)
    return replace(made, tabs_label=catalogue(language).text("counter.pages"))
