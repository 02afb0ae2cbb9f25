"""The ideas of the language one by one, each as a short journey."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from goodword.engine.state import QUEUE_PAGE
from goodword.program.duration import iso, later, to_ms
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


def test_who_is_denied_an_engraving_may_answer_again_at_once_and_has_the_whole_time() -> None:
    world = program(ENGRAVED)
    friend_buys(world, 2)
    mug = world.reward("mug")
    world.tell(4, "choice", reward=mug.id, answers={"name": "Ana"}, post="1 Main Street")
    first = f"e{world._number}"
    # Staff take longer than the recipient had: he answered in time.
    world.tell(13, "time_passed")
    assert "waiting_for_moderation" in world.history()
    told = world.tell(14, "moderation", submission=first, verdict="deny", why="rude")
    assert told == ["waiting_for_answer", "submission_denied"]
    assert world.values("waiting_for_answer")["asks"] == "name"
    assert world.values("waiting_for_answer")["until"] == iso(world.at(24))
    world.tell(15, "choice", reward=mug.id, answers={"name": "Anna"})
    second = f"e{world._number}"
    assert "waiting_for_shop" in world.tell(16, "moderation", submission=second, verdict="approve")
    assert world.reward("mug").answers == {"name": "Anna", "parcel": "given"}


def test_who_does_not_answer_again_loses_the_reward() -> None:
    world = program(ENGRAVED)
    friend_buys(world, 2)
    world.tell(4, "choice", reward=world.reward("mug").id, answers={"name": "Ana"})
    world.tell(5, "moderation", submission=f"e{world._number}", verdict="deny")
    world.tell(14.9, "time_passed")
    assert world.reward("mug").status == "approved"
    world.tell(15.1, "time_passed")
    assert (world.reward("mug").status, world.reward("mug").reason) == ("cancelled", "not_answered")


def test_an_approved_engraving_leaves_the_whole_time_for_what_else_is_asked() -> None:
    world = program(ENGRAVED)
    friend_buys(world, 2)
    world.tell(4, "choice", reward=world.reward("mug").id, answers={"name": "Ana"})
    submission = f"e{world._number}"
    world.tell(13, "time_passed")
    world.tell(14, "moderation", submission=submission, verdict="approve")
    asked = world.values("waiting_for_answer")
    assert (asked["asks"], asked["until"]) == ("parcel", iso(world.at(24)))
    world.tell(24.1, "time_passed")
    assert world.reward("mug").reason == "not_answered"


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


# what is kept ---------------------------------------------------------------------------------------------------------

KEPT = """
  month:
    when: {step: bought}
    to: both
    benefit: {kind: credit, amount: 9 USD}
    kept: {while: {friend.card: gold}, until: 20 days}
    caps: [{per: participant, amount: 20 USD}]
    budget: months
