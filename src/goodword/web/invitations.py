"""The page that a friend sees: `/i/CODE`, for everybody, without a key. Looking stores nothing; one press accepts.

What is accepted is a claim without a person: its token goes with the friend to the shop, as `gw_claim`, or his code is said at
the counter. Robots and previews only look.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qs, quote

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from goodword.edge.links import ProgramLinks, make_link
from goodword.edge.pages import STATUS, page
from goodword.edge.pages import STYLE_HASH as EDGE_STYLE_HASH
from goodword.edge.pages import Page as EdgePage
from goodword.edge.targets import parameter, read_places, with_parameters
from goodword.engine.events import Ask, Claim
from goodword.engine.ids import normalise_code
from goodword.engine.programs import status_of
from goodword.engine.reasons import Answer
from goodword.engine.state import CLAIMS, HANDLES, PARTICIPANTS, ClaimRow, Handle, State
from goodword.pipeline.intake import seal
from goodword.portal.cards import invitation_picture
from goodword.portal.frame import frame
from goodword.portal.friend import PREFIX, Closed, Invitation, Met, ShownPicture, address_of, friend_page
from goodword.portal.pictures import Picture
from goodword.program.duration import HOUR_MS, SECOND_MS, from_ms, local_date
from goodword.program.loader import Program
from goodword.storage import reads
from goodword.storage.load import load, load_program_rows
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of, read_body
from goodword.web.events import decide_one
from goodword.web.forms import read_form
from goodword.web.language import page_language
from goodword.web.moments import may_be_asked
from goodword.web.opinions import SurveyView, answers_in, motives
from goodword.web.people import answer, press
from goodword.web.problems import Conflicts, NotFound
from goodword.web.visitors import scheme_of, set_cookie, visitor_of
from goodword.words.catalogue import catalogue
from goodword.words.names import given_name
from goodword.words.sentences import sentence

FORM_BYTES_MAX = 2048
ID_LENGTH_MAX = 64
CLAIM_COOKIE = "gw_claim"
"""Set by the press alone, for the page of the one code: nothing is kept of who only looks (Directive 2002/58/EC, article 5 (3))."""
CLAIM_MAX = 100
CARD_KEPT = "public, max-age=3600"
Token = Annotated[str, Query(alias="claim", min_length=1, max_length=CLAIM_MAX, pattern=PRINTABLE)]
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
    context, language = context_of(request), page_language(request, lang)
    found = _find(context, code)
    if isinstance(found, str):
        return _nowhere(request, context, found, language)
    if found.closed is None and _kept(request, context, found):
        address = f"{address_of(found.handle.written)}/accepted?claim={request.cookies[CLAIM_COOKIE]}&lang={language}"
        return RedirectResponse(address, 303, context.look.headers)
    about = replace(_about(context, found, language), by=_inviter(context, found))
    met = _met(request, context, found) if found.closed is None else None
    if met is not None:
        about = replace(about, closed=met, more="/me" if met == "own" else f"/join/{found.program.name}")
    return _shown(request, context, about)


@router.api_route("/{code}/card.png", methods=["GET", "HEAD"])
def card(request: Request, code: Code, lang: Lang = None) -> Response:
    """The picture of an invitation, for previews of its link. Looking at it counts for nothing."""
    context, language = context_of(request), page_language(request, lang)
    found = _find(context, code)
    picture = None if isinstance(found, str) else _picture(context, found, language)
    drawn = picture and context.pictures.draw(picture)
    if not drawn:
        context.limits.failures(request.scope, 1)
        raise NotFound("there is no such picture")
    etag = f'"{sha256(drawn).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": CARD_KEPT, "Cross-Origin-Resource-Policy": "cross-origin"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(drawn, media_type="image/png", headers=headers)


@router.post("/{code}/claim")
async def accept(request: Request, code: Code) -> Response:
    """Accept it: a claim is told, under the id that the form brings, so that pressing twice accepts once."""
    context = context_of(request)
    context.limits.failures(request.scope, 1)  # whoever has no key may not fill the database
    form = parse_qs((await read_body(request, FORM_BYTES_MAX)).decode("ascii", "replace"))
    language = page_language(request, form.get("lang", [None])[0])
    id = form.get("id", [""])[0]
    found = await run_in_threadpool(_find, context, code)
    if isinstance(found, str):
        return _nowhere(request, context, found, language)
    claim = await _claimed(context, found, id) if _is_id(id) and found.closed is None else None
    if claim is None:
        return RedirectResponse(f"{address_of(found.handle.written)}?lang={language}", 303, context.look.headers)
    path = address_of(found.handle.written)
    response = RedirectResponse(f"{path}/accepted?claim={claim}&lang={language}", 303, context.look.headers)
    # What he pressed for is kept for him, no longer than it is good: whoever comes back finds his code.
    set_cookie(response, context, CLAIM_COOKIE, claim, found.program.model.attribution.window // SECOND_MS, path)
    return response


@router.get("/{code}/accepted")
def accepted(
    request: Request,
    code: Code,
    claim: Annotated[str, Query(min_length=1, max_length=CLAIM_MAX, pattern=PRINTABLE)],
    lang: Lang = None,
) -> Response:
    """What comes next, once it was accepted: the code, and the way to the shop."""
    context, language = context_of(request), page_language(request, lang)
    found = _find(context, code)
    if isinstance(found, str):
        return _nowhere(request, context, found, language)
    if not _is_claim(context, found, claim):
        response = RedirectResponse(f"{address_of(found.handle.written)}?lang={language}", 303, context.look.headers)
        set_cookie(response, context, CLAIM_COOKIE, "", 0, address_of(found.handle.written))
        return response
    about = replace(_about(context, found, language, claim), pass_on=_pass_on(context, found, claim))
    return _shown(request, context, about)


@router.post("/{code}/shown")
async def shown(request: Request, code: Code) -> Response:
    """It was said on the page of a friend that it is his turn now: told once an hour, so that no number can be pressed up."""
    context, fields = context_of(request), await read_form(request)
    claim = fields.get("token", "")[:CLAIM_MAX]
    found = await run_in_threadpool(_find, context, code)
    turn = None if isinstance(found, str) else await run_in_threadpool(_turn, context, found, claim)
    if turn is not None and not isinstance(found, str):
        now_ms = context.parts.now_ms()
        hour_ms = now_ms - now_ms % HOUR_MS
        id = f"page-{context.parts.keyring.id('sh', claim, str(hour_ms))}"
        # Told of himself, so that he is asked as seldom here as anywhere.
        at, (friend, _) = from_ms(hour_ms), turn
        event = Ask(id=id, occurred_at=at, program=found.program.name, place="invitation", participant=friend)
        await press(context, event)
    return Response(status_code=204)


@router.get("/{code}/survey")
def survey_page(request: Request, code: Code, claim: Token, lang: Lang = None) -> Response:
    """What a friend who accepted thinks of it."""
    return _survey(request, code, claim, page_language(request, lang))


@router.post("/{code}/survey")
async def say(request: Request, code: Code) -> Response:
    """Say it; once for each claim."""
    context, fields = context_of(request), await read_form(request)
    language, claim = page_language(request, None), fields.get("claim", "")[:CLAIM_MAX]
    found = await run_in_threadpool(_find, context, code)
    if isinstance(found, str) or not await run_in_threadpool(_is_claim, context, found, claim):
        raise NotFound("there is no such invitation")
    texts, path = catalogue(language), address_of(found.handle.written)
    try:
        event = answers_in(context, fields, found.program.name, side="friend", claim=claim)
    except msgspec.ValidationError:
        wrong = texts.text("survey.missing")
        return await run_in_threadpool(lambda: _survey(request, code, claim, language, wrong, 422))
    told = await press(context, event)
    if told.outcome == "refused":
        why = " ".join(sentence(reason, language) for reason in told.reasons)
        return await run_in_threadpool(lambda: _survey(request, code, claim, language, why, 409))
    page = frame(language, texts.text("survey.thanks.title"), f"{path}/survey", query=f"claim={quote(claim, safe='')}")
    return answer(request, "problem.html", page, texts.text("survey.thanks.text"))


def _survey(request: Request, code: str, claim: str, language: str, refused: str = "", status: int = 200) -> Response:
    context = context_of(request)
    found = _find(context, code)
    if isinstance(found, str) or not _is_claim(context, found, claim):
        raise NotFound("there is no such invitation")
    path, title = address_of(found.handle.written), catalogue(language).text("survey.title")
    page = frame(language, title, f"{path}/survey", query=f"claim={quote(claim, safe='')}")
    return answer(request, "survey.html", page, SurveyView(path, motives(language), refused, claim), status=status)


def _pass_on(context: Context, found: _Found, claim: str) -> str | None:
    """Where a friend invites others, if he may be asked now."""
    turn = _turn(context, found, claim)
    return turn[1] if turn else None


def _turn(context: Context, found: _Found, claim: str) -> tuple[str, str] | None:
    """Who a friend is and where he invites others, if he may be asked now: after his first order, or at what moment the program
    names.
    """
    row = _claim_of(context, found, claim)
    if row is None or row.friend is None:
        return None
    with context.parts.database.read() as connection:
        asked = may_be_asked(connection, context, row.friend, found.program.name)
    if asked.reasons:
        return None
    return row.friend, f"/me/programs/{found.program.name}" if asked.joined else f"/join/{found.program.name}"


def _kept(request: Request, context: Context, found: _Found) -> bool:
    """Whether somebody comes back who accepted the invitation in this browser."""
    claim = request.cookies.get(CLAIM_COOKIE, "")
    return 0 < len(claim) <= CLAIM_MAX and claim.isascii() and claim.isprintable() and _is_claim(context, found, claim)


def _is_claim(context: Context, found: _Found, claim: str) -> bool:
    """Whether a token is of a claim on this very code."""
    return _claim_of(context, found, claim) is not None


def _claim_of(context: Context, found: _Found, claim: str) -> ClaimRow | None:
    """The claim of a token, if it is one on this very code."""
    state = State()
    with context.parts.database.read() as connection:
        load(connection, context.tenant, state, {CLAIMS.name: {claim}})
    row = state.get(CLAIMS, claim)
    return row if row is not None and row.code == found.handle.code else None


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


def _inviter(context: Context, found: _Found) -> str | None:
    """The first name of the advocate, if he wants friends to see it."""
    id, state = found.handle.participant, State()
    with context.parts.database.read() as connection:
        load(connection, context.tenant, state, {PARTICIPANTS.name: {id}})
        row = state.get(PARTICIPANTS, id)
        if row is None or not row.consents_to("name"):
            return None
        name = reads.people(connection, context.tenant, [id]).get(id, {}).get("name")
    return given_name(name) if name else None


def _met(request: Request, context: Context, found: _Found) -> Met | None:
    """Whether somebody who is signed in here looks at what is not for him. Of all others nothing is known, and nothing asked."""
    visitor = visitor_of(request, context)
    if visitor is None or not visitor.confirmed:
        return None
    if visitor.subject == found.handle.participant:
        return "own"
    new_only = any(one.attribute.name == "friend.new_customer" for one in found.program.model.audience.friend)
    with context.parts.database.read() as connection:
        bought = new_only and reads.orders(connection, context.tenant, visitor.subject, limit=1).items
    return "customer" if bought else None


def _today(context: Context, found: _Found) -> date:
    return local_date(context.parts.now_ms(), found.program.model.zone)


def _picture(context: Context, found: _Found, language: str) -> Picture | None:
    """What is drawn hangs on the offer and not on the code: whoever tries many codes makes no more work."""
    if found.closed:
        return None
    return invitation_picture(context.pictures, context.look, found.program, language, _today(context, found))


def _shown_picture(context: Context, found: _Found, language: str) -> ShownPicture | None:
    origin = read_places(context.parts.settings).public_url
    picture = _picture(context, found, language) if origin else None
    if picture is None:
        return None
    address = f"{origin}{address_of(found.handle.written)}/card.png?lang={language}&v={picture.version}"
    return ShownPicture(address, picture.alt)


def _about(context: Context, found: _Found, language: str, claim: str | None = None) -> Invitation:
    return Invitation(
        program=found.program,
        code=found.handle.written,
        language=language,
        on=_today(context, found),
        claim_id=uuid.uuid4().hex,
        closed=found.closed if claim is None else None,
        claim=claim,
        picture=_shown_picture(context, found, language) if claim is None else None,
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


def _shown(request: Request, context: Context, about: Invitation) -> Response:
    page = friend_page(context.look, replace(about, scheme=scheme_of(request)))
    return HTMLResponse(page, headers=context.look.headers)


def _nowhere(request: Request, context: Context, name: EdgePage, language: str) -> Response:
    """Nothing stands behind the code: who asks for many such codes has to wait."""
    context.limits.failures(request.scope, 1)
    home = read_places(context.parts.settings).home
    policy = f"default-src 'none'; style-src 'sha256-{EDGE_STYLE_HASH}'"
    headers = {
        **context.look.headers,
        "Content-Security-Policy": f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    }
    return HTMLResponse(page(name, language, home, scheme_of(request)), STATUS[name], headers)
