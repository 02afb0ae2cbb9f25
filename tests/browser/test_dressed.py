"""Shops whose colour nobody could read, with a logo that would run something: their pages can be read, and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.browser.making import Shop, faults, open_shop, overflow

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 20" width="80" height="20" onload="parent.ran = 1">
<script>window.ran = 1; document.title = "ran"</script><image href="https://spy.example/seen.png"/>
<foreignObject width="9" height="9"><body xmlns="http://www.w3.org/1999/xhtml" onload="ran=1"/></foreignObject>
<rect width="80" height="20" fill="#c2410c"/></svg>"""
PATHS = ["/look", "/i/{bombas}", "/join/bombas", "/me/sign-in"]


@pytest.fixture(scope="module", params=["#ffee00", "#101040", "#7f7f7f"])
def dressed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("dressed")
    logo = folder / "logo.svg"
    logo.write_text(LOGO)
    look: dict[str, Any] = {"brand_logo": logo, "brand_name": "Luna", "brand_color": request.param, "brand_corners": 32}
    with open_shop(folder, **look) as shop:
        yield shop


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    window = browser.new_context(viewport={"width": 320, "height": 700}, bypass_csp=True)
    yield window.new_page()
    window.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_every_page_can_be_read_in_the_colour_of_the_shop(dressed: Shop, page: Page, path: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    answer = page.goto(f"{dressed.url}{path.format(**dressed.codes)}")
    assert answer is not None
    assert answer.status == 200
    assert faults(page) == []
    assert overflow(page) == 0


def test_a_logo_is_shown_and_runs_nothing(dressed: Shop, browser: Browser) -> None:
    window = browser.new_context()
    asked: list[Request] = []
    refused: list[str] = []
    page = window.new_page()
    page.on("request", lambda request: asked.append(request))
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(f"{dressed.url}/look")
    logo = page.locator("img.logo")
    assert logo.evaluate("one => one.complete && one.naturalWidth > 0")
    assert logo.get_attribute("alt") == "Luna"
    assert page.evaluate("window.ran") is None
    assert refused == []
    page.goto(f"{dressed.url}{logo.get_attribute('src')}")  # by itself it is a page of our own origin
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.title() != "ran"
    strangers = [request for request in asked if not request.url.startswith(dressed.url)]
    assert [request.failure for request in strangers] == ["csp"]  # it wanted to, and was not let
    window.close()


@pytest.mark.parametrize("language", ["en-XA", "ar-XB"])
@pytest.mark.parametrize("path", ["/join/bombas", "/me/sign-in"])
def test_longer_and_mirrored_texts_fit_small_windows(dressed: Shop, page: Page, path: str, language: str) -> None:
    page.goto(f"{dressed.url}{path}?lang={language}")
    assert page.get_attribute("html", "lang") == language
    assert overflow(page) == 0
    assert faults(page) == []
