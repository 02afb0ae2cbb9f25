"""Watches: which rewards depend on a condition on which people, so that a change of a person finds them.

A participant counts how many rewards watch him, so that nobody's changes cost a query unless some do. They are looked at a
page at a time, in the order of their ids, each page by a date of its own that says behind which reward it begins.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.state import KEPT_OF, KEPT_PAGE, PARTICIPANTS, WATCHES, NotLoaded, Participant, Reward
from goodword.engine.turn import Turn

_SEEN = ("",)
"""In the place of a page that was looked at: another look has to load it anew."""


def watch_again(turn: Turn, participant: Participant) -> None:
    """What is kept only while a condition on a person holds is looked at, as something about him changed.

    Not because of what history tells late: it takes nothing away.
    """
    if participant.keeping and not turn.late:
        turn.schedule("keep", f"{participant.id}>", turn.clock_ms)


def start_watching(turn: Turn, reward: Reward, people: tuple[str, ...], until_ms: int | None) -> Reward:
    """Note whose conditions can take a reward back, and until when."""
    reward = turn.save_reward(replace(reward, watched=people, kept_ms=until_ms))
    for person in people:
        _count(turn, person, 1)
        turn.draft.put(WATCHES, f"{person}>{reward.id}", reward.id)
        if turn.draft.state.complete:
            turn.draft.put(KEPT_OF, f"{person}>", tuple(sorted((*turn.draft.many(KEPT_OF, f"{person}>"), reward.id))))
    if until_ms is not None:
        turn.schedule("kept", reward.id, until_ms)
    return reward


def stop_watching(turn: Turn, reward: Reward) -> Reward:
    """Note that nothing can take a reward back any more that watches people."""
    if not reward.watched:
        return reward
    for person in reward.watched:
        _count(turn, person, -1)
        turn.draft.put(WATCHES, f"{person}>{reward.id}", None)
        if turn.draft.state.complete:
            left = tuple(id for id in turn.draft.many(KEPT_OF, f"{person}>") if id != reward.id)
            turn.draft.put(KEPT_OF, f"{person}>", left)
    if reward.kept_ms is not None:
        turn.unschedule("kept", reward.id)
    return turn.save_reward(replace(reward, watched=()))


def _count(turn: Turn, participant: str, change: int) -> None:
    person = turn.person(participant)
    turn.draft.put(PARTICIPANTS, person.id, replace(person, keeping=person.keeping + change))


def next_page(turn: Turn, reference: str) -> list[Reward]:
    """The next rewards that watch a person; where there may be more, they are asked for by a further date.

    Raises:
        NotLoaded: the page was not loaded, or was looked at already.
    """
    person, _, after = reference.partition(">")
    if turn.draft.state.complete:
        ids = [id for id in turn.draft.many(KEPT_OF, f"{person}>") if id > after][:KEPT_PAGE]
    else:
        ids = [*turn.draft.many(KEPT_OF, reference)]
        if tuple(ids) == _SEEN:
            raise NotLoaded(KEPT_OF.name, reference)
        turn.draft.put(KEPT_OF, reference, _SEEN)
    if len(ids) == KEPT_PAGE:
        turn.schedule("keep", f"{person}>{ids[-1]}", turn.clock_ms)
    rewards = [turn.reward(id) for id in ids]
    return [reward for reward in rewards if person in reward.watched]
