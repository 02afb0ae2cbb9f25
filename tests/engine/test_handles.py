"""Codes: further ones, of somebody's own choice, with an end, switched off; and clicks that come along as evidence."""

from __future__ import annotations

import pytest

from goodword.engine.clicks import click_token
from goodword.engine.ids import Keyring, normalise_code
from goodword.engine.state import HANDLES_MAX
from goodword.pipeline.intake import InvalidEvent
from tests.engine.world import FRIENDS, World
from tests.properties.worlds import KEYRING, START_MS

DAY_MS = 86_400_000
CLICKS = FRIENDS.replace("attribution: {window", "attribution: {evidence: [code, claim, click], window")
GRANTED = ["reward_granted", "reward_approved", "reward_issued"]


def click(code: str, day: float, key: Keyring = KEYRING) -> str:
    return click_token(key, normalise_code(code), START_MS + int((day - 1) * DAY_MS), b"8 bytes.")


def test_an_advocate_gets_a_code_of_his_own_choice() -> None:
    world = World()
    world.join(1, "anna")
    told = world.tell(2, "link", "anna", program="friends", code="Maria-Shop\u200f", name="instagram", target="/socks")
    assert told == ["code_created", "person_recorded"]
    assert world.said["advocate_code"] == "Maria-Shop"
    assert world.tell(3, "claim", "bob", code="mar1a sh0p")[0] == "referral_started"
    handle = world.tenant.rows.rows["handles"]["MAR1ASH0P"]
    assert (handle.written, handle.name, handle.target) == ("Maria-Shop", "instagram", "/socks")
    assert world.tell(4, "link", "anna", program="friends") == ["code_created", "person_recorded"]
    assert world.tell(4, "join", "anna", program="friends")[0] == "already_joined"


def test_a_code_belongs_to_one_advocate() -> None:
    world = World()
    for who in ("anna", "eve"):
        world.join(1, who)
    assert world.tell(2, "link", "anna", program="friends", code="SOCKS")[0] == "code_created"
    assert world.tell(2, "link", "eve", program="friends", code="s0cks")[0] == "code_taken"
    assert world.tell(2, "link", "eve", program="friends", code=world.codes["anna"])[0] == "code_taken"
    assert world.tell(2, "link", "bob", program="friends", code="OTHER")[0] == "not_an_advocate"
    assert world.tell(2, "link", "eve", program="nothing", code="OTHER") == ["unknown_program"]


def test_an_advocate_has_a_limited_number_of_codes() -> None:
    world = World()
    world.join(1, "anna")
    told = {world.tell(2, "link", "anna", program="friends")[0] for _ in range(HANDLES_MAX - 1)}
    assert told == {"code_created"}
    assert world.tell(2, "link", "anna", program="friends") == ["too_many_codes", "person_recorded"]
    assert world.values("too_many_codes") == {"limit": HANDLES_MAX}


def test_staff_switch_a_code_off_and_on() -> None:
    world = World()
    code = world.join(1, "anna")
    assert world.tell(2, "claim", code=code) == ["claim_recorded"]
    token = world.said["claim"]
    assert world.tell(3, "handle", code=code, action="disable", why="posted on a coupon site") == ["code_switched_off"]
    assert world.tell(3, "handle", code=code, action="disable") == ["not_possible_now"]
    assert world.tell(4, "claim", "bob", code=code) == ["code_disabled", "person_recorded"]
    assert world.tell(4, "claim", code=code) == ["code_disabled"]
    assert world.tell(4, "share", code=code, channel="mail") == ["code_disabled"]
    assert world.tell(5, "sign_up", "eve", claim=token)[0] == "referral_started", "accepted while it was on"
    assert world.tell(6, "handle", code=code, action="enable") == ["code_switched_on"]
    assert world.tell(7, "claim", "bob", code=code)[0] == "referral_started"
    assert world.tell(7, "handle", code="NOBODY", action="enable") == ["unknown_code"]


def test_a_code_with_an_end_starts_nothing_after_it() -> None:
    world = World()
    world.join(1, "anna")
    world.tell(2, "link", "anna", program="friends", code="SUMMER", expires_at="2026-01-10T00:00:00Z")
    assert world.tell(5.9, "claim", "bob", code="SUMMER")[0] == "referral_started"
    assert world.tell(6, "claim", "eve", code="SUMMER") == ["code_expired", "person_recorded"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "a-b"), ("code", "x" * 33), ("target", "//evil.example"), ("target", "/\\evil.example"),
        ("target", "http://shop.example"), ("target", "socks"), ("expires_at", "2025-01-01T00:00:00Z"),
        ("expires_at", "2027-01-01T00:00:00"),
    ],
)  # fmt: skip
def test_a_link_that_cannot_be_made_names_the_field(field: str, value: str) -> None:
    world = World()
    world.join(1, "anna")
    with pytest.raises(InvalidEvent) as caught:
        world.tell(2, "link", "anna", program="friends", **{field: value})
    assert caught.value.field == field


def test_a_click_is_evidence_where_the_program_says_so() -> None:
    world = World(CLICKS)
    code = world.join(1, "anna")
    world.join(1, "eve")
    assert world.tell(3, "sign_up", "bob", click=click(code, 2)) == ["referral_started", *GRANTED, "person_recorded"]
    (referral,) = world.referrals()
    assert (referral.evidence, referral.claimed_ms, referral.click) == ("click", START_MS + DAY_MS, b"8 bytes.".hex())
    told = world.tell(4, "order", "bob", order="o1", total=9000, currency="USD", code=world.codes["eve"])
    assert {"referral_superseded", "referral_started"} <= set(told), "a typed code beats a link that was followed"


