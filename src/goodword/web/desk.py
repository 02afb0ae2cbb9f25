"""The desk where figures are asked for: one process of their own makes them, one after the other, and what it made is kept a while.

Who asks for what is being made waits for it, or comes back; who asks for what was made less than a minute ago gets that.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from goodword.processes import give_way
from goodword.settings import Settings
from goodword.warehouse.asked import Measured
from goodword.warehouse.task import Task, Told

FRESH_SECONDS = 60.0
"""So old figures may be at most."""
IDLE_SECONDS = 300.0
"""After so long without a question the process ends."""
WAITING_MAX = 16
"""How many different questions wait at most."""
SILENT_SECONDS = 900.0
"""So long the process may say nothing: one question over a hundred million facts takes minutes."""
COPY_SECONDS = 1800.0
"""How often facts are copied although nobody asks: what was erased does not wait for somebody who does."""
KEPT_MAX = 32
"""How many answers are kept; the oldest are forgotten first."""
LINE_BYTES_MAX = 32 * 1024 * 1024
"""How long an answer may be."""

log = structlog.get_logger("goodword.figures")


def copying_task(settings: Settings) -> Task:
    """What brings the facts of the tenant that is served up to date."""
    return Task(
        settings.database,
        settings.tenant,
        str(settings.warehouse),
        analysis=settings.analysis,
        store=settings.warehouse_store,
    )


class TooManyAsk(Exception):
    """As many questions wait already as may."""


@dataclass(slots=True)
class Enquiry:
    """Something that was asked for."""

    task: Task
    done: float = 0.0
    """The share of its work that is done."""
    measured: Measured | None = None
    unknown: bool = False
    error: str = ""
    answered: float | None = None
    """When, by the clock of the process."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def fresh(self, now: float) -> bool:
        """Whether it need not be asked again: it is on its way, or was answered a short while ago."""
        return self.answered is None or (not self.error and now - self.answered < FRESH_SECONDS)


class Desk:
    """Figures of this server. Used by its event loop alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._questions: dict[bytes, Enquiry] = {}
        self._queue: asyncio.Queue[Enquiry] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._runner: asyncio.Task[None] | None = None
        self._copier: asyncio.Task[None] | None = None

    async def ask(self, task: Task, seconds: float) -> Enquiry:
        """The answer, as far as it is there after so many seconds.

        Raises:
            TooManyAsk: as many questions wait already as may.
        """
        key = msgspec.json.encode(task)
        question = self._questions.get(key)
        if question is None or not question.fresh(self._clock()):
            if self._queue.qsize() >= WAITING_MAX:
                raise TooManyAsk
            question = Enquiry(task)
            self._questions.pop(key, None)
            self._questions[key] = question
            self._forget_oldest()
            self._queue.put_nowait(question)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(self._run())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await question.ready.wait()
        return question

    def keep_copied(self, task: Task, folder: Path) -> None:
        """From now on have facts copied from time to time, once there is a warehouse."""
        self._copier = asyncio.get_running_loop().create_task(self._copy(task, folder))

    async def _copy(self, task: Task, folder: Path) -> None:
        while True:
            await asyncio.sleep(COPY_SECONDS)
            if await asyncio.to_thread(folder.exists):
                with suppress(TooManyAsk):
                    await self.ask(task, COPY_SECONDS)

    async def stop(self) -> None:
        """End the process; who waits is answered with nothing."""
        if self._copier is not None:
            self._copier.cancel()
            with suppress(asyncio.CancelledError):
                await self._copier
        if self._runner is not None:
            self._runner.cancel()
            with suppress(asyncio.CancelledError):
                await self._runner
        await self._end()

    def _forget_oldest(self) -> None:
        over = [key for key, one in self._questions.items() if one.answered is not None]
        for key in over[: max(0, len(self._questions) - KEPT_MAX)]:
            del self._questions[key]

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    question = await self._queue.get()
            except TimeoutError:
                await self._end()
                if self._queue.empty():  # somebody may have asked while it ended
                    return
                continue
            try:
                await self._answer(question)
            except Exception as error:  # who waits gets an answer, whatever it is
                question.error = type(error).__name__
                await self._end()
            if question.error:
                log.warning("figures_failed", error=question.error.partition(":")[0])
            question.answered = self._clock()
            question.ready.set()

    async def _answer(self, question: Enquiry) -> None:
        process = await self._started()
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(msgspec.json.encode(question.task) + b"\n")
        await process.stdin.drain()
        while line := await _line(process.stdout):
            told = msgspec.json.decode(line, type=Told)
            if told.done is not None:
                question.done = told.done
                continue
            question.measured, question.unknown, question.error = told.measured, told.unknown, told.error or ""
            return
        question.error = "it ended before it was done"
        await self._end()

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "goodword.warehouse.job", stdin=pipe, stdout=pipe, limit=LINE_BYTES_MAX
            )
            give_way(self._process.pid)
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _line(stream: asyncio.StreamReader) -> bytes:
    """What the process says next; not `wait_for`, which may lose that somebody ends the wait."""
    async with asyncio.timeout(SILENT_SECONDS):
        return await stream.readline()
