"""A program that is paused, opened again, ended: what begins no more, and what goes on."""

from __future__ import annotations

import pytest

from goodword.program.duration import DAY_MS
from tests.engine.world import FRIENDS, World
from tests.properties.worlds import START_MS, iso

CHALLENGE = FRIENDS.replace(
    "rewards:",
    """measures:
  own: {count: orders}
rewards:
  loyal:
    when: {reaches: own, at: 2}
    to: advocate
    benefit: {kind: credit, amount: 5 USD}""",
)
ORDER = {"total": 6000, "currency": "USD"}


def day(number: int) -> str:
    return iso(START_MS + (number - 1) * DAY_MS)


def act(world: World, day: float, action: str, program: str = "friends", **more: object) -> list[str]:
    return world.tell(day, "program", program=program, action=action, **more)


@pytest.fixture
def world() -> World:
    """Anna invites; bob's referral runs since the second day."""
    world = World(CHALLENGE)
    world.join(1, "anna")
    assert "referral_started" in world.tell(2, "claim", "bob", code=world.codes["anna"])
    return world


@pytest.mark.parametrize(("action", "why"), [("pause", "program_is_paused"), ("end", "program_has_ended")])
def test_nothing_new_begins(world: World, action: str, why: str) -> None:
    code = world.codes["anna"]
    assert act(world, 3, action) == ["program_paused" if action == "pause" else "program_ended"]
    for told in (
        world.tell(4, "join", "carl", program="friends"),
        world.tell(4, "link", "anna", program="friends"),
        world.tell(4, "share", code=code, channel="chat"),
        world.tell(4, "claim", code=code),
        world.tell(4, "claim", "carl", code=code),
        world.tell(4, "sign_up", "dana", code=code),
    ):
        assert why in told
        assert not {"joined", "code_created", "shared", "claim_recorded", "referral_started"} & set(told)


def test_who_joined_before_still_learns_his_code(world: World) -> None:
    act(world, 3, "pause")
    assert "already_joined" in world.tell(4, "join", "anna", program="friends")
    assert world.said["advocate_code"] == world.codes["anna"]


@pytest.mark.parametrize("action", ["pause", "end"])
def test_what_was_promised_goes_on(world: World, action: str) -> None:
    act(world, 3, action)
    told = world.tell(4, "order", "bob", order="o1", code=world.codes["anna"], **ORDER)
    assert {"already_referred", "step_reached", "reward_granted"} <= set(told)
    assert not {"program_is_paused", "program_has_ended"} & set(told)
    world.tell(19, "time_passed")
    assert world.reward("credit").status == "issued"


def test_the_moment_counts_and_not_when_it_is_told(world: World) -> None:
    code = world.codes["anna"]
    world.tell(3, "claim", code=code)
    claim = world.said["claim"]
    act(world, 4, "pause")
    assert "referral_started" in world.tell(5, "sign_up", "carl", claim=claim)
    act(world, 6, "resume")
    assert "program_is_paused" in world.tell(5.5, "claim", "dana", code=code)
    assert "referral_started" in world.tell(6.5, "claim", "dana", code=code)


def test_what_advocates_do_themselves_is_not_counted_meanwhile(world: World) -> None:
    assert "not_counted" not in world.tell(2.5, "order", "anna", order="a1", **ORDER)
    act(world, 3, "pause")
    assert "not_counted" in world.tell(4, "order", "anna", order="a2", **ORDER)
    act(world, 5, "resume")
    assert "reward_granted" in world.tell(6, "order", "anna", order="a3", **ORDER)
    # An order from before the pause counts for less once it comes back, also while it is closed.
    act(world, 7, "pause")
    assert "reward_reversed" in world.tell(8, "refund", order="a1")


@pytest.mark.parametrize(
    ("before", "action", "told"),
    [
        ([], "resume", ["not_possible_now"]),
        ([], "withdraw", ["not_possible_now"]),
        (["pause"], "pause", ["not_possible_now"]),
        (["pause"], "resume", ["program_resumed"]),
        (["pause"], "end", ["program_ended"]),
        (["end"], "pause", ["not_possible_now"]),
        (["end"], "end", ["not_possible_now"]),
        (["end"], "resume", ["program_resumed"]),
        (["pause", "resume"], "pause", ["program_paused"]),
    ],
)
def test_what_is_possible_when(world: World, before: list[str], action: str, told: list[str]) -> None:
    for step in before:
        act(world, 3, step)
    assert act(world, 4, action) == told


def test_an_end_that_is_planned(world: World) -> None:
    code = world.codes["anna"]
    assert act(world, 3, "end", at=day(9)) == ["program_ends"]
    assert act(world, 4, "end", at=day(7)) == ["program_ends"]
    assert act(world, 4, "pause") == ["program_paused"]
    assert act(world, 4.5, "resume") == ["program_resumed"]
    assert "referral_started" in world.tell(6.5, "claim", "carl", code=code)
    assert "program_has_ended" in world.tell(7.5, "claim", "dana", code=code)


def test_an_end_that_is_withdrawn(world: World) -> None:
    act(world, 3, "end", at=day(7))
    assert act(world, 4, "withdraw") == ["end_withdrawn"]
    assert "referral_started" in world.tell(8, "claim", "carl", code=world.codes["anna"])


def test_nobody_acts_on_what_is_not_there(world: World) -> None:
    assert act(world, 3, "pause", program="other") == ["unknown_program"]
