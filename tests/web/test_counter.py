"""The counter of a shop without a web shop: sign in, look up, confirm once, redeem, within limits, with a log; offline entries."""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from goodword.pipeline.batcher import QueueFull
from goodword.program.duration import DAY_MS, HOUR_MS, MINUTE_MS, from_ms
from goodword.settings import InvalidSetting, read_settings
from goodword.storage import reads
from goodword.storage.counter_log import Entry, all_entries
from goodword.storage.staff import CounterLimits, Member, add_member, disable_member, set_limits
from goodword.web.counter_find import typed_amount, typed_code, typed_person
from tests.faults.routes import routes
from tests.storage.test_load_store import counting
from tests.web.making import TENANT, Opener, Site, event

PROGRAMS = Path(__file__).parents[2] / "programs"
CAFE = (PROGRAMS / "coffee-shop" / "program.yaml").read_text(encoding="utf-8")
PURCHASES = """\
goodword: 1
program: purchases
currency: RON
time_zone: Europe/Bucharest
audience: {friend: {friend.new_customer: true}}
attribution: {evidence: [staff, code, claim]}
steps: {purchase: {event: order, where: {order.total: {at_least: 20 RON}}}}
rewards:
  welcome: {when: {step: claimed}, to: friend, benefit: {kind: item, amount: 1 gift, unit_cost: 2 RON}}
  thanks: {when: {step: purchase}, to: advocate, benefit: {kind: coupon, amount: 5 RON, minimum_order: 30 RON}}
"""
START = 1_900_000_000_000
ION, MARIA = "+40721000001", "+40721000002"


@dataclass
class Till:
    """A shop, its clock, and somebody who signs in at its counter."""

    site: Site
    clock: list[int]
    member: Member
    pin: str
    code: str

    @property
    def now_ms(self) -> int:
        return self.clock[0]

    def pass_ms(self, length_ms: int) -> None:
        self.clock[0] += length_ms

    def sign_in(self, name: str | None = None, pin: str | None = None) -> httpx.Response:
        fields = {"name": name or self.member.name, "pin": pin or self.pin}
        return self.site.ask("POST", "/counter/sign-in", data=fields)

    def token(self) -> str:
        return str(self.site.ask("GET", "/counter/state").json()["token"])

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.site.ask("POST", path, data={"token": self.token()} | fields)

    def look_up(self, code: str) -> httpx.Response:
        return self.post("/counter/look-up", code=code)

    def new(self, person: str = ION, code: str | None = None, id: str | None = None, **more: str) -> httpx.Response:
        fields = {"id": id or uuid.uuid4().hex, "kind": "new", "code": code or self.code, "person": person} | more
        return self.shown(self.post("/counter/entries", **fields))

    def redeem(self, id: str | None = None, **fields: str) -> httpx.Response:
        return self.shown(self.post("/counter/entries", id=id or uuid.uuid4().hex, kind="redeem", **fields))

    def shown(self, answer: httpx.Response) -> httpx.Response:
        """The page that a form leads to."""
        return self.site.ask("GET", answer.headers["location"]) if answer.status_code == 303 else answer

    def waited(self, **press: Any) -> httpx.Response:
        """What a device sends by itself."""
        told = {"id": uuid.uuid4().hex, "kind": "new", "code": self.code, "person": ION, "offline": True} | press
        staff = told.pop("staff", self.member.id)
        body = {"token": told.pop("token", None) or self.token(), "staff": staff, "press": told}
        return self.site.ask("POST", "/counter/entries", json=body)

    def entries(self) -> list[Entry]:
        with self.site.parts.database.read() as connection:
            return all_entries(connection, TENANT)

    def events(self) -> list[str]:
        with self.site.parts.database.read() as connection:
            return [one.id for one in reads.events(connection, TENANT, limit=500)]

    def rewards(self) -> dict[str, str]:
        with self.site.parts.database.read() as connection:
            return {one.rule: one.status for one in reads.rewards(connection, TENANT).items}

    def limit(self, **limits: int) -> None:
        with self.site.parts.database.write(TENANT) as connection:
            set_limits(connection, TENANT, self.member.id, CounterLimits(**limits))


def make_till(open_site: Opener, program: str = CAFE, **settings: str) -> Till:
    clock = [START]
    site = open_site(now_ms=lambda: clock[0], phone_prefix="+40", **settings)
    assert site.publish(program).status_code == 201
    with site.parts.database.write(TENANT) as connection:
        member, pin = add_member(connection, TENANT, "Dana", START)
    name = re.search(r"^program: (\S+)", program, re.MULTILINE)
    assert name
    joined = site.tell(
        event("join", "join", program=name[1], person={"id": "anna", "phone": "+40721000009"})
        | {"occurred_at": "2030-01-01T00:00:00Z"}
    ).json()
    return Till(site, clock, member, pin, joined["advocate_code"])


