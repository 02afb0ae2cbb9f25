"""The pages for people: how many are made a second, by how many visitors at once, against a page of that size from memory.

Each page is asked for by 50 visitors at a time, as fast as they are answered: what the last one in a hundred waits is what a crowd
would feel. A page of the same size behind the same server, framework and guard is the limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median, quantiles

import httpx
import msgspec

from bench import static
from bench.machine import TENANT, Base, Load, Server, Site, bases, fresh, load, serving
from bench.report import Figure
from bench.visitors import visitor
from goodword.engine.events import Sealed
from goodword.parts import Parts, open_parts
from goodword.pipeline.intake import decode_event, seal
from goodword.program.duration import from_ms
from goodword.settings import read_settings
from goodword.storage.sessions import open_session

VISITORS = 50
PAGES = 1_000
WARM = 200
ROUNDS = 2
FRIENDS = 12
"""How many friends the advocate has brought whose pages are looked at."""
AIM = 0.25
SETTINGS = {"GOODWORD_LOG_LEVEL": "warning", "GOODWORD_TRUSTED_PROXIES": "127.0.0.0/8"}


def run() -> list[Figure]:
    """Measure both databases."""
    with bases() as both:
        return [figure for base in both for figure in _measure(base)]


def _measure(base: Base) -> Iterator[Figure]:
    with fresh(base) as site:
        parts = open_parts(read_settings(site.environment))
        code, cookie = _advocate(parts)
        parts.database.close()
        pages = {
            "a friend's page": (f"/i/{code}", ""),
            "joining": ("/join/bombas", ""),
            "an advocate's page": ("/me/programs/bombas", cookie),
            "rewards": ("/me/programs/bombas/rewards", cookie),
        }
        for name, (path, cookies) in pages.items():
            yield from _page(base, site, name, path, cookies)


def _page(base: Base, site: Site, name: str, path: str, cookies: str) -> Iterator[Figure]:
    found: dict[str, list[Load]] = {"static": [], "page": []}
    size = 0
    for _ in range(ROUNDS):
        with serving(site, None, **SETTINGS) as server:
            answer = httpx.get(f"{server.url}{path}", headers={"cookie": cookies} if cookies else {}, timeout=10)
            answer.raise_for_status()
            size = len(answer.content)
            found["page"].append(_load(server, site, path, cookies))
        with serving(site, static.COMMAND, BENCH_PAGE_BYTES=str(size), **SETTINGS) as server:
            found["static"].append(_load(server, site, path, cookies))
    limit, reached = _per_core(found["static"]), _per_core(found["page"])
    took = sorted(ms for one in found["page"] for ms in one.took_ms)
    last = quantiles(took, n=100)[98]
    more = f"{size / 1024:.0f} KiB; p50 {median(took):.0f} ms, p99 {last:.0f} ms with {VISITORS} at once"
    made = Figure(f"{base.kind}: {name}", reached, "pages/s of a core", more=more)
    yield made.compared(limit, f"the same size from memory, {limit:,.0f}/s", AIM)


def _load(server: Server, site: Site, path: str, cookies: str) -> Load:
    asked = []
    for number in range(WARM + PAGES):
        agent, address = visitor(number)
        asked.append("\t".join([path, agent, address, *([cookies] if cookies else [])]).encode())
    load(server, site, asked[:WARM], VISITORS, None)
    return load(server, site, asked[WARM:], VISITORS, None)


def _per_core(loads: list[Load]) -> float:
    """How many a second of one core's time, of the server and its database together."""
    return 1000 / median(one.server_ms + one.database_ms for one in loads)


def _advocate(parts: Parts) -> tuple[str, str]:
    """An advocate whose friends bought: his code, and the cookie of a browser in which he is signed in."""
    person, now_ms = {"id": "ann", "email": "ann@example.com"}, parts.now_ms()
    _tell(parts, now_ms, {"type": "order", "order": "a", "person": person, "total": 9000, "currency": "USD"})
    answer = _tell(parts, now_ms, {"type": "join", "program": "bombas", "person": person})
    code, participant = answer["advocate_code"], answer["participant"]
    for number in range(FRIENDS):
        friend = {"id": f"f{number}"}
        told = {"order": f"o{number}", "person": friend, "total": 9000, "currency": "USD", "code": code}
        _tell(parts, now_ms, {"type": "order", **told})
    with parts.database.write_aside() as connection:
        secret = open_session(connection, TENANT, "participant", participant, now_ms, confirmed=True, agent="bench")
    return code, f"gw_session={secret}"


def _tell(parts: Parts, now_ms: int, body: dict[str, object]) -> dict[str, str]:
    id = str(body.get("order") or body["type"])
    raw = msgspec.json.encode({**body, "id": id, "occurred_at": from_ms(now_ms).isoformat()})
    sealed: Sealed = seal(decode_event(raw), parts.keyring, now_ms, history=False)
    answers = parts.tenants.decide(TENANT, [sealed]).answers
    found: dict[str, str] = msgspec.json.decode(answers[id])
    return found
