"""How many codes a pool has, and how many rewards wait for one."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, func, select

from goodword.engine.grants import queue_key
from goodword.engine.pools import pool_key
from goodword.engine.state import code_queue
from goodword.storage import tables


class PoolCounts(Struct, frozen=True):
    """A pool of codes of the shop's own system."""

    pool: str
    free: int
    assigned: int
    """Given out with a reward."""
    waiting: int
    """How many rewards wait for a code."""


def pool_counts(connection: Connection, tenant: str, pool: str) -> PoolCounts | None:
    """The counts of a pool; None where it never had a code and nothing waits for one."""
    counters, codes = tables.counters.c, tables.pool_codes.c
    keys = (pool_key(pool), queue_key(code_queue(pool)))
    rows = connection.execute(
        select(counters.key, counters.value).where(counters.tenant == tenant, counters.key.in_(keys))
    )
    found = {row.key: row.value for row in rows}
    total, waiting = (found.get(key, 0) for key in keys)
    if not total and not waiting:
        return None
    unassigned = select(func.count()).where(codes.tenant == tenant, codes.pool == pool, codes.reward.is_(None))
    free = connection.execute(unassigned).scalar_one()
    return PoolCounts(pool, free, total - free, waiting)