@pytest.fixture
def till(open_site: Opener) -> Till:
    till = make_till(open_site)
    assert till.sign_in().status_code == 303
    return till


@pytest.fixture
def shop(open_site: Opener) -> Till:
    """A till of a program that asks for purchases."""
    till = make_till(open_site, PURCHASES)
    assert till.sign_in().status_code == 303
    return till


def text_of(page: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style.*?</style>", "", page.text, flags=re.S))).split())


# signing in -------------------------------------------------------------------------------------------------------------

PAGES = ["/counter", "/counter/log", "/counter/entries/counter-x"]
OPEN = ["/counter/sign-in", "/counter/offline", "/counter/worker.js"]
"""Where nobody has to be signed in."""
SCRIPTS = ["/counter/state"]
"""What only a script asks, which is told so and led nowhere."""
FORMS = ["/counter/look-up", "/counter/entries", "/counter/entries/x/undo", "/counter/sign-out"]


def test_every_route_is_one_of_these(till: Till) -> None:
    known = [
        re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path) + "$")
        for route in routes(till.site.app)
        if route.path.startswith("/counter")
    ]
    asked = [*PAGES, *FORMS, *OPEN, *SCRIPTS]
    assert [one.pattern for one in known if not any(one.match(path) for path in asked)] == []


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_signing_in(open_site: Opener, path: str) -> None:
    till = make_till(open_site)
    answer = till.site.ask("GET", path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/counter/sign-in")


@pytest.mark.parametrize("path", FORMS)
def test_nobody_does_anything_without_signing_in_or_from_another_page(open_site: Opener, path: str) -> None:
    till = make_till(open_site)
    assert till.site.ask("POST", path, data={"code": till.code}).headers["location"] == "/counter/sign-in"
    till.sign_in()
    evil = {"origin": "https://evil.example"}
    assert till.site.ask("POST", path, data={"code": till.code, "token": till.token()}, headers=evil).status_code == 403
    before = till.site.counts()
    fields = {"id": uuid.uuid4().hex, "kind": "new", "code": till.code, "person": ION}
    assert till.site.ask("POST", path, data=fields).status_code == 403
    assert till.site.ask("POST", path, data=fields | {"token": "0" * 32}).status_code == 403
    assert till.site.counts() == before


def test_a_wrong_pin_an_unknown_name_and_one_who_was_switched_off_are_answered_alike(open_site: Opener) -> None:
    till = make_till(open_site, rate_address="0")
    with till.site.parts.database.write(TENANT) as connection:
        gone, pin = add_member(connection, TENANT, "Gone", START)
        disable_member(connection, TENANT, gone.id, START)
    answers = [till.sign_in(pin="00000000"), till.sign_in("Nobody"), till.sign_in("Gone", pin), till.sign_in("\x7f")]
    assert [one.status_code for one in answers[:3]] == [403] * 3
    assert len({re.sub('value="[^"]*"', "", one.text) for one in answers[:3]}) == 1
    assert answers[3].status_code == 400
    assert "gw_counter" not in till.site.client.cookies


def test_after_five_tries_even_the_right_pin_does_not_help_for_a_while(open_site: Opener) -> None:
    till = make_till(open_site, rate_address="0")
    assert [till.sign_in(pin="1" * 8).status_code for _ in range(5)] == [403] * 5
    assert till.sign_in().status_code == 403
    till.pass_ms(16 * MINUTE_MS)
    assert till.sign_in().status_code == 303


def test_an_address_that_tries_many_names_has_to_wait(open_site: Opener) -> None:
    till = make_till(open_site, rate_address="3")
    answers = [till.sign_in(f"name {number}") for number in range(4)]
    assert [one.status_code for one in answers] == [403, 403, 403, 429]
    assert int(answers[3].headers["retry-after"]) >= 1


def test_signing_in_and_out(till: Till) -> None:
    assert "Dana" in till.site.ask("GET", "/counter").text
    assert till.post("/counter/sign-out").headers["location"] == "/counter/sign-in"
    assert till.site.ask("GET", "/counter").status_code == 303
    assert till.sign_in(till.member.id).status_code == 303


def test_a_till_that_nobody_used_for_half_a_day_asks_who_is_there(till: Till) -> None:
    for _ in range(3):  # used now and then, it goes on
        till.pass_ms(11 * HOUR_MS)
        assert till.site.ask("GET", "/counter").status_code == 200
    till.pass_ms(12 * HOUR_MS)
    assert till.site.ask("GET", "/counter").headers["location"] == "/counter/sign-in"
    assert till.site.ask("GET", "/counter/state").status_code == 401
    assert till.site.ask("GET", "/counter").status_code == 303  # and asking does not keep it
    assert till.sign_in().status_code == 303
    assert till.site.ask("GET", "/counter").status_code == 200


def test_who_is_switched_off_is_out_at_once(till: Till) -> None:
    with till.site.parts.database.write(TENANT) as connection:
        disable_member(connection, TENANT, till.member.id, till.now_ms)
    assert till.site.ask("GET", "/counter").status_code == 303
    assert till.site.ask("GET", "/counter/state").status_code == 401


def test_the_session_of_a_participant_opens_nothing_here(till: Till) -> None:
    secret = till.site.client.cookies["gw_counter"]
    till.site.client.cookies.clear()
    till.site.client.cookies.set("gw_session", secret)
    assert till.site.ask("GET", "/counter").status_code == 303


# looking up -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ar", "ro"])
def test_an_invitation_says_what_both_get_and_asks_whether_the_customer_is_new(till: Till, language: str) -> None:
    before = till.site.counts()
    till.site.ask("GET", f"/counter?lang={language}")
    page = till.look_up(till.code)
    assert page.status_code == 200
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page.text
    assert till.code in page.text
    assert {"en": "1 coffee", "ro": "1 cafea", "ar": "كوب قهوة"}[language] in page.text
    assert till.site.counts() == before


ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    "typed",
    ["{code}", " {lower} ", "{first}-{last}", "{first} {last}", "{arabic}", "http://go.shop.example/r/{code}?ch=card",
     "https://x.example/i/{lower}"],
)  # fmt: skip
def test_a_code_is_found_as_people_type_and_scan_it(till: Till, typed: str) -> None:
    code = till.code
    forms = {"code": code, "lower": code.lower(), "first": code[:4], "last": code[4:], "arabic": code.translate(ARABIC)}
    assert till.look_up(typed.format(**forms)).status_code == 200


