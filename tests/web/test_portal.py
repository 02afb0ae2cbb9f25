"""An advocate's pages: joining, sharing, how far he is, where each reward is, what he may do about himself."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from demo.cases import PROGRAMS
from goodword.program.duration import from_ms
from goodword.storage import reads
from tests.faults.routes import routes
from tests.web.making import PROGRAM, TENANT, Opener, Site, event, order
from tests.web.people import Person, form, nothing_to_send

MARIA = "maria@example.com"
LANGUAGES = ("en", "ar", "ro")


class Clock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_780_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def site(open_site: Opener) -> Site:
    # No thread takes the letters away: tests read what would be sent.
    site = open_site(delivery_every="3600000", rate_address="0", public_url="https://go.shop.example")
    assert site.publish().status_code == 201
    return site


@pytest.fixture
def maria(site: Site) -> Person:
    """An advocate who has shown that the address is hers."""
    person = Person(site)
    assert person.joined(MARIA, name="Maria Ionescu", shown="1").status_code == 200
    assert person.entered().status_code == 200
    return person


def code_on(page: str) -> str:
    found = re.search(r'<output class="code"[^>]*>([^<]+)<', page)
    assert found
    return found[1]


def told_of(site: Site, type: str) -> list[dict[str, Any]]:
    """The stored events of a type."""
    with site.parts.database.read() as connection:
        return [json.loads(bytes(one.body)) for one in reads.events(connection, TENANT) if one.type == type]


def bought(site: Site, code: str, number: int = 1, total: int = 9000) -> None:
    told = order(f"o{number}", order=f"o{number}", person={"id": f"bob{number}"}, total=total, code=code)
    assert site.tell(told).status_code == 200


def test_joining_takes_one_step_and_gives_a_link_at_once(site: Site) -> None:
    page = Person(site).joined(MARIA)
    assert page.url.path == "/me/programs/demo"
    code = code_on(page.text)
    assert f"https://go.shop.example/r/{code}" in page.text
    assert "Confirm your address" in page.text
    assert '"r/' not in page.text


def test_what_was_read_is_what_was_accepted(site: Site) -> None:
    Person(site, "ro").joined(MARIA)
    (joining,) = told_of(site, "join")
    assert joining["accepts"] == {"language": "ro", "version": 1}


@pytest.mark.parametrize(
    ("email", "said"), [("", "Please write an e-mail address."), ("maria", "This is not an e-mail address.")]
)
def test_a_wrong_address_is_said_at_its_field_and_nothing_is_lost(site: Site, email: str, said: str) -> None:
    page = Person(site).joined(email, name="Maria")
    assert page.status_code == 422
    assert said in page.text
    assert 'aria-invalid="true"' in page.text
    assert 'value="Maria"' in page.text
    assert site.counts()["participants"] == 0


def test_pressed_twice_one_joins_once(site: Site) -> None:
    person = Person(site)
    action, fields = form(person.get("/join/demo"), "/join/")
    first, second = (person.post(action, {**fields, "email": MARIA}) for _ in range(2))
    assert code_on(first.text) == code_on(second.text)
    assert site.counts()["participants"] == 1


def test_whether_somebody_takes_part_cannot_be_told_from_the_answers(site: Site, maria: Person) -> None:
    stranger, newcomer = Person(site), Person(site)
    known, unknown = stranger.joined(MARIA, name="Eve", shown="1"), newcomer.joined("new@example.com")

    def plain(page: str) -> str:
        return re.sub(r'token="[^"]*"|/[A-Z0-9]{8}|%2F[A-Z0-9]{8}|>[A-Z0-9]{8}<|(?s:<svg.*?</svg>)', "", page)

    assert plain(known.text) == plain(unknown.text)
    for email in (MARIA, "nobody@example.com"):
        sent = Person(site).press(Person(site).get("/me/sign-in"), "/me/sign-in", email=email)
        assert (sent.status_code, sent.url.path) == (200, "/me/sign-in/sent")


def test_a_stranger_who_types_an_address_changes_and_sees_nothing(site: Site, maria: Person) -> None:
    bought(site, code_on(maria.get("/me").text))
    stranger = Person(site, "ar")
    page = stranger.joined(MARIA, name="Eve")
    assert "2026" not in page.text  # no friend, no reward
    for path in ("/me/you", "/me/programs/demo/rewards", "/me/you/export"):
        assert stranger.get(path).url.path == "/me/sign-in"
    assert 'value="Maria Ionescu"' in maria.get("/me/you").text


def test_every_page_of_ones_own_asks_to_sign_in_first(site: Site) -> None:
    """Walked over all routes, so that a new page is covered by itself."""
    signing_in = {"/me/sign-in", "/me/sign-in/sent", "/me/sign-in/code", "/me/in/{token}", "/me/with"}
    open_pages = {"/me/you/erased", *signing_in}
    asked = 0
    for route in routes(site.app):
        if not f"{route.path}/".startswith("/me/") or route.path in open_pages:
            continue
        for method in (route.methods or set()) - {"HEAD"}:
            path = re.sub(r"\{\w+\}", "demo", route.path)
            answer = site.ask(method, path, data={} if method == "POST" else None)
            led = (answer.status_code, answer.headers.get("location"))
            assert led == (303, "/me/sign-in"), f"{method} {path}: {led}"
            asked += 1
    assert asked > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_buttons_open_ones_own_apps_with_offer_link_and_disclosure(site: Site, language: str) -> None:
    page = Person(site, language).joined(MARIA)
    found = re.findall(r'<a class="button quiet" href="([^"]+)"[^>]*data-way="(\w+)"', page.text)
    ways = {name: unescape(href) for href, name in found}
    assert next(iter(ways)) == "whatsapp"
    (text,) = parse_qs(urlsplit(ways["whatsapp"]).query)["text"]
    lines = text.split("\n")
    assert re.search(r"5[.,]00", lines[0])  # what the friend gets
    disclosure = {"en": "I get a reward", "ar": "وأحصل أنا أيضًا على مكافأة", "ro": "Primesc și eu o recompensă"}
    assert disclosure[language] in lines[0]
    assert lines[-1] == f"https://go.shop.example/r/{code_on(page.text)}?ch=whatsapp"
    assert ways["email"].startswith("mailto:?subject=")
    assert ("facebook" in ways) == (language != "ar")


@pytest.mark.parametrize(("country", "public"), [("AE", False), ("SA", False), ("RO", True), ("US", True)])
def test_no_public_posts_where_they_may_need_a_permit(site: Site, maria: Person, country: str, public: bool) -> None:
    site.tell(event("profile", "p", person={"email": MARIA, "country": country}))
    assert ('data-way="facebook"' in maria.get("/me").text) == public
    assert 'data-way="whatsapp"' in maria.get("/me").text


def test_a_share_counts_once_an_hour(site: Site, maria: Person) -> None:
    page = maria.get("/me")
    (path,) = re.findall(r'data-shared="([^"]+)"', page.text)
    (token,) = re.findall(r'data-token="([^"]+)"', page.text)
    for way in ("shown", "whatsapp", "whatsapp", "copy", "nonsense", "shown"):
        assert maria.post(path, {"way": way, "token": token}).status_code == 204
    assert sorted(one["channel"] for one in told_of(site, "share")) == ["copy", "whatsapp"]
    assert [one["place"] for one in told_of(site, "ask")] == ["portal"]


def test_whoever_was_invited_is_reminded_of_it_until_he_invites(site: Site, maria: Person) -> None:
    bob = Person(site)
    bob.joined("bob@example.com")
    told = order("b", order="b", person={"email": "bob@example.com"}, total=9000, code=code_on(maria.get("/me").text))
    site.tell(told)
    page = bob.signed_in("bob@example.com")
    assert "A friend invited you" in page.text
    assert "A friend invited you" not in maria.get("/me").text
    bought(site, code_on(page.text), number=7)
    assert "A friend invited you" not in bob.get("/me").text


def test_a_program_says_when_somebody_is_reminded(open_site: Opener) -> None:
    """Here: once what he ordered has come."""
    site = open_site(delivery_every="3600000", rate_address="0", public_url="https://go.shop.example")
    moments = "ask: {moments: {delivered: {event: activity, activity: delivered, invited: true}}}\n"
    assert site.publish(PROGRAM + "activities: [delivered]\n" + moments).status_code == 201
    maria, bob = Person(site), Person(site)
    maria.joined(MARIA)
    maria.entered()
    bob.joined("bob@example.com")
    person = {"email": "bob@example.com"}
    site.tell(order("b", order="b", person=person, total=9000, code=code_on(maria.get("/me").text)))
    assert "A friend invited you" not in bob.signed_in("bob@example.com").text
    site.tell(event("activity", "d", person=person, name="delivered"))
    assert "A friend invited you" in bob.get("/me").text
    site.tell(event("activity", "m", person={"email": MARIA}, name="delivered"))
    assert "A friend invited you" not in maria.get("/me").text  # whom nobody invited


def test_where_is_my_reward(open_site: Opener) -> None:
    """The journey of one friend, told day by day."""
    clock = Clock()
    site = open_site(clock, delivery_every="3600000", rate_address="0")
    site.publish()
    maria = Person(site)
    maria.joined(MARIA)
    page = maria.entered()
    code = code_on(page.text)
    assert "Nobody has come yet" in page.text

    def told(id: str, **more: object) -> None:
        body = {"id": id, "occurred_at": from_ms(clock.ms).isoformat(), **more}
        assert site.tell(body).status_code == 200

    told("c", type="claim", code=code, person={"id": "bob"})
    friend = maria.get(re.findall(r'href="(/me/programs/demo/friends/[^"]+)"', maria.get("/me").text)[0])
    assert friend.text.index("The invitation was accepted") < friend.text.index("an order of at least $50.00")
    assert re.search(r'class="now"[^>]*>\s*<p><strong>an order', friend.text)
    assert "bob" not in friend.text

    told("o", type="order", order="o", person={"id": "bob"}, total=6000, currency="USD")
    rewards = maria.get("/me/programs/demo/rewards")
    (reward,) = re.findall(r'href="(/me/programs/demo/rewards/[^"]+)"', rewards.text)
    assert "$20.00" in rewards.text
    assert "The reward is held until" in maria.get(reward).text  # until when, and why

    clock.ms += 29 * 86_400_000
    assert maria.get("/me").url.path == "/me/programs/demo"  # whoever comes back stays signed in
    clock.ms += 2 * 86_400_000
    site.parts.tenants.decide(TENANT, [], until_ms=clock.ms)
    assert "issued" in maria.get(reward).text
    assert "$20.00" in maria.get("/me/programs/demo/statement").text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "To invite friends, an advocate has to meet this: has ordered before."),
        ("ro", "Condiție pentru cine invită: are deja o comandă."),
        ("ar", "شرط صاحب الدعوة: وجود طلب سابق."),
    ],
)
def test_who_may_not_join_is_told_in_the_words_of_the_terms(site: Site, language: str, said: str) -> None:
    text = (PROGRAMS / "bombas" / "program.yaml").read_text(encoding="utf-8")
    assert site.publish(text).status_code == 201
    page = Person(site, language).joined(MARIA, "bombas")
    assert page.status_code == 409
    notices = re.findall(r'<div class="notice bad".*?</div>', page.text, re.DOTALL) or [page.text]
    assert len(notices) == 1
    assert said in unescape(notices[0])


def test_a_refused_reward_says_why_and_how_to_object(site: Site, maria: Person) -> None:
    bought(site, code_on(maria.get("/me").text))
    site.tell(event("refund", "r", order="o1"))
    rewards = maria.get("/me/programs/demo/rewards")
    (path,) = re.findall(r'href="(/me/programs/demo/rewards/[^"]+)"', rewards.text)
    page = maria.get(path)
    assert 'class="bad"' in page.text
    sent = maria.press(page, "/objections", why="She kept the <b>shoes</b>.")
    assert "waits for an answer" in sent.text
    (objection,) = site.get("/v1/objections", "staff", "people", status="open")["items"]
    assert objection["text"] == "She kept the <b>shoes</b>."
    answer = f"/v1/objections/{objection['id']}/rejected"
    assert site.ask("POST", answer, "staff", json={"why": "All of it came back."}).status_code == 200
    page = maria.get(path)
    assert "All of it came back." in page.text
    assert "not accepted" in page.text


def test_somebody_elses_things_are_not_there(site: Site, maria: Person) -> None:
    bought(site, code_on(maria.get("/me").text))
    other = Person(site)
    other.joined("eve@example.com")
    other.entered()
    (reward,) = re.findall(r'href="(/me/programs/demo/rewards/[^"]+)"', maria.get("/me/programs/demo/rewards").text)
    (friend,) = re.findall(r'href="(/me/programs/demo/friends/[^"]+)"', maria.get("/me").text)
    for path in (reward, friend, "/me/programs/other"):
        page = other.get(path)
        assert page.status_code == 404
        assert "There is nothing here" in page.text


def test_the_first_name_is_shown_to_friends_only_with_consent(site: Site, maria: Person) -> None:
    code, friend = code_on(maria.get("/me").text), Person(site)
    assert "Maria invites you" in friend.get(f"/i/{code}").text
    assert "Ionescu" not in friend.get(f"/i/{code}").text
    saved = maria.press(maria.get("/me/you"), "/me/you", name="Maria Ionescu")
    assert "Saved." in saved.text
    assert "Maria" not in friend.get(f"/i/{code}").text


def test_an_advocate_meets_her_own_invitation_and_a_customer_one_for_new_customers(site: Site, maria: Person) -> None:
    code = code_on(maria.get("/me").text)
    assert "This is your own invitation" in maria.get(f"/i/{code}").text
    site.tell(order("before", person={"email": "eve@example.com"}))
    eve = Person(site)
    eve.joined("eve@example.com")
    eve.entered()
    page = eve.get(f"/i/{code}")
    assert "Good to have you already" in page.text
    assert 'href="/join/demo"' in page.text


def test_all_that_is_kept_can_be_taken_along(site: Site, maria: Person) -> None:
    answer = maria.get("/me/you/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    kept = json.loads(answer.text)
    assert kept["about"]["person"]["email"] == MARIA
    assert len(kept["codes"]) == 1


def test_sessions_are_listed_and_can_be_ended(site: Site, maria: Person) -> None:
    phone = Person(site)
    phone.signed_in(MARIA)
    page = maria.get("/me/you")
    (other,) = set(re.findall(r'action="(/me/you/sessions/se_[^"]+)"', page.text))
    maria.press(page, other)
    assert phone.get("/me/you").url.path == "/me/sign-in"
    assert maria.get("/me/you").url.path == "/me/you"
    maria.press(maria.get("/me/you"), "/me/sign-out")
    assert maria.get("/me/you").url.path == "/me/sign-in"


FORMS = ("/me/you", "/objections", "/sign-out")


@pytest.mark.parametrize("where", FORMS)
@pytest.mark.parametrize("forged", ["token", "origin", "site"])
def test_nobody_else_can_send_a_form_in_her_name(site: Site, maria: Person, where: str, forged: str) -> None:
    page = maria.get("/me/programs/demo/rewards" if "objections" in where else "/me/you")
    action, fields = form(page, where)
    headers = {"origin": {"origin": "https://evil.example"}, "site": {"sec-fetch-site": "cross-site"}}.get(forged, {})
    fields |= {"why": "x", "name": "Eve"} | ({"token": "0" * 32} if forged == "token" else {})
    before = site.counts()
    answer = maria.post(action, fields, **headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert site.counts() == before


NASTY = ['"><script>alert(1)</script>', "ماريا<img src=x onerror=alert(1)>", "Ștefan'};alert(1)//"]


@pytest.mark.parametrize("name", NASTY)
def test_what_people_write_is_text_wherever_it_is_shown(site: Site, maria: Person, name: str) -> None:
    maria.press(maria.get("/me/you"), "/me/you", name=name, shown="1")
    maria.press(maria.get("/me/programs/demo/rewards"), "/objections", why=name)
    code = code_on(maria.get("/me").text)
    for path in ("/me/you", "/me", "/me/programs/demo/rewards", f"/i/{code}"):
        text = maria.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


@pytest.mark.parametrize(("status", "said"), [("pause", "paused"), ("end", "ended")])
def test_a_closed_program_says_so(site: Site, maria: Person, status: str, said: str) -> None:
    site.tell(event("program", "x", program="demo", action=status), "programs")
    for page in (maria.get("/me/programs/demo"), Person(site).get("/join/demo")):
        assert page.status_code == 200
        assert said in page.text
        assert "data-way" not in page.text
    assert nothing_to_send(Person(site).get("/join/demo").text)


def test_the_language_that_was_chosen_stays(site: Site, maria: Person) -> None:
    assert '<html lang="ro" dir="ltr">' in maria.get("/me/programs/demo?lang=ro").text
    assert '<html lang="ro"' in maria.get("/me/you").text
    assert '<html lang="ar" dir="rtl">' in maria.get("/me/you?lang=ar").text


def test_pages_of_ones_own_are_kept_by_nobody_and_framed_by_nobody(site: Site, maria: Person) -> None:
    headers = maria.get("/me/you").headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    (cookie,) = [one for one in maria.client.cookies.jar if one.name == "gw_session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert cookie.secure


def test_what_was_chosen_answered_and_bought_with_points(site: Site) -> None:
    text = """\