"""
MONTHS = """
budgets: {months: {amount: 100 USD}}
measures: {earned: {sum: rewards, unit: USD}}
"""
GOLD: dict[str, Any] = {"fields": {"card": "gold"}}
GREEN: dict[str, Any] = {"fields": {"card": "green"}}


def statuses(world: World) -> list[str]:
    """Of all rewards, in the order of their granting."""
    return [status for *_, status in world.rewards()]


def test_what_is_kept_while_a_condition_holds_is_lost_with_it_in_all_books() -> None:
    world = program(KEPT, MONTHS)
    assert "reward_issued" in world.tell(2, "order", "bob", order="o1", code=world.codes["anna"], person=GOLD, **ORDER)
    assert (world.counter("measure|friends|earned"), world.balance("budget:friends:months:reserved")) == (1800, 1800)
    bob = world.referrals()[0].friend
    assert [reward.watched for reward in world.all_rewards()] == [(bob,), (bob,)]
    world.tell(3, "profile", "bob", person={"country": "RO"})  # something else about him
    assert statuses(world) == ["issued", "issued"]
    world.tell(4, "profile", "bob", person=GREEN)
    assert {"condition_ended", "reward_reversed"} <= world.history()
    assert statuses(world) == ["reversed", "reversed"]
    assert {reward.reason for reward in world.all_rewards()} == {"condition_ended"}
    assert (world.counter("measure|"), world.counter("cap|"), world.balance("budget:friends:months:free")) == (
        0,
        0,
        10000,
    )
    assert [person.keeping for person in world.tenant.rows.rows["participants"].values()] == [0, 0]
    world.tell(5, "profile", "bob", person=GOLD)
    assert statuses(world) == ["reversed", "reversed"]


def test_after_its_time_it_stays_for_good() -> None:
    world = program(KEPT, MONTHS)
    world.tell(2, "order", "bob", order="o1", code=world.codes["anna"], person=GOLD, **ORDER)
    world.tell(21.9, "time_passed")
    assert world.referrals()[0].status == "converted"
    world.tell(22, "time_passed")
    assert "kept_for_good" in world.history()
    assert world.referrals()[0].status == "ended"
    world.tell(22.1, "profile", "bob", person=GREEN)
    assert statuses(world) == ["issued", "issued"]
    world.tell(22.2, "cancel", order="o1")  # which is another matter
    assert statuses(world) == ["reversed", "reversed"]


def test_what_would_be_lost_at_once_is_not_granted() -> None:
    world = program(KEPT, MONTHS)
    told = friend_buys(world, 2)
    assert told.count("condition_not_kept") == 2
    assert world.values("condition_not_kept") == {
        "attribute": "friend.card",
        "operator": "is",
        "expected": "gold",
        "side": "friend",
    }
    world.tell(3, "profile", "bob", person=GOLD)
    assert world.rewards() == []


def test_a_used_reward_that_is_lost_is_owed() -> None:
    world = program(KEPT, MONTHS)
    world.tell(2, "order", "bob", order="o1", code=world.codes["anna"], person=GOLD, **ORDER)
    reward = world.all_rewards()[1]
    world.tell(3, "reward", reward=reward.id, action="redeem", amount=500)
    world.tell(4, "profile", "bob", person=GREEN)
    assert "debt_remains" in world.history()
    assert world.balance(f"balance:{reward.participant}") == -500


def test_an_order_that_comes_back_ends_being_a_customer() -> None:
    rule = "  gift: {when: {step: claimed}, to: advocate, benefit: {kind: item, amount: 1 mug}, kept: {while: {friend.customer: true}}}\n"
    world = program(rule)
    world.tell(2, "order", "bob", order="before", **ORDER)
    world.tell(3, "claim", "bob", code=world.codes["anna"])
    world.tell(4, "order", "bob", order="o1", **ORDER)
    world.tell(5, "cancel", order="before")
    assert statuses(world) == ["approved"]
    world.tell(6, "cancel", order="o1")
    assert statuses(world) == ["cancelled"]


def test_a_status_is_held_while_its_advocate_is_who_he_was() -> None:
    """Many depend on one person: they are looked at page by page; and lost is lost, however the number moves again."""
    rule = """
  vip: {when: {reaches: friends, every: 1, up_to: 100}, to: advocate, benefit: {kind: status, amount: 1 vip}, kept: {while: {recipient.card: gold}}}
  more: {when: {step: bought}, to: friend, benefit: {kind: access, amount: 1 door}, kept: {while: {advocate.card: gold, recipient.country: RO}}}
