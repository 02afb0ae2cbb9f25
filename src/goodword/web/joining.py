"""Joining from a page of ours, in one step: `/join/PROGRAM`, for everybody, without a key.

Whoever joins gets his link at once and may share it. What is anybody's own he sees only once he has shown that the address is
his: whether somebody else had joined with it before cannot be told from the answers. Of whom the shop says by a token that he is
signed in there, no address is asked for, and he sees at once what is his.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.delivery.mail import parse_address
from goodword.engine.events import Consent, Join, Person, Terms
from goodword.engine.programs import status_of
from goodword.engine.reasons import REASONS, Answer
from goodword.pipeline.intake import InvalidEvent
from goodword.pipeline.lookup import find_by_email
from goodword.pipeline.shop_tokens import WrongToken
from goodword.portal.frame import frame
from goodword.portal.friend import Closed
from goodword.portal.join import PREFIX, JoinView
from goodword.portal.promised import promised
from goodword.program.duration import from_ms, local_date
from goodword.program.loader import Program
from goodword.storage import sign_ins
from goodword.storage.load import load_program_rows
from goodword.storage.sessions import open_session
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of
from goodword.web.forms import read_form
from goodword.web.people import Lang, answer, go, press
from goodword.web.problems import Conflicts, NotFound
from goodword.web.tokens import PATH_FROM_SHOP, customer_of, open_confirmed, token_over
from goodword.web.visitors import keep_language, language_for, set_session
from goodword.words.catalogue import catalogue
from goodword.words.sentences import sentence

ID_LENGTH_MAX = 64
AUDIENCE = "audience.advocate"
"""The key of the clause that says who may invite."""
ProgramName = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
router = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)


@router.get("/{program}")
def join_page(request: Request, program: ProgramName, lang: Lang = None) -> Response:
    """What the program promises, and the form."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        found, closed = program_to_show(connection, context, program)
    return _page(request, found, closed, language_for(request, lang), lang=lang)


@router.post("/{program}")
async def join(request: Request, program: ProgramName) -> Response:
    """Join. The link is shown at once; a mail brings the way to the rest."""
    context, fields = context_of(request), await read_form(request)
    if "with" in fields:
        return await _join_from_shop(request, context, program, fields)
    return await _join(request, context, program, fields)


def _known(context: Context, program: str) -> tuple[Program, Closed | None]:
    with context.parts.database.read() as connection:
        return program_to_show(connection, context, program)


async def _join(request: Request, context: Context, name: str, fields: dict[str, str]) -> Response:
    language = language_for(request, fields.get("lang"))
    found, closed = await run_in_threadpool(_known, context, name)
    try:
        known = await run_in_threadpool(_is_known, context, fields.get("email", ""))
        told = await _told(context, found, language, fields, known)
    except InvalidEvent as error:
        if error.field == "person.name":
            too_long = (catalogue(language).text("join.name.wrong"),)
            return _page(request, found, closed, language, fields, refused=too_long, status=422)
        key = "join.email.wrong" if "email" in fields and error.field == "person.email" else "join.email.missing"
        return _page(request, found, closed, language, fields, error=key, status=422)
    if told.advocate_code is None or told.participant is None:
        said = _refusal(context, found, language, told)
        if any(reason.code == "person_erased" for reason in told.reasons):
            said = (catalogue(language).text("join.not_possible"),)  # it is nobody's business who was here once
        return _page(request, found, closed, language, fields, refused=said, status=409)
    shows_name = "shown" in fields and not known
    secret = await run_in_threadpool(
        _opened, request, context, told.participant, fields["email"], language, found.name, shows_name
    )
    return _entered(request, context, found, secret, language)


async def _join_from_shop(request: Request, context: Context, name: str, fields: dict[str, str]) -> Response:
    """Join as the customer whom the token names: who he is, is known, so that he accepts for himself and sees what is his."""
    language, token = language_for(request, fields.get("lang")), fields["with"]
    found, closed = await run_in_threadpool(_known, context, name)
    try:
        customer = await run_in_threadpool(customer_of, context, token)
    except WrongToken:
        return token_over(request, language)
    person = replace(customer.person, name=fields.get("name"), language=language)
    told = await _told_of(context, found, fields, person, _accepted(found, fields, language))
    if told.advocate_code is None or told.participant is None:
        said = _refusal(context, found, language, told)
        return page_from_shop(request, (found, closed), token, language, fields, refused=said, status=409)
    if "shown" in fields:
        await consent_to_name(context, told.participant, language)
    secret = await run_in_threadpool(open_confirmed, request, context, told.participant)
    return _entered(request, context, found, secret, language)


def _entered(request: Request, context: Context, program: Program, secret: str, language: str) -> Response:
    response = go(request, f"/me/programs/{program.name}")
    set_session(response, context, "participant", secret)
    keep_language(response, context, language)
    return response


def _refusal(context: Context, program: Program, language: str, told: Answer) -> tuple[str, ...]:
    """Why somebody cannot join, in the words of the terms where they say it: what was compared means nothing to him."""
    terms = promised(program, language, _today(context, program)).terms
    only = next((clause.text for section in terms for clause in section.clauses if clause.key == AUDIENCE), "")
    refusals = [reason for reason in told.reasons if REASONS[reason.code][0] == "refused"]
    said = [
        only if only and reason.code == "advocate_not_in_audience" else sentence(reason, language, program.model.zone)
        for reason in refusals
    ]
    return tuple(dict.fromkeys(said))


