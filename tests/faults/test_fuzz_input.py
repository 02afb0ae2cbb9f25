"""Events and codes that nobody would send: refused with a reason, or brought into the one form in which they are compared."""

from __future__ import annotations

import json
import string
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.engine.ids import CROCKFORD, normalise_code
from goodword.pipeline.intake import InvalidEvent, decode_event, seal
from tests.faults.making import Size
from tests.properties.worlds import KEYRING, LATER_MS

CODE_MAX = 64
EXPANSION_MAX = 18
"""How many letters Unicode makes of one character at most (an Arabic ligature)."""

EVENTS: list[dict[str, Any]] = [
    {"type": "join", "id": "1", "person": {"id": "a", "name": "Ann"}, "program": "p"},
    {"type": "claim", "id": "2", "code": "ABC", "person": {"email": "a@b.c"}, "via": "staff"},
    {"type": "order", "id": "3", "order": "o", "person": {"phone": "+40721234567", "fields": {"a": 1}}, "total": 1,
     "currency": "USD", "code": "x", "redeems": [{"code": "abc", "amount": 3}], "fields": {"b": "c"}},
    {"type": "refund", "id": "4", "order": "o", "amount": 5},
    {"type": "reward", "id": "5", "reward": "r", "action": "approve", "why": "because"},
    {"type": "activity", "id": "6", "name": "install", "person": {"id": "a", "country": "RO", "language": "ro"}},
    {"type": "share", "id": "7", "code": "ABC", "channel": "mail"},
]  # fmt: skip
WORDS = sorted(
    {key for event in EVENTS for key in (*event, *event.get("person", {}))} | {"type", "claim", "due", "kind"}
)

text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-(2**70), 2**70) | st.floats() | text
    | st.sampled_from(["", "\0", "x" * 600, "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
)  # fmt: skip
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | text, inner, max_size=6),
    max_leaves=12,
)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """An event in which something is wrong, or nothing."""
    event = json.loads(json.dumps(draw(st.sampled_from(EVENTS)))) | {"occurred_at": "2026-01-01T00:00:00Z"}
    for _ in range(draw(st.integers(0, 4))):
        holder = draw(st.sampled_from([event, *(one for one in event.values() if isinstance(one, dict))]))
        holder[draw(st.sampled_from([*holder, *WORDS]))] = draw(documents)
    return json.dumps(event).encode()


def refusal(raw: bytes) -> str | None:
    """Why an event is refused; None if it is accepted. Nothing else may come of it."""
    try:
        seal(decode_event(raw), KEYRING, LATER_MS, history=True)
    except InvalidEvent as error:
        return error.reason
    return None


@pytest.mark.parametrize("kind", ["documents", "events", "bytes"])
def test_events(size: Size, kind: str) -> None:
    raws = {
        "documents": documents.map(lambda document: json.dumps(document).encode()),
        "events": events(),
        "bytes": st.binary(max_size=300) | st.tuples(events(), st.integers(0, 300)).map(lambda one: one[0][: one[1]]),
    }[kind]

    @settings(max_examples=size.examples * 30, suppress_health_check=list(HealthCheck), deadline=None)
    @given(raws)
    def check(raw: bytes) -> None:
        reason = refusal(raw)
        assert reason is None or 0 < len(reason) < 1000

    check()


def test_codes(size: Size) -> None:
    @settings(max_examples=size.examples * 30, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.text(max_size=CODE_MAX))
    def check(typed: str) -> None:
        code = normalise_code(typed)
        assert normalise_code(code) == code
        assert all(c in string.digits or c.isalpha() for c in code)
        assert not set(code) & set("OIL" + string.ascii_lowercase)
        assert all(c in CROCKFORD + "U" for c in code if c.isascii())
        assert len(code) <= CODE_MAX * EXPANSION_MAX
        # However a keyboard writes the same letters.
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert normalise_code(unicodedata.normalize(form, typed)) == code
        assert normalise_code(f"\u202e {typed}\u2069-\u200f") == code

    check()


def test_every_character_by_itself() -> None:
    for number in range(0x110000):
        typed = chr(number)
        code = normalise_code(typed)
        assert normalise_code(code) == code, hex(number)
        assert {normalise_code(typed.upper()), normalise_code(typed.lower())} == {code}, hex(number)
        assert len(code) <= EXPANSION_MAX, hex(number)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("mi̇hai ILO", "M1HA1110"),
        ("MİHAİ", "M1HA1"),
        ("mıhaı", "M1HA1"),
        ("Straße", "STRASSE"),
        ("STRAẞE", "STRASSE"),
        ("ștefan", "STEFAN"),
        ("Ştefan", "STEFAN"),
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
        ("ＡＢＣ１２３", "ABC123"),
        ("②Ⅻ½", "2X1112"),
        ("a\u0301\u0302b", "AB"),
        ("‮AB‬-\u2066CD\u2069 \u00ad\u200bEF\ufeff", "ABCDEF"),
        ("💬", ""),
    ],
)
def test_how_a_code_may_be_typed(typed: str, code: str) -> None:
    assert normalise_code(typed) == code
