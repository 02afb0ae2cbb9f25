"""Asking: it is counted, and what speaks against asking somebody now."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.asking import Limits, Standing, asks_key, moment_of, why_not
from goodword.engine.events import ASKS_MAX
from goodword.engine.people import RECOGNISED_MS
from goodword.engine.state import Participant
from goodword.program.asking import Asking
from goodword.program.duration import DAY_MS, iso
from goodword.program.loader import load_program
from tests.engine.world import FRIENDS, World
from tests.properties.worlds import sealed

ASKED = {"program": "friends", "place": "order_done"}

EVERY_DAYS, WITHOUT_SHARE = 30, 3
LIMITS = Limits(EVERY_DAYS, WITHOUT_SHARE)


@pytest.fixture
def world() -> World:
    return World()


def counted(world: World, day: float, place: str = "order_done") -> int:
    return int(world.tenant.rows.rows["counters"].get(asks_key("friends", world.at(day), place)) or 0)


def memory(world: World) -> tuple[int | None, int]:
    row: Participant = world.tenant.rows.rows["participants"][world.said["participant"]]
    return row.asked_ms, row.asked


def test_it_is_counted_by_day_and_place(world: World) -> None:
    assert world.tell(3, "ask", **ASKED) == ["asked"]
    world.tell(3, "ask", **ASKED, count=40)
    world.tell(3, "ask", "anna", **ASKED)
    world.tell(3, "ask", "anna", program="friends", place="delivery")
    world.tell(4, "ask", **ASKED)
    assert [counted(world, 3), counted(world, 3, "delivery"), counted(world, 4)] == [42, 1, 1]
    assert world.values("asked") == {"channel": "order_done", "count": 1}


def test_a_person_is_remembered_until_he_shares(world: World) -> None:
    code = world.join(1, "anna")
    world.tell(3, "ask", "anna", **ASKED)
    world.tell(9, "ask", participant=world.said["participant"], **ASKED)
    assert memory(world) == (world.at(9), 2)
    world.tell(8, "ask", "anna", **ASKED)
    assert memory(world) == (world.at(9), 3), "told late, it was no later"
    world.tell(10, "share", code=code, channel="chat")
    assert memory(world) == (world.at(9), 0)


def test_nobody_is_asked_for_what_is_closed(world: World) -> None:
    world.tell(2, "program", program="friends", action="pause")
    assert world.tell(3, "ask", "anna", **ASKED) == ["program_is_paused"]
    assert world.tell(3, "ask", "anna", program="other", place="order_done") == ["unknown_program"]
    assert counted(world, 3) == 0
    assert world.tell(3, "ask", participant="pt_nobody", **ASKED) == ["program_is_paused"]


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"count": ASKS_MAX + 1}, "`int` <= 1000"),
        ({"count": 2, "person": {"id": "a"}}, "once at a time"),
        ({"person": {"id": "a"}, "participant": "pt_a"}, "either `person` or `participant`"),
        ({"place": "Order done"}, "matching regex"),
    ],
)
def test_what_is_no_ask(told: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        sealed({"type": "ask", "id": "e", "occurred_at": "2026-03-01T10:00:00Z", **ASKED, **told})


NOW = 400 * DAY_MS
GOOD = Standing(Participant("pt", 1), bought=True, came_back=False, objects=False)


def asked(days_ago: int, times: int) -> Standing:
    person = Participant("pt", 1, asked_ms=NOW - days_ago * DAY_MS, asked=times)
    return Standing(person, bought=True, came_back=False, objects=False)


@pytest.mark.parametrize(
    ("standing", "codes"),
    [
        (GOOD, []),
        (asked(EVERY_DAYS, 1), []),
        (asked(EVERY_DAYS, WITHOUT_SHARE - 1), []),
        (asked(EVERY_DAYS - 1, 0), ["asked_recently"]),
        (asked(EVERY_DAYS, WITHOUT_SHARE), ["asked_in_vain"]),
        (asked(1, WITHOUT_SHARE), ["asked_recently", "asked_in_vain"]),
        (Standing(Participant("pt", 1), bought=False, came_back=False, objects=False), ["nothing_received"]),
        (Standing(Participant("pt", 1), bought=True, came_back=True, objects=False), ["last_order_came_back"]),
        (Standing(Participant("pt", 1), bought=True, came_back=False, objects=True), ["objection_is_open"]),
        (
            Standing(Participant("pt", 1, erased_ms=NOW), bought=False, came_back=True, objects=True),
            ["person_erased"],
        ),
    ],
)
def test_what_speaks_against_asking_now(standing: Standing, codes: list[str]) -> None:
    assert [reason.code for reason in why_not(standing, LIMITS, NOW)] == codes


def test_it_is_said_until_when() -> None:
    (recently,) = why_not(asked(3, 1), LIMITS, NOW)
    assert recently.values == {"until": iso(NOW + (EVERY_DAYS - 3) * DAY_MS)}
    gone = Standing(Participant("pt", 1, erased_ms=NOW), bought=True, came_back=False, objects=False)
    assert why_not(gone, LIMITS, NOW)[0].values == {"until": iso(NOW + RECOGNISED_MS)}


# moments --------------------------------------------------------------------------------------------------------------

MOMENTS = """
ask:
  moments:
    removed: {event: activity, activity: removed, within: 1 day}
    pass_it_on: {event: order, nth: 1, invited: true}
    at_home: {event: order, after: 5 days, within: 10 days}
    glad: {event: survey, recommend: 9, within: 7 days}
