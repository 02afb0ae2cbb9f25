"""Intake: from bytes to sealed events. Everything is validated, bounded and stamped here; nothing later reads a clock.

Sealing replaces what is personal: identifiers and signals become keyed hashes, names go to the one table of people, reward
codes become hashes. Codes are normalised, so that a code typed with Arabic digits or a hyphen is the same code.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from goodword.engine.answers import GIVEN
from goodword.engine.events import (
    OWN_CODE_MAX,
    Activity,
    Choice,
    Claim,
    Codes,
    HandleAction,
    Link,
    Objection,
    Order,
    Person,
    Profile,
    ProgramAction,
    Refund,
    Sealed,
    Share,
    SignUp,
    SourceEvent,
    Survey,
    TimePassed,
)
from goodword.engine.ids import Keyring, normalise_code
from goodword.engine.people import IDENTIFIERS, SIGNALS
from goodword.pipeline.vault import seal_code
from goodword.program.duration import SECOND_MS, to_ms
from goodword.program.values import page_of_shop

EVENTS_MAX = 1000
"""How many events one request or one batch of an import may hold."""
EVENT_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 4 * 1024 * 1024
FUTURE_MAX_MS = 60 * SECOND_MS
"""How far ahead of us the clock of a source may be."""
CODE_LENGTHS = (4, 32)
"""How many letters and digits a code of somebody's own choice has."""
PAST_MIN_MS = 0
"""Nothing happened before 1970."""

