"""The shop that the browser tests look at, and what they look for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from demo.cases import PROGRAMS
from tests.delivery.postbox import Sink, serve
from tests.faults.service import Service, prepare
from tests.web.making import event, order

RECIPES = ("bombas", "coffee-shop", "dropbox", "netflix", "harrys", "huckberry")
SERIOUS = ("serious", "critical")


@dataclass(frozen=True)
class Shop:
    """A running server and the codes of its advocates, by recipe."""

    service: Service
    codes: dict[str, str]
    sink: Sink
    """The mails that it sent."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.port}"


@contextmanager
def open_shop(folder: Path, **settings: object) -> Iterator[Shop]:
    """A server on SQLite with the recipes in force, each with an advocate, in the look that the settings give."""
    files = [_in_force(recipe) for recipe in RECIPES]
    database = f"sqlite:///{folder / 'shop.db'}"
    secret = prepare(folder, database, files[0])
    sink = Sink()
    with serve(sink) as mail, _serving(folder, database, secret, mail, **settings) as service:
        for file in files[1:]:
            assert service.ask("POST", "/v1/programs", file.encode()).status == 201
        told = [order("first", person={"id": "ann"}), *(_join(recipe) for recipe in RECIPES)]
        answers = {answer["event"]: answer for answer in service.tell(told).json}
        yield Shop(service, {recipe: answers[f"join-{recipe}"]["advocate_code"] for recipe in RECIPES}, sink)


@contextmanager
def _serving(folder: Path, database: str, secret: str, mail: str, **settings: object) -> Iterator[Service]:
    fixed = {"rate_address": 100_000, "pseudo_languages": 1, "delivery_every": 50}
    smtp = f"smtp://{mail}?from=hello@shop.example"
    service = Service(folder, database, secret, smtp=smtp, **(fixed | settings))
    service.start()
    try:
        yield service
    finally:
        service.stop()


def _in_force(recipe: str) -> str:
    """A recipe; a contest of it runs now."""
    text, today = (PROGRAMS / recipe / "program.yaml").read_text(encoding="utf-8"), date.today()
    for key, day in (("first_day", today - timedelta(days=10)), ("last_day", today + timedelta(days=20))):
        text = re.sub(rf"{key}: \S+", f"{key}: {day}", text)
    return text


def _join(recipe: str) -> dict[str, Any]:
    return event("join", f"join-{recipe}", program=recipe, person={"id": "ann"})


def faults(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using a page."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in SERIOUS]


def overflow(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
