"""What is pressed at the counter becomes events: each press once, within the limits of who presses, and kept with its outcome.

An entry is written before anything is told (`counter_log`). Its events have ids of its own: told again after a crash, a lost answer
or a second press they find their first answers. So one way serves both what is pressed online and what waited on the device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from goodword.engine.events import (
    Activity,
    Cancel,
    Claim,
    Order,
    Person,
    Redeem,
    Review,
    RewardAction,
    SignUp,
    SourceEvent,
)
from goodword.engine.reasons import REASONS, Answer
from goodword.engine.state import REFERRALS, Handle, Reward, State
from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.pipeline.intake import seal
from goodword.pipeline.vault import open_code
from goodword.program.benefits import KINDS
from goodword.program.duration import DAY_MS, HOUR_MS, MINUTE_MS, from_ms
from goodword.program.loader import Program
from goodword.program.model import Step
from goodword.program.quantity import is_currency
from goodword.storage import reads
from goodword.storage.counter_log import (
    BROUGHT,
    Detail,
    Entry,
    EntryKind,
    begin_entry,
    entries_of,
    find_entry,
    finish_entry,
)
from goodword.storage.load import load
from goodword.storage.staff import Member
from goodword.web.context import Context
from goodword.web.counter_find import (
    CODE_MAX,
    PERSON_MAX,
    behind,
    benefit_of,
    evidence_of,
    first_step,
    next_steps,
    participant_of,
    program_of,
    reward_of,
    typed_amount,
    typed_code,
    typed_person,
    version_of,
)
from goodword.web.events import decide_one
from goodword.web.problems import Conflicts

WAITED_MAX_MS = 12 * HOUR_MS
"""How long a press may have waited on the device: a day later nobody remembers what it was."""
WAITED_KEPT_MS = 30 * DAY_MS
"""No entry says that it was pressed earlier than this: what a device says beyond it is the fault of its clock."""
REPEAT_MS = 10 * MINUTE_MS
"""So close to each other, two confirmations of one step of one customer are one that was pressed again."""
UNDO_MS = DAY_MS
"""How long somebody may take back what he confirmed himself."""
GOES_ON = ("friend_taken",)
"""With a claim that was refused for this, the visit counts all the same: for the invitation that stands."""
ID_PATTERN = "^[0-9A-Za-z-]{8,64}$"


class Press(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was pressed, as a form or a waiting device says it."""

    id: Annotated[str, Meta(pattern=ID_PATTERN)]
    """Made where it was pressed: told again, it is the same press."""
    kind: EntryKind
    code: Annotated[str, Meta(max_length=CODE_MAX)] = ""
    reward: Annotated[str, Meta(max_length=100)] = ""
    person: Annotated[str, Meta(max_length=PERSON_MAX)] = ""
    customer: Annotated[str, Meta(max_length=100)] = ""
    """For a visit: Goodword's own id of who came, and which step of which program it is."""
    program: Annotated[str, Meta(max_length=100)] = ""
    step: Annotated[str, Meta(max_length=100)] = ""
    amount: Annotated[str, Meta(max_length=40)] = ""
    waited_ms: Annotated[int, Meta(ge=0, le=2**53)] = 0
    """How long ago it was pressed, by the device's own clock, whose time of day may be wrong."""
    offline: bool = False


