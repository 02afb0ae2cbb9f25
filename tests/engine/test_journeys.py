"""Journeys through the engine, as calendars: what is told on which day, and every reason that is answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.world import FRIENDS, World

ORDER = {"total": 6000, "currency": "USD"}
GRANTED = ["reward_granted", "reward_approved", "reward_issued"]
BOUGHT = ["step_reached", "referral_converted", "reward_granted", "on_hold", "order_recorded"]


def started(world: World, friend: str = "bob", day: float = 2) -> World:
    """Anna has invited a friend."""
    code = world.join(1, "anna")
    assert world.tell(day, "claim", friend, code=code) == ["referral_started", *GRANTED, "person_recorded"]
    return world


def bought(world: World, day: float = 3) -> World:
    """Her friend has bought something."""
    started(world)
    assert world.tell(day, "order", "bob", order="o1", **ORDER) == BOUGHT
    return world


def test_the_common_journey() -> None:
    world = bought(World())
    assert world.tell(20, "time_passed") == ["time_passed"]
    assert world.rewards() == [("welcome", "friend", "issued"), ("credit", "advocate", "issued")]
    assert world.referrals()[0].status == "ended"
    credit = world.reward("credit")
    assert world.tell(21, "reward", reward=credit.id, action="redeem", amount=1500) == ["reward_redeemed"]
    assert world.tell(22, "reward", reward=credit.id, action="redeem", amount=501) == ["amount_too_large"]
    assert world.balance(f"balance:{credit.participant}") == 500
    assert world.tell(120, "time_passed") == ["time_passed"]
    assert world.reward("credit").status == "expired"


def test_joining_and_sharing() -> None:
    world = World()
    assert world.tell(1, "join", "anna", program="friends") == ["joined", "person_recorded"]
    code = world.said["advocate_code"]
    assert world.tell(1, "join", "anna", program="friends") == ["already_joined", "person_recorded"]
    assert world.said["advocate_code"] == code
    assert world.tell(1, "join", "eve", program="nothing") == ["unknown_program"]
    assert world.tell(1, "share", code=code, channel="whatsapp") == ["shared"]
    assert world.tell(1, "share", code="NOBODY", channel="whatsapp") == ["unknown_code"]


@pytest.mark.parametrize(("country", "first"), [("RO", "joined"), ("XX", "advocate_not_in_audience")])
def test_who_can_be_an_advocate(country: str, first: str) -> None:
    world = World(FRIENDS.replace("audience:", "audience:\n  advocate: {advocate.country: {not_in: [XX]}}"))
    told = world.tell(1, "join", "eve", program="friends", person={"country": country})
    assert told == [first, "person_recorded"]


def test_a_claim_without_a_person_waits_for_one_with_its_token() -> None:
    world = World()
    code = world.join(1, "anna")
    assert world.tell(2, "claim", code=code) == ["claim_recorded"]
    token = world.said["claim"]
    assert world.tell(3, "sign_up", "bob", claim=token) == ["referral_started", *GRANTED, "person_recorded"]
    assert world.referrals()[0].claimed_ms < world.tenant.rows.tenant.clock_ms
    assert world.tell(3, "sign_up", "bob", claim="cl_unknown") == ["unknown_claim", "person_recorded"]
    assert world.tell(3, "claim", code="NOBODY") == ["unknown_code"]


@pytest.mark.parametrize(
    ("friend", "reasons"),
    [
        ({"id": "anna"}, ["self_referral", "person_recorded"]),
        ({"id": "eve", "payment": "card"}, ["shared_signal", "person_recorded"]),
        ({"id": "eve", "email": "ANNA@example.com", "payment": "card"}, ["identity_conflict"]),
        ({"email": "Anna@Example.com"}, ["self_referral", "person_recorded"]),
        ({"id": "old"}, ["friend_not_in_audience", "person_recorded"]),
    ],
)
def test_who_cannot_be_a_friend(friend: dict[str, str], reasons: list[str]) -> None:
    world = World()
    code = world.join(1, "anna", person={"email": "anna@example.com", "payment": "card"})
    world.tell(1, "order", "old", order="o0", **ORDER)
    world.tell(1, "profile", "eve")
    assert world.tell(2, "claim", code=code, person=friend) == reasons
    assert world.said["outcome"] == "refused"
    assert world.referrals() == []


def test_every_refusal_is_told_not_only_the_first() -> None:
    world = World()
    code = world.join(1, "anna", person={"payment": "card"})
    world.tell(1, "order", "old", order="o0", **ORDER)
    told = world.tell(2, "claim", "old", code=code, person={"payment": "card"})
    assert told == ["shared_signal", "friend_not_in_audience", "person_recorded"]


def test_a_circle_is_refused() -> None:
    world = World()
    anna = world.join(1, "anna")
    world.tell(2, "claim", "bob", code=anna)
    bob = world.join(3, "bob")
    world.tell(4, "claim", "carl", code=bob)
    carl = world.join(5, "carl")
    assert world.tell(6, "claim", "anna", code=carl) == ["cycle", "person_recorded"]


def test_a_chain_longer_than_can_be_checked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goodword.engine.attribution.DEPTH_MAX", 2)
    world = World()
    code = world.join(1, "p0")
    for number in range(1, 3):
        world.tell(1 + number, "claim", f"p{number}", code=code)
        code = world.join(1 + number, f"p{number}")
    assert world.tell(9, "claim", "last", code=code) == ["chain_too_long", "person_recorded"]


def test_too_many_from_one_network_in_a_day() -> None:
    world = World()
    code = world.join(1, "anna")
    assert "referral_started" in world.tell(2, "claim", "b1", code=code, person={"network": "cafe"})
    assert world.tell(2, "claim", "b2", code=code, person={"network": "cafe"}) == ["limit_reached", "person_recorded"]
    assert (world.values("limit_reached")["used"], world.values("limit_reached")["limit"]) == (1, 1)
    assert "referral_started" in world.tell(3, "claim", "b2", code=code, person={"network": "cafe"})


def test_the_first_claim_holds_until_a_code_beats_it() -> None:
    world = started(World())
    carl = world.join(3, "carl")
    assert world.tell(4, "claim", "bob", code=world.codes["anna"]) == ["already_referred", "person_recorded"]
    assert world.tell(4, "claim", "bob", code=carl) == ["friend_taken", "person_recorded"]
    assert [rival.code for rival in world.referrals()[0].rivals] == [carl]
    told = world.tell(5, "order", "bob", order="o1", code=carl, **ORDER)
    assert told[:3] == ["step_reached", "referral_started", "referral_superseded"]
    lost, won = world.referrals()
    assert (lost.status, won.status, won.evidence) == ("superseded", "converted", "code")
    assert world.rewards()[0] == ("welcome", "friend", "reversed")
    assert [rival.code for rival in won.rivals] == [world.codes["anna"]]
    assert world.tell(6, "sign_up", "bob", code=world.codes["anna"]) == [
        "friend_not_in_audience",
        "friend_taken",
        "person_recorded",
    ]


def test_evidence_that_a_program_does_not_accept() -> None:
    world = World(FRIENDS.replace("{window: 30 days}", "{window: 30 days, evidence: [claim]}"))
    code = world.join(1, "anna")
    assert world.tell(2, "sign_up", "bob", code=code) == ["evidence_not_accepted", "person_recorded"]


def test_the_window_passes_and_a_late_event_brings_the_referral_back() -> None:
    world = started(World())
    world.tell(40, "time_passed")
    assert world.referrals()[0].status == "expired"
    assert world.tell(40, "order", "bob", order="o2", **ORDER) == ["window_passed", "order_recorded"]
    told = world.tell(20, "order", "bob", order="o1", **ORDER)
    assert told[:3] == ["step_reached", "referral_converted", "referral_revived"]
    assert world.reward("credit").status == "issued"


def test_an_expired_referral_stays_expired_while_its_friend_has_another() -> None:
    world = started(World(FRIENDS.replace("audience:\n  friend: {friend.new_customer: true}\n", "")))
    world.tell(40, "claim", "bob", code=world.join(39, "carl"))
    assert world.tell(20, "order", "bob", order="o1", **ORDER) == ["friend_taken", "order_recorded"]
    assert world.referrals()[0].status == "expired"


def test_a_late_order_from_the_first_window_wins_the_friend_back() -> None:
    world = started(World())
    world.tell(40, "claim", "bob", code=world.join(39, "carl"))
    told = world.tell(20, "order", "bob", order="o1", **ORDER)
    assert {"friend_not_new", "referral_expired", "referral_revived", "referral_converted"} <= set(told)
    assert [referral.status for referral in world.referrals()] == ["ended", "expired"]


def test_an_older_order_shows_that_the_friend_was_a_customer() -> None:
    world = bought(World())
    told = world.tell(1, "order", "bob", order="o0", **ORDER)
    assert {"friend_not_new", "step_undone", "referral_returned", "referral_expired"} <= set(told)
    # Told in time, it would have kept the referral from beginning: it never held.
    (referral,) = world.referrals()
    assert referral.until_ms == referral.claimed_ms
    assert {status for _, _, status in world.rewards()} == {"cancelled", "reversed"}


def test_an_older_order_shows_it_also_of_a_friend_whose_time_is_over() -> None:
    world = started(World())
    world.tell(60, "time_passed")
    (referral,) = world.referrals()
    assert (referral.status, referral.held) == ("expired", True)
    world.tell(1, "order", "bob", order="o0", **ORDER)
    (referral,) = world.referrals()
    assert (referral.status, referral.held) == ("expired", False)


@pytest.mark.parametrize("kind", ["refund", "cancel", "chargeback"])
def test_an_order_that_comes_back_takes_its_reward_back(kind: str) -> None:
    world = bought(World())
    told = world.tell(5, kind, order="o1")
    assert told == ["step_undone", "referral_returned", "reward_cancelled", "order_changed"]
    assert world.referrals()[0].status == "started"
    assert world.tell(6, kind, order="o1") == ["order_gone"]
    assert world.tell(7, "order", "bob", order="o2", **ORDER) == BOUGHT


def test_a_used_reward_that_is_taken_back_is_owed() -> None:
    world = bought(World())
    world.tell(20, "time_passed")
    credit = world.reward("credit")
    world.tell(21, "reward", reward=credit.id, action="redeem", amount=500)
    told = world.tell(22, "refund", order="o1")
    assert {"debt_remains", "reward_reversed"} <= set(told)
    assert world.values("debt_remains")["amount"] == {"amount": 500, "unit": "USD"}
    assert world.balance(f"balance:{credit.participant}") == -500


def test_a_used_reward_that_is_forgiven() -> None:
    world = bought(World(FRIENDS.replace("expires: 90 days", "taken_back: forgive")))
    world.tell(20, "time_passed")
    credit = world.reward("credit")
    world.tell(21, "reward", reward=credit.id, action="redeem")
    assert {"debt_forgiven", "reward_reversed"} <= set(world.tell(22, "refund", order="o1"))
    assert world.balance(f"balance:{credit.participant}") == 0


def test_a_percentage_follows_its_order() -> None:
    share = "{percent_of: order.total, percent: 10%, round: half_up}"
    world = bought(World(FRIENDS.replace("amount: 20 USD", f"amount: {share}")))
    assert world.reward("credit").amount == 600
    assert world.tell(5, "refund", order="o1", amount=905) == ["reward_reduced", "order_changed"]
    assert world.reward("credit").amount == 510
    assert world.tell(6, "refund", order="o1", amount=900)[0] == "step_undone"


def test_a_refund_before_its_order_waits() -> None:
    world = started(World())
    assert world.tell(3, "refund", order="o1", amount=2000) == ["waiting_for_order"]
    assert world.said["outcome"] == "waiting"
    told = world.tell(3, "order", "bob", order="o1", **ORDER)
    assert {"step_reached", "step_undone", "order_changed"} <= set(told)
    assert world.tell(4, "refund", order="o1", amount=9000) == ["refund_too_large", "order_changed"]


def test_an_order_is_told_twice() -> None:
    world = bought(World())
    assert world.tell(4, "order", "bob", order="o1", **ORDER) == ["order_known"]
    assert world.tell(4, "order", "zoe", order="o9", **ORDER) == ["no_referral", "order_recorded"]


def test_conditions_tell_their_values() -> None:
    world = started(World())
    told = world.tell(3, "order", "bob", order="o1", total=4999, currency="USD")
    assert told == ["step_condition_unmet", "order_recorded"]
    values = world.values("step_condition_unmet")
    assert values["actual"] == {"amount": 4999, "unit": "USD"}
    assert values["expected"] == {"amount": 5000, "unit": "USD"}
    assert world.tell(3, "order", "bob", order="o2", total=9000, currency="EUR") == [
        "currency_differs",
        "order_recorded",
    ]


def test_a_coupon_is_used_on_an_order_and_comes_back_with_it() -> None:
    world = started(World())
    code = world.said["rewards"][0]["code"]
    small = world.tell(3, "order", "bob", order="o0", total=2000, currency="USD", redeems=[{"code": code}])
    assert small == ["step_condition_unmet", "below_minimum", "order_recorded"]
    stolen = world.tell(3, "order", "eve", order="o1", redeems=[{"code": code}], **ORDER)
    guessed = world.tell(3, "order", "eve", order="o2", redeems=[{"code": "GUESS"}], **ORDER)
    assert stolen == guessed == ["no_referral", "code_not_valid", "order_recorded"]
    told = world.tell(4, "order", "bob", order="o3", redeems=[{"code": code, "amount": 1500}], **ORDER)
    assert "reward_redeemed" in told
    assert world.balance("redeemed:friends") == 1500
    assert "reward_restored" in world.tell(5, "cancel", order="o3")
    assert world.balance("redeemed:friends") == 0
    assert world.rewards()[0] == ("welcome", "friend", "issued")
    assert world.tell(6, "reward", reward=world.reward("welcome").id, action="redeem") == ["used_on_orders"]


def test_doubts_wait_for_a_person() -> None:
    world = World()
    code = world.join(1, "anna", person={"device": "phone"})
    told = world.tell(2, "claim", "bob", code=code, person={"device": "phone"})
    assert told == ["sent_to_review", "referral_started", "reward_granted", "in_review", "person_recorded"]
    referral = world.referrals()[0].id
    world.tell(3, "order", "bob", order="o1", **ORDER)
    assert world.tell(4, "review", referral=referral, verdict="deny", why="one household")[0] == "review_denied"
    assert {status for _, _, status in world.rewards()} == {"denied"}
    told = world.tell(5, "review", referral=referral, verdict="approve")
    granted = ["reward_granted", "reward_granted", "on_hold", "reward_approved", "reward_issued"]
    assert told == ["review_approved", *granted]
    assert world.tell(6, "review", referral=referral, verdict="approve") == ["not_possible_now"]
    assert world.tell(6, "review", referral="rf_unknown", verdict="approve") == ["unknown_referral"]


def test_staff_act_on_rewards() -> None:
    world = bought(World(FRIENDS.replace("kind: credit", "kind: cash")))
    credit = world.reward("credit").id
    assert world.tell(4, "reward", reward=credit, action="issue") == ["not_possible_now"]
    assert world.tell(4, "reward", reward=credit, action="approve") == ["waiting_for_shop", "reward_approved"]
    assert world.tell(4, "reward", reward=credit, action="fail", why="no account") == ["reward_failed"]
    assert world.tell(4, "reward", reward=credit, action="issue") == ["referral_ended", "reward_issued"]
    assert world.tell(5, "reward", reward=credit, action="reverse") == ["reward_reversed"]
    assert world.tell(5, "reward", reward="rw_unknown", action="approve") == ["unknown_reward"]
    other = bought(World())
    assert other.tell(4, "reward", reward=other.reward("credit").id, action="deny") == [
        "referral_ended",
        "reward_denied",
    ]
    assert "reward_granted" not in other.tell(5, "order", "bob", order="o2", **ORDER)


def test_payment_waits_until_its_condition_holds() -> None:
    guards = "    hold: 1 days\n    pay_when: {recipient.verified: true}\n"
    world = bought(World(FRIENDS.replace("    hold: 14 days\n    expires: 90 days\n", guards)))
    world.tell(5, "time_passed")
    assert world.reward("credit").reason == "waiting_for_condition"
    assert world.tell(5, "reward", reward=world.reward("credit").id, action="issue") == [
        "not_possible_now",
        "waiting_for_condition",
    ]
    assert world.tell(6, "profile", "anna", person={"fields": {"verified": False}}) == ["person_recorded"]
    assert world.reward("credit").status == "approved"
    world.tell(7, "profile", "anna", person={"fields": {"verified": True}})
    assert world.reward("credit").status == "issued"


STEPS = """
goodword: 1
program: steps
currency: USD
time_zone: UTC
activities: [installed, removed]
steps:
  signed: {event: sign_up}
  installed: {event: activity, activity: installed, after: signed, within: 7 days, undone_by: [removed]}
