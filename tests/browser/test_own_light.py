"""A reader's own light or dark, in a real browser: what he presses is what he sees, whatever his device says; paper stays light."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.making import Shop, faults, open_shop, overflow

Windows = Callable[..., BrowserContext]
COLOURS = """() => Object.fromEntries(['html', 'body', '.card', 'a', 'button', '.soft', 'h1'].map(part => {
  const one = document.querySelector(part); if (!one) return [part, null];
  const { color, backgroundColor, borderTopColor } = getComputedStyle(one); return [part, [color, backgroundColor, borderTopColor]];
}))"""
SHIFTED = (
    "new Promise(done => { let sum = 0; new PerformanceObserver(list => { for (const one of list.getEntries())"
    " sum += one.value; }).observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 200); })"
)
NAMES = {"en": ("Light", "Dark"), "ar": ("فاتح", "داكن"), "ro": ("Luminos", "Întunecat")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose yellow can be read on no light paper: the colour has to be corrected for the light that is chosen."""
    with open_shop(tmp_path_factory.mktemp("yellow"), brand_color="#ffcc00") as shop:
        yield shop


def opened(windows: Windows, path: str, device: str, **options: Any) -> Page:
    page = windows(360, color_scheme=device, **options).new_page()
    page.goto(path)
    return page


@pytest.mark.parametrize("path", ["/i/CODE", "/join/dropbox", "/look"])
@pytest.mark.parametrize(
    ("device", "wanted", "language", "script"),
    [("light", "dark", "en", True), ("dark", "light", "ar", False), ("dark", "light", "ro", True), ("light", "dark", "ar", True)],
)  # fmt: skip
def test_what_is_chosen_is_what_is_seen(
    shop: Shop, windows: Windows, path: str, device: str, wanted: str, language: str, script: bool
) -> None:
    address = f"{path.replace('CODE', shop.codes['dropbox'])}?lang={language}"
    by_device = {one: opened(windows, address, one).evaluate(COLOURS) for one in ("light", "dark")}
    assert by_device["light"] != by_device["dark"]

    page = opened(windows, address, device, java_script_enabled=script, bypass_csp=True)
    assert page.context.cookies() == [] or path == "/join/dropbox"  # which keeps the language that was asked for
    assert page.evaluate(COLOURS) == by_device[device]
    page.get_by_role("button", name=NAMES[language][wanted == "dark"], exact=True).click()
    page.wait_for_selector(f"html[data-scheme={wanted}]")
    assert page.url.partition("?")[0] == f"{shop.url}{address.partition('?')[0]}"
    assert page.get_attribute("html", "lang") == language
    assert page.evaluate(COLOURS) == by_device[wanted]
    assert overflow(page) == 0
    if script:  # else the page runs nothing of ours either that waits
        assert page.evaluate(SHIFTED) == 0
        assert faults(page) == []

    page.emulate_media(media="print")
    paper = opened(windows, address, "light")
    paper.emulate_media(media="print")
    assert page.evaluate(COLOURS) == paper.evaluate(COLOURS)


def test_it_is_reached_by_keyboard(shop: Shop, windows: Windows) -> None:
    page = opened(windows, f"/i/{shop.codes['dropbox']}", "light")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Dark":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-scheme=dark]")


def test_who_chose_before_sees_no_flash_of_the_other(shop: Shop, windows: Windows) -> None:
    """The page comes with the choice in it: nothing is drawn before it is known."""
    window = windows(360, color_scheme="light")
    page = window.new_page()
    page.goto("/look")
    page.get_by_role("button", name="Dark", exact=True).click()
    page.wait_for_selector("html[data-scheme=dark]")
    answer = page.goto("/me/sign-in")
    assert answer is not None
    assert '<html lang="en" dir="ltr" data-scheme="dark">' in answer.text()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
