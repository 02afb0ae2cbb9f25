"""Every part of our pages in every state, in languages that are and in two that nobody speaks: nothing is cut, covered or unreadable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.making import Shop, faults, overflow

Visit = Callable[..., Page]
WIDTHS = pytest.mark.parametrize("width", [320, 1280], ids=["400 percent", "desk"])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "ar", "ro", "en-XA", "ar-XB"])

SMALL_TARGETS = """() => [...document.querySelectorAll('a.button, button, input, select, textarea, nav a, summary')]
  .filter(one => one.checkVisibility())
  .filter(one => { const box = (one.closest('label') ?? one).getBoundingClientRect(); return box.height < 24 || box.width < 24 })
  .map(one => one.outerHTML)"""
CUT_TEXTS = """() => [...document.querySelectorAll('button, a, p, li, h1, h2, h3, dd, dt, label, .badge')]
  .filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
  .map(one => one.outerHTML)"""


@LANGUAGES
@SCHEMES
@WIDTHS
def test_nothing_keeps_anybody_from_using_any_part(visit: Visit, language: str, scheme: str, width: int) -> None:
    page = visit(f"/look?lang={language}", width, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    assert page.get_attribute("html", "lang") == language
    assert page.get_attribute("html", "dir") == ("rtl" if language.startswith("ar") else "ltr")
    assert faults(page) == []
    assert overflow(page) == 0
    assert page.evaluate(CUT_TEXTS) == []
    assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("language", ["en-XA", "ar-XB"])
@WIDTHS
def test_longer_and_mirrored_texts_break_no_invitation(shop: Shop, visit: Visit, language: str, width: int) -> None:
    page = visit(f"/i/{shop.codes['bombas']}?lang={language}", width, bypass_csp=True)
    assert page.get_attribute("html", "lang") == language
    assert faults(page) == []
    assert overflow(page) == 0
    assert page.evaluate(CUT_TEXTS) == []


def test_every_text_of_an_invitation_is_in_a_catalogue(shop: Shop, visit: Visit) -> None:
    """What stays plain in the accented language was written into the code."""
    page = visit(f"/i/{shop.codes['coffee-shop']}?lang=en-XA")
    for part in ("h1", "h2", "button", "summary", ".soft"):
        for text in page.locator(part).all_inner_texts():
            assert "⟦" in text, text


def test_larger_spacing_of_text_cuts_nothing(visit: Visit) -> None:
    """The distances that a reader may set (WCAG 2.2, 1.4.12)."""
    page = visit("/look?lang=en-XA", 320, bypass_csp=True)
    page.add_style_tag(
        content="*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-bottom:2em!important}"
    )
    assert overflow(page) == 0
    assert page.evaluate(CUT_TEXTS) == []


def test_on_paper_stands_what_can_be_read_there(visit: Visit) -> None:
    page = visit("/look?lang=ro", 794)
    page.emulate_media(media="print")
    shown: dict[str, Any] = {
        part: page.locator(part).first.is_visible()
        for part in (".share", ".tabs", "form", ".code", "table", ".timeline")
    }
    assert shown == {".share": False, ".tabs": False, "form": False, ".code": True, "table": True, ".timeline": True}


@SCHEMES
def test_fields_say_their_mistake_to_who_hears_the_page(visit: Visit, scheme: str) -> None:
    page = visit("/look?lang=en", color_scheme=scheme)
    field = page.get_by_label("E-mail address")
    assert field.get_attribute("aria-invalid") == "true"
    described = (field.get_attribute("aria-describedby") or "").split()
    assert [page.locator(f"#{id}").count() for id in described] == [1, 1]
    assert "name@shop.example" in " ".join(page.inner_text(f"#{id}") for id in described)
