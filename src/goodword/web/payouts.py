"""Payouts by the API: what is to be paid to partners, what became of it, and each partner's statement."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from msgspec import Struct
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.events import PayOut, PayoutAction
from goodword.engine.reasons import Answer
from goodword.engine.state import PARTICIPANTS, PAYOUTS, PayoutStatus, State
from goodword.program.duration import from_ms
from goodword.program.loader import Program
from goodword.storage import payouts, reads
from goodword.storage.keys import ApiKey
from goodword.storage.load import load
from goodword.storage.payouts import PartnerStatement, StatementLine
from goodword.storage.programs import program_in_force
from goodword.storage.reads import BadCursor
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import PRINTABLE, After, Filter, Id, Limit, Reader, row_of
from goodword.web.context import context_of
from goodword.web.keys import Needs
from goodword.web.problems import Invalid, NotFound
from goodword.web.programs import ProgramName
from goodword.web.shapes import PayoutOut, PayTo, pay_to, payout_out
from goodword.web.telling import body_of, json_body, tell_now

LINES_MAX = 1000
"""How many movements a statement lists; its sums are those of all of them."""

PayoutActionIn = body_of(PayoutAction, "payout", "action")
PayOutIn = body_of(PayOut, "program", "participant")
Staff = Annotated[ApiKey, Depends(Needs("staff"))]
Period = Annotated[
    str, Path(min_length=7, max_length=8, pattern=PRINTABLE, description="a month or a week: `2026-10`, `2026-W41`")
]
router = APIRouter(prefix="/v1", tags=["payouts"])


class StatementLineOut(Struct, frozen=True, omit_defaults=True):
    """A movement on a partner's account: what was earned by which order, what was taken back, what was paid out."""

    at: datetime
    kind: Literal["earned", "taken_back", "paid_out", "returned"]
    amount: int
    balance: int
    reward: str | None = None
    rule: str | None = None
    order: str | None = None


class StatementOut(Struct, frozen=True):
    """A partner's account in a week or month: `opening + earned - taken_back - paid_out + returned = closing`."""

    program: str
    participant: str
    unit: str
    period: str
    starts_at: datetime
    ends_at: datetime
    opening: int
    earned: int
    taken_back: int
    paid_out: int
    returned: int
    """Of payouts that failed."""
    closing: int
    """What is left: below zero, it comes off what is earned next."""
    payouts: tuple[PayoutOut, ...]
    lines: tuple[StatementLineOut, ...]
    """The first 1,000 movements, the oldest first."""
    more: bool
    """Whether there are more movements than are listed."""


@router.get("/programs/{program}/payouts", responses=answers_page(PayoutOut, "payouts, the newest first"))
def list_payouts(
    request: Request,
    key: Reader,
    program: ProgramName,
    status: PayoutStatus | None = None,
    participant: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """The payouts of a program: with `status=due`, what the shop has to pay. A key with scope `people` also sees to whom."""
    with context_of(request).parts.database.read() as connection:
        _program(connection, key, program)
        try:
            page = payouts.payouts(
                connection, key.tenant, program, status=status, participant=participant, cursor=after, limit=limit
            )
        except BadCursor as error:
            raise Invalid(str(error), field="after") from None
        paid_to = _pay_to(connection, key, [row.participant for row in page.items])
    return json({"items": [payout_out(row, paid_to.get(row.participant)) for row in page.items], "next": page.next})


@router.get("/payouts/{payout}", responses=answers(PayoutOut, "the payout"))
def get_payout(request: Request, key: Reader, payout: Id) -> Response:
    """A payout as it stands. A key with scope `people` also sees whom to pay."""
    with context_of(request).parts.database.read() as connection:
        row = row_of(connection, key, PAYOUTS, payout)
        return json(payout_out(row, _pay_to(connection, key, [row.participant]).get(row.participant)))


@router.post(
    "/payouts/{payout}/{action}",
    responses=answers(Answer, "the answer: a refusal is one as well"),
    openapi_extra=json_body(PayoutActionIn, required=False),
)
async def act_on_payout(request: Request, key: Staff, payout: Id, action: Literal["pay", "fail"]) -> Response:
    """Say now that a payout was paid, or that it failed: the same as an event of type `payout`."""
    return await tell_now(request, key, PayoutActionIn, "payout", payout=payout, action=action)


@router.post(
    "/programs/{program}/partners/{participant}/payout",
    responses=answers(Answer, "the answer: a refusal is one as well"),
    openapi_extra=json_body(PayOutIn, required=False),
)
async def pay_out(request: Request, key: Staff, program: ProgramName, participant: Id) -> Response:
    """Pay out now what has come together, however little it is: the same as an event of type `pay_out`."""
    return await tell_now(request, key, PayOutIn, "pay_out", program=program, participant=participant)


@router.get(
    "/programs/{program}/partners/{participant}/statements/{period}", responses=answers(StatementOut, "the statement")
)
def get_partner_statement(
    request: Request, key: Reader, program: ProgramName, participant: Id, period: Period
) -> Response:
    """The statement of a partner: what stood on his account, what he earned, what was taken back, what was paid."""
    with context_of(request).parts.database.read() as connection:
        row_of(connection, key, PARTICIPANTS, participant)
        found = _program(connection, key, program)
        try:
            statement = payouts.partner_statement(connection, key.tenant, found, participant, period)
        except ValueError as error:
            raise Invalid(str(error), field="period") from None
        lines = list(payouts.statement_lines(connection, key.tenant, statement, LINES_MAX + 1))
    return json(statement_out(statement, lines))


def statement_out(statement: PartnerStatement, lines: list[StatementLine]) -> StatementOut:
    """A statement with its first movements as the API shows it."""
    shown = tuple(
        StatementLineOut(
            at=from_ms(line.clock_ms),
            kind=line.kind,
            amount=line.amount,
            balance=line.balance,
            reward=line.reward,
            rule=line.rule,
            order=line.order,
        )
        for line in lines[:LINES_MAX]
    )
    return StatementOut(
        program=statement.program,
        participant=statement.participant,
        unit=statement.unit,
        period=statement.period,
        starts_at=from_ms(statement.starts_ms),
        ends_at=from_ms(statement.ends_ms),
        opening=statement.opening,
        earned=statement.earned,
        taken_back=statement.taken_back,
        paid_out=statement.paid_out,
        returned=statement.returned,
        closing=statement.closing,
        payouts=tuple(map(payout_out, statement.payouts)),
        lines=shown,
        more=len(lines) > LINES_MAX,
    )


def _pay_to(connection: Connection, key: ApiKey, participants: list[str]) -> dict[str, PayTo]:
    """How those of the participants want to be paid who said so, for a key that may see people."""
    if not key.may("people"):
        return {}
    state, wanted = State(), set(participants)
    load(connection, key.tenant, state, {PARTICIPANTS.name: wanted})
    people = reads.people(connection, key.tenant, sorted(wanted))
    found = {id: pay_to(state.get(PARTICIPANTS, id), people.get(id, {})) for id in wanted}
    return {id: one for id, one in found.items() if one is not None}


def _program(connection: Connection, key: ApiKey, name: str) -> Program:
    found = program_in_force(connection, key.tenant, name)
    if found is None:
        raise NotFound
    return found
