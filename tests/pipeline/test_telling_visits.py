"""Who tells of visits: in bounded pages, in the order of their days, by whoever comes first, and only where they pay."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from goodword.engine.events import Visits
from goodword.parts import Parts, open_parts
from goodword.pipeline import visits
from goodword.pipeline.batcher import Batcher, QueueFull
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.visits import VisitTeller
from goodword.program.duration import DAY_MS, iso
from goodword.rehearsal.history import StoredHistory
from goodword.settings import read_settings
from goodword.storage import hits, reads
from goodword.storage.audit import audit
from goodword.storage.database import create_tenant
from goodword.storage.hits import CountKey
from tests.web.making import TENANT

PROGRAM = """goodword: 1
program: blog
currency: USD
time_zone: UTC
steps: {bought: {event: order}}
rewards:
  visits:
    when: {visits: day}
    to: advocate
    benefit: {kind: points, amount: 1 star}
    caps: [{per: participant, period: week, amount: 1000 star}]
"""
TODAY = 20_500
NOW_MS = TODAY * DAY_MS + 2 * 3_600_000


class World:
    """A tenant with partners, a writer, and what the redirect has counted."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.batcher = Batcher(parts.tenants, parts.keyring, TENANT, 1000, 16)
        self.batcher.start()
        self.codes: list[str] = []

    def join(self, number: int, history: bool = False) -> None:
        bodies = [
            {"type": "join", "id": f"j{n}", "program": "blog", "person": {"id": f"p{n}"}, "occurred_at": iso(NOW_MS)}
            for n in range(number)
        ]
        sealed = [seal(decode_event(msgspec.json.encode(body)), self.parts.keyring, NOW_MS, history) for body in bodies]
        for future in self.batcher.submit(sealed):
            self.codes.append(msgspec.json.decode(future.result(30).answer)["advocate_code"])  # type: ignore[union-attr]

    def click(self, clicks: Mapping[tuple[str, int], int], kind: str = "person") -> None:
        """So many more of codes on days."""
        counts: Counter[CountKey] = Counter()
        for (code, day), count in clicks.items():
            counts[CountKey("blog", code, day, kind)] += count
            counts[CountKey("blog", "", day, kind)] += count
        with self.parts.database.write_aside() as connection:
            hits.store_hits(connection, TENANT, [], counts)

    def teller(self, batcher: Any = None) -> VisitTeller:
        return VisitTeller(batcher or self.batcher, self.parts.tenants, TENANT)

    def told(self) -> list[tuple[str, int, int]]:
        """What was told, in its order."""
        events = (one.sealed.event for one in StoredHistory(self.parts.database, TENANT))
        return [(event.code, event.day, event.count) for event in events if isinstance(event, Visits)]

    def paid(self) -> int:
        with self.parts.database.read() as connection:
            return sum(row.amount for row in reads.rewards(connection, TENANT, limit=500).items)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    parts = open_parts(read_settings({}, database=database_url, tenant=TENANT, secret_file=str(tmp_path / "key")))
    parts.database.migrate()
    with parts.database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    parts.tenants.publish(TENANT, PROGRAM, NOW_MS)
    made = World(parts)
    yield made
    made.batcher.stop()
    parts.database.close()


def never() -> bool:
    return False


def test_days_are_told_in_their_order_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "CODES_MAX", 2)
    world.join(5)
    codes = sorted(world.codes)
    days = range(TODAY - 8, TODAY + 1)
    world.click({(code, day): number + 1 for number, code in enumerate(codes) for day in days})
    world.click({(codes[0], day): 50 for day in days}, "bot")
    world.teller().run(NOW_MS, never)
    expected = [(code, day, n + 1) for day in range(TODAY - 7, TODAY) for n, code in enumerate(codes)]
    assert world.told() == expected
    assert world.paid() == 7 * (1 + 2 + 3 + 4 + 5)
    with world.parts.database.read() as connection:
        assert [finding.check for finding in audit(connection, TENANT) if "hit" not in finding.check] == []


def test_only_what_is_new_is_looked_at_and_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.join(2)
    one, other = world.codes
    world.click({(one, TODAY - 1): 3, (other, TODAY - 2): 2})
    teller = world.teller()
    teller.run(NOW_MS, never)
    looked: list[int] = []
    visited = hits.visited

    def noted(connection: Any, tenant: str, program: str, day: int, **more: Any) -> Any:
        looked.append(day)
        return visited(connection, tenant, program, day, **more)

    monkeypatch.setattr(hits, "visited", noted)
    teller.run(NOW_MS + 3_600_000, never)
    assert looked == [], "no number of a day has changed"
    world.click({(one, TODAY - 1): 4})
    teller.run(NOW_MS + 3_600_000, never)
    assert looked == [], "once an hour"
    teller.run(NOW_MS + 7_200_000, never)
    assert looked == [TODAY - 1]
    world.teller().run(NOW_MS, never)
    assert sorted(set(looked)) == [TODAY - 2, TODAY - 1]
    assert sorted(world.told()) == sorted([(one, TODAY - 1, 3), (one, TODAY - 1, 7), (other, TODAY - 2, 2)])


def test_two_processes_tell_nothing_twice(world: World) -> None:
    world.join(8)
    world.click({(code, TODAY - day): 5 for code in world.codes for day in (1, 2, 3)})
    second = Batcher(world.parts.tenants, world.parts.keyring, TENANT, 1000, 3)
    second.start()
    tellers = [world.teller(), world.teller(second)]
    threads = [threading.Thread(target=teller.run, args=(NOW_MS, never)) for teller in tellers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    second.stop()
    assert len(world.told()) == len(set(world.told())) == 24
    assert world.paid() == 24 * 5


def test_what_does_not_fit_is_told_the_next_time(world: World) -> None:
    world.join(1)
    world.click({(world.codes[0], TODAY - 1): 3})

    class Full:
        def submit(self, events: Any) -> Any:
            raise QueueFull

    teller = world.teller()
    teller._batcher = Full()  # type: ignore[assignment]
    teller.run(NOW_MS, never)
    assert world.told() == []
    teller._batcher = world.batcher
    teller.run(NOW_MS, lambda: True)
    assert world.told() == [], "a process that ends begins nothing"
    teller.run(NOW_MS, never)
    assert world.paid() == 3


def test_nothing_is_read_where_nothing_is_paid_for_visits(world: World) -> None:
    world.join(1)
    world.click({(world.codes[0], TODAY - 1): 3})
    world.parts.tenants.publish(TENANT, PROGRAM.replace("{visits: day}", "{step: bought}"), NOW_MS, why="fraud")
    read: list[str] = []
    sa.event.listen(world.parts.database.engine, "before_cursor_execute", lambda *given: read.append(given[2]))
    world.teller().run(NOW_MS, never)
    assert [statement for statement in read if "hit_counts" in statement] == []
    assert world.told() == []


def test_a_tenant_of_history_is_told_nothing(world: World) -> None:
    world.join(1, history=True)
    world.click({(world.codes[0], TODAY - 1): 3})
    world.teller().run(NOW_MS, never)
    assert world.told() == []


def test_nobody_outside_may_tell_visits() -> None:
    body = {
        "type": "visits",
        "id": "x",
        "occurred_at": iso(NOW_MS),
        "program": "blog",
        "code": "A",
        "day": 1,
        "count": 9,
    }
    with pytest.raises(Exception, match="visits"):
        decode_event(msgspec.json.encode(body))
