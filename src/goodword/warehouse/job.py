"""Figures as a process of their own: asked line by line on standard input, it tells on standard output how far it is, then each answer.

It gives way to whoever serves, and ends with him: standard input that ends means that nobody asks any more.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from goodword.parts import now_ms
from goodword.processes import give_way
from goodword.storage.database import Database, open_database
from goodword.warehouse.asked import UnknownProgram
from goodword.warehouse.folder import open_folder
from goodword.warehouse.measuring import Session
from goodword.warehouse.task import Task, Told

TELL_SECONDS = 0.2
"""How often it tells how far it is, at most."""


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
            self._session = Session(self._database, task.tenant, folder, now_ms, task.analysis)
        return self._session

    def _progress(self, share: float) -> None:
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._told = time.monotonic()
            _tell(Told(done=round(share, 4)))


def main() -> None:
    """Do what standard input asks, until it ends."""
    give_way(0)
    worker = Worker()
    try:
        while line := sys.stdin.buffer.readline():
            worker.work(line)
    finally:
        worker.close()


def _tell(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
