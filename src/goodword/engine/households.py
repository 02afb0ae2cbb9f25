"""One per household: how many people at an address a program counts, and who of them was there first.

Where the version in force has a policy, everybody who holds a referral as a friend or is a customer is counted at the latest
address that is known of him. One counter says how many they are, another the how-manieth each of them was when he came: so
an address that thousands share costs no more than one that two do.
"""

from __future__ import annotations

from collections.abc import Iterator

from goodword.engine.facts import earliest_order
from goodword.engine.people import signal_value
from goodword.engine.state import COUNTERS, ORDERS, REFERRALS, REFERRALS_OF, Participant, Referral
from goodword.engine.turn import Turn
from goodword.program.loader import Program


def home_key(program: str, address: str) -> str:
    """The counter of the people at an address."""
    return f"home|{program}|{address}"


def place_key(program: str, address: str, participant: str) -> str:
    """The how-manieth somebody was at an address; nothing where he is not counted there."""
    return f"lives|{program}|{address}|{participant}"


def counts_households(program: Program | None) -> bool:
    """Whether a program looks at households."""
    return program is not None and program.model.protection.household != "allow"


def has_another(turn: Turn, program: str, friend: str) -> bool:
    """Whether somebody else counts at a friend's address, and the friend was not there first."""
    if not counts_households(turn.programs.current(program)):
        return False
    address = signal_value(turn.person(friend), "address")
    if address is None:
        return False
    place = turn.counter(place_key(program, address, friend))
    return place != 1 and turn.counter(home_key(program, address)) > (1 if place else 0)


def follow_households(turn: Turn) -> None:
    """Count those at their addresses of whom this event told something, or whose referral it started or let go."""
    programs = turn.programs.with_households
    for participant in dict.fromkeys(_moved(turn)) if programs else ():
        for program in programs:
            _count(turn, program, participant)


def _moved(turn: Turn) -> Iterator[str]:
    if turn.told is not None:
        yield turn.told
    id = getattr(turn.sealed.event, "order", None)
    order = turn.draft.get(ORDERS, id) if id is not None else None
    if order is not None and order.participant is not None:
        yield order.participant
    for id in turn.touched_referrals:
        before: Referral | None = turn.draft.state.rows[REFERRALS.name].get(id)
        after = turn.referral(id)
        if after.order is None and _holds(after) != (before is not None and _holds(before)):
            yield after.friend


def _holds(referral: Referral) -> bool:
    """Whether its friend has the offer."""
    return referral.live and referral.moderation != "denied"


def _count(turn: Turn, program: Program, participant: str) -> None:
    person = turn.person(participant)
    addresses = person.signals.get("address", ())
    home = signal_value(person, "address") if addresses and _belongs(turn, program.name, participant) else None
    for address in addresses:
        key = place_key(program.name, address, participant)
        place = turn.counter(key)
        if address == home and not place:
            turn.count(key, turn.count(home_key(program.name, address), 1))
        elif address != home and place:
            turn.count(home_key(program.name, address), -1)
            turn.count(key, -place)


def leave_homes(turn: Turn, person: Participant) -> None:
    """Count somebody at none of his addresses any more, and forget that he was."""
    for program in turn.programs.with_households:
        for address in person.signals.get("address", ()):
            key = place_key(program.name, address, person.id)
            if turn.counter(key):
                turn.count(home_key(program.name, address), -1)
            turn.draft.put(COUNTERS, key, None)


def _belongs(turn: Turn, program: str, participant: str) -> bool:
    """Whether somebody is a friend in a program, or a customer."""
    referrals = (turn.referral(id) for id in turn.draft.many(REFERRALS_OF, participant))
    if any(_holds(referral) and referral.program == program for referral in referrals):
        return True
    return earliest_order(turn.draft, participant) is not None