def test_a_click_says_how_a_claim_came_about() -> None:
    world = World()
    code = world.join(1, "anna")
    assert world.tell(2, "claim", code=code, click=click(code, 1.5)) == ["claim_recorded"]
    world.tell(3, "sign_up", "bob", claim=world.said["claim"])
    world.tell(3, "claim", "carl", code=code, click=click(code, 1.5))
    world.tell(3, "claim", "dora", code=code, click=click("OTHER", 1.5))
    assert [referral.click for referral in world.referrals()] == [b"8 bytes.".hex()] * 2 + [None]


def test_a_click_that_we_did_not_sign_is_no_evidence() -> None:
    world = World(CLICKS)
    code = world.join(1, "anna")
    other = click(code, 2, Keyring(b"another key of thirty-two bytes."))
    assert world.tell(3, "sign_up", "bob", click=other) == ["unknown_click", "person_recorded"]
    assert World().tell(3, "sign_up", "bob", click=click("NOBODY", 2)) == ["unknown_code", "person_recorded"]
    plain = World()
    code = plain.join(1, "anna")
    assert plain.tell(3, "sign_up", "bob", click=click(code, 2)) == ["evidence_not_accepted", "person_recorded"]


def test_a_person_is_corrected_by_the_id_we_gave() -> None:
    world = World()
    world.join(1, "anna", person={"email": "ana@example.com"})
    anna = world.said["participant"]
    assert world.tell(2, "profile", participant=anna, person={"email": "anna@example.com"}) == ["person_recorded"]
    world.tell(3, "join", program="friends", person={"email": "anna@example.com"})
    assert world.said["participant"] == anna
    world.join(4, "eve")
    assert world.tell(5, "profile", participant=anna, person={"id": "eve"}) == ["identity_conflict"]
    assert world.tell(5, "profile", participant=anna, person={"country": "RO"}) == ["person_recorded"]
    assert world.tell(5, "profile", participant="pt_nobody", person={"country": "RO"}) == ["unknown_participant"]


def test_evidence_older_than_the_window_starts_nothing() -> None:
    world = World(CLICKS)
    code = world.join(1, "anna")
    assert world.tell(2, "claim", code=code) == ["claim_recorded"]
    token = world.said["claim"]
    old = click(code, 2)
    assert world.tell(60, "sign_up", "bob", click=old) == ["evidence_too_old", "person_recorded"]
    assert world.tell(60, "sign_up", "eve", claim=token) == ["evidence_too_old", "person_recorded"]
    assert world.referrals() == []


def test_an_old_click_does_not_spoil_the_code_that_is_typed_today() -> None:
    world = World(CLICKS)
    code = world.join(1, "anna")
    told = world.tell(41, "order", "bob", order="o1", total=9000, currency="USD", code=code, click=click(code, 2))
    assert {"referral_started", "referral_converted"} <= set(told)
    assert "evidence_too_old" not in told
    (referral,) = world.referrals()
    assert (referral.evidence, referral.claimed_ms) == ("code", START_MS + 40 * DAY_MS)


def test_an_old_click_takes_no_friend_away() -> None:
    world = World(CLICKS.replace("[code, claim, click]", "[code, click, claim]"))
    for who in ("anna", "eve"):
        world.join(1, who)
    world.tell(100, "claim", "bob", code=world.codes["anna"])
    told = world.tell(101, "sign_up", "bob", click=click(world.codes["eve"], 2))
    assert told == ["evidence_too_old", "person_recorded"]
    assert [referral.status for referral in world.referrals()] == ["started"]


def test_three_pieces_of_evidence_in_one_event_start_one_referral_each_at_most() -> None:
    world = World(CLICKS.replace("window: 30 days", "window: 30 days, replace: stronger"))
    for who in ("anna", "eve"):
        world.join(1, who)
    world.tell(2, "claim", code=world.codes["eve"])
    token = world.said["claim"]
    anna = world.codes["anna"]
    told = world.tell(3, "sign_up", "bob", click=click(anna, 2), claim=token, code=anna)
    assert told.count("referral_started") == len(world.referrals()) == 1
    (referral,) = world.referrals()
    assert (referral.evidence, referral.claimed_ms) == ("code", START_MS + DAY_MS), "the click says since when"
    assert told.count("friend_taken") == 1


def test_the_code_of_an_advocate_is_his_first_that_works() -> None:
    world = World()
    first = world.join(5, "anna")
    world.tell(3, "link", "anna", program="friends", code="Maria-Shop")
    assert world.tell(6, "join", "anna", program="friends")[0] == "already_joined"
    assert world.said["advocate_code"] == "Maria-Shop", "the oldest, whatever was told first"
    world.tell(7, "handle", code="Maria-Shop", action="disable")
    world.tell(8, "join", "anna", program="friends")
    assert world.said["advocate_code"] == first


def test_a_correction_that_comes_late_as_history_finds_whom_it_is_about() -> None:
    world = World()
    world.join(1, "anna")
    anna = world.said["participant"]
    world.tell(2, "order", "live", history=False, order="l1", total=100, currency="USD")
    told = world.tell(3, "profile", participant=anna, person={"email": "new@example.com"})
    assert told == ["history_is_facts", "person_recorded"]
    assert world.said["participant"] == anna
    assert world.tell(3, "profile", participant="pt_no", person={"country": "RO"})[1] == "unknown_participant"
