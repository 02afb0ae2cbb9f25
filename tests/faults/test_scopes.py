"""Every route with every kind of key, and with what belongs to somebody else: nobody learns or does what he may not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pytest

from goodword.metrics.costs import Cost
from goodword.parts import read_secret, tenant_keyring
from goodword.pipeline.tenant import Tenants
from goodword.storage import deliveries, endpoints, reads
from goodword.storage.costs import add_costs
from goodword.storage.database import create_tenant
from goodword.storage.deliveries import Delivery
from goodword.storage.endpoints import Endpoint
from goodword.storage.keys import SCOPES, create_key, revoke_key
from tests.faults.load import sealed_past
from tests.faults.routes import OPEN, PUBLIC, Guarded, guarded, routes
from tests.web.making import PROGRAM, TENANT, Opener, Site, event, order

RIVAL = "rival"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FIXED = {"action": "approve", "verdict": "approve", "version": "1"}
BY_PLACE = {
    "/handles/": {"action": "disable"},
    "/payouts/": {"action": "pay"},
    "/objections/": {"verdict": "rejected"},
}
"""Parameters of a path that are no ids."""
BODIES: dict[str, dict[str, Any]] = {
    "/v1/endpoints/{endpoint}/rotate": {},
    "/v1/endpoints/{endpoint}/test": {},
    "/v1/endpoints/{endpoint}/replay": {"since": "2026-01-01T00:00:00Z"},
    "/v1/deliveries/{delivery}/replay": {},
    "/v1/rehearsals": {"files": [{"label": "the same", "text": PROGRAM}]},
}
"""What some routes are told; the others take the id of an event."""
MORE: dict[str, dict[str, Any]] = {"/v1/pools/{pool}/codes": {"codes": ["KNOWN-1"]}}
"""What an event cannot do without."""
COST: dict[str, Any] = {
    "kind": "other",
    "first_day": "2026-01-01",
    "last_day": "2026-01-31",
    "amount": 1,
    "currency": "USD",
}
"""A cost of the business."""
SHARE = """\
  share: {when: {step: purchase}, to: advocate, benefit: {kind: commission, amount: 3 USD}}
payouts: {every: month}
"""
"""What partners are paid."""
RACE = """\
measures: {friends: {count: referrals, step: purchase}}
contests: {race: {measure: friends, first_day: 2026-01-01, last_day: 2099-12-31, ties: all}}
"""
CALENDAR = frozenset({"period", "segment"})
"""What names days, or a field that a program declares, and nobody."""
QUERY = {"unit": "USD", "from": "1", "to": "1"}
"""What some routes cannot do without."""


@dataclass
class World:
    """Two tenants in one database; the application serves the first."""

    site: Site
    ours: dict[str, str] = field(default_factory=dict)
    """By parameter the id of something of ours."""
    theirs: dict[str, str] = field(default_factory=dict)
    """By parameter the id of something of the rival's."""

    def fill(self, one: Guarded, ids: dict[str, str]) -> str:
        """The path with ids put in."""
        path = one.path.replace(":path", "")
        fixed = FIXED | next((words for place, words in BY_PLACE.items() if place in path), {})
        if f"{path}/".startswith(PUBLIC):
            fixed = dict.fromkeys(one.parameters, "x") | fixed
        for name in one.parameters:
            path = path.replace(f"{{{name}}}", (fixed | ids)[name])
        return path

    def ask(self, one: Guarded, secret: str | None, ids: dict[str, str], **more: Any) -> httpx.Response:
        headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
        params = (QUERY if one.method == "GET" else {}) | more.pop("params", {})
        return self.site.ask(one.method, self.fill(one, ids), headers=headers, params=params, **more)


@pytest.fixture
def world(open_site: Opener) -> World:
    shop = open_site(rate_address="0")  # whoever tries so many wrong keys would be sent away
    assert shop.publish(PROGRAM + SHARE + RACE).status_code == 201
    world = World(shop)
    joined = shop.tell(event("join", "join", program="demo", person={"id": "ann"})).json()
    shop.tell(event("claim", "claim", code=joined["advocate_code"], person={"id": "bob"}))
    bought = shop.tell(order("order", person={"id": "bob"})).json()
    paid = shop.tell(
        event("pay_out", "paid", program="demo", participant=joined["participant"]), "staff", "events"
    ).json()
    shop.tell(event("codes", "codes", pool="shop", codes=["KNOWN-1"]), "staff")
    objected = shop.tell(event("objection", "objected", program="demo", person={"id": "ann"}, why="why?")).json()
    waiting = shop.tell(event("claim", "unknown friend", code=joined["advocate_code"])).json()
    world.ours = {
        "participant": joined["participant"],
        "referral": bought["referrals"][0]["id"],
        "reward": bought["rewards"][0]["id"],
        "event": "order",
        "program": "demo",
        "contest": "race",
        "code": joined["advocate_code"],
        "token": waiting["claim"],
        "endpoint": (endpoint := _endpoint(shop)),
        "delivery": shop.ask("POST", f"/v1/endpoints/{endpoint}/test", "webhooks").json()["id"],
        "reference": joined["participant"],
        "payout": paid["reasons"][0]["values"]["payout"],
        "period": "2026-10",
        "metric": "leads",
        "segment": "plan",
        "objection": objected["reasons"][0]["values"]["objection"],
        "pool": "shop",
        "rehearsal": _rehearsal(shop),
        "cost": shop.ask("POST", "/v1/costs", "staff", json=COST).json()["id"],
    }
    world.theirs = _rival(shop)
    return world


