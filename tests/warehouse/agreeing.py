"""Figures beside the rows and the ledger that they were copied from, added up in Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.engine.state import ORDERS, REFERRALS, REWARDS, OrderRow, Referral, Reward, State
from goodword.metrics.compose import compose, relation, wrappers_of, written
from goodword.metrics.definitions import METRICS, Dimension
from goodword.metrics.figure import Figure
from goodword.metrics.figures import figures
from goodword.metrics.question import Period, Question
from goodword.pipeline.memory import MemoryTenant
from goodword.program.loader import Program
from goodword.storage import tables
from goodword.storage.database import Database
from goodword.warehouse.copying import Copier
from goodword.warehouse.duck import Duck
from goodword.warehouse.folder import Folder
from tests.properties.worlds import KEYRING, START_MS

EVER = Period("all", 0, 2**45)
NOW_MS = START_MS + 10**11
OPEN = ("pending", "approved", "balance", "payout")


class Copied:
    """A tenant's facts, as an engine reads them."""

    def __init__(self, database: Database, tenant: str, root: Path) -> None:
        self.folder = Folder(root, tenant)
        self.manifest = Copier(database, tenant, self.folder, lambda: NOW_MS).copy()
        self.duck = Duck(self.folder.path, self.manifest)

    def ask(self, program: Program, metric: str, *periods: Period, dimension: Dimension | None = None) -> list[Figure]:
        """The figures of a metric."""
        asked, definition = self.question(program, *periods), METRICS[metric]
        rows = {
            wrapper: self.duck.rows(written(compose(definition, asked, wrapper, dimension)))
            for wrapper in wrappers_of(definition)
        }
        return figures(definition, rows, asked, dimension)

    def count(self, program: Program, metric: str) -> Any:
        """The only value of a metric."""
        (figure,) = self.ask(program, metric)
        return figure.value

    def units(self, program: Program, metric: str, period: Period = EVER) -> dict[str, int]:
        """The values of a metric by unit, without those that are nothing."""
        return {one.unit: int(one.value) for one in self.ask(program, metric, period) if one.value}

    def question(self, program: Program, *periods: Period) -> Question:
        return Question(program.name, NOW_MS, program.model.currency, 500_000, periods or (EVER,))

    def relation(self, program: Program, name: str) -> list[dict[str, Any]]:
        """The rows of a relation."""
        return self.duck.rows(written(relation(name, self.question(program))))


def in_memory(programs: Sequence[Program], events: Sequence[Sealed], keyring: Keyring = KEYRING) -> State:
    """What becomes of the same events without a database."""
    tenant = MemoryTenant(keyring)
    for program in programs:
        tenant.publish(program)
    tenant.decide(events)
    return tenant.rows


def rows_of(state: State, collection: Any) -> list[Any]:
    return [row for row in state.rows[collection.name].values() if row is not None]


def counts_agree(copied: Copied, program: Program, state: State) -> None:
    """What is counted is what is there."""
    referrals: list[Referral] = [row for row in rows_of(state, REFERRALS) if row.program == program.name]
    orders: list[OrderRow] = [row for row in rows_of(state, ORDERS) if row.placed_ms is not None and row.participant]
    leads = [
        row
        for row in referrals
        if row.status != "superseded" and row.moderation != "denied" and row.until_ms > row.claimed_ms
    ]
    first: dict[str, int] = {}
    for order in orders:
        if order.counted and order.participant and order.placed_ms is not None:
            first[order.participant] = min(order.placed_ms, first.get(order.participant, order.placed_ms))
    converted = [row for row in leads if row.converted_ms is not None]
    won = {
        row.friend
        for row in converted
        if first.get(row.friend, 2**60) >= ((row.converted_ms or 0) if row.order else row.claimed_ms)
    }
    net: Counter[str] = Counter()
    for order in orders:
        if order.referral in {row.id for row in leads}:
            net[order.currency] += order.net
    assert copied.count(program, "leads") == len(leads)
    assert copied.count(program, "conversions") == len(converted)
    assert copied.count(program, "new_customers") == len(won)
    assert copied.count(program, "customers") == len(first)
    assert copied.units(program, "revenue") == {unit: amount for unit, amount in net.items() if amount}
    outcomes = {one.of: one.value for one in copied.ask(program, "orders", dimension="outcome")}
    assert sum(outcomes.values()) == len(orders)
    attributed = [
        order
        for order in orders
        for row in referrals
        if row.id == order.referral
        and row.moderation != "denied"
        and row.status != "superseded"
        and row.until_ms > row.claimed_ms
        and (row.order or (row.converted_ms or 2**60) >= (order.placed_ms or 0))
    ]
    assert outcomes.get("attributed", 0) == len(attributed)


