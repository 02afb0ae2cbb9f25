"""Objections: somebody says that a decision about him is wrong, or that something is missing; staff answer him.

An answer changes nothing by itself. Where an objection is upheld, staff decide anew what it was about, as they decide
anything: then the review says why, the caps and the budget are asked, and whoever looks finds both.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Objection, ObjectionAnswer
from goodword.engine.people import find
from goodword.engine.reasons import ReasonValue
from goodword.engine.state import (
    OBJECTIONS,
    OBJECTIONS_OPEN_MAX,
    OPEN_OBJECTIONS,
    REFERRALS,
    REWARDS,
    ObjectionRow,
    Participant,
)
from goodword.engine.turn import Turn
from goodword.program.loader import Program


def text_key(objection: str) -> str:
    """Under which key of the personal data stands what somebody wrote."""
    return f"objection:{objection}"


def object_to(turn: Turn, event: Objection) -> None:
    """Somebody objects."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    person = find(turn, event.person, event.participant)
    if person is None or not _may_object(turn, program, person, event.about):
        return
    row = ObjectionRow(
        turn.keyring.id("ob", turn.event_id), program.name, person.id, at_ms=turn.occurred_ms, about=event.about
    )
    turn.draft.put(OBJECTIONS, row.id, row)
    turn.draft.append(OPEN_OBJECTIONS, person.id, row.id)
    turn.written = (person.id, text_key(row.id))
    turn.tell("objection.made", row.id, person.id)
    turn.say("objection_made", {"objection": row.id}, program=program)


def _may_object(turn: Turn, program: Program, person: Participant, about: str | None) -> bool:
    """Whether there is something of his own to object to, and room for it; if not, it is said."""
    waiting = [turn.draft.need(OBJECTIONS, id) for id in turn.draft.many(OPEN_OBJECTIONS, person.id)]
    if about is not None and not _concerns(turn, program, person.id, about):
        turn.say("not_concerned", program=program)
    elif about is not None and any(one.about == about for one in waiting):
        turn.say("objection_waits", program=program)
    elif len(waiting) >= OBJECTIONS_OPEN_MAX:
        turn.say("too_many_objections", {"limit": OBJECTIONS_OPEN_MAX}, program=program)
    else:
        return True
    return False


def _concerns(turn: Turn, program: Program, person: str, about: str) -> bool:
    """Whether a referral or a reward is one of the program, and his: of a referral there are two sides."""
    reward, referral = turn.draft.get(REWARDS, about), turn.draft.get(REFERRALS, about)
    if reward is not None:
        return (reward.participant, reward.program) == (person, program.name)
    return referral is not None and referral.program == program.name and person in (referral.advocate, referral.friend)


def answer_objection(turn: Turn, event: ObjectionAnswer) -> None:
    """Staff answer an objection."""
    row = turn.draft.get(OBJECTIONS, event.objection)
    if row is None:
        turn.say("unknown_objection", {"objection": event.objection})
        return
    turn.participant = row.participant
    program = turn.programs.current(row.program)
    if row.status != "open":
        turn.say("objection_answered_before", {"objection": row.id}, program=program)
        return
    close_objection(turn, replace(row, status="answered", verdict=event.verdict, why=event.why))
    turn.tell("objection.answered", row.id, row.participant)
    values: dict[str, ReasonValue] = {"objection": row.id, "why": event.why}
    turn.say("objection_upheld" if event.verdict == "upheld" else "objection_rejected", values, program=program)
    if event.verdict == "upheld" and row.about is not None:
        _say_what_stands(turn, row.about)


def close_objection(turn: Turn, row: ObjectionRow) -> None:
    """Keep an objection that waits no more."""
    turn.draft.put(OBJECTIONS, row.id, replace(row, answered_ms=turn.occurred_ms))
    left = tuple(id for id in turn.draft.many(OPEN_OBJECTIONS, row.participant) if id != row.id)
    turn.draft.put(OPEN_OBJECTIONS, row.participant, left)


def _say_what_stands(turn: Turn, about: str) -> None:
    """The answer shows what the objection was about as it is, and that this is not changed by it."""
    reward, referral = turn.draft.get(REWARDS, about), turn.draft.get(REFERRALS, about)
    if reward is not None:
        turn.touched_rewards[about] = None
        program = turn.programs.pinned(reward)
        turn.say("decision_stands", {"status": reward.status}, program=program, reward=about)
    elif referral is not None:
        turn.touched_referrals[about] = None
        program = turn.programs.pinned(referral)
        turn.say("decision_stands", {"status": referral.moderation}, program=program, referral=about)