_DECODER: msgspec.json.Decoder[SourceEvent] = msgspec.json.Decoder(SourceEvent)
_BIDI_OR_CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_CONTROL_OR_SURROGATE = re.compile("[\u0000-\u001f\u007f-\u009f\ud800-\udfff]")
_LONG_NUMBER = b"9" * 19
_TO_NINES = bytes.maketrans(b"012345678", b"9" * 9)
_CEDILLA = str.maketrans("ŞşŢţ", "ȘșȚț")
_NAMED_FIELD = re.compile(r"(?:missing required|unknown) field `(.+)`")
_PHONE = re.compile(r"\+[0-9]{7,15}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_INTERNAL_IDS = ("due:", "published:", "visits:")
_WITH_CODE = (Share, Claim, SignUp, Order, Activity, HandleAction)
"""The events that bring a code which has to be compared."""
_SORTED = msgspec.json.Encoder(order="deterministic")


class InvalidEvent(ValueError):
    """An event that cannot be accepted: which field, and why. Nothing of it is stored."""

    def __init__(self, reason: str, field: str = "", event: str | None = None) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field
        self.event = event


def decode_event(raw: bytes) -> SourceEvent:
    """Read one event.

    Raises:
        InvalidEvent: not JSON, an unknown type or key, a missing or wrong value; with the field.
    """
    if len(raw) > EVENT_BYTES_MAX:
        raise InvalidEvent(f"an event has at most {EVENT_BYTES_MAX} bytes")
    try:
        event = _DECODER.decode(raw)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = path.rstrip("`").lstrip(".")
        named = _NAMED_FIELD.search(message)
        raise InvalidEvent(message, ".".join(filter(None, (where, named[1] if named else "")))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(f"not JSON: {error}") from None
    if _has_to_be_looked_through(raw):
        check_text(msgspec.to_builtins(event), "")
    return event


def _has_to_be_looked_through(raw: bytes) -> bool:
    """Whether what was read may hold a control character or a huge number: of most events, their bytes show that not."""
    if b"\\" in raw or b"\x7f" in raw or b"\xc2" in raw or b"\xed" in raw:
        return True
    return _LONG_NUMBER in raw.translate(_TO_NINES)


def check_text(node: Any, path: str) -> None:
    """No control characters anywhere: no database, log or terminal has to deal with them.

    Raises:
        InvalidEvent: there is one, or a number that no database holds; with its path.
    """
    if isinstance(node, dict):
        for key, value in node.items():
            check_text(key, path)
            check_text(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            check_text(value, f"{path}[{index}]")
    elif isinstance(node, str):
        if _CONTROL_OR_SURROGATE.search(node):
            raise InvalidEvent("control characters are not accepted", path)
    elif isinstance(node, int) and not -(2**63) <= node < 2**63:
        raise InvalidEvent("the number does not fit into 64 bits", path)


def seal(event: SourceEvent, keyring: Keyring, received_ms: int, history: bool) -> Sealed:
    """Seal an event: what is personal is hashed or set aside, codes are normalised, the clock is stamped.

    Raises:
        InvalidEvent: a time without zone or in the future, a person without identifier, an empty code.
    """
    try:
        return _seal(event, keyring, received_ms, history)
    except InvalidEvent as error:
        raise InvalidEvent(error.reason, error.field, event.id) from None


def _seal(event: SourceEvent, keyring: Keyring, received_ms: int, history: bool) -> Sealed:
    occurred_ms = _moment(event.occurred_at, "occurred_at")
    if occurred_ms > received_ms + FUTURE_MAX_MS:
        raise InvalidEvent("the time lies in the future", "occurred_at")
    if occurred_ms < PAST_MIN_MS:
        raise InvalidEvent("the time lies before 1970", "occurred_at")
    if isinstance(event, Link):
        _check_link(event)
    if isinstance(event, ProgramAction) and event.at is not None and _moment(event.at, "at") <= occurred_ms:
        raise InvalidEvent("it lies before the end is told: leave it out to end the program now", "at")
    if isinstance(event, Order | Refund):
        _check_items(event)
    if isinstance(event, TimePassed) and not history:
        raise InvalidEvent("live time passes by itself; this event needs scope `history`", "type")
    if event.id in (".", ".."):
        raise InvalidEvent("an id that means a folder in an address cannot be asked for", "id")
    if event.id.startswith(_INTERNAL_IDS):
        raise InvalidEvent("ids that begin with `due:`, `published:` or `visits:` are our own", "id")
    content = keyring.digest("content", _SORTED.encode(event).decode()).hex()[:32]
    person = getattr(event, "person", None)
    if isinstance(event, Choice) and event.post is not None:
        person = Person(post=event.post)
    return Sealed(
        event=_sealed_event(event, keyring),
        occurred_ms=occurred_ms,
        clock_ms=occurred_ms if history else received_ms,
        content=content,
        history=history,
        person=_clean_person(person) if person else None,
        text=event.why if isinstance(event, Objection) else event.text if isinstance(event, Survey) else None,
    )


def _sealed_event(event: SourceEvent, keyring: Keyring) -> SourceEvent:
    changes: dict[str, Any] = {}
    if (person := getattr(event, "person", None)) is not None:
        named = isinstance(event, Profile) and event.participant is not None
        changes["person"] = seal_person(person, keyring, named)
    if isinstance(event, Choice) and event.post is not None:
        changes["post"] = GIVEN
    if isinstance(event, Objection):
        changes["why"] = GIVEN
    if isinstance(event, Survey) and event.text is not None:
        changes["text"] = GIVEN
    if isinstance(event, _WITH_CODE) and event.code is not None:
        changes["code"] = _code(event.code, "code")
    if isinstance(event, Link) and event.code is not None:
        # As it was chosen, for people to read; the engine compares it in its normal form.
        changes["code"] = _BIDI_OR_CONTROL.sub("", unicodedata.normalize("NFKC", event.code)).strip()
    if isinstance(event, Codes):
        changes["codes"] = tuple(_pool_code(keyring, code, f"codes[{n}]") for n, code in enumerate(event.codes))
    if isinstance(event, Order) and event.redeems:
        changes["redeems"] = tuple(
            replace(item, code=keyring.reward_code_hash(_code(item.code, f"redeems[{index}].code")))
            for index, item in enumerate(event.redeems)
        )
        if len({item.code for item in changes["redeems"]}) != len(event.redeems):
            raise InvalidEvent("the same code stands there twice", "redeems")
    return replace(event, **changes) if changes else event


def _moment(time: datetime, field: str) -> int:
    if time.tzinfo is None:
        raise InvalidEvent("a time needs its zone, such as 2026-03-05T10:00:00Z", field)
    try:
        return to_ms(time)
    except OverflowError:
        raise InvalidEvent("the time cannot be counted in UTC", field) from None


def _check_link(event: Link) -> None:
    if event.code is not None and not CODE_LENGTHS[0] <= len(normalise_code(event.code)) <= CODE_LENGTHS[1]:
        raise InvalidEvent(f"a code has {CODE_LENGTHS[0]} to {CODE_LENGTHS[1]} letters and digits", "code")
    if event.target is not None:
        try:
            page_of_shop(event.target)
        except ValueError as error:
            raise InvalidEvent(str(error), "target") from None
    ends = _moment(event.expires_at, "expires_at") if event.expires_at else None
    if ends is not None and ends <= _moment(event.occurred_at, "occurred_at"):
        raise InvalidEvent("it lies before the code is made", "expires_at")


def _check_items(event: Order | Refund) -> None:
    """What the items come to has to fit what is said of the whole."""
    told = sum(item.total for item in event.items)
    if isinstance(event, Order) and told > event.total:
        raise InvalidEvent(f"together they come to {told}, the order to {event.total}", "items")
    if isinstance(event, Refund) and event.items:
        if told == 0:
            raise InvalidEvent("together they come to nothing", "items")
        if event.amount is not None and event.amount != told:
            raise InvalidEvent(
                f"together they come to {told}, the refund to {event.amount}: leave `amount` out", "items"
            )


def _code(typed: str, field: str) -> str:
    code = normalise_code(typed)
    if not code:
        raise InvalidEvent("no letter or digit in it", field)
    return code


def _pool_code(keyring: Keyring, told: str, field: str) -> str:
    """A code of the shop's own system: what it is compared by, and behind that what can be shown of it."""
    code = _BIDI_OR_CONTROL.sub("", told).strip()
    if len(code) > OWN_CODE_MAX:
        raise InvalidEvent(f"a code has at most {OWN_CODE_MAX} characters", field)
    return keyring.reward_code_hash(_code(code, field)) + seal_code(keyring, code)


def _clean_person(person: Person) -> Person:
    """The raw person for the table of people: without marks that turn text around, Romanian letters as they should be."""
    if person.name is None and person.payout is None:
        return person
    name = person.name and _clean(person.name).translate(_CEDILLA)
    return replace(person, name=name or None, payout=person.payout and _clean(person.payout))


def _clean(text: str) -> str:
    """A text that somebody will read, without marks that turn it around: an account shows as it is."""
    return _BIDI_OR_CONTROL.sub("", unicodedata.normalize("NFC", text)).strip()


def seal_person(person: Person, keyring: Keyring, named: bool = False) -> Person:
    """A person as the engine may see him; one who is `named` otherwise needs no identifier.

    Raises:
        InvalidEvent: nothing identifies him, or an identifier is not what it should be.
    """
    if person.payout is not None and not _clean(person.payout):
        raise InvalidEvent("it is empty", "person.payout")
    if not named and all(getattr(person, kind) is None for kind in IDENTIFIERS):
        raise InvalidEvent("at least one of `id`, `email`, `phone` is needed", "person")
    hashed: dict[str, str | None] = {"name": None, "post": None, "payout": person.payout and GIVEN}
    for kind in IDENTIFIERS:
        value = getattr(person, kind)
        if value is not None:
            hashed[kind] = keyring.secret_hash(kind, normal_identifier(kind, value))
    for kind in SIGNALS:
        value = getattr(person, kind)
        if value is not None:
            hashed[kind] = keyring.secret_hash(f"signal:{kind}", _normalised(value).strip().casefold())
    return replace(person, **hashed)


def _normalised(text: str) -> str:
    """NFKC, which leaves ASCII as it is."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def normal_identifier(kind: str, value: str) -> str:
    """An e-mail address, a telephone number or an id of the shop as it is compared.

    Raises:
        InvalidEvent: it is none.
    """
    text = _normalised(_BIDI_OR_CONTROL.sub("", value)).strip()
    if kind == "email":
        text = text.casefold()
        if not _EMAIL.fullmatch(text):
            raise InvalidEvent("not an e-mail address", "person.email")
    elif kind == "phone":
        digits = "".join(str(unicodedata.digit(c, "")) or c for c in text)
        text = re.sub(r"[\s().-]", "", digits)
        if not _PHONE.fullmatch(text):
            raise InvalidEvent("write the number in international form, such as +40721234567", "person.phone")
    if not text:
        raise InvalidEvent("it is empty", f"person.{kind}")
    return text
