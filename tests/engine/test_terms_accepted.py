"""Who accepted which terms: a version, a language, a time; with joining or by itself."""

from __future__ import annotations

import pytest

from goodword.engine.state import ACCEPTED_MAX
from goodword.program.duration import DAY_MS
from tests.engine.world import FRIENDS, World
from tests.properties.worlds import START_MS


@pytest.fixture
def world() -> World:
    return World(FRIENDS, FRIENDS.replace("20 USD", "25 USD"))


def accepted(world: World, who: str) -> list[tuple[int, str, int]]:
    """Version, language and day of what somebody accepted."""
    id = world.said["participant"]
    rows = world.tenant.rows.rows["participants"][id].accepted
    return [(one.version, one.language, (one.at_ms - START_MS) // DAY_MS + 1) for one in rows]


def test_with_joining(world: World) -> None:
    told = world.tell(3, "join", "anna", program="friends", accepts={"language": "ar"})
    assert {"joined", "terms_accepted"} <= set(told)
    assert accepted(world, "anna") == [(2, "ar", 3)]


@pytest.mark.parametrize(
    ("terms", "told", "kept"),
    [
        ({"language": "ro"}, "terms_accepted", [(2, "ar", 3), (2, "ro", 5)]),
        ({"language": "ar", "version": 1}, "terms_accepted", [(2, "ar", 3), (1, "ar", 5)]),
        ({"language": "ar"}, "terms_known", [(2, "ar", 3)]),
        ({"language": "ar", "version": 2}, "terms_known", [(2, "ar", 3)]),
    ],
)
def test_by_itself_and_once(world: World, terms: dict[str, object], told: str, kept: list[object]) -> None:
    world.tell(3, "join", "anna", program="friends", accepts={"language": "ar"})
    assert told in world.tell(5, "accept", "anna", program="friends", terms=terms)
    assert accepted(world, "anna") == kept


def test_who_joined_before_accepts_with_joining_again(world: World) -> None:
    world.tell(2, "join", "anna", program="friends")
    told = world.tell(3, "join", "anna", program="friends", accepts={"language": "en"})
    assert {"already_joined", "terms_accepted"} <= set(told)


def test_a_friend_who_is_no_advocate_accepts_too(world: World) -> None:
    assert "terms_accepted" in world.tell(3, "accept", "bob", program="friends", terms={"language": "en"})
    assert accepted(world, "bob") == [(2, "en", 3)]


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("join", {"accepts": {"language": "en", "version": 3}}),
        ("accept", {"terms": {"language": "en", "version": 3}}),
    ],
)
def test_a_version_that_is_not_there(world: World, event: str, body: dict[str, object]) -> None:
    """Nothing is half done: nobody joins, nobody is recorded."""
    assert world.tell(3, event, "anna", program="friends", **body) == ["unknown_version"]
    assert world.said["outcome"] == "refused"
    assert not world.tenant.rows.rows["participants"]


def test_who_may_not_join_has_accepted_nothing(world: World) -> None:
    world.tell(2, "program", program="friends", action="pause")
    assert "terms_accepted" not in world.tell(3, "join", "anna", program="friends", accepts={"language": "en"})


def test_the_latest_are_kept_with_the_person(world: World) -> None:
    languages = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    for language in languages:
        world.tell(3, "accept", "anna", program="friends", terms={"language": language})
    assert [language for _, language, _ in accepted(world, "anna")] == languages[-ACCEPTED_MAX:]
    assert world.tell(3, "accept", "anna", program="other", terms={"language": "en"}) == ["unknown_program"]
