"""Pictures of what is offered and of what was achieved, for previews of links and for sharing: 1200 by 630 pixels.

They are set by Typst with the fonts of the machine, which shapes Arabic and gives every text its direction. A text for which there is
no font is never drawn as boxes: there is no picture then, and a page does not name one.
"""

from __future__ import annotations

import threading
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Literal

import typst

WIDTH, HEIGHT = 1200, 630
"""What previews of links are made for."""
PICTURES_MAX = 256
"""How many pictures are remembered; one has 20 to 60 KB."""
LINE_MAX, MAIN_MAX = 80, 260
"""How long texts are at most; what is longer ends in an ellipsis."""
LATIN_FONTS = ("Noto Sans", "Open Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif")
"""The first that is there; the last comes with Typst."""
ARABIC_FONTS = ("Noto Sans Arabic", "Noto Kufi Arabic", "Noto Naskh Arabic", "Amiri", "DejaVu Sans")

_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "COMBINING", "MODIFIER")
"""The beginnings of the names of letters that these fonts have."""
_RANGES = ((0x20, 0x4FF), (0x600, 0x6FF), (0x2000, 0x2069), (0x20A0, 0x20BF), (0x2116, 0x2122), (0x2212, 0x2212))
"""Numbers, signs and marks that they have."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What stands on a picture, each text empty where there is none."""

    language: str
    direction: Literal["ltr", "rtl"]
    shop: str
    """Above all."""
    lead: str
    """Above what is largest."""
    main: str
    note: str
    """Below."""
    color: str
    """Of the ground, as six digits."""
    on_color: str
    emblem: str = ""
    """``star``, or a few digits."""

    @property
    def alt(self) -> str:
        """What it says, for who does not see it."""
        return ". ".join(text for text in (self.shop, self.lead, self.main, self.note) if text)

    @property
    def version(self) -> str:
        """Follows from what stands on it, so that an address with it is another one when the offer is."""
        return sha256(repr(self).encode()).hexdigest()[:12]


class Pictures:
    """Draws pictures and remembers the last ones. Fonts are looked for once, when the first is asked for."""

    def __init__(self, system_fonts: bool = True) -> None:
        """Without `system_fonts` there are those alone that come with Typst: no Arabic."""
        self._system_fonts = system_fonts
        self._lock = threading.Lock()
        self._drawn: OrderedDict[Picture, bytes] = OrderedDict()

    def can_draw(self, picture: Picture) -> bool:
        """Whether there is a font for every letter."""
        return all(self.can_write(text) for text in (picture.shop, picture.lead, picture.main, picture.note))

    def can_write(self, text: str) -> bool:
        """Whether there is a font for every letter of a text."""
        if not all(_is_known(letter) for letter in text):
            return False
        return self._arabic is not None or not any(unicodedata.bidirectional(letter) in ("AL", "AN") for letter in text)

    def draw(self, picture: Picture) -> bytes | None:
        """The picture as PNG, or None where there is no font for it. Takes some milliseconds: not in the loop."""
        with self._lock:
            if picture in self._drawn:
                self._drawn.move_to_end(picture)
                return self._drawn[picture]
            if not self.can_draw(picture):
                return None
            drawn = self._draw(picture)
            self._drawn[picture] = drawn
            if len(self._drawn) > PICTURES_MAX:
                self._drawn.popitem(last=False)
            return drawn

    def _draw(self, picture: Picture) -> bytes:
        given = {
            "language": picture.language.partition("-")[0],
            "direction": picture.direction,
            "shop": _cut(picture.shop, LINE_MAX),
            "lead": _cut(picture.lead, LINE_MAX),
            "main": _cut(picture.main, MAIN_MAX),
            "note": _cut(picture.note, LINE_MAX),
            "color": picture.color,
            "on_color": picture.on_color,
            "emblem": picture.emblem,
            "fonts": ",".join(font for font in (self._latin, self._arabic) if font),
        }
        drawn = self._compiler.compile(self._source, format="png", ppi=72, sys_inputs=given)
        if not isinstance(drawn, bytes):
            raise TypeError("a picture is one page")
        return drawn

    @cached_property
    def _fonts(self) -> typst.Fonts:
        return typst.Fonts(include_system_fonts=self._system_fonts)

    @cached_property
    def _compiler(self) -> typst.Compiler:
        return typst.Compiler(font_paths=self._fonts)

    @cached_property
    def _source(self) -> bytes:
        return (files("goodword.portal") / "templates" / "card.typ").read_bytes()

    @cached_property
    def _families(self) -> frozenset[str]:
        return frozenset(self._fonts.families())

    @cached_property
    def _latin(self) -> str:
        return next(font for font in LATIN_FONTS if font in self._families)

    @cached_property
    def _arabic(self) -> str | None:
        return next((font for font in ARABIC_FONTS if font in self._families), None)


def _is_known(letter: str) -> bool:
    if unicodedata.category(letter)[0] in "LM":
        return unicodedata.name(letter, "").startswith(_SCRIPTS)
    return any(low <= ord(letter) <= high for low, high in _RANGES)


def _cut(text: str, most: int) -> str:
    """A text that is not too long, cut between words; what is open in it is closed."""
    if len(text) <= most:
        return text
    kept = text[:most].rpartition(" ")[0] or text[:most]
    return kept + "…" + "\u2069" * (kept.count("\u2068") - kept.count("\u2069"))
