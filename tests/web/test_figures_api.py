"""Figures by the API: made by a process of their own, over facts of a moment ago."""

import asyncio
import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from goodword.metrics.definitions import METRICS
from goodword.metrics.periods import Days
from goodword.warehouse.asked import Asked
from goodword.warehouse.task import Task
from goodword.web import desk
from goodword.web.desk import Desk, Enquiry, TooManyAsk
from tests.web.making import Opener, Site, event, order

ROUTE = "/v1/programs/demo/figures"
DAYS = Days("2026", date(2026, 1, 1), date(2026, 12, 31))
THIS_MONTH = datetime.now(UTC).strftime("%Y-%m")


@pytest.fixture
def lived(open_site: Opener) -> Site:
    """Ann, who is a customer, brought three, of whom two bought."""
    site = open_site()
    assert site.publish().status_code == 201
    assert site.tell(order("first", order="first", person={"id": "ann"})).status_code == 200
    code = site.tell(event("join", "join", program="demo", person={"id": "ann"})).json()["advocate_code"]
    assert site.tell(event("share", "share", code=code, channel="whatsapp")).status_code == 200
    for number in (1, 2):
        bought = order(f"order {number}", order=f"o{number}", person={"id": f"friend {number}"}, code=code)
        assert site.tell(bought).status_code == 200
    assert site.tell(event("claim", "claim", code=code, person={"id": "friend 3"})).status_code == 200
    return site


def asked(site: Site, **params: Any) -> Any:
    answer = site.ask("GET", ROUTE, "read", params={"period": THIS_MONTH} | params)
    assert answer.status_code == 200, answer.text
    return answer


def figure(told: Any, metric: str, **said: Any) -> Any:
    (found,) = [
        one
        for one in told["figures"]
        if one["metric"] == metric and one["period"] == THIS_MONTH and all(one.get(k) == v for k, v in said.items())
    ]
    return found


def test_what_a_program_comes_to(lived: Site) -> None:
    told = asked(lived).json()
    assert (told["program"], told["currency"], told["period"]["name"]) == ("demo", "USD", THIS_MONTH)
    assert {one["metric"] for one in told["figures"]} == set(METRICS) - {"target_customers"}
    counts = {
        name: figure(told, name)["value"] for name in ("customers", "shares", "leads", "conversions", "new_customers")
    }
    assert counts == {"customers": 3, "shares": 1, "leads": 3, "conversions": 2, "new_customers": 2}
    # The program does not say what is left of an order: that is not the same as nothing.
    for name in ("referred_margin", "value_referred", "value_curve", "return_on_investment", "payback_days"):
        assert figure(told, name)["value"] is None
    rate = figure(told, "conversion_rate")
    assert (rate["numerator"], rate["denominator"], rate["maturity"]) == (0, 1, 0.0)  # two came with their very order
    assert "young_cohort" in rate["warnings"]
    referral = figure(told, "referral_rate")
    assert (referral["numerator"], referral["denominator"]) == (1, 3)
    assert 0 < referral["low"] < 1 / 3 < referral["high"] < 1


def test_one_figure_by_channel_with_a_trend(lived: Site) -> None:
    told = asked(lived, metric="shares", by="channel", trend="true").json()
    assert figure(told, "shares", dimension="channel") | {"version": 1} == {
        "metric": "shares",
        "period": THIS_MONTH,
        "unit": "count",
        "value": 1,
        "dimension": "channel",
        "of": "whatsapp",
        "version": 1,
    }
    assert len(told["trend"]) == 12
    assert {one["period"] for one in told["figures"]} == {*(days["name"] for days in told["trend"]), "all"}


