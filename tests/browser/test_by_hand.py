"""The loop by hand, as the guide says it: its numbered actions are read from it, and done one after the other."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.making import faults, overflow

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "by-hand.md").read_text(encoding="utf-8")
NUMBERS = {5: "five", 6: "six", 7: "seven"}
MINE = {name: value for name, value in os.environ.items() if name not in ("GOODWORD_HOME", "GOODWORD_SMTP")}


@dataclass
class Demo:
    """A demonstration that serves, and what it printed."""

    url: str
    shop: str
    said: str
    process: subprocess.Popen[str]


@contextmanager
def serving(recipe: str, data: Path) -> Iterator[Demo]:
    """`make run ARGS=--empty` of a recipe; it takes all that it started with it."""
    port, shop = free_ports()
    command = [sys.executable, "-m", "demo.run", "--recipe", recipe, "--port", str(port), "--shop-port", str(shop)]
    process = subprocess.Popen(
        [*command, "--data", str(data), "--empty"], cwd=ROOT, env=MINE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Serving until" in line:
                break
        assert "Serving until" in said[-1], said
        yield Demo(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{shop}", "".join(said), process)
    finally:
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    window = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", bypass_csp=True)
    yield window.new_page()
    window.close()


def actions(guide: str) -> list[tuple[str, str]]:
    """The numbered actions: the word that each begins with, and what it names in bold."""
    section = guide.partition("actions\n\n1. ")[2].partition("\n## ")[0]
    lines = re.findall(r"^\d+\. (.*)$", f"1. {section}", re.MULTILINE)
    return [(line, *re.findall(r"\*\*(.+?)\*\*", line)) for line in lines]


def do(page: Page, demo: Demo, line: str, named: str) -> None:
    """One action of the guide: whatever it names has to be on the page."""
    if line.startswith("Open"):
        page.goto(named.replace("http://127.0.0.1:8081", demo.shop))
    elif line.startswith("Press"):
        page.get_by_role("button", name=named, exact=True).click()
    else:
        assert line.startswith("Follow"), line
        section = page.locator("section").filter(has=page.get_by_role("heading", name=named, exact=True))
        page.get_by_role("link", name=named, exact=True).or_(section.locator("a[href^=http]")).first.click()


def test_the_guide_leads_to_a_reward_in_as_many_actions_as_it_says(page: Page, tmp_path: Path) -> None:
    steps = actions(GUIDE)
    assert f"## The {NUMBERS[len(steps)]} actions" in GUIDE
    assert f"{NUMBERS[len(steps)].capitalize()} actions, all in one browser window" in GUIDE
    assert f"{NUMBERS[len(steps)]} actions in a browser" in (ROOT / "README.md").read_text(encoding="utf-8")
    with serving("dropbox", tmp_path) as demo:
        printed = re.findall(r"^  \d+\. (.*)$", demo.said, re.MULTILINE)
        assert len(printed) == len(steps)
        assert [said for said, (_, named) in zip(printed[1:], steps[1:], strict=True) if f'"{named}"' not in said] == []
        assert printed[0] == f"{demo.shop}/invite"
        found = []
        for line, named in steps:
            do(page, demo, line, named)
            page.wait_for_load_state()
            if page.url.startswith(demo.shop):
                for width in (320, 1280):
                    page.set_viewport_size({"width": width, "height": 740})
                    found += faults(page)
                    found += [f"{overflow(page)} pixels too wide at {width}"] if overflow(page) else []
                assert re.fullmatch(r"[a-z0-9-]+", page.inner_text("#steps code"))
            if named == "Client installed":
                rows = page.locator("table tbody tr").all_inner_texts()
                assert rows == ["friend\t500 MB\tapproved", "advocate\t500 MB\tapproved"]
        assert found == []
        assert page.url == f"{demo.url}/me/programs/dropbox"
        assert page.locator("ul.lines a[href*='/friends/']").count() == 1
        assert "500 MB of 16,000 MB" in page.inner_text("main")


def test_who_has_to_be_a_customer_is_told_so_and_buys_first(page: Page, tmp_path: Path) -> None:
    with serving("bombas", tmp_path) as demo:
        page.goto(f"{demo.shop}/invite")
        page.get_by_role("button", name="Get my link").click()
        (refused,) = page.locator(".notice").all_inner_texts()
        assert "has ordered before" in refused

        page.goto(demo.shop)
        page.get_by_role("button", name="Buy as a customer").click()
        page.get_by_role("link", name="Invite friends").click()
        page.get_by_role("button", name="Get my link").click()
        page.wait_for_url("**/me/programs/bombas")
        page.click("p.address a")

        page.get_by_role("textbox", name="Amount in USD").fill("10.00")
        page.get_by_role("button", name="Buy", exact=True).click()
        expect(page.locator("section.notice")).to_contain_text("the order total is $10.00; at least $60.00 is needed")
        expect(page.locator("section.notice")).not_to_contain_text("converted")
        page.get_by_role("link", name="Come as another new customer").click()
        page.get_by_role("button", name="Buy", exact=True).click()
        assert "advocate\t$20.00\tpending" in page.locator("table tbody tr").all_inner_texts()


def test_who_joins_with_an_address_finds_his_mail_in_the_shop(page: Page, tmp_path: Path) -> None:
    with serving("dropbox", tmp_path) as demo:
        page.goto(f"{demo.url}/join/dropbox")
        page.fill("[name=email]", "maria@example.com")
        page.get_by_role("button", name="Get my link").click()
        page.click("p.address a")
        mail = page.locator("details a")
        for _ in range(100):
            if mail.count():
                break
            page.wait_for_timeout(100)
            page.get_by_role("link", name="Look again").click()
        assert faults(page) == []
        mail.click()
        page.get_by_role("button", name="Go to my page").click()
        page.wait_for_url(f"{demo.url}/me/programs/dropbox")


def test_a_friend_who_accepts_comes_back_with_his_claim(browser: Browser, page: Page, tmp_path: Path) -> None:
    with serving("coffee-shop", tmp_path) as demo:
        page.goto(f"{demo.url}/join/coffee-shop")
        page.fill("[name=email]", "maria@example.com")
        page.get_by_role("button", name="Get my link").click()
        code = page.inner_text("output.code")
        window = browser.new_context(locale="en-GB")
        friend = window.new_page()
        friend.goto(f"{demo.url}/i/{code}")
        friend.locator("form button.button").click()
        friend.locator("a.button").click()
        assert friend.url.startswith(f"{demo.shop}/?gw_code={code}&gw_claim=cl_")
        friend.get_by_role("button", name="First visit").click()
        assert friend.locator("table tbody tr").all_inner_texts() == ["advocate\t1 coffee\tapproved"]
        window.close()

        pin = re.search(r"PIN (\d+)", demo.said)
        assert pin is not None
        page.goto(f"{demo.url}/counter/sign-in?lang=en")
        page.fill("[name=name]", "Dana")
        page.fill("[name=pin]", pin[1])
        page.click("form[data-sign-in] button")
        page.wait_for_selector("form[data-look-up]")


# What the shop does not do: no browser is needed for that. -----------------------------------------------------------

STRANGE = [
    ("GET", {"Host": "evil.example"}, "", 403),
    ("POST", {"Origin": "http://evil.example"}, "do=signed_up&who=c-1", 403),
    ("POST", {}, "do=signed_up&who=c-1", 403),
    ("POST", {"Origin": "SHOP"}, "do=" + "x" * 5000, 413),
    ("POST", {"Origin": "SHOP"}, "&".join(f"f{n}=1" for n in range(30)), 400),
    ("POST", {"Origin": "SHOP"}, "do=nothing&who=c-1", 422),
    ("POST", {"Origin": "SHOP"}, "do=signed_up", 422),
    ("POST", {"Origin": "SHOP"}, "do=signed_up&who=c-1&gw_code=" + "x" * 65, 422),
    ("POST", {"Origin": "SHOP"}, "do=signed_up&who=c-1&gw_code=NOBODY99", 303),
    ("GET", {}, "", 200),
]


def test_nobody_else_presses_in_the_shop(tmp_path: Path) -> None:
    with serving("dropbox", tmp_path) as demo, httpx.Client(trust_env=False) as client:
        answers = [
            client.request(
                method,
                demo.shop,
                headers={name: value.replace("SHOP", demo.shop) for name, value in headers.items()},
                content=body or None,
            ).status_code
            for method, headers, body, _ in STRANGE
        ]
        assert answers == [status for *_, status in STRANGE]


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    port, shop = free_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", shop))
        other.listen()
        done = subprocess.run(
            [sys.executable, "-m", "demo.run", "--port", str(port), "--shop-port", str(shop), "--data", str(tmp_path)],
            cwd=ROOT, env=MINE, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"port {shop} cannot be used" in done.stderr
    assert "--shop-port" in done.stderr
