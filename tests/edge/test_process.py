"""A real process of the redirect: started by its command, killed under load, started again."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from goodword.edge.spool import SpoolLine, header, pack_line
from goodword.storage.database import Database
from tests.edge.making import FIREFOX, SECRET, add_handles, counted, handle, places, prepared, stored_hits
from tests.web.making import TENANT

START_SECONDS = 60
STOP_SECONDS = 30
CLIENTS = 8
COMMAND = [sys.executable, "-c", "from goodword.cli import main; main()", "edge"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(database_url: str, folder: Path, port: int, *more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The server with its workers, in a process group of their own."""
    (folder / "key").write_text(SECRET.hex())
    given = {
        "GOODWORD_DATABASE": database_url,
        "GOODWORD_SECRET_FILE": str(folder / "key"),
        "GOODWORD_TENANT": TENANT,
        "GOODWORD_SPOOL": str(folder / "spool"),
        "GOODWORD_PORT": str(port),
        "GOODWORD_HITS_ADDRESS": "0",  # one address follows one code, as often as it can
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, *more], env=os.environ | given, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_ready(port, process, folder / "log")
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    raise


def wait_until_ready(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


class Clicker(threading.Thread):
    """Clicks as fast as it can until the server is gone; each click has a channel of its own."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__()
        self._address = f"http://127.0.0.1:{port}"
        self._name = name
        self.acknowledged: list[str] = []
        self.tried: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._address, headers={"user-agent": FIREFOX}, timeout=30) as client:
            for number in range(100_000):
                channel = f"{self._name}-{number}"
                self.tried.append(channel)
                try:
                    response = client.get(f"/r/ANN?ch={channel}")
                except httpx.TransportError:
                    return
                if response.status_code == 302:
                    self.acknowledged.append(channel)


@pytest.fixture
def database(database: Database) -> Database:
    prepared(database)
    add_handles(database, handle("ANN"))
    return database


def clicks_until_killed(database_url: str, folder: Path, name: str) -> list[Clicker]:
    port = free_port()
    with running(database_url, folder, port) as process:
        clickers = [Clicker(port, f"{name}{number}") for number in range(CLIENTS)]
        for clicker in clickers:
            clicker.start()
        end = time.monotonic() + 20
        while sum(len(clicker.acknowledged) for clicker in clickers) < 400 and time.monotonic() < end:
            time.sleep(0.01)
        # The worker and its parent at once, in the middle of whatever they do: writing, flushing, draining.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
        for clicker in clickers:
            clicker.join(60)
    return clickers


def test_every_click_that_was_answered_is_there_once_after_kills(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    clickers = [one for name in ("a", "b") for one in clicks_until_killed(database_url, tmp_path, name)]
    with running(database_url, tmp_path, free_port()):
        pass
    acknowledged = [channel for clicker in clickers for channel in clicker.acknowledged]
    tried = {channel for clicker in clickers for channel in clicker.tried}
    found = Counter(hit.channel for hit in stored_hits(database))
    assert len(acknowledged) >= 800
    assert set(acknowledged) - found.keys() == set(), "lost"
    assert max(found.values()) == 1, "stored twice"
    assert found.keys() <= tried
    assert list((tmp_path / "spool").iterdir()) == []


DRAIN = """\
import sys
from pathlib import Path
from goodword.edge import drain
from goodword.storage.database import open_database
drain.DRAIN_BYTES_MAX = 4000
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(drain.Drain(database, sys.argv[2], Path(sys.argv[3]), lambda: None, lambda: 5).run_once())
"""


def test_two_processes_drain_one_folder(database: Database, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    line = pack_line(SpoolLine(1_000, "person", "ANN"))
    for number in range(5):
        (folder / f"{number:020x}.spool").write_bytes(header(TENANT) + line * 500)
    command = [sys.executable, "-c", DRAIN, database_url, TENANT, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    drained = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(drained) == 2500
    found = places(stored_hits(database))
    assert len(found) == len(set(found)) == 2500
    assert counted(database)["demo", "ANN", "person"] == 2500
    assert list(folder.iterdir()) == []


def test_several_workers_serve_and_end_when_told(database: Database, database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with running(database_url, tmp_path, port, "--workers", "2") as process:
        headers = {"user-agent": FIREFOX}
        for number in range(60):
            address = f"http://127.0.0.1:{port}/r/ANN?ch=n{number}"
            assert httpx.get(address, headers=headers, timeout=30).status_code == 302
    assert process.returncode == 0, (tmp_path / "log").read_text()
    assert len(stored_hits(database)) == 60
    log = (tmp_path / "log").read_text()
    assert not re.search("ANN|127.0.0.1:[0-9]{5}/|Firefox", log), "nobody is named in the log"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--host", "256.1.1.1"], "cannot listen"),
        ([], "GOODWORD_HOME"),
    ],
)
def test_mistakes_are_told_before_anything_runs(given: list[str], message: str, tmp_path: Path) -> None:
    settings = {"GOODWORD_SECRET_FILE": str(tmp_path / "key"), "GOODWORD_DATABASE": f"sqlite:///{tmp_path / 'x.db'}"}
    (tmp_path / "key").write_text(SECRET.hex())
    settings |= {} if given else {"GOODWORD_HOME": "http://shop.example"}
    done = subprocess.run(
        [*COMMAND, *given], env=os.environ | settings, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert message in done.stderr
