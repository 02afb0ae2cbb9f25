"""The same event from many at once, and through two processes: one decision, and everybody gets its answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import URL

from tests.faults.load import ids_of, judge, tell_past, telling
from tests.faults.making import Size
from tests.faults.service import Reply, Service, parts_of, prepare, serving
from tests.faults.story import PROGRAM, now, plan
from tests.postgres import fresh_database

AT_ONCE = 64


@pytest.fixture
def pair(postgres_server: URL, tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """Two processes, each with its own scheduler, on one PostgreSQL."""
    with ExitStack() as stack:
        database = stack.enter_context(fresh_database(postgres_server)).render_as_string(hide_password=False)
        secret = prepare(tmp_path, database, PROGRAM)
        services = (Service(tmp_path, database, secret, "one"), Service(tmp_path, database, secret, "two"))
        for service in services:
            stack.callback(service.kill)
            service.start()
        yield services


def at_once(services: tuple[Service, ...], method: str, path: str, body: Any) -> list[Reply]:
    """The same request from many connections at one moment."""
    barrier = threading.Barrier(AT_ONCE)
    replies: list[Reply] = []

    def ask(service: Service) -> None:
        barrier.wait()
        replies.append(service.ask(method, path, body))

    threads = [threading.Thread(target=ask, args=(services[n % len(services)],)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == AT_ONCE
    return replies


def one_answer(services: tuple[Service, ...]) -> None:
    """Told, bought, and redeemed by many at once."""
    service = services[0]
    base = {"occurred_at": now()}
    joined = service.tell({"type": "join", "id": "j", "person": {"id": "ann"}, "program": "faults", **base}).json
    claim = {"type": "claim", "id": "c", "code": joined["advocate_code"], "person": {"id": "bob"}, **base}
    order = {
        "type": "order",
        "id": "o",
        "order": "1",
        "person": {"id": "bob"},
        "total": 5000,
        "currency": "USD",
        **base,
    }
    for body in (claim, order):
        replies = at_once(services, "POST", "/v1/events", body)
        assert {reply.status for reply in replies} == {200}
        assert len({reply.body for reply in replies}) == 1
    coupon = next(one for one in claim_rewards(service) if one["rule"] == "welcome")
    replies = at_once(services, "POST", f"/v1/rewards/{coupon['id']}/redeem", {"id": "r"})
    assert {reply.status for reply in replies} == {200}, {reply.body for reply in replies}
    assert len({reply.body for reply in replies}) == 1
    for one in services:
        assert one.stop() == 0
    judge(service, [], 4)


def claim_rewards(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.ask("GET", "/v1/rewards").json["items"]
    return found


def test_many_tell_the_same_event(database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, database_url, PROGRAM) as service:
        one_answer((service,))


def test_many_tell_the_same_event_to_two_processes(pair: tuple[Service, Service]) -> None:
    one_answer(pair)


def test_two_processes_answer_as_one(pair: tuple[Service, Service], size: Size) -> None:
    """Every event goes through both, in two orders: whoever comes second gets the answer that the first one got."""
    one, other = pair
    chance = Random(size.seed)
    with parts_of(one.folder, one.database) as parts:
        early = tell_past(parts, spread_ms=5000)
        items = plan(parts.keyring, size.seed, size.events * 4)
    shuffled = sorted(items, key=lambda item: items.index(item) + chance.randint(0, 40))
    with telling(one, items, "first", 8) as first, telling(other, shuffled, "second", 8) as second:
        promises = first.finish() + second.finish()
    assert [service.stop() for service in pair] == [0, 0]
    judge(one, promises, early + len(ids_of(items)))
