"""What an operator relies on: measures, limits, and that memory has an end."""

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goodword.storage import tables
from goodword.web.room import Room
from tests.web.making import TENANT, Opener, Site, event, order

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "operate.md"


def measured(site: Site) -> dict[str, float]:
    response = site.ask("GET", "/metrics", "metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


# measures -------------------------------------------------------------------------------------------------------------


def test_what_happened_is_measured(shop: Site) -> None:
    shop.tell(event("join", "j", program="demo", person={"id": "ann"}))
    shop.tell([order("a"), order("b"), order("b", total=7000)])
    shop.tell(order("bad", total=-1))
    shop.ask("GET", "/v1/events/j", "read")
    shop.ask("GET", "/no/such/page")
    found = measured(shop)
    assert found['goodword_events_total{outcome="accepted",type="join"}'] == 1
    assert sum(value for name, value in found.items() if name.startswith("goodword_events_total{")) == 3
    assert found["goodword_queue_events"] == 0
    assert found["goodword_queue_events_max"] == 10_000
    assert found["goodword_batch_events_sum"] == 4
    assert found["goodword_bodies_bytes"] == 0
    assert found["goodword_requests_in_flight"] == 1
    requests = {
        name.partition("count")[2]: value
        for name, value in found.items()
        if name.startswith("goodword_request_seconds_count")
    }
    assert requests['{method="POST",route="/v1/events",status="2xx"}'] == 2
    assert requests['{method="POST",route="/v1/events",status="4xx"}'] == 1
    assert requests['{method="GET",route="/v1/events/{event:path}",status="2xx"}'] == 1
    assert requests['{method="GET",route="none",status="4xx"}'] == 1


def test_what_waits_in_the_database_is_measured(shop: Site) -> None:
    # Nobody listens here: at its next turn it would say that nothing waits, whenever that is.
    shop.app.state.context.deliverer.stop()
    before = shop.parts.now_ms() - 90_000
    with shop.parts.database.write(TENANT) as connection:
        connection.execute(sa.update(tables.tenants).values(live=1))
        connection.execute(sa.delete(tables.outbox))
        waiting = {"tenant": TENANT, "seq": 1, "topic": "t", "doc": "{}"}
        rows = [waiting | {"id": 10**15 + id, "created_ms": before + id} for id in range(3)]
        due = {"tenant": TENANT, "id": "odd", "due_ms": before, "kind": "odd", "reference": "x", "doc": "{}"}
        parked = {"tenant": TENANT, "id": "p", "body": "{}", "error": "KeyError", "clock_ms": 1}
        # A date that nobody knows stays where it is.
        connection.execute(sa.insert(tables.outbox), rows)
        connection.execute(sa.insert(tables.dues), due)
        connection.execute(sa.insert(tables.parked), parked)
    found = measured(shop)
    assert found["goodword_database_up"] == 1
    assert found["goodword_outbox_rows"] == 3
    assert 90 <= found["goodword_outbox_oldest_seconds"] < 3600
    assert found["goodword_dues_overdue"] == 1
    assert found["goodword_parked_rows"] == 1


def test_while_the_database_is_away_the_scrape_answers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = site.secret("metrics")
    assert site.ask("GET", "/v1/participants", headers={"authorization": f"Bearer {secret}"}).status_code == 403
    monkeypatch.setattr(site.parts.database, "engine", None)
    found = measured(site)
    assert found["goodword_database_up"] == 0
    assert "goodword_outbox_rows" not in found
    assert found["goodword_queue_events"] == 0


def test_the_guide_names_every_measure_and_no_other(site: Site) -> None:
    text = GUIDE.read_text()
    named = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in re.findall(r"\bgoodword_[a-z_]+", text)}
    told = site.ask("GET", "/metrics", "metrics").text
    made = set(re.findall(r"^# HELP (goodword_\w+?)(?:_total)? ", told, re.MULTILINE))
    assert named == {name for name in made if not name.endswith("_created")}


def test_measures_need_a_key_unless_they_are_open(open_site: Opener) -> None:
    site = open_site()
    assert site.ask("GET", "/metrics").status_code == 401
    assert site.ask("GET", "/metrics", "events").status_code == 403
    for scope in ("metrics", "read", "admin"):
        assert site.ask("GET", "/metrics", scope).status_code == 200
    assert site.ask("GET", "/v1/participants", "metrics").status_code == 403


def test_measures_can_be_opened(open_site: Opener) -> None:
    site = open_site(metrics_open="1")
    assert "goodword_build" in site.ask("GET", "/metrics").text


# limits ---------------------------------------------------------------------------------------------------------------


