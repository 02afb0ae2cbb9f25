"""A shop gives its pages a name, a colour, a logo: everything comes from us, and nothing that it gives can run."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import httpx
import pytest

from goodword.portal.asset import LOGO_BYTES_MAX
from goodword.portal.look import FONTS, make_look
from goodword.settings import InvalidSetting, read_settings
from tests.web.making import Opener, Site, event

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32
EVIL = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def friend_page(site: Site) -> httpx.Response:
    assert site.publish().status_code == 201
    code = site.tell(event("join", "j", program="demo", person={"id": "ann"})).json()["advocate_code"]
    return site.ask("GET", f"/i/{code}")


def test_a_page_takes_the_look_and_its_policy_knows_the_style(open_site: Opener, tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_bytes(EVIL)
    site = open_site(
        brand_name=" Luna  <Coffee> ", brand_color="#fc0", brand_corners="3", brand_font="serif", brand_logo=str(logo)
    )
    answer = friend_page(site)
    page = answer.text
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    assert "--round:3px" in style[1]
    assert f"--font:{FONTS['serif']}" in style[1]
    assert "#ffcc00" in style[1]  # on dark paper it can be read
    assert "light-dark(#ffcc00" not in style[1]  # on light paper it cannot
    known = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{known}'" in answer.headers["content-security-policy"]
    assert 'alt="Luna &lt;Coffee&gt;"' in page
    address = re.search(r'<img class="logo" src="([^"]+)"', page)
    assert address is not None
    picture = site.ask("GET", address[1])
    assert (picture.status_code, picture.content, picture.headers["content-type"]) == (200, EVIL, "image/svg+xml")
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert picture.headers["x-content-type-options"] == "nosniff"


def test_addresses_that_name_what_is_in_a_file_are_kept_for_ever(site: Site) -> None:
    address = re.search(r'<link rel="icon" href="([^"]+)"', friend_page(site).text)
    assert address is not None
    known, unknown = site.ask("GET", address[1]), site.ask("GET", address[1].partition("?")[0])
    assert known.content == unknown.content
    assert known.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert unknown.headers["cache-control"] == "no-cache"
    assert "script" not in known.text


@pytest.mark.parametrize("name", ["logo", "nothing.js", "..%2Flook.py", "%2e%2e", "friend.html", ""])
def test_nothing_else_is_served(site: Site, name: str) -> None:
    assert site.ask("GET", f"/assets/{name}").status_code == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"brand_color": "red"}, "BRAND_COLOR"),
        ({"brand_color": "#fff}body{display:none"}, "BRAND_COLOR"),
        ({"brand_font": "Comic Sans"}, "BRAND_FONT"),
        ({"brand_corners": "33"}, "BRAND_CORNERS"),
        ({"brand_name": "x" * 61}, "BRAND_NAME"),
        ({"brand_name": "a\u202eb"}, "BRAND_NAME"),
        ({"brand_logo": "/nowhere.svg"}, "BRAND_LOGO"),
    ],
)
def test_what_cannot_be_used_is_told_at_the_start(given: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidSetting, match=told):
        make_look(read_settings({}, **given))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (PNG + b"0" * LOGO_BYTES_MAX, "larger"),
        (b"<html><body>", "neither"),
        (b"", "neither"),
        (b"GIF89a", "neither"),
    ],
    ids=["large", "html", "empty", "gif"],
)
def test_a_logo_is_a_small_picture(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "logo"
    file.write_bytes(content)
    with pytest.raises(InvalidSetting, match=told):
        make_look(read_settings({}, brand_logo=str(file)))


def test_a_png_is_a_logo_as_well(tmp_path: Path) -> None:
    file = tmp_path / "logo"
    file.write_bytes(PNG)
    logo = make_look(read_settings({}, brand_logo=str(file))).logo
    assert logo is not None
    assert logo.media == "image/png"
