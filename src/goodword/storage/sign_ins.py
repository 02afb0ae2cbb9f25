"""Signing in by a one-time link or code. Neither is stored: both derive from the id and the tenant's key.

A row is made for every address that is asked for, whether somebody has it or not: both take the same time and are limited
alike, so that nobody learns who takes part.
"""

from __future__ import annotations

import hmac
import secrets

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from goodword.engine.ids import Keyring
from goodword.program.duration import HOUR_MS, MINUTE_MS
from goodword.storage.tables import letters, sign_ins

LIVES_MS = 30 * MINUTE_MS
"""How long a link and a code are good for."""
TRIES_MAX = 5
"""How often a code may be typed: of a million codes."""
ASKED_MAX = 5
"""How many links are mailed to one address in `ASKED_MS`."""
ASKED_MS = HOUR_MS
CODE_DIGITS = 6
FORGET_MAX = 1000
"""How many that are over are removed at a time."""


class SignIn(Struct, frozen=True):
    """A link and a code that somebody asked for."""

    id: str
    participant: str | None
    """Whose address it is; None where it is nobody's."""
    expires_ms: int
    used_ms: int | None
    tries: int

    def open_at(self, at_ms: int) -> bool:
        """Whether it still leads in."""
        return self.used_ms is None and at_ms < self.expires_ms


def ask(
    connection: Connection, tenant: str, address: str, participant: str | None, language: str, now_ms: int
) -> SignIn | None:
    """Ask for a link: a letter is queued with it. None where too many were asked for of late.

    `address` is the keyed hash of the address.
    """
    if asked_since(connection, tenant, address, now_ms - ASKED_MS) >= ASKED_MAX:
        return None
    made = make(connection, tenant, address, participant, now_ms)
    letter = {
        "tenant": tenant,
        "id": f"le_{made.id[3:]}",
        "participant": participant,
        "kind": "sign_in",
        "reference": made.id,
        "language": language,
        "created_ms": now_ms,
        "next_ms": now_ms,
        "tries": 0,
    }
    connection.execute(insert(letters), letter)
    return made


def make(connection: Connection, tenant: str, address: str, participant: str | None, now_ms: int) -> SignIn:
    """A new link and its code, without a letter."""
    made = SignIn(f"si_{secrets.token_hex(12)}", participant, now_ms + LIVES_MS, None, 0)
    row = {
        "tenant": tenant,
        "id": made.id,
        "address": address,
        "participant": participant,
        "created_ms": now_ms,
        "expires_ms": made.expires_ms,
        "tries": 0,
        "used_ms": None,
    }
    connection.execute(insert(sign_ins), row)
    return made


def asked_since(connection: Connection, tenant: str, address: str, since_ms: int) -> int:
    """How many links were asked for under an address since then."""
    mine = (sign_ins.c.tenant == tenant) & (sign_ins.c.address == address) & (sign_ins.c.created_ms > since_ms)
    return connection.execute(select(func.count()).select_from(sign_ins).where(mine)).scalar_one()


def find_sign_in(connection: Connection, tenant: str, id: str) -> SignIn | None:
    """What was asked for under an id."""
    columns = (sign_ins.c.id, sign_ins.c.participant, sign_ins.c.expires_ms, sign_ins.c.used_ms, sign_ins.c.tries)
    row = connection.execute(select(*columns).where(_one(tenant, id))).one_or_none()
    return None if row is None else SignIn(**row._mapping)


def use(connection: Connection, tenant: str, id: str, now_ms: int) -> str | None:
    """Use it up: the participant, or None where it was used, is over or nobody's. Of two at once, one succeeds."""
    fresh = (sign_ins.c.used_ms.is_(None)) & (sign_ins.c.expires_ms > now_ms)
    done = connection.execute(update(sign_ins).where(_one(tenant, id), fresh).values(used_ms=now_ms))
    if done.rowcount != 1:
        return None
    participant: str | None = connection.execute(select(sign_ins.c.participant).where(_one(tenant, id))).scalar_one()
    return participant


def count_try(connection: Connection, tenant: str, id: str, now_ms: int) -> bool:
    """Count that a code is typed. Whether it may be: it is not over, and was not typed too often."""
    may = (sign_ins.c.used_ms.is_(None)) & (sign_ins.c.expires_ms > now_ms) & (sign_ins.c.tries < TRIES_MAX)
    tried = update(sign_ins).where(_one(tenant, id), may).values(tries=sign_ins.c.tries + 1)
    return connection.execute(tried).rowcount == 1


def forget_sign_ins(connection: Connection, tenant: str, now_ms: int) -> None:
    """Remove those that are over for as long as they are counted, `FORGET_MAX` at most."""
    over = select(sign_ins.c.id).where(sign_ins.c.tenant == tenant, sign_ins.c.expires_ms <= now_ms - ASKED_MS)
    some = over.order_by(sign_ins.c.expires_ms).limit(FORGET_MAX)
    connection.execute(delete(sign_ins).where(sign_ins.c.tenant == tenant, sign_ins.c.id.in_(some)))


def link_token(keyring: Keyring, id: str) -> str:
    """What a link brings along."""
    return f"{id}.{keyring.digest('sign_in link', id).hex()}"


def read_link(keyring: Keyring, token: str) -> str | None:
    """The id that a link brings along, if it is one of ours."""
    id, _, _ = token.partition(".")
    return id if hmac.compare_digest(link_token(keyring, id).encode(), token.encode()) else None


def sign_in_code(keyring: Keyring, id: str) -> str:
    """The code that is typed instead."""
    number = int.from_bytes(keyring.digest("sign_in code", id), "big")
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_code(keyring: Keyring, id: str, typed: str) -> bool:
    """Whether what was typed (as codes are normalised) is the code."""
    return hmac.compare_digest(sign_in_code(keyring, id).encode(), typed.encode())


def _one(tenant: str, id: str) -> ColumnElement[bool]:
    return (sign_ins.c.tenant == tenant) & (sign_ins.c.id == id)
