"""What the API shows of the rows: times as RFC 3339, no hashes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from goodword.engine.events import Scalar
from goodword.engine.ids import Keyring
from goodword.engine.objections import text_key
from goodword.engine.programs import status_of
from goodword.engine.reasons import Answer, Reason
from goodword.engine.state import (
    ClaimRow,
    Handle,
    Moderation,
    ObjectionRow,
    Participant,
    PayoutRow,
    PayoutStatus,
    ProgramRow,
    Referral,
    ReferralStatus,
    Reward,
    RewardStatus,
    SurveyRow,
)
from goodword.engine.surveys import text_key as survey_text
from goodword.metrics.costs import Cost, Kind
from goodword.pipeline.process import shown
from goodword.pipeline.vault import open_code
from goodword.program.diff import Change
from goodword.program.duration import from_ms
from goodword.storage.hits import Hit
from goodword.storage.reads import Movement, ProgramVersion, StoredEvent
from goodword.words.sentences import sentence


class AdvocateCode(Struct, frozen=True):
    """A public code of an advocate in a program."""

    program: str
    code: str


class PersonOut(Struct, frozen=True, omit_defaults=True):
    """What is known about somebody in clear. Only shown to keys with scope `people`."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    country: str | None = None
    language: str | None = None
    post: str | None = None
    """Where things are sent to."""
    payout: str | None = None
    """How he wants to be paid, in his own words."""


class ParticipantOut(Struct, frozen=True, omit_defaults=True):
    """Somebody who takes part, as advocate, as friend, or as a customer only."""

    id: str
    created_at: datetime
    country: str | None = None
    language: str | None = None
    fields: dict[str, Scalar] = {}
    signed_up_at: datetime | None = None
    erased_at: datetime | None = None
    """Since when nothing is known about him any more."""
    payout_changed_at: datetime | None = None
    """When he last said how he is to be paid."""


class AcceptanceOut(Struct, frozen=True):
    """Terms that somebody accepted: a version of a program, as it was read in a language."""

    program: str
    version: int
    language: str
    accepted_at: datetime


class ConsentOut(Struct, frozen=True):
    """What somebody said last when he was asked for his consent."""

    purpose: str
    given: bool
    language: str
    said_at: datetime


class TermsOut(Struct, frozen=True):
    """What a version of a program says to people in a language, as it was stored with the version."""

    program: str
    version: int
    language: str
    text: str


class ParticipantDetail(ParticipantOut, frozen=True, omit_defaults=True):
    """A participant with his codes, and for keys with scope `people` the person."""

    codes: tuple[AdvocateCode, ...] = ()
    accepted: tuple[AcceptanceOut, ...] = ()
    consents: tuple[ConsentOut, ...] = ()
    person: PersonOut | None = None


class HandleOut(Struct, frozen=True, omit_defaults=True):
    """A public code: it pays its advocate in its program."""

    code: str
    program: str
    participant: str
    created_at: datetime
    name: str | None = None
    target: str | None = None
    expires_at: datetime | None = None
    disabled_at: datetime | None = None


class ClaimOut(Struct, frozen=True, omit_defaults=True):
    """An accepted invitation that waits under its token for its friend."""

    token: str
    code: str
    via: str
    claimed_at: datetime
    click: str | None = None


class MovementOut(Struct, frozen=True, omit_defaults=True):
    """A movement on a balance: how much, what it left there, and the account that it came from or went to."""

    seq: int
    at: datetime
    event: str
    type: str
    amount: int
    balance: int
    other: str
    reward: str | None = None


class PayTo(Struct, frozen=True, omit_defaults=True):
    """How a partner wants to be paid, in his own words."""

    details: str
    name: str | None = None
    changed_at: datetime | None = None
    """When he last said so: a change just before a payout deserves a second look."""


class PayoutOut(Struct, frozen=True, omit_defaults=True):
    """What a partner is paid of what came together on his account."""

    id: str
    program: str
    participant: str
    unit: str
    amount: int
    period: str
    """The week or month at whose end it was made: `2026-W41`, `2026-10`."""
    status: PayoutStatus
    created_at: datetime
    settled_at: datetime | None = None
    """When the shop said that it was paid, or that it failed."""
    why: str = ""
    pay_to: PayTo | None = None
    """Whom to pay, and how. Only shown to keys with scope `people`, and where he said how."""


class ObjectionOut(Struct, frozen=True, omit_defaults=True):
    """Somebody objected to a decision, or said that something is missing."""

    id: str
    program: str
    participant: str
    made_at: datetime
    status: Literal["open", "answered", "closed"]
    """Closed without an answer, where nobody is left to be answered."""
    about: str | None = None
    """A referral or a reward; without one, something is missing that he cannot name."""
    text: str | None = None
    """What he wrote. Only shown to keys with scope `people`."""
    verdict: str | None = None
    answered_at: datetime | None = None
    why: str = ""
    """What staff answered."""


