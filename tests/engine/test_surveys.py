"""Surveys: what advocates and friends think, one sitting in ninety days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from goodword.engine.answers import GIVEN
from goodword.engine.events import Survey
from goodword.engine.state import SurveyRow
from goodword.engine.surveys import EVERY_DAYS
from goodword.program.duration import iso
from tests.engine.world import World
from tests.properties.worlds import sealed

SAID = {"program": "friends", "side": "advocate", "recommend": 9, "easy": 4, "attractive": 3, "motivates": "easier"}


@pytest.fixture
def world() -> World:
    return World()


def taken(world: World) -> list[SurveyRow]:
    rows: list[SurveyRow] = list(world.tenant.rows.rows["surveys"].values())
    return rows


def test_the_answers_are_kept(world: World) -> None:
    assert "survey_taken" in world.tell(3, "survey", "anna", **SAID)
    (row,) = taken(world)
    assert (row.side, row.at_ms, row.recommend, row.easy, row.attractive, row.motivates) == (
        "advocate",
        world.at(3),
        9,
        4,
        3,
        "easier",
    )


def test_one_sitting_in_ninety_days(world: World) -> None:
    world.tell(3, "survey", "anna", **SAID)
    anna = world.said["participant"]
    assert "surveyed_recently" in world.tell(2 + EVERY_DAYS, "survey", "anna", **SAID)
    assert world.values("surveyed_recently") == {"until": iso(world.at(3 + EVERY_DAYS))}
    assert "survey_taken" in world.tell(4, "survey", "bob", **SAID)
    assert world.tell(3 + EVERY_DAYS, "survey", participant=anna, **SAID) == ["survey_taken"]
    assert len(taken(world)) == 3


def test_what_is_not_there(world: World) -> None:
    assert world.tell(3, "survey", "anna", **SAID | {"program": "other"}) == ["unknown_program"]
    assert world.tell(3, "survey", participant="pt_nobody", **SAID) == ["unknown_participant"]
    world.tell(3, "profile", "anna")
    world.tell(3, "erase", "anna")
    assert world.tell(4, "survey", "anna", **SAID) == ["person_erased"]
    assert not taken(world)


@pytest.mark.parametrize(
    "wrong",
    [
        {"recommend": 11},
        {"recommend": -1},
        {"easy": 0},
        {"attractive": 6},
        {"motivates": "gold"},
        {"text": ""},
        {"side": "owner"},
        {"recommend": None, "easy": None, "attractive": None, "motivates": None},
    ],
)
def test_what_is_no_answer(wrong: dict[str, Any]) -> None:
    told = {key: value for key, value in (SAID | wrong).items() if value is not None}
    with pytest.raises(ValueError, match=r"Expected|Invalid|at least one answer"):
        sealed({"type": "survey", "id": "e", "occurred_at": "2026-03-01T10:00:00Z", "person": {"id": "a"}, **told})


def test_what_somebody_wrote_is_not_in_the_event() -> None:
    told = SAID | {"person": {"id": "a"}, "text": "ask Maria"}
    item = sealed({"type": "survey", "id": "e", "occurred_at": "2026-03-01T10:00:00Z", **told})
    assert isinstance(item.event, Survey)
    assert (item.event.text, item.text) == (GIVEN, "ask Maria")


def test_a_friend_nobody_knows_answers_once_by_his_claim(world: World) -> None:
    world.tell(1, "join", "anna", program="friends")
    world.tell(2, "claim", code=world.said["advocate_code"])
    claim = world.said["claim"]
    said = {"program": "friends", "side": "friend", "recommend": 7, "claim": claim}
    assert world.tell(3, "survey", **said) == ["survey_taken"]
    assert world.tell(200, "survey", **said) == ["surveyed_recently"]
    (row,) = taken(world)
    assert (row.side, row.participant, row.recommend) == ("friend", claim, 7)


def test_a_claim_that_is_none_answers_nothing(world: World) -> None:
    said = {"program": "friends", "side": "friend", "recommend": 7, "claim": "cl_nothing"}
    assert world.tell(3, "survey", **said) == ["unknown_claim"]
    assert taken(world) == []


@pytest.mark.parametrize(
    "wrong", [{"side": "advocate"}, {"text": "hello"}, {"participant": "pt_1"}], ids=["side", "text", "two"]
)
def test_by_a_claim_only_numbers_of_a_friend_are_told(wrong: dict[str, Any]) -> None:
    said = {
        "id": "s",
        "occurred_at": datetime(2026, 3, 1, tzinfo=UTC),
        "program": "p",
        "side": "friend",
        "recommend": 7,
    }
    with pytest.raises(ValueError, match="claim"):
        Survey(**{**said, "claim": "cl_1", **wrong})
