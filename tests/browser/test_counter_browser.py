"""Staff at the counter, on a phone: sign in, confirm, hand over, with and without a connection, in three languages, by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from demo.cases import PROGRAMS
from goodword.storage import reads
from goodword.storage.counter_log import Entry, all_entries
from goodword.storage.staff import CounterLimits, Member, add_member, set_limits
from tests.browser.line import Line, line_to
from tests.browser.making import faults, overflow
from tests.faults.service import Service, parts_of, prepare, serving
from tests.web.making import TENANT, event

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
ADVOCATE = "0721 000 009"
LOOK_UP = "form[data-look-up] button[type=submit]"
PRESS = "form[data-entry] button"


@dataclass
class Cafe:
    """A running café, whom it employs, and the code of an advocate."""

    folder: Path
    service: Service
    line: Line
    code: str = ""
    customers: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.line.port}"

    def hire(self, name: str, **limits: int) -> tuple[Member, str]:
        with parts_of(self.folder, self.service.database) as parts, parts.database.write(TENANT) as connection:
            member, pin = add_member(connection, TENANT, name, 1)
            set_limits(connection, TENANT, member.id, CounterLimits(**limits))
            return member, pin

    def entries(self, member: Member) -> list[Entry]:
        with parts_of(self.folder, self.service.database) as parts, parts.database.read() as connection:
            return all_entries(connection, TENANT, staff=member.id)

    def rewards(self) -> list[Any]:
        with parts_of(self.folder, self.service.database) as parts, parts.database.read() as connection:
            return reads.rewards(connection, TENANT).items

    def customer(self) -> str:
        """The phone number of somebody who was never here."""
        self.customers += 1
        return f"0722{self.customers:06}"

    def advocate(self, name: str) -> tuple[str, str]:
        """The code and the phone number of an advocate of his own."""
        self.customers += 1
        phone = f"+40733{self.customers:06}"
        told = event("join", f"join {name}", program="coffee-shop", person={"id": name, "phone": phone})
        return self.service.tell(told).json["advocate_code"], phone


@pytest.fixture(scope="module")
def cafe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cafe]:
    folder = tmp_path_factory.mktemp("cafe")
    database = f"sqlite:///{folder / 'cafe.db'}"
    secret = prepare(folder, database, (PROGRAMS / "coffee-shop" / "program.yaml").read_text(encoding="utf-8"))
    service = Service(folder, database, secret, rate_address=100_000, phone_prefix="+40")
    service.start()
    try:
        with line_to(service.port) as line:
            cafe = Cafe(folder, service, line)
            cafe.code = cafe.advocate("anna")[0]
            yield cafe
    finally:
        service.stop()


Open = Callable[..., Page]


@pytest.fixture
def till(browser: Browser, cafe: Cafe) -> Iterator[Open]:
    """Opens the counter in a window of its own and signs somebody in; whatever is asked of strangers fails the test."""
    windows: list[BrowserContext] = []
    strangers: list[str] = []
    mistakes: list[str] = []

    def opener(who: tuple[Member, str], language: str = "en", width: int = 360, **options: Any) -> Page:
        window = browser.new_context(viewport={"width": width, "height": 740}, **options)
        windows.append(window)
        page = window.new_page()
        page.on("request", lambda asked: strangers.append(asked.url) if not asked.url.startswith(cafe.url) else None)
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.goto(f"{cafe.url}/counter/sign-in?lang={language}")
        sign_in(page, who)
        return page

    yield opener
    cafe.line.mend()
    for window in windows:
        window.close()
    assert strangers == []
    assert mistakes == []


def sign_in(page: Page, who: tuple[Member, str]) -> None:
    page.fill("[name=name]", who[0].name)
    page.fill("[name=pin]", who[1])
    page.click("form[data-sign-in] button")
    page.wait_for_selector(LOOK_UP)


def look_up(page: Page, code: str) -> None:
    page.fill("[name=code]", code)
    page.click(LOOK_UP)


def confirm(page: Page, code: str, customer: str) -> None:
    look_up(page, code)
    page.fill("[name=person]", customer)
    page.click(PRESS)


def ready(page: Page) -> None:
    """Wait until the page for the time without a connection is kept."""
    kept = """async () => {
        await navigator.serviceWorker.ready;
        for (let tries = 0; tries < 500; tries++) {
            if (await caches.match("/counter/offline")) return true;
            await new Promise((done) => setTimeout(done, 20));
        }
        return false;
    }"""
    assert page.evaluate(kept)


def lose_connection(page: Page, cafe: Cafe) -> None:
    """Cut the line as well: a worker that the browser starts again may ask before it is told that it is offline."""
    cafe.line.cut()
    page.context.set_offline(True)


def find_connection(page: Page, cafe: Cafe) -> None:
    cafe.line.mend()
    page.context.set_offline(False)


def go_offline(page: Page, cafe: Cafe) -> None:
    page.goto(f"{cafe.url}/counter")
    ready(page)
    lose_connection(page, cafe)


# Language, width, light or dark, with or without a script.
VISITS = [
    ("en", 360, "light", True),
    ("en", 1280, "dark", False),
    ("ar", 360, "dark", True),
    ("ar", 1280, "light", False),
    ("ro", 360, "light", False),
    ("ro", 1280, "dark", True),
]


@pytest.mark.parametrize(("language", "width", "scheme", "script"), VISITS)
def test_a_new_customer_and_then_the_coffee(
    cafe: Cafe, till: Open, language: str, width: int, scheme: str, script: bool
) -> None:
    who = cafe.hire(f"{language} {width}")
    code, phone = cafe.advocate(f"advocate {language} {width}")
    page = till(who, language, width, color_scheme=scheme, java_script_enabled=script)
    confirm(page, f" {code[:4].lower()} {code[4:].translate(ARABIC)}", cafe.customer())
    page.wait_for_selector(".notice.good")
    assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
    page.click("a.button")
    look_up(page, phone.translate(ARABIC))
    page.click(PRESS)
    page.wait_for_selector(".notice.good")
    assert [(one.kind, one.outcome) for one in cafe.entries(who[0])] == [("redeem", "accepted"), ("new", "accepted")]
    page.goto(f"{cafe.url}/counter/log")
    assert page.locator("main .card").count() == 2


def test_pressed_twice_in_a_hurry_it_counts_once(cafe: Cafe, till: Open) -> None:
    who = cafe.hire("hurry")
    page = till(who)
    look_up(page, cafe.code)
    page.fill("[name=person]", cafe.customer())
    page.dblclick(PRESS)
    page.wait_for_url("**/entries/**")
    page.wait_for_selector(".notice.good")
    assert len(cafe.entries(who[0])) == 1


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark"), ("ro", "dark"), ("ar", "light")])
@pytest.mark.parametrize("width", [320, 1280], ids=["400 percent", "desk"])
def test_nothing_keeps_anybody_from_using_it(cafe: Cafe, till: Open, language: str, scheme: str, width: int) -> None:
    who = cafe.hire(f"use {language} {scheme} {width}")
    code, phone = cafe.advocate(f"use {language} {scheme} {width}")
    page = till(who, language, width, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")

    def fine(state: str) -> None:
        assert (faults(page), overflow(page)) == ([], 0), state

    expect(page.locator("#connection")).to_be_visible()
    fine("desk")
    look_up(page, "nobody")
    fine("unknown")
    look_up(page, code)
    fine("invitation")
    page.fill("[name=person]", cafe.customer())
    page.click(PRESS)
    page.wait_for_selector(".notice.good")
    fine("confirmed")
    page.goto(f"{cafe.url}/counter")
    look_up(page, phone)
    fine("customer")
    page.goto(f"{cafe.url}/counter/log")
    fine("log")
    go_offline(page, cafe)
    page.goto(f"{cafe.url}/counter")
    page.fill("[name=code]", "NOBODY99")
    page.fill("[name=person]", cafe.customer())
    page.click("button[value=new]")
    page.wait_for_selector("#said")
    fine("kept")
    find_connection(page, cafe)
    page.goto(f"{cafe.url}/counter")
    page.wait_for_selector("#refused li")
    fine("refused afterwards")
    page.goto(f"{cafe.url}/counter")
    page.click("form[data-sign-out] button")
    fine("sign in")


def test_by_keyboard_or_a_scanner_that_types(cafe: Cafe, till: Open) -> None:
    who = cafe.hire("keys")
    page = till(who)
    assert page.evaluate("document.activeElement.name") == "code"
    page.keyboard.type(f"https://go.shop.example/r/{cafe.code}?ch=card\n")
    page.wait_for_selector("[name=person]")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "person":
            break
    assert page.evaluate("document.activeElement.name") == "person"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type(cafe.customer() + "\n")
    page.wait_for_selector(".notice.good")
    assert [one.outcome for one in cafe.entries(who[0])] == ["accepted"]


class Held:
    """The first question of a page whether there is a connection: asked, and not answered until it is let go."""

    def __init__(self, page: Page) -> None:
        self._routes: list[Route] = []
        page.route("**/counter/state", lambda route: self._routes.append(route), times=1)

    def wait(self, page: Page) -> None:
        while not self._routes:
            page.wait_for_timeout(20)

    def let_go(self) -> None:
        self._routes[0].continue_()


def wait_until_pressed(page: Page) -> None:
    page.wait_for_function("JSON.parse(localStorage.getItem('goodword.counter.queue') ?? '[]').length === 1")


def test_pressed_while_the_page_still_asks_whether_there_is_a_connection(cafe: Cafe, till: Open) -> None:
    """Somebody is quick: what sends when the page opens sends his press as well."""
    who = cafe.hire("quick")
    page = till(who)
    held = Held(page)
    look_up(page, cafe.code)
    page.fill("[name=person]", cafe.customer())
    held.wait(page)
    page.click(PRESS)
    wait_until_pressed(page)
    held.let_go()
    page.wait_for_selector(".notice.good")
    assert [one.outcome for one in cafe.entries(who[0])] == ["accepted"]


@pytest.mark.parametrize("taken_back", ["at once", "later"])
def test_another_page_of_the_browser_sends_what_was_pressed_on_this_one(
    cafe: Cafe, till: Open, taken_back: str
) -> None:
    who = cafe.hire(f"two pages {taken_back}")
    page = till(who)
    look_up(page, cafe.code)
    page.fill("[name=person]", cafe.customer())
    other = page.context.new_page()
    if taken_back == "later":
        page.route("**/counter/entries", lambda route: route.abort())
        page.click(PRESS)
        expect(page.locator("#said")).to_contain_text("Kept on this device")
        page.unroute("**/counter/entries")
        other.goto(f"{cafe.url}/counter")
    else:
        held = Held(other)
        other.goto(f"{cafe.url}/counter")
        held.wait(other)
        page.click(PRESS)
        wait_until_pressed(page)
        held.let_go()
    page.wait_for_selector("main > .notice.good", timeout=20_000)
    assert [one.outcome for one in cafe.entries(who[0])] == ["accepted"]


def test_over_the_limit_it_is_refused_kindly(cafe: Cafe, till: Open) -> None:
    who = cafe.hire("limited", new_hour=1)
    page = till(who)
    confirm(page, cafe.code, cafe.customer())
    page.wait_for_selector(".notice.good")
    page.goto(f"{cafe.url}/counter")
    confirm(page, cafe.code, cafe.customer())
    expect(page.locator("main > .notice.bad")).to_contain_text("The limit for one hour is reached: 1.")


# without a connection ---------------------------------------------------------------------------------------------------


def test_the_connection_breaks_between_looking_up_and_confirming(cafe: Cafe, till: Open) -> None:
    who = cafe.hire("breaks")
    page = till(who)
    ready(page)
    look_up(page, cafe.advocate("breaks")[0])
    page.fill("[name=person]", cafe.customer())
    lose_connection(page, cafe)
    page.click(PRESS)
    expect(page.locator("#said")).to_contain_text("Kept on this device")
    expect(page.locator("#waiting")).to_contain_text("Waiting to be sent: 1")
    assert cafe.entries(who[0]) == []
    find_connection(page, cafe)
    expect(page.locator("#waiting")).to_be_hidden(timeout=20_000)
    page.wait_for_url("**/entries/**")  # and the page goes on to what became of it
    expect(page.locator("main > .notice.good")).to_be_visible()
    (entry,) = cafe.entries(who[0])
    assert (entry.outcome, entry.offline) == ("accepted", True)
    assert entry.at_ms < entry.received_ms


def test_what_is_pressed_without_a_connection_is_sent_when_it_is_back_and_a_refusal_is_shown(
    cafe: Cafe, till: Open
) -> None:
    who = cafe.hire("offline")
    code, _ = cafe.advocate("offline")
    page = till(who)
    go_offline(page, cafe)
    page.goto(f"{cafe.url}/counter")
    assert page.title() == "Counter without a connection"
    customer = cafe.customer()
    for number, typed in enumerate((code, "NOBODY99")):
        page.fill("[name=code]", typed)
        page.fill("[name=person]", customer)
        page.click("button[value=new]")
        expect(page.locator("#waiting li")).to_have_count(number + 1)
    page.reload()  # somebody closes the page: nothing is lost
    expect(page.locator("#waiting li")).to_have_count(2)
    find_connection(page, cafe)
    page.goto(f"{cafe.url}/counter")
    expect(page.locator("#refused")).to_contain_text("This code is not known.")
    expect(page.locator("#refused")).to_contain_text("NOBODY99")
    assert sorted(one.outcome for one in cafe.entries(who[0])) == ["accepted", "refused"]
    page.goto(f"{cafe.url}/counter/log")
    expect(page.locator("#refused")).to_be_visible()  # until somebody has seen it
    page.click("#refused button")
    expect(page.locator("#refused")).to_be_hidden()
    page.goto(f"{cafe.url}/counter")
    expect(page.locator("#refused")).to_be_hidden()


def test_a_page_that_is_closed_before_its_answer_loses_no_refusal(cafe: Cafe, till: Open) -> None:
    who = cafe.hire("closed")
    page = till(who)
    page.goto(f"{cafe.url}/counter/offline")
    asked: list[str] = []
    page.route("**/counter/entries", lambda route: asked.append(route.request.method))  # and never answered
    page.fill("[name=code]", "NOBODY99")
    page.fill("[name=person]", cafe.customer())
    page.click("button[value=new]")
    while not asked:
        page.wait_for_timeout(20)
    window = page.context
    page.close()
    later = window.new_page()
    later.goto(f"{cafe.url}/counter")
    expect(later.locator("#refused")).to_contain_text("This code is not known.")
    assert [one.outcome for one in cafe.entries(who[0])] == ["refused"]


def test_what_was_typed_when_the_connection_broke_stands_there_again(cafe: Cafe, till: Open) -> None:
    page = till(cafe.hire("typed"))
    go_offline(page, cafe)
    look_up(page, cafe.code)
    expect(page.locator("form[data-offline-entry] [name=code]")).to_have_value(cafe.code)


def test_only_so_many_rewards_are_handed_over_without_a_connection(cafe: Cafe, till: Open) -> None:
    who = cafe.hire("risk", offline_max=2)
    page = till(who)
    go_offline(page, cafe)
    page.goto(f"{cafe.url}/counter")
    for waiting in (1, 2):
        page.fill("[name=code]", f"REWARD{waiting:06}")
        page.click("button[value=redeem]")
        expect(page.locator("#waiting li")).to_have_count(waiting)
    page.fill("[name=code]", "REWARD000003")
    page.click("button[value=redeem]")
    expect(page.locator("#said")).to_contain_text("no more rewards may be handed over")
    expect(page.locator("#waiting li")).to_have_count(2)
    find_connection(page, cafe)
    page.goto(f"{cafe.url}/counter")
    expect(page.locator("#refused li")).to_have_count(2)


def test_a_session_that_is_over_loses_nothing_and_nobody_else_sends_it(cafe: Cafe, till: Open) -> None:
    first, second = cafe.hire("first"), cafe.hire("second")
    page = till(first)
    go_offline(page, cafe)
    page.goto(f"{cafe.url}/counter")
    page.fill("[name=code]", cafe.code)
    page.fill("[name=person]", cafe.customer())
    page.click("button[value=new]")
    page.wait_for_selector("#said")
    page.context.clear_cookies(name="gw_counter")
    find_connection(page, cafe)
    page.goto(f"{cafe.url}/counter")
    assert "/counter/sign-in" in page.url
    expect(page.locator("#waiting")).to_contain_text("what waits is sent after signing in")
    sign_in(page, second)
    expect(page.locator("#waiting")).to_contain_text("Waits until whoever pressed it signs in")
    assert cafe.entries(second[0]) == []
    page.click("form[data-sign-out] button")
    sign_in(page, first)
    expect(page.locator("#waiting")).to_be_hidden()
    assert [one.outcome for one in cafe.entries(first[0])] == ["accepted"]


class Away(BaseHTTPRequestHandler):
    """What stands before a server that is away."""

    def do_GET(self) -> None:
        self.send_error(502)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_server_that_is_away_behind_its_proxy(tmp_path: Path, browser: Browser) -> None:
    """The page for the time without a connection comes then, too: of a proxy's words nobody at a till can make use."""
    database = f"sqlite:///{tmp_path / 'away.db'}"
    program = (PROGRAMS / "coffee-shop" / "program.yaml").read_text(encoding="utf-8")
    with (
        serving(tmp_path, database, program, phone_prefix="+40") as service,
        line_to(service.port) as line,
        browser.new_context() as window,
    ):
        cafe = Cafe(tmp_path, service, line)
        page = window.new_page()
        page.goto(f"{cafe.url}/counter/sign-in")
        sign_in(page, cafe.hire("proxy"))
        ready(page)
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), Away)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            line.move(proxy.server_port)
            page.goto(f"{cafe.url}/counter")
            assert page.title() == "Counter without a connection"
            page.fill("[name=code]", "NOBODY99")
            page.click("button[value=redeem]")
            expect(page.locator("#waiting li")).to_have_count(1)
        finally:
            proxy.shutdown()
            proxy.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [(502, "bad gateway"), (404, "not found"), (405, "no"), (413, "{}"), (200, "<p>Welcome to our Wi-Fi"), (200, "{}")],
)
def test_a_server_that_is_away_is_no_connection_either(cafe: Cafe, till: Open, status: int, body: str) -> None:
    """The network is there, the shop's server is not: a proxy says so, each in its own way. Nothing pressed is lost."""
    who = cafe.hire(f"away {status} {len(body)}")
    page = till(who)
    page.clock.install()
    page.goto(f"{cafe.url}/counter")
    ready(page)
    look_up(page, cafe.code)
    page.fill("[name=person]", cafe.customer())
    page.route("**/counter/entries", lambda route: route.fulfill(status=status, body=body))
    page.click(PRESS)
    expect(page.locator("#said")).to_contain_text("Kept on this device")
    expect(page.locator("#waiting")).to_contain_text("Waiting to be sent: 1")
    page.unroute("**/counter/entries")
    page.clock.fast_forward(10_000)  # so often it asks
    expect(page.locator("#waiting")).to_be_hidden()
    assert [one.outcome for one in cafe.entries(who[0])] == ["accepted"]
