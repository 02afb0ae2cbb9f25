"""What becomes of programs as wholes: versions come into force, now or at a date; a program is paused, opened and ended."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from goodword.engine.contests import open_contests
from goodword.engine.events import ProgramAction, Published, Scheduled
from goodword.engine.grants import budget_prefix
from goodword.engine.reasons import ReasonValue
from goodword.engine.state import CLOSURES_MAX, PROGRAMS, Closure, ProgramRow
from goodword.engine.sweeps import plan_days
from goodword.engine.turn import Turn
from goodword.engine.visits import begin_visits
from goodword.program.duration import iso, to_ms

Status = Literal["planned", "live", "paused", "ended"]


def status_of(row: ProgramRow) -> Status:
    """Where a program stands as a whole; planned, as long as no version of it came into force."""
    if not row.version:
        return "planned"
    closure = row.closure
    if closure is None:
        return "live"
    return "ended" if closure.ended else "paused"


# versions -------------------------------------------------------------------------------------------------------------


def publish(turn: Turn, event: Published) -> None:
    """A version comes into force now. What was planned is planned no more: it was made from an older version."""
    row = turn.draft.get(PROGRAMS, event.program) or ProgramRow(event.program)
    if row.planned == event.version:
        turn.unschedule("publish", row.program)
    elif row.planned:
        row = _withdraw_version(turn, row)
    _bring_into_force(turn, row, event.version, event.why)


def schedule(turn: Turn, event: Scheduled) -> None:
    """A version is to come into force at a date, in the place of another one that was planned."""
    row = turn.draft.get(PROGRAMS, event.program) or ProgramRow(event.program)
    if row.planned and row.planned != event.version:
        row = _withdraw_version(turn, row)
    at_ms, latest = to_ms(event.at), max(row.latest, event.version)
    row = replace(row, planned=event.version, planned_ms=at_ms, planned_why=event.why, latest=latest)
    turn.draft.put(PROGRAMS, row.program, row)
    turn.schedule("publish", row.program, at_ms)
    turn.tell("program.scheduled", row.program, None)
    values: dict[str, ReasonValue] = {"version": event.version, "until": iso(at_ms)}
    if event.why:
        values["why"] = event.why
    turn.say("program_scheduled", values, program=turn.programs.current(row.program))


def publish_planned(turn: Turn, name: str) -> None:
    """The date of a version has come."""
    row = turn.draft.need(PROGRAMS, name)
    _bring_into_force(turn, row, row.planned, row.planned_why)


def _bring_into_force(turn: Turn, row: ProgramRow, version: int, why: str = "") -> None:
    """A version decides what begins from now on.

    Its budgets are funded: what was spent and set aside stays, what is free follows the new amount.
    """
    assert version > 0, "a file that was not published has no version that could be in force"  # noqa: S101
    program = turn.programs.versions[row.program, version]
    priority = program.model.priority
    latest = max(row.latest, version)
    before = row.version
    row = replace(row, version=version, previous=before, latest=latest, priority=priority)
    row = replace(row, planned=0, planned_ms=0, planned_why="")
    turn.draft.put(PROGRAMS, row.program, row)
    for name, budget in program.model.budgets.items():
        prefix, unit = budget_prefix(program.name, name), budget.amount.unit
        funded = -turn.balance(f"{prefix}:funding", unit)
        more = max(budget.amount.amount - funded, -turn.balance(f"{prefix}:free", unit))
        if more > 0:
            turn.post(f"{prefix}:funding", f"{prefix}:free", unit, more)
        elif more < 0:
            turn.post(f"{prefix}:free", f"{prefix}:funding", unit, -more)
    open_contests(turn, program)
    plan_days(turn, program)
    begin_visits(turn, program)
    turn.tell("program.published", program.name, None)
    turn.say("program_published", {"why": why} if why else {}, program=program)


def _withdraw_version(turn: Turn, row: ProgramRow) -> ProgramRow:
    turn.unschedule("publish", row.program)
    values: dict[str, ReasonValue] = {"version": row.planned, "until": iso(row.planned_ms)}
    turn.tell("program.withdrawn", row.program, None)
    turn.say("schedule_withdrawn", values, program=turn.programs.current(row.program))
    return replace(row, planned=0, planned_ms=0, planned_why="")


# pause and end --------------------------------------------------------------------------------------------------------


def act_on_program(turn: Turn, event: ProgramAction) -> None:
    """Staff pause a program, open it again, end it, or withdraw what is planned."""
    row = turn.draft.get(PROGRAMS, event.program)
    if row is None or not (row.version or event.action == "withdraw"):
        turn.say("unknown_program", {"program": event.program})
        return
    status = status_of(row)
    if event.action == "withdraw" and (row.planned or row.ends_ms is not None):
        _withdraw(turn, row)
    elif event.action == "pause" and status == "live":
        _close(turn, row, ended=False, why=event.why)
    elif event.action == "resume" and status != "live":
        _open(turn, row, event.why)
    elif event.action == "end" and status != "ended":
        if event.at is not None and to_ms(event.at) > turn.clock_ms:
            _plan_end(turn, row, to_ms(event.at), event.why)
        else:
            _close(turn, row, ended=True, why=event.why)
    else:
        values = {"status": status, "action": event.action}
        turn.say("not_possible_now", {**values}, program=turn.programs.current(row.program))


def end_planned(turn: Turn, name: str) -> None:
    """The date of a program's end has come."""
    row = turn.draft.need(PROGRAMS, name)
    if status_of(row) != "ended":
        _close(turn, row, ended=True, why="")