def test_a_key_that_sends_too_much_waits_and_nothing_of_it_is_decided(open_site: Opener) -> None:
    site = open_site(rate_key="5")
    assert site.tell([order(f"o{n}") for n in range(12)]).status_code == 200
    refused = site.tell(order("late"))
    assert (refused.status_code, refused.json()["type"]) == (429, "/docs#too_many_requests")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 2
    assert site.counts()["events"] == 12
    # Another key has a bucket of its own.
    assert site.tell(order("other"), "events", "admin").status_code == 200
    assert "429" in site.ask("GET", "/openapi.json").json()["paths"]["/v1/events"]["post"]["responses"]


def test_reading_counts_as_well(open_site: Opener) -> None:
    site = open_site(rate_key="1")
    statuses = [site.ask("GET", "/v1/participants", "read").status_code for _ in range(5)]
    assert statuses[:2] == [200, 200]
    assert 429 in statuses


def test_an_address_that_guesses_waits_and_a_good_key_from_there_passes(open_site: Opener) -> None:
    site = open_site(rate_address="3")
    assert site.ask("GET", "/v1/participants", "read").status_code == 200
    guess = {"authorization": "Bearer gw_wrong"}
    statuses = [site.ask("GET", "/v1/participants", headers=guess).status_code for _ in range(5)]
    assert statuses[:3] == [401, 401, 401]
    assert statuses[4] == 429
    assert site.ask("GET", "/v1/participants").status_code == 429
    assert site.ask("GET", "/v1/participants", "read").status_code == 200


def test_behind_a_proxy_of_ours_its_clients_are_told_apart(open_site: Opener) -> None:
    site = open_site(rate_address="2", trusted_proxies="127.0.0.1")

    def status(client: str) -> int:
        headers = {"authorization": "Bearer gw_" + "x" * 43, "x-forwarded-for": client}
        return site.ask("GET", "/v1/participants", headers=headers).status_code

    assert [status("203.0.113.9") for _ in range(3)] == [401, 401, 429]
    assert [status("198.51.100.1"), status("9.9.9.9, 203.0.113.9")] == [401, 429], (
        "what stands left of him he may have written"
    )


# memory ---------------------------------------------------------------------------------------------------------------


def test_a_full_queue_sends_events_away_and_says_when_to_come_again(
    open_site: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site(queue_max="3", batch_max="1")
    gate, entered = threading.Event(), threading.Event()
    decide = site.parts.tenants.decide

    def held(*args: Any) -> Any:
        entered.set()
        assert gate.wait(30)
        return decide(*args)

    monkeypatch.setattr(type(site.parts.tenants), "decide", lambda _, *args: held(*args))
    secret = site.secret("events")

    async def ask() -> list[Any]:
        first = asyncio.create_task(_post(site, secret, [order("a")]))
        while not entered.is_set():
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(_post(site, secret, [order(f"w{n}") for n in range(3)]))
        while site.app.state.context.batcher.waiting < 3:
            await asyncio.sleep(0.01)
        refused = await _post(site, secret, [order("late")])
        gate.set()
        return [refused, await first, await waiting]

    refused, *answered = site.loop.run(ask())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["type"] == "/docs#overloaded"
    assert [answer.status_code for answer in answered] == [200, 200]
    assert site.counts()["events"] == 4


def test_the_bodies_of_all_requests_have_one_limit(open_site: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    site = open_site(bodies_max="8")
    reading, gate = asyncio.Event(), asyncio.Event()
    secret = site.secret("events")
    part = b" " * 3_000_000

    async def slow() -> Any:
        yield part
        reading.set()
        await gate.wait()
        yield b"[]"

    async def ask() -> list[Any]:
        held = [asyncio.create_task(_post(site, secret, content=slow())) for _ in range(2)]
        await reading.wait()
        while b"goodword_bodies_bytes 6e+06" not in site.parts.measures.text():
            await asyncio.sleep(0.01)
        refused = await _post(site, secret, content=part)
        small = await _post(site, secret, [order("small")])
        gate.set()
        return [refused, small, *[await one for one in held]]

    refused, small, *others = site.loop.run(ask())
    assert (refused.status_code, refused.json()["type"]) == (503, "/docs#overloaded")
    assert small.status_code == 200
    assert [one.status_code for one in others] == [422, 422]
    assert measured(site)["goodword_bodies_bytes"] == 0


def test_what_does_not_fit_is_not_held() -> None:
    room = Room(10)
    with room.share() as share:
        assert share.take(8)
        assert not share.take(3)
        assert share.take(2)
        assert room.held == 10
    assert room.held == 0


async def _post(site: Site, secret: str, json: Any = None, content: Any = None) -> Any:
    headers = {"authorization": f"Bearer {secret}"}
    body: dict[str, Any] = {"content": content} if content is not None else {"json": json}
    return await site.client.post("/v1/events", headers=headers, timeout=60, **body)
