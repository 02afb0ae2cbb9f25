"""Erasing somebody: what is known goes at once, the books stay, others keep what they have, and nothing new begins for him."""

from __future__ import annotations

from typing import Any

import pytest

from goodword.engine.events import Due
from goodword.engine.people import RECOGNISED_MS
from goodword.engine.state import ERASE_PAGE, LEAVE_PAGE, Participant
from goodword.program.duration import DAY_MS, iso
from tests.engine.world import FRIENDS, World

FOREVER = RECOGNISED_MS // DAY_MS
KEPT = FRIENDS.replace("program: friends", "program: kept").replace(
    "    hold: 14 days\n", "    kept: {while: {friend.verified: true, friend.customer: true}}\n"
)
PLAN = """
goodword: 1
program: plan
currency: USD
time_zone: UTC
groups: {members_max: 9}
steps: {purchase: {event: order}}
measures: {size: {of: group, count: members}}
rewards:
  each: {when: {each: size}, to: owner, benefit: {kind: credit, amount: 2 USD}}
"""
RACE = """
goodword: 1
program: race
currency: USD
time_zone: UTC
steps: {purchase: {event: order}}
measures: {friends: {count: referrals, step: purchase}}
contests:
  cup: {measure: friends, first_day: 2026-01-05, last_day: 2026-01-20, ties: first}
  lottery: {measure: friends, first_day: 2026-01-05, last_day: 2026-01-20, by: draw, free_entry: true}
rewards:
  cup: {when: {contest: cup, places: 1}, to: advocate, benefit: {kind: badge, amount: 1 badge:cup}}
  drawn: {when: {contest: lottery, places: 1}, to: advocate, benefit: {kind: badge, amount: 1 badge:luck}}
"""


@pytest.fixture
def world() -> World:
    return World()


def person(world: World, id: str) -> Participant:
    row: Participant = world.tenant.rows.rows["participants"][id]
    return row


def bring(world: World, day: float, code: str, friend: str, order: str, **body: Any) -> None:
    """A friend comes with a code and buys."""
    world.tell(day, "claim", friend, code=code)
    world.tell(day, "order", friend, order=order, total=6000, currency="USD", **body)


def test_what_is_known_goes_and_his_place_in_the_books_stays(world: World) -> None:
    known = {
        "country": "RO",
        "language": "ro",
        "fields": {"verified": True},
        "device": "d",
        "address": "a",
        "payout": "RO49",
    }
    world.tell(1, "join", "anna", program="friends", accepts={"language": "ro"}, person=known)
    anna = world.said["participant"]
    world.tell(1, "sign_up", "anna")
    world.tell(1, "activity", "anna", name="installed")
    world.tell(1, "consent", "anna", purpose="name", given=True, language="ro")
    before = person(world, anna)
    assert before.payout_ms == world.at(1)
    assert "data_erased" in world.tell(5, "erase", participant=anna)
    assert world.said["participant"] == anna
    row = person(world, anna)
    assert row == Participant(anna, before.created_ms, number=before.number, erased_ms=world.at(5))
    assert world.tell(6, "erase", participant=anna) == ["erased_before"]
    assert world.tell(6, "erase", "anna") == ["erased_before"]


@pytest.mark.parametrize("whom", [{"participant": "pt_nobody"}, {"who": "nobody"}])
def test_nobody_is_made_by_being_erased(world: World, whom: dict[str, str]) -> None:
    assert world.tell(1, "erase", **whom) == ["unknown_participant"]
    assert not world.tenant.rows.rows["participants"]


def test_who_is_two_people_is_erased_as_neither(world: World) -> None:
    world.tell(1, "profile", "anna", person={"email": "anna@example.test"})
    world.tell(1, "profile", "bob")
    assert world.tell(1, "erase", "bob", person={"email": "anna@example.test"}) == ["identity_conflict"]


