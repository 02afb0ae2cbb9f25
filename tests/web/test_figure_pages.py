"""The pages of figures: who holds a key that may read sees what his programs come to; nobody else sees anything."""

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from goodword.reports.tables import BOM
from goodword.storage import keys
from goodword.web import figure_pages
from tests.web.making import TENANT, Opener, Site, event, order
from tests.web.people import Person

THIS_MONTH = datetime.now(UTC).strftime("%Y-%m")
LAST_MONTH = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
TITLES = {"en": "Figures of demo", "ar": "demo", "ro": "demo"}


@pytest.fixture
def lived(open_site: Opener) -> Site:
    site = open_site()
    assert site.publish().status_code == 201
    code = site.tell(event("join", "join", program="demo", person={"id": "ann"})).json()["advocate_code"]
    assert site.tell(order("order", order="o1", person={"id": "bob"}, code=code)).status_code == 200
    return site


def let_in(site: Site, *scopes: str, language: str = "en") -> tuple[Person, httpx.Response]:
    """Somebody who typed a key with these scopes, and what he sees."""
    person = Person(site, language)
    page = person.get("/figures")
    assert "/figures/sign-in" in str(page.url)
    return person, person.press(page, "/figures/sign-in", key=site.secret(*scopes))  # type: ignore[arg-type]


def made(person: Person, path: str) -> httpx.Response:
    """The page once its figures are made; until then it says how far they are, and asks again by itself."""
    end = time.monotonic() + 60
    while "<h2>" not in (page := person.get(path)).text:
        assert page.status_code == 200
        assert 'http-equiv="refresh"' in page.text
        assert time.monotonic() < end
    return page


@pytest.mark.parametrize("language", ["en", "ar", "ro"])
def test_what_a_program_comes_to_in_a_browser(lived: Site, language: str) -> None:
    person, listed = let_in(lived, "read", language=language)
    assert 'href="/figures/programs/demo"' in listed.text
    page = made(person, f"/figures/programs/demo?period={THIS_MONTH}")
    assert TITLES[language] in page.text
    assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in page.text
    assert 'http-equiv="refresh"' not in page.text
    assert not re.search(r"https?://|<script|\sstyle=", page.text)
    policy = page.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy
    assert "default-src 'none'" in policy
    table = person.get(f"/figures/programs/demo/figures.csv?period={THIS_MONTH}")
    assert table.headers["content-disposition"] == f'attachment; filename="figures-{THIS_MONTH}.csv"'
    rows = csv.DictReader(io.StringIO(table.text.lstrip(BOM)))
    assert {(row["metric"], row["value"]) for row in rows if row["period"] == THIS_MONTH} > {("new_customers", "1")}


def test_the_month_before_and_after_are_one_press_away(lived: Site) -> None:
    person, _ = let_in(lived, "read")
    before = person.get(f"/figures/programs/demo?period={THIS_MONTH}").text
    assert re.findall(r'href="[^"]*period=([0-9-]+)">(?:‹ [A-Z]|[A-Z][a-z]+ [0-9]+ ›)', before) == [LAST_MONTH]
    page = person.get(f"/figures/programs/demo?period={LAST_MONTH}").text
    assert re.search(f'href="/figures/programs/demo[?]period={THIS_MONTH}">[^<]+ ›</a>', page)
    quarter = person.get("/figures/programs/demo?period=2000-Q1").text
    assert "period=1999-12" not in quarter
    assert re.search('href="/figures/programs/demo[?]period=2000-04">Apr 2000 ›</a>', quarter)


def test_what_is_no_period_is_said_on_the_page(lived: Site) -> None:
    person, _ = let_in(lived, "read")
    page = person.get("/figures/programs/demo?period=yesterday")
    assert page.status_code == 422
    assert "This is no period" in page.text
    assert person.get("/figures/programs/nothing").status_code == 404
    assert person.get("/figures/programs/demo/figures.csv?period=yesterday").status_code == 404


@pytest.mark.parametrize("scopes", [("events",), ("people",)])
def test_a_key_that_may_not_read_opens_nothing(lived: Site, scopes: tuple[str, ...]) -> None:
    person, refused = let_in(lived, *scopes)
    assert refused.status_code == 403
    assert "/figures/sign-in" in str(person.get("/figures/programs/demo").url)


@pytest.mark.parametrize("typed", ["gw_" + "x" * 43, "nothing", "gw_" + "x" * 150])
def test_what_is_no_key_opens_nothing(lived: Site, typed: str) -> None:
    person = Person(lived)
    refused = person.press(person.get("/figures/sign-in"), "/figures/sign-in", key=typed)
    assert refused.status_code == 403
    assert typed not in refused.text
    assert "set-cookie" not in refused.headers


def test_whose_key_is_revoked_is_out(lived: Site) -> None:
    person, _ = let_in(lived, "read")
    with lived.parts.database.write_aside() as connection:
        for key in keys.list_keys(connection, TENANT):
            keys.revoke_key(connection, TENANT, key.id, 1)
    assert "/figures/sign-in" in str(person.get("/figures/programs/demo").url)


def test_whoever_leaves_is_out(lived: Site) -> None:
    person, listed = let_in(lived, "read")
    assert person.post("/figures/sign-out", {"token": "of another page"}).status_code == 403
    assert person.get("/figures").status_code == 200
    left = person.press(listed, "/figures/sign-out")
    assert "/figures/sign-in" in str(left.url)
    assert "/figures/sign-in" in str(person.get("/figures/programs/demo").url)


def test_a_page_that_is_not_ready_says_how_far_it_is(lived: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_pages, "WAIT_SECONDS", 0.0)
    person, _ = let_in(lived, "read")
    page = person.get("/figures/programs/demo?lang=ro")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert '<meta http-equiv="refresh" content="2">' in page.text
    assert "Cifrele se calculează acum" in page.text


def test_without_a_program_there_is_a_kind_word(open_site: Opener) -> None:
    _, page = let_in(open_site(), "read")
    assert "No program is published yet" in page.text
