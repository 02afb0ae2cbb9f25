"""Groups: who may be in one, what counts for it, and what its owner gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goodword.pipeline.intake import InvalidEvent, decode_event
from goodword.program.loader import ProgramError, load_program
from tests.engine.world import FRIENDS, World

HEAD = """
goodword: 1
program: friends
currency: USD
time_zone: UTC
activities: [pledged, withdrew]
steps:
  pledge: {event: activity, activity: pledged, undone_by: [withdrew]}
"""
MEASURES = """
measures:
  brought: {of: group, count: referrals, step: pledge}
  backers: {of: group, count: members}
"""
OWNER = """
rewards:
  each: {when: {each: backers}, to: owner, benefit: {kind: credit, amount: 2 USD}, hold: 5 days}
  goal: {when: {reaches: brought, at: 2}, to: owner, benefit: {kind: badge, amount: 1 badge:project}}
"""


def group(world: World, day: float, action: str, who: str | None = None, name: str = "lamp") -> list[str]:
    return world.tell(day, "group", who, program="friends", group=name, action=action)


@pytest.fixture
def world() -> World:
    """A project of olga for which anna and ben invite."""
    made = World(f"{HEAD}groups: {{members_max: 3}}{MEASURES}{OWNER}")
    group(made, 1, "create", "olga")
    made.join(1, "anna", group="lamp")
    made.join(1, "ben", group="lamp")
    return made


def pledge(world: World, day: float, who: str, by: str | None = None) -> list[str]:
    code = {"code": world.codes[by]} if by else {}
    return world.tell(day, "activity", who, name="pledged", **code)


def test_what_all_its_advocates_bring_counts_for_the_group(world: World) -> None:
    pledge(world, 2, "f1", "anna")
    assert world.rewards() == []
    pledge(world, 3, "f2", "ben")
    goal = world.reward("goal")
    assert (goal.side, goal.status, goal.subject.startswith("gr_")) == ("owner", "issued", True)
    assert world.counter("measure|friends|brought|gr_") == 2
    world.tell(4, "activity", "f1", name="withdrew")
    assert world.reward("goal").status == "reversed"
    pledge(world, 5, "f3", "anna")
    assert (world.reward("goal").status, world.reward("goal").occurrence) == ("issued", 2)


def test_what_comes_by_a_code_without_the_group_does_not_count_for_it(world: World) -> None:
    plain = world.join(2, "anna")
    assert plain != world.codes["ben"]
    world.tell(3, "activity", "f1", name="pledged", code=plain)
    assert world.counter("measure|friends|brought|gr_") == 0
    assert world.tell(4, "join", "anna", program="friends", group="lamp") == ["already_joined", "person_recorded"]


def test_nothing_counts_for_a_group_once_it_is_closed(world: World) -> None:
    pledge(world, 2, "f1", "anna")
    world.tell(2, "claim", "f2", code=world.codes["ben"])
    group(world, 4, "close")
    pledge(world, 3.9, "f2")  # told late
    assert world.reward("goal").status == "issued"
    assert "group_closed" in pledge(world, 5, "f3", "anna")
    assert world.counter("measure|friends|brought|gr_") == 2


def test_members_come_and_go_and_the_number_follows(world: World) -> None:
    assert "member_joined" in group(world, 2, "join", "m1")
    assert "member_left" in group(world, 3, "leave", "m1")
    assert world.reward("each").status == "cancelled"
    assert "member_joined" in group(world, 4, "join", "m1")
    assert [(r.occurrence, r.status) for r in world.all_rewards()] == [(1, "cancelled"), (2, "pending")]
    assert (world.counter("measure|friends|backers|gr_"), world.counter("member|friends|")) == (1, 1)
    row = next(iter(world.tenant.rows.rows["groups"].values()))
    assert (row.members, row.numbers) == (1, 1)


def test_a_program_without_groups_says_so() -> None:
    world = World(FRIENDS)
    assert group(world, 1, "create", "olga") == ["without_groups"]
    assert world.tell(1, "join", "anna", program="friends", group="lamp") == ["without_groups", "person_recorded"]
    assert world.tell(1, "group", "olga", program="other", group="lamp", action="create") == ["unknown_program"]


def test_who_has_all_his_codes_gets_no_more(world: World) -> None:
    for number in range(49):
        group(world, 2, "create", "olga", f"p{number}")
        world.join(2, "anna", group=f"p{number}")
    group(world, 2, "create", "olga", "last")
    assert world.tell(3, "join", "anna", program="friends", group="last") == ["too_many_codes", "person_recorded"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}{MEASURES}{OWNER}", "this program has no `groups`"),
        (f"{HEAD}groups: {{}}\n{MEASURES}{OWNER.replace('to: owner', 'to: advocate', 1)}", "write `to: owner`"),
        (
            f"{HEAD}groups: {{}}\n{MEASURES}{OWNER.replace('{each: backers}', '{step: pledge}')}",
            "by a measure of groups",
        ),
        (f"{HEAD}groups: {{}}\nmeasures: {{m: {{count: members}}}}\n{OWNER}", "counted `of: group`"),
        (f"{HEAD}groups: {{}}\nmeasures: {{m: {{of: group, count: orders}}}}\n{OWNER}", "without `within`"),
        (f"{HEAD}groups: {{joined_by: nothing}}\n{MEASURES}{OWNER}", "no step is called `nothing`"),
        (f"{HEAD}groups: {{members_max: 1000001}}\n{MEASURES}{OWNER}", "less than or equal to 1000000"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ProgramError) as refused:
        load_program(text.lstrip())
    assert message in str(refused.value)


@pytest.mark.parametrize(("action", "person"), [("create", None), ("join", None), ("leave", None), ("close", "olga")])
def test_a_person_is_told_where_one_acts_and_nowhere_else(action: str, person: str | None) -> None:
    body: dict[str, Any] = {"type": "group", "id": "e", "occurred_at": "2026-03-01T00:00:00Z", "program": "friends"}
    body |= {"group": "lamp", "action": action} | ({"person": {"id": person}} if person else {})
    with pytest.raises(InvalidEvent, match="`person` says who"):
        decode_event(json.dumps(body).encode())


PER_GROUP = HEAD.replace("activities:", "attribution: {one_per: friend and group}\nactivities:")


BADGE = "rewards:\n  badge: {when: {step: pledge}, to: advocate, benefit: {kind: badge, amount: 1 badge:friend}}\n"


def test_a_friend_held_for_each_group_needs_groups() -> None:
    with pytest.raises(ProgramError, match="this program has no `groups`"):
        load_program(f"{PER_GROUP}{BADGE}".lstrip())


def test_a_version_that_holds_for_each_group_leaves_what_runs_where_it_is() -> None:
    """Who is held for the program is held for his group too; the other group may win him, the old one may not."""
    text = f"{HEAD}groups: {{}}\n{MEASURES}{OWNER}"
    world = World(text)
    for name in ("lamp", "boat"):
        group(world, 1, "create", "olga", name)
    world.join(1, "anna", group="lamp")
    world.join(1, "carl", group="lamp")
    world.join(1, "ben", group="boat")
    pledge(world, 2, "f1", "anna")
    assert "friend_taken" in pledge(world, 3, "f1", "ben")
    world.publish(text.replace(HEAD, PER_GROUP))
    assert "friend_taken" in pledge(world, 4, "f1", "carl")
    assert "referral_started" in pledge(world, 5, "f1", "ben")
    assert [(row.per_group, row.scope == row.program) for row in world.referrals()] == [(False, True), (True, False)]
    world.publish(text)
    assert "friend_taken" in pledge(world, 6, "f1", "carl")
    assert world.counter("measure|friends|brought|gr_") == 2


def test_an_expired_referral_comes_back_for_its_group_whatever_others_hold() -> None:
    world = World(f"{PER_GROUP}groups: {{}}\n{MEASURES}{OWNER}")
    for name in ("lamp", "boat"):
        group(world, 1, "create", "olga", name)
    world.join(1, "anna", group="lamp")
    world.join(1, "ben", group="boat")
    world.tell(2, "claim", "f1", code=world.codes["anna"])
    world.tell(40, "claim", "f1", code=world.codes["ben"])
    assert [row.status for row in world.referrals()] == ["expired", "started"]
    told = world.tell(20, "activity", "f1", name="pledged")
    assert {"step_reached", "referral_revived"} <= set(told)
    assert [row.status for row in world.referrals()] == ["ended", "started"]