async def _told(context: Context, program: Program, language: str, fields: dict[str, str], known: bool) -> Answer:
    """The answer of the event. Of somebody who is `known` nothing is changed, and nothing accepted in his name: perhaps it is
    somebody else who types his address.

    Raises:
        InvalidEvent: nothing, or no address, was typed.
    """
    person = Person(email=fields.get("email"))
    if known:
        return await _told_of(context, program, fields, person, None, known=True)
    person = replace(person, name=fields.get("name"), language=language)
    return await _told_of(context, program, fields, person, _accepted(program, fields, language))


def _accepted(program: Program, fields: dict[str, str], language: str) -> Terms:
    """The terms that stood on the page."""
    read = version_read(fields) or program.version
    return Terms(language=language, version=min(read, program.version) or None)


async def _told_of(
    context: Context,
    program: Program,
    fields: dict[str, str],
    person: Person,
    accepts: Terms | None,
    *,
    known: bool = False,
) -> Answer:
    """The answer of the event; pressed twice, that of the first press.

    Raises:
        InvalidEvent: nothing identifies the person.
    """
    id = fields.get("id", "")
    id = id if 0 < len(id) <= ID_LENGTH_MAX and id.isascii() and id.isalnum() else uuid.uuid4().hex
    now = from_ms(context.parts.now_ms())
    for attempt in (id, uuid.uuid4().hex):
        event = Join(id=f"page-{attempt}", occurred_at=now, person=person, program=program.name, accepts=accepts)
        try:
            return await press(context, event, known=known)
        except Conflicts:
            continue  # pressed twice: the time differs. He has joined by now, and learns so.
    raise Conflicts


def version_read(fields: dict[str, str]) -> int | None:
    """The version of the terms that stood on the page, as its form says."""
    version = fields.get("version", "")
    return int(version) or None if version.isascii() and version.isdigit() and len(version) < 9 else None


async def consent_to_name(context: Context, participant: str, language: str) -> None:
    """Keep that somebody whose address is confirmed lets friends see his first name."""
    now, id = from_ms(context.parts.now_ms()), f"page-{uuid.uuid4().hex}"
    event = Consent(id=id, occurred_at=now, participant=participant, purpose="name", given=True, language=language)
    await press(context, event)


def _is_known(context: Context, email: str) -> bool:
    """Whether somebody has the address.

    Raises:
        InvalidEvent: it is none that mail can go to.
    """
    check_mailable(email)
    with context.parts.database.read() as connection:
        return find_by_email(connection, context.tenant, context.parts.keyring, email)[1] is not None


def check_mailable(email: str) -> None:
    """Make sure that mail can go to an address as it was typed: nothing else is kept of whoever comes by a page.

    Raises:
        InvalidEvent: it cannot.
    """
    try:
        parse_address(email)
    except ValueError as error:
        raise InvalidEvent(str(error), "person.email") from None


def _opened(
    request: Request,
    context: Context,
    participant: str,
    email: str,
    language: str,
    program: str,
    shows_name: bool,
) -> str:
    """A session that may only share in one program, and the mail with which it becomes more."""
    now_ms, tenant = context.parts.now_ms(), context.tenant
    with context.parts.database.read() as connection:
        address, _ = find_by_email(connection, tenant, context.parts.keyring, email)
    agent = request.headers.get("user-agent", "")
    with context.parts.database.write_aside(sign_ins.lock_of(tenant, address)) as connection:
        sign_ins.ask(connection, tenant, address, participant, language, now_ms, "join", shows_name=shows_name)
        return open_session(
            connection, tenant, "participant", participant, now_ms, confirmed=False, agent=agent, program=program
        )


def program_to_show(connection: Connection, context: Context, name: str) -> tuple[Program, Closed | None]:
    """The version of a program that is in force, and whether it takes in nothing new.

    Raises:
        NotFound: there is none of this name, or none yet.
    """
    row = load_program_rows(connection, context.tenant).get(name)
    if row is None or not row.version:
        raise NotFound("there is no such program")
    key = (row.program, row.version)
    status = status_of(row)
    return context.parts.tenants.versions(connection, context.tenant, {key})[key], (
        status if status in ("paused", "ended") else None
    )


def _today(context: Context, program: Program) -> date:
    return local_date(context.parts.now_ms(), program.model.zone)


def page_from_shop(
    request: Request,
    program: tuple[Program, Closed | None],
    token: str,
    language: str,
    fields: dict[str, str],
    *,
    refused: tuple[str, ...] = (),
    status: int = 200,
    lang: str | None = None,
) -> Response:
    """The page for a customer of whom the shop says who he is: all but the address."""
    return _page(request, *program, language, fields, token=token, refused=refused, status=status, lang=lang)


def _page(
    request: Request,
    program: Program,
    closed: Closed | None,
    language: str,
    fields: dict[str, str] | None = None,
    *,
    token: str = "",
    error: str = "",
    refused: tuple[str, ...] = (),
    status: int = 200,
    lang: str | None = None,
) -> Response:
    typed = fields or {}
    said = promised(program, language, _today(context_of(request), program))
    view = JoinView(
        promised=said,
        action=f"{PREFIX}{program.name}",
        id=uuid.uuid4().hex,
        version=program.version,
        closed=closed,
        email=typed.get("email", ""),
        name=typed.get("name", ""),
        token=token,
        error=error,
        refused=refused,
    )
    if token:
        query = urlencode({"token": token, "program": program.name})
        page = frame(language, said.headline, PATH_FROM_SHOP, query=query)
    else:
        page = frame(language, said.headline, f"{PREFIX}{program.name}")
    return answer(request, "join.html", page, view, status=status, lang=lang)