class Stop(Exception):
    """An entry that cannot become an event: the code of the counter's own reason, and its values."""

    def __init__(self, reason: str, **values: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values


class Plan(Struct, frozen=True):
    """What an entry tells, in this order."""

    events: tuple[SourceEvent, ...]
    detail: Detail
    redeems: str = ""
    """The reward that an order has to use, or it is taken back."""


def entry_id(member: Member, press: str) -> str:
    """Under which id a press of a member is kept."""
    return f"counter-{member.id}-{press}"


async def confirm(context: Context, member: Member, press: Press) -> Entry:
    """Have what was pressed decided, once; what became of it, the first time.

    Raises:
        Problem: it could not be decided now. Pressed again, it goes on.
    """
    now_ms = context.parts.now_ms()
    at_ms = now_ms - min(press.waited_ms, WAITED_KEPT_MS)
    entry = Entry(entry_id(member, press.id), member.id, press.kind, at_ms, now_ms, press.offline)
    return await _through(context, member, entry, lambda connection, begun: _plan(context, connection, begun, press))


async def undo(context: Context, member: Member, id: str) -> Entry | None:
    """Take back what this member confirmed of late; None where there is nothing to take back. Pressed twice, it is one."""

    def wanted() -> Entry | None:
        with context.parts.database.read() as connection:
            return find_entry(connection, context.tenant, id)

    before = await run_in_threadpool(wanted)
    now_ms = context.parts.now_ms()
    if before is None or before.staff != member.id or not can_undo(before, now_ms):
        return None
    entry = Entry(f"{before.id}-undo", member.id, "undo", now_ms, now_ms, offline=False)
    done = await _through(
        context, member, entry, lambda connection, begun: _undoing(context, connection, begun, before)
    )
    if done.outcome == "accepted":
        undone = replace(before, detail=replace(before.detail, undone_by=done.id))
        await run_in_threadpool(_finish, context, undone)
    return done


def can_undo(entry: Entry, now_ms: int) -> bool:
    """Whether an entry may be taken back: soon, once, and where there is something that takes it back.

    What was refused may have begun an invitation all the same.
    """
    detail, stands = entry.detail, entry.outcome in ("accepted", "waiting")
    back = detail.began or (stands and (detail.order or detail.voids))
    return now_ms - entry.at_ms < UNDO_MS and entry.kind != "undo" and not detail.undone_by and bool(back)


async def _through(context: Context, member: Member, entry: Entry, plan: Callable[[Connection, Entry], Plan]) -> Entry:
    begun = await run_in_threadpool(_begin, context, member, entry)
    if begun.outcome != "open":
        return begun
    try:
        if begun.received_ms - begun.at_ms > WAITED_MAX_MS:
            raise Stop("too_late")
        told = await _tell(context, begun, await run_in_threadpool(_planned, context, begun, plan))
    except Stop as stop:
        told = replace(begun, outcome="refused", reason=stop.reason, detail=Detail(values=stop.values))
    await run_in_threadpool(_finish, context, told)
    return told


def _begin(context: Context, member: Member, entry: Entry) -> Entry:
    """The entry as it is to be gone on with: itself, or what stands under its id."""
    with context.parts.database.write_aside(f"counter:{context.tenant}:{entry.staff}") as connection:
        begin_entry(connection, context.tenant, entry, member.limits)
        found = find_entry(connection, context.tenant, entry.id)
    assert found is not None  # noqa: S101 - written a line before
    return found


def _planned(context: Context, entry: Entry, plan: Callable[[Connection, Entry], Plan]) -> Plan:
    with context.parts.database.read() as connection:
        return plan(connection, entry)


def _finish(context: Context, entry: Entry) -> None:
    with context.parts.database.write_aside() as connection:
        finish_entry(connection, context.tenant, entry)


# what is told -----------------------------------------------------------------------------------------------------------


def _plan(context: Context, connection: Connection, entry: Entry, press: Press) -> Plan:
    code = typed_code(press.code)
    if press.kind == "new":
        handle = behind(context, connection, code).handle if code else None
        if handle is None:
            raise Stop("unknown_code")
        return _new_customer(context, connection, entry, press, handle)
    if press.kind == "visit":
        return _visit(context, connection, entry, press)
    reward = reward_of(context, connection, press.reward) if press.reward else None
    if reward is None and code:
        reward = behind(context, connection, code).reward
    if reward is None:
        raise Stop("unknown_code")
    return _use(context, connection, entry, press, reward)


def _new_customer(context: Context, connection: Connection, entry: Entry, press: Press, handle: Handle) -> Plan:
    """The invitation, and then what the new customer did."""
    program = program_of(context, connection, handle)
    evidence = None if program is None else evidence_of(program)
    if program is None or evidence is None:
        raise Stop("not_here")
    person = _new_person(context, entry, press)
    at = from_ms(entry.at_ms)
    claim = Claim(id=f"{entry.id}-claim", occurred_at=at, code=handle.written, person=person, via=evidence)
    name, step = first_step(program)
    event, detail = _step_event(entry, press, program, name, step, person)
    _once(context, connection, entry, detail, _participant(context, connection, person))
    return Plan((claim, event), detail)


def _visit(context: Context, connection: Connection, entry: Entry, press: Press) -> Plan:
    """What somebody who was invited before does next."""
    wanted = (press.program, press.step)
    steps = next_steps(context, connection, press.customer)
    found = next(((program, step) for program, name, step in steps if (program.name, name) == wanted), None)
    if found is None:
        raise Stop("not_here")
    person = _known_person(context, connection, press.customer)
    event, detail = _step_event(entry, press, found[0], press.step, found[1], person)
    _once(context, connection, entry, detail, press.customer)
    return Plan((event,), detail)


def _once(context: Context, connection: Connection, entry: Entry, detail: Detail, participant: str | None) -> None:
    """Each look-up makes a new press: what the same member confirmed just now is not told again.

    Raises:
        Stop: it was confirmed minutes before, or after, and stands.
    """
    if participant is None:
        return
    first_ms, last_ms = entry.at_ms - REPEAT_MS, entry.at_ms + REPEAT_MS
    for other in entries_of(connection, context.tenant, entry.staff, first_ms, last_ms):
        same = (other.detail.participant, other.detail.program, other.detail.step)
        stands = other.kind in BROUGHT and other.outcome in ("accepted", "waiting") and not other.detail.undone_by
        if stands and other.id != entry.id and same == (participant, detail.program, detail.step):
            raise Stop("twice")


def _step_event(
    entry: Entry, press: Press, program: Program, name: str, step: Step, person: Person
) -> tuple[SourceEvent, Detail]:
    """The event that reaches a step, and what takes it back."""
    at, id = from_ms(entry.at_ms), f"{entry.id}-visit"
    event: SourceEvent
    voids = order = ""
    match step.event:
        case "activity":
            event = Activity(id=id, occurred_at=at, person=person, name=step.activity or "")
            voids = min(step.undone_by_activity, default="")
        case "sign_up":
            event = SignUp(id=id, occurred_at=at, person=person)
        case _:
            order = entry.id
            total, currency = _total(press, program), program.model.currency
            event = Order(id=id, occurred_at=at, person=person, order=order, total=total, currency=currency)
    return event, Detail(program=program.name, step=name, order=order, voids=voids)


def _use(context: Context, connection: Connection, entry: Entry, press: Press, reward: Reward) -> Plan:
    """A reward is used: on a purchase where its kind asks for one, else by itself."""
    program = version_of(context, connection, reward.program, reward.version)
    benefit = benefit_of(program, reward)
    if benefit is None:
        raise Stop("not_usable")
    at = from_ms(entry.at_ms)
    detail = Detail(program=program.name, reward=reward.id, participant=reward.participant)
    match KINDS[benefit.kind].used:
        case "never":
            raise Stop("not_here")
        case "events":
            part = None
            if press.amount and is_currency(reward.unit):
                part = typed_amount(press.amount, reward.unit)
                if not part:
                    raise Stop("amount")
            event = RewardAction(
                id=f"{entry.id}-use", occurred_at=at, reward=reward.id, action="redeem", amount=part, why=entry.staff
            )
            return Plan((event,), detail)
    keyring = context.parts.keyring
    code = open_code(keyring, reward.own_code) if reward.own_code else keyring.reward_code(reward.id)
    order = Order(
        id=f"{entry.id}-order",
        occurred_at=at,
        order=entry.id,
        person=_known_person(context, connection, reward.participant),
        total=_total(press, program),
        currency=program.model.currency,
        redeems=(Redeem(code=code),),
    )
    return Plan((order,), replace(detail, order=entry.id), redeems=reward.id)


def _undoing(context: Context, connection: Connection, entry: Entry, before: Entry) -> Plan:
    """What happened is taken back, and the invitation that this entry began: the right one could not be confirmed else."""
    at, told = from_ms(entry.at_ms), before.detail
    began = told.began if told.began and _nothing_more(context, connection, before) else ""
    events: list[SourceEvent] = []
    if before.outcome != "refused" and told.order:
        events.append(Cancel(id=f"{entry.id}-cancel", occurred_at=at, order=told.order))
    elif before.outcome != "refused" and told.voids:
        person = _known_person(context, connection, told.participant)
        events.append(Activity(id=f"{entry.id}-visit", occurred_at=at, name=told.voids, person=person))
    if began:
        events.append(Review(id=f"{entry.id}-withdraw", occurred_at=at, referral=began, verdict="withdraw"))
    if not events:
        raise Stop("went_on")
    return Plan(tuple(events), replace(told, undone_by="", values={}, events=(), began=began))


def _nothing_more(context: Context, connection: Connection, before: Entry) -> bool:
    """Whether the invitation that an entry began still stands, and nothing but this entry reached a step of it."""
    state = State()
    load(connection, context.tenant, state, {REFERRALS.name: {before.detail.began}})
    referral = state.get(REFERRALS, before.detail.began)
    if referral is None or not referral.live:
        return False
    hits = [step.hit.event for step in referral.steps.values() if step.hit is not None]
    return all(event in before.detail.events for event in hits)


def _new_person(context: Context, entry: Entry, press: Press) -> Person:
    settings = context.parts.settings
    person = typed_person(press.person, settings.phone_prefix)
    if person is None:
        if not settings.counter_unnamed:
            raise Stop("person")
        return Person(id=entry.id)  # nobody knows him again: the word of the staff has to do
    return person


def _participant(context: Context, connection: Connection, person: Person) -> str | None:
    """Who is meant, if he is known already."""
    try:
        return participant_of(context, connection, person)
    except Refused:
        raise Stop("person") from None


def _known_person(context: Context, connection: Connection, participant: str) -> Person:
    """Somebody who is known, as the shop knows him."""
    known = reads.people(connection, context.tenant, [participant]).get(participant, {})
    person = Person(id=known.get("id"), email=known.get("email"), phone=known.get("phone"))
    if person == Person():
        raise Stop("forgotten")
    return person


def _total(press: Press, program: Program) -> int:
    total = typed_amount(press.amount, program.model.currency)
    if total is None:
        raise Stop("amount")
    return total


# what is answered -------------------------------------------------------------------------------------------------------


async def _tell(context: Context, entry: Entry, plan: Plan) -> Entry:
    """Tell the events of a plan one after another; the entry with what became of them."""
    told: list[str] = []
    answer: Answer | None = None
    participant, began = plan.detail.participant, plan.detail.began
    reason = ""
    for event in plan.events:
        answer = await _decided(context, event)
        told.append(event.id)
        participant = participant or answer.participant or ""
        began = began or _began(answer)
        refused = _why_refused(answer)
        reason = reason or refused
        if answer.outcome == "refused" and refused not in GOES_ON:
            break
    assert answer is not None  # noqa: S101 - a plan has an event
    outcome = answer.outcome
    if plan.redeems and not any(one.code == "reward_redeemed" and one.reward == plan.redeems for one in answer.reasons):
        # The purchase was told for the sake of the reward: it must not stand without it, or it would be told twice.
        cancel = Cancel(id=f"{entry.id}-cancel", occurred_at=from_ms(entry.at_ms), order=entry.id)
        await _decided(context, cancel)
        outcome = "refused"
    detail = replace(plan.detail, events=tuple(told), participant=participant, began=began)
    return replace(entry, outcome=outcome, reason=reason if outcome == "refused" else "", detail=detail)


async def _decided(context: Context, event: SourceEvent) -> Answer:
    """The answer to an event: the first one, if it was told before, whatever was typed this time."""
    try:
        sealed = seal(event, context.parts.keyring, context.parts.now_ms(), history=False)
    except Refused as error:
        raise Stop("person" if error.field.startswith("person") else "unreadable") from None
    try:
        return msgspec.json.decode(await decide_one(context.batcher, sealed), type=Answer)
    except Conflicts:

        def stored() -> bytes:
            with context.parts.database.read() as connection:
                found = reads.event(connection, context.tenant, event.id)
            assert found is not None  # noqa: S101 - it has just been in the way
            return bytes(found.answer)

        return msgspec.json.decode(await run_in_threadpool(stored), type=Answer)


def _began(answer: Answer) -> str:
    """The invitation that an event began; empty where it began none."""
    return next((one.referral or "" for one in answer.reasons if one.code == "referral_started"), "")


def _why_refused(answer: Answer) -> str:
    return next((one.code for one in answer.reasons if REASONS[one.code][0] == "refused"), "")
