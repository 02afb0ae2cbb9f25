"""Codes, claims and shares over HTTP."""

from dataclasses import replace
from typing import Any

from goodword.edge.links import ProgramLinks, make_link
from goodword.edge.targets import read_places
from goodword.engine.clicks import click_token
from tests.edge.making import handle
from tests.web.making import PROGRAM, Opener, Site, event


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


LANDING = PROGRAM.replace("currency:", "landing: https://welcome.example/hi\ncurrency:", 1)
SETTINGS = {"home": "https://shop.example/", "hosts": "blog.shop.example:8443"}
PAGES = [
    ("/socks", True),
    ("https://shop.example/socks", True),
    ("https://SHOP.example:443/socks", True),
    ("https://blog.shop.example:8443/socks", True),
    ("https://welcome.example/socks", True),
    ("https://blog.shop.example/socks", False),
    ("https://evil.example/socks", False),
    ("https://shop.example.evil.example/", False),
    ("https://evil.example/?https://shop.example/", False),
]


def test_a_page_is_one_of_the_shop_or_the_advocate_is_told(open_site: Opener) -> None:
    """The redirect would ignore any other: whoever asks for it learns so at once, by each route that makes codes."""
    shop = open_site(**SETTINGS)
    assert shop.publish(LANDING).status_code == 201
    post(shop, "/v1/participants", program="demo", person={"id": "ann"})
    links = [
        event("link", f"l{n}", program="demo", person={"id": "ann"}, target=page) for n, (page, _) in enumerate(PAGES)
    ]
    told = shop.tell(links).json()
    places = read_places(shop.parts.settings)
    for number, (page, allowed) in enumerate(PAGES):
        alone = shop.tell(links[number])
        own = shop.ask(
            "POST", "/v1/handles", "events", json={"program": "demo", "person": {"id": "ann"}, "target": page}
        )
        shown = make_link(handle("ANN", target=page), ProgramLinks("https://welcome.example/hi"), places)
        assert (alone.status_code, own.status_code) == ((200, 200) if allowed else (422, 422)), page
        # The redirect decides by the same function.
        assert (shown.normal != "https://welcome.example/hi") == allowed, page
        if allowed:
            assert told[number] == alone.json()
            assert "code_created" in [reason["code"] for reason in told[number]["reasons"]]
        else:
            for problem in (told[number]["problem"], alone.json(), own.json()):
                assert (problem["status"], problem["field"]) == (422, "target")
            assert alone.json()["event"] == f"l{number}"


def test_without_any_host_only_a_path_is_a_page(shop: Site) -> None:
    post(shop, "/v1/participants", program="demo", person={"id": "ann"})
    for program in ("demo", "nobody"):
        link = event("link", f"l{program}", program=program, person={"id": "ann"}, target="https://shop.example/")
        assert shop.tell(link).json()["field"] == "target"
        assert shop.tell(link | {"target": "/socks"}).status_code == 200


def test_a_code_that_was_made_keeps_its_answer_when_the_hosts_change(open_site: Opener) -> None:
    shop = open_site(**SETTINGS)
    assert shop.publish().status_code == 201
    post(shop, "/v1/participants", program="demo", person={"id": "ann"})
    link = event("link", "l1", program="demo", person={"id": "ann"}, target="https://blog.shop.example:8443/x")
    made = shop.tell(link).json()
    settings = replace(shop.parts.settings, hosts="")
    context = shop.app.state.context
    shop.app.state.context = replace(context, parts=replace(context.parts, settings=settings))
    assert shop.tell(link).json() == made
    assert shop.tell([link, link | {"id": "l2"}]).json()[1]["problem"]["field"] == "target"