def _endpoint(site: Site) -> str:
    mailbox = {"kind": "mail", "target": "staff@shop.example", "topics": ["delivery.failed"]}
    made = site.ask("POST", "/v1/endpoints", "webhooks", json=mailbox)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _rehearsal(site: Site) -> str:
    asked = site.ask("POST", "/v1/rehearsals", "programs", json=BODIES["/v1/rehearsals"])
    assert asked.status_code == 202, asked.text
    path, end = f"/v1/rehearsals/{asked.json()['id']}", time.monotonic() + 60
    while site.get(path, "programs")["status"] != "done":
        assert time.monotonic() < end
        time.sleep(0.05)
    return str(asked.json()["id"])


def _rival(site: Site) -> dict[str, str]:
    """A rival with a program, a referral and a reward of his own."""
    database = site.parts.database
    keyring = tenant_keyring(read_secret(site.parts.settings), RIVAL)
    with database.write(RIVAL) as connection:
        create_tenant(connection, RIVAL, 1)
    tenants = Tenants(database, keyring)
    tenants.publish(RIVAL, PROGRAM.replace("program: demo", "program: theirs") + SHARE, 1)
    code = keyring.handle("their join", 0)
    for body in (
        event("join", "their join", program="theirs", person={"id": "ann"}),
        event("claim", "their claim", code=code, person={"id": "bob"}),
        event("claim", "their token", code=code),
        order("their order", person={"id": "bob"}),
        event("codes", "their codes", pool="film", codes=["THEIRS-1"]),
        event("objection", "their objection", program="theirs", person={"id": "ann"}, why="why?"),
        event("pay_out", "their payout", program="theirs", participant=keyring.id("pt", "their join")),
    ):
        tenants.decide_all(RIVAL, [sealed_past(keyring, body)])
    with database.read() as connection:
        reward = reads.rewards(connection, RIVAL).items[0]
        assert reads.event(connection, RIVAL, "their order") is not None
    given = ("mail", "us@rival.example", ("*",), False, "active", None, "en", 1, None, 0, 1)
    with database.write_aside() as connection:
        endpoints.create_endpoint(connection, RIVAL, Endpoint("ep_theirs", *given))
        sent = ("ep_theirs", 1, 1, "referral.started", reward.referral, 1, "delivered", 1, 1, 1, 1, 1, 1)
        deliveries.add_deliveries(connection, RIVAL, [Delivery("dl_theirs", *sent)])
        january = (date(2026, 1, 1), date(2026, 1, 31))
        add_costs(connection, RIVAL, [Cost("theirs", "theirs", "other", *january, 7, "USD")])
    return {
        "participant": reward.participant,
        "referral": reward.referral,
        "reward": reward.id,
        "event": "their order",
        "program": "theirs",
        "contest": "race",
        "code": code,
        "token": keyring.id("cl", "their token"),
        "endpoint": "ep_theirs",
        "delivery": "dl_theirs",
        "topic": "referral.started",
        "unit": "EUR",
        "reference": reward.referral,
        "payout": keyring.id("po", "their payout"),
        "objection": keyring.id("ob", "their objection"),
        "period": "2026-10",
        "metric": "leads",
        "segment": "plan",
        "pool": "film",
        "rehearsal": "re_theirs",
        "cost": "theirs",
        "advocate": reward.participant,
        "friend": reward.participant,
    }


def test_every_parameter_has_an_id(world: World) -> None:
    """A route with a new kind of id needs one here, or it would be asked for nothing."""
    for one in guarded(world.site.app):
        assert set(one.parameters) <= {*world.ours, *FIXED}, one
        assert set(one.filters) <= set(world.theirs), one
    assert world.ours.keys() & world.theirs.keys() == world.ours.keys()


def test_no_key_and_no_valid_key(world: World) -> None:
    database = world.site.parts.database
    with database.write(RIVAL) as connection:
        _, theirs = create_key(connection, RIVAL, "theirs", sorted(SCOPES), 1)  # type: ignore[arg-type]
    with database.write(TENANT) as connection:
        key, revoked = create_key(connection, TENANT, "revoked", sorted(SCOPES), 1)  # type: ignore[arg-type]
        revoke_key(connection, TENANT, key.id, 2)
    before = world.site.counts()
    for one in guarded(world.site.app):
        answers = [world.ask(one, secret, world.ours) for secret in (None, "gw_", "gw_" + "x" * 43, theirs, revoked)]
        assert {answer.status_code for answer in answers} == {401}, one
        assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}, one
        # A guessed key, a rival's and a revoked one cannot be told apart.
        assert len({answer.text for answer in answers[2:]}) == 1, one
    assert world.site.counts() == before