goodword: 1
program: stars
currency: USD
time_zone: UTC
steps:
  purchase: {event: order}
rewards:
  stars:
    when: {step: purchase}
    to: advocate
    benefit: {kind: points, amount: 100 points}
    caps: [{per: participant, count: 10}]
  mug:
    when: {exchange: 60 points}
    to: advocate
    benefit:
      kind: item
      amount: 1 sku:mug
      asks: {name: {type: text, longest: 12}, where: {type: address}}
    caps: [{per: participant, count: 10}]
    answer_within: 30 days
"""
    assert site.publish(text).status_code == 201
    maria = Person(site)
    code = code_on(maria.joined(MARIA, "stars").text)
    maria.entered()
    told = order("s1", order="s1", person={"id": "zed"}, code=code)
    site.tell(told)
    page = maria.get("/me/programs/stars/rewards")
    assert "100 points" in page.text
    action, fields = form(page, "/exchange")
    for _ in range(2):  # pressed twice, it is bought once
        page = maria.post(action, fields)
    assert "40 points" in page.text
    poor = maria.post(action, {**fields, "id": "another"})
    assert poor.status_code == 409
    assert "That was not accepted" in poor.text
    mug = re.findall(r'href="(/me/programs/stars/rewards/[^"]+)"', page.text)[0]
    refused = maria.press(maria.get(mug), mug, **{"ask-name": "a name that is too long", "post": "Main St 1"})
    assert refused.status_code == 422
    done = maria.press(maria.get(mug), mug, **{"ask-name": "Maria", "post": "Str. Florilor 1, Cluj"})
    assert done.status_code == 200
    assert "ask-name" not in done.text
    assert "Str. Florilor 1, Cluj" in maria.get("/me/you").text


def test_whoever_erases_himself_is_gone_and_his_friends_purchase_stays(site: Site, maria: Person) -> None:
    code = code_on(maria.get("/me").text)
    page = maria.get("/me/you/erase")
    assert "It cannot be taken back" in page.text
    assert maria.press(page, "/erase").url.path == "/me/you/erase"  # not sure
    done = maria.press(page, "/erase", sure="1")
    assert "Everything is erased" in done.text
    assert maria.get("/me/you").url.path == "/me/sign-in"
    with site.parts.database.read() as connection:
        assert MARIA not in str(connection.exec_driver_sql("SELECT doc FROM people").all())
    assert Person(site).get(f"/i/{code}").status_code == 410


def test_the_session_of_somebody_whom_the_shop_erased_shows_nothing(site: Site, maria: Person) -> None:
    (person,) = site.get("/v1/participants")["items"]
    assert site.ask("DELETE", f"/v1/participants/{person['id']}", "people").status_code == 200
    for path in ("/me", "/me/you", "/me/programs/demo"):
        assert maria.get(path).url.path == "/me/sign-in"


def test_an_achievement_has_a_picture_of_its_own(site: Site, maria: Person) -> None:
    bought(site, code_on(maria.get("/me").text))
    page = maria.get("/me")
    (path,) = re.findall(r'href="(/me/programs/demo/cards/[^"]+)"', page.text)
    picture = maria.get(unescape(path))
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    other = Person(site)
    other.joined("eve@example.com")
    other.entered()
    assert other.get(unescape(path)).status_code == 404  # she has brought nobody


def test_a_link_that_was_switched_off_says_so_and_keeps_what_was_earned(site: Site, maria: Person) -> None:
    code = code_on(maria.get("/me").text)
    bought(site, code)
    assert site.ask("POST", f"/v1/handles/{code}/disable", "staff", json={"why": "spam"}).status_code == 200
    page = maria.get("/me")
    assert "Your link is switched off" in page.text
    assert "$20.00" in maria.get("/me/programs/demo/rewards").text
    assert "/objections" in maria.get("/me/programs/demo/rewards").text


def test_what_somebody_thinks_is_asked_once_something_came_of_it(site: Site, maria: Person) -> None:
    assert "/survey" not in maria.get("/me").text
    bought(site, code_on(maria.get("/me").text))
    assert "/survey" in maria.get("/me").text
    page = maria.get("/me/programs/demo/survey")
    assert maria.press(page, "/survey", easy="9").status_code == 422
    done = maria.press(page, "/survey", recommend="9", easy="4", motivates="sooner", text="It <b>works</b>.")
    assert "We read every answer." in done.text
    (survey,) = site.get("/v1/surveys", "read", "people")["items"]
    assert (survey["side"], survey["recommend"], survey["motivates"]) == ("advocate", 9, "sooner")
    assert "/survey" not in maria.get("/me").text
    assert maria.press(page, "/survey", recommend="1").status_code == 409


@pytest.mark.parametrize("typed", ["²", "٣", "x", "-1", "5.0", "9" * 5000])
def test_an_answer_that_is_on_no_scale_is_asked_for_again(site: Site, maria: Person, typed: str) -> None:
    bought(site, code_on(maria.get("/me").text))
    page = maria.get("/me/programs/demo/survey")
    assert maria.press(page, "/survey", recommend="9", easy=typed).status_code == 422
    assert site.get("/v1/surveys")["items"] == []


def test_a_customer_of_whom_the_shop_told_before_accepts_the_terms_on_his_page(site: Site) -> None:
    """Whoever types an address that is known accepts nothing in its owner's name."""
    site.tell(order("before", person={"email": MARIA}))
    maria = Person(site, "ro")
    maria.joined(MARIA)
    assert "accepts" not in told_of(site, "join")[0]
    page = maria.entered()
    assert "Accept condițiile" in page.text
    page = maria.press(page, "/accept")
    assert "Accept condițiile" not in page.text
    (accepted,) = told_of(site, "accept")
    assert accepted["terms"] == {"language": "ro", "version": 1}


