"""The pages of figures: whoever has a key that may read looks at what his programs come to, in a browser.

The key is typed once; what the browser keeps is a session that ends with the key, or after a time without looking.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from goodword.metrics.definitions import METRICS, Dimension
from goodword.metrics.periods import FIRST_YEAR, Days, PeriodError, month_of, months_until, read_period
from goodword.pages.blocks import POLICY, Around, Link, page
from goodword.portal.frame import frame
from goodword.program.loader import Program
from goodword.reports.blocks import Block, Heading, Line
from goodword.reports.figures import figures_blocks
from goodword.reports.tables import BOM, table
from goodword.storage.keys import PREFIX as KEY_PREFIX
from goodword.storage.keys import ApiKey, find_key, live_key
from goodword.storage.load import load_program_rows
from goodword.storage.sessions import end_session, open_session
from goodword.warehouse.asked import Asked, today
from goodword.web.api import Id
from goodword.web.context import Context, context_of
from goodword.web.figures import ask_desk, program_of
from goodword.web.forms import check_token, read_form
from goodword.web.people import SIGN_IN, Lang, answer, go
from goodword.web.problems import NotFound, Overloaded
from goodword.web.visitors import (
    SignInFirst,
    Visitor,
    drop_session,
    keep_language,
    language_for,
    needs_visitor,
    set_session,
)
from goodword.words.catalogue import LANGUAGES, catalogue
from goodword.words.format import month_name, percent

PREFIX = "/figures"
SECRET_MAX = 200
WAIT_SECONDS = 3.0
"""So long a page waits for its figures before it says that they are being made."""
AGAIN_SECONDS = 2
"""After so long such a page looks again."""
OFFERED = 13
"""How many months are offered to choose."""
BY: tuple[Dimension, ...] = ("channel", "language", "country")
PeriodText = Annotated[str, Query(max_length=40)]
router = APIRouter(prefix=PREFIX, include_in_schema=False)


class Reader(Struct, frozen=True):
    """Somebody who is let in by a key."""

    key: ApiKey
    visitor: Visitor


def reader_of(request: Request) -> Reader:
    """Who looks. Reads the database: not in the loop.

    Raises:
        SignInFirst: nobody whose key is good still.
    """
    context = context_of(request)
    visitor = needs_visitor(request, context, "office")
    with context.parts.database.read() as connection:
        key = live_key(connection, context.tenant, visitor.subject)
    if key is None or not key.may("read"):
        raise SignInFirst("office")
    return Reader(key, visitor)


Looking = Annotated[Reader, Depends(reader_of)]


@router.get("/sign-in")
def sign_in_page(request: Request, lang: Lang = None) -> Response:
    """Where a key is typed."""
    return _sign_in_page(request, language_for(request, lang), lang=lang)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Let somebody in by a key. Tries are counted as those of unknown keys are."""
    context, language = context_of(request), language_for(request)
    fields = await read_form(request)
    agent = request.headers.get("user-agent", "")
    secret = await run_in_threadpool(_let_in, context, fields.get("key", ""), agent)
    if secret is None:
        return _sign_in_page(request, language, wrong=True, status=403)
    entered = go(request, PREFIX)
    set_session(entered, context, "office", secret)
    return entered


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    context, reader = context_of(request), await run_in_threadpool(reader_of, request)
    session = reader.visitor.session
    check_token(context.parts.keyring, session.hash, await read_form(request, counted=False))

    def end() -> None:
        with context.parts.database.write_aside() as connection:
            end_session(connection, context.tenant, "office", session.subject, session.id)

    await run_in_threadpool(end)
    left = go(request, SIGN_IN["office"])
    drop_session(left, context, "office")
    return left


@router.get("")
def programs_page(request: Request, reader: Looking, lang: Lang = None) -> Response:
    """All programs."""
    context, language = context_of(request), language_for(request, lang)
    with context.parts.database.read() as connection:
        names = sorted(load_program_rows(connection, context.tenant))
    made = frame(language, catalogue(language).text("figures_page.title"), PREFIX, token=reader.visitor.token)
    view = [(name, f"{PREFIX}/programs/{quote(name)}") for name in names]
    return answer(request, "figures_programs.html", made, view, lang=lang)


