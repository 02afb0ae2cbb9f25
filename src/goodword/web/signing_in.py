"""Signing in to the pages for people: by a link or a code that is mailed to an address that takes part.

Whether anybody has an address cannot be told from the answers. A link in a mail is opened by scanners as well: it leads to a page
with a button, and only the press uses it up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.ids import normalise_code
from goodword.pipeline.intake import InvalidEvent
from goodword.pipeline.lookup import find_by_email
from goodword.portal.frame import frame
from goodword.storage import sign_ins
from goodword.storage.sessions import end_session
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of
from goodword.web.forms import read_form
from goodword.web.joining import check_mailable, consent_to_name
from goodword.web.people import Lang, SignedIn, answer, go, own_form
from goodword.web.tokens import open_confirmed
from goodword.web.visitors import drop_session, keep_language, language_for, set_session
from goodword.words.catalogue import catalogue

PATH = "/me/sign-in"
Asked = Annotated[str, Query(min_length=1, max_length=64, pattern=PRINTABLE)]
Token = Annotated[str, Path(min_length=1, max_length=200, pattern=PRINTABLE)]
router = APIRouter(prefix="/me", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was opened by a link or a code."""

    secret: str
    participant: str
    shows_name: bool


@router.get("/sign-in")
def sign_in_page(request: Request, lang: Lang = None) -> Response:
    """Where the address is typed."""
    return _page(request, language_for(request, lang), lang=lang)


@router.post("/sign-in")
async def ask(request: Request) -> Response:
    """Ask for a link: the answer is the same whoever has the address."""
    context, fields = context_of(request), await read_form(request)
    language = language_for(request, fields.get("lang"))
    email = fields.get("email", "")
    try:
        asked = await run_in_threadpool(_ask, context, email, language)
    except InvalidEvent:
        return _page(request, language, email, error=f"join.email.{'wrong' if email else 'missing'}", status=422)
    response = go(request, f"{PATH}/sent?asked={asked}")
    keep_language(response, context, language)
    return response


@router.get("/sign-in/sent")
def sent(request: Request, asked: Asked, lang: Lang = None) -> Response:
    """That a mail is on its way, and where its code is typed."""
    return _sent(request, asked, language_for(request, lang), lang=lang)


@router.post("/sign-in/code")
async def by_code(request: Request) -> Response:
    """Sign in by the code of a mail, on the device on which it was asked for."""
    context, fields = context_of(request), await read_form(request)
    asked, typed = fields.get("asked", ""), normalise_code(fields.get("code", ""))
    opened = await run_in_threadpool(_by_code, request, context, asked, typed)
    if opened is None:
        return _sent(request, asked, language_for(request), error=True, status=422)
    return await _entered(request, context, opened)


@router.get("/in/{token}")
def link_page(request: Request, token: Token, lang: Lang = None) -> Response:
    """What a link leads to: a button. Looking uses nothing up."""
    context, language = context_of(request), language_for(request, lang)
    id = sign_ins.read_link(context.parts.keyring, token)
    with context.parts.database.read() as connection:
        found = sign_ins.find_sign_in(connection, context.tenant, id) if id else None
    if found is None or not found.open_at(context.parts.now_ms()):
        return _page(request, language, error="sign_in.over", status=410, lang=lang)
    page = frame(language, catalogue(language).text("sign_in.enter.title"), f"/me/in/{token}")
    return answer(request, "enter.html", page, token, lang=lang)


@router.post("/in/{token}")
async def by_link(request: Request, token: Token) -> Response:
    """Sign in by a link."""
    context = context_of(request)
    await read_form(request)
    opened = await run_in_threadpool(_by_link, request, context, token)
    if opened is None:
        return _page(request, language_for(request), error="sign_in.over", status=410)
    return await _entered(request, context, opened)


@router.post("/sign-out")
async def sign_out(request: Request, visitor: SignedIn) -> Response:
    """End the session of this browser."""
    context = context_of(request)
    await own_form(request, visitor)
    await run_in_threadpool(_end, context, visitor.subject, visitor.session.id)
    response = go(request, PATH)
    drop_session(response, context, "participant")
    return response


def _ask(context: Context, email: str, language: str) -> str:
    check_mailable(email)
    with context.parts.database.read() as connection:
        address, participant = find_by_email(connection, context.tenant, context.parts.keyring, email)
    now_ms = context.parts.now_ms()
    with context.parts.database.write_aside(sign_ins.lock_of(context.tenant, address)) as connection:
        made = sign_ins.ask(connection, context.tenant, address, participant, language, now_ms)
    # Asked for too often, and every link was used: the page is the same, and no code fits.
    return made.id if made else f"si_{secrets.token_hex(12)}"


def _by_code(request: Request, context: Context, asked: str, typed: str) -> Opened | None:
    with context.parts.database.write_aside() as connection:
        if not sign_ins.count_try(connection, context.tenant, asked, context.parts.now_ms()):
            return None
    if not sign_ins.is_code(context.parts.keyring, asked, typed):
        return None
    return _open(request, context, asked)


def _by_link(request: Request, context: Context, token: str) -> Opened | None:
    id = sign_ins.read_link(context.parts.keyring, token)
    return None if id is None else _open(request, context, id)


def _open(request: Request, context: Context, id: str) -> Opened | None:
    with context.parts.database.write_aside() as connection:
        used = sign_ins.use(connection, context.tenant, id, context.parts.now_ms())
    if used is None or used.participant is None:
        return None
    return Opened(open_confirmed(request, context, used.participant), used.participant, used.shows_name)


def _end(context: Context, participant: str, session: str) -> None:
    with context.parts.database.write_aside() as connection:
        end_session(connection, context.tenant, "participant", participant, session)


async def _entered(request: Request, context: Context, opened: Opened) -> Response:
    """Go on; what was said of the name with joining counts from now on, as the address is confirmed."""
    if opened.shows_name:
        await consent_to_name(context, opened.participant, language_for(request))
    response = go(request, "/me")
    set_session(response, context, "participant", opened.secret)
    return response


def _page(
    request: Request,
    language: str,
    email: str = "",
    *,
    error: str = "",
    status: int = 200,
    lang: str | None = None,
) -> Response:
    texts = catalogue(language)
    page = frame(language, texts.text("sign_in.title"), PATH)
    return answer(request, "sign_in.html", page, {"email": email, "error": error}, status=status, lang=lang)


def _sent(
    request: Request, asked: str, language: str, *, error: bool = False, status: int = 200, lang: str | None = None
) -> Response:
    page = frame(language, catalogue(language).text("sign_in.sent.title"), f"{PATH}/sent", query=f"asked={asked}")
    return answer(request, "sent.html", page, {"asked": asked, "error": error}, status=status, lang=lang)
