"""A database that is away for a while: what cannot be done is said so, nothing grows, and all goes on without a restart."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg

from goodword.storage.database import CONNECT_SECONDS
from goodword.storage.silence import SILENT_SECONDS
from tests.faults.load import ids_of, judge, telling
from tests.faults.making import Size
from tests.faults.processes import memory_bytes, until
from tests.faults.service import Service, parts_of, prepare
from tests.faults.story import PROGRAM, now, plan
from tests.postgres import Cluster, own_cluster

GROWTH_BYTES = 96 * 1024 * 1024
"""By how much the process may grow in any case: threads, connections, caches."""
RECOVERY_SECONDS = 30
ANSWER_SECONDS = SILENT_SECONDS + CONNECT_SECONDS + 10
"""How long anybody waits at most for a database that is frozen; the last ten are for a busy machine."""


def address(cluster: Cluster) -> str:
    return cluster.url.render_as_string(hide_password=False)


def test_a_database_away(tmp_path: Path, size: Size) -> None:
    with ExitStack() as stack:
        cluster = stack.enter_context(own_cluster(fsync="on"))
        service = Service(tmp_path, address(cluster), prepare(tmp_path, address(cluster), PROGRAM))
        stack.callback(service.kill)
        with parts_of(tmp_path, service.database) as parts:
            items = plan(parts.keyring, size.seed, 600)
        service.start()
        worker, before = service.worker, memory_bytes(service.worker)
        client = stack.enter_context(telling(service, items, "client"))
        until(lambda: len(client.promises) > 50, RECOVERY_SECONDS, "first answers")

        cluster.stop()
        end = time.monotonic() + size.seconds
        while time.monotonic() < end:
            _is_away(service)
            assert memory_bytes(worker) < before + GROWTH_BYTES
        assert client.works()
        cluster.start()

        until(lambda: _status(service) == 200, RECOVERY_SECONDS, "ready again")
        promises = client.finish()
        assert service.worker == worker
        assert service.stop() == 0
        judge(service, promises, len(ids_of(items)))


def _is_away(service: Service) -> None:
    """What everybody is told while the database cannot be reached."""
    told = service.tell({"type": "cancel", "id": "never", "occurred_at": now(), "order": "none"})
    asked = service.ask("GET", "/v1/participants")
    for reply in (told, asked):
        assert (reply.status, reply.headers["retry-after"]) == (503, "5"), reply.body
        assert reply.headers["content-type"] == "application/problem+json"
    ready = service.readiness()
    assert ready is not None
    assert (ready.status, ready.json["database"]) == (503, "cannot be reached")
    assert service.ask("GET", "/healthz").status == 200


def _status(service: Service) -> int:
    reply = service.readiness()
    return reply.status if reply else 0


def test_a_database_that_does_not_answer(tmp_path: Path, size: Size) -> None:
    """It keeps its connections and says nothing, as behind a cut cable."""
    with ExitStack() as stack:
        cluster = stack.enter_context(own_cluster())
        service = Service(tmp_path, address(cluster), prepare(tmp_path, address(cluster), PROGRAM))
        stack.callback(service.kill)
        with parts_of(tmp_path, service.database) as parts:
            items = plan(parts.keyring, size.seed + 1, 400)
        service.start()
        worker, before = service.worker, memory_bytes(service.worker)
        client = stack.enter_context(telling(service, items, "client"))
        until(lambda: len(client.promises) > 50, RECOVERY_SECONDS, "first answers")

        cluster.signal(signal.SIGSTOP)
        _is_told_in_time(service)
        end = time.monotonic() + size.seconds
        while time.monotonic() < end:
            assert service.ask("GET", "/healthz").status == 200
            assert memory_bytes(worker) < before + GROWTH_BYTES
            time.sleep(0.05)
        cluster.signal(signal.SIGCONT)

        until(lambda: _status(service) == 200, RECOVERY_SECONDS, "ready again")
        promises = client.finish()
        assert service.worker == worker
        assert service.stop() == 0
        judge(service, promises, len(ids_of(items)))


def _is_told_in_time(service: Service) -> None:
    """Nobody waits for as long as the database is frozen, however many ask."""
    cancel = {"type": "cancel", "id": "never", "occurred_at": now(), "order": "none"}
    asks = [lambda: service.tell(cancel), lambda: service.ask("GET", "/v1/participants")] * 30
    with ThreadPoolExecutor(len(asks)) as pool:
        began = time.monotonic()
        replies = [one.result() for one in [pool.submit(ask) for ask in asks]]
        assert time.monotonic() - began < ANSWER_SECONDS
    assert {(reply.status, reply.headers.get("retry-after")) for reply in replies} == {(503, "5")}


def test_a_standby_that_is_promoted(tmp_path: Path, size: Size) -> None:
    """Where a database was, there is its standby: it answers, and may not be written until it is promoted."""
    with ExitStack() as stack:
        cluster = stack.enter_context(own_cluster(fsync="on"))
        service = Service(tmp_path, address(cluster), prepare(tmp_path, address(cluster), PROGRAM))
        stack.callback(service.kill)
        with parts_of(tmp_path, service.database) as parts:
            items = plan(parts.keyring, size.seed + 2, 400)
        service.start()
        client = stack.enter_context(telling(service, items, "client"))
        until(lambda: len(client.promises) > 50, RECOVERY_SECONDS, "first answers")

        cluster.stop()
        (cluster.data / "standby.signal").touch()
        cluster.start()
        until(lambda: service.ask("GET", "/v1/participants").status == 200, RECOVERY_SECONDS, "a page")
        for _ in range(3):
            refused = service.tell({"type": "cancel", "id": "never", "occurred_at": now(), "order": "none"})
            assert (refused.status, refused.headers.get("retry-after")) == (503, "5"), refused.body
        ready = service.readiness()
        assert ready is not None
        assert (ready.status, ready.json["database"]) == (503, "it is a standby, which cannot be written")
        with psycopg.connect(cluster.url.set(drivername="postgresql").render_as_string(False)) as admin:
            admin.execute("SELECT pg_promote()")
        until(lambda: _status(service) == 200, RECOVERY_SECONDS, "ready again")

        promises = client.finish()
        assert service.stop() == 0
        judge(service, promises, len(ids_of(items)))
