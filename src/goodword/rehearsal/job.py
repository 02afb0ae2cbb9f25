"""A rehearsal as a process of its own: asked on standard input, it tells on standard output how far it is, then its answer.

It gives way to whoever serves, and ends with him: standard input that ends means that nobody waits any more.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import BinaryIO

import msgspec
from msgspec import Struct

from goodword.collector import relax_collector
from goodword.engine.ids import Keyring
from goodword.processes import give_way
from goodword.program.loader import load_program
from goodword.rehearsal.rehearse import Candidate, Rehearsal
from goodword.rehearsal.report import Report
from goodword.rehearsal.scratch import ROWS_MAX
from goodword.storage.database import open_database


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """A program file that is considered."""

    label: str
    text: str


class Asked(Struct, frozen=True):
    """What is to be rehearsed, by whom, over what."""

    database: str
    tenant: str
    key: bytes
    files: tuple[File, ...]
    since_ms: int | None = None
    until_ms: int | None = None
    rows_max: int = ROWS_MAX
    """How many rows may stand in memory."""


class Told(Struct, frozen=True, omit_defaults=True):
    """A line of its output: how far it is, or how it ended."""

    done: float | None = None
    report: Report | None = None
    error: str | None = None


def main() -> None:
    """Do what standard input asks."""
    give_way(0)
    relax_collector()
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=Asked)
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), daemon=True).start()
    try:
        told = Told(report=_report(asked))
    except Exception as error:
        told = Told(error=f"{type(error).__name__}: {error}")
    _tell(told)
    os._exit(0)  # the thread that waits for standard input would hold the process


def _report(asked: Asked) -> Report:
    candidates = [Candidate(file.label, load_program(file.text)) for file in asked.files]
    database = open_database(asked.database)
    try:
        rehearsal = Rehearsal(Keyring(asked.key), candidates, asked.since_ms, asked.rows_max)
        return rehearsal.stored(database, asked.tenant, asked.until_ms, lambda share: _tell(Told(done=round(share, 4))))
    finally:
        database.close()


def _tell(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


def _end_with(stream: BinaryIO) -> None:
    while stream.read(1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
