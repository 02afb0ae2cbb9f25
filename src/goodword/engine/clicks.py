"""Click ids: signed tokens that say which code was clicked and when, so that a shop may return one with an order.

A token is ``CODE.DATA``: the data are the time (48 bits of milliseconds), 64 bits that tell clicks apart, and 80 bits of an
HMAC over both and the code. Nothing has to be stored for it to be believed.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from msgspec import Struct

from goodword.engine.ids import Keyring, normalise_code

TOKEN_MAX = 200
"""How many characters a token may have."""
_TIME, _NONCE, _MAC = 6, 8, 10


class Click(Struct, frozen=True):
    """Somebody followed the link of a code."""

    code: str
    at_ms: int
    id: str
    """The 64 bits in hexadecimal: what the stored hit is known by."""


def click_token(keyring: Keyring, code: str, at_ms: int, nonce: bytes) -> str:
    """The token of a click on a normalised code; `nonce` are 8 bytes that no other click has."""
    data = at_ms.to_bytes(_TIME, "big") + nonce
    return f"{code}.{urlsafe_b64encode(data + _mac(keyring, code, data)).decode()}"


def read_click(keyring: Keyring, token: str) -> Click | None:
    """The click that a token speaks of; None where we did not sign it."""
    code, _, encoded = token.rpartition(".")
    code = normalise_code(code)
    try:
        raw = urlsafe_b64decode(encoded.encode("ascii"))
    except (binascii.Error, ValueError):
        return None
    data, mac = raw[: _TIME + _NONCE], raw[_TIME + _NONCE :]
    if len(raw) != _TIME + _NONCE + _MAC or not hmac.compare_digest(mac, _mac(keyring, code, data)):
        return None
    return Click(code, int.from_bytes(data[:_TIME], "big"), data[_TIME:].hex())


def _mac(keyring: Keyring, code: str, data: bytes) -> bytes:
    return keyring.digest("click", code, data.hex())[:_MAC]
