"""Ids and codes: derived from a tenant's key and what they belong to, never random, so that a replay gives the same ones.

Public handles (40 bits) only ever pay their advocate; bearer reward codes have 60 bits and are stored as a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HANDLE_LENGTH = 8
REWARD_CODE_LENGTH = 12
HANDLE_TRIES = 3
"""How many codes a join may try: with 40 bits and ten million handles a second try is needed once in 100,000 joins."""
IDS_REMEMBERED = 4096

_PAIRS = [first + second for second in CROCKFORD for first in CROCKFORD]
"""Two characters for every ten bits, those of the lower five first."""
_ALIKE = str.maketrans("OIL", "011")


class Keyring:
    """The derivations of one tenant's key."""

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.new(key, digestmod=hashlib.sha256)
        self._ids: dict[tuple[str, ...], str] = {}

    def digest(self, *parts: str) -> bytes:
        """HMAC-SHA256 of the parts, each framed by its length."""
        mac = self._mac.copy()
        for part in parts:
            raw = part.encode()
            mac.update(len(raw).to_bytes(4, "big") + raw)
        return mac.digest()

    def code(self, length: int, *parts: str) -> str:
        """A Crockford base 32 code of `length` characters, an even number of them, five bits each."""
        number = int.from_bytes(self.digest(*parts), "big")
        return "".join([_PAIRS[number >> place & 1023] for place in range(0, 5 * length, 10)])

    def id(self, prefix: str, *parts: str) -> str:
        """An id that carries its type: ``rf_`` and 80 bits. A batch asks for the same ones again and again."""
        known = self._ids.get((prefix, *parts))
        if known is not None:
            return known
        if len(self._ids) >= IDS_REMEMBERED:
            self._ids.clear()
        self._ids[prefix, *parts] = id = f"{prefix}_{self.code(16, prefix, *parts).lower()}"
        return id

    def secret_hash(self, kind: str, value: str) -> str:
        """The keyed hash under which an identifier, a signal or a code is stored and compared: 128 bits."""
        return self.digest("hash", kind, value).hex()[:32]

    def handle(self, event: str, attempt: int) -> str:
        """The code a join may give."""
        return self.code(HANDLE_LENGTH, "handle", event, str(attempt))

    def reward_code(self, reward: str) -> str:
        """The bearer code of a reward; shown to its owner, never stored."""
        return self.code(REWARD_CODE_LENGTH, "reward_code", reward)

    def reward_code_hash(self, code: str) -> str:
        """How a reward code is stored."""
        return self.secret_hash("reward_code", code)


def normalise_code(text: str) -> str:
    """A code as somebody typed it, as it is compared: only letters and digits, upper case, look-alikes folded.

    Arabic-Indic and Persian digits become ASCII, which NFKD alone does not do; O is 0, I and L are 1. Spaces, hyphens,
    bidi marks and all that is put over or under a letter are dropped: a Turkish phone makes an i an İ, and people leave
    marks out. Normalised again, it stays as it is.
    """
    if text.isascii():
        # As below, which changes nothing in ASCII but the case.
        return "".join(filter(str.isalnum, text.upper())).translate(_ALIKE)
    # Folding case takes some letters apart (ß, İ), so that marks come off only afterwards.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    out = []
    for character in folded:
        digit = unicodedata.digit(character, None)
        if digit is not None:
            out.append(str(digit))
        elif character.isalpha():
            out.append(character.upper())
    return "".join(out).translate(_ALIKE)
