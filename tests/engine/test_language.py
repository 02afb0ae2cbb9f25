"""The ideas of the language one by one, each as a short journey."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.program.loader import ProgramError, load_program
from tests.engine.world import World

HEAD = """
goodword: 1
program: friends
currency: USD
time_zone: Europe/Bucharest
fields:
  card: {of: person, type: text}
  product: {of: activity, type: text}
activities: [review, photo, visit]
moderated: [photo]
attribution: {window: 30 days}
"""
BOUGHT = "steps: {bought: {event: order}}\n"
ORDER: dict[str, Any] = {"total": 5000, "currency": "USD"}


def program(rewards: str, measures: str = "", steps: str = BOUGHT) -> World:
    """A world with one program of these rewards, anna its advocate."""
    world = World(f"{HEAD}{steps}{measures}rewards:\n{rewards}")
    world.join(1, "anna")
    return world


def friend_buys(world: World, day: float, who: str = "bob", order: str = "o1") -> list[str]:
    """A friend of anna buys."""
    return world.tell(day, "order", who, order=order, code=world.codes["anna"], **ORDER)


# steps ----------------------------------------------------------------------------------------------------------------

THIRD = "steps: {regular: {event: order, nth: 3, within: 20 days}}\n"
CREDIT = "  credit: {when: {step: regular}, to: advocate, benefit: {kind: credit, amount: 9 USD}}\n"


def test_the_third_order_reaches_the_step_and_coming_back_undoes_it() -> None:
    world = program(CREDIT, steps=THIRD)
    assert "step_counted" in friend_buys(world, 2)
    assert world.said["reasons"][0]["values"] == {"step": "regular", "used": 1, "limit": 3}
    assert "step_counted" in world.tell(3, "order", "bob", order="o2", **ORDER)
    assert "step_reached" in world.tell(4, "order", "bob", order="o3", **ORDER)
    assert world.reward("credit").status == "issued"
    assert "step_undone" in world.tell(5, "cancel", order="o2")
    assert world.reward("credit").status == "reversed"
    assert "step_reached" in world.tell(6, "order", "bob", order="o4", **ORDER)
    assert [status for *_, status in world.rewards()] == ["reversed", "issued"]


def test_orders_told_in_another_order_reach_the_same_step() -> None:
    hits = []
    for days in ((4, 2, 3), (2, 3, 4), (3, 4, 2)):
        world = program(CREDIT, steps=THIRD)
        world.tell(1.5, "claim", "bob", code=world.codes["anna"])
        for day in days:
            world.tell(day, "order", "bob", order=f"o{day}", **ORDER)
        hit = world.referrals()[0].steps["regular"].hit
        hits.append(hit.subject if hit else None)
    assert hits == ["order:o4"] * 3


# measures -------------------------------------------------------------------------------------------------------------

MONTHLY = "measures: {friends: {count: referrals, step: bought, period: month}}\n"


def test_a_month_begins_anew_by_the_calendar_of_the_program() -> None:
    prize = "  prize: {when: {reaches: friends, at: 2}, to: advocate, benefit: {kind: badge, amount: 1 badge:star}}\n"
    world = program(prize, MONTHLY)
    # 2026-01-31 23:30 and 2026-02-01 00:30 in Bucharest, an hour apart.
    friend_buys(world, 27.8958, "f1", "o1")
    friend_buys(world, 27.9375, "f2", "o2")
    assert world.rewards() == []
    friend_buys(world, 28, "f3", "o3")
    assert [reward.key for reward in world.all_rewards()] == ["2026-02"]
    friend_buys(world, 57, "f4", "o4")
    friend_buys(world, 58, "f5", "o5")
    assert [reward.key for reward in world.all_rewards()] == ["2026-02", "2026-03"]


def test_every_multiple_pays_and_shrinks_again() -> None:
    rule = (
        "  seat: {when: {reaches: friends, every: 2, up_to: 3}, to: advocate, benefit: {kind: time, amount: 1 month}}\n"
    )
    world = program(rule, "measures: {friends: {count: referrals, step: bought}}\n")
    for number in range(1, 9):
        friend_buys(world, 2 + number, f"f{number}", f"o{number}")
    assert [reward.key for reward in world.all_rewards()] == ["#1", "#2", "#3"]
    for number in range(1, 5):
        world.tell(20, "cancel", order=f"o{number}")
    assert [(r.key, r.live) for r in world.all_rewards()] == [("#1", True), ("#2", True), ("#3", False)]


def test_an_advocates_own_orders_and_activities_count_from_the_day_he_joined() -> None:
    rules = """
  stars: {when: {each: spent}, to: advocate, benefit: {kind: credit, amount: {percent_of: order.total, percent: 10%}}}
  points: {when: {each: reviews}, to: advocate, benefit: {kind: points, amount: 5 points}}
