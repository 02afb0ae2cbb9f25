"""Codes of the shop's own system: each reward takes the next one, what finds none waits, nobody overtakes."""

from __future__ import annotations

import msgspec
import pytest

from goodword.engine.events import SourceEvent
from goodword.engine.ids import normalise_code
from goodword.engine.state import POOL_CODES, Reward
from goodword.pipeline.intake import InvalidEvent
from goodword.pipeline.vault import open_code, seal_code
from goodword.program.loader import ProgramError, load_program
from tests.engine.world import KEYRING, World

FILE = """
goodword: 1
program: friends
currency: USD
time_zone: UTC
fields: {verified: {of: person, type: boolean}}
steps:
  signed: {event: sign_up}
  bought: {event: order}
rewards:
  welcome:
    when: {step: signed}
    to: friend
    benefit: {kind: coupon, amount: 9 USD, code: {pool: shop}}
"""


def world(text: str = FILE) -> World:
    made = World(text)
    made.join(1, "anna")
    return made


def brings(made: World, day: float, *codes: str, pool: str = "shop") -> dict[str, object]:
    assert made.tell(day, "codes", pool=pool, codes=list(codes)) == ["codes_taken_in"]
    return made.values("codes_taken_in")


def signs_up(made: World, day: float, who: str, **more: object) -> list[str]:
    return made.tell(day, "sign_up", who, code=made.codes["anna"], **more)


def given(made: World) -> list[str]:
    """The codes that were given out, in the order in which their rewards were granted."""
    rewards = sorted(made.all_rewards(), key=lambda reward: (reward.granted_ms, reward.id))
    return [open_code(KEYRING, reward.own_code) for reward in rewards if reward.own_code]


def statuses(made: World) -> list[tuple[str, str | None]]:
    rewards: list[Reward] = sorted(made.all_rewards(), key=lambda reward: reward.granted_ms)
    return [(reward.status, reward.reason) for reward in rewards]


def test_a_reward_takes_the_next_code_and_its_owner_sees_it_as_it_came() -> None:
    made = world()
    assert brings(made, 1, "Shop-0001", "Shop-0002") == {"pool": "shop", "count": 2, "known": 0}
    signs_up(made, 2, "bob")
    assert [reward["code"] for reward in made.said["rewards"]] == ["Shop-0001"]
    signs_up(made, 3, "carl")
    assert given(made) == ["Shop-0001", "Shop-0002"]


def test_an_order_redeems_by_it_however_it_is_typed_and_once() -> None:
    made = world()
    brings(made, 1, "Shop-OIL1")
    signs_up(made, 2, "bob")
    order = {"total": 5000, "currency": "USD"}
    assert "code_not_valid" in made.tell(3, "order", "eve", order="o0", redeems=[{"code": "shop-oil1"}], **order)
    assert "reward_redeemed" in made.tell(3, "order", "bob", order="o1", redeems=[{"code": "shop 01l1"}], **order)
    assert "code_not_valid" in made.tell(3, "order", "bob", order="o2", redeems=[{"code": "Shop-OIL1"}], **order)
    # One that Goodword would have made is worth nothing.
    made_up = KEYRING.reward_code(made.reward("welcome").id)
    assert "code_not_valid" in made.tell(4, "order", "bob", order="o3", redeems=[{"code": made_up}], **order)


def test_a_code_counts_once_in_the_pool_it_came_into_first() -> None:
    made = world()
    brings(made, 1, "A-1", "B-2")
    assert brings(made, 2, "a1", "C-3", "c 3") == {"pool": "shop", "count": 1, "known": 2}
    assert brings(made, 3, "A1", pool="other") == {"pool": "other", "count": 0, "known": 1}
    codes = [(row.pool, row.number) for row in made.tenant.rows.rows[POOL_CODES.name].values()]
    assert sorted(codes) == [("shop", 1), ("shop", 2), ("shop", 3)]


def test_what_finds_no_code_waits_and_the_oldest_is_served_first() -> None:
    made = world()
    for day, who in ((2, "bob"), (3, "carl"), (4, "dan")):
        assert "waiting_for_code" in signs_up(made, day, who)
    assert "code" not in made.said["rewards"][0]
    brings(made, 5, "first", "second")
    assert statuses(made) == [("issued", None), ("issued", None), ("approved", "waiting_for_code")]
    assert given(made) == ["first", "second"]
    # Who comes now stands behind dan.
    assert "waiting_for_code" in signs_up(made, 6, "eve")
    brings(made, 7, "third", "fourth", "fifth")
    assert given(made) == ["first", "second", "third", "fourth"]
    assert made.counter("queue|codes:shop") == 0
    assert "reward_issued" in signs_up(made, 8, "finn")


