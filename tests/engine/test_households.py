"""One per household, where the cases of `hellofresh` do not go: a look by staff, people who leave, and a policy that ends."""

from __future__ import annotations

from typing import Any

from tests.engine.world import FRIENDS, World

ORDER: dict[str, Any] = {"total": 8000, "currency": "USD"}
FLAT: dict[str, Any] = {"address": "flat one"}


def world_of(action: str) -> World:
    world = World(FRIENDS.replace("protection: {", f"protection: {{household: {action}, "))
    world.join(1, "anna")
    return world


def claims(world: World, day: float, who: str, **person: Any) -> list[str]:
    return world.tell(day, "claim", who, code=world.codes["anna"], person=person)


def test_staff_look_at_the_second_one_and_not_again_at_the_first() -> None:
    world = world_of("review")
    claims(world, 2, "bob", **FLAT)
    assert "sent_to_review" in claims(world, 3, "carl", **FLAT)
    assert world.values("sent_to_review") == {"signal": "household"}
    assert "sent_to_review" not in world.tell(4, "order", "bob", order="b1", **ORDER)
    first, second = world.referrals()
    assert (first.moderation, second.moderation) == ("clear", "pending_review")
    world.tell(5, "review", referral=second.id, verdict="approve")
    told = world.tell(6, "order", "carl", order="c1", person=FLAT, **ORDER)
    assert "step_reached" in told
    assert "sent_to_review" not in told


def test_an_address_that_comes_with_the_order_sends_the_referral_to_review() -> None:
    world = world_of("review")
    claims(world, 2, "bob", **FLAT)
    claims(world, 3, "carl")
    assert "sent_to_review" in world.tell(4, "order", "carl", order="c1", person=FLAT, **ORDER)
    assert world.reward("credit").reason == "in_review"


def test_who_was_denied_holds_no_place() -> None:
    world = world_of("review")
    claims(world, 2, "bob", **FLAT)
    claims(world, 3, "carl", **FLAT)
    first, second = world.referrals()
    world.tell(4, "review", referral=second.id, verdict="deny")
    assert world.counter("home|friends|") == 1
    world.tell(5, "review", referral=second.id, verdict="approve")
    assert world.counter("home|friends|") == 2
    assert first.moderation == "clear"


def test_an_expired_friend_holds_no_place() -> None:
    world = world_of("refuse")
    claims(world, 2, "bob", **FLAT)
    assert "household_has_one" in claims(world, 31.9, "carl", **FLAT)
    assert "referral_started" in claims(world, 32.1, "carl", **FLAT)
    assert "household_has_one" in claims(world, 32.2, "bob")


def test_many_at_one_address_are_two_counters() -> None:
    world = world_of("refuse")
    for number in range(40):
        world.tell(2, "order", f"f{number}", order=f"o{number}", person=FLAT, **ORDER)
    assert world.counter("home|friends|") == 40
    assert "household_has_one" in claims(world, 3, "carl", **FLAT)
    for number in range(40):
        world.tell(4, "cancel", order=f"o{number}")
    assert world.counter("home|friends|") == world.counter("lives|friends|") == 0
    assert "referral_started" in claims(world, 5, "carl", **FLAT)


def test_nothing_is_counted_where_nobody_asks() -> None:
    world = world_of("allow")
    claims(world, 2, "bob", **FLAT)
    assert "referral_started" in claims(world, 3, "carl", **FLAT)
    assert world.counter("home|") == 0
