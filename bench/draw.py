"""A draw with one entry, and with 100,000: entering, drawing, handing out the list, and drawing again from it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.machine import MEGABYTE, TENANT, Base, Site, bases, fresh, program_text
from bench.report import Figure
from goodword.engine.events import Sealed
from goodword.parts import Parts, open_parts
from goodword.pipeline.intake import decode_event, seal
from goodword.program.duration import iso, to_ms
from goodword.settings import read_settings

SIZES = (1, 100_000)
RECIPE, CONTEST = "red-bull", "stratos"
TERMS = ("    at_least: 4\n", "    eligible:\n      advocate.adult: true\n")
"""What the recipe asks of a winner: taken out, so that one entry wins as well."""
OPEN_MS = to_ms(datetime(2026, 3, 2, tzinfo=UTC))
STEP_MS = 20_000
SETTLED_MS = to_ms(datetime(2026, 4, 20, tzinfo=UTC))
LATER_MS = to_ms(datetime(2026, 5, 1, tzinfo=UTC))
ARRAY = 1_000


def run(sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Measure on SQLite and PostgreSQL."""
    with bases() as both:
        return [figure for base in both for size in sizes for figure in _measure(base, size)]


def _measure(base: Base, size: int) -> Iterator[Figure]:
    name = f"{base.kind}, {size:,} {'entry' if size == 1 else 'entries'}"
    with fresh(base, RECIPE) as site:
        parts = open_parts(read_settings(site.environment))
        text = program_text(RECIPE)
        for term in TERMS:
            text = text.replace(term, "")
        parts.tenants.publish(TENANT, text, 0)
        entering = _timed(parts, _entries(parts, size))
        drawing = _timed(parts, [_sealed(parts, "time_passed", "end", SETTLED_MS)])
        parts.database.close()
        listed, seconds, used = _goodword(site, "entries", RECIPE, CONTEST)
        file = site.folder / "entries.ndjson"
        file.write_bytes(listed)
        checked, again, used_again = _goodword(site, "verify", str(file), "--json")
    told = msgspec.json.decode(checked)
    if told["entries"] != size or not told["winners"]:
        raise AssertionError(f"{told['entries']} entries, winners {told['winners']}")
    yield Figure(f"{name}: entering", size / entering, "events/s")
    yield Figure(f"{name}: closing and drawing", drawing, "s")
    yield Figure(f"{name}: goodword draw entries", seconds, "s", more=f"{used}, a list of {len(listed):,} bytes")
    yield Figure(f"{name}: goodword draw verify", again, "s", more=used_again)


def _entries(parts: Parts, size: int) -> list[Sealed]:
    return [
        _sealed(
            parts,
            "enter",
            f"e{number}",
            OPEN_MS + number * STEP_MS,
            person={"id": f"p{number}"},
            program=RECIPE,
            contest=CONTEST,
        )
        for number in range(size)
    ]


def _sealed(parts: Parts, type: str, id: str, at_ms: int, **content: Any) -> Sealed:
    raw = msgspec.json.encode({"type": type, "id": id, "occurred_at": iso(at_ms)} | content)
    return seal(decode_event(raw), parts.keyring, LATER_MS, history=True)


def _timed(parts: Parts, events: Iterable[Sealed]) -> float:
    events, started = list(events), time.perf_counter()
    for low in range(0, len(events), ARRAY):
        outcome = parts.tenants.decide_all(TENANT, events[low : low + ARRAY])
        if outcome.parked:
            raise RuntimeError(outcome.parked[0].error)
    return time.perf_counter() - started


_WATCH = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": code, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}), file=sys.stderr)
"""
"""Runs a command from a small process: what that holds counts for the command as well."""


def _goodword(site: Site, *arguments: str) -> tuple[bytes, float, str]:
    """What `goodword draw` prints, in how many seconds, and with how much time and memory."""
    command = [sys.executable, "-c", _WATCH, str(Path(sys.executable).with_name("goodword")), "draw", *arguments]
    started = time.perf_counter()
    done = subprocess.run(command, env=site.environment, capture_output=True, check=True)
    seconds = time.perf_counter() - started
    used = msgspec.json.decode(done.stderr.splitlines()[-1])
    if used["code"]:
        raise RuntimeError(f"goodword draw {arguments[0]}: {done.stderr.decode()}")
    return done.stdout, seconds, f"{used['cpu']:.2f} s of CPU, {used['peak'] * 1024 / MEGABYTE:.0f} MB at most"
