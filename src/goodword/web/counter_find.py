"""What stands behind what somebody at the counter typed or scanned: an invitation, a reward, or a customer."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection

from goodword.engine.events import Person
from goodword.engine.ids import normalise_code
from goodword.engine.people import identity_keys
from goodword.engine.programs import Status, status_of
from goodword.engine.state import HANDLES, IDENTITIES, REWARD_CODES, REWARDS, Handle, Reward, State
from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.pipeline.intake import seal_person
from goodword.portal.counter import Ask, Found, Held, Invitation, Visit
from goodword.portal.promised import promised
from goodword.program.benefits import KINDS, Benefit
from goodword.program.duration import from_ms, iso
from goodword.program.loader import Program
from goodword.program.model import Step
from goodword.program.quantity import AMOUNT_MAX, Quantity, exponent, is_currency
from goodword.storage import reads
from goodword.storage.load import load, load_program_rows
from goodword.web.context import Context
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, isolate, moment
from goodword.words.headline import benefit_text
from goodword.words.phrases import happening

CODE_MAX = 500
"""How much may be typed or scanned: a code may come as the whole address on a card."""
PERSON_MAX = 200
REFERRALS_MAX = 20
"""How many referrals of a customer are looked at, the latest first."""
REWARDS_MAX = 50
"""How many rewards of a customer are looked at, the latest first."""
Said = Literal["staff", "code", "claim"]
_IN_ADDRESS = re.compile(r"^https?://[^/\s]+/(?:r|i)/([^/?#\s]+)", re.IGNORECASE)
_PHONE = re.compile(r"[+0-9][0-9\s().-]{5,24}")


class Behind(Struct, frozen=True):
    """What a code stands for; at most one of the two."""

    handle: Handle | None = None
    reward: Reward | None = None


def typed_code(text: str) -> str:
    """The code in what was typed or scanned: a card holds the address of its link. Normalised."""
    found = _IN_ADDRESS.match(text.strip())
    return normalise_code(found[1] if found else text)


def typed_person(text: str, prefix: str) -> Person | None:
    """Whom somebody means who typed a phone number, an e-mail address or the number of a customer's card.

    A number that begins with a single 0 is one of the shop's country, if `prefix` names that.
    """
    text = unicodedata.normalize("NFKC", "".join(str(unicodedata.digit(sign, "")) or sign for sign in text)).strip()
    if not text or len(text) > PERSON_MAX:
        return None
    if "@" in text:
        return Person(email=text)
    if not _PHONE.fullmatch(text):
        return Person(id=text)
    digits = re.sub(r"[\s().-]", "", text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif digits.startswith("0") and prefix:
        digits = f"{prefix}{digits[1:]}"
    return Person(phone=digits) if digits.startswith("+") else Person(id=text)


def typed_amount(text: str, currency: str) -> int | None:
    """An amount as people write it, in the smallest unit; None where it is none, or could mean two.

    Digits of any script; one comma, point or Arabic decimal separator before the decimals, and no separators of thousands.
    """
    plain = "".join(str(unicodedata.digit(sign, "")) or sign for sign in text if not sign.isspace())
    plain = re.sub("[,\u066b]", ".", plain)
    found = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?", plain)
    if found is None or len(found[2] or "") > exponent(currency):
        return None
    minor = int(Decimal(plain).scaleb(exponent(currency)))
    return minor if minor <= AMOUNT_MAX else None


def behind(context: Context, connection: Connection, code: str) -> Behind:
    """What a normalised code stands for."""
    state, hash = State(), context.parts.keyring.reward_code_hash(code)
    load(connection, context.tenant, state, {HANDLES.name: {code}, REWARD_CODES.name: {hash}})
    if (handle := state.get(HANDLES, code)) is not None:
        return Behind(handle=handle)
    id = state.get(REWARD_CODES, hash)
    return Behind(reward=None if id is None else reward_of(context, connection, id))


def reward_of(context: Context, connection: Connection, id: str) -> Reward | None:
    """A reward by its id."""
    state = State()
    load(connection, context.tenant, state, {REWARDS.name: {id}})
    return state.get(REWARDS, id)


def version_of(context: Context, connection: Connection, name: str, version: int) -> Program:
    """A version of a program that is named by a row, so that it is there."""
    return context.parts.tenants.versions(connection, context.tenant, {(name, version)})[name, version]


def program_of(context: Context, connection: Connection, handle: Handle) -> Program | None:
    """The version in force of the program that a code belongs to."""
    row = load_program_rows(connection, context.tenant).get(handle.program)
    return version_of(context, connection, row.program, row.version) if row is not None and row.version else None


def first_step(program: Program) -> tuple[str, Step]:
    """What a new customer does first, and so what is confirmed of him."""
    steps = program.model.steps
    return next(((name, step) for name, step in steps.items() if step.after is None), next(iter(steps.items())))


def evidence_of(program: Program) -> Said | None:
    """As what an invitation that was said at the counter counts: the strongest that the program takes."""
    taken = program.model.attribution.evidence
    said: tuple[Said, ...] = ("staff", "code", "claim")
    return next((kind for kind in said if kind in taken), None)


def benefit_of(program: Program, reward: Reward) -> Benefit | None:
    """What a reward consists of; None as long as its recipient has to choose."""
    return program.model.rewards[reward.rule].benefits.get(reward.option)


def worth(program: Program, reward: Reward, language: str) -> str:
    """What a reward is, in words: "1 coffee", "25% off"."""
    benefit = benefit_of(program, reward)
    if benefit is not None and (benefit.percent_off or benefit.kind == "coupon"):
        return benefit_text(benefit, language) or ""
    return amount(Quantity(reward.remaining or reward.amount, reward.unit), language)


def look_up(context: Context, text: str, language: str) -> Found | None:
    """What stands behind what was typed, in words; None where nothing does."""
    code = typed_code(text)
    with context.parts.database.read() as connection:
        if code:
            found = behind(context, connection, code)
            if found.handle is not None:
                return _invitation(context, connection, found.handle, language)
            if found.reward is not None:
                return Found(rewards=(held(context, connection, found.reward, language),))
        return _customer(context, connection, text, language)


def held(context: Context, connection: Connection, reward: Reward, language: str) -> Held:
    """A reward as it is shown to who hands it over."""
    program = version_of(context, connection, reward.program, reward.version)
    benefit = benefit_of(program, reward)
    blocked = _not_usable(reward, benefit)
    ask: Ask = ""
    if benefit is not None and not blocked:
        used = KINDS[benefit.kind].used
        ask = "total" if used == "orders" else "part" if is_currency(reward.unit) else ""
    until = "" if reward.expires_ms is None else moment(iso(reward.expires_ms), language, program.model.zone)
    return Held(
        reward=reward.id,
        entry=uuid.uuid4().hex,
        what=worth(program, reward, language),
        until=until,
        ask=ask,
        currency=isolate(program.model.currency, language) if ask == "total" else isolate(reward.unit, language),
        blocked=catalogue(language).text(f"counter.reward.{blocked}") if blocked else "",
    )


def is_usable(reward: Reward, benefit: Benefit | None) -> bool:
    """Whether a reward can be handed over or used at the counter now."""
    return not _not_usable(reward, benefit)


def _not_usable(reward: Reward, benefit: Benefit | None) -> str:
    """Why a reward cannot be used; empty where it can."""
    if reward.status in ("redeemed", "expired"):
        return reward.status
    if reward.status not in ("issued", "approved"):
        return "not_yet" if reward.status == "pending" else "gone"
    if benefit is None or (reward.status == "approved" and reward.reason != "waiting_for_shop"):
        return "not_yet"
    if reward.collected or KINDS[benefit.kind].used == "never":
        return "not_here"
    return "gone" if reward.status == "issued" and not reward.remaining else ""


def _invitation(context: Context, connection: Connection, handle: Handle, language: str) -> Found:
    program, texts, now_ms = program_of(context, connection, handle), catalogue(language), context.parts.now_ms()
    status = status_of(load_program_rows(connection, context.tenant)[handle.program])
    blocked = _blocked(handle, program, status, now_ms)
    code, entry = handle.written, uuid.uuid4().hex
    if program is None or blocked:
        return Found(invitation=Invitation(code, entry, blocked=texts.text(f"counter.blocked.{blocked}")))
    both = promised(program, language, from_ms(now_ms).astimezone(program.model.zone).date()).sides
    name, step = first_step(program)
    shown = Invitation(
        code,
        entry,
        friend=both.friend,
        advocate=both.advocate or (texts.text("counter.more") if both.more else ""),
        does=happening(program.model, name, language),
        currency=isolate(program.model.currency, language) if step.event == "order" else "",
        unnamed=context.parts.settings.counter_unnamed,
    )
    return Found(invitation=shown)


def _blocked(handle: Handle, program: Program | None, status: Status, now_ms: int) -> str:
    """Why an invitation starts nothing now; empty where it does."""
    if program is None:
        return "program_planned"
    refused = handle.refused_at(now_ms)
    if refused is not None:
        return refused
    if status != "live":
        return f"program_{status}"
    return "" if evidence_of(program) else "evidence"


def _customer(context: Context, connection: Connection, text: str, language: str) -> Found | None:
    person = typed_person(text, context.parts.settings.phone_prefix)
    if person is None:
        return None
    try:
        keys = set(identity_keys(seal_person(person, context.parts.keyring)))
    except Refused:
        return None
    state = State()
    load(connection, context.tenant, state, {IDENTITIES.name: keys})
    id = state.get(IDENTITIES, next(iter(keys)))
    if id is None:
        return None
    rewards = [
        reward
        for reward in reads.rewards(connection, context.tenant, participant=id, limit=REWARDS_MAX).items
        if is_usable(reward, benefit_of(version_of(context, connection, reward.program, reward.version), reward))
    ]
    return Found(
        rewards=tuple(held(context, connection, one, language) for one in rewards),
        visits=tuple(
            Visit(
                entry=uuid.uuid4().hex,
                customer=id,
                program=program.name,
                step=name,
                does=happening(program.model, name, language),
                currency=isolate(program.model.currency, language) if step.event == "order" else "",
            )
            for program, name, step in next_steps(context, connection, id)
        ),
        customer=True,
    )


def next_steps(context: Context, connection: Connection, friend: str) -> Iterator[tuple[Program, str, Step]]:
    """What somebody who was invited may still do, in the versions of the programs that count for him."""
    for referral in reads.referrals(connection, context.tenant, friend=friend, limit=REFERRALS_MAX).items:
        if referral.status not in ("started", "converted"):
            continue
        program = version_of(context, connection, referral.program, referral.version)
        reached = {name for name, state in referral.steps.items() if state.hit is not None}
        for name, step in program.model.steps.items():
            if name not in reached and (step.after is None or step.after in reached):
                yield program, name, step
