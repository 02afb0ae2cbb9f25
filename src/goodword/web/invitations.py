"""The page that a friend sees: `/i/CODE`, for everybody, without a key. Looking stores nothing; one press accepts.

What is accepted is a claim without a person: its token goes with the friend to the shop, as `gw_claim`, or his code is said at
the counter. Robots and previews only look.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from goodword.edge.links import ProgramLinks, make_link
from goodword.edge.pages import STATUS, page, wanted_language
from goodword.edge.pages import STYLE_HASH as EDGE_STYLE_HASH
from goodword.edge.pages import Page as EdgePage
from goodword.edge.targets import parameter, read_places, with_parameters
from goodword.engine.events import Claim
from goodword.engine.ids import normalise_code
from goodword.engine.programs import status_of
from goodword.engine.reasons import Answer
from goodword.engine.state import CLAIMS, HANDLES, Handle, State
from goodword.pipeline.intake import seal
from goodword.portal.friend import PREFIX, Closed, Invitation, address_of, friend_page
from goodword.program.duration import from_ms
from goodword.program.loader import Program
from goodword.storage.load import load, load_program_rows
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of, read_body
from goodword.web.events import decide_one
from goodword.web.problems import Conflicts
from goodword.words.catalogue import LANGUAGES

FORM_BYTES_MAX = 2048
ID_LENGTH_MAX = 64
Code = Annotated[str, Path(min_length=1, max_length=64, pattern=PRINTABLE)]
Lang = Annotated[str | None, Query(alias="lang", max_length=10, pattern=PRINTABLE)]
router = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands behind a code."""

    handle: Handle
    program: Program
    closed: Closed | None


@router.get("/{code}")
def invitation(request: Request, code: Code, lang: Lang = None) -> Response:
    """The invitation of a code."""
    context, language = context_of(request), _language(request, lang)
    found = _find(context, code)
    if isinstance(found, str):
        return _nowhere(request, context, found, language)
    return _html(context, friend_page(context.look, _about(context, found, language)))


@router.post("/{code}/claim")
async def accept(request: Request, code: Code) -> Response:
    """Accept it: a claim is told, under the id that the form brings, so that pressing twice accepts once."""
    context = context_of(request)
    context.limits.failures(request.scope, 1)  # whoever has no key may not fill the database
    form = parse_qs((await read_body(request, FORM_BYTES_MAX)).decode("ascii", "replace"))
    language = _language(request, form.get("lang", [None])[0])
    id = form.get("id", [""])[0]
    found = await run_in_threadpool(_find, context, code)
    if isinstance(found, str):
        return _nowhere(request, context, found, language)
    claim = await _claimed(context, found, id) if _is_id(id) and found.closed is None else None
    if claim is None:
        return RedirectResponse(f"{address_of(found.handle.written)}?lang={language}", 303, context.look.headers)
    address = f"{address_of(found.handle.written)}/accepted?claim={claim}&lang={language}"
    return RedirectResponse(address, 303, context.look.headers)


@router.get("/{code}/accepted")
def accepted(
    request: Request,
    code: Code,
    claim: Annotated[str, Query(min_length=1, max_length=100, pattern=PRINTABLE)],
    lang: Lang = None,
) -> Response:
    """What comes next, once it was accepted: the code, and the way to the shop."""
    context, language = context_of(request), _language(request, lang)
    found = _find(context, code)
    if isinstance(found, str):
        return _nowhere(request, context, found, language)
    state = State()
    with context.parts.database.read() as connection:
        load(connection, context.tenant, state, {CLAIMS.name: {claim}})
    row = state.get(CLAIMS, claim)
    if row is None or row.code != found.handle.code:
        return RedirectResponse(f"{address_of(found.handle.written)}?lang={language}", 303, context.look.headers)
    return _html(context, friend_page(context.look, _about(context, found, language, claim)))


def _find(context: Context, code: str) -> _Found | EdgePage:
    """What stands behind a code as it was typed, or which page says that nothing does."""
    normal, state = normalise_code(code), State()
    with context.parts.database.read() as connection:
        load(connection, context.tenant, state, {HANDLES.name: {normal}})
        handle = state.get(HANDLES, normal)
        row = load_program_rows(connection, context.tenant).get(handle.program) if handle else None
        if handle is None or row is None or not row.version:
            return "unknown"
        if handle.refused_at(context.parts.now_ms()) is not None:
            return "gone"
        key = (row.program, row.version)
        program = context.parts.tenants.versions(connection, context.tenant, {key})[key]
    status = status_of(row)
    return _Found(handle, program, status if status in ("paused", "ended") else None)


def _about(context: Context, found: _Found, language: str, claim: str | None = None) -> Invitation:
    now = from_ms(context.parts.now_ms()).astimezone(found.program.model.zone)
    return Invitation(
        program=found.program,
        code=found.handle.written,
        language=language,
        on=now.date(),
        claim_id=uuid.uuid4().hex,
        closed=found.closed if claim is None else None,
        claim=claim,
        shop=None if claim is None else _shop(context, found, claim),
    )


def _shop(context: Context, found: _Found, claim: str) -> str | None:
    """Where the friend goes on: the page of the code, with the code and the token of what he accepted."""
    places = read_places(context.parts.settings)
    link = make_link(found.handle, ProgramLinks(found.program.model.landing), places)
    if link.normal is None:
        return None
    return with_parameters(link.normal, f"{link.parameters}&{parameter('gw_claim', claim)}")


async def _claimed(context: Context, found: _Found, id: str) -> str | None:
    """The token of the claim, or None where it was refused meanwhile."""
    now_ms = context.parts.now_ms()
    event = Claim(id=f"page-{id}", occurred_at=from_ms(now_ms), code=found.handle.written)
    try:
        answer = await decide_one(context.batcher, seal(event, context.parts.keyring, now_ms, history=False))
    except Conflicts:
        # Pressed twice: the time differs, the claim does not.
        return context.parts.keyring.id("cl", event.id)
    return msgspec.json.decode(answer, type=Answer).claim


def _is_id(id: str) -> bool:
    return 0 < len(id) <= ID_LENGTH_MAX and id.isascii() and id.isalnum()


def _language(request: Request, wanted: str | None) -> str:
    if wanted in LANGUAGES:
        return str(wanted)
    return wanted_language(request.headers.get("accept-language", "").encode("latin-1"))


def _html(context: Context, text: str) -> Response:
    return HTMLResponse(text, headers=context.look.headers)


def _nowhere(request: Request, context: Context, name: EdgePage, language: str) -> Response:
    """Nothing stands behind the code: who asks for many such codes has to wait."""
    context.limits.failures(request.scope, 1)
    home = read_places(context.parts.settings).home
    policy = f"default-src 'none'; style-src 'sha256-{EDGE_STYLE_HASH}'"
    headers = {
        **context.look.headers,
        "Content-Security-Policy": f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    }
    return HTMLResponse(page(name, language, home), STATUS[name], headers)
