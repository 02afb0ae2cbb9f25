"""What is kept about one person, for himself: Regulation (EU) 2016/679, articles 15 and 20.

What belongs to others stays out: of advocate and friend each sees that there is a referral, not who the other one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from msgspec import Struct
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.state import (
    ACCEPTED_MAX,
    HANDLES,
    HANDLES_OF,
    PARTICIPANTS,
    OrderRow,
    PayoutRow,
    Referral,
    Reward,
    State,
)
from goodword.program.duration import from_ms
from goodword.said import terms_of
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.storage.load import load, load_program_rows
from goodword.storage.payouts import payouts as payouts_of
from goodword.storage.reads import Page, StoredEvent
from goodword.storage.surveys import surveys as surveys_of
from goodword.web.answers import answers, json
from goodword.web.api import Id, there
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.shapes import (
    BalanceOut,
    HandleOut,
    ObjectionOut,
    ParticipantDetail,
    PayoutOut,
    SurveyOut,
    TermsOut,
    handle_out,
    objection_out,
    participant_detail,
    payout_out,
    survey_out,
)
from goodword.words.catalogue import LANGUAGES

ROWS_MAX = 10_000
"""How many rows of each kind an export holds."""
PAGE = 200
router = APIRouter(prefix="/v1/participants", tags=["participants"])
RowT = TypeVar("RowT")


class OwnReferral(Struct, frozen=True, omit_defaults=True):
    """A referral as one of its two sides sees it."""

    id: str
    program: str
    version: int
    side: str
    status: str
    claimed_at: datetime
    converted_at: datetime | None = None


class OwnOrder(Struct, frozen=True, omit_defaults=True):
    """An order that the shop told of."""

    order: str
    placed_at: datetime | None
    total: int
    refunded: int
    currency: str


class OwnReward(Struct, frozen=True, omit_defaults=True):
    """A reward, without what tells of the other side: whose order it was, and under which id."""

    id: str
    program: str
    version: int
    rule: str
    side: str
    status: str
    amount: int
    unit: str
    remaining: int
    granted_at: datetime
    expires_at: datetime | None = None


class OwnEvent(Struct, frozen=True):
    """Something that happened to him, or that he did."""

    id: str
    type: str
    occurred_at: datetime
    outcome: str


class PersonExport(Struct, frozen=True):
    """All that is kept about one person."""

    exported_at: datetime
    about: ParticipantDetail
    codes: tuple[HandleOut, ...]
    terms: tuple[TermsOut, ...]
    """The terms that he accepted, word for word; when he did so stands under `about.accepted`."""
    orders: tuple[OwnOrder, ...]
    referrals: tuple[OwnReferral, ...]
    rewards: tuple[OwnReward, ...]
    balances: tuple[BalanceOut, ...]
    payouts: tuple[PayoutOut, ...]
    objections: tuple[ObjectionOut, ...]
    surveys: tuple[SurveyOut, ...]
    events: tuple[OwnEvent, ...]
    whole: bool
    """Whether all of these are here; false where there are more than `ROWS_MAX` of a kind, or older acceptances."""


@router.get("/{participant}/export", responses=answers(PersonExport, "what is kept about the person"))
def export_participant(request: Request, key: Annotated[ApiKey, Depends(Needs("people"))], participant: Id) -> Response:
    """Everything that is kept about one person, to be handed to him: also the terms that he accepted, word for word."""
    parts = context_of(request).parts
    with parts.database.read() as connection:
        found = export_of(connection, key.tenant, participant, from_ms(parts.now_ms()))
    response = json(found)
    response.headers["Content-Disposition"] = 'attachment; filename="person.json"'
    return response


def export_of(connection: Connection, tenant: str, participant: str, now: datetime) -> PersonExport:
    """All that is kept about a participant.

    Raises:
        NotFound: there is none of this id.
    """
    state = State()
    load(connection, tenant, state, {PARTICIPANTS.name: {participant}, HANDLES_OF.name: {participant}})
    row = there(state, PARTICIPANTS, participant)
    handles = [there(state, HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    person = reads.people(connection, tenant, [participant]).get(participant, {})
    given = _all(lambda cursor: reads.referrals(connection, tenant, advocate=participant, cursor=cursor, limit=PAGE))
    taken = _all(lambda cursor: reads.referrals(connection, tenant, friend=participant, cursor=cursor, limit=PAGE))
    rewards = _all(lambda cursor: reads.rewards(connection, tenant, participant=participant, cursor=cursor, limit=PAGE))
    orders = _all(lambda cursor: reads.orders(connection, tenant, participant, cursor=cursor, limit=PAGE))
    programs = load_program_rows(connection, tenant)
    payouts = [row for name in programs for row in _all(partial(_payouts, connection, tenant, name, participant))]
    events = _all(lambda cursor: reads.answers(connection, tenant, participant, cursor=cursor, limit=PAGE))
    objections = _all(
        lambda cursor: reads.objections(connection, tenant, participant=participant, cursor=cursor, limit=PAGE)
    )
    answered = _all(lambda cursor: surveys_of(connection, tenant, participant=participant, cursor=cursor, limit=PAGE))
    sides = [*(_referral(one, "advocate") for one in given), *(_referral(one, "friend") for one in taken)]
    return PersonExport(
        exported_at=now,
        about=participant_detail(row, handles, person),
        codes=tuple(map(handle_out, handles)),
        terms=tuple(_terms(connection, tenant, {(one.program, one.version, one.language) for one in row.accepted})),
        orders=tuple(map(_order, orders)),
        referrals=tuple(sides),
        rewards=tuple(map(_reward, rewards)),
        balances=tuple(BalanceOut(*one) for one in reads.balances(connection, tenant, participant).items()),
        payouts=tuple(map(payout_out, payouts)),
        objections=tuple(objection_out(one, person) for one in objections),
        surveys=tuple(survey_out(one, person) for one in answered),
        events=tuple(map(_event, events)),
        whole=len(row.accepted) < ACCEPTED_MAX
        and max(len(given), len(taken), len(rewards), len(orders), len(payouts), len(objections), len(events))
        < ROWS_MAX,
    )


def _terms(connection: Connection, tenant: str, accepted: set[tuple[str, int, str]]) -> Iterator[TermsOut]:
    for program, version, language in sorted(accepted):
        # In another language they were the shop's own words, which are not here.
        text = terms_of(connection, tenant, program, version, language) if language in LANGUAGES else None
        if text is not None:
            yield TermsOut(program, version, language, text)


def _all(read: Callable[[str | None], Page[RowT]]) -> list[RowT]:
    """The rows of all pages, `ROWS_MAX` at most."""
    found: list[RowT] = []
    cursor: str | None = None
    while len(found) < ROWS_MAX:
        page = read(cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    return found[:ROWS_MAX]


def _payouts(
    connection: Connection, tenant: str, program: str, participant: str, cursor: str | None
) -> Page[PayoutRow]:
    return payouts_of(connection, tenant, program, participant=participant, cursor=cursor, limit=PAGE)


def _event(stored: StoredEvent) -> OwnEvent:
    outcome = msgspec.json.decode(stored.answer, type=_Outcome).outcome
    return OwnEvent(stored.id, stored.type, from_ms(stored.occurred_ms), outcome)


class _Outcome(Struct):
    outcome: str


def _referral(row: Referral, side: str) -> OwnReferral:
    converted = None if row.converted_ms is None else from_ms(row.converted_ms)
    return OwnReferral(row.id, row.program, row.version, side, row.status, from_ms(row.claimed_ms), converted)


def _reward(row: Reward) -> OwnReward:
    return OwnReward(
        id=row.id,
        program=row.program,
        version=row.version,
        rule=row.rule,
        side=row.side,
        status=row.status,
        amount=row.amount,
        unit=row.unit,
        remaining=row.remaining,
        granted_at=from_ms(row.granted_ms),
        expires_at=None if row.expires_ms is None else from_ms(row.expires_ms),
    )


def _order(row: OrderRow) -> OwnOrder:
    placed = None if row.placed_ms is None else from_ms(row.placed_ms)
    return OwnOrder(row.id, placed, row.total, row.refunded, row.currency)