@pytest.mark.parametrize("typed", ["N0B0DY99", "+40700000000", "", "-", "https://x.example/", "0", "a@b", "x" * 600])
def test_what_nobody_has_is_answered_by_a_friendly_page(till: Till, typed: str) -> None:
    page = till.look_up(typed)
    assert page.status_code == 404
    assert "Nothing is found under this" in page.text
    assert 'name="code"' in page.text


def test_who_tries_many_codes_has_to_wait(till: Till) -> None:
    statuses = [till.look_up(f"NOBODY{number:02}").status_code for number in range(21)]
    assert statuses == [404] * 20 + [429]
    assert till.look_up(till.code).status_code == 429


def test_strangers_on_the_network_of_the_shop_do_not_lock_its_tills(open_site: Opener) -> None:
    till = make_till(open_site, rate_address="3")
    till.sign_in()
    assert 429 in [till.site.ask("POST", f"/i/{till.code}/claim", data={"id": "x"}).status_code for _ in range(5)]
    assert till.look_up(till.code).status_code == 200
    assert "The new customer is confirmed" in till.new().text


def test_many_of_the_staff_at_one_address_guess_no_more_than_a_few(till: Till) -> None:
    statuses: list[int] = []
    for number in range(4):
        with till.site.parts.database.write(TENANT) as connection:
            other, pin = add_member(connection, TENANT, f"Member {number}", START)
        till.sign_in(other.name, pin)
        statuses += [till.look_up(f"NOBODY{n:02}").status_code for n in range(20)]
    assert statuses[:60] == [404] * 60
    assert 429 in statuses[60:]


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        ({"type": "handle", "action": "disable"}, "This code was switched off"),
        ({"type": "program", "program": "coffee-shop", "action": "pause"}, "The program is paused"),
        ({"type": "program", "program": "coffee-shop", "action": "end"}, "The program has ended"),
    ],
)
def test_an_invitation_that_starts_nothing_says_why(till: Till, happens: dict[str, Any], said: str) -> None:
    more = {"code": till.code} if happens["type"] == "handle" else {}
    till.site.tell({"id": "h", "occurred_at": "2030-01-02T00:00:00Z"} | happens | more, "admin")
    page = till.look_up(till.code)
    assert said in page.text
    assert 'value="new"' not in page.text
    assert till.new().text.count("notice bad") >= 1
    assert till.rewards() == {}


# a new customer ---------------------------------------------------------------------------------------------------------


def test_a_new_customer_brings_the_advocate_a_coffee_which_is_handed_over_by_phone_number(till: Till) -> None:
    page = till.new()
    assert "The new customer is confirmed" in page.text
    assert "For the advocate: 1 coffee." in text_of(page)
    assert till.rewards() == {"free_coffee": "approved"}
    found = till.look_up("0721 000 009")
    (reward,) = re.findall(r'name="reward" value="([^"]+)"', found.text)
    done = till.redeem(reward=reward)
    assert "Confirmed: please hand it over" in done.text
    assert till.rewards() == {"free_coffee": "redeemed"}
    again = till.redeem(reward=reward)
    assert "Please do not hand it over" in again.text
    assert "Nothing is ready for this customer" in till.look_up("0721000009").text