"""
    measures = """
measures:
  spent: {sum: orders, where: {order.total: {at_least: 20 USD}}}
  reviews: {count: activities, activity: review, where: {activity.product: mug}}
"""
    world = program(rules, measures)
    world.tell(0.5, "order", "anna", order="before", **ORDER)
    world.tell(2, "order", "zoe", order="another", **ORDER)
    assert world.rewards() == []
    world.tell(3, "order", "anna", order="o1", **ORDER)
    assert (world.reward("stars").amount, world.counter("measure|friends|spent")) == (500, 5000)
    world.tell(4, "refund", order="o1", amount=1000)
    assert (world.reward("stars").amount, world.counter("measure|friends|spent")) == (400, 4000)
    world.tell(5, "refund", order="o1", amount=2500)  # too small now
    assert (world.reward("stars").status, world.counter("measure|friends|spent")) == ("reversed", 0)
    world.tell(6, "activity", "anna", name="review", fields={"product": "cap"})
    world.tell(6, "activity", "anna", name="review", fields={"product": "mug"})
    world.tell(6, "activity", "anna", name="review", fields={"product": "mug"})
    assert [name for name, *_ in world.rewards()] == ["stars", "points", "points"]


def test_points_are_a_measure_of_their_own_and_a_circle_is_refused() -> None:
    rules = """
  points: {when: {each: reviews}, to: advocate, benefit: {kind: points, amount: 30 points}}
  badge: {when: {reaches: stars, at: 60}, to: advocate, benefit: {kind: badge, amount: 1 badge:star}}
"""
    measures = """
measures:
  reviews: {count: activities, activity: review}
  stars: {sum: rewards, unit: points}
"""
    world = program(rules, measures)
    world.tell(2, "activity", "anna", name="review")
    world.tell(3, "activity", "anna", name="review")
    assert world.reward("badge").status == "issued"
    world.tell(4, "reward", reward=world.reward("points").id, action="reverse")
    assert world.reward("badge").status == "reversed"
    more = (
        rules + "  more: {when: {reaches: stars, every: 50}, to: advocate, benefit: {kind: points, amount: 1 points}}\n"
    )
    with pytest.raises(ProgramError, match=r"rewards\.more\.when: it would grant itself"):
        load_program(f"{HEAD}{BOUGHT}{measures}rewards:{more}".lstrip())


def test_only_what_comes_soon_after_joining_counts() -> None:
    rule = "  welcome: {when: {reaches: visits, at: 2}, to: advocate, benefit: {kind: item, amount: 1 mug}}\n"
    measures = "measures: {visits: {count: activities, activity: visit, within: 7 days}}\n"
    world = program(rule, measures)
    world.tell(2, "activity", "anna", name="visit")
    world.tell(9, "activity", "anna", name="visit")
    assert world.rewards() == []
    world.tell(7.9, "activity", "anna", name="visit")
    assert world.reward("welcome").status == "approved"


# amounts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("read_at", "amount"), [("claim", 100), ("step", 200)])
def test_a_table_is_read_when_the_file_says(read_at: str, amount: int) -> None:
    table = "{by: advocate.card, rows: {gold: 2 USD, green: 1 USD}, otherwise: nothing}"
    rule = f"  cash: {{when: {{step: bought}}, to: both, benefit: {{kind: cash, amount: {{table: {table}, read_at: {read_at}}}}}}}\n"
    world = program(rule)
    world.tell(2, "profile", "anna", person={"fields": {"card": "green"}})
    world.tell(3, "claim", "bob", code=world.codes["anna"])
    world.tell(4, "profile", "anna", person={"fields": {"card": "gold"}})
    world.tell(5, "order", "bob", order="o1", **ORDER)
    assert [reward.amount for reward in world.all_rewards()] == [amount, amount]
    world.tell(6, "profile", "anna", person={"fields": {"card": "paper"}})
    assert "nothing_to_pay" in friend_buys(world, 7, "carl", "o2")


# what a reward asks ---------------------------------------------------------------------------------------------------

ENGRAVED = """
  mug:
    when: {step: bought}
    to: advocate
    benefit:
      kind: item
      amount: 1 mug
      asks: {name: {type: text, longest: 10, moderated: true}, parcel: {type: address}}
    answer_within: 10 days
