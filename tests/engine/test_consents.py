"""Who consented to what: the latest word counts, withdrawing always works, and the event is the record."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.events import Consent
from goodword.engine.state import ConsentState
from tests.engine.world import World
from tests.properties.worlds import sealed

YES = {"purpose": "name", "given": True, "language": "ar"}
NO = YES | {"given": False, "language": "ro"}


@pytest.fixture
def world() -> World:
    return World()


def stands(world: World) -> ConsentState | None:
    """What stands with the person that was told of last."""
    row = world.tenant.rows.rows["participants"][world.said["participant"]]
    said: ConsentState | None = row.consents.get("name")
    assert row.consents_to("name") == (said is not None and said.given)
    return said


@pytest.mark.parametrize(
    ("told", "reasons", "kept"),
    [
        ([(3, YES)], ["consent_given"], (True, 3, "ar")),
        ([(3, NO)], ["consent_withdrawn"], (False, 3, "ro")),
        ([(3, YES), (5, NO)], ["consent_given", "consent_withdrawn"], (False, 5, "ro")),
        ([(3, YES), (5, YES | {"language": "en"})], ["consent_given", "consent_known"], (True, 3, "ar")),
        ([(3, YES), (5, NO), (7, YES)], ["consent_given", "consent_withdrawn", "consent_given"], (True, 7, "ar")),
        ([(5, NO), (4, YES)], ["consent_withdrawn", "consent_outdated"], (False, 5, "ro")),
        ([(5, YES), (4, NO)], ["consent_given", "consent_outdated"], (True, 5, "ar")),
        ([(5, NO), (5, YES)], ["consent_withdrawn", "consent_outdated"], (False, 5, "ro")),
        ([(5, YES), (5, NO)], ["consent_given", "consent_withdrawn"], (False, 5, "ro")),
    ],
)
def test_the_latest_word_counts(
    world: World, told: list[tuple[int, dict[str, Any]]], reasons: list[str], kept: tuple[bool, int, str]
) -> None:
    said = [
        next(code for code in world.tell(day, "consent", "anna", **body) if "consent" in code) for day, body in told
    ]
    assert said == reasons
    assert stands(world) == ConsentState(kept[0], world.at(kept[1]), kept[2])


def test_by_the_id_of_goodword(world: World) -> None:
    world.join(2, "anna")
    anna = world.said["participant"]
    assert world.tell(3, "consent", participant=anna, **YES) == ["consent_given"]
    assert stands(world) == ConsentState(given=True, at_ms=world.at(3), language="ar")
    assert world.tell(3, "consent", participant="pt_nobody", **YES) == ["unknown_participant"]


def test_withdrawing_works_where_everything_is_closed(world: World) -> None:
    world.tell(3, "consent", "anna", **YES)
    world.tell(4, "program", program="friends", action="end")
    assert "consent_withdrawn" in world.tell(5, "consent", "anna", **NO)


def test_told_late_as_history_it_counts(world: World) -> None:
    world.tell(4, "consent", "anna", history=False, **YES)
    assert {"history_is_facts", "consent_withdrawn"} <= set(world.tell(5, "consent", "anna", **NO))
    assert stands(world) == ConsentState(given=False, at_ms=world.at(5), language="ro")


@pytest.mark.parametrize("named", [{}, {"person": {"id": "anna"}, "participant": "pt_x"}])
def test_it_is_about_one_person_named_in_one_way(named: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either `person` or `participant`"):
        sealed({"type": "consent", "id": "e1", "occurred_at": "2026-03-01T10:00:00Z", **YES, **named})


def test_the_stored_event_says_when_and_in_which_language() -> None:
    event = sealed(
        {
            "type": "consent",
            "id": "e1",
            "occurred_at": "2026-03-01T10:00:00Z",
            "person": {"id": "a", "name": "A"},
            **YES,
        }
    ).event
    assert isinstance(event, Consent)
    assert (event.given, event.language, event.person is not None and event.person.name) == (True, "ar", None)
