"""Contests, draws and tiers: who wins when, and what nobody can change afterwards. Day 1 is Monday, 5 January 2026."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine import draws
from goodword.engine.state import ContestRow
from goodword.program.loader import ProgramError, load_program
from tests.engine.world import World

HEAD = """
goodword: 1
program: friends
currency: USD
time_zone: Europe/Bucharest
fields: {adult: {of: person, type: boolean}}
activities: [visit]
attribution: {window: 30 days}
steps: {bought: {event: order}}
measures:
  friends: {count: referrals, step: bought}
  spent: {sum: orders}
  visits: {count: activities, activity: visit}
  points: {sum: rewards, unit: points, period: month}
"""
ORDER: dict[str, Any] = {"total": 5000, "currency": "USD"}
RACE = """
contests:
  race: {measure: friends, first_day: 2026-01-06, last_day: 2026-01-10, settles_after: 3 days, ties: TIES}
rewards:
  car: {when: {contest: race, places: 1}, to: advocate, benefit: {kind: item, amount: "1 car"}}
  shirt: {when: {contest: race, places: 2-3}, to: advocate, benefit: {kind: item, amount: 1 shirt}}
"""


def world_of(text: str, *people: str) -> World:
    world = World(HEAD + text)
    for who in people or ("anna", "ben", "cora", "dan"):
        world.join(1, who)
    return world


def bring(world: World, who: str, day: float, name: str, **more: Any) -> list[str]:
    """A friend of somebody buys; the order has the friend's name."""
    return world.tell(day, "order", name, order=name, code=world.codes[who], **ORDER, **more)


def contest(world: World, name: str = "race") -> ContestRow:
    row: ContestRow = world.tenant.rows.rows["contests"][f"friends|{name}"]
    return row


def won(world: World) -> set[tuple[str, str]]:
    names = {
        world.tenant.rows.rows["handles"][code.replace("-", "")].participant: who for who, code in world.codes.items()
    }
    return {(r.rule, names.get(r.participant, r.participant)) for r in world.all_rewards() if r.live}


# by rank --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ("first", {("car", "ben"), ("shirt", "anna"), ("shirt", "cora")}),
        ("all", {("car", "ben"), ("car", "anna"), ("shirt", "cora"), ("shirt", "dan")}),
    ],
)
def test_equal_numbers_are_ranked_as_the_file_says(ties: str, expected: set[tuple[str, str]]) -> None:
    world = world_of(RACE.replace("TIES", ties))
    for place, (who, day) in enumerate([("anna", 2), ("ben", 2), ("ben", 3), ("anna", 4), ("cora", 5), ("dan", 5.5)]):
        bring(world, who, day, f"f{place}")
    assert world.rewards() == []
    world.tell(9.9, "time_passed")
    assert world.rewards() == [], "goods may still come back"
    world.tell(9.95, "time_passed")
    assert won(world) == expected
    assert contest(world).status == "settled"
    assert {"place_taken", "contest_settled"} <= world.history()


def test_what_comes_back_before_it_is_decided_does_not_count() -> None:
    world = world_of(RACE.replace("TIES", "first"))
    for who, name, day in (("anna", "a1", 2), ("anna", "a2", 3), ("ben", "b1", 4)):
        bring(world, who, day, name)
    world.tell(8, "cancel", order="a1")
    world.tell(8, "cancel", order="a2")
    world.tell(12, "time_passed")
    assert won(world) == {("car", "ben")}


def test_the_days_of_a_contest_are_those_of_its_time_zone() -> None:
    world = world_of(RACE.replace("TIES", "first"))
    # 10 January ends in Bucharest at 22:00 UTC of that day; 6 January begins at 22:00 of the day before.
    bring(world, "anna", 1.91, "too-early")
    bring(world, "ben", 1.92, "first-minute")
    bring(world, "cora", 6.91, "last-minute")
    bring(world, "dan", 6.92, "too-late")
    world.tell(12, "time_passed")
    assert won(world) == {("car", "ben"), ("shirt", "cora")}


def test_a_late_event_counts_until_it_is_decided_and_is_refused_with_the_reason_afterwards() -> None:
    world = world_of(RACE.replace("TIES", "first"))
    bring(world, "anna", 2, "a1")
    world.tell(9, "time_passed")
    assert "contest_closed" not in bring(world, "ben", 3, "b1")
    bring(world, "ben", 4, "b2")
    world.tell(12, "time_passed")
    assert won(world) == {("car", "ben"), ("shirt", "anna")}
    assert {"step_reached", "contest_closed"} <= set(bring(world, "anna", 3, "a2"))
    assert world.values("contest_closed") == {"contest": "race"}
    assert [place.score for place in contest(world).places] == [2, 1]
    world.tell(13, "cancel", order="b1")
    world.tell(13, "cancel", order="b2")
    assert won(world) == {("car", "ben"), ("shirt", "anna")}, "what was decided stands"


