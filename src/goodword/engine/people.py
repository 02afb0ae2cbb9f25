"""Who somebody is: identifiers bind to one participant, signals are kept for comparison, fields are what the shop told."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.events import FIELDS_MAX, Person
from goodword.engine.state import (
    ACTIVITIES_MAX,
    FIRST_ORDERS,
    HANDLES_OF,
    IDENTITIES,
    OPEN_OBJECTIONS,
    PARENTS,
    PARTICIPANTS,
    PEOPLE,
    PEOPLE_IN,
    REFERRALS_OF,
    REWARDS_OF,
    SIGNALS_MAX,
    WAITING_OF,
    ActivityRow,
    Participant,
)
from goodword.engine.turn import Turn
from goodword.engine.watches import watch_again
from goodword.program.duration import DAY_MS, iso

RECOGNISED_MS = 400 * DAY_MS
"""How long somebody who was erased is still recognised by the keyed hashes of his identifiers.

So long orders of his may be refunded and charged back, and whoever is erased and comes back is not a new customer: beyond a
year, with a month for what is told late. Then the hashes go, and who comes with the same identifiers is somebody new.
"""
IDENTIFIERS = ("id", "email", "phone")
SIGNALS = ("payment", "device", "address", "network")


def identity_keys(person: Person) -> list[str]:
    """The keys under which a sealed person is found."""
    return [f"{kind}:{value}" for kind in IDENTIFIERS if (value := getattr(person, kind)) is not None]


def new_participant_id(turn: Turn) -> str:
    """The id that the person of this event gets if nobody knows him."""
    return turn.keyring.id("pt", turn.event_id)


def resolve(
    turn: Turn, person: Person, about: Participant | None = None, *, also_erased: bool = False
) -> Participant | None:
    """The participant a person is, created or brought up to date; None where the identifiers belong to two.

    With `about` it is known who he is, and identifiers that nobody has become his. Who was erased is refused; with
    `also_erased`, as what he does is a fact for others, he is given as he is, and nothing of what is told about him is kept.
    """
    keys = identity_keys(person)
    ids = [turn.draft.get(IDENTITIES, key) for key in keys]
    known = {id for id in ids if id is not None}
    if about is not None:
        known.add(about.id)
    if len(known) > 1:
        turn.say("identity_conflict")
        return None
    created = not known
    participant = _create(turn) if created else turn.person(known.pop())
    if participant.erased_ms is not None:
        turn.participant, turn.nameless = participant.id, True
        if not also_erased:
            say_erased(turn, participant)
            return None
        turn.say("nothing_kept")
        return participant
    for key, id in zip(keys, ids, strict=True):
        if id is None:
            turn.draft.put(IDENTITIES, key, participant.id)
    updated = _filled(participant, person) if turn.late else _updated(participant, person)
    if turn.sealed.history and turn.occurred_ms < updated.created_ms:
        # He was known before we heard of him: tenure counts from the first thing that is known of him.
        updated = replace(updated, created_ms=turn.occurred_ms)
    if created or updated is not participant:
        turn.draft.put(PARTICIPANTS, updated.id, updated)
    if (updated.waiting or updated.keeping) and _conditions_of(updated) != _conditions_of(participant):
        look_again(turn, updated)
        watch_again(turn, updated)
    turn.participant = turn.told = updated.id
    if person.payout is not None and not turn.late:
        updated = _paid_otherwise(turn, updated)
    return updated


def _paid_otherwise(turn: Turn, participant: Participant) -> Participant:
    """He is to be paid in another way: whoever pays, and he himself, have to know since when."""
    updated = replace(participant, payout_ms=turn.clock_ms)
    turn.draft.put(PARTICIPANTS, updated.id, updated)
    turn.tell("participant.changed_payout", updated.id, updated.id)
    return updated


def find(turn: Turn, person: Person | None, participant: str | None) -> Participant | None:
    """Whom an event names in one of the two ways; None where his id is unknown or he is two people: that is said."""
    if person is not None:
        found = resolve(turn, person)
        if found is not None:
            turn.say("person_recorded")
        return found
    row = turn.draft.get(PARTICIPANTS, participant or "")
    if row is None:
        turn.say("unknown_participant", {"participant": participant or ""})
        return None
    turn.participant = row.id
    if row.erased_ms is not None:
        say_erased(turn, row)
        return None
    return row


def say_erased(turn: Turn, person: Participant) -> None:
    """Say that nothing new begins for somebody, and until when he is still recognised."""
    assert person.erased_ms is not None  # noqa: S101
    turn.say("person_erased", {"until": iso(person.erased_ms + RECOGNISED_MS)})


def _conditions_of(participant: Participant) -> tuple[object, ...]:
    """What a condition on a person can look at, but for his orders."""
    return (participant.fields, participant.country, participant.language)


def look_again(turn: Turn, participant: Participant) -> None:
    """What waits for a condition on a person is looked at again, as something about him changed.

    What history tells late hands nothing over: the next order of the person, or the next change, finds it.
    """
    if participant.waiting and not turn.late:
        turn.schedule("pay", participant.id, turn.clock_ms)


def _create(turn: Turn) -> Participant:
    number = turn.count(PEOPLE, 1)
    participant = Participant(new_participant_id(turn), created_ms=turn.occurred_ms, number=number)
    turn.draft.append_if_loaded(PEOPLE_IN, participant.page, participant.id)
    turn.draft.fresh(participant.id, HANDLES_OF, REFERRALS_OF, REWARDS_OF, WAITING_OF, FIRST_ORDERS, OPEN_OBJECTIONS)
    for program in turn.programs.live:
        turn.draft.put(PARENTS, f"{program}|{participant.id}", None)
    return participant


def _updated(participant: Participant, person: Person) -> Participant:
    """A participant with what was told of him; the same row where nothing of it is new."""
    signals, fields = participant.signals, participant.fields
    told = {kind: value for kind in SIGNALS if (value := getattr(person, kind)) is not None}
    news = {kind: value for kind, value in told.items() if signals.get(kind, ())[-1:] != (value,)}
    if news:
        signals = signals | {kind: _latest(signals.get(kind, ()), value) for kind, value in news.items()}
    if person.fields:
        fields = dict(list((fields | person.fields).items())[-FIELDS_MAX:])
    country, language = person.country or participant.country, person.language or participant.language
    if not news and (country, language, fields) == (participant.country, participant.language, participant.fields):
        return participant
    return replace(participant, country=country, language=language, fields=fields, signals=signals)


def _filled(participant: Participant, person: Person) -> Participant:
    """A participant with what history tells late of him: only what was not known, as it says how things were once."""
    signals = dict(participant.signals)
    for kind in SIGNALS:
        value = getattr(person, kind)
        if value is not None and value not in (known := signals.get(kind, ())):
            signals[kind] = (value, *known)[-SIGNALS_MAX:]
    fields = participant.fields
    for name, told in person.fields.items():
        if name not in fields and len(fields) < FIELDS_MAX:
            fields = fields | {name: told}
    country, language = participant.country or person.country, participant.language or person.language
    filled = replace(participant, country=country, language=language, fields=fields, signals=signals)
    return participant if filled == participant else filled


def _latest(known: tuple[str, ...], value: str) -> tuple[str, ...]:
    """The values of a signal, that which was told now at the end."""
    return (*[other for other in known if other != value], value)[-SIGNALS_MAX:] if known else (value,)


def note_activity(turn: Turn, participant: Participant, row: ActivityRow) -> Participant:
    """Keep when a person did something: the first times, for a claim told later, and the last, for what it undoes."""
    if participant.erased_ms is not None:
        return participant
    seen = sorted((*participant.activities.get(row.name, ()), (row.at_ms, row.id)))
    kept = tuple(seen if len(seen) <= ACTIVITIES_MAX else [*seen[: ACTIVITIES_MAX - 1], seen[-1]])
    updated = replace(turn.person(participant.id), activities=participant.activities | {row.name: kept})
    turn.draft.put(PARTICIPANTS, updated.id, updated)
    return updated


def note_sign_up(turn: Turn, participant: Participant) -> Participant:
    """Keep when a person signed up first."""
    if participant.erased_ms is not None:
        return participant
    first = min(turn.occurred_ms, participant.signed_up_ms or turn.occurred_ms)
    updated = replace(turn.person(participant.id), signed_up_ms=first)
    turn.draft.put(PARTICIPANTS, updated.id, updated)
    return updated


def signal_value(person: Participant, signal: str) -> str | None:
    """The latest value of a signal."""
    values = person.signals.get(signal)
    return values[-1] if values else None


def shared_signals(one: Participant, other: Participant) -> list[str]:
    """The kinds of signal that two people have in common."""
    if not one.signals or not other.signals:
        return []
    return [kind for kind in SIGNALS if not set(one.signals.get(kind, ())).isdisjoint(other.signals.get(kind, ()))]