rewards:
  space:
    when: {step: installed}
    to: both
    benefit: {kind: quantity, amount: 500 MB}
    caps: [{per: participant, amount: 700 MB, partial: true}]
    budget: disks
budgets: {disks: {amount: 1400 MB}}
"""


def test_two_steps_out_of_order_and_undone() -> None:
    world = World(STEPS)
    code = world.join(1, "anna", "steps")
    world.tell(2, "claim", "bob", code=code)
    assert world.tell(4, "activity", "bob", name="installed") == ["step_waits_for_step", "person_recorded"]
    told = world.tell(3, "sign_up", "bob")
    assert told.count("step_reached") == 2
    assert told.count("waiting_for_shop") == 2
    assert world.tell(5, "activity", "bob", name="removed")[:2] == ["step_undone", "referral_returned"]
    assert world.tell(12, "activity", "bob", name="installed") == ["step_too_late", "person_recorded"]
    assert world.tell(12, "activity", "bob", name="danced") == ["unknown_activity", "person_recorded"]


def test_caps_and_budgets_with_their_values() -> None:
    world = World(STEPS)
    code = world.join(1, "anna", "steps")
    told = []
    for number in range(4):
        world.tell(2, "claim", f"f{number}", code=code)
        world.tell(2, "sign_up", f"f{number}")
        told.append(
            [r for r in world.tell(3, "activity", f"f{number}", name="installed") if r.startswith(("cap", "budget"))]
        )
    spent = ["cap_reached", "budget_spent", "budget_spent"]
    assert told == [[], ["budget_spent", "cap_partial"], spent, spent]
    # Two of 500 MB for the first friend; the friend of the second fits no more, what the cap leaves to anna does.
    assert world.balance("budget:steps:disks:free", "MB") == 1400 - 500 - 500 - 200


def test_schedules_before_their_first_day_and_amounts_of_nothing() -> None:
    schedule = "{schedule: [{since: 2030-01-01, amount: 20 USD}]}"
    world = started(World(FRIENDS.replace("amount: 20 USD", f"amount: {schedule}")))
    assert "not_scheduled" in world.tell(3, "order", "bob", order="o1", **ORDER)
    tiny = "{percent_of: order.total, percent: 0.01%}"
    world = started(
        World(FRIENDS.replace("amount: 20 USD", f"amount: {tiny}").replace("at_least: 50 USD", "at_least: 1 USD"))
    )
    assert "nothing_to_pay" in world.tell(3, "order", "bob", order="o1", total=100, currency="USD")


def test_an_order_earns_in_one_program() -> None:
    other = FRIENDS.replace("program: friends", "program: others\npriority: 5")
    world = World(FRIENDS, other)
    first, second = world.join(1, "anna"), world.join(1, "carl", "others")
    world.tell(2, "claim", "bob", code=first)
    world.tell(3, "claim", "bob", code=second)
    told = world.tell(4, "order", "bob", order="o1", **ORDER)
    assert told == ["other_program_won", *BOUGHT]
    assert [(r.program, r.status) for r in world.referrals()] == [("friends", "started"), ("others", "converted")]
    told = world.tell(5, "order", "bob", order="o2", code=first, **ORDER)
    assert "step_reached" in told


def test_a_referral_keeps_the_version_it_was_claimed_under() -> None:
    world = started(World())
    world.publish(FRIENDS.replace("amount: 20 USD", "amount: 5 USD"))
    world.tell(3, "order", "bob", order="o1", **ORDER)
    assert world.reward("credit").amount == 2000
    world.tell(4, "claim", "dan", code=world.codes["anna"])
    world.tell(5, "order", "dan", order="o2", **ORDER)
    assert (world.reward("credit").amount, world.reward("credit").version) == (500, 2)


def test_history_after_live_events_is_kept_and_rewards_nobody() -> None:
    world = started(World())
    world.tell(3, "profile", "zoe", history=False)
    assert world.tell(4, "order", "bob", order="o1", **ORDER) == ["history_is_facts", "order_recorded"]
    assert world.tell(4, "sign_up", "bob") == ["history_is_facts", "person_recorded"]
    assert world.tell(5, "order", "bob", history=False, order="o2", **ORDER) == BOUGHT


def orders_of(world: World) -> dict[str, tuple[str, int, int | None]]:
    rows = world.tenant.rows.rows["orders"]
    return {id: (row.state, row.net, row.placed_ms) for id, row in rows.items()}


def live(*programs: str) -> World:
    """A tenant that has seen a live event, with a referral that has just begun."""
    world = World(*programs)
    world.tell(10, "claim", "bob", history=False, code=world.join(9, "anna"))
    return world


@pytest.mark.parametrize(
    ("change", "said", "left"),
    [
        ({"type": "refund", "amount": 3000}, "order_changed", ("placed", 3000)),
        ({"type": "refund"}, "order_changed", ("refunded", 0)),
        ({"type": "cancel"}, "order_changed", ("cancelled", 0)),
        ({"type": "chargeback"}, "order_changed", ("charged_back", 0)),
    ],
)
@pytest.mark.parametrize("first", ["order", "change"])
def test_what_became_of_an_order_is_a_fact_too(
    change: dict[str, Any], said: str, left: tuple[str, int], first: str
) -> None:
    world = live()
    if first == "order":
        assert world.tell(2, "order", "zoe", order="o1", **ORDER) == ["history_is_facts", "order_recorded"]
        told = world.tell(3, **change, order="o1")
    else:
        assert world.tell(3, **change, order="o1") == ["history_is_facts", "waiting_for_order"]
        told = world.tell(2, "order", "zoe", order="o1", **ORDER)
    assert {"history_is_facts", said} <= set(told)
    assert orders_of(world)["o1"] == (*left, world.at(2))
    assert world.tell(3, **change, order="o1")[0] == "history_is_facts"
    assert world.tell(4, "order", "zoe", order="o1", **ORDER) == ["history_is_facts", "order_known"]


def test_history_takes_nothing_away_after_going_live() -> None:
    world = live()
    world.tell(12, "order", "bob", history=False, order="o1", **ORDER)
    before = (orders_of(world), world.rewards())
    for kind in ("refund", "cancel", "chargeback"):
        assert world.tell(13, kind, order="o1") == ["history_is_facts", "order_takes_part"]
        assert world.said["outcome"] == "refused"
    assert world.tell(5, "order", "bob", order="o0", **ORDER) == ["history_is_facts", "order_recorded"]
    assert (orders_of(world)["o1"], world.rewards()) == (before[0]["o1"], before[1])


@pytest.mark.parametrize(
    ("order", "refunded", "earns"),
    [(5, False, False), (5, True, True), (10.5, False, True)],
    ids=["before the claim", "before it and refunded", "after it"],
)
def test_a_fact_shows_the_next_order_that_the_friend_was_a_customer(order: float, refunded: bool, earns: bool) -> None:
    world = live()
    world.tell(order, "order", "bob", order="o0", **ORDER)
    if refunded:
        world.tell(order + 0.1, "refund", order="o0")
    assert world.referrals()[0].status == "started"
    told = world.tell(11, "order", "bob", history=False, order="o1", **ORDER)
    assert ("friend_not_new" in told) is not earns
    assert world.referrals()[0].status == ("converted" if earns else "expired")
    if not earns:
        assert world.values("friend_not_new") == {"order": "o0"}
        assert {status for _, _, status in world.rewards()} == {"reversed"}


TENURE = FRIENDS.replace("friend: {friend.new_customer: true}", "advocate: {advocate.tenure: {at_least: 30 days}}")


@pytest.mark.parametrize("kind", ["sign_up", "order", "profile"])
def test_history_says_since_when_somebody_is_known(kind: str) -> None:
    world = World(TENURE)
    world.tell(100, "profile", "anna", history=False)
    assert "advocate_not_in_audience" in world.tell(101, "join", "anna", history=False, program="friends")
    body = {"order": "o0"} | ORDER if kind == "order" else {}
    world.tell(50, kind, "anna", **body)
    assert "joined" in world.tell(102, "join", "anna", history=False, program="friends")
    person = next(iter(world.tenant.rows.rows["participants"].values()))
    assert person.created_ms == world.at(50)
    assert person.signed_up_ms == (world.at(50) if kind == "sign_up" else None)


def test_a_new_version_with_a_bigger_budget_funds_the_difference() -> None:
    world = World(STEPS)
    assert world.balance("budget:steps:disks:free", "MB") == 1400
    world.publish(STEPS.replace("amount: 1400 MB", "amount: 3000 MB"))
    assert world.balance("budget:steps:disks:free", "MB") == 3000
    world.publish(STEPS.replace("amount: 1400 MB", "amount: 100 MB"))
    assert world.balance("budget:steps:disks:free", "MB") == 100


def heard(world: World) -> list[str]:
    """The reasons of everything the last call decided, dates that came included."""
    decisions = [decision for outcome in world.tenant.outcomes for _, decision, _ in outcome.decisions]
    return [reason.code for decision in decisions for reason in decision.answer.reasons]


def test_publishing_is_an_event_of_its_own() -> None:
    world = World()
    assert heard(world) == ["program_published"]


def test_a_window_that_ends_after_the_referral_fell_needs_nothing() -> None:
    world = started(World())
    world.tell(1, "order", "bob", order="o0", **ORDER)
    assert world.referrals()[0].status == "expired"
    world.tell(40, "time_passed")
    assert heard(world) == ["nothing_due", "time_passed"]
