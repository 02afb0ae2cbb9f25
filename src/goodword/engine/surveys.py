"""Surveys: what advocates and friends think of a program, one sitting in ninety days."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Survey
from goodword.engine.ids import Keyring
from goodword.engine.people import find
from goodword.engine.state import CLAIMS, HANDLES, PARTICIPANTS, SURVEYS, SurveyRow
from goodword.engine.turn import Turn
from goodword.program.duration import DAY_MS, iso
from goodword.program.loader import Program

EVERY_DAYS = 90
"""So many days pass before an answer of the same person counts again."""


def text_key(survey: str) -> str:
    """Under which key of the personal data stands what somebody wrote."""
    return f"survey:{survey}"


def take_survey(turn: Turn, event: Survey) -> None:
    """Somebody says what he thinks."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    if event.claim is not None:
        _take_of_friend(turn, program, event, event.claim)
        return
    person = find(turn, event.person, event.participant)
    if person is None:
        return
    again_ms = (person.surveyed_ms or 0) + EVERY_DAYS * DAY_MS
    if person.surveyed_ms is not None and turn.occurred_ms < again_ms:
        turn.say("surveyed_recently", {"until": iso(again_ms)}, program=program)
        return
    row = _row(turn, program, event, turn.keyring.id("sv", turn.event_id), person.id)
    turn.draft.put(SURVEYS, row.id, row)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, surveyed_ms=turn.occurred_ms))
    if event.text is not None:
        turn.written = (person.id, text_key(row.id))
    turn.say("survey_taken", program=program)


def survey_of_claim(keyring: Keyring, claim: str) -> str:
    """The survey of a friend who is known by his claim alone: there is one."""
    return keyring.id("sv", "claim", claim)


def _take_of_friend(turn: Turn, program: Program, event: Survey, token: str) -> None:
    """A friend of whom nothing is known but that he accepted an invitation: his claim stands where a participant would."""
    claim = turn.draft.get(CLAIMS, token)
    handle = turn.draft.get(HANDLES, claim.code) if claim is not None else None
    if handle is None or handle.program != program.name:
        turn.say("unknown_claim", {"token": token})
        return
    id = survey_of_claim(turn.keyring, token)
    if turn.draft.get(SURVEYS, id) is not None:
        turn.say("surveyed_recently", program=program)
        return
    turn.draft.put(SURVEYS, id, _row(turn, program, event, id, token))
    turn.say("survey_taken", program=program)


def _row(turn: Turn, program: Program, event: Survey, id: str, who: str) -> SurveyRow:
    return SurveyRow(
        id,
        program.name,
        who,
        event.side,
        turn.occurred_ms,
        event.recommend,
        event.easy,
        event.attractive,
        event.motivates,
    )
