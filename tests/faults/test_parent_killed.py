"""The serving process alone is killed: its workers end by themselves, and the port is free for the next start."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from goodword.settings import read_settings
from goodword.web.serve import check_port
from tests.faults.processes import Group, free_port, goodword, memory_bytes, started, until
from tests.faults.service import prepare
from tests.faults.story import PROGRAM
from tests.web.making import TENANT

START_SECONDS = 60
END_SECONDS = 30
PYTHON_BYTES = 16 * 1024 * 1024
"""A process of the group that holds less is the shell that watches over it."""
COMMANDS = [(["serve"], 1), (["edge", "--workers", "2"], 2)]


def workers(group: Group) -> set[int]:
    """The processes that work for the one that was started."""
    return {pid for pid in group.members() if pid != group.process.pid and memory_bytes(pid) > PYTHON_BYTES}


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(("command", "count"), COMMANDS, ids=[command[0] for command, _ in COMMANDS])
def test_workers_end_with_a_parent_that_was_killed(
    database_url: str, tmp_path: Path, command: list[str], count: int
) -> None:
    prepare(tmp_path, database_url, PROGRAM)
    port = free_port()
    given = {"database": database_url, "tenant": TENANT, "secret_file": tmp_path / "key", "port": port}
    given |= {"spool": tmp_path / "spool", "home": "https://shop.example/"}
    environment = {f"GOODWORD_{name.upper()}": str(value) for name, value in given.items()}
    with started(goodword(*command), tmp_path / "log", environment) as group:
        until(lambda: is_ready(port) and len(workers(group)) >= count, START_SECONDS, "ready")
        orphans = workers(group)
        os.kill(group.process.pid, signal.SIGKILL)
        group.process.wait(END_SECONDS)
        until(lambda: not orphans & set(group.members()), END_SECONDS, "the workers have ended")
        check_port(read_settings({}).host, port)