def test_a_reward_is_found_by_its_code(till: Till) -> None:
    till.new()
    with till.site.parts.database.read() as connection:
        (reward,) = reads.rewards(connection, TENANT).items
    code = till.site.parts.keyring.reward_code(reward.id)
    page = till.look_up(f"{code[:6].lower()} {code[6:]}")
    assert "1 coffee" in page.text
    assert code not in page.text
    assert till.redeem(code=code).text.count("please hand it over") == 1
    assert "This reward was used already" in till.look_up(code).text
    assert code not in str([one.detail for one in till.entries()])


def test_pressed_twice_it_counts_once(till: Till) -> None:
    id = uuid.uuid4().hex
    first = till.new(id=id)
    till.pass_ms(MINUTE_MS)
    assert till.new(id=id).text == first.text
    assert till.new(MARIA, id=id).text == first.text  # even if something else was typed meanwhile
    assert len(till.entries()) == 1
    assert till.events() == [
        "published:coffee-shop:1",
        "join",
        *(f"counter-{till.member.id}-{id}-{e}" for e in ("claim", "visit")),
    ]


def test_pressed_at_once_on_two_tills_it_counts_once(till: Till) -> None:
    """The same press, sent by a page and by a worker beside it, and another one within the same limit."""
    token, id = till.token(), uuid.uuid4().hex
    till.limit(new_hour=2)

    def sent(id: str, person: str) -> Any:
        press = {"id": id, "kind": "new", "code": till.code, "person": person}
        body = {"token": token, "staff": till.member.id, "press": press}
        return till.site.client.post("/counter/entries", json=body)

    async def at_once() -> list[httpx.Response]:
        others = [sent(uuid.uuid4().hex, f"+4072200001{number}") for number in range(4)]
        return await asyncio.gather(*(sent(id, ION) for _ in range(6)), *others)

    answers = till.site.loop.run(at_once())
    assert [one.status_code for one in answers] == [200] * 10
    assert len({one.text for one in answers[:6]}) == 1
    assert sum(entry.outcome == "accepted" for entry in till.entries()) == 2
    assert len([id for id in till.events() if id.endswith("-visit")]) == 2


# Who the customer is, as it is typed; what the answer says.
REFUSED = [
    ("+40721000009", "advocate and friend are the same person"),
    ("", "A phone number or customer card is needed"),
    ("a b@c", "A phone number or customer card is needed"),
    ("+123", None),  # no phone number, so a customer card
]


@pytest.mark.parametrize(("person", "said"), REFUSED)
def test_who_the_customer_is(till: Till, person: str, said: str | None) -> None:
    page = till.new(person)
    if said is None:
        assert "The new customer is confirmed" in page.text
        return
    assert "Not confirmed" in page.text
    assert till.rewards() == {}
    assert till.entries()[0].outcome == "refused"
    assert not [id for id in till.events() if id.endswith("-visit")]


CLUB = """\
goodword: 1
program: club
currency: RON
time_zone: Europe/Bucharest
activities: [trial, no_show]
attribution: {evidence: [staff, code, claim]}
steps:
  trial: {event: activity, activity: trial, undone_by: [no_show], converts: false}
  contract: {event: order, after: trial}
rewards:
  towel: {when: {step: trial}, to: friend, benefit: {kind: item, amount: 1 gift, unit_cost: 2 RON}}
  month: {when: {step: contract}, to: advocate, benefit: {kind: credit, amount: 50 RON}}
"""


def test_who_was_invited_before_comes_without_the_code_and_comes_again(open_site: Opener) -> None:
    till = make_till(open_site, CLUB)
    till.sign_in()
    claim = event("claim", "online", code=till.code, person={"phone": ION}) | {"occurred_at": "2030-03-17T10:00:00Z"}
    assert till.site.tell(claim).json()["outcome"] == "accepted"

    def offered() -> list[dict[str, str]]:
        forms = re.findall(r"<form.*?</form>", till.look_up(ION).text, flags=re.S)
        fields = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in forms]
        return [one for one in fields if one.get("kind") == "visit"]

    def confirm(one: dict[str, str], **more: str) -> httpx.Response:
        kept = {name: one[name] for name in ("id", "kind", "customer", "program", "step")}
        return till.shown(till.post("/counter/entries", **kept, **more))

    (trial,) = offered()
    assert trial["step"] == "trial"
    assert "Hand over now" in confirm(trial).text
    (contract,) = offered()
    assert contract["step"] == "contract"
    assert "cannot be read" in confirm(contract).text
    (contract,) = offered()
    assert "It is confirmed" in confirm(contract, **{f"amount-{contract['id']}": "199"}).text
    assert till.rewards()["month"] == "issued"
    assert offered() == []
    assert "This is not done at the counter." in confirm(contract | {"id": uuid.uuid4().hex}, amount="5").text
    assert "This is not done at the counter." in confirm(trial | {"id": uuid.uuid4().hex, "customer": "pt_x"}).text


