"""Sessions: browsers in which somebody is signed in. The secret stays in the browser; what is stored is its hash.

The secret has 256 random bits, so that a plain SHA-256 is enough: there is nothing in it to guess.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from goodword.program.duration import DAY_MS, HOUR_MS
from goodword.storage.tables import sessions

Role = Literal["participant", "staff", "office"]
"""`office`: who looks at figures, with the key that let him in."""
SECRET_BYTES = 32
LIVES_MS = 30 * DAY_MS
"""How long a session lives after it was last used."""
SEEN_EVERY_MS = HOUR_MS
"""How exactly it is known when it was last used: a page that is looked at should not write each time."""
SESSIONS_MAX = 20
"""How many somebody has at a time: the oldest one ends where there are more."""
UNCONFIRMED_MAX = 5
"""How many of those that only share: strangers may open them, and must not end any that is confirmed."""
AGENT_MAX = 200
"""How much of what a browser says of itself is kept."""
FORGET_MAX = 1000
"""How many sessions that are over are removed at a time."""


_FIND = select(sessions).where(
    sessions.c.tenant == bindparam("tenant"),
    sessions.c.hash == bindparam("hash"),
    sessions.c.expires_ms > bindparam("now_ms"),
)
"""Put together once: each page asks for it."""


class Session(Struct, frozen=True):
    """A session without its secret."""

    hash: str
    id: str
    """By what it is named to its owner."""
    role: Role
    subject: str
    """The participant, the member of the staff, or the API key."""
    program: str | None
    """Of one that may only share: the program that was joined with it."""
    confirmed: bool
    """Whether its owner has shown that the address is his: without it he may share, and sees nothing that is anybody's own."""
    created_ms: int
    seen_ms: int
    expires_ms: int
    agent: str
    """What the browser said of itself."""


def open_session(
    connection: Connection,
    tenant: str,
    role: Role,
    subject: str,
    now_ms: int,
    *,
    confirmed: bool,
    agent: str,
    program: str | None = None,
) -> str:
    """A new session; its secret, which nobody can show again. One that is not confirmed shows its `program` alone."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = {
        "tenant": tenant,
        "hash": hash_of(secret),
        "id": f"se_{secrets.token_hex(8)}",
        "role": role,
        "subject": subject,
        "confirmed": int(confirmed),
        "program": program,
        "created_ms": now_ms,
        "seen_ms": now_ms,
        "expires_ms": now_ms + LIVES_MS,
        "agent": agent[:AGENT_MAX],
    }
    connection.execute(insert(sessions), row)
    alike = [one for one in list_sessions(connection, tenant, role, subject) if one.confirmed == confirmed]
    for old in alike[SESSIONS_MAX if confirmed else UNCONFIRMED_MAX :]:
        _end(connection, tenant, old.hash)
    return secret


def find_session(connection: Connection, tenant: str, secret: str, now_ms: int) -> Session | None:
    """The session of a secret, unless there is none or it is over."""
    parameters = {"tenant": tenant, "hash": hash_of(secret), "now_ms": now_ms}
    row = connection.execute(_FIND, parameters).one_or_none()
    return None if row is None else _session(row)


def keep_session(connection: Connection, tenant: str, session: Session, now_ms: int) -> None:
    """Note that a session was used now, so that it lives on."""
    mine = (sessions.c.tenant == tenant) & (sessions.c.hash == session.hash)
    connection.execute(update(sessions).where(mine).values(seen_ms=now_ms, expires_ms=now_ms + LIVES_MS))


def list_sessions(connection: Connection, tenant: str, role: Role, subject: str) -> list[Session]:
    """The sessions of somebody, the newest first; also those that are over and not removed yet."""
    theirs = (sessions.c.tenant == tenant) & (sessions.c.subject == subject) & (sessions.c.role == role)
    order = (sessions.c.created_ms.desc(), sessions.c.id.desc())
    return [_session(row) for row in connection.execute(select(sessions).where(theirs).order_by(*order))]


def end_session(connection: Connection, tenant: str, role: Role, subject: str, id: str) -> bool:
    """End one session of somebody. Whether he had it."""
    found = [one for one in list_sessions(connection, tenant, role, subject) if one.id == id]
    for one in found:
        _end(connection, tenant, one.hash)
    return bool(found)


def end_sessions(connection: Connection, tenant: str, role: Role, subject: str, but: str | None = None) -> int:
    """End all sessions of somebody, `but` the one of this id; how many they were."""
    others = [one for one in list_sessions(connection, tenant, role, subject) if one.id != but]
    for one in others:
        _end(connection, tenant, one.hash)
    return len(others)


def forget_sessions(connection: Connection, tenant: str, now_ms: int) -> None:
    """Remove sessions that are over, `FORGET_MAX` at most."""
    over = select(sessions.c.hash).where(sessions.c.tenant == tenant, sessions.c.expires_ms <= now_ms)
    some = over.order_by(sessions.c.expires_ms).limit(FORGET_MAX)
    connection.execute(delete(sessions).where(sessions.c.tenant == tenant, sessions.c.hash.in_(some)))


def hash_of(secret: str) -> str:
    """How a secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _end(connection: Connection, tenant: str, hash: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.tenant == tenant, sessions.c.hash == hash))


def _session(row: Any) -> Session:
    return Session(
        hash=row.hash,
        id=row.id,
        role=row.role,
        subject=row.subject,
        program=row.program,
        confirmed=bool(row.confirmed),
        created_ms=row.created_ms,
        seen_ms=row.seen_ms,
        expires_ms=row.expires_ms,
        agent=row.agent,
    )
