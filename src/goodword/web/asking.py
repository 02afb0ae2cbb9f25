"""Asking by the API: whether somebody may be asked now to invite friends, and how often it was done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from msgspec import Struct
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.asking import Limits, Standing, why_not
from goodword.engine.closing import closure_code
from goodword.engine.events import Ask
from goodword.engine.reasons import Answer, Reason
from goodword.engine.state import (
    FIRST_ORDERS,
    HANDLES,
    HANDLES_OF,
    OPEN_OBJECTIONS,
    PARTICIPANTS,
    REFERRALS,
    REFERRALS_OF,
    Collection,
    State,
)
from goodword.program.duration import from_ms
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.storage.load import load, load_program_rows
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import Id, Language, Reader, Teller, there
from goodword.web.clicks import EPOCH, Since, Until, days_asked
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.problems import NotFound
from goodword.web.shapes import ExplainedReason
from goodword.web.telling import body_of, json_body, tell_now
from goodword.words.sentences import sentence

AskIn = body_of(Ask)
router = APIRouter(prefix="/v1", tags=["asking"])


class AskOut(Struct, frozen=True):
    """Whether somebody may be asked now to invite friends, and what speaks against it."""

    ask: bool
    reasons: tuple[ExplainedReason, ...]
    joined: bool
    """Whether he is an advocate of the program already: then he has a code to share."""
    invited: bool
    """Whether a friend brought him: then one may say so."""
    last_asked_at: datetime | None
    asked: int
    """How often he was asked since he last shared."""
    limits: Limits


class AsksOut(Struct, frozen=True):
    """How often people were asked in a place on a day, UTC."""

    day: date
    place: str
    count: int


@router.post("/asks", responses=answers(Answer, "the answer"), openapi_extra=json_body(AskIn))
async def note_ask(request: Request, key: Annotated[ApiKey, Depends(Needs("events"))]) -> Response:
    """Somebody was shown now that he may invite friends: the same as an event of type `ask`."""
    return await tell_now(request, key, AskIn, "ask")


@router.get("/programs/{program}/participants/{participant}/ask", responses=answers(AskOut, "whether, and why not"))
def may_ask(request: Request, key: Teller, program: Id, participant: Id, language: Language = None) -> Response:
    """Whether somebody may be asked now. The right moment is yours: an order done, a delivery that came, a good review."""
    parts = context_of(request).parts
    with parts.database.read() as connection:
        limits = Limits(parts.settings.ask_days, parts.settings.ask_in_vain)
        return json(_ask(connection, key.tenant, participant, program, limits, parts.now_ms(), language))


@router.get("/programs/{program}/asks", responses=answers_page(AsksOut, "counts, the oldest first"))
def count_asks(request: Request, key: Reader, program: Id, since: Since = None, until: Until = None) -> Response:
    """How often people were asked, by day and place: what the share rate is measured by. Days without are left out."""
    parts = context_of(request).parts
    first, last = (EPOCH + timedelta(days=day) for day in days_asked(parts.now_ms(), since, until))
    with parts.database.read() as connection:
        if program not in load_program_rows(connection, key.tenant):
            raise NotFound
        found = reads.asks(connection, key.tenant, program, first, last)
    return json({"items": [AsksOut(*one) for one in found], "next": None})


def _ask(
    connection: Connection,
    tenant: str,
    participant: str,
    program: str,
    limits: Limits,
    now_ms: int,
    language: str | None,
) -> AskOut:
    state = State()
    wanted: tuple[Collection[Any], ...] = (PARTICIPANTS, FIRST_ORDERS, OPEN_OBJECTIONS, REFERRALS_OF, HANDLES_OF)
    load(connection, tenant, state, {one.name: {participant} for one in wanted})
    row = load_program_rows(connection, tenant).get(program)
    if row is None or not row.version:
        raise NotFound
    person = there(state, PARTICIPANTS, participant)
    latest = reads.orders(connection, tenant, participant, limit=1).items
    standing = Standing(
        person,
        bought=bool(state.rows[FIRST_ORDERS.name][participant]),
        came_back=any(order.refunded or not order.counted for order in latest),
        objects=bool(state.rows[OPEN_OBJECTIONS.name][participant]),
    )
    found = why_not(standing, limits, now_ms)
    if (code := closure_code(row, now_ms)) is not None:
        found = (Reason(code), *found)
    handles = [state.get(HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    invitations = [state.get(REFERRALS, id) for id in state.get(REFERRALS_OF, participant) or ()]
    return AskOut(
        ask=not found,
        reasons=tuple(_explained(one, language) for one in found),
        joined=any(one is not None and one.program == program for one in handles),
        invited=any(one is not None and one.program == program and one.live for one in invitations),
        last_asked_at=None if person.asked_ms is None else from_ms(person.asked_ms),
        asked=person.asked,
        limits=limits,
    )


def _explained(reason: Reason, language: str | None) -> ExplainedReason:
    said = None if language is None else sentence(reason, language)
    return ExplainedReason(reason.code, reason.values, sentence=said)
