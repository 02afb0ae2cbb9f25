"""The Standard Webhooks scheme: a body is signed with the endpoint's secret, and while one is replaced with both.

A secret is derived from the tenant's key, the endpoint's id and a generation. Nothing has to be stored, and a database
that leaks signs nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

from goodword.engine.ids import Keyring
from goodword.storage.endpoints import Endpoint

SECRET_PREFIX = "whsec_"  # noqa: S105 - it is no secret itself


def secret(keyring: Keyring, endpoint: str, generation: int) -> str:
    """An endpoint's secret, as its owner writes it into his program."""
    return SECRET_PREFIX + b64encode(_key(keyring, endpoint, generation)).decode()


def signed_headers(keyring: Keyring, endpoint: Endpoint, id: str, body: bytes, now_ms: int) -> dict[str, str]:
    """The three headers by which a receiver knows that a body is ours and new."""
    generations = [endpoint.generation]
    if endpoint.previous_until_ms is not None and now_ms < endpoint.previous_until_ms:
        generations.append(endpoint.generation - 1)
    seconds = str(now_ms // 1000)
    message = f"{id}.{seconds}.".encode() + body
    keys = [_key(keyring, endpoint.id, generation) for generation in generations]
    return {
        "webhook-id": id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_signature(key, message) for key in keys),
    }


def _key(keyring: Keyring, endpoint: str, generation: int) -> bytes:
    return keyring.digest("webhook", endpoint, str(generation))


def _signature(key: bytes, message: bytes) -> str:
    return "v1," + b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
