"""Endpoints through the API, with a real receiver on loopback."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.delivery.receiver import Answer, Receiver, receiving
from tests.web.making import Opener, Site, event, order

ALL = {"kind": "webhook", "topics": ["*"]}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def open_shop(open_site: Opener) -> Site:
    """A shop that may send to this machine, and looks for work all the time."""
    site = open_site(webhook_private="1", delivery_every="20")
    assert site.publish().status_code == 201
    return site


def make(site: Site, **given: Any) -> dict[str, Any]:
    response = site.ask("POST", "/v1/endpoints", "admin", json={**ALL, **given})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def until(done: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while not (found := done()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_what_is_told_is_what_a_get_answers_and_nothing_more(open_shop: Site, receiver: Receiver) -> None:
    made = make(open_shop, target=receiver.url, ordered=True)
    joined = open_shop.tell(event("join", "j1", program="demo", person={"id": "ann", "email": "ann@a.example"})).json()
    open_shop.tell(event("claim", "c1", code=joined["advocate_code"], person={"id": "bob"}))
    open_shop.tell(order("o1", person={"id": "bob"}))
    until(lambda: any(taken.body["type"] == "reward.issued" for taken in receiver.taken))
    verifier = Webhook(made["secret"])
    bodies = [verifier.verify(taken.raw, taken.headers) for taken in receiver.taken]
    assert [body["seq"] for body in bodies] == sorted(body["seq"] for body in bodies)
    issued = next(body for body in bodies if body["type"] == "reward.issued")
    assert issued["data"] == open_shop.get(f"/v1/rewards/{issued['data']['id']}", "read")
    assert "code" not in issued["data"]
    # Rendered when it was sent: nothing happened to the referral after this.
    converted = next(body for body in bodies if body["type"] == "referral.converted")
    assert converted["data"] == open_shop.get(f"/v1/referrals/{converted['data']['id']}", "read")
    assert "ann@a.example" not in str([taken.raw for taken in receiver.taken])


def test_an_endpoint_is_made_shown_changed_and_removed(open_shop: Site, receiver: Receiver) -> None:
    made = make(open_shop, target=receiver.url)
    path = f"/v1/endpoints/{made['id']}"
    shown = open_shop.get(path, "admin")
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert open_shop.get("/v1/endpoints", "admin")["items"] == [shown]
    paused = open_shop.ask("PATCH", path, "admin", json={"state": "paused", "topics": ["reward.*"]}).json()
    assert (paused["state"], paused["topics"], paused["target"]) == ("paused", ["reward.*"], receiver.url)
    off = open_shop.ask("PATCH", path, "admin", json={"state": "disabled"}).json()
    assert (off["state"], off["why"]) == ("disabled", "staff")
    on = open_shop.ask("PATCH", path, "admin", json={"state": "active"}).json()
    assert on["state"] == "active"
    assert "why" not in on
    assert open_shop.ask("DELETE", path, "admin").status_code == 204
    for method, where in (("GET", path), ("DELETE", path), ("POST", f"{path}/test"), ("POST", f"{path}/rotate")):
        assert open_shop.ask(method, where, "admin").status_code == 404
    assert open_shop.ask("PATCH", path, "admin", json={"state": "active"}).status_code == 404


def test_only_staff_see_endpoints(open_shop: Site, receiver: Receiver) -> None:
    made = make(open_shop, target=receiver.url)
    for path in ("/v1/endpoints", f"/v1/endpoints/{made['id']}", "/v1/deliveries"):
        assert open_shop.ask("GET", path, "read", "events").status_code == 403
        assert open_shop.ask("GET", path).status_code == 401
    assert open_shop.ask("POST", "/v1/endpoints", "events", json={**ALL, "target": receiver.url}).status_code == 403


def test_a_test_is_sent_at_once_and_told_what_came_of_it(open_shop: Site, receiver: Receiver) -> None:
    made = make(open_shop, target=receiver.url)
    path = f"/v1/endpoints/{made['id']}/test"
    first = open_shop.ask("POST", path, "admin").json()
    assert (first["status"], first["topic"], first["log"][0]["code"]) == ("delivered", "goodword.test", 204)
    receiver.say = lambda _: Answer(500)
    second = open_shop.ask("POST", path, "admin").json()
    assert (second["status"], second["log"][0]["code"]) == ("failed", 500)
    told = [Webhook(made["secret"]).verify(taken.raw, taken.headers) for taken in receiver.taken]
    assert [body["data"] for body in told] == [{"endpoint": made["id"]}] * 2
    assert open_shop.get(f"/v1/deliveries/{second['id']}", "admin") == second
    listed = open_shop.get("/v1/deliveries", "admin", topic="goodword.test", status="failed")["items"]
    assert [one["id"] for one in listed] == [second["id"]]


def test_a_secret_is_replaced_with_an_overlap(open_shop: Site, receiver: Receiver) -> None:
    made = make(open_shop, target=receiver.url)
    path = f"/v1/endpoints/{made['id']}"
    rotated = open_shop.ask("POST", f"{path}/rotate", "admin").json()
    assert rotated["secret"] != made["secret"]
    assert "secret" not in open_shop.get(path, "admin")
    open_shop.ask("POST", f"{path}/test", "admin")
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(receiver.taken[-1].raw, receiver.taken[-1].headers)
    early = open_shop.ask("POST", f"{path}/rotate", "admin")
    assert (early.status_code, "two secrets sign until" in early.json()["detail"]) == (422, True)
    open_shop.ask("POST", f"{path}/test", "admin")
    Webhook(made["secret"]).verify(receiver.taken[-1].raw, receiver.taken[-1].headers)
    hurried = {"overlap_seconds": 0, "force": True}
    at_once = open_shop.ask("POST", f"{path}/rotate", "admin", json=hurried).json()
    open_shop.ask("POST", f"{path}/test", "admin")
    assert len(receiver.taken[-1].headers["webhook-signature"].split(" ")) == 1
    Webhook(at_once["secret"]).verify(receiver.taken[-1].raw, receiver.taken[-1].headers)
    long = open_shop.ask("POST", f"{path}/rotate", "admin", json={"overlap_seconds": 10**9})
    assert (long.status_code, long.json()["field"]) == (422, "overlap_seconds")


def test_failed_deliveries_are_replayed_under_their_ids(open_shop: Site, receiver: Receiver) -> None:
    receiver.say = lambda _: Answer(410)
    made = make(open_shop, target=receiver.url, topics=["participant.joined"])
    began = datetime.now(UTC).isoformat()
    open_shop.tell(event("join", "j1", program="demo", person={"id": "ann"}))
    failed = until(lambda: open_shop.get("/v1/deliveries", "admin", status="failed")["items"])[0]
    path = f"/v1/endpoints/{made['id']}"
    assert open_shop.get(path, "admin")["why"] == "gone"
    assert open_shop.ask("POST", f"/v1/deliveries/{failed['id']}/replay", "admin").status_code == 422
    assert open_shop.ask("POST", f"{path}/replay", "admin", json={"since": began}).status_code == 422
    receiver.say = lambda _: Answer(200)
    open_shop.ask("PATCH", path, "admin", json={"state": "active"})
    assert open_shop.ask("POST", f"{path}/replay", "admin", json={"since": began}).json() == {"replayed": 1}
    until(lambda: open_shop.get(f"/v1/deliveries/{failed['id']}", "admin")["status"] == "delivered")
    again = open_shop.ask("POST", f"/v1/deliveries/{failed['id']}/replay", "admin").json()
    assert (again["id"], again["status"]) == (failed["id"], "waiting")
    until(lambda: len(open_shop.get(f"/v1/deliveries/{failed['id']}", "admin")["log"]) == 3)
    assert {taken.id for taken in receiver.taken} == {failed["id"]}
    assert open_shop.ask("POST", "/v1/deliveries/dl_nothing/replay", "admin").status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"target": "http://shop.example/x"}, "target"),
        ({"target": "https://127.0.0.1/x"}, "target"),
        ({"target": "https://169.254.169.254/latest/meta-data"}, "target"),
        ({"target": "https://localhost/x"}, "target"),
        ({"target": "https://name.invalid/x"}, "target"),
        ({"target": "https://user:word@1.1.1.1/x"}, "target"),
        ({"target": "https://1.1.1.1/x", "topics": []}, "topics"),
        ({"target": "https://1.1.1.1/x", "topics": ["*", "reward.exploded"]}, "topics[1]"),
        ({"target": "https://1.1.1.1/x", "topics": ["reward.issue*"]}, "topics[0]"),
        ({"target": "https://1.1.1.1/x", "topics": ["endpoint.disabled"]}, "topics[0]"),
        ({"target": "https://1.1.1.1/x", "language": "de"}, "language"),
        ({"target": "https://1.1.1.1/x", "kind": "pigeon"}, "kind"),
        ({"target": "https://1.1.1.1/x", "secret": "mine"}, None),
        ({"kind": "mail", "target": "staff"}, "target"),
        ({"kind": "mail", "target": "a@b.example\nBcc: c@d.example"}, "target"),
        ({"kind": "mail", "target": "a@b.example, c@d.example"}, "target"),
        ({}, None),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused_with_its_field(
    site: Site, given: dict[str, Any], field: str | None
) -> None:
    response = site.ask("POST", "/v1/endpoints", "admin", json={**ALL, **given})
    assert response.status_code == 422, response.text
    assert response.json().get("field") == field
    assert site.get("/v1/endpoints", "admin")["items"] == []


def test_a_public_address_is_taken(site: Site) -> None:
    assert make(site, target="https://1.1.1.1/hook")["state"] == "active"
    for body in (b"{", b"\xff", b""):
        assert site.ask("POST", "/v1/endpoints", "admin", content=body).status_code == 400
    assert site.ask("GET", "/v1/deliveries", "admin", params={"after": "x"}).json()["field"] == "after"
