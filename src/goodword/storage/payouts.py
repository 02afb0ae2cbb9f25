"""Reading payouts, and the statement of a partner: what stood on his account, what came, what went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, select, text

from goodword.engine.payouts import handed_over
from goodword.engine.reward_books import collected_account
from goodword.engine.state import PayoutRow
from goodword.program.duration import period_ends_ms, period_named
from goodword.program.loader import Program
from goodword.storage import tables
from goodword.storage.reads import Page, rows_page
from goodword.storage.rows import MAPPERS

ROWS_AT_ONCE = 1000
STATEMENT_PAYOUTS_MAX = 100
"""How many payouts of one period a statement lists."""

_PAYOUTS = MAPPERS["payouts"]
_P = tables.payouts.c


Movement = Literal["earned", "taken_back", "paid_out", "returned"]


class PartnerStatement(Struct, frozen=True):
    """The account of a partner in one week or month, in the smallest unit of its currency.

    ``opening + earned - taken_back - paid_out + returned = closing``
    """

    program: str
    participant: str
    unit: str
    period: str
    starts_ms: int
    ends_ms: int
    opening: int = 0
    earned: int = 0
    taken_back: int = 0
    paid_out: int = 0
    returned: int = 0
    """Of payouts that failed."""
    payouts: tuple[PayoutRow, ...] = ()
    """Those that this period made."""

    @property
    def closing(self) -> int:
        """What is left: below zero, it comes off what is earned next."""
        return self.opening + self.earned - self.taken_back - self.paid_out + self.returned


class StatementLine(Struct, frozen=True):
    """One movement of the period: what was earned or taken back, and by which order."""

    seq: int
    line: int
    clock_ms: int
    kind: Movement
    amount: int
    balance: int
    reward: str | None
    rule: str | None
    order: str | None


def payouts(
    connection: Connection,
    tenant: str,
    program: str,
    *,
    status: str | None = None,
    participant: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PayoutRow]:
    """The payouts of a program by the time at which they were made; a filter that is None asks for nothing."""
    filters = {"program": program, "status": status, "participant": participant}
    return rows_page(connection, tenant, "payouts", "created_ms", filters, cursor, limit)


def partner_statement(
    connection: Connection, tenant: str, program: Program, participant: str, period: str
) -> PartnerStatement:
    """What happened on a partner's account in a period such as ``2026-10`` or ``2026-W41``.

    Raises:
        ValueError: this is no month and no week.
    """
    zone = program.model.zone
    first_ms, kind = period_named(period, zone)
    ends_ms = period_ends_ms(first_ms, kind, zone)
    empty = PartnerStatement(program.name, participant, program.model.currency, period, first_ms, ends_ms)
    sums = {row.kind: int(row.amount) for row in connection.execute(_TOTALS, _parameters(tenant, empty))}
    amounts = {kind: amount if kind == "opening" else abs(amount) for kind, amount in sums.items()}
    return replace(empty, **amounts, payouts=_made(connection, tenant, empty))


def _made(connection: Connection, tenant: str, statement: PartnerStatement) -> tuple[PayoutRow, ...]:
    columns = [_P[name] for name in _PAYOUTS.columns]
    mine = (_P.tenant == tenant) & (_P.participant == statement.participant) & (_P.program == statement.program)
    made = (_P.created_ms >= statement.starts_ms) & (_P.created_ms < statement.ends_ms)
    rows = select(*columns).where(mine & made).order_by(_P.created_ms, _P.id).limit(STATEMENT_PAYOUTS_MAX)
    return tuple(_PAYOUTS.unpack(row)[1] for row in connection.execute(rows))


def statement_lines(
    connection: Connection, tenant: str, statement: PartnerStatement, limit: int
) -> Iterator[StatementLine]:
    """The first movements of a statement, the oldest first, each with what it left on the account."""
    balance = statement.opening
    parameters = _parameters(tenant, statement) | {"size": limit}
    for row in connection.execute(_LINES, parameters, execution_options={"yield_per": ROWS_AT_ONCE}):
        balance += row.amount
        yield StatementLine(
            row.seq, row.line, row.clock_ms, row.kind, row.amount, balance, row.reward, row.rule, row.order_id
        )


def _parameters(tenant: str, statement: PartnerStatement) -> dict[str, object]:
    due, paid = handed_over(statement.program)
    return {
        "tenant": tenant,
        "account": collected_account(statement.program, statement.participant),
        "unit": statement.unit,
        "starts_ms": statement.starts_ms,
        "ends_ms": statement.ends_ms,
        "due": due,
        "paid": paid,
    }


_ACCOUNT = (
    # The two entries of a posting stand side by side: the other account is on the line beside it.
    "FROM entries AS e JOIN events AS v ON v.tenant = e.tenant AND v.seq = e.seq "
    "JOIN entries AS o ON o.tenant = e.tenant AND o.seq = e.seq AND o.line = e.line + 1 - 2 * (e.line % 2) "
)
_MINE = (
    "WHERE e.tenant = :tenant AND e.account = :account AND e.unit = :unit AND v.clock_ms < :ends_ms "
    f"AND {tables.BALANCE_ACCOUNTS.replace('account', 'e.account')} "
)
_KIND = (
    "WHEN o.account IN (:due, :paid) THEN CASE WHEN e.amount < 0 THEN 'paid_out' ELSE 'returned' END "
    "WHEN e.amount > 0 THEN 'earned' ELSE 'taken_back' END"
)
_TOTALS = text(
    f"SELECT CASE WHEN v.clock_ms < :starts_ms THEN 'opening' {_KIND} AS kind, "
    f"CAST(SUM(e.amount) AS bigint) AS amount {_ACCOUNT} {_MINE} GROUP BY 1"
)
_LINES = text(
    f"SELECT e.seq, e.line, v.clock_ms, CASE {_KIND} AS kind, e.amount, e.reward, w.rule, w.order_id "
    f"{_ACCOUNT} LEFT JOIN rewards AS w ON w.tenant = e.tenant AND w.id = e.reward {_MINE} "
    "AND v.clock_ms >= :starts_ms ORDER BY e.seq, e.line LIMIT :size"
)
