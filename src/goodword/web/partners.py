"""A partner's pages: links, clicks, sales, statement, how he is paid. For whoever has shown that the address is his."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.delivery.letters import CHANGED_PAYOUT
from goodword.engine.events import Link, Profile
from goodword.engine.reasons import Answer
from goodword.engine.state import HANDLES, HANDLES_OF, PARTICIPANTS, Handle, Reward, State
from goodword.pipeline.intake import InvalidEvent, decode_event
from goodword.portal.advocate import path_of, tabs_of
from goodword.portal.frame import Frame, frame
from goodword.portal.mine import Mine
from goodword.portal.partner import (
    DAYS,
    FILE_LINES_MAX,
    LINES_SHOWN,
    Clicks,
    DetailsView,
    LinkForm,
    changed_text,
    clicks_view,
    links_view,
    payouts_view,
    sales_view,
    statement_file,
)
from goodword.program.duration import DAY_MS, day_start_ms, iso, period_key, period_named
from goodword.storage import hits, payouts, reads, sales
from goodword.storage.letters import add_letter, letter_done
from goodword.storage.load import load
from goodword.storage.payouts import PartnerStatement
from goodword.web.api import PRINTABLE, After
from goodword.web.context import Context, context_of
from goodword.web.joining import ProgramName, program_to_show
from goodword.web.pages_of_shop import PagesOfShop
from goodword.web.people import Himself, Lang, answer, go, own_form, press
from goodword.web.problems import Conflicts, NotFound
from goodword.web.visitors import Visitor, language_for
from goodword.words.catalogue import catalogue
from goodword.words.sentences import sentence

SALES_SHOWN = 30
PAYOUTS_SHOWN = 12
LETTER_AFTER_MS = 5000
"""How long a letter about a change waits for the change."""
FIRST_MS = 0
"""No statement is of an earlier time: every page leads to the period before its own, which calendars do not have for ever."""
NAME_MAX = 60
"""How long the name of a link may be on these pages."""
BOM = "\ufeff"
"""By which a spreadsheet knows that a file is UTF-8."""
Code = Annotated[str, Query(max_length=64, pattern=PRINTABLE)]
Period = Annotated[str | None, Query(max_length=8, pattern=PRINTABLE)]
EventT = TypeVar("EventT", Link, Profile)
router = APIRouter(prefix="/me/programs/{program}", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner in a program, with all of its codes that are his: also those that start nothing any more."""

    mine: Mine
    handles: tuple[Handle, ...]
    codes: int
    """How many codes he has in all programs."""


@router.get("/links")
def links_page(
    request: Request, visitor: Himself, program: ProgramName, made: Code = "", lang: Lang = None
) -> Response:
    """His links, what each brought, and the form for a further one."""
    form = LinkForm(uuid.uuid4().hex, {}, {})
    return _links_page(request, visitor, program, language_for(request, lang), form, made=made, lang=lang)


@router.post("/links")
async def make_link(request: Request, visitor: Himself, program: ProgramName) -> Response:
    """Make a further link: to a page of the shop, with a name, letters of his own choice, an end."""
    context, fields = context_of(request), await own_form(request, visitor)
    language = language_for(request)
    form = await run_in_threadpool(_checked, context, visitor, program, fields, language)
    told: Answer | None = None
    if isinstance(form, Link):
        try:
            told = await press(context, form)
        except Conflicts:  # pressed twice: it was made once
            return go(request, f"{path_of(program)}/links")
        except InvalidEvent as error:
            form = _wrong(fields, error.field, language)
        else:
            if told.outcome != "refused":
                return go(request, f"{path_of(program)}/links?made={told.advocate_code or ''}")
            form = _refused(fields, told, language)
    shown, status = form, 422 if told is None else 409
    return await run_in_threadpool(lambda: _links_page(request, visitor, program, language, shown, status=status))


@router.get("/clicks")
def clicks_page(
    request: Request, visitor: Himself, program: ProgramName, code: Code = "", lang: Lang = None
) -> Response:
    """How many people followed his links, by day."""
    context, language = context_of(request), language_for(request, lang)
    with context.parts.database.read() as connection:
        partner = _partner(connection, context, visitor, program)
        clicks = _clicks(connection, context, partner)
    if code and all(one.code != code for one in partner.handles):
        raise NotFound("there is no such link")
    view = clicks_view(partner.mine, language, partner.handles, clicks, code, _today(context))
    title = catalogue(language).text("clicks.title")
    page = _frame(visitor, partner.mine, language, title, "clicks", query=f"code={code}" if code else "")
    return answer(request, "partner_clicks.html", page, view, lang=lang)


