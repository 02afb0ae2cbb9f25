"""Codes of the shop's own system, sealed: what is stored of them can be read with the tenant's key alone.

AES-256-GCM under a key of the keyring. The nonce is derived from the code: told again, a code is sealed the same, so that a
replay stores the same bytes, and no nonce ever stands for two codes.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from importlib import import_module
from typing import Any

from goodword.engine.ids import Keyring

NONCE_BYTES = 12
SEALED = "sealed:"
"""How a sealed code begins; no code that was made or typed has a colon."""


def seal_code(keyring: Keyring, code: str) -> str:
    """A code as it is stored."""
    nonce = keyring.digest("pool code", code)[:NONCE_BYTES]
    sealed: bytes = _cipher(keyring).encrypt(nonce, code.encode(), None)
    return SEALED + urlsafe_b64encode(nonce + sealed).decode()


def open_code(keyring: Keyring, sealed: str) -> str:
    """A code as its owner sees it."""
    raw = urlsafe_b64decode(sealed.removeprefix(SEALED))
    code: bytes = _cipher(keyring).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None)
    return code.decode()


def _cipher(keyring: Keyring) -> Any:
    return _library().AESGCM(keyring.digest("pool codes"))


@cache
def _library() -> Any:
    """Loaded with the first code of a pool: most tenants have none, and it takes ten megabytes."""
    return import_module("cryptography.hazmat.primitives.ciphers.aead")