def _plan_end(turn: Turn, row: ProgramRow, at_ms: int, why: str) -> None:
    turn.draft.put(PROGRAMS, row.program, replace(row, ends_ms=at_ms))
    turn.schedule("end", row.program, at_ms)
    turn.tell("program.end_scheduled", row.program, None)
    turn.say("program_ends", {"until": iso(at_ms), "why": why}, program=turn.programs.current(row.program))


def _withdraw(turn: Turn, row: ProgramRow) -> None:
    if row.planned:
        row = _withdraw_version(turn, row)
    if row.ends_ms is not None:
        turn.unschedule("end", row.program)
        turn.tell("program.withdrawn", row.program, None)
        turn.say("end_withdrawn", {"until": iso(row.ends_ms)}, program=turn.programs.current(row.program))
        row = replace(row, ends_ms=None)
    turn.draft.put(PROGRAMS, row.program, row)


def _close(turn: Turn, row: ProgramRow, *, ended: bool, why: str) -> None:
    """From now on it takes in nothing new. Who ends a paused program closes it as of now, with no gap."""
    now_ms = turn.clock_ms
    before = [replace(one, until_ms=now_ms) if one.until_ms is None else one for one in row.closures]
    if ended and row.ends_ms is not None:
        turn.unschedule("end", row.program)
    closures = (*before, Closure(now_ms, ended=ended))[-CLOSURES_MAX:]
    turn.draft.put(PROGRAMS, row.program, replace(row, closures=closures, ends_ms=None if ended else row.ends_ms))
    program = turn.programs.current(row.program)
    if ended:
        turn.tell("program.ended", row.program, None)
        turn.say("program_ended", {"why": why}, program=program)
    else:
        turn.tell("program.paused", row.program, None)
        turn.say("program_paused", {"why": why}, program=program)


def _open(turn: Turn, row: ProgramRow, why: str) -> None:
    *before, last = row.closures
    turn.draft.put(PROGRAMS, row.program, replace(row, closures=(*before, replace(last, until_ms=turn.clock_ms))))
    program = turn.programs.current(row.program)
    assert program is not None  # noqa: S101 - a program without a version is not closed
    plan_days(turn, program)
    turn.tell("program.resumed", row.program, None)
    turn.say("program_resumed", {"why": why}, program=program)
