"""Signing in by a mailed link or code: once, in time, by nobody else, and without telling who takes part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from goodword.program.duration import MINUTE_MS, from_ms
from goodword.storage.sign_ins import ASKED_MAX, LIVES_MS, TRIES_MAX, link_token, sign_in_code
from tests.delivery.postbox import Sink, serve
from tests.web.making import Opener, Site
from tests.web.people import Person, code_of_mail, last_letter, post_office

MARIA = "maria@example.com"


class Clock:
    def __init__(self) -> None:
        self.ms = 1_780_000_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(open_site: Opener, clock: Clock) -> Site:
    site = open_site(clock, delivery_every="3600000", rate_address="0", public_url="https://go.shop.example")
    assert site.publish().status_code == 201
    Person(site).joined(MARIA)
    return site


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def server(sink: Sink) -> Iterator[str]:
    with serve(sink) as address:
        yield address


def asked(person: Person, email: str = MARIA) -> str:
    """The page that says that a mail is on its way."""
    return str(person.press(person.get("/me/sign-in"), "/me/sign-in", email=email).url)


@pytest.mark.parametrize(
    ("language", "subject", "minutes"),
    [
        ("en", "Your link to sign in", "within 30 minutes"),
        ("ar", "رابط الدخول إلى صفحتك", "خلال 30 دقيقة"),
        ("ro", "Linkul tău de conectare", "timp de 30 de minute"),
    ],
)
def test_the_mail_brings_a_link_and_a_code(
    site: Site, sink: Sink, server: str, language: str, subject: str, minutes: str
) -> None:
    office = post_office(site, f"smtp://{server}?from=hello@shop.example")
    office.run_once()  # the one of joining
    asked(Person(site, language))
    office.run_once()
    mail = sink.mails[-1]
    text = mail.get_content().replace("\r\n", "\n")
    assert (mail["subject"], mail["to"], sink.to[-1]) == (subject, MARIA, [MARIA])
    assert minutes in text
    (link,) = re.findall(r"^https://go\.shop\.example(/me/in/\S+)$", text, re.MULTILINE)
    (code,) = re.findall(r"^(\d{6})$", text, re.MULTILINE)
    person = Person(site)
    assert person.press(person.get(link), "/me/in/").url.path == "/me/programs/demo"
    other = Person(site)
    page = other.get(asked(other))
    code = code_of_mail(site)
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    typed = f" {arabic[:3]} {arabic[3:]} "
    assert other.press(page, "/code", code=typed).url.path == "/me/programs/demo"
    office.run_once()
    assert site.counts()["letters"] == 0


def test_a_mail_goes_out_once_and_is_tried_again(site: Site, sink: Sink, server: str, clock: Clock) -> None:
    office = post_office(site, f"smtp://{server}?from=hello@shop.example")
    sink.refuse = "451 later"
    office.run_once()
    assert (len(sink.mails), site.counts()["letters"]) == (0, 1)
    sink.refuse = None
    office.run_once()
    assert len(sink.mails) == 0  # not yet
    clock.ms += MINUTE_MS
    office.run_once()
    office.run_once()
    assert (len(sink.mails), site.counts()["letters"]) == (1, 0)


def test_a_link_that_is_over_is_not_mailed_any_more(site: Site, sink: Sink, server: str, clock: Clock) -> None:
    clock.ms += LIVES_MS + 1
    post_office(site, f"smtp://{server}?from=hello@shop.example").run_once()
    assert (len(sink.mails), site.counts()["letters"]) == (0, 0)


def test_looking_at_a_link_uses_nothing_up_and_pressing_does(site: Site) -> None:
    first, second = Person(site), Person(site)
    asked(first)
    path = f"/me/in/{link_token(site.parts.keyring, last_letter(site))}"
    for _ in range(3):  # scanners of mail look as well
        page = first.get(path)
        assert page.status_code == 200
    assert first.press(page, "/me/in/").url.path == "/me/programs/demo"
    again = second.press(page, "/me/in/")
    assert again.status_code == 410
    assert "used already" in again.text
    assert second.get(path).status_code == 410


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + "0", lambda t: "si_x." + "0" * 64, lambda t: t.partition(".")[0]])
def test_a_forged_link_leads_nowhere(site: Site, spoil: Callable[[str], str]) -> None:
    token = link_token(site.parts.keyring, last_letter(site))
    forged = spoil(token)
    if forged == token:
        forged = token[:-1] + "1"
    assert Person(site).get(f"/me/in/{forged}").status_code == 410
    assert Person(site).post(f"/me/in/{forged}", {}).status_code == 410


def test_a_code_is_guessed_a_few_times_only(site: Site) -> None:
    person = Person(site)
    page = person.get(asked(person))
    right = code_of_mail(site)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(TRIES_MAX):
        answer = person.press(page, "/code", code=wrong)
        assert answer.status_code == 422
        assert "not right" in answer.text
    assert person.press(page, "/code", code=right).status_code == 422


def test_what_is_too_old_does_not_lead_in(site: Site, clock: Clock) -> None:
    person = Person(site)
    page = person.get(asked(person))
    code = code_of_mail(site)
    clock.ms += LIVES_MS
    assert person.press(page, "/code", code=code).status_code == 422


def test_an_address_is_mailed_a_few_times_an_hour(site: Site, clock: Clock) -> None:
    clock.ms += 2 * 60 * MINUTE_MS
    before = site.counts()["letters"]
    for _ in range(ASKED_MAX["sign_in"] + 3):
        assert "/me/sign-in/sent" in asked(Person(site))
    assert site.counts()["letters"] == before + ASKED_MAX["sign_in"]


def test_a_code_of_nobody_fits_nowhere(site: Site) -> None:
    person = Person(site)
    page = person.get(asked(person, "nobody@example.com"))
    for _ in range(2):
        assert person.press(page, "/code", code=code_of_mail(site)).status_code == 422
    assert "gw_session" not in person.client.cookies


def test_known_and_unknown_run_the_same_statements(site: Site) -> None:
    """So that no clock tells them apart."""
    seen: dict[str, list[str]] = {}
    said: list[str] = []
    sa.event.listen(
        site.parts.database.engine, "before_cursor_execute", lambda _, __, statement, *more: said.append(statement)
    )
    for email in (MARIA, "nobody@example.com"):
        person = Person(site)
        said.clear()
        page = person.get(asked(person, email))
        person.press(page, "/code", code="000000")
        seen[email] = list(said)
    known, unknown = seen.values()
    assert known == unknown


def test_a_stranger_uses_up_no_mail_of_the_owner(site: Site, clock: Clock) -> None:
    """Neither by joining with the address again and again, nor by asking: a code that was mailed still fits."""
    for _ in range(6):
        Person(site).joined(MARIA)
        asked(Person(site))
    assert site.counts()["letters"] == sum(ASKED_MAX.values())
    maria = Person(site)
    page = maria.get(asked(maria))
    newest = str(page.url).rpartition("asked=")[2]
    code = sign_in_code(site.parts.keyring, newest)
    assert maria.press(page, "/code", code=code).url.path == "/me/programs/demo"


def test_a_stranger_ends_no_session(site: Site) -> None:
    maria = Person(site)
    maria.signed_in(MARIA)
    for _ in range(25):
        Person(site).joined(MARIA)
    page = maria.get("/me/you")
    assert page.url.path == "/me/you"
    assert page.text.count("Last used") == 1  # what others opened with her address is not among hers


def test_an_address_that_was_given_up_leads_nowhere(site: Site, sink: Sink, server: str, clock: Clock) -> None:
    """The shop told of a new address: whoever has the old one gets no mail, and cannot bring it back by joining with it."""
    for email in ("old@example.com", "new@example.com"):
        told = {"type": "profile", "id": f"p-{email}", "occurred_at": from_ms(clock.ms).isoformat()}
        assert site.tell({**told, "person": {"id": "c1", "email": email}}).status_code == 200
    Person(site).joined("old@example.com")
    asked(Person(site), "old@example.com")
    post_office(site, f"smtp://{server}?from=hello@shop.example").run_once()
    assert "old@example.com" not in [mail["to"] for mail in sink.mails]


@pytest.mark.parametrize("typed", ["maria@example.com\u200f", "\uff4daria@example.com", "MARIA@EXAMPLE.COM"])
def test_nobody_spoils_the_address_that_is_kept(site: Site, sink: Sink, server: str, typed: str) -> None:
    Person(site).joined(typed)
    asked(Person(site))
    post_office(site, f"smtp://{server}?from=hello@shop.example").run_once()
    assert {mail["to"] for mail in sink.mails} == {MARIA}


def test_of_many_at_once_no_more_are_mailed_than_allowed(site: Site) -> None:
    before = site.counts()["letters"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: asked(Person(site)), range(12)))
    assert site.counts()["letters"] == before + ASKED_MAX["sign_in"]
