"""Groups: who owns one, who is a member of it, and what follows for the numbers that count members.

A person joins because the shop says so, or because his referral reached the step that the program names; then he leaves
again if that step falls. What somebody left by himself his referral does not bring back.
"""

from __future__ import annotations

from msgspec.structs import replace

from goodword.engine.closing import refuse_closed
from goodword.engine.events import GroupAction, Join
from goodword.engine.grants import dated, measure_key
from goodword.engine.ids import Keyring
from goodword.engine.measures import Source, follow_counters, is_trusted, sync_measures
from goodword.engine.people import resolve, say_erased
from goodword.engine.reward_books import follow_doubt
from goodword.engine.state import GROUPS, MEMBERS, MEMBERS_IN, REWARDS_OF, GroupRow, MemberRow, Participant, Referral
from goodword.engine.sweeps import grant_later, take_back_from
from goodword.engine.turn import Turn
from goodword.program.groups import Groups
from goodword.program.loader import Program


def group_id(keyring: Keyring, program: str, shop_id: str) -> str:
    """The id of what the shop calls a group."""
    return keyring.id("gr", program, shop_id)


def member_key(group: str, participant: str) -> str:
    """Under which a person stands in a group. It is also the subject of what he brings and gets as a member."""
    return f"{group}|{participant}"


def places_key(program: str, participant: str) -> str:
    """The counter of the groups that a person is in."""
    return f"member|{program}|{participant}"


# what the shop says ---------------------------------------------------------------------------------------------------


def act_on_group(turn: Turn, event: GroupAction) -> None:
    """A group is created, joined, left or closed."""
    program = turn.programs.current(event.program)
    if program is None:
        turn.say("unknown_program", {"program": event.program})
        return
    if program.model.groups is None:
        turn.say("without_groups", program=program)
        return
    person = resolve(turn, event.person) if event.person is not None else None
    if event.person is not None and person is None:
        return
    if person is not None:
        turn.say("person_recorded")
    group = turn.draft.get(GROUPS, group_id(turn.keyring, program.name, event.group))
    if event.action == "create":
        assert person is not None  # noqa: S101
        _create(turn, program, group, event.group, person)
    elif group is None:
        turn.say("unknown_group", {"group": event.group}, program=program)
    elif event.action == "close":
        _close(turn, program, group)
    else:
        assert person is not None  # noqa: S101
        _move(turn, program, group, person.id, event.action == "join")


def _create(turn: Turn, program: Program, group: GroupRow | None, shop_id: str, owner: Participant) -> None:
    if group is not None:
        turn.touched_groups[group.id] = None
        code = "group_known" if group.owner == owner.id else "group_taken"
        turn.say(code, {"group": shop_id}, program=program)
        return
    if refuse_closed(turn, program, turn.occurred_ms):
        return
    group = GroupRow(
        group_id(turn.keyring, program.name, shop_id), program.name, shop_id, owner.id, created_ms=turn.occurred_ms
    )
    turn.draft.fresh(group.id, REWARDS_OF)
    turn.save_group(group)
    turn.tell("group.created", group.id, owner.id)
    turn.say("group_created", {"group": shop_id}, program=program)


def _close(turn: Turn, program: Program, group: GroupRow) -> None:
    turn.touched_groups[group.id] = None
    if group.closed_ms is not None:
        turn.say("group_closed", {"group": group.shop_id}, program=program)
        return
    turn.save_group(replace(group, closed_ms=turn.occurred_ms))
    turn.tell("group.closed", group.id, group.owner)
    turn.say("group_ended", {"group": group.shop_id}, program=program)


def _move(turn: Turn, program: Program, group: GroupRow, person: str, joins: bool) -> None:
    turn.touched_groups[group.id] = None
    member = turn.draft.get(MEMBERS, member_key(group.id, person))
    active = member is not None and member.active
    if joins and active:
        turn.say("already_member", {"group": group.shop_id}, program=program)
    elif joins:
        if _may_enter(turn, program, group, person, turn.occurred_ms):
            _enter(turn, program, group, person, turn.occurred_ms, None)
    elif member is None or not active:
        turn.say("not_a_member", {"group": group.shop_id}, program=program)
    else:
        _depart(turn, program, member)


# who is in it ---------------------------------------------------------------------------------------------------------


