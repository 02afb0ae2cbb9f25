"""A real browser before a real `goodword serve`: Debian's Chromium, driven from here, with nothing else on its network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.making import Shop, open_shop

FLAGS = [
    f"--{flag}"
    for flag in (
        "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "disable-dev-shm-usage",
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Who has none says so with GOODWORD_WITHOUT_BROWSER=1: it is never left out in silence.

    For a file, not for the whole run: as long as it is driven, nobody else in its thread can run an event loop.
    """
    found = os.environ.get("GOODWORD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if os.environ.get("GOODWORD_WITHOUT_BROWSER") == "1":
        pytest.skip("GOODWORD_WITHOUT_BROWSER=1")
    assert found, "no Chromium: `make browser` installs Debian's; or name one in GOODWORD_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A running server with a few programs, and somebody who invites in each."""
    folder: Path = tmp_path_factory.mktemp("shop")
    with open_shop(folder) as shop:
        yield shop


@pytest.fixture
def windows(browser: Browser, shop: Shop) -> Iterator[Any]:
    """Opens windows, each with cookies of its own; everything that one asks of others fails the test."""
    opened: list[BrowserContext] = []
    strangers: list[str] = []

    def opener(width: int = 360, **options: Any) -> BrowserContext:
        window = browser.new_context(viewport={"width": width, "height": 740}, base_url=shop.url, **options)
        window.on("request", lambda asked: strangers.append(asked.url) if not asked.url.startswith(shop.url) else None)
        opened.append(window)
        return window

    yield opener
    for window in opened:
        window.close()
    assert strangers == []


@pytest.fixture
def visit(windows: Any) -> Iterator[Any]:
    """Opens a page for somebody of whom nothing may be kept but what he pressed for."""
    visited: list[BrowserContext] = []

    def opener(path: str, width: int = 360, **options: Any) -> Page:
        window = windows(width, **options)
        visited.append(window)
        page: Page = window.new_page()
        page.goto(path)
        return page

    yield opener
    kept = [(page.url, cookie) for window in visited for page in window.pages for cookie in window.cookies()]
    assert [cookie for url, cookie in kept if cookie["name"] != "gw_claim" or "/accepted" not in url] == []
