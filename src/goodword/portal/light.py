"""Whether a page is light or dark: as the reader's device says, or as he chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from goodword.words.catalogue import catalogue

Scheme = Literal["", "light", "dark"]
"""What the reader chose; nothing where his device says it."""
DEVICE: Final = "device"
"""What a form says for it."""
SCHEMES: Final[tuple[Scheme, ...]] = ("", "light", "dark")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the ways in which a page can be lit."""

    scheme: Scheme
    label: str
    here: bool


@dataclass(frozen=True, slots=True)
class Light:
    """Whether a page is light or dark, and how its reader chooses. His press is a form: nothing is stored before it."""

    scheme: Scheme
    label: str
    choices: tuple[Choice, ...]
    back: str
    """The address of the page itself, where the press leads back to."""


def light(language: str, scheme: Scheme, back: str) -> Light:
    """The light of a page in a language, as its reader chose it."""
    texts = catalogue(language)
    choices = tuple(Choice(one, texts.text(f"light.{one or DEVICE}"), one == scheme) for one in SCHEMES)
    return Light(scheme, texts.text("light.label"), choices, back)


def scheme_named(text: str) -> Scheme | None:
    """The choice that a form or a cookie names; None where it names none."""
    return next((one for one in SCHEMES if text == (one or DEVICE)), None)
