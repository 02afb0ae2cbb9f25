"""Each order a referral of its own: what affiliation is, in the same words of the language."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.clicks import click_token
from goodword.engine.ids import normalise_code
from goodword.engine.state import PARENTS, REFERRALS_OF
from goodword.pipeline.intake import InvalidEvent
from goodword.program.loader import ProgramError, load_program
from tests.engine.world import KEYRING, START_MS, World

DAY_MS = 86_400_000
HEAD = """
goodword: 1
program: friends
currency: USD
time_zone: Europe/Bucharest
attribution: {evidence: [code, click], window: 24 hours, one_per: order}
"""
STEPS = "steps: {sale: {event: order}}\n"
SHARE = "{percent_of: order.items, table: {by: item.category, rows: {books: 10%}, otherwise: nothing}}"
RULES = (
    f"rewards: {{commission: {{when: {{step: sale}}, to: advocate, benefit: {{kind: commission, amount: {SHARE}}}}}}}\n"
)


def world(more: str = "", rules: str = RULES, steps: str = STEPS) -> World:
    """A world whose partners are anna and carol."""
    made = World(f"{HEAD}{more}{steps}{rules}")
    made.join(1, "anna")
    made.join(1, "carol")
    return made


def click(made: World, who: str, day: float) -> str:
    """A click on somebody's link."""
    return click_token(KEYRING, normalise_code(made.codes[who]), START_MS + int((day - 1) * DAY_MS), bytes(8))


def buys(made: World, day: float, order: str, **more: Any) -> list[str]:
    """Bob buys books for 50 USD."""
    items = [{"category": "books", "total": 5000}]
    return made.tell(day, "order", "bob", order=order, total=5000, currency="USD", items=items, **more)


def test_of_two_partners_the_stronger_evidence_wins_the_order_and_the_other_is_kept() -> None:
    made = world()
    said = buys(made, 3, "o1", code=made.codes["carol"], click=click(made, "anna", 2.9))
    assert "order_taken" in said
    (referral,) = made.referrals()
    assert (referral.evidence, referral.order) == ("code", "o1")
    assert [(rival.evidence, rival.reason) for rival in referral.rivals] == [("click", "order_taken")]


def test_of_two_clicks_the_later_wins() -> None:
    made = world()
    made.tell(2, "claim", code=made.codes["anna"], click=click(made, "anna", 2))
    token = made.said["claim"]
    made.tell(2.1, "order", "bob", order="o1", total=100, currency="USD", claim=token, click=click(made, "carol", 2.05))
    # A claim is no evidence here: the click that came with the order is what counts.
    assert [row.evidence for row in made.referrals()] == ["click"]


def test_the_same_partner_twice_is_one_referral() -> None:
    made = world()
    made.tell(1.5, "link", "anna", program="friends", code="ANNA-BLOG")
    said = buys(made, 3, "o1", code="ANNA-BLOG", click=click(made, "anna", 2.9))
    assert "already_referred" in said
    assert len(made.referrals()) == 1


def test_nobody_is_held_whoever_sent_whom() -> None:
    made = world()
    buys(made, 3, "o1", code=made.codes["anna"])
    buys(made, 4, "o2", code=made.codes["carol"])
    for who, other in (("anna", "carol"), ("carol", "anna")):
        made.tell(5, "order", who, order=f"of-{who}", total=900, currency="USD", code=made.codes[other])
    assert len(made.referrals()) == 4
    assert [key for key, row in made.tenant.rows.rows[PARENTS.name].items() if row] == []
    assert [key for key, row in made.tenant.rows.rows[REFERRALS_OF.name].items() if row] == []


def test_what_comes_without_an_order_counts_with_one() -> None:
    made = world()
    assert "counts_with_order" in made.tell(2, "sign_up", "bob", click=click(made, "anna", 2))
    assert "counts_with_order" in made.tell(2, "claim", "bob", code=made.codes["anna"], via="code")
    assert made.referrals() == []
    assert "referral_started" in buys(made, 2.5, "o1", click=click(made, "anna", 2))


def test_a_new_customer_is_new_to_his_first_order_only() -> None:
    made = world("audience: {friend: {friend.new_customer: true}}\n")
    token = click(made, "anna", 2)
    assert "referral_started" in buys(made, 2.1, "o1", click=token)
    assert "friend_not_in_audience" in buys(made, 2.2, "o2", click=token)


def test_an_order_that_does_not_qualify_lets_its_referral_go() -> None:
    made = world(steps="steps: {sale: {event: order, where: {order.total: {at_least: 60 USD}}}}\n")
    assert "step_condition_unmet" in buys(made, 3, "o1", code=made.codes["anna"])
    made.tell(5, "time_passed")
    assert [row.status for row in made.referrals()] == ["expired"]


def test_a_refund_by_category_takes_back_what_was_paid_for_it() -> None:
    made = world()
    made.tell(
        3, "order", "bob", order="o1", total=9000, currency="USD", code=made.codes["anna"],
        items=[{"category": "books", "total": 2000}, {"category": "books", "total": 1000, "quantity": 2}],
    )  # fmt: skip
    assert made.reward("commission").amount == 300
    made.tell(4, "refund", order="o1", items=[{"category": "toys", "total": 3000}])
    assert made.reward("commission").amount == 200  # nothing of that category: it comes off all in proportion
    made.tell(5, "refund", order="o1", items=[{"category": "books", "total": 1000}])
    assert made.reward("commission").amount == 100
    made.tell(6, "refund", order="o1", items=[{"category": "books", "total": 1000}])
    assert made.reward("commission").status == "reversed"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"type": "order", "total": 100, "items": [{"category": "a", "total": 101}]}, "together they come to 101"),
        ({"type": "refund", "amount": 5, "items": [{"category": "a", "total": 4}]}, "leave `amount` out"),
        ({"type": "refund", "items": [{"category": "a", "total": 0}]}, "come to nothing"),
        ({"type": "order", "total": 100, "items": [{"category": "a", "total": 1, "quantity": 0}]}, ">= 1"),
        ({"type": "order", "total": 100, "items": [{"category": "a", "total": 1}] * 51}, "<= 50"),
    ],
)
def test_items_have_to_fit(body: dict[str, Any], message: str) -> None:
    made = world()
    more = {"order": "o1"} | ({"currency": "USD"} if body["type"] == "order" else {})
    who = ("bob",) if body["type"] == "order" else ()
    with pytest.raises(InvalidEvent, match=message):
        made.tell(2, body.pop("type"), *who, **more, **body)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "steps: {sale: {event: sign_up}}\n" + RULES.replace(SHARE, "1 USD"),
            "every step is reached by the order itself",
        ),
        ("steps: {sale: {event: order, nth: 2}}\n" + RULES, "there is one order"),
        (STEPS + RULES.replace("step: sale", "step: claimed").replace(SHARE, "1 USD"), "begins with its order"),
        (STEPS + RULES.replace("order.items", "order.total"), "write `percent` with `order.total`"),
    ],
)
def test_what_makes_no_sense_for_single_orders_is_refused(more: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        load_program((HEAD + more).lstrip())
