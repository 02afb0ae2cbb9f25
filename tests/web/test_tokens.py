"""A customer who is signed in at the shop gets to his page by a token; whoever comes with a wrong one gets nowhere and learns nothing."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import jwt
import pytest

from goodword.program.duration import HOUR_MS, MINUTE_MS, from_ms
from goodword.storage import reads
from goodword.storage.database import create_tenant
from goodword.storage.keys import Scope
from goodword.storage.token_keys import create_token_key, revoke_token_key, token_secret
from tests.web.making import TENANT, Opener, Site
from tests.web.people import Person, form, nothing_to_send

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "from-your-shop.md"
START_MS = 1_780_000_000_000
NOW = START_MS // 1000
MARIA = "maria@example.com"
OVER = "Please come from the shop again"
CLAIMS: dict[str, Any] = {"sub": "c-17", "aud": f"goodword:{TENANT}", "iat": NOW, "exp": NOW + 300}


class Clock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        return self.ms


@dataclass
class Key:
    """What the shop wrote into its program."""

    kid: str
    secret: str

    def sign(self, **claims: Any) -> str:
        """A token as the shop makes it; a claim that is None is left out."""
        return self.signed({name: value for name, value in (CLAIMS | claims).items() if value is not None})

    def signed(
        self, claims: Any, *, alg: str = "HS256", by: str = "sha256", secret: str | None = None, **header: Any
    ) -> str:
        """Made by hand, so that it may be what no library makes."""
        head = {"alg": alg, "typ": "JWT", "kid": self.kid} | header
        parts = [json.dumps({name: value for name, value in head.items() if value is not None}), claims]
        return self.sealed(
            *[part if isinstance(part, str) else json.dumps(part) for part in parts], by=by, secret=secret
        )

    def sealed(self, header: str, claims: str, by: str = "sha256", secret: str | None = None) -> str:
        inside = ".".join(base64url(part.encode("utf-8", "surrogatepass")) for part in (header, claims))
        mac = hmac.new((self.secret if secret is None else secret).encode(), inside.encode(), by)
        return f"{inside}.{base64url(mac.digest())}"


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(open_site: Opener, clock: Clock) -> Site:
    site = open_site(clock, delivery_every="3600000", rate_address="0", public_url="https://go.shop.example")
    assert site.publish().status_code == 201
    return site


@pytest.fixture
def key(site: Site) -> Key:
    return made(site)


def tell(site: Site, type: str, id: str, *scopes: Scope, **more: Any) -> None:
    """Tell an event of now, as the clock of the site goes."""
    at = from_ms(site.parts.now_ms()).isoformat()
    answer = site.tell({"type": type, "id": id, "occurred_at": at, **more}, *scopes)
    assert answer.status_code == 200, answer.text


def join(site: Site) -> None:
    tell(site, "join", "j", program="demo", person={"id": "c-17"})


def made(site: Site, tenant: str = TENANT) -> Key:
    with site.parts.database.write(tenant) as connection:
        kid = create_token_key(connection, tenant, START_MS).kid
    return Key(kid, token_secret(site.parts.keyring, kid))


def revoked(site: Site, key: Key) -> Key:
    with site.parts.database.write(TENANT) as connection:
        assert revoke_token_key(connection, TENANT, key.kid, START_MS)
    return key


def of_a_rival(site: Site) -> Key:
    """A key of another tenant, the worst case: of which the secret here is known."""
    with site.parts.database.write("rival") as connection:
        create_tenant(connection, "rival", 1)
    return made(site, "rival")


def unsigned(token: str) -> str:
    return token.rpartition(".")[0] + "."


def swapped(key: Key) -> str:
    """The signature of one token under the claims of another."""
    head, _, mac = key.sign().split(".")
    return ".".join((head, base64url(json.dumps(CLAIMS | {"sub": "c-1"}).encode()), mac))


WRONG: dict[str, Callable[[Site, Key], str]] = {
    "nothing": lambda site, key: "",
    "no token": lambda site, key: "hello",
    "two parts": lambda site, key: "e30.e30",
    "three parts of nothing": lambda site, key: "..",
    "not in base 64": lambda site, key: "é.é.é",
    "half a character": lambda site, key: "\ud800.e30.e30",
    "huge": lambda site, key: key.sign(more="x" * 4096),
    "another secret": lambda site, key: key.signed(CLAIMS, secret="another secret, of thirty-two bytes"),
    "the empty secret": lambda site, key: key.signed(CLAIMS, secret=""),
    "the id of the key as its secret": lambda site, key: key.signed(CLAIMS, secret=key.kid),
    "other claims under the signature": lambda site, key: swapped(key),
    "without its signature": lambda site, key: unsigned(key.sign()),
    "no algorithm": lambda site, key: unsigned(key.signed(CLAIMS, alg="none")),
    "no algorithm, and a signature": lambda site, key: key.signed(CLAIMS, alg="none"),
    "no algorithm, in capitals": lambda site, key: unsigned(key.signed(CLAIMS, alg="NONE")),
    "HS512": lambda site, key: key.signed(CLAIMS, alg="HS512", by="sha512"),
    "HS384": lambda site, key: key.signed(CLAIMS, alg="HS384", by="sha384"),
    "RS256, signed as HS256": lambda site, key: key.signed(CLAIMS, alg="RS256"),
    "an algorithm that is none": lambda site, key: key.signed(CLAIMS, alg="HS257"),
    "an algorithm that is a number": lambda site, key: key.sealed(
        json.dumps({"alg": 1, "kid": key.kid}), json.dumps(CLAIMS)
    ),
    "a key without an id": lambda site, key: key.signed(CLAIMS, kid=None),
    "a key that nobody made": lambda site, key: key.signed(CLAIMS, kid="tk_0000000000000000"),
    "a key that brings its secret": lambda site, key: key.signed(
        CLAIMS, secret="mine", kid="tk_0", jwk={"kty": "oct", "k": base64url(b"mine")}
    ),
    "a key whose id is a number": lambda site, key: key.signed(CLAIMS, kid=17),
    "a key whose id no database takes": lambda site, key: key.signed(CLAIMS, kid="tk\0\ud800"),
    "a key that was revoked": lambda site, key: revoked(site, made(site)).sign(),
    "a key of another tenant": lambda site, key: of_a_rival(site).sign(),
    "something critical": lambda site, key: key.signed(CLAIMS, crit=["mine"], mine=1),
    "claims beside the token": lambda site, key: key.signed(CLAIMS, b64=False, crit=["b64"]),
    "a header that is a list": lambda site, key: key.sealed("[]", json.dumps(CLAIMS)),
    "a header without an end": lambda site, key: key.sealed("[" * 2500, json.dumps(CLAIMS)),
    "claims that are a list": lambda site, key: key.signed([CLAIMS]),
    "claims without an end": lambda site, key: key.signed("[" * 2500),
    "for another tenant": lambda site, key: key.sign(aud="goodword:rival"),
    "for another product": lambda site, key: key.sign(aud="helpdesk"),
    "for others": lambda site, key: key.sign(aud=["helpdesk", "goodword:rival"]),
    "for nobody": lambda site, key: key.sign(aud=None),
    "without an end": lambda site, key: key.sign(exp=None),
    "over": lambda site, key: key.sign(exp=NOW - 1),
    "over now": lambda site, key: key.sign(exp=NOW),
    "for more than an hour": lambda site, key: key.sign(exp=NOW + 3601),
    "for ever": lambda site, key: key.signed(json.dumps(CLAIMS).replace(str(NOW + 300), "Infinity")),
    "until no number": lambda site, key: key.signed(json.dumps(CLAIMS).replace(str(NOW + 300), "NaN")),
    "until a number that is too long": lambda site, key: key.signed(
        json.dumps(CLAIMS).replace(str(NOW + 300), "9" * 2000)
    ),
    "until a word": lambda site, key: key.sign(exp=str(NOW + 300)),
    "until true": lambda site, key: key.sign(exp=True),
    "of the future": lambda site, key: key.sign(iat=NOW + 61),
    "made at no number": lambda site, key: key.signed(json.dumps(CLAIMS | {"iat": float("nan")})),
    "not good yet": lambda site, key: key.sign(nbf=NOW + 61),
    "of nobody": lambda site, key: key.sign(sub=None),
    "of an empty id": lambda site, key: key.sign(sub=""),
    "of an id of spaces": lambda site, key: key.sign(sub="  "),
    "of a number": lambda site, key: key.sign(sub=17),
    "of an id that is too long": lambda site, key: key.sign(sub="x" * 201),
    "of an id with a control character": lambda site, key: key.sign(sub="c-17\0"),
    "with an address that is none": lambda site, key: key.sign(email="maria", email_verified=True),
    "with a name that is a number": lambda site, key: key.sign(name=1),
    "with a name that no database takes": lambda site, key: key.sign(name="\ud800"),
}


def test_a_wrong_token_leads_nowhere_and_says_nothing(site: Site, key: Key) -> None:
    tell(site, "order", "before", order="o", person={"id": "c-17"}, total=6000, currency="USD")
    _, fields = form(Person(site).get("/join/demo"), "/join/")
    told = Person(site).get("/me/with").text
    assert OVER in told
    let_in: dict[str, list[object]] = {}
    for name, make in WRONG.items():
        token = make(site, key)
        before, person = site.counts(), Person(site)
        asked = {"token": token.encode("utf-8", "surrogatepass")}
        pages = [
            person.get("/me/with", params=asked | more) for more in ({}, {"program": "demo"}, {"program": "nothing"})
        ]
        if token and token.isascii():
            pages.append(person.post("/join/demo", {**fields, "with": token, "email": MARIA}))
        seen = [(page.status_code, page.text == told, page.headers["cache-control"]) for page in pages]
        if set(seen) != {(410, True, "no-store")} or person.client.cookies or site.counts() != before:
            let_in[name] = [*seen, site.counts()]
    assert let_in == {}


RIGHT: dict[str, dict[str, Any]] = {
    "as it is made": {},
    "for an hour": {"exp": NOW + 3600},
    "for us and for others": {"aud": ["helpdesk", f"goodword:{TENANT}"]},
    "with a part of a second": {"exp": NOW + 299.5, "iat": NOW - 0.5},
    "a clock that goes before": {"iat": NOW + 60, "nbf": NOW + 60},
    "no word of when it was made": {"iat": None},
    "more than is asked for": {"iss": "shop", "jti": "1", "roles": [{"admin": True}]},
    "a language that nobody here speaks": {"language": "de-AT"},
}


def test_a_right_token_lets_a_participant_in(site: Site, key: Key) -> None:
    join(site)
    led = {}
    for name, claims in RIGHT.items():
        maria = Person(site)
        pages = entered(maria, key.sign(**claims)), maria.get("/me/you")
        led[name] = [page.url.path for page in pages]
    assert {name: paths for name, paths in led.items() if paths != ["/me/programs/demo", "/me/you"]} == {}


def test_a_token_of_a_library_is_as_good_as_one_by_hand(site: Site, key: Key) -> None:
    join(site)
    token = jwt.encode(CLAIMS, key.secret, "HS256", headers={"kid": key.kid})
    assert entered(Person(site), token).url.path == "/me/programs/demo"


def test_the_guide_makes_tokens_that_let_in(open_site: Opener) -> None:
    site = open_site(delivery_every="3600000", rate_address="0")
    site.publish()
    key = made(site)
    join(site)
    (code,) = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    guide: dict[str, Any] = {}
    exec(code, guide)  # noqa: S102 - it is our own page
    token = guide["token"](key.kid, key.secret, f"goodword:{TENANT}", "c-17")
    assert entered(Person(site), token).url.path == "/me/programs/demo"


def entered(person: Person, token: str, program: str | None = "demo", **more: str) -> Any:
    named = {} if program is None else {"program": program}
    return person.get("/me/with", params={"token": token} | named | more)


def people_of(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get("/v1/participants", "read", "people")["items"]
    return found


def told_of(site: Site, type: str) -> list[dict[str, Any]]:
    with site.parts.database.read() as connection:
        return [json.loads(bytes(one.body)) for one in reads.events(connection, TENANT) if one.type == type]


def test_from_the_shop_to_ones_own_page_and_back_the_next_day(site: Site, key: Key, clock: Clock) -> None:
    maria = Person(site)
    token = key.sign(name="Maria <b>", email=MARIA, email_verified=True)
    page = entered(maria, token)
    assert (page.status_code, page.url.path) == (200, "/me/with")
    assert 'name="email"' not in page.text
    assert 'value="Maria &lt;b&gt;"' in page.text
    assert not [one for one in maria.client.cookies.jar if one.name == "gw_session"]
    assert site.counts()["participants"] == 0

    page = maria.press(page, "/join/demo", shown="1")
    assert page.url.path == "/me/programs/demo"
    assert "Confirm your address" not in page.text
    assert maria.get("/me/you").url.path == "/me/you"
    assert site.counts()["letters"] == 0
    own = maria.get("/me/you").text
    assert 'value="Maria &lt;b&gt;"' in own
    assert MARIA in own
    (joined,) = told_of(site, "join")
    assert joined["accepts"] == {"language": "en", "version": 1}
    (consent,) = told_of(site, "consent")
    assert consent["given"]

    clock.ms += 24 * HOUR_MS
    tomorrow = {"iat": NOW + 86_400, "exp": NOW + 86_700}
    for program in ("demo", None):
        phone = Person(site)
        assert entered(phone, key.sign(**tomorrow), program).url.path == "/me/programs/demo"
        assert phone.get("/me/programs/demo/rewards").url.path == "/me/programs/demo/rewards"
    assert len(people_of(site)) == 1


def test_a_token_is_good_until_its_end_and_then_for_nobody(site: Site, key: Key, clock: Clock) -> None:
    join(site)
    token = key.sign()
    first = Person(site)
    for person in (first, first, Person(site)):
        assert entered(person, token).url.path == "/me/programs/demo"
    clock.ms += 5 * MINUTE_MS
    assert entered(Person(site), token).status_code == 410
    assert first.get("/me/you").url.path == "/me/you"  # the session lives on


def test_whoever_reads_the_terms_for_too_long_comes_again(site: Site, key: Key, clock: Clock) -> None:
    maria = Person(site)
    page = entered(maria, key.sign())
    clock.ms += 5 * MINUTE_MS
    late = maria.press(page, "/join/demo")
    assert (late.status_code, OVER in late.text, site.counts()["participants"]) == (410, True, 0)


def test_asking_for_the_head_lets_nobody_in(site: Site, key: Key) -> None:
    join(site)
    answer = site.ask("HEAD", "/me/with", params={"token": key.sign(), "program": "demo"})
    assert (answer.status_code, "set-cookie" in answer.headers, site.counts()["sessions"]) == (405, False, 0)


def test_a_page_with_a_token_in_its_address_tells_it_to_nobody(site: Site, key: Key) -> None:
    join(site)
    token = key.sign()
    answers = [
        site.ask("GET", "/me/with", params={"token": token, "program": "demo"}),
        site.ask("GET", "/me/with", params={"token": key.sign(sub="new"), "program": "demo"}),
        site.ask("GET", "/me/with", params={"token": "wrong"}),
    ]
    assert [one.status_code for one in answers] == [303, 200, 410]
    for one in answers:
        assert (one.headers["referrer-policy"], one.headers["cache-control"]) == ("same-origin", "no-store")
    assert answers[0].headers["location"] == "/me/programs/demo"
    assert re.findall(r'(?:src|href)="https?:', answers[1].text) == []


def test_keys_are_changed_without_shutting_anybody_out(site: Site, key: Key) -> None:
    join(site)
    new = made(site)
    assert key.secret != new.secret
    for one in (key, new):
        assert entered(Person(site), one.sign()).status_code == 200
    old = key.sign()
    revoked(site, key)
    assert [entered(Person(site), token).status_code for token in (old, new.sign())] == [410, 200]


@pytest.mark.parametrize("program", [None, "demo"])
def test_a_customer_of_whom_nobody_knows_anything(site: Site, key: Key, program: str | None) -> None:
    maria = Person(site)
    page = entered(maria, key.sign(), program)
    assert page.status_code == 200
    assert ("No program yet" in page.text) == (program is None)
    assert site.counts()["sessions"] == 0


def test_a_customer_who_only_bought_joins_and_accepts_for_himself(site: Site, key: Key) -> None:
    tell(site, "order", "o", order="o", person={"id": "c-17"}, total=6000, currency="USD")
    maria = Person(site)
    assert "No program yet" in entered(maria, key.sign(), None).text
    assert maria.get("/me/you").url.path == "/me/you"  # he is known: what is kept about him is his to see
    page = maria.press(entered(maria, key.sign()), "/join/demo")
    assert page.url.path == "/me/programs/demo"
    assert [one["accepts"]["version"] for one in told_of(site, "join")] == [1]
    assert told_of(site, "consent") == []
    assert len(people_of(site)) == 1


def test_pressed_twice_one_joins_once(site: Site, key: Key) -> None:
    maria = Person(site)
    action, fields = form(entered(maria, key.sign()), "/join/")
    for _ in range(2):
        assert maria.post(action, fields).url.path == "/me/programs/demo"
    assert len(people_of(site)) == 1


def joined_by_mail(site: Site) -> None:
    maria = Person(site)
    maria.joined(MARIA, name="Maria")
    maria.entered()


def test_who_joined_by_mail_before_finds_his_page_by_an_address_that_the_shop_confirmed(site: Site, key: Key) -> None:
    joined_by_mail(site)
    maria = Person(site)
    page = entered(maria, key.sign(email=MARIA, email_verified=True))
    assert maria.press(page, "/join/demo").url.path == "/me/programs/demo"
    assert MARIA in maria.get("/me/you").text
    assert len(people_of(site)) == 1


@pytest.mark.parametrize("verified", [{}, {"email_verified": False}])
def test_an_address_that_nobody_confirmed_opens_nobodys_page(site: Site, key: Key, verified: dict[str, bool]) -> None:
    """At many shops anybody can open an account with somebody else's address."""
    joined_by_mail(site)
    eve = Person(site)
    page = entered(eve, key.sign(email=MARIA, **verified))
    eve.press(page, "/join/demo")
    assert MARIA not in eve.get("/me/you").text
    assert len(people_of(site)) == 2