def test_a_session_that_only_shares_shows_one_program(site: Site, maria: Person) -> None:
    """What else the address takes part in is nobody's business who only typed it."""
    second = PROGRAM.replace("program: demo", "program: second")
    assert site.publish(second).status_code == 201
    maria.joined(MARIA, "second")
    stranger = Person(site)
    assert stranger.joined(MARIA).url.path == "/me/programs/demo"
    assert stranger.get("/me").url.path == "/me/programs/demo"
    assert stranger.get("/me/programs/second").status_code == 404


def test_a_name_is_shown_once_the_address_is_confirmed(site: Site) -> None:
    """Until then anybody may have typed both."""
    person = Person(site)
    code = code_on(person.joined("new@example.com", name="Call 1-900", shown="1").text)
    assert "Call invites you" not in Person(site).get(f"/i/{code}").text
    person.entered()
    assert "Call invites you" in Person(site).get(f"/i/{code}").text


def test_somebody_who_was_erased_is_not_told_of(site: Site, maria: Person) -> None:
    maria.press(maria.get("/me/you/erase"), "/erase", sure="1")
    page = Person(site).joined(MARIA)
    assert page.status_code == 409
    assert "not possible with this address" in page.text
    assert "erased" not in page.text


@pytest.mark.parametrize(("path", "field"), [("/join/demo", "name"), ("/me/you", "name")])
def test_what_is_too_long_is_refused(site: Site, maria: Person, path: str, field: str) -> None:
    typed = {"email": "x@example.com", field: "x" * 5000}
    answer = maria.press(maria.get(path), path, **typed)
    assert answer.status_code == 422
    assert "e-mail address." not in answer.text  # it is not the address that is wrong
    with site.parts.database.read() as connection:
        assert "xxxxx" not in str(connection.exec_driver_sql("SELECT doc FROM people").all())


