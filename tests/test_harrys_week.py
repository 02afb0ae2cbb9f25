"""The week of the prelaunch: made up as the record says, played into a real server, and the same as an independent count."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from bench import prelaunch, recount
from bench.harrys import Played, play
from bench.machine import Base
from bench.prelaunch import DAY_MS, FIRST_MS, PATTERNS, WEEK_MS, Address, week
from bench.recount import OutOfStock, genuine_friends, reached
from tests.test_layers import imports_of

SIZE = 1_000


# the week -------------------------------------------------------------------------------------------------------------


def test_the_week_is_that_of_the_record() -> None:
    addresses = week(100_000)
    genuine = [one for one in addresses if one.genuine]
    friends = genuine_friends(addresses, set())
    assert (len(addresses), len(genuine)) == (100_000, 85_000)
    assert sum(one.advocate is not None for one in genuine) / len(genuine) == pytest.approx(0.77, abs=0.01)
    assert 1_300 < reached(friends, 5) < 1_500
    assert reached(friends, 50) == pytest.approx(200, abs=20)
    assert {one.pattern for one in addresses} == {"", *(pattern.name for pattern in PATTERNS)}
    recount.recount(addresses)  # there is enough of everything


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_is_there_before_his_advocate(seed: int) -> None:
    addresses = week(SIZE, seed)
    assert len({one.name for one in addresses}) == len(addresses) == SIZE
    assert all(FIRST_MS <= one.at_ms < FIRST_MS + WEEK_MS for one in addresses)
    assert all(one.advocate.at_ms < one.at_ms for one in addresses if one.advocate)
    assert [one.at_ms for one in addresses] == sorted(one.at_ms for one in addresses)


def test_a_seed_gives_one_week() -> None:
    def seen(seed: int) -> list[tuple[object, ...]]:
        return [(one.name, one.at_ms, one.network, one.confirmed_ms) for one in week(SIZE, seed)]

    assert seen(1) == seen(1) != seen(2)


# the independent count ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [prelaunch, recount])
def test_the_truth_imports_nothing_that_it_judges(module: object) -> None:
    assert isinstance(file := getattr(module, "__file__", None), str)
    assert {name.partition(".")[0] for name in imports_of(Path(file))}.isdisjoint({"goodword", "tests"})


def friend(number: int, advocate: Address, network: str = "", waits_days: int = 0, bounces: bool = False) -> Address:
    name, at_ms = f"friend{number}", FIRST_MS + number
    made = Address(name, at_ms, advocate, network or name, name, confirmed_ms=at_ms + waits_days * DAY_MS + 1)
    made.bounced_ms = at_ms + 5 if bounces else None
    return made


@pytest.mark.parametrize(
    ("friends", "told", "expected"),
    [
        (4, {}, set()),
        (5, {}, {"shave_cream"}),
        (6, {"waits_days": 3}, set()),
        (6, {"bounces": True}, set()),
        (49, {}, {"shave_cream", "razor", "premium_set"}),
        (50, {}, {"shave_cream", "razor", "premium_set", "year_of_blades"}),
        (50, {"network": "one"}, set()),
    ],
)
def test_what_the_truth_gives(friends: int, told: dict[str, object], expected: set[str]) -> None:
    anna = Address("anna", FIRST_MS, None, "home", "phone")
    found = recount.recount([anna, *(friend(number, anna, **told) for number in range(friends))])  # type: ignore[arg-type]
    assert found.prizes.get("anna", set()) == expected


def test_the_truth_does_not_give_more_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(recount.STOCK, "premium_set", 0)
    anna = Address("anna", FIRST_MS, None, "home", "phone")
    with pytest.raises(OutOfStock):
        recount.recount([anna, *(friend(number, anna) for number in range(25))])


# played ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_prizes_go_to_those_whom_the_truth_names(kind: str, postgres_server: URL) -> None:
    played = play(Base(kind, postgres_server.render_as_string(hide_password=False), None), SIZE)
    assert played.wrong_prizes() == []
    assert played.wrong_addresses() == []
    assert (played.paid_twice, played.not_handed_over, played.shop.otherwise) == (0, 0, 0)
    assert "0 findings" in played.audit.stdout
    assert {prize for prizes in played.prizes.values() for prize in prizes} == set(recount.MILESTONES)
    assert played.refused
    assert not played.reviewed
    assert min(played.shop.requests[way] for way in ("arrays", "singles")) > 0
    _what_is_wrong_is_found(played)


def _what_is_wrong_is_found(played: Played) -> None:
    """The comparison sees a prize too few, a prize too many, and an address that counts and should not."""
    first = next(reward for reward in played.rewards if reward["status"] == "issued")
    owner = played.shop.names[first["participant"]]
    assert replace(played, rewards=[one for one in played.rewards if one is not first]).wrong_prizes() == [owner]
    assert replace(played, rewards=[*played.rewards, first]).paid_twice == 1
    fewer = Counter(played.truth.friends)
    fewer[owner] = 4
    assert replace(played, truth=replace(played.truth, friends=fewer)).wrong_prizes() == [owner]
    counted = min(played.counted)
    truth = replace(played.truth, counted=played.truth.counted - {counted})
    assert replace(played, truth=truth).wrong_addresses() == [counted]
