"""Costs through the API: entered, listed, removed; what is refused names its field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.making import Opener, Site

YEAR = {"first_day": "2026-01-01", "last_day": "2026-12-31"}
SOFTWARE: dict[str, Any] = {"program": "demo", "kind": "software", **YEAR, "amount": 120_000, "currency": "USD"}


@pytest.fixture
def shop(open_site: Opener) -> Site:
    site = open_site()
    assert site.publish().status_code == 201
    return site


def enter(shop: Site, **changes: Any) -> Any:
    return shop.ask("POST", "/v1/costs", "staff", json={**SOFTWARE, **changes})


def test_a_cost_is_entered_once_shown_and_removed(shop: Site) -> None:
    made = enter(shop)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert {name: shown[name] for name in SOFTWARE} == SOFTWARE
    assert (shown["note"], shown["id"][:3]) == ("", "co_")
    again = enter(shop)
    assert (again.status_code, again.json()) == (200, shown)
    path = f"/v1/costs/{shown['id']}"
    assert shop.get(path) == shown
    other = enter(shop, program=None, kind="promotion", note="cards", id="invoice 7").json()
    assert (other["id"], other["program"]) == ("invoice 7", None)
    assert shop.get("/v1/costs")["items"] == [other, shown]
    assert shop.get("/v1/costs", program="demo")["items"] == [shown]
    assert shop.ask("DELETE", path, "staff").status_code == 204
    assert shop.ask("DELETE", path, "staff").status_code == 404
    assert shop.ask("GET", path, "read").status_code == 404
    assert shop.get("/v1/costs")["items"] == [other]
    assert enter(shop).status_code == 201


def test_pages_of_costs(shop: Site) -> None:
    made = [enter(shop, amount=number).json()["id"] for number in range(1, 6)]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = shop.get("/v1/costs", limit="2", **after)
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert sorted(found) == sorted(made)
    refused = shop.ask("GET", "/v1/costs", "read", params={"after": "nonsense"})
    assert (refused.status_code, refused.json()["field"]) == (422, "after")


REFUSED: dict[str, tuple[dict[str, Any], int, str | None]] = {
    "a kind that is none": ({"kind": "lunch"}, 422, "kind"),
    "a program that is none": ({"program": "dmeo"}, 422, "program"),
    "another currency than the program's": ({"currency": "EUR"}, 422, "currency"),
    "a currency that is none": ({"currency": "QQQ", "program": None}, 422, "currency"),
    "nothing": ({"amount": 0}, 422, "amount"),
    "parts of a cent": ({"amount": 1.5}, 422, "amount"),
    "a text as an amount": ({"amount": "1200.00"}, 422, "amount"),
    "upside down": ({"last_day": "2025-12-31"}, 422, "last_day"),
    "a day that is none": ({"first_day": "2026-02-30"}, 422, "first_day"),
    "eleven years": ({"last_day": "2037-01-01"}, 422, "last_day"),
    "a note of two lines": ({"note": "a\nb"}, 422, "note"),
    "an id with a space before": ({"id": " 7"}, 422, "id"),
    "a field that is none": ({"until": "2026-01-01"}, 422, None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_names_its_field(shop: Site, name: str) -> None:
    changes, status, field = REFUSED[name]
    refused = enter(shop, **changes)
    assert refused.status_code == status, refused.text
    assert refused.json().get("field") == field
    assert shop.get("/v1/costs")["items"] == []


def test_an_id_of_another_cost(shop: Site) -> None:
    assert enter(shop, id="invoice 7").status_code == 201
    refused = enter(shop, id="invoice 7", amount=1)
    assert (refused.status_code, refused.json()["field"]) == (409, "id")
    assert "another cost already" in refused.json()["detail"]


def test_who_may(shop: Site) -> None:
    cost = enter(shop).json()["id"]
    for scopes, method, path, status in (
        (("read",), "POST", "/v1/costs", 403),
        (("staff",), "GET", "/v1/costs", 403),
        (("events", "people", "programs"), "GET", f"/v1/costs/{cost}", 403),
        (("read",), "DELETE", f"/v1/costs/{cost}", 403),
        (("admin",), "DELETE", f"/v1/costs/{cost}", 204),
    ):
        assert shop.ask(method, path, *scopes).status_code == status, (scopes, method, path)  # type: ignore[arg-type]