"""


def test_an_engraving_is_looked_at_before_the_mug_is_made() -> None:
    world = program(ENGRAVED)
    assert "waiting_for_answer" in friend_buys(world, 2)
    mug = world.reward("mug")
    assert world.tell(3, "reward", reward=mug.id, action="issue") == ["not_possible_now", "waiting_for_answer"]
    assert world.tell(3, "choice", reward="nothing") == ["unknown_reward"]
    assert world.tell(3, "choice", reward=mug.id, answers={"name": "x" * 11}) == ["answer_refused"]
    assert world.tell(3, "choice", reward=mug.id, answers={"colour": "red"}) == ["answer_refused"]
    assert world.tell(3, "choice", reward=mug.id, answers={"parcel": "here"}) == ["answer_refused"]
    assert world.tell(3, "choice", reward=mug.id, option="cap") == ["answer_refused"]
    assert world.tell(4, "choice", reward=mug.id, answers={"name": "Ana"}) == ["waiting_for_moderation"]
    submission = f"e{world._number}"
    assert world.tell(5, "choice", reward=mug.id, post="1 Main Street") == ["answer_recorded"]
    assert world.reward("mug").answers == {"parcel": "given"}
    assert world.tell(6, "moderation", submission="nothing", verdict="approve") == ["unknown_submission"]
    told = world.tell(6, "moderation", submission=submission, verdict="approve")
    assert told == ["submission_approved", "waiting_for_shop", "answer_recorded"] or set(told) == {
        "submission_approved",
        "waiting_for_shop",
        "answer_recorded",
    }
    assert world.reward("mug").answers == {"parcel": "given", "name": "Ana"}
    assert world.tell(7, "moderation", submission=submission, verdict="deny") == ["not_possible_now"]
    assert "reward_issued" in world.tell(8, "reward", reward=mug.id, action="issue")
    assert world.tell(9, "choice", reward=mug.id, post="2 Main Street") == ["not_possible_now"]


def test_who_does_not_answer_in_time_loses_the_reward() -> None:
    world = program(ENGRAVED)
    friend_buys(world, 2)
    world.tell(11.9, "time_passed")
    assert world.reward("mug").status == "approved"
    world.tell(12.1, "time_passed")
    assert (world.reward("mug").status, world.reward("mug").reason) == ("cancelled", "not_answered")


CHOICE = """
  gift:
    when: {step: bought}
    to: advocate
    benefit:
      kind: choice
      options:
        credit: {kind: credit, amount: 5 USD}
        mug: {kind: item, amount: 1 mug, unit_cost: 4 USD, asks: {colour: {type: one_of, options: [red, blue], otherwise: red}}}
      otherwise: mug
    answer_within: 10 days
    budget: gifts
"""
BUDGET = "budgets: {gifts: {amount: 10 USD}}\n"


def test_one_of_two_is_chosen_and_the_budget_follows() -> None:
    world = program(CHOICE, BUDGET)
    friend_buys(world, 2)
    assert (world.reward("gift").unit, world.balance("budget:friends:gifts:reserved")) == ("mug", 400)
    told = world.tell(3, "choice", reward=world.reward("gift").id, option="credit")
    assert "reward_issued" in told
    assert (world.reward("gift").unit, world.reward("gift").amount) == ("USD", 500)
    assert world.balance("budget:friends:gifts:reserved") == 500
    friend_buys(world, 4, "f2", "o2")
    second = world.all_rewards()[1].id
    assert world.tell(5, "choice", reward=second, option="mug", answers={"colour": "blue"})[-1] != "answer_refused"
    assert world.all_rewards()[1].answers == {"colour": "blue"}
    assert world.balance("budget:friends:gifts:free") == 100


def test_who_does_not_choose_gets_the_default() -> None:
    world = program(CHOICE, BUDGET)
    friend_buys(world, 2)
    world.tell(13, "time_passed")
    gift = world.reward("gift")
    assert (gift.unit, gift.status, gift.reason, gift.answers) == (
        "mug",
        "approved",
        "waiting_for_shop",
        {"colour": "red"},
    )
    assert "answered_by_default" in world.history()


MYSTERY = """
  surprise:
    when: {step: bought}
    to: advocate
    benefit:
      kind: mystery
      options: {small: {kind: credit, amount: 1 USD}, big: {kind: credit, amount: 50 USD}}
      weights: {small: 3, big: 1}