def test_visits_and_new_customers_have_one_limit(open_site: Opener) -> None:
    till = make_till(open_site, CLUB)
    till.sign_in()
    till.new()
    till.limit(new_hour=1)
    found = till.look_up(ION).text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found))
    kept = {name: fields[name] for name in ("customer", "program", "step")}
    page = till.shown(till.post("/counter/entries", id=uuid.uuid4().hex, kind="visit", amount="5", **kept))
    assert "The limit for one hour is reached: 1." in page.text


def test_a_customer_comes_for_the_first_time_once(till: Till) -> None:
    till.new()
    assert "Not confirmed" in till.new().text or len(till.rewards()) == 1
    with till.site.parts.database.read() as connection:
        assert len(reads.rewards(connection, TENANT).items) == 1


def test_where_the_shop_allows_it_a_new_customer_stays_unnamed(open_site: Opener) -> None:
    till = make_till(open_site, counter_unnamed="1")
    till.sign_in()
    assert "May stay empty" in till.look_up(till.code).text
    for _ in range(2):
        assert "The new customer is confirmed" in till.new("").text
    with till.site.parts.database.read() as connection:
        assert len(reads.rewards(connection, TENANT).items) == 2


def test_a_purchase_of_a_new_customer(shop: Till) -> None:
    assert "Amount paid (RON)" in shop.look_up(shop.code).text
    assert "The amount cannot be read" in shop.new().text
    page = shop.new(amount="٢٥٫٥٠")
    assert "The new customer is confirmed" in page.text
    assert shop.rewards() == {"welcome": "approved", "thanks": "issued"}
    with shop.site.parts.database.read() as connection:
        person = next(one for one in reads.rewards(connection, TENANT).items if one.rule == "welcome").participant
        (order,) = reads.orders(connection, TENANT, person).items
    assert (order.total, order.currency) == (2550, "RON")
    # What the new customer gets is handed over from the very page.
    (reward,) = re.findall(r'name="reward" value="([^"]+)"', page.text)
    assert "please hand it over" in shop.redeem(reward=reward).text


@pytest.mark.parametrize(
    ("paid", "said", "status"),
    [
        ("24.99", "Please do not hand it over", "issued"),
        ("30", "Confirmed: it is used", "redeemed"),
        ("", "cannot be read", "issued"),
    ],
)
def test_a_coupon_is_used_on_a_purchase_or_neither_is_kept(shop: Till, paid: str, said: str, status: str) -> None:
    shop.new(amount="20")
    (reward,) = re.findall(r'name="reward" value="([^"]+)"', shop.look_up("+40721000009").text)
    assert said in shop.redeem(reward=reward, amount=paid).text
    assert shop.rewards()["thanks"] == status
    with shop.site.parts.database.read() as connection:
        advocate = next(one for one in reads.rewards(connection, TENANT).items if one.rule == "thanks").participant
        orders = reads.orders(connection, TENANT, advocate).items
    assert [one.state for one in orders if one.state == "placed"] == (["placed"] if status == "redeemed" else [])


# limits, log, taking back -----------------------------------------------------------------------------------------------


def test_over_the_limit_nothing_is_confirmed(till: Till) -> None:
    till.limit(new_hour=2, new_day=3)
    pages = [till.new(f"+4072200000{number}").text for number in range(3)]
    assert ["confirmed" in page for page in pages] == [True, True, True]
    assert "The limit for one hour is reached: 2." in pages[2]
    assert len([id for id in till.events() if id.endswith("-visit")]) == 2
    till.pass_ms(HOUR_MS + 1)
    assert "The new customer is confirmed" in till.new("+40722000005").text
    till.pass_ms(HOUR_MS + 1)
    assert "The limit for one day is reached: 3." in till.new("+40722000006").text


def test_the_log_shows_ones_own_entries_of_a_day(till: Till) -> None:
    assert "Nothing yet" in till.site.ask("GET", "/counter/log").text
    till.new()
    till.new(code="N0B0DY99")
    page = text_of(till.site.ask("GET", "/counter/log"))
    assert "New customers and visits 1 of 100" in page
    assert "This code is not known." in page
    with till.site.parts.database.write(TENANT) as connection:
        other, pin = add_member(connection, TENANT, "Other", START)
    theirs = f"/counter/entries/{till.entries()[0].id}"
    till.post("/counter/sign-out")
    till.sign_in(other.name, pin)
    assert "Nothing yet" in till.site.ask("GET", "/counter/log").text
    assert till.site.ask("GET", theirs).headers["location"] == "/counter"
    assert till.post(f"{theirs}/undo").headers["location"] == "/counter/log"


