"""What an event costs when little is stored, and when much is: it has to stay the same.

The history is made of real stories: each is decided once, then copied under other names inside the database, as often as it
takes, by `INSERT ... SELECT` from its own rows.
"""

from __future__ import annotations

import time
from statistics import median

import sqlalchemy as sa

from bench import traffic
from bench.machine import TENANT, Base, bases, cpu_seconds, fresh
from bench.report import Figure
from goodword.parts import Parts, now_ms, open_parts
from goodword.pipeline.intake import decode_event, seal
from goodword.settings import read_settings
from goodword.storage import tables

FEW = 10_000
MANY = 1_000_000
BATCH = 256
MEASURED = 48
"""How many batches are measured each time."""
TOGETHER = 8
"""How many of them are measured as one: the kernel counts the time of others in hundredths of a second."""
AIM = 4 / 3


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
        before = _cost(parts, base, "low")
        stored = few
        copy = 0
        while stored < many:
            copy += 1
            stored += _copy(parts, copy)
        _refresh(parts)
        after = _cost(parts, base, "high")
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


def _cost(parts: Parts, base: Base, name: str) -> float:
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
    "events",
    "traces",
    "entries",
)


def _copy(parts: Parts, copy: int) -> int:
    """Write everything that the seed brought about once more, in the database, under other names."""
    with parts.database.write(TENANT) as connection:
        seq = connection.execute(sa.select(tables.tenants.c.seq)).scalar_one()
        span = connection.execute(sa.select(sa.func.min(tables.events.c.seq))).scalar_one()
        first = _seed_end(parts)
        count = 0
        for name in _COPIED:
            table = tables.metadata.tables[name]
            columns = []
            for column in table.columns:
                if column.name == "seq":
                    columns.append((column + (seq - span + 1)).label("seq"))
                elif column.name in _NAMES and not (name == "people" and column.name == "doc"):
                    columns.append(sa.case((column.is_(None), None), else_=column + f"~{copy}").label(column.name))
                else:
                    columns.append(column)
            own = ~_text_of(table).like("%~%")
            query = sa.select(*columns).where(own)
            if "seq" in table.columns:
                query = query.where(table.c.seq <= first)
            connection.execute(sa.insert(table).from_select([column.name for column in table.columns], query))
            if name == "referrals":
                count = connection.execute(
                    sa.select(sa.func.count()).select_from(table).where(table.c.id.like(f"%~{copy}"))
                ).scalar_one()
        connection.execute(sa.update(tables.tenants).values(seq=seq + first - span + 1))
    return count


def _text_of(table: sa.Table) -> sa.ColumnElement[str]:
    key = [column for column in table.primary_key.columns if column.name not in ("tenant", "seq", "line")]
    return key[0] if key else sa.literal("")


_ENDS: dict[int, int] = {}


def _seed_end(parts: Parts) -> int:
    """The last event of the seed."""
    if id(parts) not in _ENDS:
        with parts.database.read() as connection:
            _ENDS[id(parts)] = connection.execute(sa.select(tables.tenants.c.seq)).scalar_one()
    return _ENDS[id(parts)]


def _refresh(parts: Parts) -> None:
    """Let the database learn what it holds, as its own upkeep does on a running service."""
    with parts.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("ANALYZE"))


def _referrals(parts: Parts) -> int:
    with parts.database.read() as connection:
        count: int = connection.execute(sa.select(sa.func.count()).select_from(tables.referrals)).scalar_one()
        return count
