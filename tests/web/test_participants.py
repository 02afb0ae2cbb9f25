"""Participants over HTTP: join, look up, correct, and the statement of a balance."""

from typing import Any

import pytest

from tests.web.making import Site, event, order

ANN = {"id": "ann", "email": "Ann@Example.com", "name": "Ann"}


def join(shop: Site, **more: Any) -> dict[str, Any]:
    response = shop.ask("POST", "/v1/participants", "events", json={"program": "demo", "person": ANN} | more)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_person_joins_once_however_often_it_is_told(shop: Site) -> None:
    first = join(shop, id="join-ann")
    assert first["advocate_code"]
    assert join(shop, id="join-ann") == first
    again = join(shop)
    assert (again["reasons"][0]["code"], again["advocate_code"]) == ("already_joined", first["advocate_code"])
    other = shop.ask(
        "POST", "/v1/participants", "events", json={"id": "join-ann", "program": "demo", "person": {"id": "x"}}
    )
    assert other.status_code == 409


@pytest.mark.parametrize("person", [{"id": "ann"}, {"email": "  ANN@example.com"}, ANN])
def test_a_participant_is_found_by_what_the_shop_knows(shop: Site, person: dict[str, str]) -> None:
    ann = join(shop)["participant"]
    found = shop.ask("POST", "/v1/participants/lookup", "events", json={"person": person})
    assert (found.status_code, found.json()["id"]) == (200, ann)
    assert "person" not in found.json()
    shown = shop.ask("POST", "/v1/participants/lookup", "read", "people", json={"person": person}).json()
    assert shown["person"] == ANN


@pytest.mark.parametrize(
    ("person", "status", "field"),
    [
        ({"id": "nobody"}, 404, None),
        ({"id": "ann", "email": "bob@example.com"}, 404, None),
        ({"name": "Ann"}, 422, "person"),
        ({"email": "ann"}, 422, "person.email"),
        ({"id": 5}, 422, "person.id"),
        ({"id": "a\0"}, 422, "person.id"),
    ],
)
def test_who_is_not_there_is_not_found(shop: Site, person: dict[str, Any], status: int, field: str | None) -> None:
    join(shop)
    shop.tell(order("o1", person={"id": "bob", "email": "bob@example.com"}))
    before = shop.counts()
    found = shop.ask("POST", "/v1/participants/lookup", "read", json={"person": person})
    assert (found.status_code, found.json().get("field")) == (status, field)
    assert shop.counts() == before


def test_an_id_that_no_database_holds_is_refused(shop: Site) -> None:
    told = {"id": "a\0", "program": "demo", "person": {"id": "x"}}
    refused = shop.ask("POST", "/v1/participants", "events", json=told)
    assert (refused.status_code, refused.json()["field"]) == (422, "id")


def test_a_person_is_corrected(shop: Site) -> None:
    ann = join(shop)["participant"]
    path = f"/v1/participants/{ann}"
    told = shop.ask("PATCH", path, "people", json={"person": {"email": "anna@example.com", "name": "Anna"}})
    assert told.json()["outcome"] == "accepted", told.text
    assert shop.get(path, "admin")["person"] == {"id": "ann", "email": "anna@example.com", "name": "Anna"}
    for email in ("anna@example.com", "ann@example.com"):
        found = shop.ask("POST", "/v1/participants/lookup", "read", json={"person": {"email": email}})
        assert found.json()["id"] == ann, "the address from before still leads to him"
    assert shop.ask("PATCH", "/v1/participants/pt_nobody", "people", json={"person": {"name": "x"}}).status_code == 404
    assert shop.ask("PATCH", path, "events", json={"person": {"name": "x"}}).status_code == 403


def test_a_statement_adds_up_over_its_pages(shop: Site) -> None:
    code = join(shop)["advocate_code"]
    for number in range(3):
        friend = {"id": f"friend {number}"}
        shop.tell([event("claim", f"c{number}", code=code, person=friend), order(f"o{number}", person=friend)])
    (ann,) = {one["participant"] for one in shop.get("/v1/rewards", "read")["items"] if one["rule"] == "credit"}
    for reward in shop.get(f"/v1/participants/{ann}/rewards")["items"]:
        shop.ask("POST", f"/v1/rewards/{reward['id']}/approve", "staff")
        shop.ask("POST", f"/v1/rewards/{reward['id']}/redeem", "staff", json={"amount": 500})
    path = f"/v1/participants/{ann}/statement"
    lines: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = shop.get(path, unit="USD", limit=2, **after)
        lines += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [line["amount"] for line in reversed(lines)] == [2000, -500] * 3
    standing = 0
    for line in reversed(lines):
        standing += line["amount"]
        assert line["balance"] == standing
        assert line["other"] in ("approved:demo", "redeemed:demo")
        assert line["reward"].startswith("rw_")
    assert shop.get(f"/v1/participants/{ann}/balances")["items"] == [{"unit": "USD", "amount": standing}]
    assert shop.get(path, unit="MB")["items"] == []
    assert shop.ask("GET", f"{path}?unit=USD&after=1-x-2", "read").status_code == 422


def test_a_copy_reads_all_events_in_their_order_and_goes_on_later(shop: Site) -> None:
    shop.tell([order(f"o{number}") for number in range(5)])
    seen: list[str] = []
    after = "0"
    while page := shop.get("/v1/events", limit=2, after=after):
        seen += [one["id"] for one in page["items"]]
        if not page["items"]:
            break
        after = page["next"]
    assert seen == ["published:demo:1", "o0", "o1", "o2", "o3", "o4"]
    shop.tell(order("o5"))
    later = shop.get("/v1/events", after=after, language="ro")["items"]
    assert [one["id"] for one in later] == ["o5"]
    assert later[0]["answer"]["reasons"][0]["sentence"]
