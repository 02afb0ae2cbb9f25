"""Who waits for an event that cannot be decided for a while is told so in time, and may ask again under the same id."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from goodword.web import events
from tests.web.making import TENANT, Site, order

SECONDS = 0.5


@contextmanager
def held_up(site: Site) -> Iterator[None]:
    """Somebody else holds the tenant: no batch gets on."""
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with site.parts.database.write(TENANT):
            holding.set()
            release.wait(60)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        holding.wait(60)
        try:
            yield
        finally:
            release.set()
            held.result(60)


def test_who_waits_too_long_is_told_so_and_may_ask_again(shop: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.secret("events")
    assert shop.tell(order("before")).status_code == 200  # the key is known from now on
    monkeypatch.setattr(events, "ANSWER_SECONDS", SECONDS)
    told = {id: order(id) for id in ("o1", "o2", "o3")}
    batcher = shop.app.state.context.batcher
    own: dict[str, Any] = {"program": "demo", "person": {"id": "ann"}}
    with held_up(shop):
        began = time.monotonic()
        first = shop.tell(told["o1"])
        # The first one is being decided; those behind it wait in the queue, and leave it.
        second = shop.tell(told["o2"])
        array = shop.tell([told["o3"], order("before"), {"type": "nothing"}])
        told_now = shop.ask("POST", "/v1/participants", "events", json=own)
        assert time.monotonic() - began < 4 * (SECONDS + 5)
        assert batcher.waiting == 0
    for late, id in ((first, "o1"), (second, "o2"), (told_now, told_now.json()["event"])):
        assert (late.status_code, late.headers["retry-after"], late.json()["event"]) == (503, "5", id)
    assert [item["problem"]["status"] for item in array.json()] == [503, 503, 422]
    monkeypatch.setattr(events, "ANSWER_SECONDS", 60.0)
    assert [shop.tell(one).status_code for one in told.values()] == [200, 200, 200]
    assert [shop.get(f"/v1/events/{id}")["id"] for id in told] == ["o1", "o2", "o3"]
    joined = shop.ask("POST", "/v1/participants", "events", json={**own, "id": told_now.json()["event"]}).json()
    assert joined["outcome"] == "accepted"
    assert shop.counts()["handles"] == 1, "asked twice, done once"