def test_an_address_of_somebody_else_is_refused(site: Site, key: Key) -> None:
    joined_by_mail(site)
    tell(site, "order", "o", order="o", person={"id": "c-17"}, total=6000, currency="USD")
    eve = Person(site)
    page = eve.press(entered(eve, key.sign(email=MARIA, email_verified=True)), "/join/demo")
    assert page.status_code == 409
    assert "The identifiers given belong to two different people." in page.text
    assert 'name="with"' in page.text
    assert eve.get("/me/you").url.path == "/me/sign-in"


def test_who_was_erased_stays_away(site: Site, key: Key) -> None:
    join(site)
    (person,) = people_of(site)
    assert site.ask("DELETE", f"/v1/participants/{person['id']}", "people").status_code == 200
    maria = Person(site)
    assert "No program yet" in entered(maria, key.sign(), None).text
    page = maria.press(entered(maria, key.sign()), "/join/demo")
    assert (page.status_code, "were erased" in page.text) == (409, True)
    assert site.counts()["sessions"] == 0


@pytest.mark.parametrize(
    ("browser", "claim", "asked", "language"),
    [
        ("en", None, None, "en"),
        ("en", "ro", None, "ro"),
        ("ro", "de", None, "ro"),
        ("en", "ro", "ar", "ar"),
    ],
)
def test_he_is_spoken_to_as_in_the_shop(
    site: Site, key: Key, browser: str, claim: str | None, asked: str | None, language: str
) -> None:
    maria = Person(site, browser)
    more = {} if asked is None else {"lang": asked}
    page = entered(maria, key.sign(language=claim), **more)
    assert f'<html lang="{language}"' in page.text
    others = re.findall(r'hreflang="(\w+)" href="(/me/with\?[^"]+)"', page.text)
    assert len(others) == 2
    for other, path in others:
        page_of_other = Person(site).get(unescape(path))  # the token goes along
        assert (f'<html lang="{other}"' in page_of_other.text, 'name="with"' in page_of_other.text) == (True, True)
    assert maria.press(page, "/join/demo").url.path == "/me/programs/demo"
    assert told_of(site, "join")[0]["accepts"]["language"] == language


