"""The API's reads: referrals, rewards, events with their answers. Each sees one moment of the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, WithJsonSchema
from starlette.responses import Response

from goodword.engine.events import ID_MAX
from goodword.engine.ids import Keyring
from goodword.engine.state import (
    REFERRALS,
    REWARDS,
    Collection,
    ReferralStatus,
    RewardStatus,
    State,
)
from goodword.storage import reads
from goodword.storage.hits import hits_before
from goodword.storage.keys import ApiKey
from goodword.storage.load import load
from goodword.web.answers import answers, answers_page, json
from goodword.web.context import Context, context_of
from goodword.web.keys import Needs
from goodword.web.problems import Invalid, NotFound
from goodword.web.shapes import (
    EventOut,
    ReferralDetail,
    ReferralOut,
    RewardOut,
    event_out,
    referral_detail,
    referral_out,
    reward_out,
)
from goodword.words.catalogue import LANGUAGES

PAGE_MAX = 200
CLICKS_SHOWN = 5
"""How many clicks before its claim a referral is shown with."""
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""No control characters: no database, log or terminal has to deal with them."""

Id = Annotated[str, Path(min_length=1, max_length=ID_MAX, pattern=PRINTABLE)]
Filter = Annotated[str | None, Query(min_length=1, max_length=200, pattern=PRINTABLE)]
After = Annotated[str | None, Query(max_length=200, pattern=PRINTABLE, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="how many items a page has at most")]


def _known_language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)}")
    return language


KnownLanguage = Annotated[
    str, AfterValidator(_known_language), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})
]
Language = Annotated[KnownLanguage | None, Query(description="adds a `sentence` to each reason")]
Reader = Annotated[ApiKey, Depends(Needs("read"))]
Teller = Annotated[ApiKey, Depends(Needs("read", "events"))]

RowT = TypeVar("RowT")
OutT = TypeVar("OutT")
router = APIRouter(prefix="/v1")


@router.get("/referrals", tags=["referrals"], responses=answers_page(ReferralOut, "referrals, the newest first"))
def list_referrals(
    request: Request,
    key: Reader,
    program: Filter = None,
    status: ReferralStatus | None = None,
    advocate: Filter = None,
    friend: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Referrals, by the time of their claim."""
    with context_of(request).parts.database.read() as connection:
        return page_of(
            lambda: reads.referrals(
                connection,
                key.tenant,
                program=program,
                status=status,
                advocate=advocate,
                friend=friend,
                cursor=after,
                limit=limit,
            ),
            referral_out,
        )


@router.get("/referrals/{referral}", tags=["referrals"], responses=answers(ReferralDetail, "the referral"))
def get_referral(request: Request, key: Reader, referral: Id) -> Response:
    """A referral, with the steps it reached, the evidence that it beat, and the clicks on its code before the claim."""
    with context_of(request).parts.database.read() as connection:
        row = row_of(connection, key, REFERRALS, referral)
        clicks = hits_before(connection, key.tenant, row.code, row.claimed_ms, limit=CLICKS_SHOWN)
    return json(referral_detail(row, clicks))


@router.get("/rewards", tags=["rewards"], responses=answers_page(RewardOut, "rewards, the newest first"))
def list_rewards(
    request: Request,
    key: Reader,
    program: Filter = None,
    status: RewardStatus | None = None,
    participant: Filter = None,
    referral: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Rewards, by the time of their grant."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        return page_of(
            lambda: reads.rewards(
                connection,
                key.tenant,
                program=program,
                status=status,
                participant=participant,
                referral=referral,
                cursor=after,
                limit=limit,
            ),
            lambda row: reward_out(row, codes_for(context, key)),
        )


@router.get("/rewards/{reward}", tags=["rewards"], responses=answers(RewardOut, "the reward"))
def get_reward(request: Request, key: Reader, reward: Id) -> Response:
    """A reward as it stands."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        return json(reward_out(row_of(connection, key, REWARDS, reward), codes_for(context, key)))


@router.get("/events/{event:path}", tags=["events"], responses=answers(EventOut, "the event and its answer"))
def get_event(request: Request, key: Teller, event: Id, language: Language = None) -> Response:
    """The stored answer of an event, with its reasons."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        stored = reads.event(connection, key.tenant, event)
    if stored is None:
        raise NotFound
    return json(event_out(stored, codes_for(context, key), language))


@router.get("/events", tags=["events"], responses=answers_page(EventOut, "events with their answers, the oldest first"))
def list_events(
    request: Request,
    key: Reader,
    after: Annotated[
        int, Query(ge=0, le=2**62, description="`next` of the page before: the `seq` of its last event")
    ] = 0,
    language: Language = None,
    limit: Limit = 50,
) -> Response:
    """All events in the order of their decision, for a copy: remember the `seq` of the last one and go on behind it.

    `next` is there also at the end, so that one can ask again later.
    """
    context = context_of(request)
    with context.parts.database.read() as connection:
        found = reads.events(connection, key.tenant, after_seq=after, limit=limit)
    items = [event_out(stored, codes_for(context, key), language) for stored in found]
    return json({"items": items, "next": str(found[-1].seq if found else after)})


@router.get(
    "/answers", tags=["events"], responses=answers_page(EventOut, "events with their answers, the newest first")
)
def list_answers(
    request: Request,
    key: Reader,
    reference: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            pattern=PRINTABLE,
            description="the id of a referral, reward, participant or order",
        ),
    ],
    language: Language = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Why something is as it is: the answers of all events that touched it."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        return page_of(
            lambda: reads.answers(connection, key.tenant, reference, cursor=after, limit=limit),
            lambda stored: event_out(stored, codes_for(context, key), language),
        )


def page_of(read: Callable[[], reads.Page[RowT]], show: Callable[[RowT], OutT]) -> Response:
    """A page of a list as it is answered."""
    try:
        page = read()
    except reads.BadCursor as error:
        raise Invalid(str(error), field="after") from None
    return json({"items": [show(row) for row in page.items], "next": page.next})


def row_of(connection: Any, key: ApiKey, collection: Collection[RowT], id: str) -> RowT:
    """A row of the caller's tenant.

    Raises:
        NotFound: there is none, or it is another tenant's.
    """
    state = State()
    load(connection, key.tenant, state, {collection.name: {id}})
    return there(state, collection, id)


def there(state: State, collection: Collection[RowT], id: str) -> RowT:
    """A row that was loaded.

    Raises:
        NotFound: there is none.
    """
    row = state.get(collection, id)
    if row is None:
        raise NotFound
    return row


def codes_for(context: Context, key: ApiKey) -> Keyring | None:
    """Reward codes are money: a key that only reads does not see them."""
    return context.parts.keyring if key.may("events", "staff") else None
