"""A slow reader on SQLite: writers do not wait for it, and the log it made grow is cut down afterwards."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

from goodword.storage.database import WAL_BYTES
from tests.faults.load import ids_of, judge, telling
from tests.faults.making import Size
from tests.faults.service import Service, parts_of, serving
from tests.faults.story import PROGRAM, now, plan

EVENTS = 4000
"""Enough to make the log larger than what it is cut down to."""


def test_a_slow_reader(tmp_path: Path, size: Size) -> None:
    file = tmp_path / "goodword.db"
    log = tmp_path / "goodword.db-wal"
    with serving(tmp_path, f"sqlite:///{file}", PROGRAM) as service:
        with parts_of(tmp_path, service.database) as parts:
            items = plan(parts.keyring, size.seed, EVENTS)
        slow = _half_asked(service)
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            before = _count(reader)
            with telling(service, items, "client") as client:
                promises = client.finish()
            assert _count(reader) == before, "the reader sees one moment for as long as it reads"
            grown = log.stat().st_size
            assert grown > WAL_BYTES, "the reader held nothing up: the test is too small"
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")
        slow.close()
        for number in range(3):
            assert service.tell(_cancel(number)).status == 200
        assert log.stat().st_size <= WAL_BYTES
        with closing(sqlite3.connect(file)) as reader:
            busy, written, moved = reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            assert (busy, written) == (0, moved)
        assert service.stop() == 0
        judge(service, promises, len(ids_of(items)) + 3)


def _half_asked(service: Service) -> socket.socket:
    """A client that asks for a page and does not take it."""
    slow = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    slow.sendall(f"GET /v1/participants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.secret}\r\n\r\n".encode())
    return slow


def _cancel(number: int) -> dict[str, str]:
    return {"type": "cancel", "id": f"after {number}", "occurred_at": now(), "order": "none"}


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM events").fetchone()[0])
