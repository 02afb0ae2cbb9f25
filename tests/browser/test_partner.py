"""A partner in a real browser: a link to a page of the shop, followed on another device, an order told, a commission seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from demo.cases import PROGRAMS
from tests.browser.making import Shop, faults, open_shop, overflow
from tests.browser.test_advocate import NUMBER, link_in_mail
from tests.edge.making import FIREFOX
from tests.web.making import order

RECIPE = "amazon-associates"
HOME = f"/me/programs/{RECIPE}"
ACCOUNT = "RO49 AAAA 1B31 0075 9384 0000"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with partners, whose pages are known."""
    with open_shop(tmp_path_factory.mktemp("market"), home="https://shop.example/") as shop:
        recipe = (PROGRAMS / RECIPE / "program.yaml").read_bytes()
        assert shop.service.ask("POST", "/v1/programs", recipe).status == 201
        yield shop


@pytest.fixture
def devices(browser: Browser, market: Shop) -> Iterator[Any]:
    """Opens windows, each with cookies of its own; everything that one asks of others than the shop fails the test."""
    opened: list[BrowserContext] = []
    strangers: list[str] = []

    def opener(width: int = 360, **options: Any) -> BrowserContext:
        window = browser.new_context(viewport={"width": width, "height": 740}, base_url=market.url, **options)
        window.on("request", lambda asked: strangers.append(asked.url))
        opened.append(window)
        return window

    yield opener
    for window in opened:
        window.close()
    known = (market.url, "https://shop.example/")
    assert [address for address in strangers if not address.startswith(known)] == []


def partner(market: Shop, window: BrowserContext, language: str) -> Page:
    """Somebody who has joined and signed in."""
    address = f"pat{next(NUMBER)}@example.com"
    page = window.new_page()
    page.goto(f"/join/{RECIPE}?lang={language}")
    page.fill("[name=email]", address)
    page.click("form button")
    page.goto(link_in_mail(market, address))
    page.click("form button")
    page.wait_for_url(f"**{HOME}")
    return page


def make_link(page: Page, code: str) -> None:
    page.goto(f"{HOME}/links")
    page.click("#make summary")
    page.fill("[name=target]", "https://evil.example/")
    page.fill("[name=name]", "Newsletter")
    page.fill("[name=code]", code)
    page.click("#make button")
    assert page.get_attribute("[name=target]", "aria-invalid") == "true"
    assert page.input_value("[name=code]") == code
    page.fill("[name=target]", "shop.example/kettle")
    page.click("#make button")
    page.wait_for_url("**/links?made=*")


# Language, width, light or dark, with or without a script.
LOOPS = [
    ("en", 1280, "dark", True),
    ("ar", 360, "light", True),
    ("ro", 360, "dark", False),
    ("ar", 1280, "dark", False),
]


@pytest.mark.parametrize(("language", "width", "scheme", "script"), LOOPS)
def test_a_link_is_made_followed_and_earns(
    market: Shop, devices: Any, language: str, width: int, scheme: str, script: bool
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "java_script_enabled": script}
    number = next(NUMBER)
    code = f"KETTLE-{number}X"
    page = partner(market, devices(width, **options), language)
    assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
    make_link(page, code)
    link = page.get_attribute(f"section[aria-labelledby=link-{code}] p.address a", "href")
    assert link == f"{market.url}/r/{code}"

    # Somebody else follows it on his own device, to the page of the shop (there is none), with what the shop hands back.
    reader = devices(360, user_agent=FIREFOX).new_page()  # one without a window says so, and is counted as a robot
    with reader.expect_response("**/r/*") as followed, suppress(Error):
        reader.goto(link)
    arrived = urlsplit(followed.value.headers["location"])
    assert (arrived.netloc, arrived.path) == ("shop.example", "/kettle")
    click = parse_qs(arrived.query)["gw_click"][0]
    bought = order(
        f"p{number}",
        order=f"p{number}",
        person={"id": f"reader{number}"},
        total=10_000,
        items=[{"category": "books", "total": 10_000}],
        click=click,
    )
    (told,) = market.service.tell([bought]).json
    assert told["outcome"] == "accepted"

    page.goto(f"{HOME}/sales")
    assert page.locator("ul.lines li").count() == 1
    assert "4" in page.inner_text("ul.lines strong")
    assert f"reader{number}" not in page.content()
    page.locator("ul.lines a").first.click()
    assert page.locator("ol.timeline li.done").count() >= 1
    for _ in range(50):
        page.goto(f"{HOME}/clicks")
        tallest = max(float(bar.get_attribute("height") or 0) for bar in page.locator("svg.chart rect").all())
        if tallest:
            break
        time.sleep(0.1)
    # Today stands at the end of the line, which is where a language ends its lines.
    bars = page.locator("svg.chart rect").all()
    today = float(bars[-1].get_attribute("x") or 0)
    first = float(bars[0].get_attribute("x") or 0)
    assert (today < first) == (language == "ar")
    assert float(bars[-1].get_attribute("height") or 0) == tallest > 0

    page.goto(f"{HOME}/payouts")
    page.click("#paid a")
    page.fill("[name=payout]", ACCOUNT)
    page.click("form.card button")
    page.wait_for_url("**/payouts#paid")
    assert ACCOUNT in page.inner_text("#paid")


PAGES = ("", "/links", "/clicks", "/sales", "/payouts", "/payouts/details")


@pytest.mark.parametrize(("language", "scheme"), [("ar", "light"), ("en", "dark"), ("ro", "light")])
def test_nothing_keeps_anybody_from_using_a_page(market: Shop, devices: Any, language: str, scheme: str) -> None:
    """A desk's window of 1280 at 400% is one of 320."""
    page = partner(market, devices(360, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"), language)
    make_link(page, f"AXE-{next(NUMBER)}Y")
    found = []
    for path in PAGES:
        for width in (320, 360, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            page.goto(f"{HOME}{path}?lang={language}")
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            found += [(path, width, fault) for fault in faults(page)]
            if overflow(page):
                found.append((path, width, f"{overflow(page)} pixels too wide"))
    assert found == []


def test_what_a_script_adds(market: Shop, devices: Any) -> None:
    """A link and its text are copied; the text says first that it is advertising."""
    window = devices(360, permissions=["clipboard-read", "clipboard-write"])
    page = partner(market, window, "en")
    code = f"COPY-{next(NUMBER)}Z"
    make_link(page, code)
    buttons = page.locator(f"section[aria-labelledby=link-{code}] [data-copy]")
    buttons.nth(0).click()
    assert page.evaluate("navigator.clipboard.readText()") == f"{market.url}/r/{code}"
    buttons.nth(1).click()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("#ad ")
    assert text.endswith(f"\n{market.url}/r/{code}")
    page.locator(f"section[aria-labelledby=link-{code}] summary").nth(1).click()
    picture = page.locator(f"section[aria-labelledby=link-{code}] img.qr")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
