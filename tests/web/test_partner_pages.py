"""A partner's pages: links to pages of the shop, clicks by day, sales, the statement, how he is paid; and nothing of others."""

from __future__ import annotations

import csv
import io
import re
import time
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from demo.cases import PROGRAMS
from goodword.engine.state import HANDLES_MAX
from goodword.pipeline.visits import VisitTeller
from goodword.portal.partner import DAYS
from goodword.program.duration import DAY_MS, from_ms
from tests.delivery.postbox import Sink, serve
from tests.edge.making import FIREFOX
from tests.web.making import TENANT, Opener, Site
from tests.web.people import Person, form, post_office
from tests.web.test_portal import Clock

ANN, EVE = "ann@example.com", "eve@example.com"
HOME = "/me/programs/amazon-associates"
ACCOUNT = "RO49 AAAA 1B31 0075 9384 0000"


@dataclass
class Shop:
    """A shop with partners, and its clock."""

    site: Site
    clock: Clock

    def tell(self, type: str, id: str, **more: Any) -> Any:
        body = {"type": type, "id": id, "occurred_at": from_ms(self.clock.ms).isoformat(), **more}
        answer = self.site.tell(body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def partner(self, email: str, program: str = "amazon-associates", **known: Any) -> tuple[Person, str]:
        """Somebody with a code, signed in."""
        who = {"id": email.partition("@")[0], "email": email, **known}
        code = self.tell("join", f"join {email} {program}", program=program, person=who)["advocate_code"]
        person = Person(self.site)
        self.clock.ms += 1  # so that his letter is the last one
        person.signed_in(email)
        return person, code

    def follow(self, code: str) -> str:
        """Somebody follows a link; the click id that comes to the shop."""
        answer = self.site.ask("GET", f"/r/{code}", headers={"user-agent": FIREFOX})
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["gw_click"][0]

    def buy(self, number: int, click: str, total: int = 10_000) -> Any:
        self.clock.ms += 1000
        items = [{"category": "books", "total": total}]
        who = {"id": f"buyer {number}", "email": f"buyer{number}@example.com"}
        told = {"order": f"o{number}", "person": who, "total": total, "currency": "USD"}
        return self.tell("order", f"o{number}", items=items, click=click, **told)

    def pass_days(self, days: float) -> None:
        self.clock.ms += int(days * DAY_MS)
        self.site.parts.tenants.decide(TENANT, [], until_ms=self.clock.ms)


@pytest.fixture
def shop(open_site: Opener) -> Shop:
    clock = Clock()
    site = open_site(
        clock,
        delivery_every="3600000",
        rate_address="0",
        public_url="https://go.shop.example",
        home="https://shop.example/",
    )
    assert site.publish((PROGRAMS / "amazon-associates" / "program.yaml").read_text()).status_code == 201
    return Shop(site, clock)


def linked(person: Person, **typed: str) -> httpx.Response:
    return person.press(person.get(f"{HOME}/links"), "/links", **typed)


def plain(page: httpx.Response) -> str:
    """What a reader reads."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text.partition("<body>")[2])))


def clicked(person: Person, path: str, total: int) -> httpx.Response:
    """A page, as soon as so many clicks are stored."""
    for _ in range(200):
        page = person.get(path)
        if f"Clicks in 30 days: {total}." in plain(page):
            return page
        time.sleep(0.05)
    raise AssertionError(plain(page))


def test_a_link_to_a_page_is_made_followed_bought_over_held_and_paid(shop: Shop) -> None:
    """From the link to the bank, and page and API say the same."""
    ann, first = shop.partner(ANN)
    page = linked(ann, target="shop.example/kettle", name="Newsletter", code="ANN-TEA", until="2026-12-31")
    assert "Your new link is ready." in page.text
    assert "https://go.shop.example/r/ANN-TEA" in page.text
    assert "Newsletter" in page.text
    assert "31 December 2026" in plain(page)
    assert "Codes: 2 of 50" in plain(page)
    answer = shop.site.ask("GET", "/r/ann-tea", headers={"user-agent": FIREFOX})
    assert answer.headers["location"].startswith("https://shop.example/kettle?")

    shop.buy(1, shop.follow("ANN-TEA"))
    shop.buy(2, shop.follow(first), total=20_000)
    assert "Clicks in 30 days: 3. The most in one day: 3." in plain(clicked(ann, f"{HOME}/clicks", 3))
    of_one = clicked(ann, f"{HOME}/clicks?code={first}", 1)
    assert of_one.text.count("<rect") == DAYS
    cards = plain(ann.get(f"{HOME}/links"))
    assert "Clicks in 30 days 2 Sales in 30 days 1 Earned by these $4.50" in cards
    assert "Clicks in 30 days 1 Sales in 30 days 1 Earned by these $9.00" in cards

    held = plain(ann.get(f"{HOME}/sales"))
    assert held.index("$9.00") < held.index("$4.50")  # the newest first
    assert "held until" in held
    shop.pass_days(61)
    ann.signed_in(ANN)
    shop.buy(3, shop.follow("ANN-TEA"))
    shop.tell("cancel", "back", order="o3")
    sold = plain(ann.get(f"{HOME}/sales"))
    assert "It stands on your account until the next payout." in sold
    assert "cancelled" in sold
    assert "buyer" not in sold
    assert "o1" not in sold.split()
    account = plain(ann.get(f"{HOME}/payouts"))
    assert "On your account $13.50" in account
    assert "from $10.00 on" in account
    assert "Nothing was paid out yet" in account

    period = "2026-07"
    shop.pass_days(6)
    (due,) = shop.site.get("/v1/programs/amazon-associates/payouts")["items"]
    assert (due["amount"], due["period"]) == (1350, period)
    assert "being paid" in plain(ann.get(f"{HOME}/payouts"))
    shop.site.ask("POST", f"/v1/payouts/{due['id']}/pay", "staff")
    page = ann.get(f"{HOME}/payouts?period={period}")
    told = shop.site.get(f"/v1/programs/amazon-associates/partners/{due['participant']}/statements/{period}")
    assert (told["earned"], told["paid_out"], told["closing"]) == (1350, 1350, 0)
    read = plain(page)
    for words in ("1 July 2026 to 31 July 2026", "Earned $13.50", "Paid out -$13.50", "Left $0.00", "paid on"):
        assert words in read
    table = ann.get(f"{HOME}/payouts.csv?period={period}")
    assert table.headers["content-disposition"] == 'attachment; filename="amazon-associates-2026-07.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    moved = [(row["What"], row["Amount"], row["Balance"], row["Currency"]) for row in rows]
    assert moved == [
        ("Carried over", "", "0.00", "USD"),
        ("Earned", "4.50", "4.50", "USD"),
        ("Earned", "9.00", "13.50", "USD"),
        ("Paid out", "-13.50", "0.00", "USD"),
        ("Left", "", "0.00", "USD"),
    ]
    assert {row["Reference"] for row in rows} > {line["reward"] for line in told["lines"] if "reward" in line}
    assert "o1" not in table.text.split(",")

    shop.tell("refund", "much later", order="o2")
    read = plain(ann.get(f"{HOME}/payouts"))
    assert "On your account -$9.00 This was paid out and taken back since" in read


WRONG = {
    "another host": ({"target": "https://evil.example/"}, "target", "This is no page of the shop."),
    "a host that only begins like the shop's": (
        {"target": "https://shop.example.evil.example/"},
        "target",
        "This is no page of the shop.",
    ),
    "a script": ({"target": "javascript://shop.example/%0aalert(1)"}, "target", "This is no page of the shop."),
    "a host by two slashes": ({"target": "//evil.example"}, "target", "This is no page of the shop."),
    "too long a page": ({"target": f"https://shop.example/{'x' * 2100}"}, "target", "This is no page of the shop."),
    "no name": ({"name": ""}, "name", "Please give it a name"),
    "too long a name": ({"name": "n" * 61}, "name", "Please give it a name"),
    "too short a code": ({"code": "A-1"}, "code", "A code has 4 to 32 letters and digits."),
    "too long a code": ({"code": "A" * 65}, "code", "A code has 4 to 32 letters and digits."),
    "a code of marks": ({"code": "------"}, "code", "A code has 4 to 32 letters and digits."),
    "a day that is over": ({"until": "2020-01-01"}, "until", "Please choose a day that is not over."),
    "no day": ({"until": "soon"}, "until", "Please choose a day that is not over."),
    "a day beyond all calendars": ({"until": "9999-12-31"}, "until", "Please choose a day that is not over."),
}


@pytest.mark.parametrize(("typed", "field", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_link_is_said_at_its_field(
    shop: Shop, typed: dict[str, str], field: str, said: str
) -> None:
    ann, _ = shop.partner(ANN)
    given = {"target": "https://shop.example/kettle", "name": "Blog"} | typed
    page = linked(ann, **given)
    assert page.status_code == 422
    assert re.search(rf'id="error-{field}">{re.escape(said)}', page.text)
    assert page.text.count('aria-invalid="true"') == 1
    assert "<details" in page.text
    assert "open>" in page.text
    for name, value in given.items():
        assert not value or f'value="{value}"' in unescape(page.text), name
    assert "Codes: 1 of 50" in plain(page)


def test_a_code_that_somebody_has_is_not_given_twice_and_pressing_twice_makes_one(shop: Shop) -> None:
    ann, _ = shop.partner(ANN)
    eve, _ = shop.partner(EVE)
    assert linked(eve, name="Mine", code="TEA-TIME").status_code == 200
    page = linked(ann, name="Mine too", code="tea time")
    assert (page.status_code, "This code is taken" in page.text) == (409, True)
    action, fields = form(ann.get(f"{HOME}/links"), "/links")
    for _ in range(2):
        assert "Twice" in ann.post(action, {**fields, "name": "Twice"}).text
        shop.clock.ms += 1000
    assert "Codes: 2 of 50" in plain(ann.get(f"{HOME}/links"))


def test_the_limit_of_codes_is_told_before_it_is_met(shop: Shop) -> None:
    ann, _ = shop.partner(ANN)
    who = {"id": "ann"}
    for number in range(HANDLES_MAX - 1):
        shop.tell("link", f"l{number}", person=who, program="amazon-associates")
    page = ann.get(f"{HOME}/links")
    assert "Codes: 50 of 50" in plain(page)
    assert "You have as many codes as somebody may have." in page.text
    assert '<form method="post" action="/me' not in page.text


def test_a_link_that_is_over_says_so(shop: Shop) -> None:
    ann, _ = shop.partner(ANN)
    page = linked(ann, name="Summer", until=from_ms(shop.clock.ms).date().isoformat())
    code = re.findall(r'id="link-([A-Z0-9]+)"', page.text)[0]
    assert shop.site.ask("POST", f"/v1/handles/{code}/disable", "staff").status_code == 200
    assert "switched off" in plain(ann.get(f"{HOME}/links"))
    shop.site.ask("POST", f"/v1/handles/{code}/enable", "staff")
    shop.clock.ms += 2 * DAY_MS
    assert ">over<" in ann.get(f"{HOME}/links").text


PAGES = ("links", "clicks", "sales", "payouts", "payouts.csv", "payouts/details")


def test_nothing_of_another_partner_is_seen(shop: Shop) -> None:
    ann, code = shop.partner(ANN)
    eve, own = shop.partner(EVE)
    linked(ann, name="Secret channel", code="ANN-SECRET")
    ann.press(ann.get(f"{HOME}/payouts/details"), "/payouts/details", name="Ann Smith", payout=ACCOUNT)
    shop.buy(1, shop.follow(code))
    clicked(ann, f"{HOME}/clicks", 1)
    for path in PAGES:
        page = eve.get(f"{HOME}/{path}")
        assert page.status_code == 200, path
        seen = page.text
        assert not re.search(rf"{code}|ANN-?SECRET|Secret channel|Ann Smith|AAAA|4\.50", seen), path
    assert eve.get(f"{HOME}/clicks?code={code}").status_code == 404
    assert eve.get(f"{HOME}/clicks?code={own}").status_code == 200
    (sale,) = re.findall(rf'href="({HOME}/rewards/[^"]+)"', ann.get(f"{HOME}/sales").text)
    assert ann.get(sale).status_code == 200
    assert eve.get(sale).status_code == 404


def test_who_is_no_partner_has_no_such_pages(shop: Shop) -> None:
    assert shop.site.publish().status_code == 201
    stranger = Person(shop.site)
    stranger.joined("bob@example.com", "demo")
    stranger.entered()
    for path in PAGES:
        assert stranger.get(f"{HOME}/{path}").status_code == 404, path
        assert stranger.get(f"/me/programs/demo/{path}").status_code == 404, path
        assert stranger.get(f"/me/programs/none/{path}").status_code == 404, path
    assert "/links" not in stranger.get("/me/programs/demo").text
    ann, _ = shop.partner(ANN)
    tabs = re.findall(r'<li><a href="([^"]+)"', ann.get(f"{HOME}/sales").text)
    assert [f"{HOME}/{name}" in tabs for name in ("rewards", "links", "sales", "payouts")] == [True] * 4


def test_an_unconfirmed_session_sees_and_changes_none_of_it(shop: Shop) -> None:
    shop.partner(ANN)
    thief = Person(shop.site)
    thief.joined(ANN, "amazon-associates")
    for path in PAGES:
        assert thief.get(f"{HOME}/{path}").url.path == "/me/sign-in", path
    for path in ("links", "payouts/details"):
        assert thief.post(f"{HOME}/{path}", {"name": "x", "payout": "mine"}).url.path == "/me/sign-in", path


@pytest.mark.parametrize("path", ["links", "payouts/details"])
@pytest.mark.parametrize(
    ("token", "headers"),
    [("", {}), ("0" * 32, {}), (None, {"sec-fetch-site": "cross-site"}), (None, {"origin": "https://evil.example"})],
    ids=["no token", "another token", "another site", "another origin"],
)
def test_a_forged_form_changes_nothing(shop: Shop, path: str, token: str | None, headers: dict[str, str]) -> None:
    ann, _ = shop.partner(ANN)
    action, fields = form(ann.get(f"{HOME}/{path}"), path)
    if token is not None:
        fields["token"] = token
    assert ann.post(action, {**fields, "name": "x", "payout": "mine"}, **headers).status_code == 403
    assert "Codes: 1 of 50" in plain(ann.get(f"{HOME}/links"))
    assert "does not know yet" in ann.get(f"{HOME}/payouts").text


def test_a_partner_says_how_he_is_paid_and_who_pays_sees_since_when(shop: Shop) -> None:
    ann, code = shop.partner(ANN)
    assert "The shop does not know yet how to pay you." in ann.get(f"{HOME}/payouts").text
    form_page = ann.get(f"{HOME}/payouts/details")
    empty = ann.press(form_page, "/payouts/details", name="Ann Smith")
    assert (empty.status_code, "Please write how you want to be paid." in empty.text) == (422, True)
    long = ann.press(form_page, "/payouts/details", payout="x" * 501)
    assert (long.status_code, "This is too long" in long.text) == (422, True)
    page = ann.press(form_page, "/payouts/details", name="Ann <b>Smith</b>", payout=f"{ACCOUNT} <i>")
    assert f"{ACCOUNT} &lt;i&gt;" in page.text
    changed_ms = shop.clock.ms
    shop.clock.ms += DAY_MS
    page = ann.press(ann.get(f"{HOME}/payouts/details"), "/payouts/details", payout=f"{ACCOUNT} <i>")
    assert page.status_code == 200
    events = [one for one in shop.site.get("/v1/events", limit=200)["items"] if one["type"] == "profile"]
    assert len(events) == 1  # what did not change is not told
    shop.buy(1, shop.follow(code), total=50_000)
    shop.pass_days(100)
    (due,) = shop.site.get("/v1/programs/amazon-associates/payouts", "read", "people")["items"]
    assert due["pay_to"]["details"] == f"{ACCOUNT} <i>"
    assert due["pay_to"]["name"] == "Ann <b>Smith</b>"
    assert due["pay_to"]["changed_at"].startswith(from_ms(changed_ms).date().isoformat())


MAILED = {
    "en": "How you are paid was changed",
    "ar": "تغيّرت طريقة الصرف لك",
    "ro": "S-a schimbat modul în care primești plata",
}


@pytest.mark.parametrize(("language", "subject"), MAILED.items())
def test_a_change_of_the_account_is_mailed_without_the_account(shop: Shop, language: str, subject: str) -> None:
    ann, _ = shop.partner(ANN)
    sink = Sink()
    with serve(sink) as server:
        office = post_office(shop.site, f"smtp://{server}?from=hello@shop.example")
        office.run_once()
        sink.mails.clear()
        page = ann.get(f"{HOME}/payouts/details?lang={language}")
        ann.press(page, "/payouts/details", payout="x" * 501)
        for account in (ACCOUNT, ACCOUNT):
            ann.press(page, "/payouts/details", payout=account)
        shop.clock.ms += 10_000
        office.run_once()
        office.run_once()
    (mail,) = sink.mails
    assert (mail["subject"], mail["to"]) == (subject, ANN)
    assert "https://go.shop.example/me/you" in mail.get_content()
    assert "AAAA" not in mail.get_content()


@pytest.mark.parametrize(
    "period",
    ["2026-13", "2026-W60", "soon", "9999-12", "9999-W53", "0000-01", "0001-01", "0001-W01", "1969-12", "2026-1-1"],
)
def test_a_period_that_is_none_is_not_found(shop: Shop, period: str) -> None:
    ann, _ = shop.partner(ANN)
    for path in ("payouts", "payouts.csv"):
        assert ann.get(f"{HOME}/{path}?period={period}").status_code == 404
    assert ann.get(f"{HOME}/sales?after=nonsense").status_code == 404


def test_the_file_of_a_statement_is_bounded_and_still_adds_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("goodword.web.partners", "goodword.portal.partner"):
        monkeypatch.setattr(f"{module}.FILE_LINES_MAX", 2)
    monkeypatch.setattr("goodword.portal.partner.LINES_SHOWN", 1)
    ann, code = shop.partner(ANN)
    click, period = shop.follow(code), "2026-07"
    for number in range(1, 5):
        shop.buy(number, click, total=10_000 * number)
    shop.pass_days(61)
    ann.signed_in(ANN)
    page = plain(ann.get(f"{HOME}/payouts?period={period}"))
    assert "The first 1 movements are shown. The table to be saved has the first 2." in page
    table = ann.get(f"{HOME}/payouts.csv?period={period}").text.removeprefix("\ufeff")
    rows = [(row["What"], row["Amount"], row["Balance"]) for row in csv.DictReader(io.StringIO(table))]
    assert rows == [
        ("Carried over", "", "0.00"),
        ("Earned", "4.50", "4.50"),
        ("Earned", "9.00", "13.50"),
        ("After the first 2 movements, in one sum", "31.50", "45.00"),
        ("Left", "", "45.00"),
    ]


def test_sales_are_read_page_by_page(shop: Shop) -> None:
    ann, code = shop.partner(ANN)
    click = shop.follow(code)
    for number in range(35):
        shop.buy(number, click, total=1000 + 100 * number)
    first = ann.get(f"{HOME}/sales")
    (older,) = re.findall(r'href="([^"]*after=[^"]+)"', first.text)
    second = ann.get(unescape(older))
    found = [re.findall(rf"{HOME}/rewards/([^\"]+)", page.text) for page in (first, second)]
    assert [len(one) for one in found] == [30, 5]
    assert len({*found[0], *found[1]}) == 35
    assert "after=" not in second.text


LABELS = {"en": "#ad", "ar": "#إعلان", "ro": "#publicitate"}
BADGES = {"en": "Advertising", "ar": "إعلان", "ro": "Publicitate"}


@pytest.mark.parametrize("language", LABELS)
def test_what_a_partner_passes_on_says_first_that_it_is_advertising(shop: Shop, language: str) -> None:
    """Tiki Pets and its influencer dog: in the message of each way, in that of each link, on the friend's page, in the preview."""
    assert shop.site.publish((PROGRAMS / "tiki-pets" / "program.yaml").read_text()).status_code == 201
    dog, code = shop.partner("dog@example.com", "tiki-pets", fields={"partner": True})
    page = dog.get(f"/me/programs/tiki-pets?lang={language}")
    for way in re.findall(
        r'<a class="button quiet" href="([^"]+)"[^>]*data-way="(?:whatsapp|email|telegram)"', page.text
    ):
        asked = parse_qs(urlsplit(unescape(way)).query)
        (text,) = asked.get("body") or asked["text"]
        assert text.startswith(LABELS[language] + " "), way
    links = dog.get(f"/me/programs/tiki-pets/links?lang={language}")
    assert re.search(rf'data-copy="{LABELS[language]} [^"]+\nhttps://go\.shop\.example/r/{code}"', links.text)
    friend = shop.site.ask("GET", f"/i/{code}?lang={language}").text
    assert f'<span class="badge">{BADGES[language]}</span>' in friend
    assert re.search(rf'og:description" content="{BADGES[language]}: ', friend)


def test_a_customer_who_recommends_is_not_advertising(shop: Shop) -> None:
    assert shop.site.publish().status_code == 201
    maria = Person(shop.site)
    page = maria.joined("maria@example.com")
    assert "#ad" not in page.text
    code = re.findall(r'<output class="code"[^>]*>([^<]+)<', page.text)[0]
    assert "Advertising" not in shop.site.ask("GET", f"/i/{code}").text


def test_visits_that_are_paid_for_stand_among_the_sales(shop: Shop) -> None:
    assert shop.site.publish((PROGRAMS / "per-visit" / "program.yaml").read_text()).status_code == 201
    blog, code = shop.partner("blog@example.com", "per-visit", fields={"partner": True})
    home = "/me/programs/per-visit"
    for _ in range(3):
        shop.follow(code)
    clicked(blog, f"{home}/clicks", 3)
    shop.pass_days(2)
    context = shop.site.app.state.context
    VisitTeller(context.batcher, shop.site.parts.tenants, TENANT).run(shop.clock.ms, lambda: False)
    seen = plain(blog.get(f"{home}/sales"))
    assert "Visits · $0.15" in seen
    assert "held until" in seen
    shop.pass_days(20)
    assert "On your account $0.15" in plain(blog.get(f"{home}/payouts"))
