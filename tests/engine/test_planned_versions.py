"""Versions that are planned for a date: reasons of planning, withdrawing and coming into force."""

from __future__ import annotations

from goodword.pipeline.process import plan
from goodword.program.duration import DAY_MS
from goodword.program.loader import Program, load_program
from tests.engine.world import FRIENDS, World
from tests.properties.worlds import START_MS


def version(number: int, amount: str) -> Program:
    return load_program(FRIENDS.lstrip().replace("amount: 20 USD", f"amount: {amount}"), number)


def schedule(world: World, program: Program, day: int) -> list[str]:
    """Plan a version for a day; the codes of the reasons."""
    stands = world.tenant.rows.tenant
    world.tenant.keep(program)
    event = plan(program, START_MS + (day - 1) * DAY_MS, stands.clock_ms, stands.seq + 1)
    world.tenant.decide([event])
    ((_, decision, _),) = world.tenant.outcomes[0].decisions
    return [reason.code for reason in decision.answer.reasons]


def test_referrals_claimed_from_its_date_on_are_its_own() -> None:
    world = World()
    code = world.join(1, "anna")
    assert schedule(world, version(2, "30 USD"), 5) == ["program_scheduled"]
    world.tell(4, "claim", "bob", code=code)
    world.tell(5, "claim", "carl", code=code)
    for number, friend in enumerate(("bob", "carl")):
        world.tell(6, "order", friend, order=f"o{number}", total=9000, currency="USD")
    assert sorted(reward.amount for reward in world.all_rewards() if reward.rule == "credit") == [2000, 3000]


def test_a_later_plan_takes_the_place_of_an_earlier_one() -> None:
    world = World()
    schedule(world, version(2, "30 USD"), 5)
    schedule(world, version(3, "40 USD"), 7)
    world.tell(6, "time_passed")
    row = world.tenant.rows.rows["programs"]["friends"]
    assert (row.version, row.planned, row.latest) == (1, 3, 3)
    world.tell(7, "time_passed")
    row = world.tenant.rows.rows["programs"]["friends"]
    assert (row.version, row.previous, row.planned) == (3, 1, 0)


def test_a_plan_is_withdrawn_by_staff_and_by_another_version() -> None:
    world = World()
    schedule(world, version(2, "30 USD"), 5)
    assert world.tell(2, "program", program="friends", action="withdraw") == ["schedule_withdrawn"]
    schedule(world, version(3, "30 USD"), 5)
    world.tenant.publish(version(4, "50 USD"))
    ((_, decision, _),) = world.tenant.outcomes[0].decisions
    assert [reason.code for reason in decision.answer.reasons] == ["program_published", "schedule_withdrawn"]
    world.tell(9, "time_passed")
    assert world.tenant.rows.rows["programs"]["friends"].version == 4


def test_a_first_version_may_be_planned() -> None:
    world = World()
    other = load_program(FRIENDS.lstrip().replace("program: friends", "program: other"), 1)
    schedule(world, other, 5)
    assert world.tell(4, "join", "anna", program="other") == ["unknown_program"]
    assert world.tell(4, "program", program="other", action="pause") == ["unknown_program"]
    assert "joined" in world.tell(5, "join", "anna", program="other")