def test_who_is_not_eligible_takes_no_place_and_the_next_moves_up() -> None:
    text = RACE.replace("TIES", "first").replace("settles_after", "eligible: {advocate.adult: true}, settles_after")
    world = world_of(text)
    for who, day in (("anna", 2), ("anna", 3), ("ben", 4)):
        bring(world, who, day, f"f{day}")
    for who in ("ben", "anna"):
        world.tell(5, "profile", who, person={"fields": {"adult": who == "ben"}})
    world.tell(12, "time_passed")
    assert won(world) == {("car", "ben")}
    assert "not_eligible" in world.history()


def test_a_contest_goes_on_under_the_version_it_opened_with() -> None:
    world = world_of(RACE.replace("TIES", "first"))
    bring(world, "anna", 2, "a1")
    world.publish(HEAD + RACE.replace("TIES", "first").replace("1 car", "1 bicycle").replace("01-10", "01-20"))
    bring(world, "ben", 3, "b1")
    bring(world, "ben", 4, "b2")
    world.tell(12, "time_passed")
    assert won(world) == {("car", "ben"), ("shirt", "anna")}
    assert world.reward("car").unit == "car"
    assert contest(world).version == 1


@pytest.mark.parametrize(
    ("measure", "deeds"),
    [
        ("spent", [("order", {"order": "o1", **ORDER}), ("order", {"order": "o2", **ORDER})]),
        ("visits", [("activity", {"name": "visit"}), ("activity", {"name": "visit"})]),
    ],
)
def test_what_advocates_do_themselves_can_be_compared(measure: str, deeds: list[tuple[str, dict[str, Any]]]) -> None:
    world = world_of(RACE.replace("TIES", "first").replace("measure: friends", f"measure: {measure}"))
    for type, body in deeds:
        world.tell(3, type, "cora", **body)
    world.tell(12, "time_passed")
    assert won(world) == {("car", "cora")}


CLUB = """
contests:
  club: {measure: friends, first_day: 2026-01-05, reviewed: week, ties: first}
rewards:
  member: {when: {contest: club, places: 1-2}, to: advocate, benefit: {kind: status, amount: "1 vip"}}
"""


def test_membership_follows_the_ranking_from_review_to_review() -> None:
    world = world_of(CLUB)
    for who, names in (("anna", 3), ("ben", 2), ("cora", 1)):
        for number in range(names):
            bring(world, who, 2 + number / 10, f"{who}{number}")
    world.tell(7.95, "time_passed")  # Monday in Bucharest
    assert won(world) == {("member", "anna"), ("member", "ben")}
    for number in range(5):
        bring(world, "cora", 9, f"more{number}")
    assert len(won(world)) == 2, "places are given anew at the next review only"
    world.tell(15, "time_passed")
    held = {(r.participant, r.status) for r in world.all_rewards()}
    assert {status for _, status in held} == {"issued", "expired"}
    assert [r.status for r in world.all_rewards()] == ["issued", "expired", "issued"]
    assert {"place_lost", "contest_reviewed"} <= world.history()
    for number in range(9):
        bring(world, "ben", 16, f"again{number}")
    world.tell(22, "time_passed")
    assert [(r.key, r.status) for r in world.all_rewards()] == [
        ("club@2026-01-12", "expired"),
        ("club@2026-01-12", "expired"),
        ("club@2026-01-19", "issued"),
        ("club@2026-01-26", "issued"),
    ]


# draws ----------------------------------------------------------------------------------------------------------------

JUMP = """
contests:
  jump: {measure: friends, first_day: 2026-01-05, last_day: 2026-01-11, by: draw, free_entry: true}
rewards:
  ticket: {when: {contest: jump, places: 1}, to: advocate, benefit: {kind: experience, amount: "1 jump"}}
  badge: {when: {contest: jump, places: 2-3}, to: advocate, benefit: {kind: badge, amount: "1 runner-up"}}
"""


def enter(world: World, day: float, who: str, name: str = "jump") -> list[str]:
    return world.tell(day, "enter", who, program="friends", contest=name)


