"""Codes, claims and shares over HTTP."""

from typing import Any

from goodword.engine.clicks import click_token
from tests.web.making import Site, event


def post(shop: Site, path: str, *scopes: Any, **body: Any) -> dict[str, Any]:
    response = shop.ask("POST", path, *(scopes or ("events",)), json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_code_of_ones_own_choice(shop: Site) -> None:
    joined = post(shop, "/v1/participants", program="demo", person={"id": "ann"})
    made = post(
        shop, "/v1/handles", program="demo", person={"id": "ann"}, code="Maria-Shop", name="instagram", target="/socks"
    )
    assert made["advocate_code"] == "Maria-Shop"
    shown = shop.get("/v1/handles/mar1a sh0p")
    assert shown.pop("created_at")
    assert shown == {
        "code": "Maria-Shop", "program": "demo", "participant": joined["participant"], "name": "instagram",
        "target": "/socks",
    }  # fmt: skip
    listed = shop.get(f"/v1/participants/{joined['participant']}/handles")["items"]
    assert [one["code"] for one in listed] == [joined["advocate_code"], "Maria-Shop"]
    taken = post(shop, "/v1/handles", program="demo", person={"id": "ann"}, code="MARIASHOP")
    assert (taken["outcome"], taken["reasons"][0]["code"]) == ("refused", "code_taken")


def test_staff_switch_a_code_off(shop: Site) -> None:
    code = post(shop, "/v1/participants", program="demo", person={"id": "ann"})["advocate_code"]
    off = post(shop, f"/v1/handles/{code.lower()}/disable", "staff", why="posted on a coupon site")
    assert off["reasons"][0]["code"] == "code_switched_off"
    assert shop.get(f"/v1/handles/{code}")["disabled_at"]
    assert post(shop, "/v1/claims", code=code)["reasons"][0]["code"] == "code_disabled"
    assert shop.ask("POST", f"/v1/handles/{code}/enable", "staff").json()["outcome"] == "accepted"
    assert "disabled_at" not in shop.get(f"/v1/handles/{code}")
    assert shop.ask("POST", f"/v1/handles/{code}/explode", "staff").status_code == 422
    assert shop.ask("POST", f"/v1/handles/{code}/disable", "events").status_code == 403


def test_a_claim_waits_under_its_token_and_says_which_click_it_came_with(shop: Site) -> None:
    code = post(shop, "/v1/participants", program="demo", person={"id": "ann"})["advocate_code"]
    click = click_token(shop.parts.keyring, code, shop.parts.now_ms(), b"8 bytes.")
    claimed = post(shop, "/v1/claims", code=code, click=click)
    shown = shop.get(f"/v1/claims/{claimed['claim']}", "events")
    assert (shown["code"], shown["via"], shown["click"]) == (code, "claim", b"8 bytes.".hex())
    told = shop.tell(event("sign_up", "s1", person={"id": "bob"}, claim=claimed["claim"])).json()
    (referral,) = told["referrals"]
    assert shop.get(f"/v1/referrals/{referral['id']}")["click"] == b"8 bytes.".hex()
    assert post(shop, "/v1/shares", code=code, channel="whatsapp")["reasons"][0]["code"] == "shared"
    denied = post(shop, f"/v1/referrals/{referral['id']}/deny", "staff", why="one household")
    assert denied["referrals"][0]["moderation"] == "denied"
