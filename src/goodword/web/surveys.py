"""Surveys by the API: what people think of a program, one by one and in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from msgspec import Struct
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.events import Survey
from goodword.engine.reasons import Answer
from goodword.engine.state import SurveyRow
from goodword.program.duration import DAY_MS
from goodword.storage import reads
from goodword.storage import surveys as stored
from goodword.storage.keys import ApiKey
from goodword.storage.load import load_program_rows
from goodword.storage.surveys import Tally
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import After, Filter, Id, Limit, Reader, page_of
from goodword.web.clicks import Since, Until, days_asked
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.problems import NotFound
from goodword.web.shapes import SurveyOut, survey_out
from goodword.web.telling import body_of, json_body, tell_now

SurveyIn = body_of(Survey)
PROMOTERS, DETRACTORS = range(9, 11), range(0, 7)
router = APIRouter(prefix="/v1", tags=["surveys"])


class SideOut(Struct, frozen=True):
    """What the people of a side answered: for each question how many gave which answer."""

    side: str
    recommend: dict[str, int]
    easy: dict[str, int]
    attractive: dict[str, int]
    motivates: dict[str, int]
    answered: int
    """How many said how likely they recommend."""
    net_promoter: int | None
    """The share in percent of those who said 9 or 10, less the share of those who said 6 or below, half rounded up; none where
    nobody answered."""


@router.post("/surveys", responses=answers(Answer, "the answer"), openapi_extra=json_body(SurveyIn))
async def take_survey(request: Request, key: Annotated[ApiKey, Depends(Needs("events"))]) -> Response:
    """Somebody says now what he thinks of a program: the same as an event of type `survey`."""
    return await tell_now(request, key, SurveyIn, "survey")


@router.get("/surveys", responses=answers_page(SurveyOut, "surveys, the newest first"))
def list_surveys(
    request: Request,
    key: Reader,
    program: Filter = None,
    participant: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """What people answered, one by one. What they wrote is shown to keys with scope `people`."""
    with context_of(request).parts.database.read() as connection:
        found = {"program": program, "participant": participant, "cursor": after}
        return page_of(
            lambda: stored.surveys(connection, key.tenant, limit=limit, **found),
            lambda row: _shown(connection, key, row),
        )


@router.get("/programs/{program}/satisfaction", responses=answers_page(SideOut, "advocates and friends"))
def count_answers(request: Request, key: Reader, program: Id, since: Since = None, until: Until = None) -> Response:
    """How many said what, by side; days are those of UTC."""
    parts = context_of(request).parts
    days = days_asked(parts.now_ms(), since, until)
    with parts.database.read() as connection:
        if program not in load_program_rows(connection, key.tenant):
            raise NotFound
        found = list(stored.tally(connection, key.tenant, program, days[0] * DAY_MS, days[1] * DAY_MS))
    return json({"items": [_side(side, found) for side in ("advocate", "friend")], "next": None})


def _shown(connection: Connection, key: ApiKey, row: SurveyRow) -> SurveyOut:
    people = reads.people(connection, key.tenant, [row.participant]) if key.may("people") else {}
    return survey_out(row, people.get(row.participant))


def _side(side: str, tallies: Iterable[Tally]) -> SideOut:
    said: dict[str, dict[str, int]] = {name: {} for name in (*stored.QUESTIONS, "motivates")}
    for one in tallies:
        if one.side == side:
            said[one.question][one.answer] = one.count
    numbers = {int(answer): count for answer, count in said["recommend"].items()}
    answered = sum(numbers.values())
    net = sum(count for n, count in numbers.items() if n in PROMOTERS)
    net -= sum(count for n, count in numbers.items() if n in DETRACTORS)
    score = (200 * net + answered) // (2 * answered) if answered else None
    return SideOut(side, **said, answered=answered, net_promoter=score)
