"""More than the service can take: what does not fit is sent away at once, and memory stays bounded."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from goodword.pipeline.intake import BODY_BYTES_MAX
from goodword.settings import read_settings
from goodword.web import context
from goodword.web.serve import BACKLOG, HEAD_BYTES, connections_max
from tests.faults.flood import flood
from tests.faults.judge import event_count
from tests.faults.load import judge
from tests.faults.making import Size
from tests.faults.processes import memory_bytes, until
from tests.faults.service import Reply, parts_of, serving
from tests.faults.story import PROGRAM, now
from tests.postgres import fresh_database
from tests.web.making import TENANT, Site, order

COPIES = 4
"""How often a body may stand in memory while it is read: as chunks, whole, taken apart."""
BASE_BYTES = 64 * 1024 * 1024
QUEUE_MAX = 20
FLOODERS_PER_CLIENT = 20
IDLERS = BACKLOG + 200
HEADS = 100


ROOM_BYTES = read_settings({}).bodies_max * 1024 * 1024


@pytest.fixture(autouse=True, scope="module")
def files() -> None:
    """As many files as this process may have: it opens as many connections as the service takes."""
    connections_max()


class Watch:
    """The most memory that a process ever held, sampled."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            self.peak = max(self.peak, memory_bytes(self._pid))


def test_a_flood_of_large_bodies(tmp_path: Path, size: Size) -> None:
    connections = size.clients * FLOODERS_PER_CLIENT
    assert connections * BODY_BYTES_MAX > 2 * COPIES * ROOM_BYTES, "no more than there is room for"
    with serving(tmp_path, f"sqlite:///{tmp_path / 'goodword.db'}", PROGRAM) as service:
        worker = service.worker
        before = memory_bytes(worker)
        body = b"[" + b" " * (BODY_BYTES_MAX - 10) + b"]"
        with Watch(worker) as watch:
            found: Counter[int] = asyncio.run(flood(service.port, service.secret, connections, body))
        assert found[503] > 0
        # Answered before its body was taken, a connection may be cut off while it still sends.
        assert set(found) <= {0, 422, 503}
        assert watch.peak < before + COPIES * ROOM_BYTES + BASE_BYTES
        assert service.tell(_cancel("after")).status == 200
        assert service.stop() == 0
        judge(service, [], 1)


def test_connections_that_say_nothing(tmp_path: Path) -> None:
    """More of them than a backlog holds: they cost little, and keep nobody out."""
    with ExitStack() as stack:
        service = stack.enter_context(serving(tmp_path, f"sqlite:///{tmp_path / 'goodword.db'}", PROGRAM))
        before = memory_bytes(service.worker)
        for _ in range(IDLERS):
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", service.port))))
        assert service.tell(_cancel("meanwhile")).status == 200
        assert memory_bytes(service.worker) < before + BASE_BYTES


def test_heads_without_end(tmp_path: Path) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(serving(tmp_path, f"sqlite:///{tmp_path / 'goodword.db'}", PROGRAM))
        before = memory_bytes(service.worker)
        closed = 0
        for _ in range(HEADS):
            one = stack.enter_context(closing(socket.create_connection(("127.0.0.1", service.port), timeout=60)))
            with suppress(ConnectionError):
                one.sendall(b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * (8 * HEAD_BYTES))
            with suppress(ConnectionError):
                closed += one.recv(1000)[:12] in (b"", b"HTTP/1.1 431")
        assert closed > 0
        assert memory_bytes(service.worker) < before + BASE_BYTES
        assert service.tell(_cancel("after")).status == 200


@contextmanager
def _tenant_locked(database: str) -> Iterator[None]:
    """Somebody else writes for the tenant, for as long as the block runs."""
    with psycopg.connect(make_url(database).set(drivername="postgresql").render_as_string(False)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"goodword:tenant:{TENANT}"])
        yield


def test_a_full_queue(postgres_server: URL, tmp_path: Path, size: Size) -> None:
    with fresh_database(postgres_server) as url:
        database = url.render_as_string(hide_password=False)
        with serving(tmp_path, database, PROGRAM, queue_max=QUEUE_MAX, batch_max=5) as service:
            replies: list[Reply] = []
            bodies = [[_cancel(f"{client} {n}") for n in range(5)] for client in range(size.clients * 2)]
            threads = [threading.Thread(target=lambda b=body: replies.append(service.tell(b))) for body in bodies]
            with _tenant_locked(database):
                for thread in threads:
                    thread.start()
                # Those that fit wait, the others are told at once.
                until(lambda: len(replies) >= len(bodies) - QUEUE_MAX // 5 - 2, 60, "the others are sent away")
                time.sleep(0.2)
                assert {(reply.status, reply.headers["retry-after"]) for reply in replies} == {(503, "1")}
                assert len(replies) < len(bodies)
                sent_away = len(replies)
                with parts_of(tmp_path, database) as parts:
                    assert event_count(parts) == 0
            for thread in threads:
                thread.join()
            assert Counter(reply.status for reply in replies) == {503: sent_away, 200: len(bodies) - sent_away}
            assert service.stop() == 0
            judge(service, [], 5 * (len(bodies) - sent_away))


def test_a_body_that_comes_too_slowly(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "BODY_SECONDS", 0.2)

    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    before = site.counts()
    response = site.ask("POST", "/v1/events", "events", content=drops())
    assert (response.status_code, response.json()["type"]) == (408, "/docs#too_slow")
    assert site.counts() == before
    assert site.tell(order("a")).status_code == 200


def _cancel(id: str) -> dict[str, str]:
    return {"type": "cancel", "id": id, "occurred_at": now(), "order": "none"}
