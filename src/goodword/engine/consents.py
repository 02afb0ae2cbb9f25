"""What people consent to. The event is the record; what was said last stands with the person."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import Consent
from goodword.engine.people import find
from goodword.engine.reasons import ReasonValue
from goodword.engine.state import PARTICIPANTS, ConsentState
from goodword.engine.turn import Turn


def consent(turn: Turn, event: Consent) -> None:
    """Somebody consents, or withdraws his consent. The latest word counts, whenever it is told; of two at once, the "no"."""
    person = find(turn, event.person, event.participant)
    if person is None:
        return
    values: dict[str, ReasonValue] = {"purpose": event.purpose, "language": event.language}
    before = person.consents.get(event.purpose)
    if before is not None and before.given == event.given:
        turn.say("consent_known", values)
        return
    if before is not None and (turn.occurred_ms, not event.given) < (before.at_ms, not before.given):
        turn.say("consent_outdated", values)
        return
    said = ConsentState(event.given, turn.occurred_ms, event.language)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, consents=person.consents | {event.purpose: said}))
    turn.say("consent_given" if event.given else "consent_withdrawn", values)
