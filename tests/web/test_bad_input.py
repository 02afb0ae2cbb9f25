"""What cannot be accepted is refused with a reason and a field, and nothing of it is stored."""

import asyncio
import json
from typing import Any

import pytest

from goodword.storage.keys import Scope
from tests.web.making import Opener, Site, event, order

Case = tuple[str, Any, int, str | None, str]
"""A name; a body, as data or as bytes; the status, the field and a word of the detail."""

CASES: list[Case] = [
    ("not JSON", b"{'id': 1}", 400, None, "malformed"),
    ("empty body", b"", 400, None, "truncated"),
    ("cut off", b'{"id": "a', 400, None, "truncated"),
    ("bad UTF-8", b'{"id": "\xff"}', 400, None, "UTF-8 at byte 8"),
    ("UTF-16", json.dumps(order("a")).encode("utf-16"), 400, None, "UTF-8"),
    ("deep arrays", b"[" * 50_000, 400, None, "deep"),
    ("deep objects", b'{"a":' * 50_000, 400, None, "deep"),
    ("a deep field", {**order("a"), "fields": {"a": [[[]]]}}, 422, "fields[...]", "Expected"),
    ("two documents", b"{}{}", 400, None, "malformed"),
    ("a number", b"1", 422, None, "object"),
    ("a body too large", b" " * (4 * 1024 * 1024 + 1), 413, None, "bytes"),
    ("an event too large", {**order("a"), "fields": {"a": "x" * 70_000}}, 422, None, "bytes"),
    ("an array of 1001", [order(f"o{i}") for i in range(1001)], 422, None, "1 to 1000"),
    ("an empty array", [], 422, None, "1 to 1000"),
    ("no type", {"id": "a"}, 422, "type", "type"),
    ("an unknown type", {**order("a"), "type": "explode"}, 422, "type", "explode"),
    ("an internal type", event("published", "a", program="demo", version=2), 422, "type", "published"),
    ("an unknown key", {**order("a"), "totl": 1}, 422, "totl", "totl"),
    ("a wrong type", order("a", total="60"), 422, "total", "Expected `int`"),
    ("a fraction", order("a", total=60.5), 422, "total", "Expected `int`"),
    ("a truth for a number", order("a", total=True), 422, "total", "Expected `int`"),
    ("a negative total", order("a", total=-1), 422, "total", ">= 0"),
    ("more than 64 bits", order("a", total=2**70), 422, "total", "<="),
    ("a field of more than 64 bits", order("a", fields={"n": 2**63}), 422, "fields.n", "64 bits"),
    ("a currency in small letters", order("a", currency="usd"), 422, "currency", "matching"),
    ("no currency", {k: v for k, v in order("a").items() if k != "currency"}, 422, "currency", "currency"),
    ("an empty id", {**order("a"), "id": ""}, 422, "id", "length"),
    ("a long id", {**order("a"), "id": "x" * 101}, 422, "id", "length"),
    ("an internal id", {**order("a"), "id": "due:rw_1:5"}, 422, "id", "our own"),
    ("NUL in an id", {**order("a"), "id": "a\0b"}, 422, "id", "control"),
    ("NUL in a field's name", order("a", fields={"a\0": 1}), 422, "fields", "control"),
    ("an escape code in a name", order("a", person={"id": "1", "name": "\x1b[2J"}), 422, "person.name", "control"),
    ("a lone surrogate", b'{"type":"order","id":"\\ud800", "a": 1}', 400, None, "malformed"),
    ("nobody", order("a", person={}), 422, "person", "at least one"),
    ("a person by signals only", order("a", person={"device": "d"}), 422, "person", "at least one"),
    ("an e-mail address that is none", order("a", person={"email": "ann"}), 422, "person.email", "e-mail"),
    ("a local phone number", order("a", person={"phone": "0721 234 567"}), 422, "person.phone", "international"),
    ("an id of direction marks", order("a", person={"id": "\u202e\u200f"}), 422, "person.id", "empty"),
    ("a code of direction marks", event("share", "a", code="\u202e\u2066", channel="sms"), 422, "code", "no letter"),
    ("no zone", {**order("a"), "occurred_at": "2026-03-05T10:00:00"}, 422, "occurred_at", "zone"),
    ("a future date", {**order("a"), "occurred_at": "2999-01-01T00:00:00Z"}, 422, "occurred_at", "future"),
    ("before 1970", {**order("a"), "occurred_at": "1969-12-31T23:59:59Z"}, 422, "occurred_at", "1970"),
    ("year one", {**order("a"), "occurred_at": "0001-01-01T00:00:00+14:00"}, 422, "occurred_at", ""),
    ("a date that is none", {**order("a"), "occurred_at": "2026-02-30T00:00:00Z"}, 422, "occurred_at", "Invalid"),
    ("live time passing", event("time_passed", "a"), 422, "type", "history"),
    ("a code used twice", order("a", redeems=[{"code": "AB C"}, {"code": "abc"}]), 422, "redeems", "twice"),
    ("too many redemptions", order("a", redeems=[{"code": f"c{i}"} for i in range(21)]), 422, "redeems", "20"),
    ("a reward action", event("reward", "a", reward="rw_1", action="approve"), 403, None, "staff"),
    ("a review", event("review", "a", referral="rf_1", verdict="approve"), 403, None, "staff"),
    ("a submission", event("moderation", "a", submission="X7", verdict="approve"), 403, None, "staff"),
    ("a payout", event("payout", "a", payout="po_1", action="pay"), 403, None, "staff"),
    ("paying out", event("pay_out", "a", program="demo", participant="pt_1"), 403, None, "staff"),
    ("a switched code", event("handle", "a", code="X7", action="disable"), 403, None, "staff"),
    ("a correction", event("profile", "a", participant="pt_1", person={"id": "x"}), 403, None, "people"),
    (
        "a code that is too short",
        event("link", "a", person={"id": "x"}, program="demo", code="ab"),
        422,
        "code",
        "4 to",
    ),
    ("a page that is none", event("link", "a", person={"id": "x"}, program="d", target="//x"), 422, "target", "slash"),
]