@router.get("/sales")
def sales_page(
    request: Request, visitor: Himself, program: ProgramName, after: After = None, lang: Lang = None
) -> Response:
    """What he earned, the newest first."""
    context, language = context_of(request), language_for(request, lang)
    with context.parts.database.read() as connection:
        try:
            found = reads.rewards(
                connection,
                context.tenant,
                participant=visitor.subject,
                program=program,
                cursor=after,
                limit=SALES_SHOWN,
            )
        except reads.BadCursor as error:
            raise NotFound(str(error)) from None
        partner = _partner(connection, context, visitor, program, found.items)
    view = sales_view(partner.mine, language, found.items, found.next)
    page = _frame(visitor, partner.mine, language, catalogue(language).text("portal.sales"), "sales")
    return answer(request, "partner_sales.html", page, view, lang=lang)


@router.get("/payouts")
def payouts_page(
    request: Request, visitor: Himself, program: ProgramName, period: Period = None, lang: Lang = None
) -> Response:
    """His account in a week or month, what was paid, and how."""
    context, language, tenant = context_of(request), language_for(request, lang), context_of(request).tenant
    with context.parts.database.read() as connection:
        partner = _partner(connection, context, visitor, program)
        statement = _statement(connection, context, partner.mine, period)
        lines = list(payouts.statement_lines(connection, tenant, statement, LINES_SHOWN + 1))
        account = _statement(connection, context, partner.mine, None).closing
        made = payouts.payouts(connection, tenant, program, participant=visitor.subject, limit=PAYOUTS_SHOWN).items
        known = reads.people(connection, tenant, [visitor.subject]).get(visitor.subject, {})
    view = payouts_view(partner.mine, language, statement, lines, account, made, known.get("payout", ""))
    title, query = catalogue(language).text("portal.payouts"), f"period={statement.period}" if period else ""
    page = _frame(visitor, partner.mine, language, title, "payouts", query=query)
    return answer(request, "partner_payouts.html", page, view, lang=lang)


