"""The counter: pages for the staff of a shop without a web shop, on a phone or a till. What is pressed is told in `counter_tell`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.pipeline.intake import check_text
from goodword.portal.asset import own_assets
from goodword.portal.counter import PREFIX, Desk, Notice, page_frame
from goodword.portal.frame import Frame
from goodword.storage.counter_log import Entry, find_entry
from goodword.storage.sessions import end_session, open_session
from goodword.storage.staff import Member, find_member, forget_tries, is_pin, take_try
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of, read_body
from goodword.web.counter_find import CODE_MAX, look_up
from goodword.web.counter_show import log_of, result_of, title_of
from goodword.web.counter_tell import Press, confirm, undo
from goodword.web.forms import check_token, from_here, read_form
from goodword.web.people import SIGN_IN, Lang, answer, go
from goodword.web.problems import BadRequest, Forbidden, Problem, TooManyRequests, Unauthorised
from goodword.web.visitors import (
    SignInFirst,
    Visitor,
    drop_session,
    language_for,
    needs_visitor,
    set_session,
)
from goodword.words.catalogue import catalogue

SIGN_IN_PATH = SIGN_IN["staff"]
BODY_BYTES_MAX = 8 * 1024
FORM_FIELDS = frozenset({"id", "kind", "code", "reward", "person", "amount", "customer", "program", "step"})
"""What a form says of a press; the rest of it is not told on."""
WORKER_POLICY = "default-src 'none'; connect-src 'self'"
"""Of the worker's own requests: what it fetches comes from us."""
EntryId = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
router = APIRouter(prefix=PREFIX, include_in_schema=False)


class Clerk(Struct, frozen=True):
    """Somebody of the staff who is signed in."""

    member: Member
    visitor: Visitor

    @property
    def desk(self) -> Desk:
        """What each page says of him."""
        return Desk(self.member.id, self.member.name, self.member.limits.offline_max)


class Waited(Struct, frozen=True, forbid_unknown_fields=True):
    """A press that a device sends by itself, with the form's token and by whom it was pressed."""

    token: Annotated[str, Meta(max_length=100)]
    staff: Annotated[str, Meta(max_length=100)]
    press: Press


def clerk_of(request: Request) -> Clerk:
    """Who is signed in. Reads the database: not in the loop.

    Raises:
        SignInFirst: nobody is, or was switched off.
    """
    context = context_of(request)
    visitor = needs_visitor(request, context, "staff")
    with context.parts.database.read() as connection:
        member = find_member(connection, context.tenant, visitor.subject)
    if member is None or not member.works:
        raise SignInFirst("staff")
    return Clerk(member, visitor)


# signing in -------------------------------------------------------------------------------------------------------------


