"""Objections by the API: people object, staff read what waits and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.events import Objection, ObjectionAnswer
from goodword.engine.reasons import Answer
from goodword.engine.state import OBJECTIONS, ObjectionRow
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import After, Filter, Id, Limit, page_of, row_of
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.shapes import ObjectionOut, objection_out
from goodword.web.telling import body_of, json_body, tell_now

ObjectionIn = body_of(Objection)
ObjectionAnswerIn = body_of(ObjectionAnswer, "objection", "verdict")
Reviewer = Annotated[ApiKey, Depends(Needs("read", "staff"))]
router = APIRouter(prefix="/v1/objections", tags=["objections"])


@router.post("", responses=answers(Answer, "the answer"), openapi_extra=json_body(ObjectionIn))
async def make_objection(request: Request, key: Annotated[ApiKey, Depends(Needs("events"))]) -> Response:
    """Somebody objects now to a decision, or says that something is missing: the same as an event of type `objection`."""
    return await tell_now(request, key, ObjectionIn, "objection")


@router.get("", responses=answers_page(ObjectionOut, "objections, the newest first"))
def list_objections(
    request: Request,
    key: Reviewer,
    status: Literal["open", "answered", "closed"] | None = None,
    program: Filter = None,
    participant: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Objections: with `status=open`, what waits for an answer. What people wrote is shown to keys with scope `people`."""
    found = {"status": status, "program": program, "participant": participant, "cursor": after}
    with context_of(request).parts.database.read() as connection:
        return page_of(
            lambda: reads.objections(connection, key.tenant, limit=limit, **found),
            lambda row: _shown(connection, key, row),
        )


@router.get("/{objection}", responses=answers(ObjectionOut, "the objection"))
def get_objection(request: Request, key: Reviewer, objection: Id) -> Response:
    """An objection as it stands."""
    with context_of(request).parts.database.read() as connection:
        return json(_shown(connection, key, row_of(connection, key, OBJECTIONS, objection)))


@router.post(
    "/{objection}/{verdict}",
    responses=answers(Answer, "the answer: it shows what the objection was about as it stands"),
    openapi_extra=json_body(ObjectionAnswerIn, required=False),
)
async def answer_objection(
    request: Request,
    key: Annotated[ApiKey, Depends(Needs("staff"))],
    objection: Id,
    verdict: Literal["upheld", "rejected"],
) -> Response:
    """Answer an objection now: the same as an event of type `objection_answer`.

    `why` is for the person to read. Whatever was decided stays until it is decided anew: approve the referral, act on the reward.
    """
    return await tell_now(request, key, ObjectionAnswerIn, "objection_answer", objection=objection, verdict=verdict)


def _shown(connection: Connection, key: ApiKey, row: ObjectionRow) -> ObjectionOut:
    people = reads.people(connection, key.tenant, [row.participant]) if key.may("people") else {}
    return objection_out(row, people.get(row.participant))