@router.get("/payouts.csv")
def statement_csv(request: Request, visitor: Himself, program: ProgramName, period: Period = None) -> Response:
    """The statement of a week or month as a table for an accountant."""
    context, language = context_of(request), language_for(request)
    out = io.StringIO(BOM)
    out.seek(0, io.SEEK_END)
    with context.parts.database.read() as connection:
        mine = _partner(connection, context, visitor, program).mine
        statement = _statement(connection, context, mine, period)
        lines = payouts.statement_lines(connection, context.tenant, statement, FILE_LINES_MAX + 1)
        csv.writer(out).writerows(statement_file(mine, language, statement, lines))
    name = f"{program}-{statement.period}.csv"
    headers = {**context.look.headers, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/payouts/details")
def details_page(request: Request, visitor: Himself, program: ProgramName, lang: Lang = None) -> Response:
    """How he is paid, to be changed."""
    return _details_page(request, visitor, program, language_for(request, lang), {}, {}, lang=lang)


@router.post("/payouts/details")
async def change_details(request: Request, visitor: Himself, program: ProgramName) -> Response:
    """Say how he is to be paid from now on. What did not change is not told: a change is looked at by whoever pays."""
    context, fields = context_of(request), await own_form(request, visitor)
    language = language_for(request)
    known = await run_in_threadpool(_known, context, visitor, program)
    changed = {key: value for key in ("name", "payout") if (value := fields.get(key)) and value != known.get(key)}
    wrong = {} if fields.get("payout") else {"payout": catalogue(language).text("payout.missing")}
    if changed and not wrong:
        told = {"type": "profile", "participant": visitor.subject, "person": changed}
        try:
            event = _event(context, Profile, uuid.uuid4().hex, told)
            await _press_and_mail(context, visitor, event, language)
        except InvalidEvent as error:
            field = error.field.rpartition(".")[2]
            wrong = {field if field in changed else "payout": catalogue(language).text("payout.wrong")}
    if wrong:
        return await run_in_threadpool(
            lambda: _details_page(request, visitor, program, language, fields, wrong, status=422)
        )
    return go(request, f"{path_of(program)}/payouts#paid")


async def _press_and_mail(context: Context, visitor: Visitor, event: Profile, language: str) -> None:
    """Have the change decided, and himself told by mail. The letter is queued first: rather one for nothing than none.

    Raises:
        InvalidEvent: it cannot be accepted; with the field.
        Problem: there is no answer.
    """
    letter = await run_in_threadpool(_queue_letter, context, visitor, language) if event.person.payout else None
    try:
        await press(context, event)
    except InvalidEvent:
        if letter is not None:
            await run_in_threadpool(_drop_letter, context, letter)
        raise


def _queue_letter(context: Context, visitor: Visitor, language: str) -> str:
    now_ms = context.parts.now_ms()
    with context.parts.database.write_aside() as connection:
        next_ms = now_ms + LETTER_AFTER_MS
        return add_letter(connection, context.tenant, visitor.subject, CHANGED_PAYOUT, language, now_ms, next_ms)


def _drop_letter(context: Context, letter: str) -> None:
    with context.parts.database.write_aside() as connection:
        letter_done(connection, context.tenant, letter)


def _links_page(
    request: Request,
    visitor: Visitor,
    program: str,
    language: str,
    form: LinkForm,
    *,
    made: str = "",
    status: int = 200,
    lang: str | None = None,
) -> Response:
    context = context_of(request)
    with context.parts.database.read() as connection:
        partner = _partner(connection, context, visitor, program)
        clicks, mine = _clicks(connection, context, partner), partner.mine
        since_ms, unit = mine.now_ms - DAYS * DAY_MS, mine.program.model.currency
        sold = sales.sales_by_code(connection, context.tenant, program, visitor.subject, unit, since_ms)
    own = made if any(one.written == made for one in partner.handles) else ""
    origin = context.parts.settings.origin
    view = links_view(mine, language, origin, partner.handles, clicks, sold, partner.codes, form, own)
    page = _frame(visitor, mine, language, catalogue(language).text("portal.links"), "links")
    return answer(request, "partner_links.html", page, view, status=status, lang=lang)


def _details_page(
    request: Request,
    visitor: Visitor,
    program: str,
    language: str,
    typed: Mapping[str, str],
    wrong: Mapping[str, str],
    *,
    status: int = 200,
    lang: str | None = None,
) -> Response:
    context = context_of(request)
    with context.parts.database.read() as connection:
        mine = _partner(connection, context, visitor, program).mine
        known = {**reads.people(connection, context.tenant, [visitor.subject]).get(visitor.subject, {}), **typed}
    changed = changed_text(mine, language)
    view = DetailsView(path_of(program), known.get("name", ""), known.get("payout", ""), wrong, changed)
    page = _frame(visitor, mine, language, catalogue(language).text("payout.title"), "payouts/details")
    return answer(request, "partner_details.html", page, view, status=status, lang=lang)


def _partner(
    connection: Connection, context: Context, visitor: Visitor, program: str, rewards: Sequence[Reward] = ()
) -> Partner:
    """Who is signed in, as a partner of a program; with the versions of what is shown.

    Raises:
        NotFound: he takes no part in it, or its advocates are no partners.
    """
    found, closed = program_to_show(connection, context, program)
    state, subject = State(), visitor.subject
    load(connection, context.tenant, state, {PARTICIPANTS.name: {subject}, HANDLES_OF.name: {subject}})
    person, codes = state.get(PARTICIPANTS, subject), state.get(HANDLES_OF, subject) or ()
    rows = [row for code in codes if (row := state.get(HANDLES, code)) is not None and row.program == program]
    if person is None or not rows or not found.model.for_partners:
        raise NotFound("this person is no partner in the program")
    versions = {(row.program, row.version) for row in rewards} | {(found.name, found.version)}
    handles = tuple(sorted(rows, key=lambda row: (row.created_ms, row.code)))
    mine = Mine(
        program=found,
        closed=closed,
        participant=person,
        handles=handles,
        has_codes=True,
        referrals=(),
        invited=False,
        reminded=False,
        rewards=rewards,
        versions=context.parts.tenants.versions(connection, context.tenant, versions),
        counters={},
        tier="",
        boards=(),
        objections=(),
        now_ms=context.parts.now_ms(),
    )
    return Partner(mine, handles, len(codes))


def _clicks(connection: Connection, context: Context, partner: Partner) -> Clicks:
    today, codes = _today(context), [one.code for one in partner.handles]
    program = partner.mine.program.name
    since, until = today - DAYS + 1, today + 1
    return hits.persons(connection, context.tenant, program, codes, since_day=since, until_day=until)


def _today(context: Context) -> int:
    """Today by UTC, in whole days since 1970: as clicks are counted."""
    return context.parts.now_ms() // DAY_MS


def _statement(connection: Connection, context: Context, mine: Mine, period: str | None) -> PartnerStatement:
    """The statement of a period, or of the one that is not over yet.

    Raises:
        NotFound: this is no month and no week, or a year in which nobody kept books here.
    """
    terms = mine.program.model.payouts
    now = period_key(mine.now_ms, terms.every if terms else "month", mine.zone)
    try:
        if period is not None and period_named(period, mine.zone)[0] < FIRST_MS:
            raise NotFound("there is no such period")
        return payouts.partner_statement(connection, context.tenant, mine.program, mine.participant.id, period or now)
    except (ValueError, OverflowError):
        raise NotFound("there is no such period") from None


def _known(context: Context, visitor: Visitor, program: str) -> dict[str, str]:
    """What is known about a partner in clear."""
    with context.parts.database.read() as connection:
        _partner(connection, context, visitor, program)
        return reads.people(connection, context.tenant, [visitor.subject]).get(visitor.subject, {})


def _checked(
    context: Context, visitor: Visitor, program: str, fields: Mapping[str, str], language: str
) -> Link | LinkForm:
    """The event that makes the link, or the form with what is wrong with it."""
    with context.parts.database.read() as connection:
        mine = _partner(connection, context, visitor, program).mine
        known = reads.people(connection, context.tenant, [visitor.subject]).get(visitor.subject, {})
    if not 0 < len(fields.get("name", "")) <= NAME_MAX:
        return _wrong(fields, "name", language)
    try:
        expires_at = _end(fields.get("until"), mine)
    except (ValueError, OverflowError):
        return _wrong(fields, "expires_at", language)
    told: dict[str, Any] = {
        "type": "link",
        "person": {key: known[key] for key in ("id", "email", "phone") if key in known},
        "program": program,
        "name": fields["name"],
        "code": fields.get("code"),
        "target": _page(fields.get("target")),
        "expires_at": expires_at,
    }
    try:
        event = _event(context, Link, fields.get("id", ""), told)
    except InvalidEvent as error:
        return _wrong(fields, error.field, language)
    return _wrong(fields, "target", language) if _leads_away(context, event) else event


def _page(typed: str | None) -> str | None:
    """A page as somebody pastes it: browsers show addresses without their beginning."""
    if typed is None or typed.startswith("/") or "://" in typed:
        return typed
    return f"https://{typed}"


def _end(typed: str | None, mine: Mine) -> str | None:
    """When the last day of a link is over.

    Raises:
        ValueError: it is no day, or it is over.
    """
    if typed is None:
        return None
    ends_ms = day_start_ms(date.fromisoformat(typed), 1, mine.zone)
    if ends_ms <= mine.now_ms:
        raise ValueError("the day is over")
    return iso(ends_ms)


def _leads_away(context: Context, event: Link) -> bool:
    """Whether the page is none of the shop."""
    pages = PagesOfShop(context.parts.settings, context.parts.database)
    if not pages.doubts(event):
        return False
    pages.look_up()
    return pages.doubts(event)


def _event(context: Context, type_: type[EventT], id: str, told: Mapping[str, Any]) -> EventT:
    """An event of now, checked as if it had been sent.

    Raises:
        InvalidEvent: a value is missing or wrong; with the field.
    """
    given = id if id.isascii() and id.isalnum() and len(id) <= 64 else uuid.uuid4().hex
    said = {key: value for key, value in told.items() if value is not None}
    whole = {**said, "id": f"page-{given}", "occurred_at": iso(context.parts.now_ms())}
    event = decode_event(msgspec.json.encode(whole))
    if not isinstance(event, type_):
        raise TypeError(f"{type(event).__name__} was made, {type_.__name__} was meant")
    return event


FIELDS = {"name": "name", "code": "code", "target": "target", "expires_at": "until"}
"""By the field of an event the one of the form."""


def _wrong(fields: Mapping[str, str], field: str, language: str) -> LinkForm:
    """The form with what is to be done about a field."""
    name = FIELDS.get(field, "target")
    return LinkForm(uuid.uuid4().hex, fields, {name: catalogue(language).text(f"links.{name}.wrong")})


def _refused(fields: Mapping[str, str], told: Answer, language: str) -> LinkForm:
    """The form with why there is no such link."""
    id = uuid.uuid4().hex
    if any(reason.code == "code_taken" for reason in told.reasons):
        return LinkForm(id, fields, {"code": catalogue(language).text("links.code.taken")})
    return LinkForm(id, fields, {}, " ".join(sentence(reason, language) for reason in told.reasons))


def _frame(visitor: Visitor, mine: Mine, language: str, title: str, page: str, *, query: str = "") -> Frame:
    tabs = tabs_of(mine.program, confirmed=visitor.confirmed)
    return frame(language, title, f"{path_of(mine.program.name)}/{page}", tabs=tabs, token=visitor.token, query=query)
