"""Erasure: what is known about somebody is removed at once, and what belongs to the books stays without him.

What is left is a tombstone: his place in the books, and for a while the keyed hashes by which he is recognised, so that a
retried order neither makes him anew nor a new customer. What he was to be given is cancelled a page at a time, each page
by a date of its own; so are his places in groups. Others keep what they have: an order of an erased friend still counts for
its referral, and conditions that look at what is not known any more take nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest

from msgspec.structs import replace

from goodword.engine.answers import without_words
from goodword.engine.events import Erase, Person
from goodword.engine.groups import depart
from goodword.engine.households import leave_homes
from goodword.engine.objections import close_objection
from goodword.engine.people import RECOGNISED_MS, identity_keys
from goodword.engine.returns import take_back
from goodword.engine.reward_books import HELD
from goodword.engine.state import (
    ACTIVITIES,
    ERASE_PAGE,
    HANDLES,
    HANDLES_OF,
    HELD_OF,
    IDENTITIES,
    IDENTITIES_OF,
    LEAVE_PAGE,
    MEMBERS,
    MEMBERSHIPS,
    OBJECTIONS,
    OPEN_OBJECTIONS,
    PARTICIPANTS,
    REWARDS,
    Collection,
    NotLoaded,
    Participant,
)
from goodword.engine.turn import Turn

_SEEN = ("",)
"""In the place of a page that was looked at."""


def erase(turn: Turn, event: Erase) -> None:
    """Remove what is known about somebody."""
    person = _whom(turn, event)
    if person is None:
        return
    turn.participant, turn.nameless = person.id, True
    if person.erased_ms is not None:
        turn.say("erased_before")
        return
    for code in turn.draft.many(HANDLES_OF, person.id):
        handle = turn.draft.need(HANDLES, code)
        off_ms = turn.occurred_ms if handle.disabled_ms is None else min(handle.disabled_ms, turn.occurred_ms)
        turn.draft.put(HANDLES, code, replace(handle, disabled_ms=off_ms, name=None, shown=None))
    for id in turn.draft.many(OPEN_OBJECTIONS, person.id):
        close_objection(turn, replace(turn.draft.need(OBJECTIONS, id), status="closed"))
    leave_homes(turn, person)
    turn.draft.put(PARTICIPANTS, person.id, _emptied(turn.person(person.id), turn.clock_ms))
    turn.erased = person.id
    turn.schedule("erase", person.id, turn.clock_ms)
    turn.schedule("leave", person.id, turn.clock_ms)
    turn.schedule("forget", person.id, turn.clock_ms + RECOGNISED_MS)
    turn.tell("participant.erased", person.id, person.id)
    turn.say("data_erased")


def _whom(turn: Turn, event: Erase) -> Participant | None:
    """Who is meant; nobody is made by being erased."""
    if event.person is None:
        row = turn.draft.get(PARTICIPANTS, event.participant or "")
        if row is None:
            turn.say("unknown_participant", {"participant": event.participant or ""})
        return row
    ids = [turn.draft.get(IDENTITIES, key) for key in identity_keys(event.person)]
    known = {id for id in ids if id is not None}
    if len(known) == 1:
        return turn.person(known.pop())
    turn.say("identity_conflict" if known else "unknown_participant")
    return None


def _emptied(person: Participant, at_ms: int) -> Participant:
    """A participant of whom nothing is known any more: what is counted with him, and when he came, stays."""
    return Participant(
        person.id,
        person.created_ms,
        number=person.number,
        waiting=person.waiting,
        keeping=person.keeping,
        erased_ms=at_ms,
    )


def nameless(person: Person) -> Person:
    """What an event keeps of somebody who was erased: by what he is recognised, as long as he is."""
    return Person(id=person.id, email=person.email, phone=person.phone)


def cancel_held(turn: Turn, participant: str) -> None:
    """Cancel the next page of what somebody who was erased has not been handed, and remove what he said about any reward."""
    turn.participant = participant
    rows = turn.draft.state.rows[REWARDS.name].values() if turn.draft.state.complete else ()
    his = (row for row in rows if row is not None and row.participant == participant)
    mine = (row.id for row in his if row.status in HELD or row.answers)
    ids = _next_page(turn, HELD_OF, participant, mine, ERASE_PAGE)
    for id in ids:
        reward = turn.reward(id)
        if reward.submission:
            row = turn.draft.need(ACTIVITIES, reward.submission)
            turn.draft.put(ACTIVITIES, row.id, without_words(replace(row, status="denied")))
        if reward.answers or reward.submission:
            reward = turn.save_reward(replace(reward, answers={}, submission=""))
        if reward.status in HELD:
            take_back(turn, reward, "person_erased")
    if len(ids) == ERASE_PAGE:
        turn.schedule("erase", participant, turn.clock_ms)


def leave_groups(turn: Turn, participant: str) -> None:
    """Let somebody who was erased leave the next of his groups."""
    turn.participant = participant
    rows = turn.draft.state.rows[MEMBERS.name].values() if turn.draft.state.complete else ()
    mine = (row.id for row in rows if row is not None and row.participant == participant and row.active)
    ids = _next_page(turn, MEMBERSHIPS, participant, mine, LEAVE_PAGE)
    for id in ids:
        member = turn.draft.need(MEMBERS, id)
        if member.active:
            depart(turn, member)
    if len(ids) == LEAVE_PAGE:
        turn.schedule("leave", participant, turn.clock_ms)


def _next_page(
    turn: Turn, pages: Collection[tuple[str, ...]], participant: str, mine: Iterable[str], size: int
) -> list[str]:
    """The next of what is left; where not all was loaded, it is looked at once and has to be loaded anew.

    Raises:
        NotLoaded: the page was not loaded, or was looked at already.
    """
    if turn.draft.state.complete:
        return nsmallest(size, mine)
    ids = turn.draft.many(pages, participant)
    if ids == _SEEN:
        raise NotLoaded(pages.name, participant)
    turn.draft.put(pages, participant, _SEEN)
    return [*ids]


def forget(turn: Turn, participant: str) -> None:
    """Remove the hashes by which somebody who was erased was still recognised."""
    turn.participant = participant
    if turn.draft.state.complete:
        rows = turn.draft.state.rows[IDENTITIES.name]
        keys = sorted(key for key, id in rows.items() if id == participant)
    else:
        keys = [*turn.draft.many(IDENTITIES_OF, participant)]
    for key in keys:
        turn.draft.put(IDENTITIES, key, None)
    turn.say("forgotten")
