"""Our own files that pages refer to, and the logo of the shop. Their addresses name what is in them, so that they are kept for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from goodword.settings import InvalidSetting

PREFIX = "/assets/"
LOGO = "logo"
LOGO_BYTES_MAX = 256 * 1024
HASH_DIGITS = 16
MEDIA = {".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".css": "text/css"}
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG_WITHIN = 1024
"""Where `<svg` stands at the latest: before it come comments and declarations."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that is served."""

    name: str
    media: str
    content: bytes
    version: str
    """Follows from what is in it."""

    @property
    def address(self) -> str:
        """Its path, which is another one when it changes."""
        return f"{PREFIX}{self.name}?v={self.version}"


@cache
def own_assets() -> dict[str, Asset]:
    """The files of this release, by name; read once."""
    folder = files("goodword.portal") / "assets"
    return {
        file.name: _asset(file.name, MEDIA[Path(file.name).suffix], file.read_bytes())
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if Path(file.name).suffix in MEDIA
    }


def asset(name: str) -> str:
    """The address of a file of ours, for a page. The name must exist."""
    return own_assets()[name].address


def read_logo(file: str) -> Asset:
    """The logo in a file, an SVG or a PNG.

    What an SVG may do is not looked for in it: it is served so that nothing in it can run or ask for anything, and shown as an
    image, where browsers run nothing either.

    Raises:
        InvalidSetting: it cannot be read, is too large, or is neither.
    """
    try:
        with open(file, "rb") as opened:
            content = opened.read(LOGO_BYTES_MAX + 1)
    except OSError as error:
        raise InvalidSetting(f"GOODWORD_BRAND_LOGO: {file} cannot be read: {error.strerror}") from None
    if len(content) > LOGO_BYTES_MAX:
        raise InvalidSetting(f"GOODWORD_BRAND_LOGO: {file} is larger than {LOGO_BYTES_MAX // 1024} KiB")
    if content.startswith(_PNG):
        return _asset(LOGO, MEDIA[".png"], content)
    if b"<svg" in content[:_SVG_WITHIN]:
        return _asset(LOGO, MEDIA[".svg"], content)
    raise InvalidSetting(f"GOODWORD_BRAND_LOGO: {file} is neither an SVG nor a PNG")


def _asset(name: str, media: str, content: bytes) -> Asset:
    return Asset(name, media, content, hashlib.sha256(content).hexdigest()[:HASH_DIGITS])
