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
def visit(browser: Browser, shop: Shop) -> Iterator[Any]:
    """Opens a page in a window of its own, as asked; everything that it asks of others fails the test."""
    windows: list[BrowserContext] = []
    strangers: list[str] = []

    def opener(path: str, width: int = 360, **options: Any) -> Page:
        window = browser.new_context(viewport={"width": width, "height": 740}, **options)
        windows.append(window)
        page = window.new_page()
        page.on("request", lambda asked: strangers.append(asked.url) if not asked.url.startswith(shop.url) else None)
        page.goto(f"{shop.url}{path}")
        return page

    yield opener
    cookies = [cookie for window in windows for cookie in window.cookies()]
    for window in windows:
        window.close()
    assert strangers == []
    assert cookies == []
