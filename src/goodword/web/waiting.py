"""Measures of what waits in the database and of the endpoints: for every process that decides or delivers.

Apart from `metrics`, so that a process without the API needs no web framework.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from msgspec import Struct

from goodword.measure import Latest
from goodword.parts import Parts
from goodword.program.duration import SECOND_MS
from goodword.storage.deliveries import Waiting, waiting_for
from goodword.storage.endpoints import Endpoint, Kind, Why, list_endpoints
from goodword.storage.reads import Backlog, backlog

STANDINGS: tuple[str, ...] = ("active", "paused", *get_args(Why))
"""How endpoints stand: of disabled ones, why they are."""


class _Look(Struct, frozen=True):
    """What one look at the database found."""

    backlog: Backlog
    endpoints: Sequence[Endpoint]
    waiting: Sequence[Waiting]


def watch_waiting(parts: Parts) -> None:
    """Show what waits; all of it comes from one look every few seconds at most."""
    measures, database, tenant = parts.measures, parts.database, parts.settings.tenant

    def look() -> _Look:
        with database.read() as connection:
            known = list_endpoints(connection, tenant)
            # A paused endpoint collects because somebody wants it to: nothing that should alarm anybody.
            active = [one.id for one in known if one.state == "active"]
            waiting = waiting_for(connection, tenant, active)
            return _Look(backlog(connection, tenant, parts.now_ms()), known, waiting)

    latest = Latest(look)

    def outbox_oldest() -> float | None:
        found = latest.get()
        return None if found is None else _age(found.backlog.outbox_oldest_ms, parts.now_ms())

    def count(name: str) -> float | None:
        found = latest.get()
        return None if found is None else getattr(found.backlog, name)

    def waiting() -> Mapping[str, float] | None:
        found = latest.get()
        return None if found is None else _by_kind(found)

    def oldest() -> Mapping[str, float] | None:
        found = latest.get()
        return None if found is None else _oldest_by_kind(found, parts.now_ms())

    def standings() -> Mapping[str, float] | None:
        found = latest.get()
        return None if found is None else _by_standing(found)

    measures.watch("goodword_database_up", "1 if the database answers", lambda: float(latest.get() is not None))
    measures.watch("goodword_outbox_rows", "rows of the outbox that are not handed out", lambda: count("outbox"))
    measures.watch("goodword_outbox_oldest_seconds", "age of the oldest of them, by its event's clock", outbox_oldest)
    measures.watch("goodword_dues_overdue", "dates that have passed and are not decided", lambda: count("dues"))
    measures.watch("goodword_parked_rows", "events that are kept aside", lambda: count("parked"))
    measures.watch("goodword_deliveries_waiting", "deliveries that wait for active endpoints", waiting, "kind")
    measures.watch("goodword_deliveries_oldest_seconds", "since when the oldest of them waits", oldest, "kind")
    measures.watch("goodword_endpoints", "endpoints, by state, and of disabled ones why", standings, "state")


def _age(since_ms: int | None, now_ms: int) -> float:
    return 0.0 if since_ms is None else max(0, now_ms - since_ms) / SECOND_MS


def _by_kind(found: _Look) -> Mapping[str, float]:
    kinds = {one.id: one.kind for one in found.endpoints}
    counts = dict.fromkeys(get_args(Kind), 0.0)
    for one in found.waiting:
        counts[kinds[one.endpoint]] += one.count
    return counts


def _oldest_by_kind(found: _Look, now_ms: int) -> Mapping[str, float]:
    kinds = {one.id: one.kind for one in found.endpoints}
    ages = dict.fromkeys(get_args(Kind), 0.0)
    for one in found.waiting:
        kind = kinds[one.endpoint]
        ages[kind] = max(ages[kind], _age(one.oldest_ms, now_ms))
    return ages


def _by_standing(found: _Look) -> Mapping[str, float]:
    counted: Counter[str] = Counter(one.why or one.state for one in found.endpoints)
    return {standing: float(counted[standing]) for standing in STANDINGS}