def test_what_cannot_be_accepted_is_refused_and_not_stored(shop: Site) -> None:
    before = shop.counts()
    for name, body, status, field, word in CASES:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = shop.ask("POST", "/v1/events", "events", content=raw)
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json", name
        assert (response.status_code, problem["status"]) == (status, status), (name, problem)
        assert problem.get("field") == field, (name, problem)
        assert word in problem["detail"], (name, problem)
        assert problem["type"].startswith("/docs#"), name
    assert shop.counts() == before


def test_in_an_array_each_has_its_own_problem(shop: Site) -> None:
    bad = [body for _, body, status, _, _ in CASES if isinstance(body, dict) and status in (403, 422)]
    before = shop.counts()["events"]
    answers = shop.tell([order("first"), *bad, order("last")]).json()
    assert [one.get("event") for one in (answers[0], answers[-1])] == ["first", "last"]
    assert all(one["problem"]["status"] in (403, 422) for one in answers[1:-1])
    assert shop.counts()["events"] == before + 2


def test_what_looks_dangerous_is_only_text(shop: Site) -> None:
    name = "Robert'); DROP TABLE people;--"
    joined = shop.tell(event("join", "j'; --", program="demo", person={"id": name, "name": name})).json()
    person = shop.get(f"/v1/participants/{joined['participant']}", "admin")["person"]
    assert person == {"id": name, "name": name}
    assert shop.get("/v1/events/j'; --")["answer"]["outcome"] == "accepted"
    code = joined["advocate_code"]
    typed = f"\u202e {code[:4].lower()}-{code[4:]}\u2069"
    claimed = shop.tell(event("claim", "c", code=typed, person={"id": "bob"})).json()
    assert claimed["outcome"] == "accepted"
    unknown = shop.tell(event("claim", "c2", code="' OR 1=1", person={"id": "bob"})).json()
    assert unknown["reasons"][0]["code"] == "unknown_code"


def test_an_id_told_again_gives_its_first_answer_or_a_conflict(shop: Site) -> None:
    told = order("a")
    first = shop.tell(told)
    assert shop.tell(told).content == first.content
    before = shop.counts()
    conflict = shop.tell({**told, "total": 7000})
    assert (conflict.status_code, conflict.json()["field"]) == (409, "id")
    assert shop.counts() == before
    one, other = order("b"), order("b", total=1)
    answers = shop.tell([one, other, one, told]).json()
    assert answers[0] == answers[2]
    assert answers[1]["problem"]["status"] == 409
    assert answers[3] == first.json()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "gw_x"}, 401),
        ({"authorization": "Basic gw_x"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer gw_" + "x" * 43}, 401),
        ({"authorization": "Bearer gw_" + "x" * 5000}, 401),
    ],
)
def test_without_a_key_nothing_is_said(site: Site, headers: dict[str, str], status: int) -> None:
    for method, path in (("POST", "/v1/events"), ("GET", "/v1/participants/x"), ("POST", "/v1/programs")):
        response = site.ask(method, path, headers=headers)
        assert response.status_code == status
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/events", "read"),
        ("POST", "/v1/events", "history"),
        ("GET", "/v1/participants", "events"),
        ("GET", "/v1/rewards", "history"),
        ("GET", "/v1/events/x", "history"),
        ("POST", "/v1/programs", "read"),
        ("POST", "/v1/rewards/x/approve", "events"),
    ],
)
def test_a_key_without_the_scope_is_refused(site: Site, method: str, path: str, scope: Scope) -> None:
    assert site.ask(method, path, scope).status_code == 403


