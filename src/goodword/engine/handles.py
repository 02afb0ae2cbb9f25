"""Codes: everybody who joins has one; further ones are made with a name, a page, an end or letters of one's own choice."""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.closing import refuse_closed
from goodword.engine.events import HandleAction, Link
from goodword.engine.ids import HANDLE_TRIES, normalise_code
from goodword.engine.people import resolve, say_erased
from goodword.engine.state import HANDLES, HANDLES_MAX, HANDLES_OF, Handle
from goodword.engine.turn import Turn
from goodword.program.duration import to_ms
from goodword.program.loader import Program


def free_code(turn: Turn) -> str:
    """A code that nobody has, derived from the event."""
    for attempt in range(HANDLE_TRIES):
        code = turn.keyring.handle(turn.event_id, attempt)
        if turn.draft.get(HANDLES, code) is None:
            return code
    raise RuntimeError("no free code for an advocate")


def keep_handle(turn: Turn, handle: Handle) -> None:
    """Give an advocate a code."""
    turn.draft.put(HANDLES, handle.code, handle)
    turn.draft.append(HANDLES_OF, handle.participant, handle.code)
    turn.advocate_code = handle.written


def own_handle(turn: Turn, participant: str, program: str, group: str | None = None) -> Handle | None:
    """The code by which somebody is known in a program, or for a group: his first that works, or the first of all."""
    handles = (turn.draft.need(HANDLES, code) for code in turn.draft.many(HANDLES_OF, participant))
    mine = [one for one in handles if (one.program, one.group) == (program, group)]
    own = sorted(mine, key=lambda one: (one.created_ms, one.code))
    return next((one for one in own if one.refused_at(turn.occurred_ms) is None), own[0] if own else None)


def has_room(turn: Turn, participant: str, program: Program) -> bool:
    """Whether somebody may have one more code; if not, it is said."""
    if len(turn.draft.many(HANDLES_OF, participant)) < HANDLES_MAX:
        return True
    turn.say("too_many_codes", {"limit": HANDLES_MAX}, program=program)
    return False


def joined_ms(turn: Turn, participant: str, program: str) -> int | None:
    """Since when somebody is an advocate of a program; None where he is not."""
    handles = (turn.draft.need(HANDLES, code) for code in turn.draft.many(HANDLES_OF, participant))
    return min((one.created_ms for one in handles if one.program == program), default=None)


def create_handle(turn: Turn, event: Link) -> None:
    """An advocate asks for a further code."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    person = resolve(turn, event.person)
    if person is None:
        return
    turn.say("person_recorded")
    if joined_ms(turn, person.id, program.name) is None:
        turn.say("not_an_advocate", program=program)
    elif not refuse_closed(turn, program, turn.occurred_ms) and has_room(turn, person.id, program):
        _create(turn, event, program.name, person.id)


def _create(turn: Turn, event: Link, program: str, participant: str) -> None:
    code = normalise_code(event.code) if event.code else free_code(turn)
    if turn.draft.get(HANDLES, code) is not None:
        turn.say("code_taken", {"code": event.code or code}, program=turn.programs.current(program))
        return
    handle = Handle(
        code,
        program,
        participant,
        turn.occurred_ms,
        shown=event.code if event.code != code else None,
        name=event.name,
        target=event.target,
        expires_ms=to_ms(event.expires_at) if event.expires_at else None,
    )
    keep_handle(turn, handle)
    turn.tell("code.created", handle.code, participant)
    turn.say("code_created", {"code": handle.written}, program=turn.programs.current(program))


def switch_handle(turn: Turn, event: HandleAction) -> None:
    """Staff switch a code off or on."""
    handle = turn.draft.get(HANDLES, event.code)
    if handle is None:
        turn.say("unknown_code")
        return
    turn.participant = handle.participant
    program = turn.programs.current(handle.program)
    if turn.person(handle.participant).erased_ms is not None:
        say_erased(turn, turn.person(handle.participant))
        return
    off = event.action == "disable"
    if off == (handle.disabled_ms is not None):
        values = {"status": "disabled" if off else "enabled", "action": event.action}
        turn.say("not_possible_now", {**values}, program=program)
        return
    turn.draft.put(HANDLES, handle.code, replace(handle, disabled_ms=turn.occurred_ms if off else None))
    values = {"code": handle.written, "why": event.why}
    if off:
        turn.tell("code.disabled", handle.code, handle.participant)
        turn.say("code_switched_off", {**values}, program=program)
    else:
        turn.tell("code.enabled", handle.code, handle.participant)
        turn.say("code_switched_on", {**values}, program=program)
