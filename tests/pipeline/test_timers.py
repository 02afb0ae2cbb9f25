"""The scheduler, on a database."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goodword.parts import Parts, open_parts
from goodword.pipeline.batcher import Batcher, Decided
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.scheduler import Every, Scheduler
from goodword.program.duration import DAY_MS, from_ms
from goodword.settings import read_settings
from goodword.storage import reads
from goodword.storage.database import create_tenant
from goodword.storage.load import load_tenant
from tests.web.making import PROGRAM, TENANT

START_MS = 1_770_000_000_000


@dataclass
class World:
    """A tenant with a batcher, and a clock that a test turns."""

    parts: Parts
    batcher: Batcher
    now_ms: int = START_MS

    def tell(self, history: bool = False, **event: Any) -> dict[str, Any]:
        raw = msgspec.json.encode({"occurred_at": from_ms(self.now_ms), **event})
        sealed = seal(decode_event(raw), self.parts.keyring, self.now_ms, history)
        result = self.batcher.submit([sealed])[0].result(30)
        assert isinstance(result, Decided)
        answer: dict[str, Any] = msgspec.json.decode(result.answer)
        return answer

    def refer(self, history: bool = False) -> None:
        joined = self.tell(history, type="join", id="j", program="demo", person={"id": "annabella"})
        self.tell(history, type="claim", id="c", code=joined["advocate_code"], person={"id": "bob"})
        self.tell(history, type="order", id="o", order="o", person={"id": "bob"}, total=6000, currency="USD")

    def statuses(self) -> dict[str, str]:
        with self.parts.database.read() as connection:
            return {row.rule: row.status for row in reads.rewards(connection, TENANT).items}

    def scheduler(self) -> Scheduler:
        return Scheduler(self.batcher, self.parts.tenants, TENANT, lambda: self.now_ms, 60_000)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    parts = open_parts(read_settings({}, database=database_url, tenant=TENANT, secret_file=str(tmp_path / "key")))
    parts.database.migrate()
    with parts.database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    parts.tenants.publish(TENANT, PROGRAM, START_MS)
    batcher = Batcher(parts.tenants, parts.keyring, TENANT, 100, 10)
    batcher.start()
    yield World(parts, batcher)
    batcher.stop()
    parts.database.close()


def test_what_falls_due_is_decided_though_no_event_comes(world: World) -> None:
    world.refer()
    assert world.statuses()["credit"] == "pending"
    world.now_ms += 29 * DAY_MS
    world.scheduler().run_once()
    assert world.statuses()["credit"] == "pending"
    world.now_ms += 2 * DAY_MS
    world.scheduler().run_once()
    assert world.statuses()["credit"] == "issued"


def test_a_tenant_of_history_waits_for_its_clock(world: World) -> None:
    world.refer(history=True)
    world.now_ms += 31 * DAY_MS
    world.scheduler().run_once()
    assert world.statuses()["credit"] == "pending"
    world.tell(True, type="time_passed", id="t")
    assert world.statuses()["credit"] == "issued"
    with world.parts.database.read() as connection:
        assert not load_tenant(connection, TENANT).live


def test_a_thread_survives_its_failures() -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise RuntimeError

    every = Every("test", 1, fail)
    every.start()
    end = time.monotonic() + 10
    while len(calls) < 3 and time.monotonic() < end:
        time.sleep(0.005)
    every.stop()
    assert len(calls) >= 3
