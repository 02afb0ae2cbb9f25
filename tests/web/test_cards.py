"""The picture in the preview of a link: named whole, drawn once for all codes, and looking at it counts for nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urlsplit

import pytest

from goodword.portal.pictures import Pictures
from tests.web.making import Opener, Site, event

PUBLIC = "https://go.shop.example"


@pytest.fixture
def site(open_site: Opener) -> Site:
    site = open_site(public_url=PUBLIC, brand_name="Luna")
    assert site.publish().status_code == 201
    return site


@pytest.fixture
def code(site: Site) -> str:
    return str(site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"])


def named(page: str) -> dict[str, str]:
    return {
        name: unescape(text) for name, text in re.findall(r'<meta property="og:(image[^"]*)" content="([^"]*)"', page)
    }


@pytest.mark.parametrize(("language", "amount"), [("en", "$5.00 off"), ("ar", "5.00"), ("ro", "5,00 USD")])
def test_a_page_names_its_picture(site: Site, code: str, language: str, amount: str) -> None:
    before = site.counts()
    image = named(site.ask("GET", f"/i/{code}", params={"lang": language}).text)
    assert image["image"].startswith(f"{PUBLIC}/i/{code}/card.png?lang={language}&v=")
    assert (image["image:width"], image["image:height"]) == ("1200", "630")
    assert amount in image["image:alt"].replace("\u00a0", " ")
    address = urlsplit(image["image"])
    answer = site.ask("GET", f"{address.path}?{address.query}", headers={"user-agent": "facebookexternalhit/1.1"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = site.ask("GET", address.path, params={"lang": language}, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert site.ask("HEAD", address.path).status_code == 200
    assert site.counts() == before


def test_codes_of_a_program_share_one_picture(site: Site, code: str) -> None:
    other = str(site.tell(event("join", "k", program="demo", person={"id": "eve"})).json()["advocate_code"])
    one, two = (site.ask("GET", f"/i/{each}/card.png") for each in (code, other))
    assert one.content == two.content
    pictures: Pictures = site.app.state.context.pictures
    assert len(pictures._drawn) == 1


def test_another_offer_is_another_address(site: Site, code: str) -> None:
    first = named(site.ask("GET", f"/i/{code}").text)["image"]
    assert named(site.ask("GET", f"/i/{code}").text)["image"] == first
    assert named(site.ask("GET", f"/i/{code}?lang=ro").text)["image"] != first.replace("lang=en", "lang=ro")


def test_without_an_address_of_ones_own_no_picture_is_named(open_site: Opener) -> None:
    """A preview takes none without a host, and what a request calls us is not believed."""
    site = open_site()
    assert site.publish().status_code == 201
    code = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    assert named(site.ask("GET", f"/i/{code}", headers={"host": "evil.example"}).text) == {}


def test_where_there_is_no_font_a_page_names_no_picture(site: Site, code: str) -> None:
    bare = Pictures(system_fonts=False)
    site.app.state.context = replace(site.app.state.context, pictures=bare)
    assert named(site.ask("GET", f"/i/{code}?lang=ar").text) == {}
    assert site.ask("GET", f"/i/{code}/card.png?lang=ar").status_code == 404
    assert "image" in named(site.ask("GET", f"/i/{code}?lang=en").text)


def test_whoever_tries_codes_has_to_wait(open_site: Opener) -> None:
    site = open_site(rate_address="5", public_url=PUBLIC)
    assert site.publish().status_code == 201
    code = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    tried = [site.ask("GET", f"/i/N0B0DY{at}/card.png").status_code for at in range(6)]
    assert tried == [404] * 5 + [429]
    assert site.ask("GET", f"/i/{code}/card.png").status_code == 200


def test_what_is_over_offers_nothing(site: Site, code: str) -> None:
    assert site.tell(event("program", "p", program="demo", action="pause"), "admin").json()["outcome"] == "accepted"
    assert named(site.ask("GET", f"/i/{code}").text) == {}
    assert site.ask("GET", f"/i/{code}/card.png").status_code == 404
