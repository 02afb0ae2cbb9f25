"""A rehearsal as a process of its own: it leaves nothing behind, however it ends, and ends with whoever waits for it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from goodword.engine.ids import Keyring
from goodword.pipeline.tenant import Tenants
from goodword.processes import NICENESS
from goodword.rehearsal.job import Asked, File, Told
from goodword.storage.database import create_tenant, open_database
from goodword.web.jobs import Jobs
from tests.properties.worlds import sealed
from tests.rehearsal.test_rehearsing import PROGRAM, TENANT, bodies

KEY = b"a key for tests of 32 bytes long"


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    url = f"sqlite:///{tmp_path / 'goodword.db'}"
    database = open_database(url)
    database.migrate()
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    tenants = Tenants(database, Keyring(KEY))
    tenants.publish(TENANT, PROGRAM, 0)
    tenants.decide_all(TENANT, [sealed(body) for body in bodies()])
    database.close()
    return Asked(url, TENANT, KEY, (File("changed", PROGRAM.replace("20.00", "5.00")),) * 8)


@contextmanager
def started(folder: Path, asked: Asked) -> Iterator[subprocess.Popen[bytes]]:
    """The process, asked, with a folder for temporary files of its own."""
    environment = os.environ | {"TMPDIR": str(folder)}
    command = [sys.executable, "-m", "goodword.rehearsal.job"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(asked) + b"\n")
        process.stdin.flush()
        yield process
        process.kill()


def first_line(process: subprocess.Popen[bytes]) -> Told:
    assert process.stdout is not None
    return msgspec.json.decode(process.stdout.readline(), type=Told)


def test_it_tells_how_far_it_is_and_leaves_nothing(tmp_path: Path, asked: Asked) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    with started(folder, asked) as process:
        told = [first_line(process)]
        while told[-1].report is None:
            told.append(first_line(process))
        assert [one.done for one in told[:-1]] == [number / 8 for number in range(1, 9)]
        assert told[-1].report is not None
        assert len(told[-1].report.candidates) == 8
        assert process.wait(20) == 0
    assert list(folder.iterdir()) == []


def test_killed_it_leaves_nothing(tmp_path: Path, asked: Asked) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    with started(folder, asked) as process:
        assert first_line(process).done is not None
        process.kill()
        process.wait(20)
    assert list(folder.iterdir()) == []


def test_it_ends_with_whoever_waits_for_it(tmp_path: Path, asked: Asked) -> None:
    with started(tmp_path, asked) as process:
        assert first_line(process).done is not None
        assert process.stdin is not None
        process.stdin.close()
        end = time.monotonic() + 20
        while process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_it_gives_way_before_it_has_read_anything(asked: Asked) -> None:
    """Its imports alone would hold up those who tell events meanwhile."""

    async def priority() -> int:
        jobs = Jobs()
        job = jobs.start(TENANT, "demo", asked)
        while job.process is None:
            await asyncio.sleep(0)
        found = os.getpriority(os.PRIO_PROCESS, job.process.pid)
        await jobs.stop()
        return found

    assert asyncio.run(priority()) == max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))


def test_what_cannot_be_done_is_told(tmp_path: Path, asked: Asked) -> None:
    with started(tmp_path, msgspec.structs.replace(asked, database="sqlite:///nowhere/at/all.db")) as process:
        assert first_line(process).error
