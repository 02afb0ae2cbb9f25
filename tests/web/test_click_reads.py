"""Clicks as the API shows them, in the whole application."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodword.web.clicks import DAYS_MAX
from tests.edge.making import FIREFOX
from tests.web.making import Site, event

TODAY = datetime.now(UTC).date


def clicked(shop: Site, *paths: str, agent: str = FIREFOX) -> None:
    for path in paths:
        shop.ask("GET", path, headers={"user-agent": agent})


def until_drained(shop: Site, path: str, count: int) -> list[Any]:
    """The items of a list, as soon as there are so many."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        items: list[Any] = shop.get(path)["items"]
        if len(items) >= count:
            return items
        time.sleep(0.05)
    raise AssertionError(shop.get(path))


def advocate_code(shop: Site) -> str:
    answer = shop.tell(event("join", "j", program="demo", person={"id": "ann"})).text
    found = re.search('"advocate_code":"([^"]+)"', answer)
    assert found is not None, answer
    return found.group(1)


def test_the_clicks_of_a_code_are_listed_and_counted(shop: Site) -> None:
    code = advocate_code(shop)
    clicked(shop, f"/r/{code}?ch=mail", f"/r/{code.lower()}?ch=poster", f"/r/{code}")
    clicked(shop, f"/r/{code}", agent="WhatsApp/2.23.20.0 A")
    items = until_drained(shop, f"/v1/handles/{code}/hits", 3)
    assert [item["channel"] for item in items] == [None, "poster", "mail"]
    assert {item["program"] for item in items} == {"demo"}
    first = shop.get(f"/v1/handles/{code.lower()}/hits", limit=2)
    rest = shop.get(f"/v1/handles/{code}/hits", limit=2, after=first["next"])
    assert [*first["items"], *rest["items"]] == items
    assert rest["next"] is None
    counts = until_drained(shop, f"/v1/handles/{code}/counts", 2)
    assert counts == [
        {"day": TODAY().isoformat(), "kind": "person", "count": 3},
        {"day": TODAY().isoformat(), "kind": "preview", "count": 1},
    ]
    assert shop.get("/v1/programs/demo/counts")["items"] == counts
    before = shop.get("/v1/programs/demo/counts", until=TODAY().isoformat())
    assert before == {"items": [], "next": None}
    assert shop.get("/v1/programs/demo/counts", since=TODAY().isoformat())["items"] == counts


def test_a_referral_is_shown_with_the_clicks_that_came_before_it(shop: Site) -> None:
    code = advocate_code(shop)
    clicked(shop, f"/r/{code}?ch=mail")
    until_drained(shop, f"/v1/handles/{code}/hits", 1)
    claimed = shop.tell(event("claim", "c", code=code, person={"id": "bob"})).json()
    clicked(shop, f"/r/{code}?ch=late")
    until_drained(shop, f"/v1/handles/{code}/hits", 2)
    shown = shop.get(f"/v1/referrals/{claimed['referrals'][0]['id']}")
    assert [click["channel"] for click in shown["clicks"]] == ["mail"]


@pytest.mark.parametrize("path", ["/v1/handles/NOPE/hits", "/v1/handles/--/counts", "/v1/programs/nope/counts"])
def test_what_there_is_not_is_not_found(shop: Site, path: str) -> None:
    assert shop.ask("GET", path, "read").status_code == 404
    assert shop.ask("GET", path, "events").status_code == 403


def test_nonsense_is_told(shop: Site) -> None:
    code = advocate_code(shop)
    long_ago = (TODAY() - timedelta(days=DAYS_MAX + 1)).isoformat()
    for path, field in (
        (f"/v1/handles/{code}/hits?after=x", "after"),
        (f"/v1/handles/{code}/hits?after=1-x", "after"),
        (f"/v1/handles/{code}/counts?since={long_ago}", "since"),
        (f"/v1/handles/{code}/counts?since=yesterday", "since"),
        ("/v1/programs/demo/counts?until=0001-01-01", "until"),
    ):
        response = shop.ask("GET", path, "read")
        assert response.status_code == 422, (path, response.text)
        assert response.json()["field"] == field, path


def test_a_click_passes_no_other_layer_and_is_guarded_all_the_same(shop: Site) -> None:
    response = shop.ask("GET", "/r/NOPE")
    assert response.status_code == 404
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
