"""Whether somebody may be asked now to invite friends, by what is stored about him: for the API and for pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from goodword.engine.asking import Limits, Standing, moment_of, why_not
from goodword.engine.closing import closure_code
from goodword.engine.events import Ask, Sealed
from goodword.engine.facts import Subjects, unmet
from goodword.engine.reasons import Reason
from goodword.engine.state import (
    FIRST_ORDERS,
    HANDLES,
    HANDLES_OF,
    OPEN_OBJECTIONS,
    PARTICIPANTS,
    REFERRALS,
    REFERRALS_OF,
    TIERS,
    Collection,
    State,
)
from goodword.engine.turn import Programs, begin
from goodword.program.asking import Asking
from goodword.program.duration import from_ms
from goodword.program.loader import Program
from goodword.storage import reads
from goodword.storage.load import load, load_program_rows
from goodword.storage.surveys import surveys
from goodword.web.context import Context
from goodword.web.problems import NotFound

LATEST_MAX = 50
"""How many of somebody's latest orders and answers are looked at: who orders daily is at the moment of one of them."""
_ABOUT: tuple[Collection[Any], ...] = (PARTICIPANTS, FIRST_ORDERS, OPEN_OBJECTIONS, REFERRALS_OF, HANDLES_OF)


class Asked(Struct, frozen=True):
    """Whether somebody may be asked, and what is known about it."""

    standing: Standing
    limits: Limits
    moment: str | None
    """The moment of the program at which he is; None also where the program names none."""
    reasons: tuple[Reason, ...]
    """What speaks against it."""
    joined: bool
    """Whether he is an advocate of the program already."""


def may_be_asked(connection: Connection, context: Context, participant: str, program: str) -> Asked:
    """Whether somebody may be asked now.

    Raises:
        NotFound: he is not known, or the program is not.
    """
    tenant, now_ms, settings = context.tenant, context.parts.now_ms(), context.parts.settings
    row = load_program_rows(connection, tenant).get(program)
    if row is None or not row.version:
        raise NotFound
    key = (row.program, row.version)
    found = context.parts.tenants.versions(connection, tenant, {key})[key]
    asking = found.model.ask
    state = State()
    load(connection, tenant, state, {one.name: {participant} for one in _ABOUT} | _tiers(found, participant))
    standing = _standing(connection, tenant, state, participant, program, asking)
    limits = Limits(settings.ask_days, settings.ask_in_vain).of(asking)
    reasons = why_not(standing, limits, now_ms, asking)
    if (code := closure_code(row, now_ms)) is not None:
        reasons = (Reason(code), *reasons)
    programs = Programs({program: row.version}, {key: found})
    handles = [state.get(HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    joined = any(one is not None and one.program == program for one in handles)
    if not joined and standing.person.erased_ms is None:
        reasons = (*_not_taken(context, programs, state, participant, program), *reasons)
    return Asked(
        standing=standing, limits=limits, moment=moment_of(standing, asking, now_ms), reasons=reasons, joined=joined
    )


def _tiers(program: Program, participant: str) -> dict[str, set[str]]:
    asked = [one.attribute for one in program.model.audience.advocate]
    keys = {f"{attribute.program}|{participant}" for attribute in asked if attribute.program}
    return {TIERS.name: keys} if keys else {}


def _not_taken(context: Context, programs: Programs, state: State, participant: str, name: str) -> Iterator[Reason]:
    """Why somebody who has not joined could not: the conditions on advocates, asked as joining asks them."""
    program, now_ms = programs.versions[name, programs.live[name]], context.parts.now_ms()
    event = Ask(id="looking", occurred_at=from_ms(now_ms), program=name, place="looking", participant=participant)
    turn = begin(programs, state, Sealed(event, now_ms, now_ms, ""), context.parts.keyring)
    for values in unmet(turn, program.model.audience.advocate, Subjects(advocate=participant)):
        yield Reason("advocate_not_in_audience", values)


def _standing(
    connection: Connection, tenant: str, state: State, participant: str, program: str, asking: Asking | None
) -> Standing:
    person = state.get(PARTICIPANTS, participant)
    if person is None:
        raise NotFound
    looked_at = {moment.event for moment in asking.moments.values()} if asking else set()
    latest = reads.orders(connection, tenant, participant, limit=LATEST_MAX if "order" in looked_at else 1).items
    said = []
    if "survey" in looked_at:
        said = surveys(connection, tenant, program=program, participant=participant, limit=LATEST_MAX).items
    invitations = [state.get(REFERRALS, id) for id in state.get(REFERRALS_OF, participant) or ()]
    first = state.get(FIRST_ORDERS, participant) or ()
    return Standing(
        person,
        bought=bool(first),
        came_back=any(order.refunded or not order.counted for order in latest[:1]),
        objects=bool(state.rows[OPEN_OBJECTIONS.name][participant]),
        invited=any(one is not None and one.program == program and one.live for one in invitations),
        orders=tuple(one.placed_ms for one in latest if one.counted and one.placed_ms is not None),
        first_orders=tuple(placed_ms for placed_ms, _ in first),
        recommends=tuple((one.at_ms, one.recommend) for one in said if one.recommend is not None),
    )
