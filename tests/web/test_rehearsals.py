"""Rehearsals by the API: a process of its own that tells how far it is, and can be ended."""

import re
import time
from typing import Any

import pytest

from tests.web.making import PROGRAM, Opener, Site, event, order

ROUTE = "/v1/rehearsals"
SMALLER = PROGRAM.replace("20 USD", "5 USD")


@pytest.fixture
def lived(open_site: Opener) -> Site:
    """Ann brought three."""
    site = open_site()
    assert site.publish().status_code == 201
    code = site.tell(event("join", "join", program="demo", person={"id": "ann"})).json()["advocate_code"]
    for number in (1, 2, 3):
        bought = order(f"order {number}", order=f"o{number}", person={"id": f"friend {number}"}, code=code)
        assert site.tell(bought).status_code == 200
    return site


def ask(site: Site, **said: Any) -> Any:
    return site.ask("POST", ROUTE, "programs", json=said)


def ended(site: Site, id: str) -> Any:
    end = time.monotonic() + 60
    while True:
        told = site.get(f"{ROUTE}/{id}", "programs")
        if told["status"] not in ("waiting", "running"):
            return told
        assert time.monotonic() < end, told
        time.sleep(0.1)


def test_a_changed_file_is_rehearsed_over_what_is_stored(lived: Site) -> None:
    before = lived.counts()
    asked = ask(lived, files=[{"label": "smaller", "text": SMALLER}, {"label": "same", "text": PROGRAM}])
    assert (asked.status_code, asked.json()["status"]) == (202, "waiting")
    told = ended(lived, asked.json()["id"])
    assert (told["status"], told["done"]) == ("done", 1.0), told
    smaller, same = told["report"]["candidates"]
    assert (smaller["side"]["label"], smaller["changed"], same["changed"]) == ("smaller", 3, 0)
    assert told["report"]["happened"]["cost"] - smaller["side"]["cost"] == 3 * 1500
    assert lived.counts() == before
    page = lived.ask("GET", f"{ROUTE}/{told['id']}/page?language=ar", "programs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'dir="rtl"' in page.text
    assert not re.search(r"https?://|<script", page.text)


def test_one_that_nobody_wants_any_more_is_ended(lived: Site) -> None:
    ids = [ask(lived, files=[{"label": str(n), "text": SMALLER}]).json()["id"] for n in range(3)]
    told = lived.ask("DELETE", f"{ROUTE}/{ids[2]}", "programs").json()
    assert told["status"] == "cancelled"
    assert lived.ask("GET", f"{ROUTE}/{ids[2]}/page", "programs").status_code == 404
    # The others run one after the other.
    assert [ended(lived, id)["status"] for id in ids[:2]] == ["done", "done"]
    assert lived.ask("DELETE", f"{ROUTE}/{ids[0]}", "programs").json()["status"] == "done"


def test_no_more_wait_than_may(lived: Site) -> None:
    answers = [ask(lived, files=[{"label": str(n), "text": SMALLER}]) for n in range(11)]
    codes = [answer.status_code for answer in answers]
    assert 503 in codes
    for answer in answers:
        if answer.status_code == 202:
            lived.ask("DELETE", f"{ROUTE}/{answer.json()['id']}", "programs")


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ({"files": []}, 422, "files"),
        ({"files": [{"label": "a", "text": PROGRAM}] * 9}, 422, "files"),
        ({"files": [{"label": "a\u0007", "text": PROGRAM}]}, 422, "files[0].label"),
        ({"files": [{"label": n, "text": PROGRAM.replace("demo", n)} for n in ("one", "two")]}, 422, "files"),
        ({"files": [{"label": "a", "text": "goodword: 1"}]}, 422, None),
        ({"files": [{"label": "a", "text": PROGRAM}], "since": "soon"}, 422, "since"),
        ({"filez": []}, 422, None),
    ],
)
def test_what_cannot_be_rehearsed_is_said(lived: Site, said: Any, status: int, field: str | None) -> None:
    told = ask(lived, **said)
    assert (told.status_code, told.json().get("field")) == (status, field), told.text


def test_what_is_not_there_is_not_found(lived: Site) -> None:
    id = ask(lived, files=[{"label": "a", "text": PROGRAM}]).json()["id"]
    for path in (f"{ROUTE}/re_nothing", f"{ROUTE}/re_nothing/page"):
        assert lived.ask("GET", path, "programs").status_code == 404
    assert lived.ask("GET", f"{ROUTE}/{id}", "read").status_code == 403
    ended(lived, id)
