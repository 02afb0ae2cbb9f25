"""What is given to many: a frozen cut, pages, once for all, and who comes later."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from goodword.engine.state import PAGE_MAX
from goodword.engine.sweeps import PAGE_EVERY_MS
from goodword.program.loader import ProgramError, load_program
from tests.engine.test_groups import HEAD, MEASURES, group
from tests.engine.world import World

GROUPS = f"{HEAD}groups: {{joined_by: pledge}}{MEASURES}"
FILM = "  film: {when: {reaches: brought, at: 1}, to: group, benefit: {kind: digital, amount: 1 film}%s}\n"
DAY = "  day: {when: {date: 2026-01-10}, to: everyone, benefit: {kind: coupon, percent_off: 50%%}, expires: 1 day%s}\n"


def project(rule: str, members: int = 0) -> World:
    """A project with members whom the shop told, for which anna invites."""
    world = World(f"{GROUPS}rewards:\n{rule}")
    group(world, 1, "create", "olga")
    for number in range(members):
        group(world, 1, "join", f"m{number}")
    world.join(1, "anna", group="lamp")
    return world


def pledge(world: World, day: float, who: str) -> list[str]:
    return world.tell(day, "activity", who, name="pledged", code=world.codes["anna"])


def pages(world: World) -> list[int]:
    """When the pages were decided that the last telling brought with it."""
    decisions = [decision for outcome in world.tenant.outcomes for _, decision, _ in outcome.decisions]
    return [d.sealed.clock_ms for d in decisions if "page_decided" in [reason.code for reason in d.answer.reasons]]


def test_a_long_sweep_is_walked_in_pages_between_which_others_are_heard() -> None:
    world = project(FILM % "", members=2 * PAGE_MAX + 50)
    assert "group_unlocked" in pledge(world, 2, "f1")
    seen = len(world.rewards())
    assert seen == PAGE_MAX
    tick = PAGE_EVERY_MS / 86_400_000
    world.tell(2 + tick * 1.5, "time_passed")
    assert len(world.rewards()) == 2 * PAGE_MAX
    # somebody who joins while it is walked is behind the cut
    assert "reward_granted" not in group(world, 2 + tick * 1.6, "join", "late")
    world.tell(3, "time_passed")
    assert len(world.rewards()) == 2 * PAGE_MAX + 51
    world.tell(4, "time_passed")
    assert pages(world) == []


def test_pages_follow_each_other_at_their_pace() -> None:
    world = project(FILM % "", members=2 * PAGE_MAX)
    pledge(world, 2, "f1")
    first = world.at(2)
    world.tell(3, "time_passed")
    assert pages(world)[-1] == first + 2 * PAGE_EVERY_MS
    assert all(later - earlier == PAGE_EVERY_MS for earlier, later in pairwise(pages(world)))


def test_who_left_before_his_page_gets_nothing_and_who_left_and_came_back_neither() -> None:
    world = project(FILM % "", members=PAGE_MAX + 2)
    pledge(world, 2, "f1")
    soon = 2 + PAGE_EVERY_MS / 86_400_000 / 2
    group(world, soon, "leave", f"m{PAGE_MAX}")
    group(world, soon, "leave", f"m{PAGE_MAX + 1}")
    group(world, soon, "join", f"m{PAGE_MAX + 1}")
    world.tell(3, "time_passed")
    assert len(world.rewards()) == PAGE_MAX + 1


def test_who_is_a_member_when_it_opens_has_it_whatever_was_told_late() -> None:
    world = project(FILM % "")
    group(world, 5, "join", "m1")
    pledge(world, 4, "f1")  # told after m1 had joined
    world.tell(6, "time_passed")
    assert len(world.rewards()) == 2


def test_it_opens_once_however_often_the_number_is_reached() -> None:
    world = project(FILM % "", members=1)
    assert "group_unlocked" in pledge(world, 2, "f1")
    world.tell(3, "activity", "f1", name="withdrew")
    assert "group_unlocked" not in pledge(world, 4, "f2")
    assert sorted(status for _, _, status in world.rewards()) == ["approved", "cancelled"]


def test_who_comes_later_has_it_where_the_file_says_so() -> None:
    for later, granted in ((", later: true", True), ("", False)):
        world = project(FILM % later)
        pledge(world, 2, "f1")
        assert ("reward_granted" in group(world, 3, "join", "late")) == granted


def test_only_those_who_are_meant_are_given_it() -> None:
    world = project(FILM % ", where: {recipient.country: RO}, later: true")
    group(world, 1, "join", "other")
    world.tell(1, "profile", "other", person={"country": "DE"})
    world.tell(1.5, "profile", "f1", person={"country": "RO"})
    pledge(world, 2, "f1")
    world.tell(3, "time_passed")
    assert len(world.rewards()) == 1
    assert "reward_granted" not in group(world, 3, "join", "late")


def day(more: str = "") -> World:
    return World(f"{HEAD}rewards:\n{DAY % more}")


def test_a_day_gives_to_everybody_known_when_it_begins() -> None:
    world = day()
    for number in range(3):
        world.tell(1, "sign_up", f"p{number}")
    world.tell(6.1, "sign_up", "late")
    assert [reward.participant for reward in world.all_rewards()] == [
        person.id for person in list(world.tenant.rows.rows["participants"].values())[:3]
    ]
    assert {reward.expires_ms for reward in world.all_rewards()} == {world.at(7)}


def test_a_day_that_a_later_version_took_away_or_moved_gives_nothing() -> None:
    world = day()
    world.tell(1, "sign_up", "bob")
    world.publish(f"{HEAD}rewards:\n{DAY % ''}".replace("2026-01-10", "2026-01-12"))
    world.tell(7, "time_passed")
    assert world.history() == {"nothing_due", "time_passed"}
    world.tell(9, "time_passed")
    assert len(world.rewards()) == 1


def test_a_program_that_is_published_on_its_day_begins_at_once_and_afterwards_not_at_all() -> None:
    for told, granted in ((6.5, 1), (7.5, 0)):
        world = World()
        world.tell(told, "sign_up", "bob")
        world.publish(f"{HEAD}rewards:\n{DAY % ''}".replace("friends", "party"))
        world.tell(told, "time_passed")
        assert len(world.rewards()) == granted


def test_who_is_meant_no_more_in_the_course_of_the_day_gives_it_back() -> None:
    world = World(f"{HEAD}rewards:\n{DAY % ', later: true, where: {recipient.referred: false}'}")
    world.join(1, "anna")
    world.tell(1, "sign_up", "bob")
    world.tell(6.1, "claim", "bob", code=world.codes["anna"])
    bob = world.said["participant"]
    assert [(r.status, r.reason) for r in world.all_rewards() if r.participant == bob] == [("reversed", "not_meant")]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{when: {reaches: brought, every: 2}, to: group", "reaches` a number `at`"),
        ("{when: {each: backers}, to: group", "reaches` a number `at`"),
        ("{when: {step: pledge}, to: everyone", "a `date` alone goes `to: everyone`"),
        ("{when: {date: 2026-05-04}, to: advocate", "a `date` alone goes `to: everyone`"),
        ("{when: {date: 2026-05-04, each: backers}, to: owner", "`date` stands alone, or with `step`"),
        ("{when: {step: pledge}, later: true, to: friend", "for what a group or everyone is given"),
        ("{when: {reaches: brought, at: 1}, to: group, where: {friend.country: RO}", "`where` looks at `recipient"),
        ("{when: {step: pledge}, to: friend, pay_when: {recipient.referred: true}", "in `where` only"),
        ("{when: {reaches: monthly, at: 1}, to: group", "its measure has no `period`"),
    ],
)
def test_what_cannot_be_is_refused(rule: str, message: str) -> None:
    text = f"{GROUPS}  monthly: {{of: group, count: members, period: month}}\nrewards:\n  r: {rule}, benefit: {{kind: badge, amount: 1 b}}}}"
    with pytest.raises(ProgramError) as refused:
        load_program(text.lstrip())
    assert message in str(refused.value)


def test_a_member_who_leaves_takes_what_he_got_with_him() -> None:
    world = project(FILM % "", members=1)
    pledge(world, 2, "f1")
    world.tell(3, "time_passed")
    group(world, 4, "leave", "m0")
    assert [(r.status, r.reason) for r in world.all_rewards()] == [
        ("cancelled", "member_left"),
        ("approved", "waiting_for_shop"),
    ]
    assert json.dumps(world.said["reasons"]).count("reward_cancelled") == 1
