"""A friend follows an invitation: on a phone and a desk, in three languages, by keyboard, without a script, printed small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.making import RECIPES, Shop, faults, overflow

Visit = Callable[..., Page]

# Recipe, language, width, light or dark, with or without a script: each pair of values meets at least once.
VISITS = [
    ("bombas", "ar", 360, "light", False),
    ("bombas", "en", 1280, "dark", True),
    ("bombas", "ro", 360, "dark", False),
    ("coffee-shop", "ro", 1280, "light", True),
    ("coffee-shop", "ar", 360, "dark", True),
    ("dropbox", "en", 360, "light", True),
    ("dropbox", "ar", 1280, "dark", False),
    ("netflix", "ro", 360, "light", False),
    ("netflix", "en", 1280, "dark", False),
]


@pytest.mark.parametrize(("recipe", "language", "width", "scheme", "script"), VISITS)
def test_an_invitation_is_looked_at_and_accepted(
    shop: Shop, visit: Visit, recipe: str, language: str, width: int, scheme: str, script: bool
) -> None:
    code = shop.codes[recipe]
    options: dict[str, Any] = {"color_scheme": scheme, "java_script_enabled": script}
    page = visit(f"/i/{code}?lang={language}", width, **options)
    page.click("button")
    assert f"/i/{code}/accepted?claim=" in page.url
    assert page.inner_text("output") == code
    assert page.get_attribute("html", "lang") == language
    link = page.get_attribute("a.button", "href")
    assert link is not None
    assert link.startswith("https://shop.example/") or recipe != "coffee-shop"
    assert "gw_claim=cl_" in link


@pytest.mark.parametrize("state", ["open", "accepted", "unknown"])
@pytest.mark.parametrize(("language", "scheme"), [("ar", "dark"), ("ro", "light"), ("en", "dark"), ("ar", "light")])
@pytest.mark.parametrize("width", [320, 1280], ids=["400 percent", "desk"])
def test_nothing_keeps_anybody_from_using_it(
    shop: Shop, visit: Visit, state: str, language: str, scheme: str, width: int
) -> None:
    """A desk's window of 1280 at 400% is one of 320."""
    code = shop.codes["bombas"] if state != "unknown" else "N0B0DY99"
    page = visit(f"/i/{code}?lang={language}", width, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    if state == "accepted":
        page.click("button")
    assert faults(page) == []
    assert overflow(page) == 0


def test_by_keyboard_alone(shop: Shop, visit: Visit) -> None:
    page = visit(f"/i/{shop.codes['dropbox']}")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/accepted?**")
    reached = []
    for _ in range(2):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className"))
    assert reached == ["button quiet", "button"]  # copying the code, and the way to the shop


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_is_light(shop: Shop, visit: Visit, recipe: str) -> None:
    """The page and its icon, a few kilobytes, nothing that moves while it loads."""
    sizes: list[int] = []
    page = visit("/healthz")
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(f"{shop.url}/i/{shop.codes[recipe]}")
    page.wait_for_load_state("networkidle")
    assert len(sizes) == 2
    assert sum(sizes) < 20_000
    shifts = page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntries().map(one => one.value)))"
        ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done([]), 200))"
    )
    assert sum(shifts) == 0
