"""Surveys: what advocates and friends think of a program, one sitting in ninety days."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Survey
from goodword.engine.people import find
from goodword.engine.state import PARTICIPANTS, SURVEYS, SurveyRow
from goodword.engine.turn import Turn
from goodword.program.duration import DAY_MS, iso

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
    person = find(turn, event.person, event.participant)
    if person is None:
        return
    again_ms = (person.surveyed_ms or 0) + EVERY_DAYS * DAY_MS
    if person.surveyed_ms is not None and turn.occurred_ms < again_ms:
        turn.say("surveyed_recently", {"until": iso(again_ms)}, program=program)
        return
    row = SurveyRow(
        turn.keyring.id("sv", turn.event_id),
        program.name,
        person.id,
        event.side,
        turn.occurred_ms,
        event.recommend,
        event.easy,
        event.attractive,
        event.motivates,
    )
    turn.draft.put(SURVEYS, row.id, row)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, surveyed_ms=turn.occurred_ms))
    if event.text is not None:
        turn.written = (person.id, text_key(row.id))
    turn.say("survey_taken", program=program)
