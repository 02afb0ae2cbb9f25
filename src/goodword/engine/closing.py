"""A program that is paused or has ended: it takes in nothing new, and what was promised before goes on.

Nobody joins, gets a further code, claims or enters; no referral, group or visit begins; what advocates do by themselves is
not counted. Referrals that began before reach their steps and pay, rewards mature and are used, contests that run are
decided. A moment counts, not when it is told: evidence from before the pause leads on, also later.
"""

from __future__ import annotations

from goodword.engine.state import PROGRAMS, ProgramRow
from goodword.engine.turn import Turn
from goodword.program.loader import Program


def closed(turn: Turn, program: Program, at_ms: int) -> str | None:
    """Why a program takes in nothing new at a moment, as the code of a reason; None while it is open."""
    return closure_code(turn.draft.need(PROGRAMS, program.name), at_ms)


def closure_code(row: ProgramRow, at_ms: int) -> str | None:
    """As `closed`, of where a program stands."""
    closure = row.closed_at(at_ms)
    if closure is None:
        return None
    return "program_has_ended" if closure.ended else "program_is_paused"


def refuse_closed(turn: Turn, program: Program, at_ms: int) -> bool:
    """Whether a program takes in nothing new at a moment; then it is said."""
    code = closed(turn, program, at_ms)
    if code is not None:
        turn.say(code, program=program)
    return code is not None