def test_a_draw_can_be_checked_by_anybody() -> None:
    world = world_of(JUMP)
    for number in range(7):
        bring(world, "anna", 2, f"a{number}")
    bring(world, "ben", 2, "b0")
    assert enter(world, 3, "zoe") == ["contest_entered", "person_recorded"]
    assert enter(world, 3, "zoe") == ["contest_entered_before", "person_recorded"]
    before = contest(world, "jump")
    assert before.seed_hash
    assert not before.seed
    world.tell(9, "time_passed")
    row = contest(world, "jump")
    assert (row.status, row.entries, row.tickets) == ("settled", 3, 9)
    assert draws.seed_hash(row.seed) == before.seed_hash
    standings = sorted(
        (s.entrant, s.score) for s in world.tenant.rows.rows["standings"].values() if s.board == "friends|jump"
    )
    entries_hash = draws.first_hash("friends|jump")
    for entrant, tickets in standings:
        entries_hash = draws.with_entry(entries_hash, entrant, tickets)
    assert entries_hash == row.entries_hash
    owners = [entrant for entrant, tickets in standings for _ in range(tickets)]
    drawn = [owners[draws.ticket(row.seed, entries_hash, number, 9)] for number in range(draws.wanted(3))]
    assert [place.entrant for place in row.places] == list(dict.fromkeys(drawn))[:3]
    assert [r.rule for r in world.all_rewards()] == ["ticket", "badge", "badge"]
    assert "draw_counted" in world.history()


@pytest.mark.parametrize("entries", [0, 1])
def test_a_draw_with_one_entry_and_with_none(entries: int) -> None:
    world = world_of(JUMP)
    for number in range(entries):
        enter(world, 3, f"zoe{number}")
    world.tell(9, "time_passed")
    assert contest(world, "jump").status == "settled"
    assert [r.rule for r in world.all_rewards()] == ["ticket"] * entries


@pytest.mark.parametrize(
    ("day", "name", "expected"),
    [(3, "race", "unknown_contest"), (8, "jump", "contest_closed"), (12, "jump", "contest_closed")],
)
def test_what_cannot_be_entered_is_said(day: float, name: str, expected: str) -> None:
    world = world_of(JUMP)
    assert enter(world, day, "zoe", name) == [expected]
    assert "unknown_program" in world.tell(day, "enter", "zoe", program="nothing", contest="jump")


def test_both_people_of_a_drawn_referral_win() -> None:
    text = JUMP.replace("free_entry: true", "entrant: referral").replace("to: advocate", "to: both")
    world = world_of(text)
    bring(world, "anna", 2, "friend")
    bring(world, "ben", 3, "gone")
    world.tell(4, "cancel", order="gone")
    world.tell(9, "time_passed")
    assert [(r.rule, r.side) for r in world.all_rewards()] == [("ticket", "friend"), ("ticket", "advocate")]
    assert contest(world, "jump").tickets == 1


def test_tickets_find_the_entrant_whose_range_they_fall_into() -> None:
    entries = [("a", 3), ("b", 1), ("c", 6)]
    drawn = dict(enumerate(range(10)))
    pages = [(entries[:2], 0), (entries[2:], 4)]
    found = {number: who for page, passed in pages for number, who in draws.found_in(page, passed, drawn)}
    assert [found[number] for number in range(10)] == ["a"] * 3 + ["b"] + ["c"] * 6


# tiers ----------------------------------------------------------------------------------------------------------------

LADDER = """
tiers: {measure: points, levels: {silver: 20, gold: 50}}
rewards:
  earned: {when: {step: bought}, to: advocate, benefit: {kind: points, amount: 10 points}}
  lounge: {when: {tier: gold}, to: advocate, benefit: {kind: access, amount: 1 lounge}}
  hello: {when: {tier: silver}, to: advocate, benefit: {kind: coupon, amount: 5 USD}, expires: 300 days}
"""


def tier(world: World, who: str) -> str:
    participant = world.tenant.rows.rows["handles"][world.codes[who].replace("-", "")].participant
    row = world.tenant.rows.rows["tiers"].get(f"friends|{participant}")
    return row.tier if row else ""


def test_a_tier_is_held_to_the_end_of_the_next_period_and_then_re_earned() -> None:
    world = world_of(LADDER, "anna")
    for number in range(5):
        bring(world, "anna", 3, f"f{number}")
    assert {"tier_entered", "reward_granted"} <= world.history()
    assert tier(world, "anna") == "gold"
    assert won(world) >= {("lounge", "anna"), ("hello", "anna")}
    bring(world, "anna", 40, "february")
    bring(world, "anna", 41, "february-again")
    assert tier(world, "anna") == "gold"
    world.tell(56, "time_passed")  # 1 March: what was earned in January is over
    assert "tier_left" in world.history()
    assert tier(world, "anna") == "silver"
    assert world.reward("lounge").status == "expired"
    assert world.reward("hello").status == "issued", "what was given for entering stays"
    world.tell(90, "time_passed")
    assert tier(world, "anna") == ""
    for number in range(2):
        bring(world, "anna", 95, f"april{number}")
    assert tier(world, "anna") == "silver"
    assert [(r.key, r.status) for r in world.all_rewards() if r.rule == "hello"] == [
        ("silver@2026-01", "issued"),
        ("silver@2026-04", "issued"),
    ]