"""
    world = program(rule, "measures: {friends: {count: referrals, step: bought}}\n")
    world.tell(2, "profile", "anna", person=GOLD)
    friends = 120
    for number in range(friends):
        world.tell(
            3, "order", f"f{number}", order=f"o{number}", code=world.codes["anna"], person={"country": "RO"}, **ORDER
        )
    assert statuses(world).count("issued") == 100 + friends
    assert {len(reward.watched) for reward in world.all_rewards()} == {1, 2}
    world.tell(4, "profile", "f0", person={"country": "MD"})
    assert statuses(world).count("reversed") == 1
    world.tell(5, "profile", "anna", person=GREEN)
    assert set(statuses(world)) == {"reversed"}
    world.tell(6, "profile", "anna", person=GOLD)
    friend_buys(world, 7, "last", "last")
    assert set(statuses(world)) == {"reversed"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("when: {step: bought}, kept: {while: {order.total: {at_least: 5 USD}}}", "`kept` looks at people"),
        ("when: {reaches: n, at: 1}, kept: {while: {friend.card: gold}}", "granted by a `step`"),
        ("when: {step: bought}, kept: {until: 5 days}", "`while` is missing"),
        ("when: {step: bought}, kept: {whlie: {friend.card: gold}}", "did you mean `while`"),
    ],
)
def test_kept_looks_at_people_alone(rule: str, message: str) -> None:
    text = f"{HEAD}{BOUGHT}measures: {{n: {{count: referrals, step: bought}}}}\nrewards:\n  r: {{to: advocate, benefit: {{kind: item, amount: 1 mug}}, {rule}}}\n"
    with pytest.raises(ProgramError, match=message):
        load_program(text.lstrip())


# what comes again -----------------------------------------------------------------------------------------------------

YEARLY = """
  trip:
    when: {step: hosted, every: year, while: {friend.card: gold}, up_to: 4}
    to: advocate
    benefit: {kind: credit, amount: 50 USD}
