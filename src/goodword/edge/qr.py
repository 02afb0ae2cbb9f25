"""QR codes of links, for cards, tills and parcels."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qs

import segno
from msgspec import Struct

Format = Literal["svg", "png"]

SIZE_MIN, SIZE_DEFAULT, SIZE_MAX = 64, 512, 2048
"""How wide a picture is at most, in pixels: the squares are whole pixels, so it may be a little less."""
QUIET = 4
"""Squares of white around the code, as the standard asks for: cameras need them."""
LEVELS = ("l", "m", "q", "h")
"""How much of it may be dirty or torn: 7, 15, 25 or 30 per cent."""
ADDRESS_MAX = 1000
"""How long an address may be that goes into a code."""
PICTURES_MAX = 256
"""How many pictures are remembered."""
MEDIA = {"svg": b"image/svg+xml", "png": b"image/png"}


class Picture(Struct, frozen=True):
    """What a picture is of, and how it looks."""

    address: str
    format: Format
    size: int = SIZE_DEFAULT
    level: str = "m"


def read_picture(address: str, format: Format, query: str) -> Picture | None:
    """The picture that a query asks for, or None where it asks for what there is not."""
    asked = parse_qs(query, max_num_fields=20, errors="replace")
    size, level = asked.get("size", [str(SIZE_DEFAULT)])[0], asked.get("level", ["m"])[0].lower()
    if not re.fullmatch(r"[0-9]{1,4}", size, re.ASCII) or level not in LEVELS or len(address) > ADDRESS_MAX:
        return None
    if not SIZE_MIN <= int(size) <= SIZE_MAX:
        return None
    return Picture(address, format, int(size), level)


@lru_cache(maxsize=PICTURES_MAX)
def draw(picture: Picture) -> bytes:
    """The picture as a file. Takes some milliseconds: not in the loop."""
    code = segno.make(picture.address, error=picture.level, micro=False, boost_error=False)
    squares, _ = code.symbol_size(border=QUIET)
    scale = max(1, picture.size // squares)
    out = io.BytesIO()
    if picture.format == "svg":
        code.save(out, kind="svg", scale=scale, border=QUIET, light="#fff", xmldecl=False, omitsize=False, nl=False)
    else:
        code.save(out, kind="png", scale=scale, border=QUIET, light="#fff")
    return out.getvalue()