def test_who_is_taken_away_waits_no_more() -> None:
    made = world()
    signs_up(made, 2, "bob")
    first = made.reward("welcome")
    signs_up(made, 2.5, "carl")
    assert "not_possible_now" in made.tell(3, "reward", reward=first.id, action="issue")
    assert made.counter("queue|codes:shop") == 2
    assert "reward_denied" in made.tell(3, "reward", reward=first.id, action="deny")
    assert made.counter("queue|codes:shop") == 1
    brings(made, 4, "only")
    assert statuses(made) == [("denied", "reward_denied"), ("issued", None)]
    assert given(made) == ["only"]


def test_what_was_given_out_is_not_given_out_again() -> None:
    made = world()
    brings(made, 1, "one")
    signs_up(made, 2, "bob")
    made.tell(3, "reward", reward=made.reward("welcome").id, action="reverse")
    assert "waiting_for_code" in signs_up(made, 4, "carl")


def test_a_condition_is_looked_at_again_before_a_code_is_taken() -> None:
    made = world(FILE + "    pay_when: {recipient.verified: true}\n")
    for day, who in ((2, "bob"), (2.5, "carl")):
        signs_up(made, day, who, person={"fields": {"verified": True}})
    made.tell(3, "profile", "bob", person={"fields": {"verified": False}})
    brings(made, 4, "one")
    assert statuses(made) == [("approved", "waiting_for_condition"), ("issued", None)]
    assert made.counter("queue|codes:shop") == 0
    made.tell(5, "profile", "bob", person={"fields": {"verified": True}})
    assert statuses(made)[0] == ("approved", "waiting_for_code")
    brings(made, 6, "two")
    assert given(made) == ["two", "one"]


def test_a_gift_card_with_a_code_is_handed_over_by_goodword() -> None:
    made = world(FILE.replace("kind: coupon", "kind: gift_card"))
    brings(made, 1, "CARD-1")
    assert "reward_issued" in signs_up(made, 2, "bob")
    assert made.said["rewards"][0]["code"] == "CARD-1"


def test_a_sealed_code_says_nothing_and_is_sealed_alike_each_time() -> None:
    sealed = seal_code(KEYRING, "Shop-0001")
    assert sealed == seal_code(KEYRING, "Shop-0001")
    assert open_code(KEYRING, sealed) == "Shop-0001"
    assert "0001" not in sealed
    made = world()
    brings(made, 1, "Shop-0001")
    (row,) = made.tenant.rows.rows[POOL_CODES.name].values()
    assert row.hash == KEYRING.reward_code_hash(normalise_code("Shop-0001"))
    assert "Shop" not in repr(row)
    assert "Shop" not in repr(made.tenant.outcomes)
    # What is stored of the event can be read again, for a rehearsal.
    longest = "ș" * 64
    brings(made, 2, longest)
    (decided,) = [decision for outcome in made.tenant.outcomes for _, decision, _ in outcome.decisions]
    raw = msgspec.json.encode(decided.sealed.event)
    assert msgspec.json.decode(raw, type=SourceEvent) == decided.sealed.event


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"pool": "Shop", "codes": ["a"]}, "pool"),
        ({"pool": "shop", "codes": []}, "codes"),
        ({"pool": "shop", "codes": ["a"] * 501}, "codes"),
        ({"pool": "shop", "codes": ["a", "--"]}, r"codes\[1\]: no letter or digit"),
        ({"pool": "shop", "codes": ["a" * 65]}, "codes"),
    ],
)
def test_codes_have_to_be_codes(body: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidEvent, match=message):
        world().tell(1, "codes", **body)


@pytest.mark.parametrize(
    "benefit", ["kind: credit, amount: 9 USD", "kind: points, amount: 9 points", "kind: item, amount: 1 mug"]
)
def test_what_is_used_bit_by_bit_has_no_code_of_a_pool(benefit: str) -> None:
    with pytest.raises(ProgramError, match="a `code` of a pool is for a coupon"):
        load_program(FILE.replace("kind: coupon, amount: 9 USD", benefit).lstrip())
