"""Real parts to measure: databases, server processes, load from a process of its own, and the CPU time of each."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import URL, make_url

from goodword.engine.ids import Keyring
from goodword.parts import open_parts
from goodword.settings import read_settings
from goodword.storage.database import create_tenant
from goodword.storage.keys import create_key
from tests.postgres import fresh_database, running_server

ROOT = Path(__file__).resolve().parents[1]
TENANT = "bench"
READY_SECONDS = 120.0
STOP_SECONDS = 60.0
CLIENT_SECONDS = 900.0
TICK = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Base:
    """A database to measure on, and whose processes work for it (none for SQLite, which works in ours)."""

    kind: str
    url: str
    pid: int | None


@dataclass(frozen=True, slots=True)
class Site:
    """A tenant with a program in force: what a server is started on."""

    base: Base
    folder: Path
    secret: str
    keyring: Keyring

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its processes."""
        return os.environ | {
            "GOODWORD_DATABASE": self.base.url,
            "GOODWORD_SECRET_FILE": str(self.folder / "key"),
            "GOODWORD_TENANT": TENANT,
            "GOODWORD_LOG_LEVEL": "info",
            "GOODWORD_SPOOL": str(self.folder / "spool"),
            "GOODWORD_RATE_KEY": "0",  # what the machine can do, not what one key may
        }


@contextmanager
def bases() -> Iterator[list[Base]]:
    """A folder for SQLite and a PostgreSQL that waits for the disk, each for as many databases as wanted."""
    with running_server(fsync="on") as server:
        yield [Base("sqlite", "", None), Base("postgresql", server.render_as_string(hide_password=False), _pid(server))]


@contextmanager
def fresh(base: Base, recipe: str = "bombas") -> Iterator[Site]:
    """A new database with a tenant and a program."""
    with tempfile.TemporaryDirectory(prefix="goodword-bench-") as name, _database(base, Path(name)) as url:
        folder = Path(name)
        settings = read_settings({}, database=url, tenant=TENANT, secret_file=str(folder / "key"))
        parts = open_parts(settings)
        parts.database.migrate()
        with parts.database.write(TENANT) as connection:
            create_tenant(connection, TENANT, 0)
            _, secret = create_key(connection, TENANT, "bench", ["events", "admin", "history"], 0)
        parts.tenants.publish(TENANT, program_text(recipe), 0)
        parts.database.close()
        yield Site(Base(base.kind, url, base.pid), folder, secret, parts.keyring)


def program_text(recipe: str) -> str:
    """The file of a recipe."""
    return (ROOT / "programs" / recipe / "program.yaml").read_text()


@dataclass(frozen=True, slots=True)
class Server:
    """A server process that is ready."""

    url: str
    pid: int


@contextmanager
def serving(site: Site, command: list[str] | None = None, **settings: str) -> Iterator[Server]:
    """A real server process (`goodword serve`, unless told) on a free port; its process group is ended afterwards."""
    port = free_port()
    environment = site.environment | {"GOODWORD_PORT": str(port)} | settings
    command = command or [str(Path(sys.executable).parent / "goodword"), "serve"]
    with (site.folder / f"log-{port}").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process)
            yield Server(url, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until `/readyz` says yes."""
    end = time.monotonic() + READY_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < end and process.poll() is None:
            try:
                if client.get(f"{url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.01)
    raise RuntimeError("the server did not get ready")


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to."""

    requests: int
    seconds: float
    server_ms: float
    """CPU milliseconds of the server for each request; of the database for SQLite, which works in it, too."""
    database_ms: float
    client_ms: float
    took_ms: tuple[float, ...] = ()
    """Of a load at a rate: what each request took, from the moment at which it was to be sent."""
    late_ms: tuple[float, ...] = ()
    """How much of that passed in the client before it was sent."""


def load(
    server: Server,
    site: Site,
    bodies: Iterable[bytes],
    connections: int,
    path: str | None = "/v1/events",
    status: str = "200",
    settled: Callable[[Server], None] = lambda _: None,
    rate: float = 0,
) -> Load:
    """Send requests from a client process, each of which has to be answered with `status`.

    As fast as the connections are answered, or so many a second with a `rate`: then connections are added where all of them wait.
    The bodies are posted to the path; without one they are themselves paths to get, each with an agent and an address behind tabs.
    What the server still does until it has `settled` counts for its CPU time, and not for the rate.
    """
    file = site.folder / "bodies"
    file.write_bytes(b"\n".join(bodies) + b"\n")
    before = cpu_seconds(server.pid), cpu_seconds(site.base.pid)
    command = [sys.executable, "-m", "bench.client", server.url, path or "", str(file), str(connections), str(rate)]
    given = os.environ | {"BENCH_KEY": site.secret}
    done = subprocess.run(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, timeout=CLIENT_SECONDS, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["statuses"].keys() != {status}:
        raise RuntimeError(f"answers: {found['statuses']}")
    count = found["requests"]
    settled(server)
    used = cpu_seconds(server.pid) - before[0], cpu_seconds(site.base.pid) - before[1]
    ours, theirs, client = (seconds * 1000 / count for seconds in (*used, found["cpu"]))
    return Load(count, found["seconds"], ours, theirs, client, tuple(found["took_ms"]), tuple(found["late_ms"]))


def cpu_seconds(pid: int | None) -> float:
    """CPU seconds that a process and all below it have used, those that ended as well."""
    if pid is None:
        return 0.0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICK + sum(cpu_seconds(int(child)) for child in below)


def rss_bytes(pid: int) -> int:
    """What a process and all below it hold in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(rss_bytes(int(child)) for child in below)


def peak_bytes(pid: int) -> int:
    """The most that a process and all below it, as they are now, ever held in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return kilobytes * 1024 + sum(peak_bytes(int(child)) for child in below)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _database(base: Base, folder: Path) -> Iterator[str]:
    if base.kind == "sqlite":
        yield f"sqlite:///{folder / 'goodword.db'}"
        return
    with fresh_database(make_url(base.url)) as url:
        yield url.render_as_string(hide_password=False)


def _pid(server: URL) -> int | None:
    """The process of a server of ours; None for one that was given."""
    file = Path(str(server.query.get("host", ""))) / "data" / "postmaster.pid"
    return int(file.read_text().split()[0]) if file.exists() else None
