"""What somebody is told and may do about himself: what is kept, his name, consents, sessions, a copy of all of it, and its end.

Regulation (EU) 2016/679, articles 7 (3), 15 to 17 and 20.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.events import Consent, Erase, Person, Profile
from goodword.engine.state import PARTICIPANTS, Participant, State
from goodword.pipeline.intake import InvalidEvent
from goodword.portal.browsers import browser_name
from goodword.portal.frame import frame
from goodword.program.duration import from_ms, iso
from goodword.storage import reads
from goodword.storage.load import load
from goodword.storage.sessions import end_session, end_sessions, list_sessions
from goodword.web.answers import json
from goodword.web.context import Context, context_of
from goodword.web.export import export_of
from goodword.web.people import Himself, Lang, answer, go, own_form, press
from goodword.web.portal import RowId
from goodword.web.visitors import Visitor, drop_session, language_for
from goodword.words.catalogue import catalogue
from goodword.words.format import moment

PATH = "/me/you"
TABS = (("portal.programs", "/me"), ("portal.you", PATH))
router = APIRouter(prefix="/me/you", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A browser in which somebody is signed in."""

    id: str
    agent: str
    seen: str
    here: bool


@dataclass(frozen=True, slots=True)
class YouView:
    """What is kept about somebody, as he is shown it."""

    name: str
    email: str
    phone: str
    post: str
    shown: bool
    """Whether his first name may be shown to friends."""
    sessions: tuple[SessionLine, ...]
    error: str = ""
    saved: bool = False


@router.get("")
def you(request: Request, visitor: Himself, lang: Lang = None, saved: bool = False) -> Response:
    """What is kept about somebody, and what he may do about it."""
    return _page(request, visitor, language_for(request, lang), lang=lang, saved=saved)


@router.post("")
async def correct(request: Request, visitor: Himself) -> Response:
    """Correct the name, and say whether friends may see it."""
    context, fields = context_of(request), await own_form(request, visitor)
    language, now = language_for(request), from_ms(context.parts.now_ms())
    told = Person(name=fields.get("name"), language=language)
    consent = Consent(
        id=f"page-{uuid.uuid4().hex}",
        occurred_at=now,
        participant=visitor.subject,
        purpose="name",
        given="shown" in fields,
        language=language,
    )
    try:
        await press(
            context,
            Profile(id=f"page-{uuid.uuid4().hex}", occurred_at=now, person=told, participant=visitor.subject),
        )
        await press(context, consent)
    except InvalidEvent as problem:
        reason = problem.reason
        return await run_in_threadpool(lambda: _page(request, visitor, language, error=reason, status=422))
    return go(request, f"{PATH}?saved=1")


@router.get("/export")
def export(request: Request, visitor: Himself) -> Response:
    """All that is kept about somebody, as a file for programs and people."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        found = export_of(connection, context.tenant, visitor.subject, from_ms(context.parts.now_ms()))
    response = json(found)
    response.headers.update({**context.look.headers, "Content-Disposition": 'attachment; filename="about-you.json"'})
    return response


@router.get("/erase")
def erase_page(request: Request, visitor: Himself, lang: Lang = None) -> Response:
    """What goes and what stays, before it is decided."""
    language = language_for(request, lang)
    page = frame(language, catalogue(language).text("erase.title"), f"{PATH}/erase", tabs=TABS, token=visitor.token)
    return answer(request, "erase.html", page, lang=lang)


@router.post("/erase")
async def erase(request: Request, visitor: Himself) -> Response:
    """Erase him: what is known goes at once, and every session with it."""
    context, fields = context_of(request), await own_form(request, visitor)
    if "sure" not in fields:
        return go(request, f"{PATH}/erase")
    now = from_ms(context.parts.now_ms())
    await press(context, Erase(id=f"page-{uuid.uuid4().hex}", occurred_at=now, participant=visitor.subject))
    await run_in_threadpool(_end, context, visitor, "all")
    response = go(request, f"{PATH}/erased")
    drop_session(response, context, "participant")
    return response


@router.get("/erased")
def erased(request: Request, lang: Lang = None) -> Response:
    """That it is done."""
    language = language_for(request, lang)
    texts = catalogue(language)
    page = frame(language, texts.text("erase.done.title"), f"{PATH}/erased")
    return answer(request, "problem.html", page, texts.text("erase.done.text"), lang=lang)


@router.post("/sessions/{session}/end")
async def end(request: Request, visitor: Himself, session: RowId) -> Response:
    """End a session of his in another browser; `others` ends all but this one."""
    await own_form(request, visitor)
    await run_in_threadpool(_end, context_of(request), visitor, session)
    return go(request, PATH)


def _end(context: Context, visitor: Visitor, session: str) -> None:
    with context.parts.database.write_aside() as connection:
        if session in ("others", "all"):
            kept = visitor.session.id if session == "others" else None
            end_sessions(connection, context.tenant, "participant", visitor.subject, but=kept)
        else:
            end_session(connection, context.tenant, "participant", visitor.subject, session)


def _page(
    request: Request,
    visitor: Visitor,
    language: str,
    *,
    error: str = "",
    saved: bool = False,
    status: int = 200,
    lang: str | None = None,
) -> Response:
    context = context_of(request)
    with context.parts.database.read() as connection:
        known = reads.people(connection, context.tenant, [visitor.subject]).get(visitor.subject, {})
        sessions = list_sessions(connection, context.tenant, "participant", visitor.subject)
        state = State()
        load(connection, context.tenant, state, {PARTICIPANTS.name: {visitor.subject}})
    row: Participant | None = state.get(PARTICIPANTS, visitor.subject)
    view = YouView(
        name=known.get("name", ""),
        email=known.get("email", ""),
        phone=known.get("phone", ""),
        post=known.get("post", ""),
        shown=row is not None and row.consents_to("name"),
        sessions=tuple(
            SessionLine(
                one.id, browser_name(one.agent), moment(iso(one.seen_ms), language), one.id == visitor.session.id
            )
            for one in sessions
            if one.confirmed and one.expires_ms > context.parts.now_ms()
        ),
        error=error,
        saved=saved,
    )
    page = frame(language, catalogue(language).text("portal.you"), PATH, tabs=TABS, token=visitor.token)
    return answer(request, "you.html", page, view, status=status, lang=lang)