def test_a_mistake_is_taken_back_once_by_whoever_made_it(till: Till) -> None:
    till.new()
    (entry,) = till.entries()
    page = till.shown(till.post(f"/counter/entries/{entry.id}/undo"))
    assert "It is taken back" in page.text
    assert till.rewards() == {"free_coffee": "cancelled"}
    before = till.events()
    assert till.post(f"/counter/entries/{entry.id}/undo").headers["location"] == "/counter/log"
    assert till.events() == before
    assert "taken back" in till.site.ask("GET", "/counter/log").text


def test_a_purchase_is_taken_back_too_but_not_after_a_day(shop: Till) -> None:
    shop.new(amount="20")
    shop.new(MARIA, amount="20")
    last, first = shop.entries()
    assert "It is taken back" in shop.shown(shop.post(f"/counter/entries/{last.id}/undo")).text
    shop.pass_ms(DAY_MS)
    shop.sign_in()
    assert shop.post(f"/counter/entries/{first.id}/undo").headers["location"] == "/counter/log"
    assert shop.rewards()["thanks"] in ("issued", "cancelled", "reversed")


def undone(till: Till, entry: Entry) -> str:
    return text_of(till.shown(till.post(f"/counter/entries/{entry.id}/undo")))


def test_a_new_customer_under_the_wrong_code_is_put_right(shop: Till) -> None:
    """The invitation that began by mistake falls with its rewards, and the customer is free for the right one."""
    other = {"id": "joe", "phone": "+40721000008"}
    told = event("join", "join joe", program="purchases", person=other) | {"occurred_at": "2030-01-01T00:00:00Z"}
    right = shop.site.tell(told).json()["advocate_code"]
    shop.new(amount="50")
    (wrong,) = shop.entries()
    assert shop.rewards() == {"welcome": "approved", "thanks": "issued"}
    shop.pass_ms(MINUTE_MS)
    assert "The invitation is taken back as well: the right one can be confirmed now." in undone(shop, wrong)
    assert shop.rewards() == {"welcome": "cancelled", "thanks": "reversed"}
    shop.pass_ms(MINUTE_MS)
    page = shop.new(amount="50", code=right)
    assert "The new customer is confirmed" in page.text
    assert "Hand over now" in page.text
    with shop.site.parts.database.read() as connection:
        rows = reads.referrals(connection, TENANT).items
        held = [one.rule for one in reads.rewards(connection, TENANT).items if one.status in ("approved", "issued")]
    assert sorted((one.code == right, one.status) for one in rows) == [(False, "expired"), (True, "converted")]
    assert sorted(held) == ["thanks", "welcome"]


def test_a_wrong_customer_is_put_right_too_where_nothing_else_takes_the_step_back(open_site: Opener) -> None:
    till = make_till(open_site, CAFE.replace("    undone_by: [visit_voided]\n", ""))
    till.sign_in()
    till.new(MARIA)
    till.pass_ms(MINUTE_MS)
    assert "The invitation is taken back as well" in undone(till, till.entries()[0])
    assert till.rewards() == {"free_coffee": "cancelled"}
    till.pass_ms(MINUTE_MS)
    assert "The new customer is confirmed" in till.new(ION).text


def test_an_invitation_from_before_stays_when_the_purchase_is_taken_back(shop: Till) -> None:
    claim = event("claim", "online", code=shop.code, person={"phone": ION}) | {"occurred_at": "2030-03-17T10:00:00Z"}
    assert shop.site.tell(claim).json()["outcome"] == "accepted"
    shop.new(amount="50")
    assert "The invitation stays: it was there before, or more came of it since." in undone(shop, shop.entries()[0])
    assert shop.rewards() == {"welcome": "approved", "thanks": "reversed"}


def test_an_invitation_of_which_more_came_stays(open_site: Opener) -> None:
    till = make_till(open_site, CLUB)
    till.sign_in()
    till.new()
    (first,) = till.entries()
    till.pass_ms(MINUTE_MS)
    bought = {"type": "order", "id": "web", "order": "web", "person": {"phone": ION}, "total": 100, "currency": "RON"}
    till.site.tell(bought | {"occurred_at": from_ms(till.now_ms).isoformat()})
    till.pass_ms(MINUTE_MS)
    assert "The invitation stays" in undone(till, first)


def test_one_customer_confirmed_twice_in_a_hurry_counts_once(shop: Till) -> None:
    """Each look-up makes a new press; so does the page for the time without a connection."""
    shop.new(amount="50")
    shop.pass_ms(5000)
    assert "You confirmed this customer a few minutes ago." in shop.new(amount="50").text
    assert shop.waited(amount="50", waited_ms=4000).json()["outcome"] == "refused"
    assert [one.outcome for one in shop.entries()].count("accepted") == 1
    assert len([id for id in shop.events() if id.endswith("-visit")]) == 1
    assert "The new customer is confirmed" in shop.new(MARIA, amount="50").text
    shop.pass_ms(10 * MINUTE_MS)
    assert "confirmed this customer" not in shop.new(amount="50").text


