"""A service under load: a client process that tells a plan, and the judgement afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from goodword.engine.ids import Keyring
from goodword.parts import Parts, now_ms
from goodword.pipeline.intake import decode_event, seal
from tests.faults.acknowledged import Item
from tests.faults.judge import event_count, findings
from tests.faults.processes import Group, python, started
from tests.faults.service import Service, parts_of
from tests.faults.story import past
from tests.faults.teller import KEY_VARIABLE, Promise, read_journals, write_plan, written_bytes
from tests.web.making import TENANT

CONNECTIONS = 16
WAIT_SECONDS = 120
SHOWN_MAX = 20


class Client:
    """A teller at work."""

    def __init__(self, group: Group, journals: Path, items: list[Item], said: Callable[[], str]) -> None:
        self.group = group
        self.journals = journals
        self.items = items
        self._said = said

    @property
    def promises(self) -> list[Promise]:
        """What was acknowledged so far."""
        return list(read_journals(self.journals))

    def works(self) -> bool:
        """Whether it has not ended; it must not have failed."""
        if not self.group.ended:
            return True
        assert self.group.process.returncode == 0, self._said()
        return False

    def finish(self) -> list[Promise]:
        """Wait until everything is acknowledged, for as long as it goes on."""
        written, end = -1, 0.0
        while self.works():
            if written_bytes(self.journals) > written:
                written, end = written_bytes(self.journals), time.monotonic() + WAIT_SECONDS
            assert time.monotonic() < end, f"nothing was acknowledged for {WAIT_SECONDS} seconds: {self._said()}"
            time.sleep(0.02)
        assert {promise.id for promise in self.promises if promise.kind == "events"} == ids_of(self.items)
        assert sum(promise.kind == "clicks" for promise in self.promises) == click_count(self.items)
        return self.promises


@contextmanager
def telling(service: Service, items: list[Item], name: str, connections: int = CONNECTIONS) -> Iterator[Client]:
    """A client process that tells a plan for as long as the block runs."""
    journals = service.folder / name
    journals.mkdir()
    file, log = service.folder / f"{name}.plan", service.folder / f"{name}.log"
    write_plan(file, items)
    command = python("tests.faults.teller", file, service.address_file, journals, connections, 36_000)
    with started(command, log, {KEY_VARIABLE: service.secret}) as group:
        yield Client(group, journals, items, lambda: log.read_text() + service.log.read_text())


def tell_past(parts: Parts, spread_ms: int) -> int:
    """Tell what happened before the load, so that dates fall due under it; how many events that are."""
    early = [sealed_past(parts.keyring, body) for body in past(parts.keyring, now_ms(), spread_ms)]
    parts.tenants.decide_all(TENANT, early)
    return len(early)


def sealed_past(keyring: Keyring, body: dict[str, Any]) -> Any:
    """An event of history, sealed."""
    return seal(decode_event(json.dumps(body).encode()), keyring, now_ms(), history=True)


def ids_of(items: list[Item]) -> set[str]:
    """The ids of all events of a plan."""
    return {body["id"] for item in items for body in bodies_of(item)}


def click_count(items: list[Item]) -> int:
    """How many clicks a plan has."""
    return sum(item.kind == "clicks" for item in items)


def bodies_of(item: Item) -> list[dict[str, Any]]:
    """The events of an item."""
    if item.kind != "events":
        return []
    return item.content if isinstance(item.content, list) else [item.content]


def judge(service: Service, promises: list[Promise], events: int) -> None:
    """Nothing is wrong with the data, and so many events of sources are stored."""
    with parts_of(service.folder, service.database) as parts:
        found = findings(parts, promises)
        assert not found, "\n".join(found[:SHOWN_MAX])
        assert event_count(parts) == events, f"{event_count(parts)} events are stored, {events} were told"
