"""The page that a friend sees: what he gets, what whoever invited him gets, all conditions, and one press to accept."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from goodword.program.duration import DAY_MS, from_ms
from tests.web.making import PROGRAM, Opener, Site, event, order
from tests.web.people import Person, nothing_to_send

LANGUAGES = ("en", "ar", "ro")
PRESSED = {"content-type": "application/x-www-form-urlencoded"}


class Clock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_780_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def site(open_site: Opener) -> Site:
    site = open_site(home="https://shop.example/start")
    assert site.publish().status_code == 201
    return site


@pytest.fixture
def code(site: Site) -> str:
    return str(
        site.tell(event("join", "j", program="demo", person={"id": "ann", "name": "Ann"})).json()["advocate_code"]
    )


def press(site: Site, page: httpx.Response) -> httpx.Response:
    """Press the button of a page, in a browser that keeps nothing."""
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert action is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    pressed = site.ask("POST", unescape(action[1]), data=fields)
    site.client.cookies.clear()
    return pressed


def claims(site: Site) -> int:
    return site.counts()["claims"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_both_get_stands_there_before_anything_is_stored(site: Site, code: str, language: str) -> None:
    before = site.counts()
    page = site.ask("GET", f"/i/{code}", params={"lang": language})
    assert page.status_code == 200
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page.text
    for amount in ("5", "20", "50"):  # the friend's, the advocate's, and the smallest order
        assert re.search(rf"\b{amount}[.,]00", page.text)
    assert "set-cookie" not in page.headers
    assert "Ann" not in page.text
    assert page.text.index('class="button"') > page.text.index(
        "20"
    )  # what the other one gets is told before the button
    assert site.counts() == before


def test_the_page_is_in_the_language_of_the_browser_unless_one_is_chosen(site: Site, code: str) -> None:
    for accepted, language in (("ro-RO,ro;q=0.9", "ro"), ("ar", "ar"), ("fr", "en"), ("", "en")):
        page = site.ask("GET", f"/i/{code}", headers={"accept-language": accepted})
        assert f'<html lang="{language}"' in page.text
    assert '<html lang="ar"' in site.ask("GET", f"/i/{code}?lang=ar", headers={"accept-language": "ro"}).text


def test_one_press_accepts_and_leads_on_to_the_shop(site: Site, code: str) -> None:
    pressed = press(site, site.ask("GET", f"/i/{code}?lang=ro"))
    assert (pressed.status_code, claims(site)) == (303, 1)
    page = site.ask("GET", pressed.headers["location"])
    assert '<html lang="ro"' in page.text
    assert code in page.text
    (link,) = re.findall(r'<a class="button" href="([^"]+)"', page.text)
    asked = parse_qs(urlsplit(unescape(link)).query)
    assert unescape(link).startswith("https://shop.example/start?")
    assert asked["gw_code"] == [code]
    told = event("order", "o", order="o1", person={"id": "bob"}, total=6000, currency="USD", claim=asked["gw_claim"][0])
    assert "referral_started" in [reason["code"] for reason in site.tell(told).json()["reasons"]]


def test_pressed_twice_it_is_accepted_once(site: Site, code: str) -> None:
    page = site.ask("GET", f"/i/{code}")
    first, second = press(site, page), press(site, page)
    assert first.headers["location"] == second.headers["location"]
    assert claims(site) == 1
    assert press(site, site.ask("GET", f"/i/{code}")).headers["location"] != first.headers["location"]


def test_a_code_typed_as_people_type_it(site: Site, code: str) -> None:
    assert site.ask("GET", f"/i/{code.lower()[:4]}-{code.lower()[4:]}").status_code == 200


@pytest.mark.parametrize(
    ("happens", "status", "text"),
    [
        (None, 404, "We do not know this invitation"),
        (event("handle", "h", action="disable"), 410, "no longer valid"),
        (event("program", "p", program="demo", action="pause"), 200, "This invitation is resting"),
        (event("program", "p", program="demo", action="end"), 200, "This program has ended"),
    ],
    ids=["unknown", "switched off", "paused", "ended"],
)
def test_where_nothing_can_be_accepted(
    site: Site, code: str, happens: dict[str, Any] | None, status: int, text: str
) -> None:
    page = site.ask("GET", f"/i/{code}")
    if happens is not None:
        more = {"code": code} if happens["type"] == "handle" else {}
        assert site.tell(happens | more, "admin").json()["outcome"] == "accepted"
    shown = site.ask("GET", f"/i/{code if happens else 'NOBODY99'}")
    assert shown.status_code == status
    assert nothing_to_send(shown.text)
    if happens is not None:
        press(site, page)  # who had the page open before
    assert claims(site) == 0
    assert text.lower() in shown.text.lower() or shown.status_code in (404, 410)


def test_the_token_of_another_code_shows_nothing(site: Site, code: str) -> None:
    other = str(site.tell(event("join", "k", program="demo", person={"id": "eve"})).json()["advocate_code"])
    location = press(site, site.ask("GET", f"/i/{code}")).headers["location"]
    token = parse_qs(urlsplit(location).query)["claim"][0]
    assert site.ask("GET", f"/i/{other}/accepted?claim={token}").status_code == 303
    assert site.ask("GET", f"/i/{other}/accepted?claim=cl_nothing").status_code == 303


@pytest.mark.parametrize("body", [b"", b"id=", b"id=%00", b"id=" + b"a" * 65, b"id=../x", b"\xff\xfe", b"lang=xx"])
def test_a_form_that_is_none(site: Site, code: str, body: bytes) -> None:
    answer = site.ask("POST", f"/i/{code}/claim", content=body, headers=PRESSED)
    assert (answer.status_code, claims(site)) == (303, 0)


def test_a_form_that_is_too_large(site: Site, code: str) -> None:
    assert site.ask("POST", f"/i/{code}/claim", content=b"id=" + b"a" * 4000, headers=PRESSED).status_code == 413


def test_nobody_fills_the_database_and_nobody_tries_codes(open_site: Opener) -> None:
    site = open_site(rate_address="5")
    assert site.publish().status_code == 201
    code = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    presses = [press(site, site.ask("GET", f"/i/{code}")).status_code for _ in range(6)]
    assert presses == [303] * 5 + [429]
    assert site.ask("GET", f"/i/{code}").status_code == 200


def test_names_texts_and_addresses_are_only_shown(open_site: Opener) -> None:
    """What a program file says and somebody types is never markup; languages and codes lead nowhere else."""
    site = open_site()
    evil = "<script>alert(1)</script>"
    assert (
        site.publish(PROGRAM.replace("kind: coupon, amount: 5 USD", "kind: item, amount: 1 b-onload-x")).status_code
        == 201
    )
    code = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    for path in (f"/i/{code}?lang={evil}", f"/i/{evil}", "/i/%2F%2Fevil.example?lang=en"):
        page = site.ask("GET", path)
        assert "<script" not in page.text
        assert "evil.example" not in page.headers.get("location", "")


def test_without_a_shop_on_the_web_a_link_leads_to_the_page(open_site: Opener) -> None:
    site = open_site()
    assert site.publish().status_code == 201
    code = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    followed = site.ask("GET", f"/r/{code}", headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    assert (followed.status_code, followed.headers["location"]) == (302, f"/i/{code}")
    page = site.ask("GET", press(site, site.ask("GET", followed.headers["location"])).headers["location"])
    assert code in page.text
    assert '<a class="button"' not in page.text


def test_the_page_asks_nothing_of_anybody_and_stands_in_nobodys_frame(site: Site, code: str) -> None:
    page = site.ask("GET", f"/i/{code}")
    policy = page.headers["content-security-policy"]
    assert re.search("style-src 'sha256-[A-Za-z0-9+/=]{44}';", policy)
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.findall(r'(?:src|href)="https?://(?!shop\.example)', page.text)
    assert "<script" not in page.text
    assert len(page.content) < 20_000
    for name in ("title", "description"):
        assert re.search(rf'<meta property="og:{name}" content="[^"]+"', page.text)


def test_whoever_accepted_finds_his_code_again_and_nobody_else_does(site: Site, code: str) -> None:
    friend, other = Person(site), Person(site)
    page = friend.get(f"/i/{code}")
    assert "gw_claim" not in friend.client.cookies  # who only looks
    accepted = friend.press(page, "/claim")
    assert accepted.url.path == f"/i/{code}/accepted"
    again = friend.get(f"/i/{code}?lang=ro")
    assert again.url.path == f"/i/{code}/accepted"
    assert '<html lang="ro"' in again.text
    assert other.get(f"/i/{code}").url.path == f"/i/{code}"
    (cookie,) = [one for one in friend.client.cookies.jar if one.name == "gw_claim"]
    assert cookie.path == f"/i/{code}"
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_a_claim_that_is_none_is_forgotten(site: Site, code: str) -> None:
    friend = Person(site)
    friend.client.cookies.set("gw_claim", "cl_nothing", path=f"/i/{code}", domain="goodword.test")
    assert friend.get(f"/i/{code}").url.path == f"/i/{code}"
    assert friend.get(f"/i/{code}/accepted?claim=cl_nothing").url.path == f"/i/{code}"


def test_a_friend_says_what_he_thinks_once_he_accepted(site: Site, code: str) -> None:
    friend = Person(site)
    accepted = friend.press(friend.get(f"/i/{code}"), "/claim")
    (path,) = re.findall(r'href="(/i/[^"]+/survey[^"]+)"', accepted.text)
    page = friend.get(unescape(path))
    assert 'name="text"' not in page.text
    assert friend.press(page, "/survey", easy="9").status_code == 422
    assert "We read every answer." in friend.press(page, "/survey", recommend="8", text="not kept").text
    assert friend.press(page, "/survey", recommend="1").status_code == 409
    (survey,) = site.get("/v1/surveys", "read", "people")["items"]
    assert (survey["side"], survey["recommend"]) == ("friend", 8)
    assert Person(site).get(f"/i/{code}/survey?claim=cl_nothing").status_code == 404


# his turn -------------------------------------------------------------------------------------------------------------

TURN = "A friend invited you. Now it is your turn."
AT_HOME = "ask: {moments: {at_home: {event: order, invited: true, after: 5 days}}}\n"


def claimed(friend: Person, code: str) -> str:
    """The token of what somebody accepts."""
    accepted = friend.press(friend.get(f"/i/{code}"), "/claim")
    assert TURN not in accepted.text
    return parse_qs(urlsplit(str(accepted.url)).query)["claim"][0]


def test_after_his_first_order_a_friend_is_told_that_it_is_his_turn(site: Site, code: str) -> None:
    friend, other = Person(site), Person(site)
    claim = claimed(friend, code)
    claimed(other, code)
    site.tell(order("o", order="o", person={"id": "bob"}, total=9000, claim=claim))
    page = friend.get(f"/i/{code}")
    assert TURN in page.text
    assert 'href="/join/demo"' in page.text
    assert "invitat" in friend.get(f"/i/{code}?lang=ro").text
    assert TURN not in other.get(f"/i/{code}").text  # who bought nothing
    assert TURN not in Person(site).get(f"/i/{code}").text

    # What he saw is counted once, and of nobody else; then he is left alone for a while.
    (path,) = re.findall(r'data-shared="([^"]+)"', page.text)
    for token in (claim, claim, "cl_nothing", ""):
        assert friend.post(path, {"way": "shown", "token": token}).status_code == 204
    (shown,) = site.get("/v1/programs/demo/asks")["items"]
    assert (shown["place"], shown["count"]) == ("invitation", 1)
    assert TURN not in friend.get(f"/i/{code}").text


def test_who_has_joined_goes_on_to_his_own_page(site: Site, code: str) -> None:
    friend = Person(site)
    claim = claimed(friend, code)
    site.tell(order("o", order="o", person={"id": "bob"}, total=9000, claim=claim))
    site.tell(event("join", "jb", program="demo", person={"id": "bob"}))
    assert 'href="/me/programs/demo"' in friend.get(f"/i/{code}").text


@pytest.mark.parametrize(("country", "turn"), [("RO", True), ("DE", False), (None, False)])
def test_whom_the_program_does_not_take_it_does_not_ask(site: Site, country: str | None, turn: bool) -> None:
    text = PROGRAM.replace("demo", "local").replace(
        "audience:", "audience:\n  advocate: {advocate.country: {in: [RO]}}"
    )
    assert site.publish(text).status_code == 201
    ann = {"id": "ann", "country": "RO"}
    code = site.tell(event("join", "j", program="local", person=ann)).json()["advocate_code"]
    friend = Person(site)
    claim = claimed(friend, code)
    bob = {"id": "bob"} | ({"country": country} if country else {})
    site.tell(order("o", order="o", person=bob, total=9000, claim=claim))
    assert (TURN in friend.get(f"/i/{code}").text) is turn
    (referral,) = site.get("/v1/referrals")["items"]
    found = site.get(f"/v1/programs/local/participants/{referral['friend']}/ask", "events")
    assert [one["code"] for one in found["reasons"]] == ([] if turn else ["advocate_not_in_audience"])


@pytest.mark.parametrize(
    "happens",
    [
        event("refund", "r", order="o", amount=100),
        event("objection", "n", program="demo", person={"id": "bob"}, why="?"),
        event("ask", "a", program="demo", place="order_done", person={"id": "bob"}),
        event("program", "p", program="demo", action="pause"),
        event("erase", "e", person={"id": "bob"}),
    ],
    ids=["sent back", "objected to", "asked a short while ago", "paused", "erased"],
)
def test_whoever_may_not_be_asked_is_not(site: Site, code: str, happens: dict[str, Any]) -> None:
    friend = Person(site)
    claim = claimed(friend, code)
    site.tell(order("o", order="o", person={"id": "bob"}, total=9000, claim=claim))
    assert TURN in friend.get(f"/i/{code}").text
    scope = "admin" if happens["type"] in ("program", "erase") else "events"
    assert site.tell(happens, scope).json()["outcome"] == "accepted"
    page = friend.get(f"/i/{code}/accepted?claim={claim}")
    assert page.status_code == 200
    assert TURN not in page.text
    friend.post(f"/i/{code}/shown", {"way": "shown", "token": claim})
    assert [one["place"] for one in site.get("/v1/programs/demo/asks")["items"]] in ([], ["order_done"])


def test_a_program_says_when_it_is_his_turn(open_site: Opener) -> None:
    clock = Clock()
    site = open_site(clock)
    assert site.publish(PROGRAM + AT_HOME).status_code == 201
    now = {"occurred_at": from_ms(clock.ms).isoformat()}
    joined = site.tell(event("join", "j", program="demo", person={"id": "ann"}) | now).json()
    friend, code = Person(site), str(joined["advocate_code"])
    claim = claimed(friend, code)
    site.tell(order("o", order="o", person={"id": "bob"}, total=9000, claim=claim) | now)
    seen = []
    for _ in range(5):
        seen.append(TURN in friend.get(f"/i/{code}/accepted?claim={claim}").text)
        clock.ms += 5 * DAY_MS
    assert seen == [False, True, True, True, False]
