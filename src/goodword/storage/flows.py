"""What moved in the books of a program: sums of its entries, by account and by person."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

ROWS_AT_ONCE = 5000


def flows(connection: Connection, tenant: str, program: str, first: int, last: int) -> dict[tuple[str, str], int]:
    """By account and unit what came and went with the events from `first` to `last`."""
    accounts = {name: f"{name}:{program}" for name in ("cost", "redeemed", "expired", "reversed", "paid")}
    parameters = {"tenant": tenant, "first": first, "last": last} | accounts
    rows = connection.execute(_FLOWS, parameters)
    return {(row.account.partition(":")[0], row.unit): int(row.amount) for row in rows}


def nets(
    connection: Connection, tenant: str, program: str, first: int, last: int
) -> Iterator[tuple[str, str, str, int]]:
    """By participant, side and unit what was promised less what was taken back, in no order."""
    parameters = {"tenant": tenant, "program": program, "first": first, "last": last}
    parameters |= {"cost": f"cost:{program}", "reversed": f"reversed:{program}"}
    for row in connection.execute(_NETS, parameters, execution_options={"yield_per": ROWS_AT_ONCE}):
        yield row.participant, row.side, row.unit, int(row.amount)


_FLOWS = text(
    "SELECT account, unit, CAST(SUM(amount) AS bigint) AS amount FROM entries "
    "WHERE tenant = :tenant AND seq >= :first AND seq <= :last "
    "AND account IN (:cost, :redeemed, :expired, :reversed, :paid) GROUP BY account, unit"
)
_NETS = text(
    "SELECT w.participant, w.side, e.unit, CAST(SUM(-e.amount) AS bigint) AS amount FROM entries AS e "
    "JOIN rewards AS w ON w.tenant = e.tenant AND w.id = e.reward "
    "WHERE e.tenant = :tenant AND e.seq >= :first AND e.seq <= :last AND e.account IN (:cost, :reversed) "
    "AND w.program = :program GROUP BY w.participant, w.side, e.unit"
)
