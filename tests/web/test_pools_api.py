"""Codes of the shop's own system by the API: brought in by staff, counted for readers, shown to their owner."""

from __future__ import annotations

import pytest

from tests.web.making import PROGRAM, Opener, Site, event, order

POOLED = PROGRAM.replace("{kind: coupon, amount: 5 USD}", "{kind: coupon, amount: 5 USD, code: {pool: shop}}")


@pytest.fixture
def site(open_site: Opener) -> Site:
    """Ann invites; friends who buy get a code of the shop's own."""
    site = open_site()
    assert site.publish(POOLED).status_code == 201
    return site


def buys(site: Site, who: str) -> str:
    """A friend of Ann's buys; the id of his coupon."""
    code = site.tell(event("join", "join", program="demo", person={"id": "ann"})).json().get("advocate_code")
    code = code or site.get("/v1/events/join")["answer"]["advocate_code"]
    answer = site.tell(order(f"order of {who}", person={"id": who}, code=code)).json()
    return str(next(reward["id"] for reward in answer["rewards"] if reward["rule"] == "thanks"))


def brings(site: Site, *codes: str, **more: str) -> dict[str, int]:
    answer = site.ask("POST", "/v1/pools/shop/codes", "staff", json={"codes": list(codes), **more})
    assert answer.status_code == 200, answer.text
    (reason,) = answer.json()["reasons"]
    return {name: reason["values"][name] for name in ("count", "known")}


def test_codes_come_in_once_and_are_counted(site: Site) -> None:
    assert site.ask("GET", "/v1/pools/shop", "read").status_code == 404
    assert brings(site, "A-1", "B-2") == {"count": 2, "known": 0}
    assert brings(site, "A-1", "C-3", id="again") == {"count": 1, "known": 1}
    assert brings(site, "A-1", "C-3", id="again") == {"count": 1, "known": 1}  # told before: its first answer
    assert site.get("/v1/pools/shop") == {"pool": "shop", "free": 3, "assigned": 0, "waiting": 0}
    buys(site, "bob")
    assert site.get("/v1/pools/shop") == {"pool": "shop", "free": 2, "assigned": 1, "waiting": 0}


def test_its_owner_sees_the_code_and_nobody_else(site: Site) -> None:
    brings(site, "Own-Code-7")
    reward = buys(site, "bob")
    # As with codes that Goodword makes: who only reads sees none.
    assert site.get(f"/v1/rewards/{reward}", "read", "events")["code"] == "Own-Code-7"
    assert "code" not in site.get(f"/v1/rewards/{reward}")
    for scopes in (("read",), ("read", "events")):
        told = site.get("/v1/events/order%20of%20bob", *scopes)
        codes = [one["code"] for one in told["answer"]["rewards"] if "code" in one]
        assert codes == (["Own-Code-7"] if "events" in scopes else [])
        assert "sealed" not in str(told)


def test_what_waits_is_served_when_codes_come(site: Site) -> None:
    reward = buys(site, "bob")
    told = site.get(f"/v1/rewards/{reward}")
    assert (told["status"], told["reason"]) == ("approved", "waiting_for_code")
    assert site.get("/v1/pools/shop") == {"pool": "shop", "free": 0, "assigned": 0, "waiting": 1}
    brings(site, "late")
    assert site.get(f"/v1/rewards/{reward}")["status"] == "issued"
    assert site.get("/v1/pools/shop")["waiting"] == 0


@pytest.mark.parametrize(
    ("path", "body", "scope", "status"),
    [
        ("/v1/pools/shop/codes", {"codes": ["a"]}, "events", 403),
        ("/v1/pools/shop/codes", {"codes": ["a"]}, "read", 403),
        ("/v1/pools/Shop/codes", {"codes": ["a"]}, "staff", 422),
        ("/v1/pools/shop/codes", {"codes": []}, "staff", 422),
        ("/v1/pools/shop/codes", {"codes": [f"c{n}" for n in range(501)]}, "staff", 422),
        ("/v1/pools/shop/codes", {"codes": ["a", " - "]}, "staff", 422),
        ("/v1/pools/shop/codes", {}, "staff", 422),
    ],
)
def test_what_is_not_taken_in(site: Site, path: str, body: dict[str, list[str]], scope: str, status: int) -> None:
    assert site.ask("POST", path, scope, json=body).status_code == status  # type: ignore[arg-type]
    assert site.tell(event("codes", "codes", pool="shop", codes=["a"])).status_code == 403
    assert site.ask("GET", "/v1/pools/shop", "read").status_code == 404