class SurveyOut(Struct, frozen=True, omit_defaults=True):
    """What somebody thinks of a program."""

    id: str
    program: str
    participant: str
    side: Literal["advocate", "friend"]
    answered_at: datetime
    recommend: int | None = None
    """0 to 10."""
    easy: int | None = None
    """1 to 5."""
    attractive: int | None = None
    """1 to 5."""
    motivates: str | None = None
    text: str | None = None
    """What he wrote. Only shown to keys with scope `people`."""


class BalanceOut(Struct, frozen=True):
    """What stands on a balance, in the smallest unit; below zero is a debt."""

    unit: str
    amount: int


class StepOut(Struct, frozen=True):
    """A step that a referral reached: when, and by which event."""

    at: datetime
    event: str


class RivalOut(Struct, frozen=True):
    """Evidence for another advocate, and why it did not win."""

    advocate: str
    code: str
    evidence: str
    at: datetime
    reason: str


class ReferralOut(Struct, frozen=True, omit_defaults=True):
    """A friend tied to an advocate in a program."""

    id: str
    program: str
    version: int
    advocate: str
    friend: str
    code: str
    evidence: str
    status: ReferralStatus
    moderation: Moderation
    claimed_at: datetime
    until: datetime
    moderation_why: tuple[str, ...] = ()
    converted_at: datetime | None = None
    steps: dict[str, StepOut] = {}
    rivals: tuple[RivalOut, ...] = ()
    click: str | None = None
    """The click that the friend was seen to come with."""


class HitOut(Struct, frozen=True):
    """A person followed the link of a code."""

    at: datetime
    program: str
    channel: str | None
    """Where the link stood, as its `ch` says."""
    click: str | None
    """The id in the click token that went to the shop."""


class ReferralDetail(ReferralOut, frozen=True, omit_defaults=True):
    """A referral with the latest clicks on its code before it was claimed, the newest first: what speaks for its link."""

    clicks: tuple[HitOut, ...] = ()


class RewardOut(Struct, frozen=True, omit_defaults=True):
    """A reward. `code` is shown while it can be used, `answers` (what its recipient said) to who hands it over: both to keys
    with scope `events` or `staff`."""

    id: str
    program: str
    version: int
    rule: str
    side: str
    participant: str
    referral: str | None
    event: str
    status: RewardStatus
    unit: str
    amount: int
    granted_at: datetime
    reason: str | None = None
    remaining: int = 0
    used: int = 0
    owed: int = 0
    discount: int = 0
    mature_at: datetime | None = None
    expires_at: datetime | None = None
    order: str | None = None
    code: str | None = None
    option: str | None = None
    """Which of several benefits it is."""
    answers: dict[str, str] = {}


class ExplainedReason(Reason, frozen=True, omit_defaults=True):
    """A reason, with its sentence where a language was asked for."""

    sentence: str | None = None


class ExplainedAnswer(Answer, frozen=True, omit_defaults=True):
    """A stored answer, with sentences where a language was asked for."""

    reasons: tuple[ExplainedReason, ...] = ()


class EventOut(Struct, frozen=True):
    """An event that was decided, with its answer."""

    seq: int
    id: str
    type: str
    occurred_at: datetime
    clock: datetime
    history: bool
    answer: ExplainedAnswer


class ProgramOut(Struct, frozen=True):
    """A published version of a program."""

    program: str
    version: int
    digest: str
    published_at: datetime
    """When it was stored: one that is planned comes into force later."""
    current: bool
    priority: int
    starts_at: datetime | None = None
    """When it comes into force, where it is planned."""


class ClosureOut(Struct, frozen=True):
    """A time in which a program takes in nothing new; without `until` it lasts."""

    since: datetime
    until: datetime | None
    ended: bool


class ProgramDetail(Struct, frozen=True):
    """Where a program stands, the version in force with its file, and all its versions, the newest first."""

    program: str
    status: Literal["planned", "live", "paused", "ended"]
    version: int | None
    """None as long as the first version is planned."""
    file: str | None
    ends_at: datetime | None
    closures: tuple[ClosureOut, ...]
    versions: tuple[ProgramOut, ...]


class VersionDetail(Struct, frozen=True):
    """A published version with its file."""

    about: ProgramOut
    file: str


