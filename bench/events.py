"""`POST /v1/events`, durable before the answer: singles and arrays, on both databases, against four peers in the same run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import psycopg
import sqlalchemy as sa
from msgspec.structs import replace

from bench import bare, traffic
from bench.machine import TENANT, Base, Load, Server, Site, bases, cpu_seconds, fresh, load, serving
from bench.report import Figure
from goodword.parts import now_ms, open_parts
from goodword.pipeline.intake import decode_event, seal
from goodword.settings import read_settings

CONNECTIONS = 64
ARRAY_CONNECTIONS = 4
ARRAY = 500
BATCH = 256
SINGLES = 4_000
ARRAYS = 20
ALONE = 1_000
ROUNDS = 2
AIM_GROUPED = {"postgresql": 5.0, "sqlite": 3.0}
AIM_SQL = 0.5
AIM_BARE = 0.25


def run() -> list[Figure]:
    """Measure both databases."""
    with bases() as both:
        return [figure for base in both for figure in _measure(base)]


def _measure(base: Base) -> Iterator[Figure]:
    with (
        fresh(base) as site,
        serving(site) as server,
        serving(site, bare.COMMAND) as empty,
        _alone(base) as (alone, one_by_one),
    ):
        names = iter(f"r{number}x" for number in range(1000))
        found: dict[str, list[Load]] = {"bare": [], "alone": [], "singles": [], "arrays": []}
        for _ in range(ROUNDS):
            found["bare"].append(load(empty, site, _singles(site, next(names), SINGLES), CONNECTIONS))
            found["alone"].append(load(one_by_one, alone, _singles(alone, next(names), ALONE), CONNECTIONS))
            found["singles"].append(load(server, site, _singles(site, next(names), SINGLES), CONNECTIONS))
            found["arrays"].append(load(server, site, _arrays(site, next(names)), ARRAY_CONNECTIONS))
        hands = [_by_hand(base) for _ in range(ROUNDS)]
        by_hand, application, database = map(median, zip(*hands, strict=True))
    figures = {name: _figure(base, name, loads) for name, loads in found.items()}
    yield figures["bare"]
    yield figures["alone"]
    grouped = figures["singles"]
    yield grouped.compared(figures["alone"].value, "one transaction each", AIM_GROUPED[base.kind])
    yield grouped.compared(figures["bare"].value, "the route without database", AIM_BARE)
    more = f"batches of {BATCH}; CPU ms an event: application {application:.3f}, database {database:.3f}"
    yield Figure(f"{base.kind}: the same rows, SQL alone", by_hand, "events/s", more=more)
    yield figures["arrays"].compared(by_hand, "the same rows, SQL alone", AIM_SQL)


@contextmanager
def _alone(base: Base) -> Iterator[tuple[Site, Server]]:
    with fresh(base) as site, serving(site, GOODWORD_BATCH_MAX="1") as server:
        yield site, server


_NAMES = {
    "bare": "the route without database, singles",
    "alone": "one transaction each, singles",
    "singles": "singles",
    "arrays": f"arrays of {ARRAY}",
}


def _figure(base: Base, name: str, loads: list[Load]) -> Figure:
    size = ARRAY if name == "arrays" else 1
    rate = median([one.requests * size / one.seconds for one in loads])
    parts = ("server_ms", "database_ms", "client_ms")
    server, database, client = (median([getattr(one, part) for one in loads]) / size for part in parts)
    more = f"CPU ms an event: application {server:.3f}, database {database:.3f}, client {client:.3f}"
    return Figure(f"{base.kind}: {_NAMES[name]}", rate, "events/s", more=more)


def _stories(count: int) -> int:
    return -(-count // traffic.story_events("bombas"))


def _singles(site: Site, name: str, count: int) -> list[bytes]:
    return list(traffic.live("bombas", site.keyring, 0, _stories(count), name, now_ms()))[:count]


def _arrays(site: Site, name: str) -> list[bytes]:
    raws = _singles(site, name, ARRAYS * ARRAY)
    return [b"[" + b",".join(raws[low : low + ARRAY]) + b"]" for low in range(0, len(raws), ARRAY)]


# SQL alone ------------------------------------------------------------------------------------------------------------


def _by_hand(base: Base) -> tuple[float, float, float]:
    """Events a second, and CPU milliseconds an event of ours and of the database, where only the rows are written, in transactions of the same size, by the driver alone.

    What the real pipeline writes is noted first, then written to a database of its own: no loading, no decisions, no HTTP.
    """
    transactions, count = _noted(base)
    with fresh(base) as site:
        connect = _sqlite if base.kind == "sqlite" else _postgresql
        with connect(site.base.url) as (execute, begin, commit):
            started, ours, theirs = time.perf_counter(), time.process_time(), cpu_seconds(base.pid)
            for statements in transactions:
                begin()
                for statement, parameters in statements:
                    execute(statement, parameters)
                commit()
            used = time.process_time() - ours, cpu_seconds(base.pid) - theirs
            rate = count / (time.perf_counter() - started)
            return rate, used[0] * 1000 / count, used[1] * 1000 / count


def _noted(base: Base) -> tuple[list[list[tuple[str, Any]]], int]:
    with fresh(base) as site:
        settings = read_settings(site.environment)
        parts = open_parts(settings)
        raws = _singles(site, "hand", ARRAYS * ARRAY)
        now = now_ms()  # as in a server they come later than they happened, so that nothing waits for its time
        events = [seal(decode_event(raw), site.keyring, now, False) for raw in raws]
        transactions: list[list[tuple[str, Any]]] = []

        def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
            if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
                transactions[-1].append((statement, parameters))

        sa.event.listen(parts.database.engine, "before_cursor_execute", note)
        for low in range(0, len(events), BATCH):
            rest = [replace(one) for one in events[low : low + BATCH]]
            while rest:
                transactions.append([])
                rest = parts.tenants.decide(TENANT, rest).rest
        parts.database.close()
    return transactions, len(events)


@contextmanager
def _sqlite(url: str) -> Iterator[tuple[Any, Any, Any]]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.isolation_level = None
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")

        def execute(statement: str, parameters: Any) -> None:
            (raw.executemany if isinstance(parameters, list) else raw.execute)(statement, parameters)

        yield execute, lambda: raw.execute("BEGIN IMMEDIATE"), lambda: raw.execute("COMMIT")
    engine.dispose()


@contextmanager
def _postgresql(url: str) -> Iterator[tuple[Any, Any, Any]]:
    address = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        yield connection.execute, lambda: None, connection.commit
