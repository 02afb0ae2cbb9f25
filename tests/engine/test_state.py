"""The state: absent and not loaded are two things; a decision changes nothing until it is folded in."""

from __future__ import annotations

import pytest

from goodword.engine.decide import decide, evolve
from goodword.engine.ids import Keyring, normalise_code
from goodword.engine.referral_states import REFERRAL_MOVES, IllegalReferralMove, next_referral_status
from goodword.engine.reward_states import REWARD_MOVES, IllegalRewardMove, next_reward_status
from goodword.engine.state import COLLECTIONS, PARTICIPANTS, NotLoaded, ProgramRow, State
from goodword.engine.turn import Programs
from goodword.program.loader import load_program
from tests.properties.worlds import KEYRING, START_MS, iso, sealed

PROGRAM = load_program(
    """goodword: 1
program: demo
currency: USD
time_zone: UTC
steps: {purchase: {event: order}}
rewards:
  credit: {when: {step: purchase}, to: advocate, benefit: {kind: credit, amount: 20 USD}}
""",
    1,
)
PROGRAMS = Programs({"demo": 1}, {("demo", 1): PROGRAM})
JOIN = sealed({"type": "join", "id": "j", "occurred_at": iso(START_MS), "person": {"id": "a"}, "program": "demo"})


@pytest.mark.parametrize("collection", COLLECTIONS, ids=repr)
def test_reading_what_was_not_loaded_raises(collection: object) -> None:
    with pytest.raises(NotLoaded, match="was read and not loaded"):
        State().get(collection, "key")  # type: ignore[arg-type]


def test_what_was_loaded_and_is_not_there_is_none() -> None:
    state = State()
    state.rows[PARTICIPANTS.name]["pt_1"] = None
    assert state.get(PARTICIPANTS, "pt_1") is None
    assert State(complete=True).get(PARTICIPANTS, "pt_1") is None


def test_a_decision_on_an_empty_state_raises_instead_of_assuming() -> None:
    with pytest.raises(NotLoaded):
        decide(PROGRAMS, State(), JOIN, KEYRING)


def test_deciding_changes_nothing_until_it_is_folded_in() -> None:
    state = State(complete=True)
    state.rows["programs"]["demo"] = ProgramRow("demo", 1)
    before = {name: dict(rows) for name, rows in state.rows.items()}
    decision = decide(PROGRAMS, state, JOIN, KEYRING)
    assert state.rows == before
    assert state.tenant.seq == 0
    evolve(state, decision)
    assert state.tenant.seq == 1
    assert state.rows["handles"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ab12", "AB12"),
        (" a-b 1 2 ", "AB12"),
        ("AB\u0661\u0662", "AB12"),  # Arabic-Indic digits
        ("AB\u06f1\u06f2", "AB12"),  # Persian digits
        ("\u2068AB12\u2069", "AB12"),  # isolates
        ("\u202eAB12", "AB12"),  # an override that turns the text around
        ("oil", "011"),
        ("ａｂ１２", "AB12"),  # full width
        ("ı1", "11"),  # the dotless Turkish i
        ("'; DROP TABLE handles; --", "DR0PTAB1EHAND1ES"),
        ("\u200e", ""),
    ],
)
def test_a_code_is_the_same_however_it_is_typed(typed: str, code: str) -> None:
    assert normalise_code(typed) == code
    assert normalise_code(code) == code


def test_ids_repeat_under_one_key_and_differ_under_another() -> None:
    one, same, other = Keyring(b"k" * 32), Keyring(b"k" * 32), Keyring(b"o" * 32)
    assert one.id("rw", "a", "b") == same.id("rw", "a", "b") != other.id("rw", "a", "b")
    assert one.id("rw", "a", "b") != one.id("rw", "ab", "")


@pytest.mark.parametrize(
    "status", ["pending", "approved", "issued", "redeemed", "cancelled", "expired", "denied", "failed", "reversed"]
)
@pytest.mark.parametrize("move", ["approve", "issue", "redeem", "expire", "cancel", "deny", "fail", "reverse"])
def test_a_reward_moves_only_along_its_table(status: str, move: str) -> None:
    if (status, move) in REWARD_MOVES:
        assert next_reward_status(status, move) == REWARD_MOVES[status, move]  # type: ignore[arg-type,index]
    else:
        with pytest.raises(IllegalRewardMove):
            next_reward_status(status, move)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["started", "converted", "ended", "expired", "superseded"])
@pytest.mark.parametrize("move", ["convert", "return", "expire", "supersede", "revive", "end"])
def test_a_referral_moves_only_along_its_table(status: str, move: str) -> None:
    if (status, move) in REFERRAL_MOVES:
        assert next_referral_status(status, move) == REFERRAL_MOVES[status, move]  # type: ignore[arg-type,index]
    else:
        with pytest.raises(IllegalReferralMove):
            next_referral_status(status, move)  # type: ignore[arg-type]