def test_a_tier_reached_by_what_came_back_takes_back_what_came_with_it() -> None:
    world = world_of(LADDER, "anna")
    for number in range(2):
        bring(world, "anna", 3, f"f{number}")
    assert tier(world, "anna") == "silver"
    assert "tier_left" in world.tell(4, "cancel", order="f0")
    assert tier(world, "anna") == ""
    assert world.reward("hello").status == "reversed"


def test_a_tier_can_be_asked_for_in_conditions_and_tables() -> None:
    text = LADDER + (
        "  extra:\n    when: {step: bought}\n    to: advocate\n    benefit:\n      kind: credit\n"
        "      amount: {table: {by: advocate.tier, rows: {gold: 9 USD}, otherwise: 1 USD}, read_at: step}\n"
    )
    world = world_of(text, "anna")
    for number in range(6):
        bring(world, "anna", 3 + number, f"f{number}")
    assert [r.amount for r in world.all_rewards() if r.rule == "extra"] == [100] * 5 + [900]


# the file -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("ties: first", "by: rank", "a contest by rank states its `ties` before it opens"),
        ("ties: first", "ties: first, free_entry: true", "belong to a draw"),
        ("ties: first", "by: draw, entrant: referral, measure: spent", None),
        ("places: 2-3", "places: 3-2", "the first place comes before the last one"),
        ("places: 2-3", "places: 2-101", "at most 100"),
        ("places: 1}", "places: none}", "write a place or the first and the last one"),
        ("contest: race, places: 1", "contest: race", "`contest` and `places` go together"),
        ("last_day: 2026-01-10,", "", "a contest has a `last_day`"),
        ("last_day: 2026-01-10", "last_day: 2026-01-01", "the last day comes before the first"),
        ("contest: race, places: 1", "contest: rice, places: 1", "did you mean `race`?"),
        ("to: advocate, benefit: {kind: item, amount: \"1 car", "to: both, benefit: {kind: item, amount: \"1 car", "wins this contest"),
    ],
)  # fmt: skip
def test_a_contest_that_cannot_be_is_refused(wrong: str, right: str, message: str | None) -> None:
    text = (HEAD + RACE.replace("TIES", "first")).lstrip()
    assert wrong in text
    with pytest.raises(ProgramError) as error:
        load_program(text.replace(wrong, right, 1))
    assert message is None or message in str(error.value)


def test_points_of_a_referral_in_review_open_no_tier_before_it_is_cleared() -> None:
    world = world_of(LADDER + "protection: {device: review}\n")
    world.join(1, "eve", person={"device": "phone"})
    for number in range(2):
        bring(world, "eve", 3, f"f{number}", person={"device": "phone"})
    assert [r.rule for r in world.all_rewards()] == ["earned", "earned"]
    assert (tier(world, "eve"), world.counter("measure|friends|points")) == ("", 0)
    first, second = world.referrals()
    world.tell(4, "review", referral=first.id, verdict="approve")
    assert (tier(world, "eve"), world.counter("measure|friends|points")) == ("", 10)
    world.tell(5, "review", referral=second.id, verdict="approve")
    assert (tier(world, "eve"), world.counter("measure|friends|points")) == ("silver", 20)
    world.tell(6, "review", referral=second.id, verdict="deny")
    assert (tier(world, "eve"), world.counter("measure|friends|points")) == ("", 10)


def test_points_count_no_more_once_their_referral_goes_to_review() -> None:
    world = world_of(LADDER + "protection: {device: review}\n")
    world.join(1, "eve", person={"device": "phone"})
    for number in range(2):
        bring(world, "eve", 3, f"f{number}")
    assert tier(world, "eve") == "silver"
    assert "sent_to_review" in world.tell(4, "order", "f1", order="later", **ORDER, person={"device": "phone"})
    assert (tier(world, "eve"), world.counter("measure|friends|points")) == ("", 10)
    world.tell(5, "review", referral=world.referrals()[1].id, verdict="approve")
    assert (tier(world, "eve"), world.counter("measure|friends|points")) == ("silver", 20)
