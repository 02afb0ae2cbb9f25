"""Members of staff: who works at the counter, how many confirmations they may give, and how they sign in.

A PIN is made here, shown once and stored as a salted scrypt hash. Tries are counted under the name that was typed, whether
somebody has it or not: an unknown name is answered, slowed down and locked like a known one, so that nobody learns who works here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from goodword.program.duration import MINUTE_MS
from goodword.storage.sessions import end_sessions
from goodword.storage.tables import staff, staff_tries

PIN_DIGITS = 8
NAME_MAX = 60
TRIES_MAX = 5
"""How often a PIN may be typed for one name before it is locked for `LOCK_MS`."""
LOCK_MS = 15 * MINUTE_MS
LIMIT_MAX = 100_000
FORGET_MAX = 1000
"""How many counts of tries that are over are removed at a time."""
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""16 MiB and some 50 ms for each try: what RFC 7914 recommends for signing in."""


class UnknownMember(LookupError):
    """Nobody of the staff is called this."""


class NameTaken(ValueError):
    """Somebody of the staff is called this already; also somebody who was switched off keeps the name."""


class CounterLimits(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How much one member of the staff may confirm. What a shop can lose by one of them is bounded by it, offline too."""

    new_hour: int = 20
    """New customers, and visits of those who came before, in an hour."""
    new_day: int = 100
    """As many in 24 hours."""
    redeem_hour: int = 20
    """Rewards used in an hour."""
    redeem_day: int = 100
    """Rewards used in 24 hours."""
    offline_max: int = 5
    """Rewards that the page lets be handed over while there is no connection: each at the shop's risk."""


class Member(Struct, frozen=True):
    """A member of the staff, without the PIN."""

    id: str
    name: str
    limits: CounterLimits
    created_ms: int
    disabled_ms: int | None

    @property
    def works(self) -> bool:
        """Whether there is still an entrance for this member."""
        return self.disabled_ms is None


class Attempt(Struct, frozen=True):
    """Somebody tries to sign in: what has to be compared, and when he may try again."""

    hash: str
    member: Member | None
    locked: bool


def add_member(connection: Connection, tenant: str, name: str, now_ms: int) -> tuple[Member, str]:
    """A new member and the PIN, which nobody can show again.

    Raises:
        ValueError: the name is empty, too long or holds what cannot be seen.
        NameTaken: somebody has it.
    """
    name = " ".join(name.split())
    key = _key(name)
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or not key:
        raise ValueError(f"a name has 1 to {NAME_MAX} characters, all to be seen")
    if find_member(connection, tenant, name) is not None:
        raise NameTaken(f"somebody of the staff is called {name!r} already")
    member = Member(f"st_{secrets.token_hex(5)}", name, CounterLimits(), now_ms, None)
    pin = _new_pin()
    row = {
        "tenant": tenant,
        "id": member.id,
        "name": name,
        "key": key,
        "hash": hash_pin(pin),
        "doc": _doc(member.limits),
        "created_ms": now_ms,
        "disabled_ms": None,
    }
    connection.execute(insert(staff), row)
    return member, pin


def list_members(connection: Connection, tenant: str) -> list[Member]:
    """All members, in the order in which they were added."""
    rows = connection.execute(select(staff).where(staff.c.tenant == tenant).order_by(staff.c.created_ms, staff.c.id))
    return [_member(row) for row in rows]


def find_member(connection: Connection, tenant: str, named: str) -> Member | None:
    """The member of an id or a name, however the name is typed."""
    row = connection.execute(select(staff).where(_named(tenant, named))).first()
    return None if row is None else _member(row)


def need_member(connection: Connection, tenant: str, named: str) -> Member:
    """As `find_member`.

    Raises:
        UnknownMember: there is none.
    """
    member = find_member(connection, tenant, named)
    if member is None:
        raise UnknownMember(f"nobody of the staff is called {named!r}")
    return member


def disable_member(connection: Connection, tenant: str, id: str, now_ms: int) -> None:
    """Close the entrance to a member for good, and end all sessions. What was confirmed stays, and so does the log."""
    open_ones = _one(tenant, id) & staff.c.disabled_ms.is_(None)
    connection.execute(update(staff).where(open_ones).values(disabled_ms=now_ms))
    end_sessions(connection, tenant, "staff", id)


def renew_pin(connection: Connection, tenant: str, id: str) -> str:
    """A new PIN in the place of the old one; all sessions end."""
    pin = _new_pin()
    connection.execute(update(staff).where(_one(tenant, id)).values(hash=hash_pin(pin)))
    end_sessions(connection, tenant, "staff", id)
    return pin


def set_limits(connection: Connection, tenant: str, id: str, limits: CounterLimits) -> None:
    """Change how much a member may confirm.

    Raises:
        ValueError: a limit is below 0 or beyond `LIMIT_MAX`.
    """
    if any(not 0 <= value <= LIMIT_MAX for value in msgspec.structs.astuple(limits)):
        raise ValueError(f"a limit is 0 to {LIMIT_MAX}")
    connection.execute(update(staff).where(_one(tenant, id)).values(doc=_doc(limits)))


def take_try(connection: Connection, tenant: str, typed: str, now_ms: int) -> Attempt:
    """Count that somebody tries to sign in under a name or an id, before anything is compared.

    Of an unknown name as of a known one the count is written, and a hash is given that has to be compared: both take as long.
    """
    row = connection.execute(select(staff).where(_named(tenant, typed), staff.c.disabled_ms.is_(None))).first()
    # Both of a member's names are one count: else each would give as many tries again.
    under = hashlib.sha256((_key(typed) if row is None else row.key).encode()).hexdigest()
    tries = _count_try(connection, tenant, under, now_ms)
    hash, member = (_NOBODY, None) if row is None else (row.hash, _member(row))
    return Attempt(hash, member, locked=tries > TRIES_MAX)


def forget_tries(connection: Connection, tenant: str, member: Member) -> None:
    """Somebody signed in: his tries count no more."""
    mine = (staff_tries.c.tenant == tenant) & (staff_tries.c.under == _under(member.name))
    connection.execute(delete(staff_tries).where(mine))


def hash_pin(pin: str, salt: str | None = None) -> str:
    """How a PIN is stored."""
    salt = salt or secrets.token_hex(16)
    return f"{salt}${hashlib.scrypt(pin.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()}"


def is_pin(hash: str, typed: str) -> bool:
    """Whether what was typed is the PIN: digits of any script, spaces and hyphens do not matter. Takes its time."""
    digits = "".join(str(unicodedata.digit(sign, "")) for sign in typed)
    return hmac.compare_digest(hash, hash_pin(digits, hash.partition("$")[0]))


def _count_try(connection: Connection, tenant: str, under: str, now_ms: int) -> int:
    """How many tries there were of late, with this one. A lock is not prolonged by trying."""
    over = (staff_tries.c.tenant == tenant) & (staff_tries.c.since_ms <= now_ms - LOCK_MS)
    some = select(staff_tries.c.under).where(over).limit(FORGET_MAX)
    connection.execute(delete(staff_tries).where(staff_tries.c.tenant == tenant, staff_tries.c.under.in_(some)))
    mine = (staff_tries.c.tenant == tenant) & (staff_tries.c.under == under)
    known = connection.execute(select(staff_tries.c.tries).where(mine)).scalar_one_or_none()
    if known is None:
        connection.execute(insert(staff_tries), {"tenant": tenant, "under": under, "tries": 1, "since_ms": now_ms})
        return 1
    connection.execute(update(staff_tries).where(mine).values(tries=known + 1))
    return int(known) + 1


def _under(name: str) -> str:
    return hashlib.sha256(_key(name).encode()).hexdigest()


def _new_pin() -> str:
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


def _key(name: str) -> str:
    """A name as it is compared: neither case nor spaces matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split()).encode("utf-8", "replace").decode()


def _doc(limits: CounterLimits) -> str:
    return msgspec.json.encode(limits).decode()


def _one(tenant: str, id: str) -> ColumnElement[bool]:
    return (staff.c.tenant == tenant) & (staff.c.id == id)


def _named(tenant: str, named: str) -> ColumnElement[bool]:
    key = _key(named)
    return (staff.c.tenant == tenant) & ((staff.c.key == key) | (staff.c.id == key))


def _member(row: Any) -> Member:
    limits = msgspec.json.decode(row.doc, type=CounterLimits)
    return Member(row.id, row.name, limits, row.created_ms, row.disabled_ms)


_NOBODY = f"{'00' * 16}${'00' * 32}"
"""What is compared where nobody has the name: no PIN gives it."""
