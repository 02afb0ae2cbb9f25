"""Asking: whoever is shown that he may invite friends was asked. It is counted, and nobody is asked too often.

When to ask, and when not, follows what is known of it: soon after something good (a program says what), never before anything was received nor
after something went wrong, seldom, and not for ever where nothing was ever shared.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from goodword.engine.closing import refuse_closed
from goodword.engine.events import Ask
from goodword.engine.people import RECOGNISED_MS, find
from goodword.engine.reasons import Reason, ReasonValue
from goodword.engine.state import PARTICIPANTS, Participant
from goodword.engine.turn import Turn
from goodword.program.asking import Asking, Moment
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

    def of(self, asking: Asking | None) -> Limits:
        """Those of a program: what it does not say is as it is for all."""
        if asking is None:
            return self
        every_days = self.every_days if asking.every is None else asking.every // DAY_MS
        return Limits(every_days, self.without_share if asking.without_share is None else asking.without_share)


class Standing(Struct, frozen=True):
    """What is looked at before somebody is asked."""

    person: Participant
    bought: bool
    """Whether an order of his counts."""
    came_back: bool
    """Whether something of his latest order came back."""
    objects: bool
    """Whether an objection of his waits for its answer."""
    invited: bool = False
    """Whether a friend brought him."""
    orders: tuple[int, ...] = ()
    """When he placed his latest orders that count."""
    first_orders: tuple[int, ...] = ()
    """When he placed his first ones, in their order."""
    recommends: tuple[tuple[int, int], ...] = ()
    """When he said how likely he recommends the program, and how likely."""

    def times(self, moment: Moment) -> Iterator[int]:
        """When what makes a moment happened to him."""
        if moment.invited and not self.invited:
            return
        if moment.event == "order":
            yield from self.orders if moment.nth is None else self.first_orders[moment.nth - 1 : moment.nth]
        elif moment.event == "activity":
            yield from (at_ms for at_ms, _ in self.person.activities.get(moment.activity or "", ()))
        else:
            least = moment.recommend or 0
            yield from (at_ms for at_ms, recommend in self.recommends if recommend >= least)


def moment_of(standing: Standing, asking: Asking | None, now_ms: int) -> str | None:
    """The moment at which somebody is now, the first one that the program names; None where it names none that is near."""
    for name, moment in asking.moments.items() if asking else ():
        if any(0 <= now_ms - at_ms - moment.after < moment.within for at_ms in standing.times(moment)):
            return name
    return None


def why_not(standing: Standing, limits: Limits, now_ms: int, asking: Asking | None = None) -> tuple[Reason, ...]:
    """Everything that speaks against asking somebody now; nothing if he may be asked.

    A program that names moments says with them what has to have happened: an order where it asks for one.
    """
    person = standing.person
    found: list[tuple[str, dict[str, ReasonValue]]] = []
    if person.erased_ms is not None:
        return (Reason("person_erased", {"until": iso(person.erased_ms + RECOGNISED_MS)}),)
    if asking and asking.moments:
        if moment_of(standing, asking, now_ms) is None:
            found.append(("no_moment", {}))
    elif not standing.bought:
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
