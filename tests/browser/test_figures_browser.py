"""The pages of figures in a real browser: everybody can read them, on a phone and at a desk, in both directions, light and dark."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.storage import keys
from goodword.storage.database import open_database
from tests.browser.making import Shop, faults, overflow
from tests.faults.service import TENANT


@pytest.fixture(scope="module")
def key(shop: Shop) -> str:
    """A key that may read."""
    database = open_database(shop.service.database)
    try:
        with database.write_aside() as connection:
            return keys.create_key(connection, TENANT, "figures", ["read"], 1)[1]
    finally:
        database.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark"), ("ro", "light")])
def test_figures_can_be_read_by_everybody(
    windows: Any, shop: Shop, key: str, width: int, language: str, scheme: str
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "bypass_csp": True, "reduced_motion": "reduce"}
    page = windows(width, **options).new_page()
    page.goto(f"{shop.url}/figures/sign-in?lang={language}")
    assert faults(page) == []
    page.keyboard.press("Tab")
    page.locator("input[name=key]").focus()
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/figures")
    assert faults(page) == []
    page.locator("a[href='/figures/programs/bombas']").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("h2", timeout=60_000)
    assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
    assert faults(page) == []
    assert overflow(page) == 0
    page.locator("input[name=period]").fill("2026-Q1")
    page.keyboard.press("Enter")
    page.wait_for_selector("h2", timeout=60_000)
    assert page.locator("input[name=period]").input_value() == "2026-Q1"
    page.emulate_media(media="print")
    assert not page.locator("nav.bar").is_visible()
