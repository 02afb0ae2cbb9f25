"""The shop that one buys in by hand: whatever recipe it is opened for, pressing its buttons in their order rewards a referral."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from demo.asked import BEFORE, before_joining, steps_asked
from demo.by_hand import program_of
from demo.cases import PROGRAMS, recipes
from demo.client import Json
from demo.letting_in import TokenKey
from demo.mailbox import KEPT_MAX, Mail, Mailbox
from demo.shop import Shop
from goodword.program.quantity import plain_number
from tests.demo.memory import MemoryServer

MADE_BY_THE_API = {
    "amazon-associates": "clicks alone",
    "kickstarter": "groups",
    "per-visit": "clicks alone",
    "spotify": "groups",
}
"""What the shop does not lead to, as the guide says."""
RECIPES = [name for name in recipes() if name not in MADE_BY_THE_API]
MAIL = "maria@example.com"
MARIA = "c-maria"
KEY = TokenKey("tk_1", "the secret of a test, 32 bytes long", "goodword:default")


class Told(MemoryServer):
    """A server in memory that gives back the answer of an event."""

    def __init__(self, recipe: str) -> None:
        super().__init__((PROGRAMS / recipe / "program.yaml").read_text(encoding="utf-8"))
        self.events: list[Json] = []
        self.answers: list[Json] = []

    def tell(self, events: list[Json]) -> list[Json]:
        answers = super().tell(events)
        self.events += events
        self.answers += answers
        return answers

    def read(self, path: str, **filters: str) -> Json:
        id = path.rpartition("/")[2]
        answer = next((one for one in self.answers if one.get("event") == id), None)
        if answer is None:
            asked = httpx.Request("GET", "http://127.0.0.1:8080")
            raise httpx.HTTPStatusError("404", request=asked, response=httpx.Response(404))
        return {"answer": answer | {"reasons": [one | {"sentence": one["code"]} for one in answer["reasons"]]}}


def shop_of(recipe: str, mailbox: Mailbox | None = None) -> tuple[Shop, Told]:
    server: Any = Told(recipe)
    return Shop(program_of(recipe), "http://127.0.0.1:8080", server, KEY, mailbox), server


def pressed(shop: Shop, **fields: str) -> dict[str, str]:
    """Press, and what stands in the address of the page that follows."""
    page = shop.press(fields)
    assert page.status == HTTPStatus.SEE_OTHER, page.body
    return dict(parse_qsl(urlsplit(page.location).query))


def amounts(recipe: str) -> dict[str, str]:
    """What stands in the fields of amounts."""
    program = program_of(recipe)
    before = before_joining(program)
    asked = [*steps_asked(program), *([before] if before else [])]
    return {f"amount-{one.key}": plain_number(one.amount.amount, one.amount.unit) for one in asked if one.amount}


def joined(shop: Shop, server: Told, recipe: str) -> Json:
    """An advocate, who did before what the shop asks of one."""
    if before_joining(program_of(recipe)):
        pressed(shop, do=BEFORE, who=MARIA, **amounts(recipe))
    at = datetime.now(UTC).isoformat()
    told = {"type": "join", "id": "join", "occurred_at": at, "person": {"id": MARIA}, "program": recipe}
    (answer,) = server.tell([told])
    return answer


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_buttons_in_their_order_convert_a_referral(recipe: str) -> None:
    shop, server = shop_of(recipe)
    came = {"gw_code": joined(shop, server, recipe)["advocate_code"], "who": "c-friend"}
    before = len(server.events)
    for asked in steps_asked(program_of(recipe)):
        for _ in range(asked.times):
            came |= pressed(shop, do=asked.key, **came, **amounts(recipe))
            page = shop.look(came)
            assert page.status == HTTPStatus.OK
            assert "Goodword took it" in page.body
            came["known"] = "1"
    (referral,) = server.list("/v1/referrals")
    assert referral["status"] in ("converted", "ended")
    assert [index for index, event in enumerate(server.events) if "code" in event] == [before]


@pytest.mark.parametrize(
    ("recipe", "amount", "outcome"),
    [("bombas", "60.00", "referral_converted"), ("bombas", "59.99", ""), ("toms", "45", "referral_converted")],
)
def test_an_amount_may_be_typed(recipe: str, amount: str, outcome: str) -> None:
    shop, server = shop_of(recipe)
    code = joined(shop, server, recipe)["advocate_code"]
    (step,) = steps_asked(program_of(recipe))
    pressed(shop, do=step.key, who="c-1", gw_code=code, **{f"amount-{step.key}": amount})
    codes = [reason["code"] for reason in server.answers[-1]["reasons"]]
    assert ("referral_converted" in codes) == bool(outcome)


@pytest.mark.parametrize("amount", ["", "ten", "-5.00", "5.001", "1e9", "٥", "9" * 20])
def test_an_amount_that_is_none_is_said(amount: str) -> None:
    shop, server = shop_of("toms")
    (step,) = steps_asked(program_of("toms"))
    page = shop.press({"do": step.key, "who": "c-1", f"amount-{step.key}": amount})
    assert page.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'role="alert"' in page.body
    assert server.events == []


def test_who_types_his_address_is_the_same_customer_again() -> None:
    shop, server = shop_of("toms")
    (step,) = steps_asked(program_of("toms"))
    for address in (MAIL, MAIL.upper()):
        pressed(shop, do=step.key, who="c-1", email=address, **amounts("toms"))
    assert len({event["person"]["id"] for event in server.events}) == 1


def test_what_somebody_brings_along_is_text_on_the_page() -> None:
    shop, _ = shop_of("toms")
    body = shop.look({"gw_code": '"><script>alert(1)</script>', "who": "<b>", "told": "<i>"}).body
    assert "<script" not in body
    assert "<b>" not in body


def test_the_mailbox_keeps_the_newest() -> None:
    mailbox = Mailbox()
    for number in range(KEPT_MAX + 3):
        mailbox.keep(Mail(MAIL, f"mail {number}", ("http://127.0.0.1:8080/me/in/x", "http://127.0.0.1:80800/", "<b>")))
    kept = mailbox.newest()
    assert (len(kept), kept[0].subject) == (KEPT_MAX, f"mail {KEPT_MAX + 2}")
    body = shop_of("toms", mailbox)[0].look({}).body
    assert 'href="http://127.0.0.1:8080/me/in/x"' in body
    assert 'href="http://127.0.0.1:80800/"' not in body
    assert "<b>" not in body
