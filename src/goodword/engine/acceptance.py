"""Who accepted which terms: a version of a program, in the language in which they were read, and when."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Accept, Terms
from goodword.engine.people import resolve
from goodword.engine.reasons import ReasonValue
from goodword.engine.state import ACCEPTED_MAX, PARTICIPANTS, PROGRAMS, Acceptance, Participant
from goodword.engine.turn import Turn
from goodword.program.loader import Program


def accept(turn: Turn, event: Accept) -> None:
    """Somebody accepts the terms of a program."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    version = named_version(turn, program, event.terms)
    person = resolve(turn, event.person) if version else None
    if version is None or person is None:
        return
    turn.say("person_recorded")
    record_acceptance(turn, person, program, version, event.terms.language)


def named_version(turn: Turn, program: Program, terms: Terms) -> int | None:
    """The version whose terms are meant, also one that is planned or was in force; None where there is none: it is said."""
    latest = turn.draft.need(PROGRAMS, program.name).latest
    version = terms.version or program.version
    if version <= latest:
        return version
    turn.say("unknown_version", {"version": version}, program=program)
    return None


def record_acceptance(turn: Turn, person: Participant, program: Program, version: int, language: str) -> None:
    """Note with a person that he accepted terms; the first time counts."""
    values: dict[str, ReasonValue] = {"version": version, "language": language}
    if any((one.program, one.version, one.language) == (program.name, version, language) for one in person.accepted):
        turn.say("terms_known", values, program=program)
        return
    made = Acceptance(program.name, version, language, turn.occurred_ms, turn.event_id)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, accepted=(*person.accepted, made)[-ACCEPTED_MAX:]))
    turn.tell("participant.accepted_terms", person.id, person.id)
    turn.say("terms_accepted", values, program=program)
