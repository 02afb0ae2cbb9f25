"""The pages of figures in a real browser: everybody can read them, on a phone and at a desk, in both directions, light and dark."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.metrics.definitions import HORIZONS
from goodword.pages.blocks import page
from goodword.reports.blocks import Grid, Heading, Point, Ranged, Trend
from goodword.reports.sayings import Sayings
from goodword.storage import keys
from goodword.storage.database import open_database
from goodword.words.catalogue import LANGUAGES
from goodword.words.format import month_name
from tests.browser.making import Shop, faults, overflow
from tests.faults.service import TENANT

BESIDE_ITSELF = (
    "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"
)
"""The tables that can be read only by moving them sideways."""


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_months_side_by_side_fit_a_phone_and_paper(windows: Any, language: str) -> None:
    say = Sayings(language, "RON", {})
    cell = Ranged(say.share(0.456), say.text("range", low=say.share(0.246), high=say.share(0.735)))
    head = (say.text("head.month"), say.text("head.of"), *map(say.days, HORIZONS))
    rows = tuple((month_name(f"2026-{month:02}", language), "1,234", cell, cell, cell) for month in range(1, 13))
    points = tuple(Point(0.456, say.share(0.456), 0.246, 0.735) for _ in rows)
    line = Trend("Trend", tuple(row[0] for row in rows if isinstance(row[0], str)), points)
    window = windows(360).new_page()
    window.set_content(page([Heading("Page", 1), Grid(head, rows), line], language))
    assert overflow(window) == 0
    assert window.evaluate(BESIDE_ITSELF) == []
    assert [window.locator(f"svg.{size}").is_visible() for size in ("desk", "phone")] == [False, True]
    window.emulate_media(media="print")
    assert [window.locator(f"svg.{size}").is_visible() for size in ("desk", "phone")] == [True, False]
