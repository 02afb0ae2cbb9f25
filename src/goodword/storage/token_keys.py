"""Keys with which the shop signs tokens for its customers. No secret is stored: each derives from the tenant's key and the key's id.

The shop needs the secret itself to sign, not its hash, and so do we to check: a table that holds it could be read, this one cannot.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from goodword.engine.ids import Keyring
from goodword.storage.tables import token_keys

LIVE_MAX = 2
"""How many keys are good at a time: the one in use, and the one that takes its place."""


class TooManyKeys(ValueError):
    """As many keys are live as may be."""


class TokenKey(Struct, frozen=True):
    """A key without its secret."""

    kid: str
    created_ms: int
    revoked_ms: int | None


def create_token_key(connection: Connection, tenant: str, now_ms: int) -> TokenKey:
    """A new key.

    Raises:
        TooManyKeys: one has to be revoked first.
    """
    live = [key for key in list_token_keys(connection, tenant) if key.revoked_ms is None]
    if len(live) >= LIVE_MAX:
        named = " and ".join(key.kid for key in live)
        raise TooManyKeys(
            f"{named} are live, and there are {LIVE_MAX} at most: revoke the one that is not used any more"
        )
    key = TokenKey(f"tk_{secrets.token_hex(8)}", now_ms, None)
    row = {"tenant": tenant, "kid": key.kid, "created_ms": now_ms, "revoked_ms": None}
    connection.execute(insert(token_keys), row)
    return key


def is_live(connection: Connection, tenant: str, kid: str) -> bool:
    """Whether a token may be signed with this key: it is one of the tenant's, and was not revoked."""
    mine = (token_keys.c.tenant == tenant) & (token_keys.c.kid == kid)
    live = select(token_keys.c.kid).where(mine, token_keys.c.revoked_ms.is_(None))
    return connection.execute(live).first() is not None


def list_token_keys(connection: Connection, tenant: str) -> list[TokenKey]:
    """All keys of a tenant, revoked ones too, in the order of their making."""
    columns = (token_keys.c.kid, token_keys.c.created_ms, token_keys.c.revoked_ms)
    rows = connection.execute(select(*columns).where(token_keys.c.tenant == tenant))
    return sorted((TokenKey(**row._mapping) for row in rows), key=lambda key: (key.created_ms, key.kid))


def revoke_token_key(connection: Connection, tenant: str, kid: str, now_ms: int) -> bool:
    """Make a key useless, with every token that it signed. False if the tenant has no such key; twice changes nothing."""
    mine = (token_keys.c.tenant == tenant) & (token_keys.c.kid == kid)
    connection.execute(update(token_keys).where(mine, token_keys.c.revoked_ms.is_(None)).values(revoked_ms=now_ms))
    return connection.execute(select(token_keys.c.kid).where(mine)).first() is not None


def token_secret(keyring: Keyring, kid: str) -> str:
    """The secret of a key, as the shop writes it into its program: the characters themselves are the key of the HMAC."""
    return urlsafe_b64encode(keyring.digest("token key", kid)).rstrip(b"=").decode()
