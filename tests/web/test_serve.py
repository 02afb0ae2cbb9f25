"""A real server process on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from goodword.parts import open_parts
from goodword.settings import Settings, read_settings
from goodword.storage.database import create_tenant
from goodword.storage.keys import create_key
from goodword.web.serve import PortTaken, check_port
from tests.web.making import PROGRAM, TENANT, order

START_SECONDS = 60
STOP_SECONDS = 30
SCRIPT = """\
from goodword.settings import read_settings
from goodword.web.serve import serve
if __name__ == "__main__":
    serve(read_settings())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    script = folder / "run.py"
    script.write_text(SCRIPT)
    given = {
        "GOODWORD_DATABASE": settings.database,
        "GOODWORD_SECRET_FILE": str(settings.secret_file),
        "GOODWORD_TENANT": settings.tenant,
        "GOODWORD_SPOOL": str(folder / "spool"),
        "GOODWORD_PORT": str(settings.port),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, str(script)], env=os.environ | given, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{settings.port}", process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_until_ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_a_process_serves_and_ends_when_told(database_url: str, tmp_path: Path) -> None:
    settings = read_settings(
        {}, database=database_url, tenant=TENANT, secret_file=str(tmp_path / "key"), port=str(free_port())
    )
    parts = open_parts(settings)
    parts.database.migrate()
    with parts.database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
        _, secret = create_key(connection, TENANT, "all", ["events", "admin", "read"], 1)
    parts.database.close()
    with running(settings, tmp_path) as (address, process):
        wait_until_ready(address, process, tmp_path / "log")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {secret}"}, timeout=30) as client:
            assert client.post("/v1/programs", content=PROGRAM).status_code == 201
            answers = client.post("/v1/events", json=[order(f"o{n}") for n in range(100)]).json()
            assert [one["event"] for one in answers] == [f"o{n}" for n in range(100)]
            assert client.post("/v1/events", content=iter([b" " * 65536] * 65)).status_code == 413
            assert client.get("/v1/events/o7").json()["id"] == "o7"
            assert client.get("/v1/participants/%ff").status_code == 404
            assert "Goodword" in client.get("/docs").text
            with pytest.raises(PortTaken, match="GOODWORD_PORT"):
                check_port("127.0.0.1", settings.port)
    assert process.returncode == 0, (tmp_path / "log").read_text()
    lines = (tmp_path / "log").read_text()
    assert '"event": "request"' in lines
    assert "buyer of" not in lines
