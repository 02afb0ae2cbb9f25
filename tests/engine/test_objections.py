"""Objections: to what is one's own, a few at a time; staff answer, and the answer alone changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.answers import GIVEN
from goodword.engine.events import Objection
from goodword.engine.state import OBJECTIONS_OPEN_MAX, ObjectionRow
from tests.engine.world import World
from tests.properties.worlds import sealed

WHY = {"program": "friends", "why": "Bob bought with my code, and I see nothing"}


@pytest.fixture
def world() -> World:
    """Anna invited bob, and staff denied that; carl bought without her."""
    world = World()
    code = world.join(1, "anna")
    world.tell(2, "claim", "bob", code=code)
    world.tell(3, "order", "bob", order="o1", total=6000, currency="USD")
    world.tell(4, "review", referral=world.referrals()[0].id, verdict="deny", why="not new")
    world.tell(4, "order", "carl", order="o2", total=6000, currency="USD")
    return world


def objections(world: World) -> list[ObjectionRow]:
    rows: list[ObjectionRow] = list(world.tenant.rows.rows["objections"].values())
    return rows


def denied(world: World) -> str:
    return world.referrals()[0].id


def test_to_a_denied_referral_and_staff_uphold_it(world: World) -> None:
    assert "objection_made" in world.tell(5, "objection", "anna", about=denied(world), **WHY)
    (row,) = objections(world)
    assert (row.status, row.about, row.at_ms) == ("open", denied(world), world.at(5))
    assert world.values("objection_made") == {"objection": row.id}
    told = world.tell(6, "objection_answer", objection=row.id, verdict="upheld", why="we looked again")
    assert told == ["objection_upheld", "decision_stands"]
    assert world.values("objection_upheld")["why"] == "we looked again"
    assert world.values("decision_stands") == {"status": "denied"}
    assert [one["moderation"] for one in world.said["referrals"]] == ["denied"]
    (row,) = objections(world)
    assert (row.status, row.verdict, row.answered_ms, row.why) == ("answered", "upheld", world.at(6), "we looked again")
    # Staff decide anew, as they decide anything.
    assert "review_approved" in world.tell(6, "review", referral=denied(world), verdict="approve")
    assert ("credit", "advocate", "pending") in world.rewards()


def test_to_a_reward_of_ones_own_and_staff_reject_it(world: World) -> None:
    welcome = world.reward("welcome")
    assert "objection_made" in world.tell(5, "objection", "bob", about=welcome.id, **WHY)
    assert world.tell(6, "objection_answer", objection=objections(world)[0].id, verdict="rejected") == [
        "objection_rejected"
    ]
    world.tell(7, "objection", "bob", about=welcome.id, **WHY)
    assert "decision_stands" in world.tell(8, "objection_answer", objection=objections(world)[-1].id, verdict="upheld")
    assert [one["status"] for one in world.said["rewards"]] == [welcome.status]


def test_something_is_missing_that_nobody_can_name(world: World) -> None:
    assert "objection_made" in world.tell(5, "objection", "dora", **WHY)
    assert world.tell(6, "objection_answer", objection=objections(world)[0].id, verdict="upheld") == [
        "objection_upheld"
    ]


@pytest.mark.parametrize("who", ["carl", "dora"])
@pytest.mark.parametrize("about", ["referral", "reward", "nothing"])
def test_to_what_is_somebody_elses(world: World, who: str, about: str) -> None:
    """Nobody learns whether there is such a thing."""
    id = {"referral": denied(world), "reward": world.reward("welcome").id, "nothing": "rf_nothing"}[about]
    assert "not_concerned" in world.tell(5, "objection", who, about=id, **WHY)
    assert not objections(world)


def test_the_advocate_has_no_say_about_the_friends_reward(world: World) -> None:
    assert "not_concerned" in world.tell(5, "objection", "anna", about=world.reward("welcome").id, **WHY)


def test_one_at_a_time_to_the_same_and_a_few_in_all(world: World) -> None:
    world.tell(5, "objection", "anna", about=denied(world), **WHY)
    assert "objection_waits" in world.tell(5, "objection", "anna", about=denied(world), **WHY)
    for _ in range(OBJECTIONS_OPEN_MAX - 1):
        assert "objection_made" in world.tell(5, "objection", "anna", **WHY)
    assert "too_many_objections" in world.tell(5, "objection", "anna", **WHY)
    assert world.values("too_many_objections") == {"limit": OBJECTIONS_OPEN_MAX}
    assert "objection_made" in world.tell(5, "objection", "bob", **WHY), "the limit is each one's own"
    world.tell(6, "objection_answer", objection=objections(world)[0].id, verdict="rejected")
    assert "objection_made" in world.tell(7, "objection", "anna", about=denied(world), **WHY)


def test_what_is_not_there(world: World) -> None:
    assert world.tell(5, "objection", "anna", program="other", why="?") == ["unknown_program"]
    assert world.tell(5, "objection", participant="pt_nobody", **WHY) == ["unknown_participant"]
    assert world.tell(5, "objection_answer", objection="ob_nothing", verdict="upheld") == ["unknown_objection"]
    world.tell(5, "objection", "anna", **WHY)
    answer: dict[str, Any] = {"objection": objections(world)[0].id, "verdict": "upheld"}
    world.tell(6, "objection_answer", **answer)
    assert world.tell(6, "objection_answer", **answer) == ["objection_answered_before"]


def test_it_may_be_made_while_the_program_is_closed(world: World) -> None:
    world.tell(5, "program", program="friends", action="end")
    assert "objection_made" in world.tell(6, "objection", "anna", **WHY)


def test_what_somebody_wrote_is_neither_in_the_event_nor_in_the_answer() -> None:
    item = sealed({"type": "objection", "id": "e", "occurred_at": "2026-03-01T10:00:00Z", "person": {"id": "a"}, **WHY})
    assert isinstance(item.event, Objection)
    assert (item.event.why, item.text) == (GIVEN, WHY["why"])
