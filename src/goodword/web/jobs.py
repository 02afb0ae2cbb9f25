"""Rehearsals on their way: each a process of its own, so that nobody's event waits for it."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import structlog

from goodword.processes import give_way
from goodword.rehearsal.job import Asked, Told
from goodword.rehearsal.report import Report

RUNNING_MAX = 1
"""How many run at once in a process; the others wait."""
WAITING_MAX = 8
"""How many wait at most."""
KEPT_MAX = 32
"""How many that are over can still be asked about; the oldest are forgotten first."""
LINE_BYTES_MAX = 16 * 1024 * 1024
"""How long an answer may be."""

Status = Literal["waiting", "running", "done", "failed", "cancelled"]
log = structlog.get_logger("goodword.jobs")


class TooManyWait(Exception):
    """As many wait already as may."""


@dataclass(slots=True)
class Job:
    """One rehearsal."""

    id: str
    tenant: str
    program: str
    asked: Asked
    status: Status = "waiting"
    done: float = 0.0
    """The share of its work that is done."""
    started: float | None = None
    """By the clock of the process."""
    report: Report | None = None
    error: str = ""
    process: asyncio.subprocess.Process | None = None
    cancelled: bool = False
    clock: Callable[[], float] = time.monotonic

    @property
    def seconds_left(self) -> float | None:
        """How long it will take, as far as it went so far."""
        if self.status != "running" or self.started is None or self.done < 0.02:
            return None
        passed = self.clock() - self.started
        return passed * (1 - self.done) / self.done


@dataclass(slots=True)
class Jobs:
    """All rehearsals of this process. Used by its event loop alone."""

    _jobs: dict[str, Job] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RUNNING_MAX))

    def start(self, tenant: str, program: str, asked: Asked) -> Job:
        """Take on a rehearsal.

        Raises:
            TooManyWait: as many wait already as may.
        """
        if sum(job.status == "waiting" for job in self._jobs.values()) >= WAITING_MAX:
            raise TooManyWait
        job = Job(f"re_{secrets.token_hex(12)}", tenant, program, asked)
        self._jobs[job.id] = job
        self._forget_oldest()
        task = asyncio.get_running_loop().create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def find(self, tenant: str, id: str) -> Job | None:
        """A rehearsal of a tenant."""
        job = self._jobs.get(id)
        return job if job is not None and job.tenant == tenant else None

    def cancel(self, job: Job) -> None:
        """End it, and forget what it found."""
        job.cancelled = True
        if job.status in ("waiting", "running"):
            job.status = "cancelled"
        _kill(job)

    async def stop(self) -> None:
        """End all."""
        for job in self._jobs.values():
            self.cancel(job)
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task

    def _forget_oldest(self) -> None:
        over = [job for job in self._jobs.values() if job.status not in ("waiting", "running")]
        for job in over[: max(0, len(over) - KEPT_MAX)]:
            del self._jobs[job.id]

    async def _run(self, job: Job) -> None:
        async with self._places:
            if job.cancelled:
                return
            job.status, job.started = "running", job.clock()
            try:
                await self._play(job)
            except (OSError, ValueError, msgspec.DecodeError, msgspec.ValidationError) as error:
                job.error = type(error).__name__
            finally:
                job.asked = msgspec.structs.replace(job.asked, key=b"", files=())  # nobody needs it any more
        if job.status == "running":
            job.status = "done" if job.report is not None else "failed"
        if job.status == "failed":
            log.warning("rehearsal_failed", error=job.error)

    async def _play(self, job: Job) -> None:
        pipe = asyncio.subprocess.PIPE
        job.process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "goodword.rehearsal.job", stdin=pipe, stdout=pipe, limit=LINE_BYTES_MAX
        )
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            give_way(process.pid)
            if job.cancelled:
                return
            process.stdin.write(msgspec.json.encode(job.asked) + b"\n")
            await process.stdin.drain()
            async for line in process.stdout:
                told = msgspec.json.decode(line, type=Told)
                job.done = told.done if told.done is not None else job.done
                job.report, job.error = told.report or job.report, told.error or job.error
        finally:
            _kill(job)
            process.stdin.close()
            await process.wait()
        if job.report is None and not job.error:
            job.error = "it ended before it was done"


def _kill(job: Job) -> None:
    if job.process is not None and job.process.returncode is None:
        with suppress(ProcessLookupError):
            job.process.kill()
