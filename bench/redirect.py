"""`GET /r/CODE`, each hit on the disk before its answer, against the same server answering a bare 302 from memory.

The visitors have many browsers and addresses. CPU time is read when the last click is in the database. Then how fast spools are drained, and that every click is stored. The client takes its share of the same machine, so the
ratio of processor times, which is the server's alone, stands beside that of the rates.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
import sqlalchemy as sa

from bench import plain
from bench.machine import TENANT, Base, Load, Server, Site, bases, fresh, load, serving
from bench.report import Figure
from bench.visitors import visitor
from goodword.edge.drain import Drain
from goodword.edge.spool import SpoolLine, header, pack_line
from goodword.engine.ids import CROCKFORD
from goodword.engine.state import Handle
from goodword.parts import now_ms, open_parts
from goodword.settings import read_settings
from goodword.storage import tables
from goodword.storage.database import Database
from goodword.storage.dialect import write_rows
from goodword.storage.rows import MAPPERS

CODES = 1000
CONNECTIONS = 64
CLICKS = 100_000
WARM = 5_000
SETTLE_SECONDS = 60.0
ROUNDS = 3
DRAINED = 200_000
DRAINED_PER_FILE = 100_000
AIM_BARE = 0.6
AIM_DRAIN = 2.0
EDGE = [str(Path(sys.executable).parent / "goodword"), "edge"]


def run() -> list[Figure]:
    """Measure both databases."""
    with bases() as both:
        return [figure for base in both for figure in _measure(base)]


def _measure(base: Base) -> Iterator[Figure]:
    with fresh(base) as site:
        database = open_parts(read_settings(site.environment)).database
        _make_codes(database)
        found: dict[str, list[Load]] = {"plain": [], "edge": []}
        for _ in range(ROUNDS):
            for name, command in (("plain", plain.COMMAND), ("edge", EDGE)):
                found[name].append(_clicks(site, command))
        _check_stored(database)
        drained = _drain_rate(database, site.folder / "drained")
        database.close()
    limit = _figure(f"{base.kind}: a bare 302", found["plain"])
    reached = _figure(f"{base.kind}: redirect, hit on disk", found["edge"])
    yield limit
    yield reached.compared(limit.value, "a bare 302", AIM_BARE)
    share = _server_ms(found["plain"]) / _server_ms(found["edge"])
    yield Figure(f"{base.kind}: CPU of a bare 302 to that of a click", share, "", more="drain included")
    drain = Figure(f"{base.kind}: spools drained", drained, "hits/s")
    yield drain.compared(reached.value, "redirect, hit on disk", AIM_DRAIN)


def _code(number: int) -> str:
    return "BENCH" + "".join(CROCKFORD[(number >> 5 * place) & 31] for place in range(3))


def _make_codes(database: Database) -> None:
    mapper = MAPPERS["handles"]
    rows = [mapper.pack("", Handle(_code(n), "bench", f"pt_{n}", 1)) for n in range(CODES)]
    with database.write(TENANT) as connection:
        write_rows(connection, database.dialect.insert(mapper.table), TENANT, rows)


def _clicks(site: Site, command: list[str]) -> Load:
    """Clicks on a server of its own, after some of others that warm it up."""
    visitors = map(visitor, range(WARM + CLICKS))
    asked = [f"/r/{_code(n % CODES)}\t{agent}\t{address}".encode() for n, (agent, address) in enumerate(visitors)]
    settings = {
        "GOODWORD_HOME": "https://shop.example/welcome",
        "GOODWORD_LOG_LEVEL": "warning",
        "GOODWORD_TRUSTED_PROXIES": "127.0.0.0/8",
        "GOODWORD_METRICS_OPEN": "1",
    }
    settled = _drained if command is EDGE else _nothing
    with serving(site, command, **settings) as server:
        load(server, site, asked[:WARM], CONNECTIONS, None, "302", settled)
        return load(server, site, asked[WARM:], CONNECTIONS, None, "302", settled)


def _nothing(_: Server) -> None:
    """The bare 302 leaves nothing to do."""


def _drained(server: Server) -> None:
    """Wait until no spool holds anything that the database has not."""
    end = time.monotonic() + SETTLE_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < end:
            time.sleep(0.25)
            if "\ngoodword_spool_bytes 0.0\n" in client.get(f"{server.url}/metrics").text:
                return
    raise RuntimeError("the spools were not drained")


def _check_stored(database: Database) -> None:
    with database.read() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(tables.hits)).scalar_one()
    if stored != ROUNDS * (WARM + CLICKS):
        raise RuntimeError(f"{stored} of {ROUNDS * (WARM + CLICKS)} clicks were stored")


def _figure(name: str, loads: list[Load]) -> Figure:
    rate = median([one.requests / one.seconds for one in loads])
    parts = ("server_ms", "database_ms", "client_ms")
    server, database, client = (median([getattr(one, part) for one in loads]) for part in parts)
    more = f"CPU ms a click: application {server:.3f}, database {database:.3f}, client {client:.3f}"
    return Figure(name, rate, "clicks/s", more=more)


def _server_ms(loads: list[Load]) -> float:
    return median([one.server_ms for one in loads])


def _drain_rate(database: Database, folder: Path) -> float:
    """Hits per second from spools that nobody writes any more into the database: the median of some rounds."""
    rates = []
    for number in range(ROUNDS):
        _write_spools(folder / str(number), number)
        drain = Drain(database, TENANT, folder / str(number), lambda: None, now_ms)
        started = time.perf_counter()
        drained = drain.run_once()
        rates.append(DRAINED / (time.perf_counter() - started))
        if drained != DRAINED:
            raise RuntimeError(f"{drained} of {DRAINED} hits were drained")
    return median(rates)


def _write_spools(folder: Path, number: int) -> None:
    folder.mkdir(parents=True)
    for first in range(0, DRAINED, DRAINED_PER_FILE):
        with (folder / f"{number:04x}{first:012x}.spool").open("wb") as file:
            file.write(header(TENANT))
            for n in range(first, min(DRAINED, first + DRAINED_PER_FILE)):
                line = SpoolLine(now_ms(), "person", _code(n * 7919 % CODES), "mail", f"{n % 5000:032x}")
                file.write(pack_line(line))