def test_what_was_told_since_is_there_a_minute_later(lived: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert figure(asked(lived, metric="customers").json(), "customers")["value"] == 3
    assert lived.tell(order("later", order="later", person={"id": "eve"})).status_code == 200
    assert figure(asked(lived, metric="customers").json(), "customers")["value"] == 3
    monkeypatch.setattr(desk, "FRESH_SECONDS", 0.0)
    assert figure(asked(lived, metric="customers").json(), "customers")["value"] == 4


def test_as_csv(lived: Site) -> None:
    answer = asked(lived, metric="shares", format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["metric"], row["period"], row["value"]) for row in rows] == [
        ("shares", THIS_MONTH, "1"),
        ("shares", "all", "1"),
    ]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/programs/nothing/figures", 404, None),
        (f"{ROUTE}?period=yesterday", 422, "period"),
        (f"{ROUTE}?period=2026-13", 422, "period"),
        (f"{ROUTE}?metric=nothing", 422, "metric"),
        (f"{ROUTE}?by=nothing", 422, "by.0"),
        (f"{ROUTE}?by=segment", 422, "segment"),
        (f"{ROUTE}?by=segment&segment=nothing", 422, "segment"),
        ("/v1/programs/demo/metrics/nothing", 404, None),
    ],
)
def test_what_is_asked_wrongly(lived: Site, path: str, status: int, field: str | None) -> None:
    answer = lived.ask("GET", path, "read")
    assert (answer.status_code, answer.json().get("field")) == (status, field)


def test_every_figure_shows_its_definition(open_site: Opener) -> None:
    """Asked one after the other: each process that writes queries takes seconds to start."""
    site = open_site()
    assert site.publish().status_code == 201
    for metric in METRICS:
        told = site.get(f"/v1/programs/demo/metrics/{metric}", "read")
        assert told["name"] == metric
        assert bool(told.get("sql")) == (METRICS[metric].kind != "derived"), metric


def test_no_more_wait_than_may_and_who_fails_says_so() -> None:
    async def played() -> None:
        desk_of_tests = Desk()
        tasks = [
            Task("sqlite:////nowhere/at/all.db", "t", "/nowhere", Asked(f"p{number}", DAYS))
            for number in range(desk.WAITING_MAX + 3)
        ]
        try:
            for task in tasks[: desk.WAITING_MAX]:
                await desk_of_tests.ask(task, 0.0)
            desk_of_tests._queue.put_nowait(Enquiry(tasks[-1]))  # however fast the first was taken
            with pytest.raises(TooManyAsk):
                await desk_of_tests.ask(tasks[-2], 0.0)
            first = await desk_of_tests.ask(tasks[0], 30.0)
            assert first.measured is None
            assert first.error
        finally:
            await desk_of_tests.stop()

    asyncio.run(played())


def test_who_asks_while_the_idle_process_ends_is_answered(lived: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "IDLE_SECONDS", 0.05)
    real = Desk._end

    async def end(self: Desk) -> None:
        await asyncio.sleep(0.3)
        await real(self)

    monkeypatch.setattr(Desk, "_end", end)
    task = desk.copying_task(lived.parts.settings)

    async def played() -> None:
        own = Desk()
        for number in range(2):
            answer = await own.ask(
                replace(task, asked=Asked("demo", DAYS, metrics=(("customers", "leads")[number],))), 30.0
            )
            assert answer.measured is not None
            await asyncio.sleep(0.15)  # by now it is ending
        await own.stop()

    asyncio.run(asyncio.wait_for(played(), 60))


def test_a_process_that_says_nothing_is_not_waited_for_without_end(
    lived: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "SILENT_SECONDS", 0.0)
    assert lived.ask("GET", ROUTE, "read", params={"metric": "customers"}).status_code == 500
    monkeypatch.setattr(desk, "SILENT_SECONDS", 60.0)
    assert asked(lived, metric="customers").json()["figures"]


def test_facts_are_copied_although_nobody_asks(lived: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = lived.parts.settings
    folder = settings.warehouse / f"tenant={settings.tenant}"
    folder.mkdir(parents=True)

    async def played() -> None:
        own = Desk()
        own.keep_copied(desk.copying_task(settings), folder)
        for _ in range(300):
            await asyncio.sleep(0.1)
            if (folder / "manifest.json").exists():
                break
        await own.stop()

    monkeypatch.setattr(desk, "COPY_SECONDS", 0.2)
    asyncio.run(asyncio.wait_for(played(), 60))
    assert (folder / "manifest.json").exists()