def test_history_needs_its_header_and_its_scope(shop: Site) -> None:
    past = {**order("p"), "occurred_at": "2024-01-01T00:00:00Z"}
    history = {"Goodword-History": "1"}
    assert shop.tell(past, "events", headers=history).status_code == 403
    assert shop.tell(past, "events", "history", headers={"Goodword-History": "yes"}).status_code == 400
    assert shop.tell(past, "events", "history", headers=history).status_code == 200
    assert shop.get("/v1/events/p")["clock"] == "2024-01-01T00:00:00Z"
    assert shop.tell(event("time_passed", "t"), "events", "history", headers=history).status_code == 200
    shop.tell(order("live"), "events", "history")
    assert shop.get("/v1/events/live")["history"] is False


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/participants?limit=0", 422, "limit"),
        ("/v1/participants?limit=201", 422, "limit"),
        ("/v1/participants?limit=x", 422, "limit"),
        ("/v1/participants?after=x", 422, "after"),
        ("/v1/participants?after=99999999999999999999-x", 422, "after"),
        ("/v1/rewards?status=lost", 422, "status"),
        ("/v1/referrals?advocate=a%00b", 422, "advocate"),
        ("/v1/referrals?after=%ff", 422, "after"),
        ("/v1/answers", 422, "reference"),
        ("/v1/answers?reference=a%00", 422, "reference"),
        ("/v1/answers?reference=a&after=1e5", 422, "after"),
        ("/v1/events/x?language=xx", 422, "language"),
        ("/v1/participants/a%00b", 422, "participant"),
        ("/v1/participants/" + "a" * 101, 422, "participant"),
        ("/v1/participants/nobody", 404, None),
        ("/v1/participants/nobody/balances", 404, None),
        ("/v1/participants/nobody/rewards", 404, None),
        ("/v1/participants/%ff", 404, None),
        ("/v1/referrals/nothing", 404, None),
        ("/v1/rewards/nothing", 404, None),
        ("/v1/events/nothing/at/all", 404, None),
        ("/v1/programs/nothing", 404, None),
        ("/v1/programs/nothing/versions/1", 404, None),
        ("/v1/programs/nothing/diff?from=1&to=2", 404, None),
        ("/v1/programs/nothing/diff?from=1", 422, "to"),
        ("/v1/participants/nobody/handles", 404, None),
        ("/v1/participants/nobody/statement?unit=USD", 404, None),
        ("/v1/participants/nobody/statement", 422, "unit"),
        ("/v1/handles/N0B0DY", 404, None),
        ("/v1/claims/cl_nothing", 404, None),
        ("/v1/events?after=-1", 422, "after"),
        ("/v2", 404, None),
    ],
)
def test_wrong_questions_have_clear_answers(site: Site, path: str, status: int, field: str | None) -> None:
    response = site.ask("GET", path, "read")
    assert (response.status_code, response.json().get("field")) == (status, field), response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_method_that_is_not_known_is_said(site: Site) -> None:
    for method, path in (("DELETE", "/v1/events"), ("DELETE", "/v1/participants"), ("POST", "/docs")):
        response = site.ask(method, path, "read")
        assert response.status_code == 405, (method, path)
        assert response.headers["content-type"] == "application/problem+json"


def test_a_full_queue_sends_away(open_site: Opener) -> None:
    site = open_site(queue_max="1")
    site.publish()
    key = site.secret("events")

    async def many() -> list[tuple[int, str | None]]:
        headers = {"authorization": f"Bearer {key}"}
        bodies = [[order(f"{n}.{i}") for i in range(20)] for n in range(20)]
        found = await asyncio.gather(*(site.client.post("/v1/events", json=body, headers=headers) for body in bodies))
        return [(one.status_code, one.headers.get("retry-after")) for one in found]

    statuses = site.loop.run(many())
    assert set(statuses) == {(200, None), (503, "1")}