"""


def test_a_mystery_is_drawn_by_its_weights_and_the_same_again_in_a_replay() -> None:
    drawn = []
    for _ in range(2):
        world = program(MYSTERY)
        for number in range(80):
            friend_buys(world, 2 + number / 10, f"f{number}", f"o{number}")
        drawn.append([reward.option for reward in world.all_rewards()])
    assert drawn[0] == drawn[1]
    assert 8 <= drawn[0].count("big") <= 32


# moderation -----------------------------------------------------------------------------------------------------------


def test_a_photo_counts_once_staff_have_seen_it_and_as_of_its_day() -> None:
    rule = "  thanks: {when: {each: photos}, to: advocate, benefit: {kind: points, amount: 5 points}, hold: 2 days}\n"
    world = program(rule, "measures: {photos: {count: activities, activity: photo}}\n")
    assert set(world.tell(2, "activity", "anna", name="photo")) == {"waiting_for_moderation", "person_recorded"}
    first = f"e{world._number}"
    world.tell(2, "activity", "anna", name="photo")
    second = f"e{world._number}"
    assert world.rewards() == []
    assert "reward_granted" in world.tell(3, "moderation", submission=first, verdict="approve")
    assert world.tell(3, "moderation", submission=second, verdict="deny", why="not ours") == ["submission_denied"]
    assert len(world.rewards()) == 1
    assert world.reward("thanks").mature_ms == world.at(4)


def test_a_product_is_used_on_an_order_by_its_code() -> None:
    rule = "  socks: {when: {step: claimed}, to: friend, benefit: {kind: product, amount: 1 socks, minimum_order: 20 USD}}\n"
    world = program(rule)
    world.tell(2, "claim", "bob", code=world.codes["anna"])
    code = world.said["rewards"][0]["code"]
    small = ORDER | {"total": 1999}
    assert "below_minimum" in world.tell(3, "order", "bob", order="o1", redeems=[{"code": code}], **small)
    assert "reward_redeemed" in world.tell(
        4, "order", "bob", order="o2", redeems=[{"code": code, "amount": 900}], **ORDER
    )
    assert world.reward("socks").status == "redeemed"


def test_a_coupon_for_the_first_order_waits_for_none_other() -> None:
    """The first that counts: once it came back whole, the next one is the first."""
    rule = (
        "  off: {when: {step: claimed}, to: friend, benefit: {kind: coupon, amount: 9 USD, first_order: true}, "
        "expires: 90 days}\n"
    )
    world = program(rule)
    world.tell(2, "claim", "bob", code=world.codes["anna"])
    redeems = [{"code": world.said["rewards"][0]["code"]}]
    world.tell(3, "order", "bob", order="o1", **ORDER)
    assert "not_first_order" in world.tell(4, "order", "bob", order="o2", redeems=redeems, **ORDER)
    assert world.values("not_first_order")["order"] == "o2"
    world.tell(5, "cancel", order="o1")
    assert "not_first_order" in world.tell(6, "order", "bob", order="o3", redeems=redeems, **ORDER)
    world.tell(7, "cancel", order="o2")
    world.tell(7, "refund", order="o3")
    assert "reward_redeemed" in world.tell(8, "order", "bob", order="o4", redeems=redeems, **ORDER)
    assert world.reward("off").status == "redeemed"


def test_only_what_is_used_on_orders_is_for_the_first_order() -> None:
    rule = "  mug: {when: {step: claimed}, to: friend, benefit: {kind: item, amount: 1 mug, first_order: true}}\n"
    with pytest.raises(ProgramError, match="`first_order` belongs to what is used on orders"):
        program(rule)
