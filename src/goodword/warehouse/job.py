"""Figures as a process of their own: asked line by line on standard input, it tells on standard output how far it is, then each answer.

It gives way to whoever serves, and ends with him: standard input that ends means that nobody asks any more.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from goodword.storage.database import Database, open_database
from goodword.warehouse.folder import open_folder
from goodword.warehouse.measuring import Asked, Measured, Session, UnknownProgram

NICENESS = 10
"""How far it stands behind those who serve."""
TELL_SECONDS = 0.2
"""How often it tells how far it is, at most."""


class Task(Struct, frozen=True):
    """What is to be measured, where."""

    database: str
    tenant: str
    warehouse: str
    asked: Asked | None = None
    """None: the facts are copied, and nothing is measured."""
    analysis: str = ""
    store: str = ""
    """The address of the engine; empty for the embedded one."""


class Told(Struct, frozen=True, omit_defaults=True):
    """A line of its output: how far it is, or how it ended."""

    done: float | None = None
    measured: Measured | None = None
    unknown: bool = False
    """There is no such program."""
    error: str | None = None
    copied: bool = False


class Worker:
    """Does one task after the other; the database stays open between them."""

    def __init__(self) -> None:
        self._database: Database | None = None
        self._session: Session | None = None
        self._place: tuple[str, ...] | None = None
        self._told = 0.0

    def work(self, line: bytes) -> None:
        """Do what a line asks, and tell its answer."""
        try:
            task = msgspec.json.decode(line, type=Task)
            session = self._opened(task)
            if task.asked is None:
                session.copy(lambda *_: self._progress(0.0))
                _tell(Told(copied=True))
            else:
                _tell(Told(measured=session.measure(task.asked, self._progress)))
        except UnknownProgram:
            _tell(Told(unknown=True))
        except Exception as error:
            _tell(Told(error=f"{type(error).__name__}: {error}"))

    def close(self) -> None:
        """Let go of the database."""
        if self._session is not None:
            self._session.close()
        if self._database is not None:
            self._database.close()
        self._database = self._session = None

    def _opened(self, task: Task) -> Session:
        place = (task.database, task.tenant, task.warehouse, task.analysis, task.store)
        if self._session is None or self._place != place:
            self.close()
            self._database, self._place = open_database(task.database), place
            self._database.serves()  # a server that is away is told, and not waited for
            folder = open_folder(Path(task.warehouse), task.tenant, task.store)
            self._session = Session(self._database, task.tenant, folder, _now_ms, task.analysis)
        return self._session

    def _progress(self, share: float) -> None:
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            _tell(Told(done=round(share, 4)))


def main() -> None:
    """Do what standard input asks, until it ends."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    worker = Worker()
    try:
        while line := sys.stdin.buffer.readline():
            worker.work(line)
    finally:
        worker.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _tell(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
