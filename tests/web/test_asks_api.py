"""Asking over HTTP: whether somebody may be asked now, why not, and how often it was done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.web.making import Site, event, order


def asks(shop: Site, participant: str, **more: Any) -> tuple[bool, list[str]]:
    found = shop.get(f"/v1/programs/demo/participants/{participant}/ask", "events", **more)
    return found["ask"], [one["code"] for one in found["reasons"]]


def test_whether_somebody_may_be_asked(shop: Site) -> None:
    joined = shop.tell(event("join", "j", program="demo", person={"id": "ann"})).json()
    ann = joined["participant"]
    assert asks(shop, ann) == (False, ["nothing_received"])
    shop.tell(order("o1", person={"id": "ann"}))
    assert asks(shop, ann) == (True, [])
    told = shop.ask("POST", "/v1/asks", "events", json={"program": "demo", "place": "order_done", "participant": ann})
    assert told.json()["outcome"] == "accepted", told.text
    found = shop.get(f"/v1/programs/demo/participants/{ann}/ask", "read", language="ro")
    assert (found["ask"], found["asked"], found["joined"], found["invited"]) == (False, 1, True, False)
    assert found["limits"] == {"every_days": 30, "without_share": 3}
    assert "curând" in found["reasons"][0]["sentence"]
    assert found["last_asked_at"]
    shop.tell(event("refund", "r1", order="o1", amount=100))
    shop.tell(event("objection", "no", program="demo", participant=ann, why="?"))
    assert asks(shop, ann)[1] == ["last_order_came_back", "objection_is_open", "asked_recently"]
    paused = event("program", "p", program="demo", action="pause")
    assert shop.tell(paused, "programs").json()["outcome"] == "accepted"
    assert asks(shop, ann)[1][0] == "program_is_paused"


def test_a_friend_who_was_invited_is_known_as_one(shop: Site) -> None:
    code = shop.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    bob = shop.tell(order("o1", person={"id": "bob"}, code=code)).json()["participant"]
    found = shop.get(f"/v1/programs/demo/participants/{bob}/ask")
    assert (found["ask"], found["joined"], found["invited"]) == (True, False, True)


def test_what_is_not_there(shop: Site) -> None:
    ann = shop.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["participant"]
    for program, participant in (("demo", "pt_nobody"), ("other", ann)):
        path = f"/v1/programs/{program}/participants/{participant}/ask"
        assert shop.ask("GET", path, "read").status_code == 404
    assert shop.ask("GET", "/v1/programs/other/asks", "read").status_code == 404


def test_how_often_it_was_done(shop: Site) -> None:
    for number, place in enumerate(("order_done", "order_done", "newsletter")):
        shop.tell(event("ask", f"a{number}", program="demo", place=place, count=5))
    day = datetime.now(UTC).date().isoformat()
    assert shop.get("/v1/programs/demo/asks")["items"] == [
        {"day": day, "place": "newsletter", "count": 5},
        {"day": day, "place": "order_done", "count": 10},
    ]
    assert shop.get("/v1/programs/demo/asks", until=day)["items"] == []
