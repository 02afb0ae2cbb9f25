"""How the shop lets its customers in to their pages: a signed token that says who somebody is, made as any shop would make it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from msgspec import Struct

LIVES_SECONDS = 300


class TokenKey(Struct, frozen=True):
    """A key, as `goodword tokens create --json` prints it."""

    kid: str
    secret: str
    aud: str


def way_in(key: TokenKey, goodword: str, program: str, customer: str) -> str:
    """The address at which a customer of the shop is in, or joins without typing an address."""
    return f"{goodword}/me/with?{urlencode({'token': token(key, customer), 'program': program})}"


def token(key: TokenKey, customer: str) -> str:
    """A JSON Web Token, with nothing but the standard library."""
    header = {"alg": "HS256", "typ": "JWT", "kid": key.kid}
    claims = {"sub": customer, "aud": key.aud, "exp": int(time.time()) + LIVES_SECONDS, "language": "en"}
    signed = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
    return f"{signed}.{_part(hmac.new(key.secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
