"""Visits: what the persons who followed a link are paid for, together for each code and day, once the day is over.

A visit is told by its number, never by itself: how many there were so far on a day. A counter says for how many the day was
decided already, and only what is more is granted. It moves whatever became of it: visits that a cap refused, or that came
over a code that was switched off, are not paid later.
"""

from __future__ import annotations

from goodword.engine.closing import refuse_closed
from goodword.engine.events import Visits
from goodword.engine.grants import Grant
from goodword.engine.rewards import grant
from goodword.engine.state import HANDLES
from goodword.engine.turn import Turn
from goodword.program.duration import DAY_MS, from_ms
from goodword.program.loader import Program


def visits_key(code: str, day: int) -> str:
    """The counter of the visits of a day that were decided, and the subject of what they were paid."""
    return f"visits|{code}|{day}"


def since_key(program: str) -> str:
    """The counter of the day on which a program began to pay for visits, and one more: nothing is zero."""
    return f"visits_since|{program}"


def noon_ms(day: int) -> int:
    """The moment for which the visits of a day stand: almost everywhere, noon UTC lies on the day of the same name."""
    return day * DAY_MS + DAY_MS // 2


def begin_visits(turn: Turn, program: Program) -> None:
    """A version came into force: where none before paid for visits, those of this day are the first to be paid."""
    key = since_key(program.name)
    since = turn.counter(key)
    if not program.model.rewards_for_visits:
        if since:
            turn.count(key, -since)
    elif not since:
        turn.count(key, turn.clock_ms // DAY_MS + 1)


def count_visits(turn: Turn, event: Visits) -> None:
    """A day is over, or more of its visits became known."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    handle = turn.draft.get(HANDLES, event.code)
    if handle is None or handle.program != event.program:
        turn.say("unknown_code")
        return
    turn.participant = handle.participant
    counter = visits_key(handle.code, event.day)
    more = event.count - turn.counter(counter)
    if more <= 0:
        turn.say("nothing_due", program=program)
        return
    turn.count(counter, more)
    rules = program.model.rewards_for_visits
    if not rules or event.day < turn.counter(since_key(program.name)) - 1:
        turn.say("nothing_due", program=program)
        return
    # A code that came to its end was visited before; one that staff switched off is not trusted any more.
    refused = "code_disabled" if handle.disabled_ms is not None else handle.refused_at(event.day * DAY_MS)
    if refused is not None:
        turn.say(refused, {"code": handle.written}, program=program)
        return
    if refuse_closed(turn, program, noon_ms(event.day)):
        return
    day = from_ms(event.day * DAY_MS).date().isoformat()
    turn.say("visits_counted", {"visits": more, "day": day, "code": handle.written}, program=program)
    for name in rules:
        wanted = Grant(
            program, name, "advocate", handle.participant, counter, turn.occurred_ms, key=str(event.count), times=more
        )
        grant(turn, wanted)