def test_what_was_not_handed_over_is_cancelled_and_what_was_stays(world: World) -> None:
    code = world.join(1, "anna")
    bring(world, 2, code, "bob", "o1")
    world.tell(17, "time_passed")
    bring(world, 18, code, "carl", "o2")
    assert [r.status for r in world.all_rewards() if r.rule == "credit"] == ["issued", "pending"]
    anna = world.reward("credit").participant
    world.tell(19, "erase", participant=anna)
    assert {"data_erased"} <= {reason["code"] for reason in world.said["reasons"]}
    world.tell(20, "time_passed")
    credits = [(r.status, r.reason) for r in world.all_rewards() if r.rule == "credit"]
    assert credits == [("issued", None), ("cancelled", "person_erased")]
    assert world.balance(f"balance:{anna}") == 2000, "what was handed over stays until it expires"
    assert world.balance("pending:friends") == 0
    world.tell(120, "time_passed")
    assert world.balance(f"balance:{anna}") == 0
    # A friend keeps what he has, and gets what he was promised.
    assert [r.status for r in world.all_rewards() if r.rule == "welcome"] == ["expired", "expired"]


def test_friends_who_come_later_count_and_pay_the_advocate_nothing(world: World) -> None:
    code = world.join(1, "anna")
    world.tell(2, "claim", "bob", code=code)
    world.tell(3, "erase", "anna")
    told = world.tell(4, "order", "bob", order="o1", total=6000, currency="USD")
    assert {"step_reached", "referral_converted", "person_erased"} <= set(told)
    assert [r.side for r in world.all_rewards()] == ["friend"]
    assert "code_disabled" in world.tell(5, "claim", "dora", code=code)
    assert world.tell(5, "share", code=code, channel="chat") == ["code_disabled"]
    assert world.tell(5, "handle", code=code, action="enable") == ["person_erased"]


def test_an_order_of_an_erased_friend_counts_for_its_referral(world: World) -> None:
    code = world.join(1, "anna")
    world.tell(2, "claim", "bob", code=code, person={"fields": {"verified": True}})
    bob = world.said["participant"]
    world.tell(3, "erase", "bob")
    assert world.reward("welcome").status == "issued", "what he has stays in the books"
    people = {"fields": {"verified": True}, "device": "d", "country": "RO", "name": "Bob", "email": "bob@example.test"}
    told = world.tell(4, "order", "bob", order="o1", total=6000, currency="USD", person=people)
    assert {"order_recorded", "nothing_kept", "reward_granted", "referral_converted"} <= set(told)
    assert (world.reward("credit").side, world.reward("credit").status) == ("advocate", "pending")
    assert person(world, bob) == Participant(bob, world.at(2), number=2, erased_ms=world.at(3))
    decisions = [decision for outcome in world.tenant.outcomes for _, decision, _ in outcome.decisions]
    kept = decisions[-1].sealed
    assert kept.person is None
    assert (kept.event.person.fields, kept.event.person.device, kept.event.person.country) == ({}, None, None)
    assert kept.event.person.id is not None, "by which he is recognised"
    assert sum(key.startswith("email:") for key in world.tenant.rows.rows["identities"]) == 0, "nothing new is bound"
    world.tell(20, "time_passed")
    assert world.reward("credit").status == "issued"


def test_his_erasure_takes_nothing_from_the_advocate_and_his_refund_does() -> None:
    world = World(KEPT)
    code = world.join(1, "anna", "kept")
    world.tell(2, "claim", "bob", code=code, person={"fields": {"verified": True}})
    world.tell(3, "order", "bob", order="o1", total=6000, currency="USD")
    assert world.reward("credit").status == "issued"
    world.tell(4, "erase", "bob")
    world.tell(5, "order", "bob", order="o2", total=6000, currency="USD")
    world.tell(6, "refund", order="o2")
    assert world.reward("credit").status == "issued"
    world.tell(7, "refund", order="o1")
    assert world.reward("credit").status == "reversed"


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("join", {"program": "friends"}),
        ("accept", {"program": "friends", "terms": {"language": "en"}}),
        ("profile", {}),
        ("consent", {"purpose": "name", "given": True, "language": "en"}),
        ("objection", {"program": "friends", "why": "?"}),
        ("link", {"program": "friends"}),
        ("claim", {"code": "CODE"}),
    ],
)
def test_nothing_new_begins_for_him(world: World, type: str, body: dict[str, Any]) -> None:
    code = world.join(1, "anna")
    world.join(1, "bob")
    world.tell(2, "erase", "bob")
    body = {key: code if value == "CODE" else value for key, value in body.items()}
    assert world.tell(3, type, "bob", **body) == ["person_erased"]
    assert world.values("person_erased") == {"until": iso(world.at(2) + RECOGNISED_MS)}
    assert world.said["outcome"] == "refused"
    assert not world.referrals()