def books_agree(database: Database, tenant: str, copied: Copied, program: Program) -> None:
    """Liability is the ledger's, in every unit, at the end of any period; so is breakage, and the stored balances'."""
    entries, events, rewards = tables.entries.c, tables.events.c, tables.rewards.c
    with database.read() as connection:
        posted = connection.execute(
            sa.select(events.clock_ms, entries.account, entries.unit, entries.amount, entries.reward)
            .join_from(
                tables.entries, tables.events, sa.and_(events.tenant == entries.tenant, events.seq == entries.seq)
            )
            .where(entries.tenant == tenant)
        ).fetchall()
        programs = dict(
            connection.execute(sa.select(rewards.id, rewards.program).where(rewards.tenant == tenant)).fetchall()  # type: ignore[arg-type]
        )
        balances = connection.execute(
            sa.select(tables.balances.c.account, tables.balances.c.unit, tables.balances.c.amount).where(
                tables.balances.c.tenant == tenant
            )
        ).fetchall()
    moments = sorted({clock for clock, *_ in posted})
    cuts = [2**45, *moments[:: max(1, len(moments) // 3)]]
    periods = [Period(f"until {cut}", 0, cut) for cut in cuts]
    told: dict[str, dict[str, int]] = defaultdict(dict)
    for one in copied.ask(program, "open_liability", *periods):
        if one.value:
            told[one.period][one.unit] = int(one.value)
    for period in periods:
        owed: Counter[str] = Counter()
        for clock, account, unit, amount, reward in posted:
            kind, _, owner = account.partition(":")
            whose = programs.get(reward) if kind == "balance" and reward else owner.rpartition(":")[2]
            if clock < period.end_ms and kind in OPEN and whose == program.name:
                owed[unit] += amount
        assert told[period.name] == {unit: amount for unit, amount in owed.items() if amount}, period.name
    expired = {unit: amount for account, unit, amount in balances if account == f"expired:{program.name}" and amount}
    assert copied.units(program, "breakage") == expired
    if set(programs.values()) <= {program.name}:
        standing: Counter[str] = Counter()
        for account, unit, amount in balances:
            if account.partition(":")[0] in OPEN:
                standing[unit] += amount
        assert copied.units(program, "open_liability") == {u: a for u, a in standing.items() if a}


def gifts_agree(database: Database, tenant: str, copied: Copied, program: Program, state: State) -> None:
    """What each reward gave is what the ledger says it did: given, less what expired or came back."""
    entries = tables.entries.c
    with database.read() as connection:
        posted = connection.execute(
            sa.select(entries.reward, entries.account, entries.unit, entries.amount).where(entries.tenant == tenant)
        ).fetchall()
    moved: dict[tuple[str, str], int] = Counter()
    for reward, account, unit, amount in posted:
        moved[reward, f"{account.partition(':')[0]} {unit}"] += amount
    rewards: list[Reward] = [row for row in rows_of(state, REWARDS) if row.program == program.name]
    spent: Counter[str] = Counter()
    for row in rewards:
        spent.update(row.paid)
    given = {row["id"]: row for row in copied.relation(program, "given")}
    assert set(given) == {row.id for row in rewards}
    for row in rewards:
        benefit = program.model.rewards[row.rule].benefits[row.option]
        told = given[row.id]
        if benefit.percent_off:
            discount = -moved[row.id, f"cost {program.model.currency}"]
            assert (told["quantity"], told["discount"]) == (0, discount), row
        elif row.side == "friend" and benefit.kind in ("coupon", "credit"):
            assert told["quantity"] == moved[row.id, f"redeemed {row.unit}"], row
        else:
            kept = -sum(moved[row.id, f"{kind} {row.unit}"] for kind in ("cost", "expired", "reversed"))
            assert told["quantity"] == kept - spent[row.id], row