@router.get("/programs/{program}")
async def figures_page(
    request: Request, reader: Looking, program: Id, period: PeriodText = "", lang: Lang = None
) -> Response:
    """What a program comes to; while it is made, a page that says how far that is."""
    context, language = context_of(request), language_for(request, lang)
    found = await run_in_threadpool(program_of, context, program)
    day = today(found, context.parts.now_ms())
    try:
        days = read_period(period, day)
    except PeriodError:
        about = catalogue(language).text("figures_page.no_period")
        return _shown(
            request, reader, found, month_of(day), language, lang, [Heading(found.name, 1), Line(about)], status=422
        )
    made = await ask_desk(context, asked_of(program, days), WAIT_SECONDS)
    if made.measured is None:
        texts = catalogue(language)
        done = texts.text("figures_page.wait.done", {"done": percent(round(made.done * 100) * 100, language)})
        waiting: list[Block] = [Heading(found.name, 1), Line(texts.text("figures_page.wait")), Line(done)]
        return _shown(request, reader, found, days, language, lang, waiting, wait=AGAIN_SECONDS)
    blocks = await run_in_threadpool(figures_blocks, made.measured, found, language)
    return _shown(request, reader, found, days, language, lang, blocks)


@router.get("/programs/{program}/figures.csv")
async def figures_csv(request: Request, reader: Looking, program: Id, period: PeriodText = "") -> Response:
    """The same figures as a table."""
    context = context_of(request)
    found = await run_in_threadpool(program_of, context, program)
    try:
        days = read_period(period, today(found, context.parts.now_ms()))
    except PeriodError:
        raise NotFound from None
    made = await ask_desk(context, asked_of(program, days), 60.0)
    if made.measured is None:
        raise Overloaded("the figures are being made: ask again in a moment")
    headers = {"Content-Disposition": f'attachment; filename="figures-{days.name}.csv"'}
    return Response(
        BOM + table(made.measured, made.measured.figures), media_type="text/csv; charset=utf-8", headers=headers
    )


def asked_of(program: str, days: Days) -> Asked:
    """What a page asks for."""
    return Asked(program, days, months_until(days.last), BY, tuple(METRICS), queries=True)


def _shown(
    request: Request,
    reader: Reader,
    program: Program,
    days: Days,
    language: str,
    lang: str | None,
    blocks: list[Block],
    *,
    status: int = 200,
    wait: int = 0,
) -> Response:
    context, texts = context_of(request), catalogue(language)
    path, month = f"{PREFIX}/programs/{quote(program.name)}", month_of(today(program, context.parts.now_ms()))
    asked = f"period={quote(days.name)}"
    links = [
        Link(texts.text("figures_page.programs"), PREFIX),
        Link(texts.text("figures_page.csv"), f"{path}/figures.csv?{asked}"),
        *(
            Link(catalogue(tag).text("language.name"), f"{path}?{asked}&lang={tag}", tag == language, tag)
            for tag in LANGUAGES
        ),
    ]
    around = Around(
        texts.text("figures_page.bar"),
        links,
        path=path,
        period_label=texts.text("figures_page.period"),
        period=days.name,
        periods=[one.name for one in reversed(months_until(month.last, OFFERED))],
        nearby=_nearby(days, month, path, language),
        show=texts.text("figures_page.show"),
        token=reader.visitor.token,
        leave_path=f"{PREFIX}/sign-out",
        leave=texts.text("figures_page.leave"),
    )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    response = HTMLResponse(page(blocks, language, around, wait), status, headers)
    if lang in LANGUAGES:
        keep_language(response, context, str(lang))
    return response


def _nearby(days: Days, newest: Days, path: str, language: str) -> list[Link]:
    """The month before a period and the one after it, as far as there are days: typed by nobody."""
    before, after = month_of(days.first - timedelta(days=1)), month_of(days.last + timedelta(days=1))
    links = []
    if before.first.year >= FIRST_YEAR:
        # The marks are mirrored where a page runs from right to left.
        links.append(Link(f"‹ {month_name(before.name, language)}", f"{path}?period={before.name}"))
    if after.first <= newest.last:
        links.append(Link(f"{month_name(after.name, language)} ›", f"{path}?period={after.name}"))
    return links


def _sign_in_page(
    request: Request, language: str, *, wrong: bool = False, status: int = 200, lang: str | None = None
) -> Response:
    made = frame(language, catalogue(language).text("figures_page.sign_in"), SIGN_IN["office"])
    return answer(request, "figures_sign_in.html", made, wrong, status=status, lang=lang)


def _let_in(context: Context, typed: str, agent: str) -> str | None:
    """The secret of a new session; None where the key is none that may read."""
    if not typed.startswith(KEY_PREFIX) or len(typed) > SECRET_MAX:
        return None
    with context.parts.database.read() as connection:
        key = find_key(connection, typed)
    if key is None or key.tenant != context.tenant or not key.may("read"):
        return None
    with context.parts.database.write_aside() as connection:
        now_ms = context.parts.now_ms()
        return open_session(connection, context.tenant, "office", key.id, now_ms, confirmed=True, agent=agent)