@pytest.mark.parametrize("type", ["consent", "objection", "profile"])
def test_nor_by_his_id(world: World, type: str) -> None:
    world.join(1, "bob")
    bob = world.said["participant"]
    world.tell(2, "erase", participant=bob)
    bodies: dict[str, dict[str, Any]] = {
        "consent": {"purpose": "name", "given": False, "language": "en"},
        "objection": {"program": "friends", "why": "?"},
        "profile": {"person": {"email": "bob@example.test"}},
    }
    assert world.tell(3, type, participant=bob, **bodies[type]) == ["person_erased"]


def test_what_he_does_is_a_fact_for_others_alone(world: World) -> None:
    world.join(1, "bob")
    bob = world.said["participant"]
    world.tell(2, "erase", "bob")
    assert world.tell(3, "sign_up", "bob") == ["nothing_kept"]
    assert world.tell(3, "activity", "bob", name="installed") == ["nothing_kept"]
    assert "order_recorded" in world.tell(3, "order", "bob", order="o9", total=100, currency="USD")
    assert "order_known" in world.tell(4, "order", "bob", order="o9", total=100, currency="USD")
    assert person(world, bob).erased_ms == world.at(2)
    assert person(world, bob).activities == {}


def test_after_a_year_he_is_not_recognised_any_more(world: World) -> None:
    world.join(1, "bob")
    bob = world.said["participant"]
    world.tell(2, "erase", "bob")
    assert "person_erased" in world.tell(1 + FOREVER, "join", "bob", program="friends")
    world.tell(3 + FOREVER, "time_passed")
    assert "forgotten" in world.history()
    assert bob not in world.tenant.rows.rows["identities"].values()
    assert "joined" in world.tell(4 + FOREVER, "join", "bob", program="friends")
    assert world.said["participant"] != bob
    assert person(world, bob).erased_ms == world.at(2)


def test_open_objections_are_closed(world: World) -> None:
    world.tell(1, "objection", "bob", program="friends", why="?")
    world.tell(2, "erase", "bob")
    (row,) = world.tenant.rows.rows["objections"].values()
    assert (row.status, row.answered_ms) == ("closed", world.at(2))
    assert world.tell(3, "objection_answer", objection=row.id, verdict="upheld") == ["objection_answered_before"]


def test_he_leaves_his_groups_and_joins_none() -> None:
    world = World(PLAN)
    count = LEAVE_PAGE + 1
    for number in range(count):
        world.tell(1, "group", f"owner {number}", program="plan", group=f"g{number}", action="create")
        world.tell(2, "group", "bob", program="plan", group=f"g{number}", action="join")
    assert world.counter("member|plan|") == count
    world.tell(3, "erase", "bob")
    world.tell(4, "time_passed")
    assert world.counter("member|plan|") == 0
    assert {row.members for row in world.tenant.rows.rows["groups"].values()} == {0}
    assert world.tell(5, "group", "bob", program="plan", group="g0", action="join") == ["person_erased"]


def test_an_owner_is_paid_nothing_more() -> None:
    world = World(PLAN)
    world.tell(1, "group", "anna", program="plan", group="g", action="create")
    world.tell(2, "erase", "anna")
    assert {"member_joined", "person_erased"} <= set(
        world.tell(3, "group", "bob", program="plan", group="g", action="join")
    )
    assert not world.all_rewards()