def test_what_he_chose_on_our_pages_stays(site: Site, key: Key) -> None:
    join(site)
    maria = Person(site)
    assert '<html lang="ro"' in entered(maria, key.sign(language="ro")).text
    maria.get("/me/you?lang=ar")
    assert '<html lang="ar"' in entered(maria, key.sign(language="ro")).text


def test_of_two_customers_at_one_browser_the_latter_is_signed_in(site: Site, key: Key) -> None:
    for number, id in enumerate(("c-17", "c-18")):
        tell(site, "join", f"j{number}", program="demo", person={"id": id, "email": f"{id}@example.com"})
    family = Person(site)
    entered(family, key.sign())
    entered(family, key.sign(sub="c-18"))
    assert "c-18@example.com" in family.get("/me/you").text
    assert site.counts()["sessions"] == 1


@pytest.mark.parametrize("status", ["pause", "end"])
def test_a_closed_program_takes_nobody_in_and_keeps_those_who_are(site: Site, key: Key, status: str) -> None:
    join(site)
    page = entered(Person(site), key.sign(sub="new"))
    tell(site, "program", "x", "programs", program="demo", action=status)
    assert nothing_to_send(entered(Person(site), key.sign(sub="new")).text)
    assert Person(site).press(page, "/join/demo").status_code == 409
    assert entered(Person(site), key.sign()).url.path == "/me/programs/demo"


def test_a_program_that_is_none(site: Site, key: Key) -> None:
    assert entered(Person(site), key.sign(), "nothing").status_code == 404


def test_whoever_comes_with_many_wrong_ones_waits(open_site: Opener) -> None:
    site = open_site(rate_address="5")
    answers = [site.ask("GET", "/me/with", params={"token": "wrong"}).status_code for _ in range(8)]
    assert (answers[:5], answers[-1]) == ([410] * 5, 429)
