"""The memory of a server over a long run of events: after it has warmed up it must not grow."""

from __future__ import annotations

from bench import traffic
from bench.events import ARRAY, ARRAY_CONNECTIONS
from bench.machine import MEGABYTE, bases, fresh, load, rss_bytes, serving
from bench.report import Figure
from goodword.parts import now_ms

EVENTS = 1_000_000
STEP = 20_000
"""How many events are sent at a time; the first fifth of all warms up."""
AIM = 1.1


def run(events: int = EVENTS) -> list[Figure]:
    """Send events in arrays to a server on PostgreSQL, and look at its memory on the way."""
    with bases() as (_, base), fresh(base) as site, serving(site) as server:
        held = []
        stories = -(-STEP // traffic.story_events("bombas"))
        for number in range(-(-events // STEP)):
            raws = list(traffic.live("bombas", site.keyring, 0, stories, f"m{number}x", now_ms()))[:STEP]
            arrays = [b"[" + b",".join(raws[low : low + ARRAY]) + b"]" for low in range(0, STEP, ARRAY)]
            load(server, site, arrays, ARRAY_CONNECTIONS)
            held.append(rss_bytes(server.pid) / MEGABYTE)
    warm = held[max(0, len(held) // 5 - 1)]
    name = f"memory of the server after {len(held) * STEP:,} events"
    ratio = held[-1] / warm
    return [
        Figure(name, held[-1], "MB", ratio, f"{warm:.0f} MB after {max(1, len(held) // 5) * STEP:,}", AIM, at_most=True)
    ]
