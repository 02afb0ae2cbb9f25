"""Asking over HTTP: whether somebody may be asked now, why not, and how often it was done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.web.making import PROGRAM, Site, event, order


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


MOMENTS = """
ask:
  moments:
    pass_it_on: {event: order, nth: 1, invited: true}
    delivered: {event: activity, activity: delivered}
    glad: {event: survey, recommend: 9}
  every: 60 days
  without_share: 1
"""


def at(shop: Site, participant: str) -> tuple[bool, str | None, list[str]]:
    found = shop.get(f"/v1/programs/demo/participants/{participant}/ask", "events")
    return found["ask"], found["moment"], [one["code"] for one in found["reasons"]]


def test_a_program_names_its_moments(site: Site) -> None:
    assert site.publish(PROGRAM + "activities: [delivered]\n" + MOMENTS).status_code == 201
    joined = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()
    ann = joined["participant"]
    assert at(site, ann) == (False, None, ["no_moment"])
    site.tell(order("o1", person={"id": "ann"}))
    assert at(site, ann) == (False, None, ["no_moment"])  # nobody invited her
    site.tell(event("survey", "s", program="demo", participant=ann, side="advocate", recommend=9))
    assert at(site, ann) == (True, "glad", [])
    site.tell(event("activity", "a", person={"id": "ann"}, name="delivered"))
    assert at(site, ann) == (True, "delivered", [])

    bob = site.tell(order("o2", order="o2", person={"id": "bob"}, code=joined["advocate_code"])).json()["participant"]
    assert at(site, bob) == (True, "pass_it_on", [])
    site.tell(event("ask", "asked", program="demo", place="order_done", participant=bob))
    assert at(site, bob) == (False, "pass_it_on", ["asked_recently", "asked_in_vain"])
    found = site.get(f"/v1/programs/demo/participants/{bob}/ask", "events", language="ar")
    assert found["limits"] == {"every_days": 60, "without_share": 1}