def test_a_reward_that_was_refused_is_not_promised(site: Site, maria: Person) -> None:
    """The cap of the rule is reached by the first ten."""
    code = code_on(maria.get("/me").text)
    for number in range(11):
        bought(site, code, number)
    (eleventh, *_) = re.findall(r'href="(/me/programs/demo/friends/[^"]+)"', maria.get("/me").text)
    page = maria.get(eleventh)
    assert "It was not given for this friend" in page.text
    assert "later" not in page.text


def test_a_friend_who_never_joined_sees_what_he_was_given(site: Site, maria: Person) -> None:
    told = order("z", order="z", person={"email": "zoe@example.com"}, total=9000, code=code_on(maria.get("/me").text))
    site.tell(told)
    zoe = Person(site)
    page = zoe.signed_in("zoe@example.com")
    assert page.url.path == "/me/programs/demo/rewards"
    assert "$5.00" in page.text
    assert "switched off" not in page.text


def test_all_friends_can_be_reached(site: Site, maria: Person) -> None:
    code = code_on(maria.get("/me").text)
    people = [order(f"m{n}", order=f"m{n}", person={"id": f"m{n}"}, total=9000, code=code) for n in range(60)]
    assert site.tell(people).status_code == 200
    page, seen = maria.get("/me/programs/demo"), set()
    assert "60 friends" in page.text
    for _ in range(3):
        seen |= set(re.findall(r'href="(/me/programs/demo/friends/[^"]+)"', page.text))
        older = re.findall(r'href="(/me/programs/demo\?after=[^"]+)"', page.text)
        if not older:
            break
        page = maria.get(unescape(older[0]))
    assert len(seen) == 60
    assert maria.get("/me/programs/demo?after=nonsense").status_code == 404


def test_a_form_that_says_what_no_event_may_say_is_refused_on_a_page(site: Site, maria: Person) -> None:
    page = maria.get("/me/programs/demo/rewards")
    answer = maria.press(page, "/objections", why="x", about="y" * 500)
    assert answer.status_code == 400
    assert "That could not be read" in answer.text
