"""History that is told after going live: it pays nobody, takes nothing away, and overwrites nothing."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.state import Participant
from tests.engine.world import FRIENDS, World

HEAD = """
goodword: 1
program: friends
currency: USD
time_zone: UTC
fields:
  size: {of: person, type: text}
attribution: {window: 30 days}
"""
NEW = "audience: {friend: {friend.new_customer: true}}\n"
BOUGHT = "steps: {bought: {event: order}}\n"
ORDER: dict[str, Any] = {"total": 6000, "currency": "USD"}


def live(rewards: str, more: str = BOUGHT) -> World:
    """A tenant that has seen a live event; anna has joined on the ninth day."""
    world = World(f"{HEAD}{more}rewards:\n{rewards}")
    world.join(9, "anna", history=False)
    return world


def anna(world: World) -> Participant:
    """She joined before anybody else came."""
    found: Participant = next(iter(world.tenant.rows.rows["participants"].values()))
    return found


# what a fact was worth ------------------------------------------------------------------------------------------------

EACH = "  stars: {when: {reaches: orders, at: 1}, to: advocate, benefit: {kind: credit, amount: 5 USD}}\n"
MEASURE = BOUGHT + "measures: {orders: {count: orders}}\n"


@pytest.mark.parametrize("change", [{"type": "refund", "amount": 1000}, {"type": "cancel"}, {"type": "chargeback"}])
def test_what_becomes_of_a_fact_today_pays_nobody(change: dict[str, Any]) -> None:
    world = live(EACH, MEASURE)
    world.tell(9.5, "order", "anna", order="o1", **ORDER)
    assert "order_changed" in world.tell(10, history=False, order="o1", **change)
    assert world.rewards() == []
    assert world.tenant.rows.rows["orders"]["o1"].measured == {}
    world.tell(11, "order", "anna", history=False, order="o2", **ORDER)
    assert world.rewards() == [("stars", "advocate", "issued")]


# what was reached -----------------------------------------------------------------------------------------------------

TWO_STEPS = NEW + "steps: {joined: {event: sign_up}, purchase: {event: order}}\n"
BOTH = """\
  hello: {when: {step: joined}, to: both, benefit: {kind: credit, amount: 5 USD}}
  thanks: {when: {step: purchase}, to: advocate, benefit: {kind: credit, amount: 5 USD}}
"""


def test_what_was_reached_stays_whatever_history_tells() -> None:
    world = live(BOTH, TWO_STEPS)
    world.tell(10, "claim", "bob", history=False, code=world.codes["anna"])
    world.tell(10, "sign_up", "bob", history=False)
    paid = world.rewards()
    assert [status for *_, status in paid] == ["issued", "issued"]
    world.tell(5, "order", "bob", order="o0", **ORDER)
    told = world.tell(11, "order", "bob", history=False, order="o1", **ORDER)
    assert not {"friend_not_new", "step_undone", "reward_reversed"} & set(told)
    assert world.rewards()[:2] == paid


def test_an_order_that_the_shop_tells_late_still_disproves() -> None:
    world = live(BOTH, TWO_STEPS)
    world.tell(10, "claim", "bob", history=False, code=world.codes["anna"])
    world.tell(10, "sign_up", "bob", history=False)
    told = world.tell(5, "order", "bob", history=False, order="o0", **ORDER)
    assert {"friend_not_new", "reward_reversed"} <= set(told)


# what is kept, and what waits -----------------------------------------------------------------------------------------

KEPT = """\
  credit:
    when: {step: bought}
    to: advocate
    benefit: {kind: credit, amount: 5 USD}
    kept: {while: {WHILE}, until: 300 days}
"""
WAITS = """\
  credit:
    when: {step: bought}
    to: advocate
    benefit: {kind: credit, amount: 5 USD}
    pay_when: {recipient.customer: true}
