"""The redirect against its limit: `python -m bench.redirect`.

Measures requests per second and processor time of `GET /r/CODE`, each hit on the disk before its answer, against the same
server with one worker answering a bare 302 from memory; then how fast spools are drained, and that every click is there.
The client is one process on the same machine: with few cores it takes its share, so the ratio of processor times, which is
the server's alone, says more than the ratio of rates.
"""

from __future__ import annotations

import argparse
import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodword.edge.drain import Drain
from goodword.edge.spool import SpoolLine, header, pack_line
from goodword.engine.ids import CROCKFORD
from goodword.engine.state import Handle
from goodword.parts import now_ms
from goodword.settings import read_settings
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant, open_database
from goodword.storage.dialect import write_rows
from goodword.storage.rows import MAPPERS

TENANT = "bench"
CODES = 1000
START_SECONDS = 60
LOCATION = b"https://shop.example/welcome?gw_code=ABCDEFGH"
AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.1"
)
SERVER = """\
import sys
from goodword.settings import read_settings
from goodword.web.serve import serve
if __name__ == "__main__":
    serve(read_settings(), sys.argv[1])
"""


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The limit: a redirect that knows nothing and keeps nothing."""
    if scope["type"] == "lifespan":
        for said in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{said}.complete"})
        return
    status = 200 if scope["path"] == "/readyz" else 302
    headers = [(b"location", LOCATION), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def code(number: int) -> str:
    """The code of a number."""
    return "BENCH" + "".join(CROCKFORD[(number >> 5 * place) & 31] for place in range(3))


def prepare(url: str) -> Database:
    """A database with a tenant and its codes."""
    database = open_database(url)
    database.migrate()
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
        mapper = MAPPERS["handles"]
        rows = [mapper.pack("", Handle(code(n), "bench", f"pt_{n}", 1)) for n in range(CODES)]
        write_rows(connection, database.dialect.insert(mapper.table), TENANT, rows)
    return database


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(worker: str, url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A server process; its port and the id of its worker."""
    port = free_port()
    script = folder / "serve.py"
    script.write_text(SERVER)
    given = {
        "GOODWORD_DATABASE": url,
        "GOODWORD_SECRET_FILE": str(folder / "key"),
        "GOODWORD_TENANT": TENANT,
        "GOODWORD_SPOOL": str(folder / "spool"),
        "GOODWORD_HOME": "https://shop.example/welcome",
        "GOODWORD_PORT": str(port),
        "GOODWORD_LOG_LEVEL": "warning",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    with (folder / "log").open("ab") as log:
        command = [sys.executable, str(script), worker]
        process = subprocess.Popen(command, env=os.environ | given, stdout=log, stderr=log)
        try:
            wait(port, process, folder / "log")
            (child,) = children(process.pid)
            yield port, child
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as asking:
                asking.sendall(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")
                if asking.recv(64).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text())


def children(pid: int) -> list[int]:
    """The worker processes of a server: the children that are no helper of multiprocessing."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if "resource_tracker" not in Path(f"/proc/{child}/cmdline").read_text():
                found.append(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port: int, connections: int, seconds: float) -> tuple[int, float]:
    """Ask over and over on so many connections; the number of answers and the time it took."""
    requests = [
        (f"GET /r/{code(n)} HTTP/1.1\r\nhost: go.example\r\nuser-agent: {AGENT}\r\naccept: */*\r\n\r\n").encode()
        for n in range(CODES)
    ]
    selector = selectors.DefaultSelector()
    answered = asked = 0
    for _ in range(connections):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(one, selectors.EVENT_READ)
        one.sendall(requests[asked % CODES])
        asked += 1
    started = time.perf_counter()
    end = started + seconds
    while answered < asked:
        more = time.perf_counter() < end
        for key, _ in selector.select(10):
            one = key.fileobj
            answer = one.recv(4096)
            if not answer.startswith(b"HTTP/1.1 302") or not answer.endswith(b"\r\n\r\n"):
                raise RuntimeError(answer.decode())
            answered += 1
            if more:
                one.send(requests[asked % CODES])
                asked += 1
    took = time.perf_counter() - started
    for key in list(selector.get_map().values()):
        key.fileobj.close()
    return answered, took


def measure(worker: str, url: str, folder: Path, connections: int, seconds: float) -> tuple[float, float, int]:
    """Requests per second, milliseconds of processor time per request, and requests in all."""
    with serving(worker, url, folder) as (port, pid):
        warm, _ = load(port, connections, 1)
        before = cpu_seconds(pid)
        answered, took = load(port, connections, seconds)
        cpu_ms = (cpu_seconds(pid) - before) * 1000 / answered
    return answered / took, cpu_ms, warm + answered


def drain_rate(database: Database, folder: Path, hits: int) -> float:
    """Hits per second from spools that nobody writes any more into the database."""
    folder.mkdir()
    per_file = 100_000
    for first in range(0, hits, per_file):
        with (folder / f"{first:012x}.spool").open("wb") as file:
            file.write(header(TENANT))
            for n in range(first, min(hits, first + per_file)):
                line = SpoolLine(now_ms(), "person", code(n * 7919 % CODES), "mail", f"{n % 5000:032x}")
                file.write(pack_line(line))
    drain = Drain(database, TENANT, folder, lambda: None, now_ms)
    started = time.perf_counter()
    drained = drain.run_once()
    if drained != hits:
        raise RuntimeError(f"{drained} of {hits} hits were drained")
    return hits / (time.perf_counter() - started)


def stored(database: Database) -> int:
    """How many hits there are."""
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.hits)).scalar_one()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="the address of an empty PostgreSQL database instead of a SQLite file")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hits", type=int, default=200_000, help="how many hits are drained")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="goodword-bench-") as name:
        folder = Path(name)
        url = given.database or f"sqlite:///{folder / 'goodword.db'}"
        read_settings({}, database=url)
        database = prepare(url)
        rates: dict[str, list[float]] = {"bare": [], "edge": []}
        costs: dict[str, list[float]] = {"bare": [], "edge": []}
        clicks = 0
        for _ in range(given.rounds):
            for what, worker in (("bare", "bench.redirect:make_bare"), ("edge", "goodword.web.edge:make_edge")):
                rate, cost, asked = measure(worker, url, folder, given.connections, given.seconds)
                rates[what].append(rate)
                costs[what].append(cost)
                clicks += asked if what == "edge" else 0
        limit, reached = statistics.median(rates["bare"]), statistics.median(rates["edge"])
        cpu_limit, cpu = statistics.median(costs["bare"]), statistics.median(costs["edge"])
        print(f"bare 302      {limit:8.0f} per second  {cpu_limit:.3f} CPU ms each")
        print(f"redirect      {reached:8.0f} per second  {cpu:.3f} CPU ms each, hit on disk before the answer")
        print(f"ratio         {reached / limit:8.2f} of the rate  {cpu_limit / cpu:.2f} of the processor time")
        print(f"clicks        {clicks} answered, {stored(database)} stored")
        drained = drain_rate(database, folder / "drained", given.hits)
        print(f"drain         {drained:8.0f} hits per second, {drained / reached:.1f} times the redirect's rate")
        database.close()


def make_bare() -> Any:
    """As servers make their applications."""
    return bare


if __name__ == "__main__":
    main()
