"""A rehearsal against the import of the same events, what it costs to leave memory, and how honest its progress is.

`REHEARSAL_EVENTS` says how many events are told, `REHEARSAL_ON` on which databases, `REHEARSAL_ROWS` how many rows may stand in memory.
The rehearsal runs as the API runs it: in a process of its own that tells how far it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import islice

import msgspec

from bench import traffic
from bench.machine import MEGABYTE, TENANT, Base, bases, cpu_seconds, fresh, program_text
from bench.report import Figure
from goodword.parts import Parts, open_parts, read_secret, tenant_key
from goodword.pipeline.intake import decode_event, seal
from goodword.processes import give_way
from goodword.rehearsal.job import Asked, File, Told
from goodword.rehearsal.report import Report
from goodword.rehearsal.scratch import ROWS_MAX
from goodword.settings import Settings, read_settings

RECIPE = "bombas"
EVENTS = int(os.environ.get("REHEARSAL_EVENTS", "100000"))
ROWS = int(os.environ.get("REHEARSAL_ROWS", str(ROWS_MAX)))
ON = os.environ.get("REHEARSAL_ON", "sqlite postgresql").split()
BATCH = 256
AIM = 5.0
LATER_MS = 2**45
"""Later than any history that is made up."""
UNLIMITED = 2**62
HONEST = 0.10
"""How far what it tells of its progress may be from the share of time that has passed."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a rehearsal in its process took."""

    seconds: float
    cpu_seconds: float
    """Its own; that of a database server is not in it."""
    peak_bytes: int
    off: float
    """The largest difference between what it said was done and the share of its time that had passed."""
    report: Report

    @property
    def on_disk(self) -> bool:
        """Whether the history was too large for memory."""
        return self.report.candidates[0].on_disk


def run(events: int = EVENTS, rows_max: int = ROWS) -> list[Figure]:
    """Measure the databases that are asked for."""
    with bases() as both:
        return [figure for base in both if base.kind in ON for figure in _measure(base, events, rows_max)]


def _measure(base: Base, events: int, rows_max: int) -> list[Figure]:
    with fresh(base) as site:
        settings = read_settings(site.environment)
        parts = open_parts(settings)
        seconds, used = import_history(parts, events, base)
        parts.database.close()
        job = _job(settings, rows_max)
        others = {"on disk from the first": _job(settings, 0)}
        if job.on_disk:
            others["all in memory"] = _job(settings, UNLIMITED)
    stored = job.report.events
    for one in (job, *others.values()):
        if not one.report.candidates[0].changed:
            raise RuntimeError("the changed file changed nothing: it was not rehearsed")
    # What falls due is an event of both; imports are told, rehearsals decide, the same ones.
    imported = Figure(
        f"{base.kind}: {stored:,} events, imported in batches of {BATCH}",
        stored / seconds,
        "events/s",
        more=f"{seconds:,.1f} s; CPU us an event: {used / stored * 1e6:.1f}",
    )
    place = f"leaves memory at {rows_max:,} rows" if job.on_disk else "all in memory"
    figures = [
        imported,
        _figure(f"{base.kind}: rehearsed, {place}", job).compared(imported.value, "imported", AIM),
        Figure(f"{base.kind}: progress off by", job.off, "of all", aim=HONEST, at_most=True),
    ]
    for name, other in others.items():
        figures.append(_figure(f"{base.kind}: rehearsed, {name}", other).compared(imported.value, "imported"))
    return figures


def _figure(name: str, job: Job) -> Figure:
    stored = job.report.events
    cpu, memory = job.cpu_seconds / stored * 1e6, job.peak_bytes / MEGABYTE
    more = f"{job.seconds:,.1f} s; CPU us an event: {cpu:.1f}; at most {memory:,.0f} MB; off by {job.off:.0%}"
    return Figure(name, stored / job.seconds, "events/s", more=more)


def import_history(parts: Parts, events: int, base: Base, step_ms: int = traffic.STEP_MS) -> tuple[float, float]:
    """Tell a history; the seconds that deciding and storing it took, and those of processors, ours and the database's."""
    told = islice(traffic.history(RECIPE, parts.keyring, 0, events, step_ms=step_ms), events)
    seconds = used = 0.0
    before = cpu_seconds(base.pid)
    while raws := list(islice(told, BATCH)):
        batch = [seal(decode_event(raw), parts.keyring, LATER_MS, True) for raw in raws]
        started, own = time.monotonic(), time.process_time()
        parts.tenants.decide_all(TENANT, batch)
        seconds, used = seconds + time.monotonic() - started, used + time.process_time() - own
    return seconds, used + cpu_seconds(base.pid) - before


def changed_file() -> str:
    """The program with what advocates get cut in half."""
    return program_text(RECIPE).replace("20.00 USD", "10.00 USD")


def _job(settings: Settings, rows_max: int) -> Job:
    key = tenant_key(read_secret(settings), TENANT)
    asked = Asked(settings.database, TENANT, key, (File("changed", changed_file()),), rows_max=rows_max)
    started = time.monotonic()
    shares: list[tuple[float, float]] = []
    report = None
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", "goodword.rehearsal.job"], stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        give_way(process.pid)
        process.stdin.write(msgspec.json.encode(asked) + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            told = msgspec.json.decode(line, type=Told)
            if told.error:
                raise RuntimeError(told.error)
            if told.done is not None:
                shares.append((time.monotonic() - started, told.done))
            report = told.report or report
        _, status, usage = os.wait4(process.pid, 0)  # what this process took, and no other
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if report is None:
        raise RuntimeError("the rehearsal gave no report")
    off = max(abs(done - passed / seconds) for passed, done in shares)
    return Job(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, off, report)