def test_every_scope_on_every_route(world: World) -> None:
    before = world.site.counts()
    nothing = dict.fromkeys(world.ours, "nothing")
    for one in guarded(world.site.app):
        for scope in sorted(SCOPES):
            # What may be done is asked of nothing, as it would be done.
            ids = nothing if scope in one.scopes else world.ours
            answer = world.ask(one, world.site.secret(scope), ids, content=b"{")  # type: ignore[arg-type]
            if scope in one.scopes:
                assert answer.status_code not in (401, 403, 405), (one, scope, answer.text)
            else:
                assert answer.status_code == 403, (one, scope, answer.text)
                assert answer.json()["type"] == "/docs#forbidden"
    assert world.site.counts() == before, "a refused request left a trace"


def test_all_scopes_but_the_right_ones(world: World) -> None:
    for one in guarded(world.site.app):
        others = tuple(sorted(set(SCOPES) - one.scopes))
        if others:
            assert world.ask(one, world.site.secret(*others), world.ours).status_code == 403, one  # type: ignore[arg-type]


def _strange(one: Guarded, world: World) -> Iterator[dict[str, str]]:
    """Ids that are somebody else's, guessed, and absent."""
    yield world.theirs
    yield {name: f"{id[:-1]}{'0' if id[-1] != '0' else '1'}" for name, id in world.ours.items()}
    yield dict.fromkeys(world.ours, "nothing")


def test_what_is_not_yours_is_not_there(world: World) -> None:
    secret = world.site.secret(*sorted(SCOPES))  # type: ignore[arg-type]
    for one in guarded(world.site.app):
        if not one.parameters:
            continue
        shown = set()
        for number, ids in enumerate(_strange(one, world)):
            told = BODIES.get(one.path, {"id": f"{one.path} {number}"} | MORE.get(one.path, {}))
            body = {"json": told if one.method == "POST" else {}} if one.method in ("POST", "PATCH") else {}
            answer = world.ask(one, secret, ids, **body)
            text = answer.text.replace(f"{one.path} {number}", "ID")
            for id in ids.values():
                text = text.replace(id, "ID")
            shown.add((answer.status_code, text))
        assert len(shown) == 1, (one, shown)
        (status, _), *_ = shown
        assert status in (404, 200), one
        if one.method == "GET":
            assert status == 404, one
            assert world.ask(one, secret, world.ours).status_code == 200, one


def test_filters_find_nothing_of_others(world: World) -> None:
    secret = world.site.secret(*sorted(SCOPES))  # type: ignore[arg-type]
    for one in guarded(world.site.app):
        for name in set(one.filters) - CALENDAR:
            answers = [
                world.ask(one, secret, world.ours, params={name: ids[name]})
                for ids in (world.theirs, dict.fromkeys(world.theirs, "no"))
            ]
            others = {"reference": "no"} if "reference" in one.filters and name != "reference" else {}
            if others:
                answers = [
                    world.ask(one, secret, world.ours, params=others | {name: id}) for id in (world.theirs[name], "no")
                ]
            assert len({(answer.status_code, answer.text) for answer in answers}) == 1, (one, name)
            assert answers[0].json() == {"items": [], "next": None}, (one, name)


def test_methods_that_a_route_does_not_know(world: World) -> None:
    secret = world.site.secret(*sorted(SCOPES))  # type: ignore[arg-type]
    known: dict[str, set[str]] = {}
    for route in routes(world.site.app):
        for other in routes(world.site.app):
            # What one route does not know may be another's, whose address has a parameter in this place.
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", other.path), route.path):
                known.setdefault(route.path, set()).update(other.methods or ())
    before = world.site.counts()
    for route in routes(world.site.app):
        one = Guarded("", route.path, frozenset(), tuple(route.param_convertors))
        for method in METHODS:
            if method in known[route.path]:
                continue
            for given in (None, secret):
                headers = {} if given is None else {"authorization": f"Bearer {given}"}
                answer = world.site.ask(method, world.fill(one, world.ours), headers=headers)
                assert answer.status_code == 405, (method, route.path)
                for_people = f"{route.path}/".startswith(PUBLIC) and not route.path.startswith("/assets/")
                told = "text/html; charset=utf-8" if for_people else "application/problem+json"
                assert answer.headers["content-type"] == told
                assert answer.headers["allow"]
    assert world.site.counts() == before


def test_what_is_open_says_nothing_about_a_tenant(world: World) -> None:
    for path in sorted(OPEN):
        answer = world.site.ask("GET", path)
        assert answer.status_code in (200, 307), path
        assert not any(id in answer.text for id in world.ours.values() if id.startswith(("pt_", "rf_", "rw_"))), path