@router.get("/sign-in")
def sign_in_page(request: Request, lang: Lang = None) -> Response:
    """Where somebody signs in."""
    return _sign_in_page(request, language_for(request, lang), lang=lang)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Sign in by a name and a PIN. A wrong PIN, an unknown name and somebody who was switched off are answered alike."""
    context, language = context_of(request), language_for(request)
    try:
        fields = await read_form(request)
    except TooManyRequests as error:
        return _slow(_sign_in_page(request, language, "slow", status=429), error)
    typed = (fields.get("name", "")[:CODE_MAX], fields.get("pin", "")[:CODE_MAX])
    agent = request.headers.get("user-agent", "")
    async with context.limits.hashing:
        secret = await run_in_threadpool(_signed_in, context, *typed, agent)
    if secret is None:
        return _sign_in_page(request, language, "wrong", typed[0], status=403)
    entered = go(request, PREFIX)
    set_session(entered, context, "staff", secret)
    return entered


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    context, (clerk, _) = context_of(request), await _sent(request)
    session = clerk.visitor.session

    def end() -> None:
        with context.parts.database.write_aside() as connection:
            end_session(connection, context.tenant, "staff", session.subject, session.id)

    await run_in_threadpool(end)
    left = go(request, SIGN_IN_PATH)
    drop_session(left, context, "staff")
    return left


def _signed_in(context: Context, name: str, pin: str, agent: str) -> str | None:
    """The secret of a new session; None where name and PIN do not fit, or too many were tried."""
    now_ms, database, tenant = context.parts.now_ms(), context.parts.database, context.tenant
    with database.write_aside(f"staff:{tenant}") as connection:
        attempt = take_try(connection, tenant, name, now_ms)
    right = is_pin(attempt.hash, pin)  # also where it is locked: it takes as long
    if not right or attempt.member is None or attempt.locked:
        return None
    with database.write_aside(f"staff:{tenant}") as connection:
        forget_tries(connection, tenant, attempt.member)
        member = find_member(connection, tenant, attempt.member.id)
        if member is None or not member.works:  # switched off meanwhile
            return None
        return open_session(connection, tenant, "staff", member.id, now_ms, confirmed=True, agent=agent)


def _sign_in_page(
    request: Request, language: str, problem: str = "", typed: str = "", *, status: int = 200, lang: str | None = None
) -> Response:
    texts = catalogue(language)
    notice = (
        Notice(texts.text(f"counter.sign_in.{problem}"), texts.text(f"counter.sign_in.{problem}.text"))
        if problem
        else None
    )
    page = page_frame(language, texts.text("counter.sign_in.title"), SIGN_IN_PATH)
    return _page(request, "sign-in", page, Desk(notice=notice, typed=typed), status=status, lang=lang)


# looking up -------------------------------------------------------------------------------------------------------------


@router.get("")
def desk(request: Request, lang: Lang = None) -> Response:
    """Where a code is typed or scanned."""
    return _desk(request, clerk_of(request), language_for(request, lang), lang=lang)


@router.post("/look-up")
async def found(request: Request) -> Response:
    """What stands behind a code or a phone number. Nothing changes; it is a POST so that no code stands in an address."""
    context, (clerk, fields) = context_of(request), await _sent(request)
    language, typed = language_for(request), fields.get("code", "")[:CODE_MAX]
    show = partial(_desk, request, clerk, language, typed=typed)
    try:
        context.limits.guesses(request.scope, clerk.member.id, 0)
        behind = await run_in_threadpool(look_up, context, typed, language)
        if behind is None:
            context.limits.guesses(request.scope, clerk.member.id, 1)
    except TooManyRequests as error:
        return _slow(show(problem="slow", status=429), error)
    if behind is None:
        return show(problem="unknown", status=404)
    page = page_frame(language, title_of(behind, language), PREFIX, token=clerk.visitor.token)
    return _page(request, "found", page, clerk.desk, behind)


def _desk(
    request: Request,
    clerk: Clerk,
    language: str,
    *,
    problem: str = "",
    typed: str = "",
    status: int = 200,
    lang: str | None = None,
) -> Response:
    texts = catalogue(language)
    notice = (
        Notice(texts.text(f"counter.desk.{problem}"), texts.text(f"counter.desk.{problem}.text")) if problem else None
    )
    shown = replace(clerk.desk, notice=notice, typed=typed)
    page = page_frame(language, texts.text("counter.title"), PREFIX, token=clerk.visitor.token)
    return _page(request, "desk", page, shown, status=status, lang=lang)


# confirming -------------------------------------------------------------------------------------------------------------


@router.post("/entries")
async def press(request: Request) -> Response:
    """Confirm something: as a form, answered by a page, or from a device where it waited, answered by JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        return await _pressed_by_device(request)
    context, (clerk, fields) = context_of(request), await _sent(request)
    fields.setdefault("amount", fields.get(f"amount-{fields.get('id', '')}", ""))
    told = {name: value for name, value in fields.items() if name in FORM_FIELDS}
    try:
        pressed = msgspec.convert(told, Press)
    except msgspec.ValidationError:
        raise BadRequest("the form cannot be read") from None
    try:
        entry = await _confirmed(request, context, clerk, pressed)
    except TooManyRequests as error:
        return _slow(_desk(request, clerk, language_for(request), problem="slow", status=429), error)
    except Problem as error:
        return _again_page(request, clerk, told, error.status)
    return go(request, f"{PREFIX}/entries/{entry.id}")


def _again_page(request: Request, clerk: Clerk, told: dict[str, str], status: int) -> Response:
    """It could not be decided now: the same press again, under the same id."""
    language = language_for(request)
    texts = catalogue(language)
    title = texts.text("counter.desk.again")
    shown = replace(clerk.desk, notice=Notice(title, texts.text("counter.desk.again.text")))
    page = page_frame(language, title, PREFIX, token=clerk.visitor.token)
    return _page(request, "again", page, shown, told, status=status)


async def _pressed_by_device(request: Request) -> Response:
    """As `press`, for a script: where nobody is signed in, it is told so and keeps what waits."""
    context = context_of(request)
    if not from_here(request):
        raise Forbidden("only a page of ours may send this")
    body = await read_body(request, BODY_BYTES_MAX)
    clerk = await _clerk_for_script(request)
    try:
        waited = msgspec.json.decode(body, type=Waited)
        check_text(msgspec.to_builtins(waited), "")
    except (msgspec.MsgspecError, UnicodeDecodeError, Refused):
        raise BadRequest("it cannot be read") from None
    check_token(context.parts.keyring, clerk.visitor.session.hash, {"token": waited.token})
    if waited.staff != clerk.member.id:
        raise Forbidden("somebody else pressed it: it waits until they sign in", field="staff")
    entry = await _confirmed(request, context, clerk, waited.press)
    language = language_for(request)
    result = await run_in_threadpool(result_of, context, entry, language)
    said = {
        "id": entry.id,
        "outcome": entry.outcome,
        "title": result.notice.title,
        "lines": [line for line in (result.notice.text, *result.lines) if line],
        "address": f"{PREFIX}/entries/{entry.id}",
    }
    return JSONResponse(said)