"""


def friend_buys(world: World) -> None:
    world.tell(10, "claim", "bob", history=False, code=world.codes["anna"])
    world.tell(11, "order", "bob", history=False, order="bobs", **ORDER)


@pytest.mark.parametrize("kind", ["refund", "cancel", "chargeback"])
def test_no_reward_is_lost_as_an_old_order_went_back(kind: str) -> None:
    world = live(KEPT.replace("WHILE", "recipient.customer: true"))
    world.tell(5, "order", "anna", order="old", **ORDER)
    friend_buys(world)
    assert world.reward("credit").status == "issued"
    assert "order_changed" in world.tell(6, kind, order="old")
    world.tell(13, "time_passed", history=False)
    assert world.reward("credit").status == "issued"


def test_history_hands_out_nothing_that_waits_and_the_next_order_does() -> None:
    world = live(WAITS)
    friend_buys(world)
    assert world.reward("credit").status == "approved"
    world.tell(5, "order", "anna", order="old", **ORDER)
    world.tell(13, "time_passed", history=False)
    assert world.reward("credit").status == "approved"
    world.tell(14, "order", "anna", history=False, order="new", **ORDER)
    world.tell(15, "time_passed", history=False)
    assert world.reward("credit").status == "issued"


# what is known of people ----------------------------------------------------------------------------------------------

TODAY = {"country": "RO", "language": "ro", "fields": {"size": "L"}, "device": "new"}
ONCE = {"country": "DE", "language": "de", "fields": {"size": "S"}, "device": "old"}


@pytest.mark.parametrize("kind", ["order", "sign_up", "profile"])
def test_history_overwrites_nothing_that_is_known_of_a_person(kind: str) -> None:
    world = live(KEPT.replace("WHILE", "recipient.country: RO"))
    world.tell(9, "profile", "anna", history=False, person=TODAY)
    friend_buys(world)
    before = anna(world)
    body = {"order": "old"} | ORDER if kind == "order" else {}
    world.tell(5, kind, "anna", person=ONCE, **body)
    world.tell(13, "time_passed", history=False)
    after = anna(world)
    assert (after.country, after.language, after.fields) == (before.country, before.language, before.fields)
    assert after.signals["device"][-1:] == before.signals["device"]
    assert world.reward("credit").status == "issued"


def test_history_fills_what_nobody_told() -> None:
    world = live(EACH, MEASURE)
    world.tell(9, "profile", "anna", history=False, person={"country": "RO"})
    world.tell(5, "order", "anna", order="old", person=ONCE, **ORDER)
    after = anna(world)
    assert (after.country, after.language, after.fields) == ("RO", "de", {"size": "S"})
    assert len(after.signals["device"]) == 1


# an order that history told before its shop ---------------------------------------------------------------------------


def test_an_order_that_the_shop_tells_after_history_earns() -> None:
    world = World(FRIENDS)
    world.tell(10, "claim", "bob", history=False, code=world.join(9, "anna"))
    world.tell(11, "order", "bob", order="o1", **ORDER)
    assert ("credit", "advocate", "pending") not in world.rewards()
    told = world.tell(11, "order", "bob", history=False, order="o1", **ORDER)
    assert {"order_recorded", "referral_converted", "reward_granted"} <= set(told)
    assert ("credit", "advocate", "pending") in world.rewards()
    assert world.tell(11, "order", "bob", history=False, order="o1", **ORDER) == ["order_known"]
    assert world.tell(11, "order", "bob", order="o1", **ORDER) == ["history_is_facts", "order_known"]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_what_went_back_of_it_meanwhile_is_taken_off(whole: bool, late: bool) -> None:
    world = World(FRIENDS)
    world.tell(10, "claim", "bob", history=False, code=world.join(9, "anna"))
    world.tell(11, "order", "bob", order="o1", **ORDER)
    world.tell(11.5, "refund", history=late, order="o1", amount=6000 if whole else 500)
    world.tell(11, "order", "bob", history=False, order="o1", **ORDER)
    order = world.tenant.rows.rows["orders"]["o1"]
    assert (order.net, order.state) == ((0, "refunded") if whole else (5500, "placed"))
    credits = [status for rule, _, status in world.rewards() if rule == "credit"]
    assert credits == (["cancelled"] if whole else ["pending"])
