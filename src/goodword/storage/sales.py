"""What the codes of one partner brought: counted over the latest sales, so that it costs the same for whoever sells most."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, text

LATEST_MAX = 1000
"""How many of somebody's latest referrals are looked at."""


class CodeSales(Struct, frozen=True):
    """What a code brought."""

    code: str
    sales: int
    """Referrals that converted and were not refused."""
    earned: int
    """What stands of their rewards for the advocate, in one unit."""


class LatestSales(Struct, frozen=True):
    """The latest sales of an advocate in a program."""

    codes: dict[str, CodeSales]
    whole: bool
    """Whether these are all since the moment that was asked for; false where there are more than are looked at."""


def sales_by_code(
    connection: Connection,
    tenant: str,
    program: str,
    advocate: str,
    unit: str,
    since_ms: int,
    latest: int = LATEST_MAX,
) -> LatestSales:
    """What the codes of an advocate brought since a moment, by code."""
    parameters = {
        "tenant": tenant,
        "program": program,
        "advocate": advocate,
        "unit": unit,
        "since_ms": since_ms,
        "most": latest,
    }
    rows = connection.execute(_SALES, parameters).all()
    looked = sum(row.looked for row in rows)
    codes = {row.code: CodeSales(row.code, row.sales, row.earned) for row in rows if row.sales}
    return LatestSales(codes, looked < latest)


_STANDS = "status NOT IN ('cancelled', 'denied', 'reversed')"
_SOLD = "program = :program AND converted_ms IS NOT NULL AND moderation <> 'denied'"
_SALES = text(
    # The limit stands within: what is looked at is bounded, whatever is found there.
    "WITH latest AS (SELECT id, program, code, converted_ms, moderation FROM referrals "  # noqa: S608
    "WHERE tenant = :tenant AND advocate = :advocate AND claimed_ms >= :since_ms "
    "ORDER BY claimed_ms DESC, id DESC LIMIT :most), "
    f"told AS (SELECT code, CASE WHEN {_SOLD} THEN 1 ELSE 0 END AS sold, "
    f"CASE WHEN {_SOLD} THEN (SELECT COALESCE(SUM(w.amount), 0) FROM rewards AS w WHERE w.tenant = :tenant "
    f"AND w.referral = latest.id AND w.participant = :advocate AND w.unit = :unit AND w.{_STANDS}) ELSE 0 END AS earned "
    "FROM latest) "
    "SELECT code, CAST(SUM(sold) AS bigint) AS sales, CAST(SUM(earned) AS bigint) AS earned, COUNT(*) AS looked "
    "FROM told GROUP BY code"
)
