"""A rehearsal against the import of the same events, and how honest its progress is.

`REHEARSAL_EVENTS` says how many events are told, `REHEARSAL_ON` on which databases. The rehearsal runs as the API runs it: in a process of
its own that tells how far it is.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import islice

import msgspec

from bench import traffic
from bench.machine import TENANT, Base, bases, fresh, program_text
from bench.report import Figure
from goodword.parts import open_parts, read_secret, tenant_key
from goodword.pipeline.intake import decode_event, seal
from goodword.rehearsal.history import StoredHistory
from goodword.rehearsal.job import Asked, File, Told
from goodword.rehearsal.report import Report
from goodword.rehearsal.run import Run
from goodword.rehearsal.scratch import Scratch
from goodword.settings import Settings, read_settings

RECIPE = "bombas"
EVENTS = int(os.environ.get("REHEARSAL_EVENTS", "100000"))
ON = os.environ.get("REHEARSAL_ON", "sqlite postgresql").split()
BATCH = 256
AIM = 5.0
LATER_MS = 2**45
"""Later than any history that is made up."""
HONEST = 0.10
"""How far what it tells of its progress may be from the share of time that has passed."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a rehearsal in its process took."""

    seconds: float
    off: float
    """The largest difference between what it said was done and the share of its time that had passed."""
    report: Report


def run() -> list[Figure]:
    """Measure the databases that are asked for."""
    figures = []
    with bases() as both:
        for base in both:
            if base.kind in ON:
                figures += _measure(base)
    return figures


def _measure(base: Base) -> list[Figure]:
    with fresh(base) as site:
        settings = read_settings(site.environment)
        parts = open_parts(settings)
        raws = list(islice(traffic.history(RECIPE, parts.keyring, 0, EVENTS), EVENTS))
        events = [seal(decode_event(raw), parts.keyring, LATER_MS, True) for raw in raws]
        started = time.monotonic()
        for low in range(0, len(events), BATCH):
            parts.tenants.decide_all(TENANT, events[low : low + BATCH])
        imported = len(events) / (time.monotonic() - started)
        job = _job(settings)
        stored = job.report.events
        started = time.monotonic()
        with Scratch(parts.keyring, rows_max=0) as scratch:
            Run(scratch).run(StoredHistory(parts.database, TENANT))
        on_disk = stored / (time.monotonic() - started)
        parts.database.close()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if not job.report.candidates[0].changed:
        raise RuntimeError("the changed file changed nothing: it was not rehearsed")
    # What falls due is an event of both; imports are told, rehearsals decide, the same ones.
    due = stored / len(events)
    name = f"{base.kind}: {stored:,} events"
    return [
        Figure(f"{name}, imported in batches of {BATCH}", imported * due, "events/s"),
        Figure(f"{name}, rehearsed", stored / job.seconds, "events/s").compared(imported * due, "imported", AIM),
        Figure(f"{name}, on disk from the first", on_disk, "events/s").compared(imported * due, "imported"),
        Figure(f"{name}, progress off by", job.off, "of all", aim=HONEST, at_most=True, more=f"{job.seconds:.1f} s"),
        Figure(f"{name}, most memory of any child", memory, "MB"),
    ]


def _job(settings: Settings) -> Job:
    changed = program_text(RECIPE).replace("20.00 USD", "10.00 USD")
    key = tenant_key(read_secret(settings), TENANT)
    asked = Asked(settings.database, TENANT, key, (File("changed", changed),))
    started = time.monotonic()
    shares: list[tuple[float, float]] = []
    report = None
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "goodword.rehearsal.job"], stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(msgspec.json.encode(asked) + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            told = msgspec.json.decode(line, type=Told)
            if told.done is not None:
                shares.append((time.monotonic() - started, told.done))
            report = told.report or report
    seconds = time.monotonic() - started
    if report is None:
        raise RuntimeError("the rehearsal gave no report")
    return Job(seconds, max(abs(done - passed / seconds) for passed, done in shares), report)
