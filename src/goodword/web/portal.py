"""An advocate's pages: sharing, rewards, friends, where something is, terms. For whoever is signed in, without a key."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.events import TEXT_MAX, Accept, Ask, Choice, Exchange, Objection, Person, Share, Terms
from goodword.engine.reasons import Answer
from goodword.engine.state import Referral, Reward
from goodword.pipeline.intake import InvalidEvent
from goodword.portal.achievements import achieved
from goodword.portal.advocate import path_of, rewards_view, share_view, statement_view, tabs_of
from goodword.portal.cards import achievement_picture
from goodword.portal.frame import Frame, frame
from goodword.portal.mine import Mine
from goodword.portal.promised import promised
from goodword.portal.reward import friend_view, reward_view
from goodword.portal.sharing import WAYS
from goodword.program.duration import HOUR_MS, from_ms, local_date
from goodword.storage import reads
from goodword.web.api import PRINTABLE, After
from goodword.web.context import Context, context_of
from goodword.web.joining import ProgramName, version_read
from goodword.web.mine import load_mine, own_referral, own_reward, programs_of
from goodword.web.people import Himself, Lang, SignedIn, answer, go, own_form, press
from goodword.web.problems import Conflicts, NotFound
from goodword.web.shapes import code_of
from goodword.web.visitors import Visitor, language_for
from goodword.words.catalogue import catalogue
from goodword.words.sentences import sentence

CHANNELS = frozenset({*WAYS, "copy", "native"})
SHOWN = "shown"
"""Not a way: the page says that it was seen. Nobody who opens his own page is asked too often, so that it is told of nobody."""
ASKS_MAX = 8
BROUGHT_MAX = 20
"""How many rewards of one friend a page shows."""
RowId = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
Unit = Annotated[str | None, Query(max_length=100, pattern=PRINTABLE)]
router = APIRouter(prefix="/me", include_in_schema=False)


@router.get("")
def home(request: Request, visitor: SignedIn, lang: Lang = None) -> Response:
    """The programs somebody takes part in; of one, its page."""
    context, language = context_of(request), language_for(request, lang)
    with context.parts.database.read() as connection:
        names = programs_of(connection, context, visitor.subject)
        if not visitor.confirmed:
            # What else he takes part in is nobody's business who only typed his address.
            names = [name for name in names if name == visitor.session.program]
        if len(names) == 1:
            return go(request, path_of(names[0]))
        mine = [load_mine(connection, context, visitor.subject, name, whole=False) for name in names]
    view = [(promised(one.program, language, _today(one)).headline, path_of(one.program.name)) for one in mine]
    tabs = [("portal.programs", "/me"), *([("portal.you", "/me/you")] if visitor.confirmed else [])]
    page = frame(language, catalogue(language).text("portal.programs"), "/me", tabs=tabs, token=visitor.token)
    return answer(request, "programs.html", page, view, lang=lang)


@router.get("/programs/{program}")
def share_page(
    request: Request, visitor: SignedIn, program: ProgramName, after: After = None, lang: Lang = None
) -> Response:
    """Share; and how far one has come."""
    context, language = context_of(request), language_for(request, lang)
    mine = _mine(context, visitor, program, friends_after=after)
    if not mine.handles and not mine.has_codes:
        return go(request, f"{path_of(program)}/rewards")  # a friend, who was invited and has something
    if not mine.handles:
        texts, path = catalogue(language), path_of(program)
        page = _frame(visitor, mine, language, texts.text("portal.off.title"), path)
        return answer(request, "problem.html", page, texts.text("portal.off.text"), lang=lang)
    view = share_view(mine, language, context.parts.settings.origin, confirmed=visitor.confirmed)
    page = _frame(visitor, mine, language, view.promised.headline, path_of(program))
    return answer(request, "share.html", page, view, lang=lang)


@router.post("/programs/{program}/accept")
async def accept(request: Request, visitor: Himself, program: ProgramName) -> Response:
    """Accept the terms as they were shown: of a new version, or of the first one where the shop had told of him before."""
    context, fields = context_of(request), await own_form(request, visitor)
    person = await run_in_threadpool(_person, context, visitor)
    terms = Terms(language=language_for(request), version=version_read(fields))
    now = from_ms(context.parts.now_ms())
    await press(
        context,
        Accept(id=f"page-{uuid.uuid4().hex}", occurred_at=now, person=person, program=program, terms=terms),
    )
    return go(request, path_of(program))


@router.post("/programs/{program}/shared")
async def shared(request: Request, visitor: SignedIn, program: ProgramName) -> Response:
    """The buttons for sharing were shown, or one was pressed: told once an hour each, so that no number can be pressed up."""
    context, fields = context_of(request), await own_form(request, visitor)
    way = fields.get("way", "")
    mine = await run_in_threadpool(lambda: _mine(context, visitor, program, whole=False))
    if way in (*CHANNELS, SHOWN) and mine.handles and mine.closed is None:
        hour_ms = mine.now_ms - mine.now_ms % HOUR_MS
        told = context.parts.keyring.id("sh", visitor.session.hash, program, way, str(hour_ms))
        id, at = f"page-{told}", from_ms(hour_ms)
        if way == SHOWN:
            await press(context, Ask(id=id, occurred_at=at, program=program, place="portal"))
        else:
            await press(context, Share(id=id, occurred_at=at, code=mine.handles[0].written, channel=way))
    return Response(status_code=204)


@router.get("/programs/{program}/rewards")
def rewards_page(
    request: Request, visitor: Himself, program: ProgramName, after: After = None, lang: Lang = None
) -> Response:
    """What one has, and where it is."""
    return _rewards_page(request, visitor, program, language_for(request, lang), after=after, lang=lang)


@router.post("/programs/{program}/objections")
async def object_to(request: Request, visitor: Himself, program: ProgramName) -> Response:
    """Object to a decision, or say that something is missing: staff read it and answer."""
    context, fields = context_of(request), await own_form(request, visitor)
    language, about = language_for(request), fields.get("about")
    event = Objection(
        id=f"page-{uuid.uuid4().hex}",
        occurred_at=from_ms(context.parts.now_ms()),
        program=program,
        why=fields.get("why", "-")[:TEXT_MAX],
        about=about,
        participant=visitor.subject,
    )
    told = await press(context, event)
    if told.outcome == "refused":
        said = _said(told, language)
        return await run_in_threadpool(
            lambda: _rewards_page(request, visitor, program, language, refused=said, status=409)
        )
    return go(request, f"{path_of(program)}/rewards#objections")


@router.get("/programs/{program}/rewards/{reward}")
def reward_page(request: Request, visitor: Himself, program: ProgramName, reward: RowId, lang: Lang = None) -> Response:
    """Where a reward is, its code, and what it asks."""
    return _reward_page(request, visitor, program, reward, language_for(request, lang), lang=lang)


@router.post("/programs/{program}/rewards/{reward}")
async def choose(request: Request, visitor: Himself, program: ProgramName, reward: RowId) -> Response:
    """Choose, answer, give an address."""
    context, fields = context_of(request), await own_form(request, visitor)
    await run_in_threadpool(_own_reward, context, visitor, reward)
    asked = {name.removeprefix("ask-"): value for name, value in fields.items() if name.startswith("ask-")}
    event = Choice(
        id=f"page-{uuid.uuid4().hex}",
        occurred_at=from_ms(context.parts.now_ms()),
        reward=reward,
        option=fields.get("option"),
        answers=dict(list(asked.items())[:ASKS_MAX]),
        post=fields.get("post"),
    )
    try:
        told = await press(context, event)
    except InvalidEvent as error:
        refused = error.reason
    else:
        if told.outcome != "refused":
            return go(request, f"{path_of(program)}/rewards/{reward}")
        refused = _said(told, language_for(request))
    language = language_for(request)
    return await run_in_threadpool(
        lambda: _reward_page(request, visitor, program, reward, language, refused=refused, status=422)
    )


@router.post("/programs/{program}/exchange")
async def exchange(request: Request, visitor: Himself, program: ProgramName) -> Response:
    """Spend points."""
    context, fields = context_of(request), await own_form(request, visitor)
    person = await run_in_threadpool(_person, context, visitor)
    id, now = fields.get("id", ""), from_ms(context.parts.now_ms())
    event = Exchange(
        id=f"page-{id if id.isalnum() and len(id) <= 64 else uuid.uuid4().hex}",
        occurred_at=now,
        person=person,
        program=program,
        reward=fields.get("reward", "-"),
    )
    with suppress(Conflicts):  # pressed twice: it was bought once
        told = await press(context, event)
        if told.outcome == "refused":
            language, said = language_for(request), _said(told, language_for(request))
            return await run_in_threadpool(
                lambda: _rewards_page(request, visitor, program, language, refused=said, status=409)
            )
    return go(request, f"{path_of(program)}/rewards")


@router.get("/programs/{program}/friends/{referral}")
def friend_page(
    request: Request, visitor: Himself, program: ProgramName, referral: RowId, lang: Lang = None
) -> Response:
    """How far a friend has come, and what that brings."""
    context, language = context_of(request), language_for(request, lang)
    with context.parts.database.read() as connection:
        row = own_referral(connection, context, visitor.subject, referral)
        brought = reads.rewards(
            connection, context.tenant, participant=visitor.subject, referral=referral, limit=BROUGHT_MAX
        )
        mine = load_mine(connection, context, visitor.subject, program, whole=False, also=[row, *brought.items])
    view = friend_view(mine, language, row, brought.items)
    page = _frame(visitor, mine, language, view.line.text, f"{view.path}/friends/{row.id}")
    return answer(request, "way.html", page, view, lang=lang)


@router.get("/programs/{program}/statement")
def statement_page(
    request: Request,
    visitor: Himself,
    program: ProgramName,
    unit: Unit = None,
    after: After = None,
    lang: Lang = None,
) -> Response:
    """What came in and what was used, the newest first."""
    context, language, tenant = context_of(request), language_for(request, lang), context_of(request).tenant
    mine = _mine(context, visitor, program, whole=False)
    with context.parts.database.read() as connection:
        balances = reads.balances(connection, tenant, visitor.subject)
        shown = unit if unit in balances else next(iter(balances), None)
        try:
            moved = reads.statement(connection, tenant, visitor.subject, shown, cursor=after) if shown else None
        except reads.BadCursor as error:
            raise NotFound(str(error)) from None
    view = statement_view(mine, language, balances, shown, moved)
    page = _frame(visitor, mine, language, catalogue(language).text("portal.statement"), f"{view.path}/statement")
    return answer(request, "statement.html", page, view, lang=lang)


@router.get("/programs/{program}/cards/{key}.png")
def card(request: Request, visitor: Himself, program: ProgramName, key: RowId, lang: Lang = None) -> Response:
    """The picture of something that was achieved, to be saved and shared. It names nobody."""
    context, language = context_of(request), language_for(request, lang)
    mine = _mine(context, visitor, program)
    found = next((one for one in achieved(mine, language) if one.key == key), None)
    picture = found and achievement_picture(context.pictures, context.look, found.achievement, language)
    drawn = picture and context.pictures.draw(picture)
    if not drawn:
        raise NotFound("there is no such picture")
    headers = {**context.look.headers, "Content-Disposition": f'inline; filename="{program}.png"'}
    return Response(drawn, media_type="image/png", headers=headers)


@router.get("/programs/{program}/terms")
def terms_page(request: Request, visitor: SignedIn, program: ProgramName, lang: Lang = None) -> Response:
    """The terms in force."""
    context, language = context_of(request), language_for(request, lang)
    mine = _mine(context, visitor, program, whole=False)
    view = promised(mine.program, language, _today(mine)).terms
    page = _frame(visitor, mine, language, catalogue(language).text("friend.terms"), f"{path_of(program)}/terms")
    return answer(request, "terms_page.html", page, view, lang=lang)


def _rewards_page(
    request: Request,
    visitor: Visitor,
    program: str,
    language: str,
    *,
    after: str | None = None,
    refused: str = "",
    status: int = 200,
    lang: str | None = None,
) -> Response:
    context = context_of(request)
    mine = _mine(context, visitor, program, rewards_after=after)
    with context.parts.database.read() as connection:
        balances = reads.balances(connection, context.tenant, visitor.subject)
    view = rewards_view(mine, language, balances, uuid.uuid4().hex, refused)
    page = _frame(visitor, mine, language, catalogue(language).text("portal.rewards"), f"{view.path}/rewards")
    return answer(request, "rewards.html", page, view, status=status, lang=lang)


def _reward_page(
    request: Request,
    visitor: Visitor,
    program: str,
    reward: str,
    language: str,
    *,
    refused: str = "",
    status: int = 200,
    lang: str | None = None,
) -> Response:
    context = context_of(request)
    with context.parts.database.read() as connection:
        row = own_reward(connection, context, visitor.subject, reward)
        by = _by_friend(row)
        referral = None if by is None else own_referral(connection, context, visitor.subject, by)
        also: list[Referral | Reward] = [row] if referral is None else [row, referral]
        mine = load_mine(connection, context, visitor.subject, program, whole=False, also=also)
    usable = row.status == "issued" and row.code_hash is not None
    code = code_of(row, context.parts.keyring) if usable else ""
    view = reward_view(mine, language, row, referral, code, refused)
    page = _frame(visitor, mine, language, view.line.text, f"{view.path}/rewards/{row.id}")
    return answer(request, "way.html", page, view, status=status, lang=lang)


def _by_friend(row: Reward) -> str | None:
    """The one friend of his own by whom it came, if it did: his way is the beginning of its way."""
    return row.referral if row.side == "advocate" and row.subject == row.referral else None


def _own_reward(context: Context, visitor: Visitor, reward: str) -> Reward:
    with context.parts.database.read() as connection:
        return own_reward(connection, context, visitor.subject, reward)


def _mine(
    context: Context,
    visitor: Visitor,
    program: str,
    *,
    whole: bool = True,
    friends_after: str | None = None,
    rewards_after: str | None = None,
) -> Mine:
    if not visitor.confirmed and program != visitor.session.program:
        raise NotFound("this session is for another program")
    with context.parts.database.read() as connection:
        return load_mine(
            connection,
            context,
            visitor.subject,
            program,
            whole=whole and visitor.confirmed,
            friends_after=friends_after,
            rewards_after=rewards_after,
        )


def _person(context: Context, visitor: Visitor) -> Person:
    """Somebody as an event names him: by an identifier that is kept."""
    with context.parts.database.read() as connection:
        known = reads.people(connection, context.tenant, [visitor.subject]).get(visitor.subject, {})
    return Person(id=known.get("id"), email=known.get("email"), phone=known.get("phone"))


def _frame(visitor: Visitor, mine: Mine, language: str, title: str, path: str) -> Frame:
    tabs = tabs_of(mine.program, confirmed=visitor.confirmed)
    return frame(language, title, path, tabs=tabs, token=visitor.token)


def _said(told: Answer, language: str) -> str:
    return " ".join(sentence(reason, language) for reason in told.reasons)


def _today(mine: Mine) -> date:
    return local_date(mine.now_ms, mine.zone)