def test_what_a_clock_says_that_is_wrong_by_ages_can_still_be_listed(till: Till) -> None:
    for waited_ms in (2**53, 4_000_000_000_000):
        assert till.waited(waited_ms=waited_ms).json()["outcome"] == "refused"
    assert {till.now_ms - one.at_ms for one in till.entries()} == {30 * DAY_MS}


def test_the_log_reads_as_much_however_long_it_is(till: Till) -> None:
    def read() -> int:
        with counting(till.site.parts.database) as statements:
            assert till.site.ask("GET", "/counter/log").status_code == 200
        return len(statements)

    till.new()
    one = read()
    for number in range(8):
        till.new(f"+4072200000{number}")
    assert read() == one


# what waited on a device ------------------------------------------------------------------------------------------------


def test_what_waited_counts_from_when_it_was_pressed(till: Till) -> None:
    id = uuid.uuid4().hex
    answer = till.waited(id=id, waited_ms=2 * HOUR_MS).json()
    assert answer["outcome"] == "accepted"
    (entry,) = till.entries()
    assert (entry.at_ms, entry.received_ms, entry.offline) == (till.now_ms - 2 * HOUR_MS, till.now_ms, True)
    with till.site.parts.database.read() as connection:
        visit = reads.event(connection, TENANT, f"{entry.id}-visit")
    assert visit is not None
    assert visit.occurred_ms == entry.at_ms
    till.pass_ms(5 * MINUTE_MS)
    assert till.waited(id=id, waited_ms=2 * HOUR_MS + 5 * MINUTE_MS).json() == answer
    assert len(till.entries()) == 1


# What a device sends; with which outcome and sentence.
SENT = [
    ({"code": "N0B0DY99"}, "This code is not known."),
    ({"waited_ms": 12 * HOUR_MS + 1}, "It was pressed more than 12 hours ago."),
    ({"waited_ms": 2**53}, "It was pressed more than 12 hours ago."),
    ({"kind": "redeem", "code": "N0B0DY99"}, "This code is not known."),
    ({"kind": "redeem", "reward": "rw_nothing"}, "This code is not known."),
    ({"person": ""}, "A phone number or customer card is needed, the number with its country: +40721234567."),
]


@pytest.mark.parametrize(("press", "said"), SENT)
def test_what_waited_and_cannot_be_confirmed_is_told_so(till: Till, press: dict[str, Any], said: str) -> None:
    answer = till.waited(**press).json()
    assert (answer["outcome"], said in answer["lines"]) == ("refused", True)
    assert till.entries()[0].outcome == "refused"
    assert till.rewards() == {}


@pytest.mark.parametrize(
    ("press", "status"),
    [
        ({"id": "short"}, 400),
        ({"id": "../../x/y"}, 400),
        ({"kind": "undo"}, 400),
        ({"kind": "gift"}, 400),
        ({"waited_ms": -1}, 400),
        ({"person": "a\x00b"}, 400),
        ({"other": 1}, 400),
        ({"code": "x" * 501}, 400),
        ({"staff": "st_other"}, 403),
        ({"token": "0" * 32}, 403),
    ],
)
def test_a_device_that_sends_what_it_may_not(till: Till, press: dict[str, Any], status: int) -> None:
    before = till.site.counts()
    answer = till.waited(**press)
    assert answer.status_code == status, answer.text
    assert till.site.counts() == before


