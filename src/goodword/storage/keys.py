"""API keys. The secret is shown once, when it is made; what is stored is its hash, by which it is found.

The secret has 256 random bits, so that a plain SHA-256 is enough: there is nothing in it to guess.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from goodword.storage.tables import api_keys

Scope = Literal["events", "read", "people", "staff", "programs", "webhooks", "metrics", "admin", "history"]
SCOPES: dict[Scope, str] = {
    "events": "tell what happens, and see the answers and the codes of rewards: what a shop needs",
    "read": "see participants, referrals, rewards, answers, programs and counts, without personal data",
    "people": "see and correct personal data: names, e-mail addresses, phone numbers",
    "staff": "act on rewards, review referrals, switch codes off and on, enter costs",
    "programs": "publish programs",
    "webhooks": "make endpoints, see and repeat deliveries",
    "metrics": "read what the process measures about itself",
    "admin": "all of these but `events`",
    "history": "tell events whose own time is the clock: imports, with `events`",
}
ADMIN: frozenset[Scope] = frozenset({"read", "people", "staff", "programs", "webhooks", "metrics", "admin"})
"""What a key with scope `admin` may do."""
PREFIX = "gw_"
SECRET_BYTES = 32
"""43 characters when written url-safe."""


class ApiKey(Struct, frozen=True):
    """A key without its secret."""

    tenant: str
    id: str
    name: str
    scopes: frozenset[str]
    created_ms: int
    revoked_ms: int | None

    def may(self, *scopes: Scope) -> bool:
        """Whether it may do what one of these scopes allows."""
        return any(scope in self.scopes or (scope in ADMIN and "admin" in self.scopes) for scope in scopes)


def create_key(
    connection: Connection, tenant: str, name: str, scopes: Collection[Scope], now_ms: int
) -> tuple[ApiKey, str]:
    """A new key and its secret, which nobody can show again.

    Raises:
        ValueError: a scope is unknown, or there is none.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(f"scopes are one or more of {', '.join(sorted(SCOPES))}; not: {', '.join(unknown) or 'none'}")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(tenant, f"key_{secrets.token_hex(8)}", name, frozenset(scopes), now_ms, None)
    row = {
        "tenant": tenant,
        "id": key.id,
        "name": name,
        "hash": _hash(secret),
        "scopes": " ".join(sorted(scopes)),
        "created_ms": now_ms,
        "revoked_ms": None,
    }
    connection.execute(insert(api_keys), row)
    return key, secret


def find_key(connection: Connection, secret: str) -> ApiKey | None:
    """The key of a secret, unless there is none or it was revoked."""
    statement = select(api_keys).where(api_keys.c.hash == _hash(secret), api_keys.c.revoked_ms.is_(None))
    row = connection.execute(statement).one_or_none()
    return None if row is None else _key(row)


def live_key(connection: Connection, tenant: str, key_id: str) -> ApiKey | None:
    """A key of a tenant by its id, unless there is none or it was revoked."""
    mine = (api_keys.c.tenant == tenant) & (api_keys.c.id == key_id) & api_keys.c.revoked_ms.is_(None)
    row = connection.execute(select(api_keys).where(mine)).one_or_none()
    return None if row is None else _key(row)


def list_keys(connection: Connection, tenant: str) -> list[ApiKey]:
    """All keys of a tenant, revoked ones too, in the order of their making."""
    statement = select(api_keys).where(api_keys.c.tenant == tenant).order_by(api_keys.c.created_ms, api_keys.c.id)
    return [_key(row) for row in connection.execute(statement)]


def revoke_key(connection: Connection, tenant: str, key_id: str, now_ms: int) -> bool:
    """Make a key useless. False if the tenant has no such key; revoking twice changes nothing."""
    mine = (api_keys.c.tenant == tenant) & (api_keys.c.id == key_id)
    connection.execute(update(api_keys).where(mine, api_keys.c.revoked_ms.is_(None)).values(revoked_ms=now_ms))
    return connection.execute(select(api_keys.c.id).where(mine)).first() is not None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Any) -> ApiKey:
    return ApiKey(row.tenant, row.id, row.name, frozenset(row.scopes.split()), row.created_ms, row.revoked_ms)
