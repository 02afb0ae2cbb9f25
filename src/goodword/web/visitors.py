"""Who looks at our pages: somebody who is signed in by a session, in the language and the light that he chose."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from goodword.engine.state import PARTICIPANTS, State
from goodword.portal.light import Scheme, scheme_named
from goodword.program.duration import HOUR_MS
from goodword.storage.load import load
from goodword.storage.sessions import LIVES_MS, SEEN_EVERY_MS, Role, Session, find_session, keep_session
from goodword.web.context import Context
from goodword.web.forms import form_token
from goodword.web.language import page_language

SECRET_MAX = 200
LANGUAGE_COOKIE = "gw_lang"
COOKIES: dict[Role, str] = {"participant": "gw_session", "staff": "gw_counter", "office": "gw_office"}
COOKIE_SECONDS = LIVES_MS // 1000
STAFF_IDLE_MS = 12 * HOUR_MS
"""How long somebody of the staff stays signed in without doing anything, to `SEEN_EVERY_MS`: a till is shared."""
SCHEME_COOKIE = "gw_scheme"
"""Set by the press alone: light or dark, and nothing about who chose it."""
CHOICE_SECONDS = 365 * 24 * 3600
"""How long a browser keeps a language or a light that was chosen."""


class SignInFirst(Exception):
    """Nobody is signed in, or not so that he may see this."""

    def __init__(self, role: Role) -> None:
        super().__init__(role)
        self.role = role


class Visitor(Struct, frozen=True):
    """Somebody who is signed in."""

    session: Session
    token: str
    """What his forms carry."""

    @property
    def subject(self) -> str:
        """Who he is: a participant, or somebody who works for the shop."""
        return self.session.subject

    @property
    def confirmed(self) -> bool:
        """Whether he may see what is his own, and not only share."""
        return self.session.confirmed


def visitor_of(request: Request, context: Context, role: Role = "participant") -> Visitor | None:
    """Who is signed in in the browser that asks, if anybody is. Reads the database: not in the loop."""
    secret = request.cookies.get(COOKIES[role], "")
    if not 0 < len(secret) <= SECRET_MAX:
        return None
    now_ms, database = context.parts.now_ms(), context.parts.database
    with database.read() as connection:
        session = find_session(connection, context.tenant, secret, now_ms)
        if session is None or session.role != role or _is_erased(connection, context.tenant, session):
            return None
    if role != "participant" and now_ms - session.seen_ms >= STAFF_IDLE_MS:
        return None
    if now_ms - session.seen_ms > SEEN_EVERY_MS:
        with database.write_aside() as connection:
            keep_session(connection, context.tenant, session, now_ms)
    return Visitor(session, form_token(context.parts.keyring, session.hash))


def _is_erased(connection: Connection, tenant: str, session: Session) -> bool:
    """Whether it is the session of somebody who was erased since: nothing is left that could be shown to him."""
    if session.role != "participant":
        return False
    state = State()
    load(connection, tenant, state, {PARTICIPANTS.name: {session.subject}})
    row = state.get(PARTICIPANTS, session.subject)
    return row is None or row.erased_ms is not None


def needs_visitor(
    request: Request, context: Context, role: Role = "participant", *, confirmed: bool = False
) -> Visitor:
    """Who is signed in; with `confirmed`, so that he may see what is his own.

    Raises:
        SignInFirst: nobody is.
    """
    visitor = visitor_of(request, context, role)
    if visitor is None or (confirmed and not visitor.confirmed):
        raise SignInFirst(role)
    return visitor


def set_session(response: Response, context: Context, role: Role, secret: str) -> None:
    """Have the browser keep the secret of a session: no script reads it, no other site sends it."""
    set_cookie(response, context, COOKIES[role], secret, COOKIE_SECONDS)


def drop_session(response: Response, context: Context, role: Role) -> None:
    """Have the browser forget it."""
    set_cookie(response, context, COOKIES[role], "", 0)


def language_for(request: Request, wanted: str | None = None) -> str:
    """The language to answer in: the one that is asked for, else the one chosen before, else the browser's."""
    return page_language(request, request.cookies.get(LANGUAGE_COOKIE) if wanted is None else wanted)


def keep_language(response: Response, context: Context, language: str) -> None:
    """Have the browser keep the language that was chosen."""
    set_cookie(response, context, LANGUAGE_COOKIE, language, CHOICE_SECONDS)


def scheme_of(request: Request) -> Scheme:
    """Light or dark, where the reader chose; else as his device says."""
    return scheme_named(request.cookies.get(SCHEME_COOKIE, "")) or ""


def keep_scheme(response: Response, context: Context, scheme: Scheme) -> None:
    """Have the browser keep what was chosen, or forget it where the device decides again."""
    set_cookie(response, context, SCHEME_COOKIE, scheme, CHOICE_SECONDS if scheme else 0)


def set_cookie(response: Response, context: Context, name: str, value: str, seconds: int, path: str = "/") -> None:
    """Have the browser keep a value: no script reads it, no other site sends it."""
    secure = context.parts.settings.origin.startswith("https://")
    samesite: Literal["lax"] = "lax"  # a link in a mail leads to a page of ours, and its reader is signed in there
    response.set_cookie(name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite=samesite)