"""
HOSTED = "steps: {hosted: {event: activity, activity: visit, undone_by: [review]}}\n"


def hosts(world: World, day: float, who: str = "bob") -> list[str]:
    """A friend of anna reaches the step."""
    return world.tell(day, "activity", who, name="visit", code=world.codes["anna"], person=GOLD)


def test_it_comes_again_on_each_anniversary_while_its_condition_holds() -> None:
    world = program(YEARLY, steps=HOSTED)
    assert "comes_again" in hosts(world, 2)  # 2026-01-06
    assert world.values("comes_again") == {"until": "2027-01-06T00:00:00Z"}
    world.tell(366.9, "time_passed")
    assert [reward.key for reward in world.all_rewards()] == ["1"]
    world.tell(367, "time_passed")
    assert [(reward.key, reward.status) for reward in world.all_rewards()] == [("1", "issued"), ("2", "issued")]
    world.tell(400, "profile", "bob", person=GREEN)
    world.tell(740, "time_passed")
    assert "not_again" in world.history()
    assert world.referrals()[0].status == "converted"
    world.tell(800, "profile", "bob", person=GOLD)
    world.tell(3000, "time_passed")
    assert [reward.key for reward in world.all_rewards()] == ["1", "2", "4"]
    assert (world.referrals()[0].status, world.referrals()[0].again) == ("ended", {"trip": 0})


def test_a_step_that_is_undone_ends_what_comes_again() -> None:
    world = program(YEARLY, steps=HOSTED)
    hosts(world, 2)
    world.tell(400, "time_passed")
    world.tell(401, "activity", "bob", name="review")
    assert statuses(world) == ["reversed", "reversed"]
    assert (
        world.referrals()[0].again,
        world.tenant.rows.rows["dues"].get(f"again:{world.referrals()[0].id}|trip"),
    ) == ({}, None)


def test_what_came_again_falls_with_a_denied_referral_and_comes_back_with_it() -> None:
    world = program(YEARLY, steps=HOSTED)
    hosts(world, 2)
    world.tell(400, "time_passed")
    id = world.referrals()[0].id
    world.tell(401, "review", referral=id, verdict="deny")
    assert statuses(world) == ["reversed", "reversed"]
    world.tell(800, "time_passed")
    assert len(world.rewards()) == 2
    world.tell(801, "review", referral=id, verdict="approve")
    assert sorted((r.key, r.status) for r in world.all_rewards() if r.live) == [("1", "issued"), ("2", "issued")]
    world.tell(1200, "time_passed")
    assert [reward.key for reward in world.all_rewards() if reward.live] == ["1", "2", "4"]


def test_a_step_told_years_late_catches_up_one_by_one() -> None:
    world = program(YEARLY, steps=HOSTED)
    world.tell(2, "claim", "bob", code=world.codes["anna"], person=GOLD)
    world.tell(900, "time_passed")  # the referral expired, a late visit from inside its window revives it
    world.tell(20, "activity", "bob", name="visit", person=GOLD)
    assert [reward.key for reward in world.all_rewards()] == ["1", "2", "3"]


def test_a_superseded_referral_has_no_anniversaries() -> None:
    rule = YEARLY.replace("step: hosted", "step: claimed").replace("every: year", "every: month")
    world = program(rule, steps=HOSTED)
    world.join(1, "zoe")
    world.tell(2, "claim", "bob", code=world.codes["anna"], person=GOLD)
    world.tell(3, "sign_up", "bob", code=world.codes["zoe"])
    world.tell(40, "time_passed")
    by_advocate = {row.code: row for row in world.referrals()}
    assert by_advocate[world.codes["anna"]].again == {}
    assert [r.key for r in world.all_rewards() if r.live] == ["1"]


@pytest.mark.parametrize(
    ("start", "number", "period", "zone", "expected"),
    [
        ("2024-02-29T10:00:00Z", 1, "year", "UTC", "2025-02-28T10:00:00Z"),
        ("2024-02-29T10:00:00Z", 4, "year", "UTC", "2028-02-29T10:00:00Z"),
        ("2026-01-31T10:00:00Z", 1, "month", "UTC", "2026-02-28T10:00:00Z"),
        ("2026-01-31T10:00:00Z", 2, "month", "UTC", "2026-03-31T10:00:00Z"),
        ("2026-12-31T22:30:00Z", 1, "year", "Europe/Bucharest", "2027-12-31T22:30:00Z"),
        ("2026-11-30T22:30:00Z", 2, "month", "Europe/Bucharest", "2027-01-31T22:30:00Z"),
        # the same time of day in summer
        ("2026-01-15T10:00:00Z", 6, "month", "Europe/Bucharest", "2026-07-15T09:00:00Z"),
        # 03:30 does not exist on the night the clocks go forward
        ("2026-02-28T01:30:00Z", 13, "month", "Europe/Bucharest", "2027-03-28T01:30:00Z"),
    ],
)
def test_anniversaries_are_those_of_the_calendar(
    start: str, number: int, period: Literal["month", "year"], zone: str, expected: str
) -> None:
    assert iso(later(to_ms(datetime.fromisoformat(start)), number, period, ZoneInfo(zone))) == expected


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{reaches: n, every: year}", "go with `step`"),
        ("{step: hosted, every: 2}", "`reaches` names a measure"),
        ("{step: hosted, every: week}", "write `year` or `month`"),
        ("{step: hosted, while: {friend.card: gold}}", "`while` goes with"),
        ("{step: hosted, every: year, while: {activity.product: mug}}", "`while` looks at people"),
        ("{step: hosted, every: year, up_to: 101}", "at most 100"),
    ],
)
def test_what_comes_again_is_written_with_a_step(when: str, message: str) -> None:
    text = f"{HEAD}{HOSTED}measures: {{n: {{count: referrals, step: hosted}}}}\nrewards:\n  r: {{to: advocate, benefit: {{kind: item, amount: 1 mug}}, when: {when}}}\n"
    with pytest.raises(ProgramError, match=message):
        load_program(text.lstrip())


# points buy -----------------------------------------------------------------------------------------------------------

SHELF = """
  stars: {when: {each: reviews}, to: advocate, benefit: {kind: points, amount: 60 points}, expires: 90 days}
  hello: {when: {step: bought}, to: both, benefit: {kind: points, amount: 25 points}}
  mug:
    when: {exchange: 150 points}
    to: advocate
    benefit: {kind: item, amount: 1 mug, unit_cost: 4 USD}
    budget: mugs
    caps: [{per: participant, count: 2}]
  tea:
    when: {exchange: 100 points}
    to: advocate
    benefit: {kind: credit, amount: 3 USD}