async def _confirmed(request: Request, context: Context, clerk: Clerk, pressed: Press) -> Entry:
    """Confirm it; a code that nobody has counts among the guesses."""
    context.limits.guesses(request.scope, clerk.member.id, 0)
    if pressed.kind == "undo":
        raise BadRequest("what was confirmed is taken back by its own page")
    entry = await confirm(context, clerk.member, pressed)
    if entry.reason == "unknown_code":
        context.limits.guesses(request.scope, clerk.member.id, 1)
    return entry


@router.get("/entries/{entry}")
def result(request: Request, entry: EntryId, lang: Lang = None) -> Response:
    """What became of something that one confirmed oneself."""
    context, clerk = context_of(request), clerk_of(request)
    language = language_for(request, lang)
    with context.parts.database.read() as connection:
        known = find_entry(connection, context.tenant, entry)
    if known is None or known.staff != clerk.member.id:
        return go(request, PREFIX)
    view = result_of(context, known, language)
    path = f"{PREFIX}/entries/{known.id}"
    page = page_frame(language, catalogue(language).text("counter.result.title"), path, token=clerk.visitor.token)
    return _page(request, "result", page, clerk.desk, view, lang=lang)


@router.post("/entries/{entry}/undo")
async def take_back(request: Request, entry: EntryId) -> Response:
    """Take back what one confirmed oneself, on the same day."""
    context, (clerk, _) = context_of(request), await _sent(request)
    try:
        undone = await undo(context, clerk.member, entry)
    except Problem as error:
        return _desk(request, clerk, language_for(request), problem="again", status=error.status)
    address = f"{PREFIX}/log" if undone is None else f"{PREFIX}/entries/{undone.id}"
    return go(request, address)


@router.get("/log")
def log(request: Request, lang: Lang = None) -> Response:
    """What one confirmed in the last 24 hours."""
    context, clerk = context_of(request), clerk_of(request)
    language = language_for(request, lang)
    title = catalogue(language).text("counter.log.title")
    page = page_frame(language, title, f"{PREFIX}/log", token=clerk.visitor.token)
    return _page(request, "log", page, clerk.desk, log_of(context, clerk.member, language), lang=lang)


# without a connection ---------------------------------------------------------------------------------------------------


@router.get("/state")
async def state(request: Request) -> Response:
    """Whether there is a connection, who is signed in, and what a script has to send along."""
    clerk = await _clerk_for_script(request)
    desk = clerk.desk
    return JSONResponse(
        {"staff": desk.staff, "name": desk.name, "offline_max": desk.offline_max, "token": clerk.visitor.token}
    )


@router.get("/offline")
def shell(request: Request, lang: Lang = None) -> Response:
    """The page that a device keeps for the time without a connection. It says nothing of anybody."""
    language = language_for(request, lang)
    page = page_frame(language, catalogue(language).text("counter.offline.title"), f"{PREFIX}/offline")
    return _page(request, "offline", page, Desk())


@router.get("/worker.js")
def worker(request: Request) -> Response:
    """The script that shows the kept page when there is no connection, for the pages of the counter alone."""
    file = own_assets()["counter-worker.js"]
    headers = {"Service-Worker-Allowed": PREFIX, "Content-Security-Policy": WORKER_POLICY, "Cache-Control": "no-cache"}
    return Response(file.content, media_type=file.media, headers=headers)


async def _clerk_for_script(request: Request) -> Clerk:
    try:
        return await run_in_threadpool(clerk_of, request)
    except SignInFirst:
        raise Unauthorised("sign in at the counter first") from None


# ------------------------------------------------------------------------------------------------------------------------


async def _sent(request: Request) -> tuple[Clerk, dict[str, str]]:
    """Who is signed in, and the form that he sent. His forms are not counted as those of strangers: a till sends many."""
    clerk = await run_in_threadpool(clerk_of, request)
    fields = await read_form(request, counted=False)
    check_token(context_of(request).parts.keyring, clerk.visitor.session.hash, fields)
    return clerk, fields


def _slow(page: Response, error: TooManyRequests) -> Response:
    page.headers["Retry-After"] = str(error.seconds)
    return page


def _page(
    request: Request,
    template: str,
    page: Frame,
    desk: Desk,
    view: object = None,
    *,
    status: int = 200,
    lang: str | None = None,
) -> Response:
    return answer(request, f"counter/{template}.html", page, (desk, view), status=status, lang=lang)
