"""Asking by the API: whether somebody may be asked now to invite friends, and how often it was done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from msgspec import Struct
from starlette.responses import Response

from goodword.engine.asking import Limits
from goodword.engine.events import Ask
from goodword.engine.reasons import Answer, Reason
from goodword.program.duration import from_ms
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.storage.load import load_program_rows
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import Id, Language, Reader, Teller
from goodword.web.clicks import EPOCH, Since, Until, days_asked
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.moments import Asked, may_be_asked
from goodword.web.problems import NotFound
from goodword.web.shapes import ExplainedReason
from goodword.web.telling import body_of, json_body, tell_now
from goodword.words.sentences import sentence

AskIn = body_of(Ask)
router = APIRouter(prefix="/v1", tags=["asking"])


class AskOut(Struct, frozen=True):
    """Whether somebody may be asked now to invite friends, and what speaks against it."""

    ask: bool
    moment: str | None
    """The moment at which he is now, by the name that the program gives it; null where it names none that is near."""
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
    """Whether somebody may be asked now, and at which moment of his he is, where the program names the good ones."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        return json(_out(may_be_asked(connection, context, participant, program), language))


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


def _out(asked: Asked, language: str | None) -> AskOut:
    person = asked.standing.person
    return AskOut(
        ask=not asked.reasons,
        moment=asked.moment,
        reasons=tuple(_explained(one, language) for one in asked.reasons),
        joined=asked.joined,
        invited=asked.standing.invited,
        last_asked_at=None if person.asked_ms is None else from_ms(person.asked_ms),
        asked=person.asked,
        limits=asked.limits,
    )


def _explained(reason: Reason, language: str | None) -> ExplainedReason:
    said = None if language is None else sentence(reason, language)
    return ExplainedReason(reason.code, reason.values, sentence=said)
