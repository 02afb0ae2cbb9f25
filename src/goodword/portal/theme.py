"""From one colour of a shop to the colours of its pages, in light and in dark, so that everybody can read them.

The contrast of two colours is that of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio, of relative luminances,
https://www.w3.org/TR/WCAG22/#dfn-relative-luminance); small text needs 4.5:1 (success criterion 1.4.3). Large areas, such as buttons,
have the colour of the shop as it is, with black or white text. Text and lines in it need more: a colour that falls short is
made darker on light paper and lighter on dark paper. Only its lightness in OKLCH moves, by as little as suffices, so that
red stays red: the formulas are Björn Ottosson's (https://bottosson.github.io/posts/oklab/), taken over by CSS Color 4
(https://www.w3.org/TR/css-color-4/#ok-lab). Where no screen can show so much colour at that lightness, as much is kept as it can.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Mode = Literal["light", "dark"]
CONTRAST = 4.5
"""What small text needs on its ground."""
HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE | re.ASCII)
BLACK, WHITE = "#000000", "#ffffff"
GROUNDS: dict[Mode, tuple[str, str]] = {"light": ("#f6f5f2", "#ffffff"), "dark": ("#17181a", "#202225")}
"""Paper and card, on which text in the colour of the shop stands."""

_BISECTIONS = 16
"""Finer than the 256 steps of a channel."""
_STEP = 1 / 512
_ROUNDING = 1e-4
"""How far a channel may lie outside, and still is a colour of the screen, rounded."""
_Three: TypeAlias = tuple[float, float, float]


class Oklch(NamedTuple):
    """A colour by what people see: lightness from 0 to 1, how colourful, and the angle of its hue."""

    lightness: float
    chroma: float
    hue: float


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of a shop in one mode."""

    brand: str
    """Of links and lines, and what else has to be seen on paper."""
    on_brand: str
    """Of text on it."""


def parse_color(text: str) -> str:
    """A colour as six hexadecimal digits in small letters.

    Raises:
        ValueError: it is not written like #1d4ed8 or #14d.
    """
    if not HEX.fullmatch(text):
        raise ValueError(f"{text!r} is not a colour like #1d4ed8")
    digits = text[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(color: str) -> float:
    """The relative luminance of a colour, from 0 for black to 1 for white."""
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def brand_colors(color: str, mode: Mode) -> Colors:
    """The colours of a mode for the colour of a shop. One that can be read already is left as it is."""
    brand = readable(color, GROUNDS[mode], darker=mode == "light")
    return Colors(brand, text_on(brand))


def text_on(color: str) -> str:
    """Black or white, whichever is read better on a colour. The better one always reaches 4.58:1, the root of 21."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, color))


def readable(color: str, grounds: Iterable[str], darker: bool) -> str:
    """The colour nearest in lightness that can be read on each of the grounds, which are light where it is made darker."""
    grounds = tuple(grounds)
    if _reads(color, grounds):
        return color
    wanted, end = to_oklch(color), 0.0 if darker else 1.0
    fails, reads = wanted.lightness, end
    for _ in range(_BISECTIONS):
        middle = (fails + reads) / 2
        if _reads(from_oklch(wanted._replace(lightness=middle)), grounds):
            reads = middle
        else:
            fails = middle
    # Between two steps of a screen luminance does not always rise with lightness.
    while not _reads(from_oklch(wanted._replace(lightness=reads)), grounds):
        reads += math.copysign(min(_STEP, abs(end - reads)), end - reads)
    return from_oklch(wanted._replace(lightness=reads))


def _reads(color: str, grounds: Iterable[str]) -> bool:
    return all(contrast(color, ground) >= CONTRAST for ground in grounds)


def to_oklch(color: str) -> Oklch:
    """A colour of the screen, in OKLCH."""
    red, green, blue = _linear(color)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.atan2(b, a))


def from_oklch(color: Oklch) -> str:
    """The colour of the screen with this lightness and hue, as colourful as the screen can show it."""
    if _on_screen(rgb := _to_linear(color)):
        return _hex(rgb)
    low, high = 0.0, color.chroma
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _on_screen(_to_linear(color._replace(chroma=middle))):
            low = middle
        else:
            high = middle
    return _hex(_to_linear(color._replace(chroma=low)))


def _to_linear(color: Oklch) -> _Three:
    a, b = color.chroma * math.cos(color.hue), color.chroma * math.sin(color.hue)
    long = (color.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (color.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (color.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _on_screen(rgb: _Three) -> bool:
    return all(-_ROUNDING <= channel <= 1 + _ROUNDING for channel in rgb)


def _linear(color: str) -> _Three:
    """The channels of a colour, as light."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _to_light(red), _to_light(green), _to_light(blue)


def _to_light(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _hex(rgb: _Three) -> str:
    bounded = (min(1.0, max(0.0, channel)) for channel in rgb)
    screen = (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055 for light in bounded)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in screen)