"""
STOCK = "measures: {reviews: {count: activities, activity: review}}\nbudgets: {mugs: {amount: 8 USD}}\n"


def shop(points: int = 3) -> World:
    """Anna has reviewed so often: 60 points each."""
    world = program(SHELF, STOCK)
    for number in range(points):
        world.tell(2 + number, "activity", "anna", name="review")
    return world


def buys(world: World, day: float, reward: str, who: str = "anna", **more: Any) -> list[str]:
    """Somebody wants a reward for points."""
    return world.tell(day, "exchange", who, program="friends", reward=reward, **more)


def points(world: World) -> list[tuple[int, str]]:
    """What is left of each of anna's points, the oldest first, and its status."""
    return [(reward.remaining, reward.status) for reward in world.all_rewards() if reward.unit == "points"]


def test_the_oldest_points_buy_a_reward_and_the_ledger_says_so() -> None:
    world = shop()
    told = buys(world, 9, "mug")
    assert told == ["reward_granted", "points_spent", "waiting_for_shop", "reward_approved", "person_recorded"] or {
        "reward_granted",
        "points_spent",
    } <= set(told)
    assert points(world) == [(0, "redeemed"), (0, "redeemed"), (30, "issued")]
    mug = world.reward("mug")
    assert (mug.status, mug.subject, list(mug.paid.values())) == (
        "approved",
        f"exchange:e{world._number}",
        [60, 60, 30],
    )
    assert (world.balance(f"balance:{mug.participant}", "points"), world.balance("redeemed:friends", "points")) == (
        30,
        150,
    )
    assert buys(world, 10, "mug") == ["not_enough_points", "person_recorded"]
    assert world.values("not_enough_points") == {
        "left": {"amount": 30, "unit": "points"},
        "needed": {"amount": 150, "unit": "points"},
    }


@pytest.mark.parametrize(
    ("who", "asked", "reason"),
    [
        ("anna", {"reward": "cap"}, "not_offered"),
        ("anna", {"reward": "stars"}, "not_offered"),
        ("stranger", {"reward": "tea"}, "not_enough_points"),
        ("anna", {"reward": "tea", "program": "other"}, "unknown_program"),
    ],
)
def test_what_is_not_for_sale(who: str, asked: dict[str, str], reason: str) -> None:
    world = shop()
    told = world.tell(9, "exchange", who, **{"program": "friends"} | asked)
    assert reason in told
    assert [status for _, status in points(world)] == ["issued"] * 3


def test_caps_and_stock_hold_and_cost_no_points() -> None:
    world = shop(9)
    for day in (12, 13):
        assert "points_spent" in buys(world, day, "mug")
    assert {"cap_reached", "budget_spent"} <= set(buys(world, 14, "mug"))
    assert sum(left for left, _ in points(world)) == 9 * 60 - 300


@pytest.mark.parametrize("acts", [["deny"], ["fail", "deny"]])
def test_what_is_never_handed_over_gives_the_points_back(acts: list[str]) -> None:
    world = shop()
    buys(world, 9, "mug")
    for act in acts:
        told = world.tell(10, "reward", reward=world.reward("mug").id, action=act)
    assert "points_returned" in told
    assert points(world) == [(60, "issued"), (60, "issued"), (60, "issued")]
    assert world.balance("budget:friends:mugs:free") == 800
    assert "points_spent" in buys(world, 11, "mug")
    assert world.balance("redeemed:friends", "points") == 150


def test_points_come_back_as_they_are_by_then() -> None:
    world = shop()
    buys(world, 9, "mug")
    first, second = (reward.id for reward in world.all_rewards()[:2])
    world.tell(10, "reward", reward=second, action="reverse")  # a review that was not one: its points are owed
    assert world.balance(f"balance:{world.reward('mug').participant}", "points") == -30
    world.tell(92.5, "time_passed")
    world.tell(93, "reward", reward=world.reward("mug").id, action="deny")
    by_id = {reward.id: reward for reward in world.all_rewards()}
    # The time of the first is over; what the second owed is paid; the third has its own back.
    assert [(by_id[id].status, by_id[id].remaining, by_id[id].owed) for id in (first, second)] == [
        ("redeemed", 0, 0),
        ("reversed", 0, 0),
    ]
    assert points(world)[2] == (60, "issued")


