"""Light or dark as the reader wants it: nothing is stored before he presses, and then nothing but his choice."""

from __future__ import annotations

import re

import pytest

from tests.web.making import Opener, Site, event
from tests.web.people import Person

PAGES = ("/i/CODE", "/i/CODE?lang=ar", "/join/demo", "/me/sign-in", "/me/programs/demo", "/me/you", "/counter/sign-in",
         "/join/nothing", "/look", "/look?lang=ro")  # fmt: skip


@pytest.fixture
def site(open_site: Opener) -> Site:
    site = open_site(delivery_every="3600000", rate_address="0")
    assert site.publish().status_code == 201
    return site


@pytest.fixture
def code(site: Site) -> str:
    return str(site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"])


def lit(page: str) -> str | None:
    """What a page says of its light; nothing where the device decides."""
    found = re.search(r'<html [^>]*data-scheme="(\w+)"', page)
    return found and found[1]


def chosen(page: str) -> list[str]:
    """What is marked as chosen among the lights."""
    (inside,) = re.findall(r'<form [^>]*class="light".*?</form>', page, re.DOTALL)
    return re.findall(r'<span aria-current="true">([^<]+)<', inside)


def kept(person: Person) -> dict[str, str | None]:
    return {one.name: one.value for one in person.client.cookies.jar if one.name not in ("gw_session", "gw_lang")}


@pytest.mark.parametrize("path", PAGES)
def test_it_is_chosen_on_every_page_and_leads_back_there(site: Site, code: str, path: str) -> None:
    person = Person(site)
    if path.startswith("/me/programs") or path == "/me/you":
        person.joined("maria@example.com")
        person.entered()
    page = person.get(path.replace("CODE", code))
    before = kept(person)
    assert (lit(page.text), len(chosen(page.text)), before) == (None, 1, {})

    for scheme in ("dark", "light"):
        pressed = person.press(page, "/look", scheme=scheme)
        assert (pressed.url.path, lit(pressed.text)) == (page.url.path, scheme)
        assert len(chosen(pressed.text)) == 1
        assert chosen(pressed.text) != chosen(page.text)
        assert re.findall(r'<html lang="(\w+)"', pressed.text) == re.findall(r'<html lang="(\w+)"', page.text)
        assert kept(person) == {"gw_scheme": scheme}
        assert lit(person.get("/join/demo").text) == scheme  # and so is every other page

    again = person.press(page, "/look", scheme="device")
    assert (lit(again.text), chosen(again.text), kept(person)) == (None, chosen(page.text), {})


def test_what_is_kept_is_the_choice_and_for_us_alone(site: Site, code: str) -> None:
    person = Person(site)
    person.press(person.get(f"/i/{code}?lang=ro"), "/look", scheme="dark")
    (cookie,) = person.client.cookies.jar  # no language either: that was not what he pressed
    assert (cookie.name, cookie.value, cookie.path) == ("gw_scheme", "dark", "/")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"


def test_a_link_that_leads_nowhere_is_lit_as_well(site: Site) -> None:
    person = Person(site)
    person.press(person.get("/look"), "/look", scheme="light")
    assert lit(person.get("/i/NOBODY99").text) == "light"
    assert lit(Person(site).get("/i/NOBODY99").text) is None


@pytest.mark.parametrize(
    "back",
    ["https://shop.example/", "//shop.example/me", "/\\shop.example", "javascript:alert(1)", "/docs", "me", "", "/mean",
     "https:/me/you", "/me@shop.example", "//[x"],
)  # fmt: skip
def test_it_leads_to_no_page_but_ours(site: Site, back: str) -> None:
    pressed = Person(site).post("/look", {"scheme": "dark", "back": back})
    assert (pressed.url.host, pressed.url.path, pressed.status_code) == ("goodword.test", "/look", 200)


@pytest.mark.parametrize("scheme", ["", "sepia", 'dark" onload="alert(1)'])
def test_there_is_no_other_light(site: Site, scheme: str) -> None:
    person = Person(site)
    refused = person.post("/look", {"scheme": scheme, "back": "/look"})
    assert (refused.status_code, kept(person)) == (400, {})
    assert "<h1>" in refused.text  # said on a page
    person.client.cookies.set("gw_scheme", scheme or "device", domain="goodword.test")
    assert lit(person.get("/look").text) is None


def test_another_site_chooses_for_nobody(site: Site) -> None:
    person = Person(site)
    sent = person.post("/look", {"scheme": "dark", "back": "/look"}, **{"sec-fetch-site": "cross-site"})
    assert (sent.status_code, kept(person)) == (403, {})
