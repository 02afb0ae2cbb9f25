"""Loading what one participant's pages show: a fixed number of statements, whatever he has done."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from goodword.engine.state import (
    COUNTERS,
    HANDLES,
    HANDLES_OF,
    PARTICIPANTS,
    REFERRALS,
    REFERRALS_OF,
    REWARDS,
    TIERS,
    Handle,
    ObjectionRow,
    Referral,
    Reward,
    State,
)
from goodword.engine.tiers import tier_key
from goodword.portal.mine import Mine
from goodword.portal.progress import counter_keys
from goodword.program.loader import Program
from goodword.storage import reads
from goodword.storage.load import load
from goodword.web.boards import boards_of
from goodword.web.context import Context
from goodword.web.joining import program_to_show
from goodword.web.moments import may_be_asked
from goodword.web.problems import NotFound

SHOWN_MAX = 50
"""How many friends and rewards a page lists."""
OBJECTIONS_SHOWN = 20


def load_mine(
    connection: Connection,
    context: Context,
    participant: str,
    program: str,
    *,
    whole: bool = True,
    also: Sequence[Referral | Reward] = (),
    friends_after: str | None = None,
    rewards_after: str | None = None,
) -> Mine:
    """A participant in a program; with `whole`, also what is his own and not only to be shared. What is shown besides, `also`,
    brings its version along.

    Raises:
        NotFound: he takes no part in it, or there is none of this name.
    """
    tenant, now_ms = context.tenant, context.parts.now_ms()
    found, closed = program_to_show(connection, context, program)
    state = State()
    named = [PARTICIPANTS.name, HANDLES_OF.name, *([REFERRALS_OF.name] if whole else [])]
    load(connection, tenant, state, {name: {participant} for name in named})
    person = state.get(PARTICIPANTS, participant)
    all_handles = _handles(state, participant, program)
    handles = tuple(row for row in all_handles if row.refused_at(now_ms) is None)
    referrals: list[Referral] = []
    rewards: list[Reward] = []
    objections: list[ObjectionRow] = []
    if whole or also:
        found_rows = reads.objections(
            connection, tenant, participant=participant, program=program, limit=OBJECTIONS_SHOWN
        )
        objections = found_rows.items
    older_friends = older_rewards = None
    if whole:
        his, limit = {"program": program}, SHOWN_MAX
        try:
            friends = reads.referrals(
                connection, tenant, advocate=participant, cursor=friends_after, limit=limit, **his
            )
            own = reads.rewards(connection, tenant, participant=participant, cursor=rewards_after, limit=limit, **his)
        except reads.BadCursor as error:
            raise NotFound(str(error)) from None
        referrals, older_friends, rewards, older_rewards = friends.items, friends.next, own.items, own.next
    if person is None or not (all_handles or rewards or also):
        raise NotFound("this person takes no part in the program")
    groups = frozenset(handle.group for handle in handles if handle.group)
    wants = {TIERS.name: {tier_key(program, participant)}}
    if whole:
        wants |= {COUNTERS.name: counter_keys(found, participant, groups, now_ms)}
    load(connection, tenant, state, wants)
    tier = state.get(TIERS, tier_key(program, participant))
    invited = whole and _is_invited(state, participant, program)
    rows: list[Referral | Reward] = [*referrals, *rewards, *also]
    versions = {(row.program, row.version) for row in rows} | {(found.name, found.version)}
    return Mine(
        program=found,
        closed=closed,
        participant=person,
        handles=handles,
        has_codes=bool(all_handles),
        referrals=referrals,
        rewards=rewards,
        versions=context.parts.tenants.versions(connection, tenant, versions),
        counters={key: value for key, value in state.rows[COUNTERS.name].items() if value is not None},
        tier=tier.tier if tier is not None and whole else "",
        boards=boards_of(connection, context, found, person.id) if whole else (),
        invited=invited,
        reminded=invited and not referrals and _may_be_reminded(connection, context, found, participant),
        objections=objections,
        now_ms=now_ms,
        brought=reads.friends_brought(connection, tenant, participant, program) if whole else 0,
        more_referrals=older_friends,
        more_rewards=older_rewards,
    )


def _is_invited(state: State, participant: str, program: str) -> bool:
    """Whether a friend brought him into the program."""
    rows = [state.get(REFERRALS, id) for id in state.get(REFERRALS_OF, participant) or ()]
    return any(row is not None and row.program == program and row.live for row in rows)


def _may_be_reminded(connection: Connection, context: Context, program: Program, participant: str) -> bool:
    """Whether it is a moment to say to somebody on his own page that a friend invited him: any, where the program names none."""
    if program.model.ask is None or not program.model.ask.moments:
        return True
    return may_be_asked(connection, context, participant, program.name).moment is not None


def _handles(state: State, participant: str, program: str) -> list[Handle]:
    """His codes in a program, also those that do not work any more, the first one first."""
    rows = [state.get(HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    mine = [row for row in rows if row is not None and row.program == program]
    return sorted(mine, key=lambda row: (row.created_ms, row.code))


def own_reward(connection: Connection, context: Context, participant: str, id: str) -> Reward:
    """A reward of somebody.

    Raises:
        NotFound: it is not his, or there is none.
    """
    state = State()
    load(connection, context.tenant, state, {REWARDS.name: {id}})
    row = state.get(REWARDS, id)
    if row is None or row.participant != participant:
        raise NotFound("there is no such reward")
    return row


def own_referral(connection: Connection, context: Context, participant: str, id: str) -> Referral:
    """A referral of somebody as its advocate.

    Raises:
        NotFound: it is not his, or there is none.
    """
    state = State()
    load(connection, context.tenant, state, {REFERRALS.name: {id}})
    row = state.get(REFERRALS, id)
    if row is None or row.advocate != participant:
        raise NotFound("there is no such friend")
    return row


def programs_of(connection: Connection, context: Context, participant: str) -> list[str]:
    """The programs in which somebody has a code or a reward, those that win an order over others first."""
    state = State()
    load(connection, context.tenant, state, {HANDLES_OF.name: {participant}})
    rows = [state.get(HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    named = {row.program for row in rows if row is not None}
    named |= {
        row.program for row in reads.rewards(connection, context.tenant, participant=participant, limit=SHOWN_MAX).items
    }
    return sorted(named)