"""


def asking(text: str = MOMENTS) -> Asking:
    found = load_program(FRIENDS.lstrip() + text.lstrip()).model.ask
    assert found is not None
    return found


def ago(days: float) -> int:
    return NOW - int(days * DAY_MS)


def lived(
    *,
    invited: bool = False,
    orders: tuple[float, ...] = (),
    removed: tuple[float, ...] = (),
    recommends: tuple[tuple[float, int], ...] = (),
) -> Standing:
    """Somebody to whom things happened so many days ago, the latest first."""
    times = tuple(map(ago, orders))
    person = Participant("pt", 1, activities={"removed": tuple((ago(day), "e") for day in removed)})
    return Standing(
        person,
        bought=bool(orders),
        came_back=False,
        objects=False,
        invited=invited,
        orders=times,
        first_orders=tuple(reversed(times)),
        recommends=tuple((ago(day), value) for day, value in recommends),
    )


@pytest.mark.parametrize(
    ("standing", "moment"),
    [
        (lived(), None),
        (lived(orders=(0,)), None),
        (lived(orders=(4.9,)), None),
        (lived(orders=(5,)), "at_home"),
        (lived(orders=(14.9,)), "at_home"),
        (lived(orders=(15,)), None),
        (lived(orders=(1, 2, 3, 6)), "at_home"),  # who orders daily gets to the moment as well
        (lived(orders=(0,), invited=True), "pass_it_on"),
        (lived(orders=(13.9,), invited=True), "pass_it_on"),
        (lived(orders=(14,), invited=True), "at_home"),
        (lived(orders=(0, 20), invited=True), None),  # his second one
        (lived(recommends=((0, 9),)), "glad"),
        (lived(recommends=((6.9, 10),)), "glad"),
        (lived(recommends=((7, 10),)), None),
        (lived(recommends=((0, 8),)), None),
        (lived(removed=(0.5, 9)), "removed"),
        (lived(removed=(1,)), None),
        (lived(removed=(-0.5,)), None),  # it has not come yet
        (lived(removed=(0,), orders=(0,), invited=True), "removed"),  # the one that the file names first
    ],
)
def test_at_which_moment_somebody_is(standing: Standing, moment: str | None) -> None:
    assert moment_of(standing, asking(), NOW) == moment
    said = [reason.code for reason in why_not(standing, LIMITS, NOW, asking())]
    assert said == ([] if moment else ["no_moment"])


@pytest.mark.parametrize(
    ("text", "standing", "codes"),
    [
        ("ask: {every: 60 days}", asked(59, 0), ["asked_recently"]),
        ("ask: {every: 60 days}", asked(60, 2), []),
        ("ask: {every: 60 days}", asked(60, WITHOUT_SHARE), ["asked_in_vain"]),
        ("ask: {without_share: 1}", asked(EVERY_DAYS, 1), ["asked_in_vain"]),
        ("ask: {without_share: 1}", asked(EVERY_DAYS - 1, 0), ["asked_recently"]),
        ("ask: {every: 60 days}", lived(), ["nothing_received"]),
    ],
)
def test_what_a_program_does_not_say_is_as_for_all(text: str, standing: Standing, codes: list[str]) -> None:
    said = asking(text + "\n")
    assert [reason.code for reason in why_not(standing, LIMITS.of(said), NOW, said)] == codes
    assert LIMITS.of(None) == LIMITS


def test_a_claim_remembers_whom_it_tied(world: World) -> None:
    code = world.join(1, "anna")
    world.tell(2, "claim", code=code)
    token = world.said["claim"]
    world.tell(3, "order", "bob", order="o1", total=9000, currency="USD", claim=token)
    bob = world.said["participant"]
    assert world.tenant.rows.rows["claims"][token].friend == bob
    world.tell(4, "order", "zoe", order="o2", total=9000, currency="USD", claim=token)
    assert world.tenant.rows.rows["claims"][token].friend == bob  # the first one


@pytest.mark.parametrize("who", ["anna", "eve"])
def test_a_claim_that_tied_nobody_remembers_nobody(world: World, who: str) -> None:
    """Anna's own order, and that of a customer from before."""
    code = world.join(1, "anna")
    world.tell(1, "order", "eve", order="o0", total=9000, currency="USD")
    world.tell(2, "claim", code=code)
    token = world.said["claim"]
    world.tell(3, "order", who, order="o1", total=9000, currency="USD", claim=token)
    assert world.tenant.rows.rows["claims"][token].friend is None
