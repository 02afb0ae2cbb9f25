"""Signing in by a one-time link or code. Neither is stored: both derive from the id and the tenant's key.

A row is made for every address that is asked for, whether somebody has it or not: both take the same time and are limited
alike, so that nobody learns who takes part.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from goodword.engine.ids import Keyring
from goodword.program.duration import DAY_MS, HOUR_MS, MINUTE_MS
from goodword.storage.tables import letters, sign_ins

LIVES_MS = 30 * MINUTE_MS
"""How long a link and a code are good for."""
TRIES_MAX = 5
"""How often a code may be typed: of a million codes."""
Kind = Literal["join", "sign_in"]
ASKED_MAX: dict[Kind, int] = {"join": 2, "sign_in": 5}
ASKED_MS: dict[Kind, int] = {"join": DAY_MS, "sign_in": HOUR_MS}
"""How many links are mailed to one address in what time. Those of joining are counted apart: whoever types somebody else's address
must not use up the mails that its owner asks for.
"""
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
    shows_name: bool
    """Whether it was said, with joining, that friends may see the first name: it counts once the address is confirmed."""

    def open_at(self, at_ms: int) -> bool:
        """Whether it still leads in."""
        return self.used_ms is None and at_ms < self.expires_ms


_COLUMNS = (
    sign_ins.c.id,
    sign_ins.c.participant,
    sign_ins.c.expires_ms,
    sign_ins.c.used_ms,
    sign_ins.c.tries,
    sign_ins.c.shows_name,
)


def ask(
    connection: Connection,
    tenant: str,
    address: str,
    participant: str | None,
    language: str,
    now_ms: int,
    kind: Kind = "sign_in",
    *,
    shows_name: bool = False,
) -> SignIn | None:
    """Ask for a link: a letter is queued with it. Where too many were asked for of late, the newest that still leads in, without
    another letter; None where there is none.

    `address` is the keyed hash of the address. The caller holds a lock on it, so that no two count at once.
    """
    if asked_since(connection, tenant, address, kind, now_ms - ASKED_MS[kind]) >= ASKED_MAX[kind]:
        return _newest(connection, tenant, address, kind, now_ms)
    made = make(connection, tenant, address, participant, now_ms, kind, shows_name=shows_name)
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


def lock_of(tenant: str, address: str) -> str:
    """The lock under which links for an address are counted and made."""
    return f"sign_in:{tenant}:{address}"


def make(
    connection: Connection,
    tenant: str,
    address: str,
    participant: str | None,
    now_ms: int,
    kind: Kind = "sign_in",
    *,
    shows_name: bool = False,
) -> SignIn:
    """A new link and its code, without a letter."""
    made = SignIn(f"si_{secrets.token_hex(12)}", participant, now_ms + LIVES_MS, None, 0, shows_name)
    row = {
        "tenant": tenant,
        "id": made.id,
        "kind": kind,
        "address": address,
        "participant": participant,
        "shows_name": int(shows_name),
        "created_ms": now_ms,
        "expires_ms": made.expires_ms,
        "tries": 0,
        "used_ms": None,
    }
    connection.execute(insert(sign_ins), row)
    return made


def asked_since(connection: Connection, tenant: str, address: str, kind: Kind, since_ms: int) -> int:
    """How many links were asked for under an address since then."""
    mine = _of_address(tenant, address, kind) & (sign_ins.c.created_ms > since_ms)
    return connection.execute(select(func.count()).select_from(sign_ins).where(mine)).scalar_one()


def _newest(connection: Connection, tenant: str, address: str, kind: Kind, now_ms: int) -> SignIn | None:
    """The newest link of an address that still leads in."""
    fresh = _of_address(tenant, address, kind) & (sign_ins.c.used_ms.is_(None)) & (sign_ins.c.expires_ms > now_ms)
    order = (sign_ins.c.created_ms.desc(), sign_ins.c.id)
    row = connection.execute(select(*_COLUMNS).where(fresh).order_by(*order).limit(1)).one_or_none()
    return None if row is None else _sign_in(row)


def find_sign_in(connection: Connection, tenant: str, id: str) -> SignIn | None:
    """What was asked for under an id."""
    row = connection.execute(select(*_COLUMNS).where(_one(tenant, id))).one_or_none()
    return None if row is None else _sign_in(row)


def _sign_in(row: Any) -> SignIn:
    return SignIn(row.id, row.participant, row.expires_ms, row.used_ms, row.tries, bool(row.shows_name))


def _of_address(tenant: str, address: str, kind: Kind) -> ColumnElement[bool]:
    return (sign_ins.c.tenant == tenant) & (sign_ins.c.address == address) & (sign_ins.c.kind == kind)


def use(connection: Connection, tenant: str, id: str, now_ms: int) -> SignIn | None:
    """Use it up: it, with its participant, or None where it was used, is over or nobody's. Of two at once, one succeeds."""
    fresh = (sign_ins.c.used_ms.is_(None)) & (sign_ins.c.expires_ms > now_ms)
    done = connection.execute(update(sign_ins).where(_one(tenant, id), fresh).values(used_ms=now_ms))
    if done.rowcount != 1:
        return None
    found = find_sign_in(connection, tenant, id)
    return found if found is not None and found.participant is not None else None


def count_try(connection: Connection, tenant: str, id: str, now_ms: int) -> bool:
    """Count that a code is typed. Whether it may be: it is not over, and was not typed too often."""
    may = (sign_ins.c.used_ms.is_(None)) & (sign_ins.c.expires_ms > now_ms) & (sign_ins.c.tries < TRIES_MAX)
    tried = update(sign_ins).where(_one(tenant, id), may).values(tries=sign_ins.c.tries + 1)
    return connection.execute(tried).rowcount == 1


def forget_sign_ins(connection: Connection, tenant: str, now_ms: int) -> None:
    """Remove those that are over for as long as they are counted, `FORGET_MAX` at most."""
    over = select(sign_ins.c.id).where(
        sign_ins.c.tenant == tenant, sign_ins.c.expires_ms <= now_ms - max(ASKED_MS.values())
    )
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
