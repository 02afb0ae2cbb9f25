"""Asking: whoever is shown that he may invite friends was asked. It is counted, and nobody is asked too often.

When to ask, and when not, follows what is known of it: soon after something good, never before anything was received nor
after something went wrong, seldom, and not for ever where nothing was ever shared.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from goodword.engine.closing import refuse_closed
from goodword.engine.events import Ask
from goodword.engine.people import RECOGNISED_MS, find
from goodword.engine.reasons import Reason, ReasonValue
from goodword.engine.state import PARTICIPANTS, Participant
from goodword.engine.turn import Turn
from goodword.program.duration import DAY_MS, from_ms, iso

ASKED = "asked|"


def asks_key(program: str, at_ms: int, place: str) -> str:
    """The counter of the displays in a place on a day, UTC."""
    return f"{ASKED}{program}|{from_ms(at_ms).date().isoformat()}|{place}"


def ask(turn: Turn, event: Ask) -> None:
    """Somebody was asked, or some whom nobody knows."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    if refuse_closed(turn, program, turn.occurred_ms):
        return
    if event.person is not None or event.participant is not None:
        person = find(turn, event.person, event.participant)
        if person is None:
            return
        asked_ms = max(turn.occurred_ms, person.asked_ms or 0)
        turn.draft.put(PARTICIPANTS, person.id, replace(person, asked_ms=asked_ms, asked=person.asked + 1))
    turn.count(asks_key(program.name, turn.occurred_ms, event.place), event.count)
    turn.say("asked", {"channel": event.place, "count": event.count}, program=program)


def note_share(turn: Turn, participant: str) -> None:
    """Who shares was not asked in vain: it is counted anew."""
    person = turn.person(participant)
    if person.asked:
        turn.draft.put(PARTICIPANTS, person.id, replace(person, asked=0))


class Limits(Struct, frozen=True):
    """How often somebody is asked at most."""

    every_days: int
    """So many days pass before somebody is asked again."""
    without_share: int
    """So often somebody is asked who never shares."""


class Standing(Struct, frozen=True):
    """What is looked at before somebody is asked."""

    person: Participant
    bought: bool
    """Whether an order of his counts."""
    came_back: bool
    """Whether something of his latest order came back."""
    objects: bool
    """Whether an objection of his waits for its answer."""


def why_not(standing: Standing, limits: Limits, now_ms: int) -> tuple[Reason, ...]:
    """Everything that speaks against asking somebody now; nothing if he may be asked."""
    person = standing.person
    found: list[tuple[str, dict[str, ReasonValue]]] = []
    if person.erased_ms is not None:
        return (Reason("person_erased", {"until": iso(person.erased_ms + RECOGNISED_MS)}),)
    if not standing.bought:
        found.append(("nothing_received", {}))
    if standing.came_back:
        found.append(("last_order_came_back", {}))
    if standing.objects:
        found.append(("objection_is_open", {}))
    again_ms = (person.asked_ms or 0) + limits.every_days * DAY_MS
    if person.asked_ms is not None and now_ms < again_ms:
        found.append(("asked_recently", {"until": iso(again_ms)}))
    if person.asked >= limits.without_share:
        found.append(("asked_in_vain", {"limit": limits.without_share}))
    return tuple(Reason(code, values) for code, values in found)
