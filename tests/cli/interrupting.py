"""Imports in a process of their own, stopped from outside while they are under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from goodword.storage.database import open_database
from goodword.storage.imports import unfinished_imports
from tests.cli.making import Shop

WAIT_SECONDS = 60
LOOK_SECONDS = 0.002
SCRIPT = Path(sys.executable).parent / "goodword"
SMALL = {"GOODWORD_BATCH_MAX": "3"}
SMALLEST = {"GOODWORD_BATCH_MAX": "1"}
"""A batch for each event: between the first and the last there is time to look."""


def stopped_at(shop: Shop) -> int:
    """After how many lines the import in the database stands; 0 if there is none."""
    with _watched(shop) as lines:
        return lines()


def start(shop: Shop, *command: object) -> subprocess.Popen[bytes]:
    """Run a command on a shop in a process of its own, in the smallest batches."""
    whole = [str(SCRIPT), *shop.options, *map(str, command)]
    return subprocess.Popen(whole, env=os.environ | SMALLEST, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def interrupt(shop: Shop, sent: signal.Signals, *command: object, after: int = 1) -> tuple[int, bytes, bytes]:
    """Run a command that imports, and stop it once it has come further than so many lines: how it ended, and what it said."""
    with _watched(shop) as lines:
        process = start(shop, *command)
        end = time.monotonic() + WAIT_SECONDS
        try:
            while lines() < after:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end
                time.sleep(LOOK_SECONDS)
        finally:
            process.send_signal(sent)
            out, err = process.communicate(timeout=WAIT_SECONDS)
    return process.returncode, out, err


@contextmanager
def _watched(shop: Shop) -> Iterator[Callable[[], int]]:
    """The database, kept open: to open it anew for each look takes longer than a batch."""
    database = open_database(shop.database)

    def lines() -> int:
        with database.read() as connection:
            return max((row.lines for row in unfinished_imports(connection, "default")), default=0)

    try:
        yield lines
    finally:
        database.close()
