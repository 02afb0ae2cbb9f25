"""Codes by the API: make, look up and switch them; and what people do with them: share and claim."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from goodword.engine.events import Claim, HandleAction, Link, Share
from goodword.engine.ids import normalise_code
from goodword.engine.reasons import Answer
from goodword.engine.state import CLAIMS, HANDLES, HANDLES_OF, PARTICIPANTS, State
from goodword.storage.keys import ApiKey
from goodword.storage.load import load
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import PRINTABLE, Id, Reader, Teller, row_of, there
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.shapes import ClaimOut, HandleOut, claim_out, handle_out
from goodword.web.telling import body_of, json_body, tell_now

LinkIn = body_of(Link)
HandleActionIn = body_of(HandleAction, "code", "action")
ClaimIn = body_of(Claim)
ShareIn = body_of(Share)

Shop = Annotated[ApiKey, Depends(Needs("events"))]
Staff = Annotated[ApiKey, Depends(Needs("staff"))]
Code = Annotated[str, Path(min_length=1, max_length=64, pattern=PRINTABLE, description="a code as somebody typed it")]
router = APIRouter(prefix="/v1", tags=["codes"])


@router.post(
    "/handles",
    responses=answers(Answer, "the answer: `advocate_code` is the new code"),
    openapi_extra=json_body(LinkIn),
)
async def create_handle(request: Request, key: Shop) -> Response:
    """An advocate gets a further code with its link now: the same as an event of type `link`."""
    return await tell_now(request, key, LinkIn, "link")


@router.get("/handles/{code}", responses=answers(HandleOut, "the code"))
def get_handle(request: Request, key: Teller, code: Code) -> Response:
    """A code, however it was typed, with its advocate, its page and its state."""
    with context_of(request).parts.database.read() as connection:
        return json(handle_out(row_of(connection, key, HANDLES, normalise_code(code))))


@router.post(
    "/handles/{code}/{action}",
    responses=answers(Answer, "the answer: a refusal is one as well"),
    openapi_extra=json_body(HandleActionIn, required=False),
)
async def switch_handle(request: Request, key: Staff, code: Code, action: Literal["disable", "enable"]) -> Response:
    """Switch a code off, or on again, now: the same as an event of type `handle`."""
    return await tell_now(request, key, HandleActionIn, "handle", code=code, action=action)


@router.get("/participants/{participant}/handles", responses=answers_page(HandleOut, "codes, the oldest first"))
def list_handles(request: Request, key: Reader, participant: Id) -> Response:
    """The codes of a participant."""
    with context_of(request).parts.database.read() as connection:
        row_of(connection, key, PARTICIPANTS, participant)
        state = State()
        load(connection, key.tenant, state, {HANDLES_OF.name: {participant}})
        handles = [there(state, HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    return json({"items": [handle_out(handle) for handle in handles], "next": None})


@router.post("/claims", responses=answers(Answer, "the answer: `claim` is the token"), openapi_extra=json_body(ClaimIn))
async def claim(request: Request, key: Shop) -> Response:
    """A friend accepts an invitation now: the same as an event of type `claim`."""
    return await tell_now(request, key, ClaimIn, "claim")


@router.get("/claims/{token}", responses=answers(ClaimOut, "the claim"))
def get_claim(request: Request, key: Teller, token: Id) -> Response:
    """An accepted invitation of somebody whom nobody knew yet."""
    with context_of(request).parts.database.read() as connection:
        return json(claim_out(row_of(connection, key, CLAIMS, token)))


@router.post("/shares", responses=answers(Answer, "the answer"), openapi_extra=json_body(ShareIn))
async def share(request: Request, key: Shop) -> Response:
    """An advocate passes a code on now: the same as an event of type `share`."""
    return await tell_now(request, key, ShareIn, "share")