def test_what_was_handed_over_is_paid_for() -> None:
    world = shop(4)
    assert "reward_issued" in buys(world, 9, "tea")
    world.tell(10, "reward", reward=world.reward("tea").id, action="reverse")  # unused: a mistake at the counter
    assert sum(left for left, _ in points(world)) == 240
    assert "points_spent" in buys(world, 11, "tea")
    world.tell(12, "reward", reward=world.reward("tea").id, action="redeem", amount=100)
    assert "points_returned" not in world.tell(13, "reward", reward=world.reward("tea").id, action="reverse")
    assert sum(left for left, _ in points(world)) == 140


def test_who_owes_points_spends_less() -> None:
    world = shop()
    buys(world, 9, "tea")
    world.tell(10, "reward", reward=world.all_rewards()[0].id, action="reverse")
    assert world.balance(f"balance:{world.reward('tea').participant}", "points") == 20
    assert "not_enough_points" in buys(world, 11, "tea")
    assert world.values("not_enough_points")["left"] == {"amount": 20, "unit": "points"}


def test_a_friend_spends_what_he_was_given() -> None:
    world = program(SHELF.replace("25 points", "100 points"), STOCK)
    friend_buys(world, 2)
    assert "points_spent" in buys(world, 3, "tea", "bob")
    assert world.reward("tea").participant == world.referrals()[0].friend


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("when: {exchange: 5 USD}, to: advocate, benefit: {kind: item, amount: 1 mug}", "not money"),
        ("when: {exchange: 5 points}, to: both, benefit: {kind: item, amount: 1 mug}", "write `to: advocate`"),
        ("when: {exchange: 5 points}, to: advocate, benefit: {kind: points, amount: 9 points}", "paid with"),
        ("when: {exchange: 5 pionts}, to: advocate, benefit: {kind: item, amount: 1 mug}", "did you mean `points`"),
        ("when: {exchange: 5 vip}, to: advocate, benefit: {kind: item, amount: 1 mug}", "gives vip to be spent"),
        ("when: {exchange: 5 points, step: bought}, to: advocate, benefit: {kind: item, amount: 1 mug}", "one of"),
        (
            "when: {exchange: 5 points}, to: advocate, benefit: {kind: credit, amount: {percent_of: order.total, percent: 5%}}",
            "a share of an order",
        ),
    ],
)
def test_only_points_of_the_file_buy(rule: str, message: str) -> None:
    more = "  vip: {when: {step: bought}, to: both, benefit: {kind: status, amount: 1 vip}}\n"
    text = f"{HEAD}{BOUGHT}{STOCK}rewards:{SHELF}{more}  r: {{{rule}}}\n"
    with pytest.raises(ProgramError, match=message):
        load_program(text.lstrip())


# smaller guards -------------------------------------------------------------------------------------------------------

ROLLING = """
  credit:
    when: {step: bought}
    to: advocate
    benefit: {kind: credit, amount: 9 USD}
    caps: [{per: participant, period: 30 days, count: 2}, {per: participant, period: 3 days, amount: 20 USD, partial: true}]
"""


def granted(world: World, days: list[float]) -> list[float]:
    """On which of these days a friend's order is paid for."""
    start = len(world.rewards())
    paid = []
    for number, day in enumerate(days):
        friend_buys(world, day, f"f{day}-{number}", f"o{day}-{number}")
        if len(world.rewards()) > start + len(paid):
            paid.append(day)
    return paid


def test_a_window_moves_along_day_by_day() -> None:
    world = program(ROLLING)
    # Bucharest is two hours ahead of UTC: day 31.95 is its day 32 already.
    assert granted(world, [2, 10, 12, 31.5, 31.9, 31.95, 40, 41]) == [2, 10, 31.95, 40]


