"""Participants by the API: join, look up, correct, and what stands on their balance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from msgspec import Struct
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.events import Consent, Erase, Join, Person, Profile
from goodword.engine.people import identity_keys
from goodword.engine.reasons import Answer
from goodword.engine.state import HANDLES, HANDLES_OF, IDENTITIES, PARTICIPANTS, State
from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.pipeline.intake import seal_person
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.storage.load import load
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import PRINTABLE, After, Id, Limit, Reader, Teller, codes_for, page_of, row_of, there
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.problems import Invalid, NotFound
from goodword.web.shapes import (
    BalanceOut,
    MovementOut,
    ParticipantDetail,
    ParticipantOut,
    RewardOut,
    movement_out,
    participant_detail,
    participant_out,
    reward_out,
)
from goodword.web.telling import body_of, json_body, said_in, tell_now

JoinIn = body_of(Join)
ProfileIn = body_of(Profile, "participant")
EraseIn = body_of(Erase, "person", "participant")
ConsentIn = body_of(Consent, "person", "participant")
Unit = Annotated[
    str, Query(min_length=1, max_length=100, pattern=PRINTABLE, description="such as `USD`, `MB` or `coupon`")
]
router = APIRouter(prefix="/v1/participants", tags=["participants"])


class LookupIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to look up: a person with at least one of `id`, `email`, `phone`, as the shop knows him."""

    person: Person


@router.post("", responses=answers(Answer, "the answer: `advocate_code` is his code"), openapi_extra=json_body(JoinIn))
async def join(request: Request, key: Annotated[ApiKey, Depends(Needs("events"))]) -> Response:
    """A person becomes an advocate of a program now: the same as an event of type `join`."""
    return await tell_now(request, key, JoinIn, "join")


@router.post(
    "/lookup",
    responses=answers(ParticipantDetail, "the participant") | {404: {}},
    openapi_extra=json_body(LookupIn),
)
async def look_up(request: Request, key: Teller) -> Response:
    """Find a participant by what the shop knows of him. The identifiers travel in the body: addresses end up in logs."""
    said = await said_in(request, LookupIn)
    context = context_of(request)
    try:
        person = seal_person(Person(**said["person"]), context.parts.keyring)
    except Refused as error:
        raise Invalid(error.reason, field=error.field or None) from None

    def found() -> ParticipantDetail:
        with context.parts.database.read() as connection:
            state = State()
            load(connection, key.tenant, state, {IDENTITIES.name: set(identity_keys(person))})
            ids = {id for id in state.rows[IDENTITIES.name].values() if id is not None}
            if len(ids) != 1:  # none, or the identifiers of two people
                raise NotFound
            return _detail(connection, key, ids.pop())

    return json(await run_in_threadpool(found))


@router.get("", responses=answers_page(ParticipantOut, "participants, the newest first"))
def list_participants(request: Request, key: Reader, after: After = None, limit: Limit = 50) -> Response:
    """Everybody who takes part, without personal data."""
    with context_of(request).parts.database.read() as connection:
        return page_of(
            lambda: reads.participants(connection, key.tenant, cursor=after, limit=limit),
            lambda row: participant_out(row, key.may("people")),
        )


@router.get("/{participant}", responses=answers(ParticipantDetail, "the participant"))
def get_participant(request: Request, key: Reader, participant: Id) -> Response:
    """A participant with his codes. A key with scope `people` also sees the person."""
    with context_of(request).parts.database.read() as connection:
        return json(_detail(connection, key, participant))


@router.patch(
    "/{participant}",
    responses=answers(Answer, "the answer"),
    openapi_extra=json_body(ProfileIn),
)
async def correct_participant(
    request: Request, key: Annotated[ApiKey, Depends(Needs("people"))], participant: Id
) -> Response:
    """Correct or add what is known about a person now: what is not named stays.

    An identifier that nobody has becomes his. The old one still leads to him, so that whoever comes back with it is known.
    """
    with context_of(request).parts.database.read() as connection:
        row_of(connection, key, PARTICIPANTS, participant)
    return await tell_now(request, key, ProfileIn, "profile", participant=participant)


@router.delete(
    "/{participant}",
    responses=answers(Answer, "the answer"),
    openapi_extra=json_body(EraseIn, required=False),
)
async def erase_participant(
    request: Request, key: Annotated[ApiKey, Depends(Needs("people"))], participant: Id
) -> Response:
    """Remove what is known about a person now: the same as an event of type `erase`. It cannot be taken back.

    His codes are switched off, what he was not handed yet is cancelled, and nothing new begins for him; the books stay,
    under an id that leads to nobody.
    """
    await _must_be_there(request, key, participant)
    return await tell_now(request, key, EraseIn, "erase", participant=participant)


@router.post(
    "/{participant}/consents",
    responses=answers(Answer, "the answer"),
    openapi_extra=json_body(ConsentIn),
)
async def record_consent(
    request: Request, key: Annotated[ApiKey, Depends(Needs("events"))], participant: Id
) -> Response:
    """Somebody consents now to what he is asked for, or withdraws his consent: the same as an event of type `consent`."""
    await _must_be_there(request, key, participant)
    return await tell_now(request, key, ConsentIn, "consent", participant=participant)


@router.get("/{participant}/balances", responses=answers_page(BalanceOut, "the balance in each unit"))
def get_balances(request: Request, key: Reader, participant: Id) -> Response:
    """What stands on a participant's balance, by unit."""
    with context_of(request).parts.database.read() as connection:
        row_of(connection, key, PARTICIPANTS, participant)
        amounts = reads.balances(connection, key.tenant, participant)
    return json({"items": [BalanceOut(unit, amount) for unit, amount in amounts.items()], "next": None})


@router.get("/{participant}/statement", responses=answers_page(MovementOut, "movements, the newest first"))
def get_statement(
    request: Request, key: Reader, participant: Id, unit: Unit, after: After = None, limit: Limit = 50
) -> Response:
    """What moved on a participant's balance of a unit, and what it left there."""
    with context_of(request).parts.database.read() as connection:
        row_of(connection, key, PARTICIPANTS, participant)
        return page_of(
            lambda: reads.statement(connection, key.tenant, participant, unit, cursor=after, limit=limit),
            movement_out,
        )


@router.get("/{participant}/rewards", responses=answers_page(RewardOut, "rewards, the newest first"))
def list_participant_rewards(
    request: Request, key: Reader, participant: Id, after: After = None, limit: Limit = 50
) -> Response:
    """The rewards of a participant."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        row_of(connection, key, PARTICIPANTS, participant)
        return page_of(
            lambda: reads.rewards(connection, key.tenant, participant=participant, cursor=after, limit=limit),
            lambda row: reward_out(row, codes_for(context, key)),
        )


async def _must_be_there(request: Request, key: ApiKey, participant: str) -> None:
    """Make sure that there is such a participant, so that nobody asks for what is somebody else's.

    Raises:
        NotFound: there is none.
    """
    database = context_of(request).parts.database

    def look() -> None:
        with database.read() as connection:
            row_of(connection, key, PARTICIPANTS, participant)

    await run_in_threadpool(look)


def _detail(connection: Connection, key: ApiKey, participant: str) -> ParticipantDetail:
    state = State()
    load(connection, key.tenant, state, {PARTICIPANTS.name: {participant}, HANDLES_OF.name: {participant}})
    row = there(state, PARTICIPANTS, participant)
    handles = [there(state, HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    people = reads.people(connection, key.tenant, [participant]) if key.may("people") else {}
    return participant_detail(row, handles, people.get(participant))