def _may_enter(turn: Turn, program: Program, group: GroupRow, person: str, at_ms: int) -> bool:
    """Whether somebody may become a member; if not, it is said why."""
    rules = program.model.groups or Groups()
    values = {"group": group.shop_id}
    before = len(turn.reasons)
    if turn.person(person).erased_ms is not None:
        say_erased(turn, turn.person(person))
    if not group.open_at(at_ms):
        turn.say("group_closed", {**values}, program=program)
    if person == group.owner:
        turn.say("owner_is_no_member", {**values}, program=program)
    if group.members >= rules.members_max:
        turn.say("group_full", {**values, "limit": rules.members_max}, program=program, rule="groups.members_max")
    if rules.one_per_person and turn.counter(places_key(program.name, person)):
        turn.say("member_elsewhere", {**values}, program=program, rule="groups.one_per_person")
    return len(turn.reasons) == before


def _enter(turn: Turn, program: Program, group: GroupRow, person: str, at_ms: int, referral: str | None) -> None:
    key = member_key(group.id, person)
    before = turn.draft.get(MEMBERS, key)
    if before is None:
        member = MemberRow(key, group.id, person, group.numbers + 1, at_ms)
        turn.draft.fresh(key, REWARDS_OF)
        turn.draft.append_if_loaded(MEMBERS_IN, member.page, key)
    else:
        member = replace(before, joined_ms=at_ms, left_ms=None)
    member = replace(member, referral=referral, entered_ms=turn.clock_ms)
    turn.save_group(replace(group, members=group.members + 1, numbers=max(group.numbers, member.number)))
    turn.count(places_key(program.name, person), 1)
    turn.tell("group.member_joined", group.id, person)
    turn.say("member_joined", {"group": group.shop_id, "used": group.members + 1}, program=program)
    _measure(turn, program, member)
    grant_later(turn, program, member)


def depart(turn: Turn, member: MemberRow) -> None:
    """Let somebody leave a group by its program in force."""
    program = turn.programs.current(turn.group(member.group).program)
    assert program is not None  # noqa: S101 - there is no group without a program
    _depart(turn, program, member)


def _depart(turn: Turn, program: Program, member: MemberRow) -> None:
    """Somebody is a member no more."""
    group = turn.group(member.group)
    turn.save_group(replace(group, members=group.members - 1))
    turn.count(places_key(program.name, member.participant), -1)
    turn.tell("group.member_left", group.id, member.participant)
    turn.say("member_left", {"group": group.shop_id, "used": group.members - 1}, program=program)
    _measure(turn, program, replace(member, left_ms=turn.occurred_ms))
    take_back_from(turn, member)


def _measure(turn: Turn, program: Program, member: MemberRow) -> None:
    """Keep a member as he is now, and let the numbers that count members follow."""
    wanted: dict[str, int] = {}
    programs: dict[str, tuple[Program, str]] = {}
    for name, measure in program.model.measures_of["members"] if member.active else ():
        label = dated(name, measure, member.joined_ms, program)
        key = measure_key(program.name, label, member.group)
        programs[key], wanted[key] = (program, label), 1
    turn.draft.put(MEMBERS, member.id, replace(member, measured=wanted))
    source = Source(member.id, member.group, turn.occurred_ms)
    follow_counters(turn, programs, source, member.measured, wanted)


# what referrals do ----------------------------------------------------------------------------------------------------


def sync_referral(turn: Turn, referral: Referral) -> None:
    """Let the numbers and the membership follow where a referral stands now."""
    sync_measures(turn, referral)
    follow_doubt(turn, referral)
    referral = turn.referral(referral.id)
    program = turn.programs.pinned(referral)
    rules = program.model.groups
    if referral.group is None or rules is None or rules.joined_by is None:
        return
    state = referral.steps.get(rules.joined_by)
    hit = state.hit if state and is_trusted(referral) else None
    member = turn.draft.get(MEMBERS, member_key(referral.group, referral.friend))
    if hit is None:
        if member is not None and member.active and member.referral == referral.id:
            _depart(turn, program, replace(member, referral=None))
        return
    settled = member is not None and (member.active or member.referral == referral.id)
    group = turn.group(referral.group)
    if not settled and _may_enter(turn, program, group, referral.friend, hit.at_ms):
        _enter(turn, program, group, referral.friend, hit.at_ms, referral.id)


def handle_group(turn: Turn, event: Join, program: Program) -> GroupRow | None:
    """The group for which somebody joins as an advocate; if there is none of this name, or no more, it is said."""
    if event.group is None:
        return None
    if program.model.groups is None:
        turn.say("without_groups", program=program)
        return None
    group = turn.draft.get(GROUPS, group_id(turn.keyring, program.name, event.group))
    if group is None:
        turn.say("unknown_group", {"group": event.group}, program=program)
    elif not group.open_at(turn.occurred_ms):
        turn.say("group_closed", {"group": event.group}, program=program)
    else:
        return group
    return None
