"""Somebody is told before what he holds expires: once, with what is left of it, and not of what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.state import DUES
from goodword.program.loader import ProgramError, load_program
from tests.engine.test_journeys import ORDER, started
from tests.engine.world import FRIENDS, World

NOTICE = FRIENDS.replace("    hold: 14 days\n    expires: 90 days\n", "    expires: {after: 20 days, notice: 5 days}\n")


class Listener(World):
    """A world of which every notice is heard."""

    def __init__(self, text: str) -> None:
        self.heard: list[tuple[str, int]] = []
        super().__init__(text)

    def tell(self, *words: Any, **body: Any) -> list[str]:
        codes = super().tell(*words, **body)
        for decision in (item[1] for outcome in self.tenant.outcomes for item in outcome.decisions):
            told = [row for row in decision.draft.outbox if row.topic == "reward.expiring"]
            said = [reason.values["amount"] for reason in decision.answer.reasons if reason.code == "reward_expiring"]
            assert [row.reference for row in told] == [reward.id for reward in decision.answer.rewards if told]
            self.heard += [(row.participant or "", amount.amount) for row, amount in zip(told, said, strict=True)]  # type: ignore[union-attr]
        return codes

    def notices(self, day: float) -> list[int]:
        """What was told to be left, each time it was told, up to a day."""
        self.tell(day, "time_passed")
        return [left for _, left in self.heard]


def given() -> tuple[Listener, str]:
    """Anna holds twenty dollars from the third day to the twenty-third; the notice comes on the eighteenth."""
    world = Listener(NOTICE)
    started(world)
    world.tell(3, "order", "bob", order="o1", **ORDER)
    return world, world.said["rewards"][-1]["code"]


def uses(world: World, day: float, code: str, amount: int, order: str) -> None:
    redeems = [{"code": code, "amount": amount}]
    assert "reward_redeemed" in world.tell(day, "order", "anna", order=order, redeems=redeems, **ORDER)


def test_it_is_told_on_its_day_and_not_again() -> None:
    world, _ = given()
    assert world.notices(17.99) == []
    assert world.notices(18) == [2000]
    assert world.notices(22.99) == [2000]
    assert world.notices(23) == [2000]
    assert world.reward("credit").status == "expired"


def test_what_is_left_is_told() -> None:
    world, code = given()
    uses(world, 4, code, 1300, "a")
    assert world.notices(18) == [700]


def test_nothing_is_told_of_what_was_used_up() -> None:
    world, code = given()
    uses(world, 4, code, 2000, "a")
    assert not [row for row in world.tenant.rows.rows[DUES.name].values() if row and row.kind == "expiring"]
    assert world.notices(30) == []


def test_nothing_is_told_of_what_was_taken_back() -> None:
    world, _ = given()
    world.tell(5, "cancel", order="o1")
    assert world.notices(30) == []


def test_nothing_is_told_of_what_stands_against_a_debt() -> None:
    world, code = given()
    world.tell(3, "claim", "carl", code=world.codes["anna"])
    world.tell(4, "order", "carl", order="o2", **ORDER)
    first = next(reward for reward in world.all_rewards() if reward.rule == "credit")
    uses(world, 5, code, 2000, "a")
    world.tell(6, "cancel", order="o1")
    assert world.balance(f"balance:{first.participant}") == 0
    assert world.notices(24) == []


@pytest.mark.parametrize(
    ("used", "back", "expected"),
    [
        (4, 6, {17: [], 18: [2000]}),  # on its day, as if nothing had been
        (4, 20, {19: [], 20: [2000], 25: [2000]}),  # at once, as it was not told before
        (19, 20, {18: [2000], 25: [2000]}),  # it was told before
        (4, 24, {18: [], 23: [], 25: []}),  # too late: it cannot be used any more
    ],
)
def test_what_comes_back_is_told_once(used: float, back: float, expected: dict[float, list[int]]) -> None:
    world, code = given()
    events = [(used, "use"), (back, "cancel"), *((day, "look") for day in expected)]
    for day, what in sorted(events, key=lambda event: event[0]):
        if what == "use":
            uses(world, day, code, 2000, "a")
        elif what == "cancel":
            world.tell(day, "cancel", order="a")
        else:
            assert world.notices(day) == expected[day], day


def test_a_notice_that_is_due_when_it_is_issued_comes_at_once() -> None:
    world = Listener(
        NOTICE.replace("{step: purchase}", "{date: 2026-01-07}")
        .replace("to: advocate", "to: everyone\n    later: true")
        .replace("after: 20 days, notice: 5 days", "after: 8 hours, notice: 2 hours")
    )
    world.tell(1, "profile", "anna")
    assert world.notices(3.24) == []
    assert world.notices(3.25) == [2000]
    world.tell(3.3, "profile", "bob")
    assert world.notices(3.4) == [2000, 2000]
    assert len({who for who, _ in world.heard}) == 2


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        ("{after: 20 days, notice: 20 days}", "the notice comes before it expires"),
        ("{after: 20 days, notice: 0 days}", "the notice comes before it expires"),
        ("{after: 20 days}", "`notice` is missing"),
        ("{notice: 20 days}", "`after` is missing"),
        ("{after: 20 days, notise: 2 days}", "did you mean `notice`"),
        ("soon", "write a whole number of minutes, hours, days or weeks"),
        ("{after: soon, notice: 2 days}", "write a whole number of minutes"),
    ],
)
def test_what_cannot_be_told_in_time_is_refused(expires: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message) as caught:
        load_program(NOTICE.replace("{after: 20 days, notice: 5 days}", expires).lstrip())
    assert all(problem.path.startswith("rewards.credit.expires") for problem in caught.value.problems)