def test_an_order_told_late_counts_in_every_window_that_holds_its_day() -> None:
    world = program(ROLLING)
    assert granted(world, [2, 40, 45]) == [2, 40, 45]
    assert granted(world, [20]) == []  # 20, 40 and 45 would be three in thirty days
    assert world.values("cap_reached") == {"used": 2, "limit": 2, "side": "advocate"}
    assert granted(world, [10]) == [10]


def test_what_is_taken_back_leaves_the_window_and_amounts_fill_it() -> None:
    world = program(ROLLING.replace("count: 2", "count: 9"))
    assert granted(world, [2, 3, 4, 5]) == [2, 3, 4, 5]
    assert [reward.amount for reward in world.all_rewards()] == [900, 900, 200, 900]
    world.tell(5.5, "cancel", order="o5-3")
    assert granted(world, [5.6]) == [5.6]
    assert world.all_rewards()[-1].amount == 900


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ("1 day", "2 to 92 whole days"),
        ("93 days", "2 to 92 whole days"),
        ("36 hours", "2 to 92 whole days"),
        ("moon", "write `day`, `week`"),
        ("7", "write `day`, `week`"),
    ],
)
def test_a_window_has_whole_days(period: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        load_program(f"{HEAD}{BOUGHT}rewards:{ROLLING.replace('30 days', period)}".lstrip())


TENURE = """
audience: {advocate: {advocate.tenure: {at_least: 30 days}}, friend: {friend.tenure: {less_than: 2 weeks}}}
rewards: {credit: {when: {step: bought}, to: advocate, benefit: {kind: credit, amount: 9 USD}}}
"""


def test_only_who_has_been_known_for_a_while_invites_only_who_is_new() -> None:
    world = World(f"{HEAD}{BOUGHT}{TENURE}")
    world.tell(1, "sign_up", "anna")
    assert world.tell(30.9, "join", "anna", program="friends")[0] == "advocate_not_in_audience"
    assert world.values("advocate_not_in_audience") == {
        "attribute": "advocate.tenure",
        "operator": "at_least",
        "expected": {"amount": 30, "unit": "day"},
        "actual": {"amount": 29, "unit": "day"},
    }
    world.join(31, "anna")
    world.tell(31, "sign_up", "bob")
    world.tell(32, "sign_up", "carl")
    assert "friend_not_in_audience" in world.tell(45, "claim", "bob", code=world.codes["anna"])
    assert "referral_started" in world.tell(45, "claim", "carl", code=world.codes["anna"])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("pay_when: {recipient.tenure: {at_least: 5 days}}", "say with `hold`"),
        ("kept: {while: {friend.tenure: {less_than: 5 days}}}", "say with `until`"),
        ("kept: {while: {friend.tenure: {at_most: 5 days}}}", "at_most"),
        ("kept: {while: {friend.tenure: {at_least: 36 hours}}}", "whole days"),
        ("when_spent: wait", "goes with a `budget`"),
    ],
)
def test_what_time_alone_changes_is_asked_where_somebody_looks(rule: str, message: str) -> None:
    text = f"{HEAD}{BOUGHT}rewards: {{r: {{when: {{step: bought}}, to: advocate, benefit: {{kind: item, amount: 1 mug}}, {rule}}}}}\n"
    with pytest.raises(ProgramError, match=message):
        load_program(text.lstrip())


QUEUED = """
  gift:
    when: {step: bought}
    to: advocate
    benefit: {kind: item, amount: 1 mug, unit_cost: 4 USD}
    budget: gifts
    when_spent: wait
    hold: 2 days
"""


