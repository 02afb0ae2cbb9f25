"""What a rehearsal does to those who tell events meanwhile: single events at a steady rate, without one and with one, in turns.

The requests are sent on schedule whatever the answers, so that waiting is measured and not left out. `BESIDE_EVENTS` says how many events
the history has that is rehearsed again and again meanwhile, `BESIDE_SECONDS` how long each turn takes, `BESIDE_RATES` how many events a
second are sent, `BESIDE_ON` on which databases.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

import httpx

from bench import traffic
from bench.machine import Base, Load, Server, Site, bases, fresh, load, serving
from bench.rehearsal import RECIPE, changed_file, import_history
from bench.report import Figure
from goodword.parts import now_ms, open_parts
from goodword.settings import read_settings

EVENTS = int(os.environ.get("BESIDE_EVENTS", "100000"))
SECONDS = float(os.environ.get("BESIDE_SECONDS", "30"))
RATES = tuple(int(rate) for rate in os.environ.get("BESIDE_RATES", "100 300").split())
ON = os.environ.get("BESIDE_ON", "postgresql").split()
ROUNDS = 3
CONNECTIONS = 16
WARM = 1_000
"""Events that are sent first: they also decide what fell due since the history ended."""
WARM_RATE = 100
LOOK_SECONDS = 0.5
START_SECONDS = 60.0


def run(events: int = EVENTS, seconds: float = SECONDS, rates: tuple[int, ...] = RATES) -> list[Figure]:
    """Measure the databases that are asked for."""
    with bases() as both:
        return [figure for base in both if base.kind in ON for figure in _measure(base, events, seconds, rates)]


def _measure(base: Base, events: int, seconds: float, rates: tuple[int, ...]) -> Iterator[Figure]:
    with fresh(base) as site:
        parts = open_parts(read_settings(site.environment))
        # The history ends now: what is told then comes after it.
        import_history(parts, events, base, (now_ms() - traffic.START_MS) // events)
        parts.database.close()
        with serving(site) as server:
            load(server, site, _singles(site, "warm", WARM), CONNECTIONS, rate=WARM_RATE)
            for rate in rates:
                yield from _at_rate(base, site, server, rate, seconds)


def _at_rate(base: Base, site: Site, server: Server, rate: int, seconds: float) -> Iterator[Figure]:
    alone, beside = [], []
    count = max(1, int(rate * seconds))
    rehearsing = _Rehearsing(server, site)
    for number in range(ROUNDS):
        name = f"r{rate}x{number}"
        alone.append(load(server, site, _singles(site, f"{name}a", count), CONNECTIONS, rate=rate))
        bodies = _singles(site, f"{name}b", count)
        with rehearsing.meanwhile():
            beside.append(load(server, site, bodies, CONNECTIONS, rate=rate))
    told = f"{base.kind}, {rate} a second"
    for share in (50, 99):
        before = _figure(f"{told}: p{share} alone", alone, share)
        yield before
        yield _figure(f"{told}: p{share} beside a rehearsal", beside, share).compared(before.value, "alone")
    yield Figure(f"{told}: begun meanwhile", rehearsing.begun, "rehearsals")


def _figure(name: str, loads: list[Load], share: int) -> Figure:
    """The median of all rounds, with the worst and with what is the client's own."""
    found = [_percentile(one.took_ms, share) for one in loads]
    late = median([_percentile(one.late_ms, share) for one in loads])
    worst = max(max(one.took_ms) for one in loads)
    rounds = ", ".join(f"{one:.1f}" for one in found)
    more = f"by rounds: {rounds}; of it sent late: {late:.1f}; slowest: {worst:.0f}"
    return Figure(name, median(found), "ms", more=more)


def _percentile(values: tuple[float, ...], share: int) -> float:
    return quantiles(values, n=100, method="inclusive")[share - 1]


def _singles(site: Site, name: str, count: int) -> list[bytes]:
    stories = -(-count // traffic.story_events(RECIPE))
    return list(traffic.live(RECIPE, site.keyring, 0, stories, name, now_ms()))[:count]


@dataclass(slots=True)
class _Rehearsing:
    """Rehearsals by the API, the next one begun when one is done."""

    server: Server
    site: Site
    begun: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _failed: list[BaseException] = field(default_factory=list)

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """From when one is at work, until the block ends."""
        self._over.clear()
        at_work = threading.Event()
        thread = threading.Thread(target=self._run, args=(at_work,))
        thread.start()
        try:
            if not at_work.wait(START_SECONDS):
                raise RuntimeError("no rehearsal began")
            yield
        finally:
            self._over.set()
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _run(self, at_work: threading.Event) -> None:
        head = {"authorization": f"Bearer {self.site.secret}"}
        try:
            with httpx.Client(base_url=self.server.url, trust_env=False, timeout=30, headers=head) as client:
                while not self._over.is_set():
                    self._one(client, at_work)
        except BaseException as error:
            self._failed.append(error)
            at_work.set()

    def _one(self, client: httpx.Client, at_work: threading.Event) -> None:
        asked = {"files": [{"label": "changed", "text": changed_file()}]}
        path = f"/v1/rehearsals/{client.post('/v1/rehearsals', json=asked).raise_for_status().json()['id']}"
        self.begun += 1
        while True:
            found = client.get(path).raise_for_status().json()
            if found["status"] in ("failed", "cancelled"):
                raise RuntimeError(f"the rehearsal ended: {found}")
            if found["done"] > 0:
                at_work.set()
            if found["status"] == "done":
                return
            if self._over.wait(LOOK_SECONDS):
                client.delete(path).raise_for_status()
                return