class ChangeOut(Struct, frozen=True):
    """A part of a program file that is new, gone or different, as the file spells it; `place` is its line and column."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    place: str


class DiffOut(Struct, frozen=True):
    """What changed between two versions of a program."""

    program: str
    old: int = msgspec.field(name="from")
    new: int = msgspec.field(name="to")
    changes: tuple[ChangeOut, ...]


class WarningOut(Struct, frozen=True):
    """A risk that the linter sees in a program."""

    code: str
    path: str
    place: str
    message: str


class PublishedOut(Struct, frozen=True):
    """A program that is in force, or will be at `starts_at`; `new` is false where this very file was so before."""

    program: str
    version: int
    digest: str
    new: bool
    starts_at: datetime | None
    warnings: tuple[WarningOut, ...]


class CostOut(Struct, frozen=True):
    """What a program, or the business as a whole, spent beside rewards, for a time; both days included."""

    id: str
    program: str | None
    """None: a cost of the business, shared evenly over the programs that are in force on each day."""
    kind: Kind
    first_day: date
    last_day: date
    amount: int
    """In the smallest unit of the currency."""
    currency: str
    note: str
    created_at: datetime


def cost_out(cost: Cost) -> CostOut:
    """A cost as it is shown."""
    values = {name: getattr(cost, name) for name in CostOut.__struct_fields__ if name != "created_at"}
    return CostOut(**values, created_at=from_ms(cost.created_ms))


def participant_out(row: Participant, fields: bool) -> ParticipantOut:
    """A participant as a list shows him; his fields only where asked for, as a shop may write anything into them."""
    return ParticipantOut(
        id=row.id,
        created_at=from_ms(row.created_ms),
        country=row.country,
        language=row.language,
        fields=row.fields if fields else {},
        signed_up_at=_moment(row.signed_up_ms),
        erased_at=_moment(row.erased_ms),
        payout_changed_at=_moment(row.payout_ms),
    )


def participant_detail(row: Participant, handles: list[Handle], person: dict[str, str] | None) -> ParticipantDetail:
    """A participant on his own."""
    return ParticipantDetail(
        **msgspec.structs.asdict(participant_out(row, person is not None)),
        codes=tuple(AdvocateCode(handle.program, handle.written) for handle in handles),
        accepted=tuple(
            AcceptanceOut(one.program, one.version, one.language, from_ms(one.at_ms)) for one in row.accepted
        ),
        consents=tuple(
            ConsentOut(purpose, said.given, said.language, from_ms(said.at_ms))
            for purpose, said in row.consents.items()
        ),
        person=None if person is None else msgspec.convert(person, PersonOut),
    )


def handle_out(row: Handle) -> HandleOut:
    """A code as the API shows it."""
    return HandleOut(
        code=row.written,
        program=row.program,
        participant=row.participant,
        created_at=from_ms(row.created_ms),
        name=row.name,
        target=row.target,
        expires_at=_moment(row.expires_ms),
        disabled_at=_moment(row.disabled_ms),
    )


def claim_out(row: ClaimRow) -> ClaimOut:
    """A claim as the API shows it."""
    return ClaimOut(row.token, row.code, row.via, from_ms(row.claimed_ms), row.click)


def movement_out(row: Movement) -> MovementOut:
    """A line of a statement."""
    return MovementOut(
        seq=row.seq,
        at=from_ms(row.clock_ms),
        event=row.event,
        type=row.type,
        amount=row.amount,
        balance=row.balance,
        other=row.other,
        reward=row.reward,
    )


def payout_out(row: PayoutRow, pay_to: PayTo | None = None) -> PayoutOut:
    """A payout as the API shows it."""
    return PayoutOut(
        id=row.id,
        program=row.program,
        participant=row.participant,
        unit=row.unit,
        amount=row.amount,
        period=row.period,
        status=row.status,
        created_at=from_ms(row.created_ms),
        settled_at=_moment(row.settled_ms),
        why=row.why,
        pay_to=pay_to,
    )


def pay_to(row: Participant | None, person: dict[str, str]) -> PayTo | None:
    """How somebody wants to be paid; None where he said nothing."""
    if "payout" not in person:
        return None
    return PayTo(person["payout"], person.get("name"), _moment(row.payout_ms) if row else None)


def objection_out(row: ObjectionRow, person: dict[str, str] | None) -> ObjectionOut:
    """An objection as the API shows it; with what is known of the person, also what he wrote."""
    return ObjectionOut(
        id=row.id,
        program=row.program,
        participant=row.participant,
        made_at=from_ms(row.at_ms),
        status=row.status,
        about=row.about,
        text=(person or {}).get(text_key(row.id)),
        verdict=row.verdict or None,
        answered_at=_moment(row.answered_ms),
        why=row.why,
    )


def survey_out(row: SurveyRow, person: dict[str, str] | None) -> SurveyOut:
    """A survey as the API shows it; with what is known of the person, also what he wrote."""
    return SurveyOut(
        id=row.id,
        program=row.program,
        participant=row.participant,
        side=row.side,
        answered_at=from_ms(row.at_ms),
        recommend=row.recommend,
        easy=row.easy,
        attractive=row.attractive,
        motivates=row.motivates,
        text=(person or {}).get(survey_text(row.id)),
    )


def change_out(change: Change) -> ChangeOut:
    """A change of a program as the API shows it."""
    return ChangeOut(change.path, change.kind, change.before, change.after, change.place)


def referral_out(row: Referral) -> ReferralOut:
    """A referral as the API shows it."""
    return ReferralOut(
        id=row.id,
        program=row.program,
        version=row.version,
        advocate=row.advocate,
        friend=row.friend,
        code=row.code,
        evidence=row.evidence,
        status=row.status,
        moderation=row.moderation,
        claimed_at=from_ms(row.claimed_ms),
        until=from_ms(row.until_ms),
        moderation_why=row.moderation_why,
        converted_at=_moment(row.converted_ms),
        steps={name: StepOut(from_ms(step.hit.at_ms), step.hit.event) for name, step in row.steps.items() if step.hit},
        rivals=tuple(
            RivalOut(one.advocate, one.code, one.evidence, from_ms(one.at_ms), one.reason) for one in row.rivals
        ),
        click=row.click,
    )


def hit_out(row: Hit) -> HitOut:
    """A hit as the API shows it."""
    return HitOut(from_ms(row.at_ms), row.program, row.channel, row.click)


def referral_detail(row: Referral, hits: list[Hit]) -> ReferralDetail:
    """A referral on its own."""
    return ReferralDetail(**msgspec.structs.asdict(referral_out(row)), clicks=tuple(map(hit_out, hits)))


def reward_out(row: Reward, keyring: Keyring | None) -> RewardOut:
    """A reward as the API shows it; with a keyring, also the code of one that can be used."""
    usable = keyring is not None and row.status == "issued" and row.code_hash is not None
    return RewardOut(
        id=row.id,
        program=row.program,
        version=row.version,
        rule=row.rule,
        side=row.side,
        participant=row.participant,
        referral=row.referral,
        event=row.event,
        status=row.status,
        unit=row.unit,
        amount=row.amount,
        granted_at=from_ms(row.granted_ms),
        reason=row.reason,
        remaining=row.remaining,
        used=row.used,
        owed=row.owed,
        discount=row.discount,
        mature_at=_moment(row.mature_ms),
        expires_at=_moment(row.expires_ms),
        order=row.order,
        code=code_of(row, keyring) if keyring is not None and usable else None,
        option=row.option or None,
        answers=row.answers if keyring is not None else {},
    )


def code_of(row: Reward, keyring: Keyring) -> str:
    """The code of a reward that is used by one."""
    return open_code(keyring, row.own_code) if row.own_code else keyring.reward_code(row.id)


def event_out(stored: StoredEvent, keyring: Keyring | None, language: str | None) -> EventOut:
    """An event with its answer; with a keyring, also the codes in it; with a language, also its sentences."""
    raw = bytes(stored.answer)
    answer = msgspec.json.decode(shown(raw, keyring), type=ExplainedAnswer)
    if language is not None:
        told = tuple(msgspec.structs.replace(one, sentence=sentence(one, language)) for one in answer.reasons)
        answer = msgspec.structs.replace(answer, reasons=told)
    return EventOut(
        seq=stored.seq,
        id=stored.id,
        type=stored.type,
        occurred_at=from_ms(stored.occurred_ms),
        clock=from_ms(stored.clock_ms),
        history=stored.history,
        answer=answer,
    )


def show_row(row: Participant | Handle | Referral | Reward | PayoutRow | ObjectionRow) -> object:
    """A row in the body of a webhook: as the API shows it to a key that only reads."""
    match row:
        case Participant():
            return participant_out(row, fields=False)
        case Handle():
            return handle_out(row)
        case Referral():
            return referral_out(row)
        case PayoutRow():
            return payout_out(row)
        case ObjectionRow():
            return objection_out(row, None)
    return reward_out(row, None)


def program_out(version: ProgramVersion) -> ProgramOut:
    """A version as the API shows it."""
    return ProgramOut(
        program=version.program,
        version=version.version,
        digest=version.digest,
        published_at=from_ms(version.published_ms),
        current=version.current,
        priority=version.priority,
        starts_at=_moment(version.planned_ms),
    )


def program_detail(row: ProgramRow, file: str | None, versions: tuple[ProgramOut, ...]) -> ProgramDetail:
    """A program as the API shows it."""
    return ProgramDetail(
        program=row.program,
        status=status_of(row),
        version=row.version or None,
        file=file,
        ends_at=_moment(row.ends_ms),
        closures=tuple(ClosureOut(from_ms(one.from_ms), _moment(one.until_ms), one.ended) for one in row.closures),
        versions=versions,
    )


def schemas(*types: Any) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The JSON Schemas of types, as references, and the components that they refer to."""
    found, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return list(found), components


def _moment(instant_ms: int | None) -> datetime | None:
    return None if instant_ms is None else from_ms(instant_ms)
