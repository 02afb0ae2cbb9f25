"""A full disk: what does not fit is refused whole and may be sent again; once there is room, it is taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.faults.disk import Disk, file_limit, file_system
from tests.faults.judge import event_count
from tests.faults.load import CONNECTIONS, ids_of, judge, telling
from tests.faults.making import Size
from tests.faults.processes import until
from tests.faults.service import Service, parts_of, prepare
from tests.faults.story import PROGRAM, now, plan

FULL_SECONDS = 60
EVENTS = 3000
"""More than the disk holds."""


@pytest.mark.parametrize("kind", [file_system, file_limit])
def test_a_full_disk(tmp_path: Path, size: Size, kind: Callable[[Path], AbstractContextManager[Disk]]) -> None:
    with ExitStack() as stack:
        room = tmp_path / "disk"
        room.mkdir()
        try:
            disk = stack.enter_context(kind(room))
        except PermissionError:
            disk = stack.enter_context(file_limit(room))
        database = f"sqlite:///{room / 'goodword.db'}"
        service = Service(tmp_path, database, prepare(tmp_path, database, PROGRAM))
        stack.callback(service.kill)
        with parts_of(tmp_path, database) as parts:
            items = plan(parts.keyring, size.seed, EVENTS)
        service.start()
        disk.limit(service.worker)
        client = stack.enter_context(telling(service, items, "client", CONNECTIONS))

        probes: list[int] = []
        until(lambda: _probe(service, probes) == 503 or not client.works(), FULL_SECONDS, "a full disk")
        assert client.works(), "everything did fit"
        assert service.ask("GET", "/v1/participants").status == 200
        with parts_of(tmp_path, database) as parts:
            assert 0 < event_count(parts) < len(ids_of(items))
        disk.free(service.worker)

        promises = client.finish()
        assert service.stop() == 0
        judge(service, promises, len(ids_of(items)) + probes.count(200))


def _probe(service: Service, probes: list[int]) -> int:
    """Tell one event; 503 where it does not fit any more. Such a one is not told again, and must not be stored."""
    reply = service.tell({"type": "cancel", "id": f"probe {len(probes)}", "occurred_at": now(), "order": "none"})
    assert reply.status in (200, 503), reply.body
    assert reply.status == 200 or reply.headers["retry-after"] == "5"
    probes.append(reply.status)
    return reply.status