def test_many_rewards_are_cancelled_page_by_page() -> None:
    world = World()
    code = world.join(1, "anna")
    for number in range(ERASE_PAGE + 1):
        bring(world, 2, code, f"friend {number}", f"o{number}")
    world.tell(3, "erase", "anna")
    pages = [d.sealed.event for outcome in world.tenant.outcomes for _, d, _ in outcome.decisions]
    assert [page.kind for page in pages if isinstance(page, Due)] == ["erase", "erase", "leave"]
    credits = [(r.status, r.reason) for r in world.all_rewards() if r.rule == "credit"]
    assert credits == [("cancelled", "person_erased")] * (ERASE_PAGE + 1)


GIFTS = """
goodword: 1
program: gifts
currency: USD
time_zone: UTC
steps: {purchase: {event: order}}
rewards:
  ring:
    when: {step: purchase}
    to: advocate
    benefit: {kind: item, amount: 1 ring, unit_cost: 2 USD, asks: {engraving: {type: text, longest: 40}}}
"""


def test_what_he_said_about_a_reward_goes_wherever_the_reward_is() -> None:
    """Handed over, denied or waiting: the ring stays in the books, and what was written into it does not."""
    world = World(GIFTS)
    code = world.join(1, "anna", "gifts")
    for number in range(ERASE_PAGE + 3):
        bring(world, 2, code, f"friend {number}", f"o{number}")
        world.tell(2, "choice", reward=world.reward("ring").id, answers={"engraving": "For darling Sofia"})
    rows = world.all_rewards()
    for row in rows[:-2]:
        world.tell(2, "reward", reward=row.id, action="issue")
    world.tell(2, "reward", reward=rows[-2].id, action="deny")
    assert all(row.answers for row in world.all_rewards())
    world.tell(3, "erase", "anna")
    assert [row.answers for row in world.all_rewards()] == [{}] * len(rows)
    assert [row.status for row in world.all_rewards()] == [*["issued"] * (len(rows) - 2), "denied", "cancelled"]


@pytest.mark.parametrize("verdict", [None, "approve", "deny"])
def test_words_that_staff_look_at_first_go_too(verdict: str | None) -> None:
    world = World(GIFTS.replace("longest: 40", "longest: 40, moderated: true"))
    code = world.join(1, "anna", "gifts")
    bring(world, 2, code, "bob", "o1")
    reward = world.reward("ring").id
    world.tell(2, "choice", reward=reward, answers={"engraving": "Sofia"})
    submission = world.values("waiting_for_moderation")["submission"]
    if verdict is not None:
        world.tell(2, "moderation", submission=submission, verdict=verdict)
        assert world.reward("ring").answers == ({"engraving": "Sofia"} if verdict == "approve" else {})
    world.tell(3, "erase", "anna")
    assert "Sofia" not in str(world.tenant.rows.rows["activities"])
    assert "Sofia" not in str(world.all_rewards())
    assert world.tell(4, "moderation", submission=submission, verdict="approve") == ["not_possible_now"]


def test_he_wins_nothing_any_more() -> None:
    """The best is erased, and the next one takes the place; in the draw, whoever is left."""
    world = World(RACE)
    codes = {who: world.join(1, who, "race") for who in ("anna", "bob")}
    for number in range(3):
        bring(world, 2, codes["anna"], f"friend {number}", f"o{number}")
    bring(world, 2, codes["bob"], "dora", "o9")
    anna = world.tenant.rows.rows["handles"][codes["anna"]].participant
    world.tell(3, "erase", "anna")
    world.tell(60, "time_passed")
    assert "person_erased" in world.history()
    assert {r.rule for r in world.all_rewards()} == {"cup", "drawn"}
    assert anna not in {r.participant for r in world.all_rewards()}


def test_as_history_it_counts_too(world: World) -> None:
    world.tell(1, "profile", "bob", history=False)
    assert {"history_is_facts", "data_erased"} <= set(world.tell(2, "erase", "bob"))
    assert {"history_is_facts", "order_recorded", "nothing_kept"} <= set(
        world.tell(3, "order", "bob", order="o1", total=100, currency="USD")
    )