def test_what_the_budget_does_not_hold_waits_its_turn() -> None:
    world = program(QUEUED, "budgets: {gifts: {amount: 8 USD}}\n")
    for number in range(5):
        told = friend_buys(world, 2 + number, f"f{number}", f"o{number}")
    assert "waiting_for_budget" in told
    assert world.values("waiting_for_budget")["needed"] == {"amount": 400, "unit": "USD"}
    assert [reward.status for reward in world.all_rewards()] == [
        "approved",
        "approved",
        "pending",
        "pending",
        "pending",
    ]
    gifts = world.all_rewards()
    assert world.tell(8, "reward", reward=gifts[2].id, action="approve") == ["waiting_for_budget"]
    world.tell(9, "cancel", order="o0")
    assert [r.status for r in world.all_rewards()] == ["cancelled", "approved", "approved", "pending", "pending"]
    # Who waits leaves the queue with his order, and the next is the first.
    world.tell(10, "cancel", order="o3")
    world.tell(11, "reward", reward=gifts[1].id, action="deny")
    assert [r.status for r in world.all_rewards()] == ["cancelled", "denied", "approved", "cancelled", "approved"]
    assert (world.balance("budget:friends:gifts:free"), world.counter("queue|")) == (0, 0)


def test_more_money_pays_who_waits_and_nobody_overtakes() -> None:
    rules = QUEUED + QUEUED.replace("gift:", "small:").replace("4 USD", "1 USD").replace(
        "step: bought", "step: claimed"
    )
    world = program(rules, "budgets: {gifts: {amount: 6 USD}}\n")
    friend_buys(world, 2, "f0", "o0")  # 1 and 4
    assert "waiting_for_budget" in friend_buys(world, 3, "f1", "o1")  # 1 fits, 4 waits
    world.tell(4, "claim", "f2", code=world.codes["anna"])
    assert world.history() >= {"waiting_for_budget"}  # 1 would not fit either
    assert [(r.rule, r.unfunded) for r in world.all_rewards()][3:] == [("gift", 400), ("small", 100)]
    world.publish(f"{HEAD}{BOUGHT}budgets: {{gifts: {{amount: 10 USD}}}}\nrewards:\n{rules}")
    assert [(r.rule, r.unfunded) for r in world.all_rewards()][3:] == [("gift", 0), ("small", 100)]
    world.tell(5, "time_passed")
    assert [r.status for r in world.all_rewards()] == ["approved", "approved", "approved", "approved", "pending"]


def test_what_no_budget_will_ever_hold_is_refused() -> None:
    world = program(QUEUED, "budgets: {gifts: {amount: 3 USD}}\n")
    assert "budget_spent" in friend_buys(world, 2)
    assert world.rewards() == []


def test_a_long_queue_is_paid_page_by_page() -> None:
    world = program(QUEUED, "budgets: {gifts: {amount: 4 USD}}\n")
    waiting = 2 * QUEUE_PAGE + 3
    for number in range(waiting + 1):
        friend_buys(world, 2, f"f{number}", f"o{number}")
    assert world.counter("queue|") == waiting
    world.publish(f"{HEAD}{BOUGHT}budgets: {{gifts: {{amount: 2000 USD}}}}\nrewards:\n{QUEUED}")
    world.tell(5, "time_passed")
    assert set(statuses(world)) == {"approved"}
    assert (world.counter("queue|"), world.balance("budget:friends:gifts:reserved")) == (0, 400 * (waiting + 1))


def test_a_bought_reward_may_wait_for_stock_and_gives_the_points_back_when_nobody_waits_longer() -> None:
    shelf = SHELF.replace("budget: mugs", "budget: mugs\n    when_spent: wait").replace("count: 2", "count: 9")
    world = program(shelf, STOCK)
    for number in range(9):
        world.tell(2 + number, "activity", "anna", name="review")
    for day in (12, 13):
        buys(world, day, "mug")
    assert {"points_spent", "waiting_for_budget"} <= set(buys(world, 14, "mug"))
    assert sum(left for left, _ in points(world)) == 90
    assert "points_returned" in world.tell(15, "reward", reward=world.reward("mug").id, action="deny")
    assert (sum(left for left, _ in points(world)), world.counter("queue|")) == (240, 0)