def test_nobody_sends_for_a_device_who_is_not_signed_in_or_elsewhere(till: Till) -> None:
    token = till.token()
    body = {"token": token, "staff": till.member.id, "press": {"id": uuid.uuid4().hex, "kind": "new"}}
    elsewhere = till.site.ask("POST", "/counter/entries", json=body, headers={"origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    assert (
        till.site.ask(
            "POST", "/counter/entries", content=b"{", headers={"content-type": "application/json"}
        ).status_code
        == 400
    )
    till.post("/counter/sign-out")
    assert till.waited(token=token).status_code == 401
    assert till.entries() == []


def test_limits_bound_what_waited_as_well(till: Till) -> None:
    till.limit(new_hour=2)
    answers = [till.waited(person=f"+4072200000{number}", waited_ms=HOUR_MS).json()["outcome"] for number in range(4)]
    assert answers == ["accepted", "accepted", "refused", "refused"]


def test_an_entry_that_was_interrupted_goes_on_under_its_id(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies, or the queue is full, between writing the entry and the answer."""
    told: list[str] = []
    decide = till.site.app.state.context.batcher.submit

    def full(events: list[Any]) -> Any:
        told.extend(one.event.id for one in events)
        if len(told) in (1, 3):
            raise QueueFull
        return decide(events)

    monkeypatch.setattr(till.site.app.state.context.batcher, "submit", full)
    id = uuid.uuid4().hex
    first = till.new(id=id)
    assert first.status_code == 503
    assert f'name="id" value="{id}"' in first.text  # the page has the same press again
    assert till.entries()[0].outcome == "open"
    till.pass_ms(MINUTE_MS)
    assert till.new(id=id).status_code == 503  # the claim is decided, the visit is not
    assert "The new customer is confirmed" in till.new(id=id).text
    assert till.rewards() == {"free_coffee": "approved"}
    assert len(till.entries()) == 1


# what is served ---------------------------------------------------------------------------------------------------------


def test_the_kept_page_says_nothing_of_anybody_and_the_worker_serves_the_counter_only(till: Till) -> None:
    signed_in = till.site.ask("GET", "/counter/offline?lang=ro")
    till.post("/counter/sign-out")
    assert signed_in.text == till.site.ask("GET", "/counter/offline?lang=ro").text
    assert "Dana" not in signed_in.text
    worker = till.site.ask("GET", "/counter/worker.js")
    assert worker.headers["service-worker-allowed"] == "/counter"
    assert worker.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"


def test_no_page_holds_a_script_of_its_own(till: Till) -> None:
    for page in (
        till.site.ask("GET", "/counter"),
        till.look_up(till.code),
        till.new(),
        till.site.ask("GET", "/counter/offline"),
    ):
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "'unsafe" not in page.headers["content-security-policy"]
        assert re.findall(r"<script(?! src=\"/assets/counter\.js\?v=)", page.text) == []
        assert not re.search(r"\son\w+=", page.text)


def test_what_is_typed_is_only_shown(till: Till) -> None:
    page = till.look_up('"><script>alert(1)</script>')
    assert "<script>" not in page.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(till: Till, method: str) -> None:
    before = till.site.counts()
    for path in (
        "/counter",
        "/counter/log",
        "/counter/state",
        "/counter/offline",
        "/counter/worker.js",
        "/counter/sign-in",
    ):
        till.site.ask(method, path)
    assert till.site.counts() == before


def test_nothing_secret_stands_in_the_log(till: Till, capfd: pytest.CaptureFixture[str]) -> None:
    till.look_up(till.code)
    till.new()
    till.sign_in(pin="12345678")
    out = "".join(capfd.readouterr())
    for secret in (till.pin, "12345678", ION, till.code):
        assert secret not in out


@pytest.mark.parametrize("prefix", ["40", "+0", "+40 ", "x", "+12345"])
def test_a_prefix_that_is_none(prefix: str) -> None:
    with pytest.raises(InvalidSetting, match="GOODWORD_PHONE_PREFIX"):
        read_settings({}, phone_prefix=prefix)


# as people type ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("12.50", "RON", 1250), ("12,5", "RON", 1250), ("12", "RON", 1200), ("٢٥٫٥٠", "SAR", 2550), ("۱۲", "USD", 1200),
        (" 1 200,00 ", "RON", 120000), ("1.250", "KWD", 1250), ("0", "RON", 0),
        ("1.250", "RON", None), ("1,200.00", "RON", None), ("-5", "RON", None), ("", "RON", None), ("x", "RON", None),
        ("1e5", "RON", None), ("12.", "RON", None), ("9" * 13, "RON", None), ("100", "JPY", 100), ("1.5", "JPY", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_or_refused_but_never_guessed(typed: str, currency: str, minor: int | None) -> None:
    assert typed_amount(typed, currency) == minor


@pytest.mark.parametrize(
    ("typed", "person"),
    [
        ("0721 000 001", {"phone": "+40721000001"}), ("0040-721-000-001", {"phone": "+40721000001"}),
        ("+40 (721) 000.001", {"phone": "+40721000001"}), ("٠٧٢١٠٠٠٠٠١", {"phone": "+40721000001"}),
        ("ION@example.com", {"email": "ION@example.com"}), ("12345678", {"id": "12345678"}), ("A-77", {"id": "A-77"}),
        ("", None), ("   ", None), ("x" * 201, None),
    ],
)  # fmt: skip
def test_a_customer_is_named_as_people_do(typed: str, person: dict[str, str] | None) -> None:
    found = typed_person(typed, "+40")
    assert ({} if person is None else person) == {
        kind: value for kind in ("id", "email", "phone") if found and (value := getattr(found, kind))
    }


@pytest.mark.parametrize(
    ("typed", "code"),
    [("ab-cd 12", "ABCD12"), ("HTTPS://go.example/R/abcd12?ch=x", "ABCD12"), ("http://x/i/%D8%B3", "D8B3"), ("", "")],
)
def test_a_code_is_taken_out_of_the_address_on_a_card(typed: str, code: str) -> None:
    assert typed_code(typed) == code
