"""What an event costs when little is stored, and when much is: it has to stay the same.

The history is made of real stories: each is decided once, then copied under other names inside the database, as often as it
takes, by `INSERT ... SELECT` from its own rows.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import sqlalchemy as sa

from bench import traffic
from bench.machine import TENANT, Base, bases, cpu_seconds, fresh
from bench.report import Figure
from goodword.parts import Parts, now_ms, open_parts
from goodword.pipeline.intake import decode_event, seal
from goodword.settings import read_settings
from goodword.storage import tables
from goodword.storage.store import OUTBOX_LINES_MAX

FEW = 10_000
MANY = 1_000_000
BATCH = 256
MEASURED = 48
"""How many batches are measured each time."""
TOGETHER = 8
"""How many of them are measured as one: the kernel counts the time of others in hundredths of a second."""
AIM = 4 / 3
CACHE_KIB = 2 << 20
"""How much memory SQLite may take while the history is copied."""


def run(few: int = FEW, many: int = MANY) -> list[Figure]:
    """Measure both databases."""
    figures = []
    with bases() as both:
        for base in both:
            figures += _measure(base, few, many)
    return figures


def _measure(base: Base, few: int, many: int) -> list[Figure]:
    with fresh(base) as site:
        parts = open_parts(read_settings(site.environment))
        _decide(parts, "seed", few // traffic.FRIENDS)
        _refresh(parts)
        before = cost(parts, base, "low")
        _grow(parts, many)
        _refresh(parts)
        after = cost(parts, base, "high")
        count = _referrals(parts)
        parts.database.close()
    unit = "CPU us/event"
    ratio = after / before
    return [
        Figure(f"{base.kind}: {few:,} referrals stored", before, unit),
        Figure(f"{base.kind}: {count:,} referrals stored", after, unit, ratio, f"{few:,} referrals", AIM, at_most=True),
    ]


def _decide(parts: Parts, name: str, stories: int) -> None:
    now = now_ms()
    raws = traffic.live("bombas", parts.keyring, 0, stories, name, now)
    events = [seal(decode_event(raw), parts.keyring, now, False) for raw in raws]
    for low in range(0, len(events), 1000):
        parts.tenants.decide_all(TENANT, events[low : low + 1000])


def cost(parts: Parts, base: Base, name: str) -> float:
    """Median CPU microseconds of an event in a batch, from sealed to committed: ours and the database's."""
    now = now_ms()
    stories = -(-BATCH * MEASURED // traffic.story_events("bombas"))
    raws = list(traffic.live("bombas", parts.keyring, 0, stories, name, now))
    events = [seal(decode_event(raw), parts.keyring, now, False) for raw in raws]
    times = []
    for low in range(0, BATCH * MEASURED, BATCH * TOGETHER):
        part = events[low : low + BATCH * TOGETHER]
        before = time.process_time() + cpu_seconds(base.pid)
        for start in range(0, len(part), BATCH):
            parts.tenants.decide_all(TENANT, part[start : start + BATCH])
        times.append((time.process_time() + cpu_seconds(base.pid) - before) / len(part) * 1e6)
    return median(times)


_NAMES = ("id", "participant", "reference", "code", "key", "friend", "advocate", "referral", "subject", "live_key",
          "code_hash", "reward", "account", "content", "token", "order_id")  # fmt: skip
"""Columns that hold names of people, orders, referrals and rewards: a copy gets names of its own."""
_COPIED = (
    "identities",
    "participants",
    "people",
    "handles",
    "orders",
    "referrals",
    "rewards",
    "counters",
    "balances",
    "events",
    "traces",
    "entries",
    "outbox",
    "dues",
)


def _grow(parts: Parts, many: int) -> None:
    """Copy the seed until there are `many` referrals, each copy under names of its own.

    The indexes are made anew at the end, and nothing of it has to survive anything: that takes a fraction of the time.
    """
    engine, stored = parts.database.engine, _referrals(parts)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            for setting in ("synchronous = OFF", f"cache_size = {-CACHE_KIB}"):
                raw.execute(f"PRAGMA {setting}")
        indexes = [index for name in _COPIED for index in tables.metadata.tables[name].indexes]
        for index in indexes:
            index.drop(connection)
        for name in _COPIED:
            connection.execute(sa.text(f"CREATE TABLE seed_{name} AS SELECT * FROM {name}"))
        connection.commit()
        copies = -(-(many - stored) // stored)
        for copy in range(1, copies + 1):
            _copy(connection, copy)
            connection.commit()
        for index in indexes:
            index.create(connection)
            connection.commit()
        for name in _COPIED:
            connection.execute(sa.text(f"DROP TABLE seed_{name}"))
        connection.commit()
    engine.dispose()  # with what was set above


def _copy(connection: sa.Connection, copy: int) -> None:
    """Write everything that the seed brought about once more, in the database, under other names."""
    seq = connection.execute(sa.select(tables.tenants.c.seq)).scalar_one()
    first, last = connection.execute(sa.text("SELECT MIN(seq), MAX(seq) FROM seed_events")).one()
    shift = seq - first + 1
    for name in _COPIED:
        table = tables.metadata.tables[name]
        columns = [_copied(name, column, copy, shift) for column in table.columns]
        query = sa.select(*columns).select_from(sa.text(f"seed_{name}"))
        connection.execute(sa.insert(table).from_select([column.name for column in table.columns], query))
    connection.execute(sa.update(tables.tenants).values(seq=shift + last))


def _copied(table: str, column: sa.Column[Any], copy: int, shift: int) -> sa.ColumnElement[Any]:
    value: sa.ColumnElement[Any] = sa.literal_column(column.name)
    if column.name == "seq":
        return value + shift
    if (table, column.name) == ("outbox", "id"):
        return value + shift * OUTBOX_LINES_MAX
    if column.name in _NAMES:
        return sa.case((value.is_(None), None), else_=value.concat(f"~{copy}"))
    return value


def _refresh(parts: Parts) -> None:
    """Let the database learn what it holds, as its own upkeep does on a running service."""
    with parts.database.engine.connect() as connection:
        upkeep = "VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE"
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text(upkeep))


def _referrals(parts: Parts) -> int:
    with parts.database.read() as connection:
        count: int = connection.execute(sa.select(sa.func.count()).select_from(tables.referrals)).scalar_one()
        return count
