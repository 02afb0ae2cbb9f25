"""Sweeps: what one event grants to many. A sweep has a frozen cut and is walked in pages, each an event of its own.

A group's number that was reached opens one for its members, a date one for everybody known. Whoever is within the cut is
looked at once, in the order of numbers that never change; a page asks for the next one a little later, so that a long
sweep does not keep other events waiting. A sweep's row stays: it opens once, and says who comes later.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from goodword.engine.closing import refuse_closed
from goodword.engine.facts import Subjects, unmet
from goodword.engine.grants import Grant
from goodword.engine.ids import Keyring
from goodword.engine.returns import take_back
from goodword.engine.rewards import grant
from goodword.engine.state import (
    MEMBERS,
    MEMBERS_IN,
    PAGE_MAX,
    PEOPLE,
    PEOPLE_IN,
    SWEEPS,
    GroupRow,
    MemberRow,
    Participant,
    Reward,
    SweepRow,
    page_name,
)
from goodword.engine.turn import Turn
from goodword.program.duration import day_start_ms
from goodword.program.loader import Program
from goodword.program.model import Reward as Rule

PAGE_EVERY_MS = 200
"""How long after a page the next one is due: what happens meanwhile is decided between them."""
EVERYONE = "everyone"
"""Of whom a sweep is that belongs to no group."""


def sweep_id(keyring: Keyring, program: str, rule: str, of: str, key: str = "") -> str:
    """The id of a sweep: there is one for a rule and a group, or a rule and a date."""
    return keyring.id("sw", program, rule, of, key)


def page_reference(sweep: str, page: int) -> str:
    """What the date of a page refers to."""
    return f"{sweep}/{page}"


def sweep_of(reference: str) -> str:
    """The sweep of a page."""
    return reference.partition("/")[0]


# of a group -----------------------------------------------------------------------------------------------------------


def unlock(turn: Turn, program: Program, name: str, group: GroupRow) -> None:
    """A group reached its number: everybody who is a member now is looked at, once and for all."""
    id = sweep_id(turn.keyring, program.name, name, group.id)
    if turn.draft.get(SWEEPS, id) is not None:
        return
    turn.touched_groups[group.id] = None
    row = SweepRow(id, program.name, program.version, name, group.id, cut=group.numbers, opened_ms=turn.clock_ms)
    turn.draft.put(SWEEPS, id, row)
    turn.schedule("sweep", page_reference(id, 0), turn.clock_ms)
    turn.tell("group.unlocked", group.id, group.owner)
    turn.say("group_unlocked", {"group": group.shop_id, "used": group.members}, program=program, rule=f"rewards.{name}")


def grant_later(turn: Turn, program: Program, member: MemberRow) -> None:
    """Who becomes a member after his group reached a number gets what the file promises to those who come later."""
    for name, rule in program.model.rewards.items():
        if rule.to != "group":
            continue
        sweep = turn.draft.get(SWEEPS, sweep_id(turn.keyring, program.name, name, member.group))
        if sweep is None:
            continue
        pinned = turn.programs.pinned(sweep)
        if pinned.model.rewards[name].later:
            _grant_member(turn, pinned, sweep, member, member.joined_ms)


def take_back_from(turn: Turn, member: MemberRow) -> None:
    """What somebody got as a member goes with his membership."""
    for reward in turn.rewards_of(member.id):
        if reward.side == "group":
            take_back(turn, reward, "member_left")


def _grant_member(turn: Turn, program: Program, sweep: SweepRow, member: MemberRow, at_ms: int) -> None:
    wanted = Grant(program, sweep.rule, "group", member.participant, member.id, at_ms)
    if _is_meant(turn, wanted):
        grant(turn, wanted)


def _is_meant(turn: Turn, wanted: Grant) -> bool:
    subjects = Subjects(recipient=wanted.participant, program=wanted.program.name)
    return not unmet(turn, wanted.rule.where, subjects)


# of a day -------------------------------------------------------------------------------------------------------------


def dated_rules(rules: tuple[tuple[str, Rule], ...]) -> Iterator[tuple[str, Rule, str]]:
    """Rules that give something to everyone on a day: name, rule and the day."""
    for name, rule in rules:
        assert rule.when.date is not None  # noqa: S101
        yield name, rule, rule.when.date.isoformat()


def plan_days(turn: Turn, program: Program) -> None:
    """Ask for the days of a version that have not gone by."""
    for name, rule, day in dated_rules(program.model.rewards_for_everyone):
        start_ms, end_ms = _day(program, rule)
        id = sweep_id(turn.keyring, program.name, name, EVERYONE, day)
        if turn.draft.get(SWEEPS, id) is not None or turn.clock_ms >= end_ms:
            continue
        turn.draft.put(SWEEPS, id, SweepRow(id, program.name, program.version, name, EVERYONE, key=day))
        turn.schedule("sweep", page_reference(id, 0), max(start_ms, turn.clock_ms))


def _day(program: Program, rule: Rule) -> tuple[int, int]:
    assert rule.when.date is not None  # noqa: S101
    return day_start_ms(rule.when.date, 0, program.model.zone), day_start_ms(rule.when.date, 1, program.model.zone)


def _open_day(turn: Turn, sweep: SweepRow) -> SweepRow | None:
    """The day has come: it is opened by the version in force, if that still has it."""
    program = turn.programs.current(sweep.program)
    rule = program.model.rewards.get(sweep.rule) if program else None
    if program is None or rule is None or rule.to != EVERYONE or str(rule.when.date) != sweep.key:
        return None
    if refuse_closed(turn, program, turn.clock_ms):
        return None
    return replace(sweep, version=program.version, cut=turn.counter(PEOPLE), opened_ms=turn.clock_ms)


def follow_day(turn: Turn, participant: str) -> None:
    """On its day a rule that says `later` looks at everybody who does something: who is meant now has it, else not."""
    for program in turn.programs.with_days:
        for name, rule, day in dated_rules(program.model.rewards_for_latecomers):
            sweep = turn.draft.get(SWEEPS, sweep_id(turn.keyring, program.name, name, EVERYONE, day))
            person = turn.person(participant)
            if sweep is None or sweep.opened_ms is None or turn.clock_ms >= _day(program, rule)[1]:
                continue
            if person.number > sweep.cut or (person.number - 1) // PAGE_MAX < sweep.page:
                _follow_person(turn, turn.programs.pinned(sweep), sweep, person)


def _follow_person(turn: Turn, program: Program, sweep: SweepRow, person: Participant) -> None:
    wanted = Grant(program, sweep.rule, "everyone", person.id, person.id, turn.occurred_ms, key=sweep.key)
    if _is_meant(turn, wanted):
        grant(turn, wanted)
        return
    for reward in turn.rewards_of(person.id):
        if _is_of(reward, sweep) and not reward.used:
            take_back(turn, reward, "not_meant")


def _is_of(reward: Reward, sweep: SweepRow) -> bool:
    return (reward.program, reward.rule, reward.key) == (sweep.program, sweep.rule, sweep.key)


# pages ----------------------------------------------------------------------------------------------------------------


def decide_page(turn: Turn, reference: str) -> None:
    """Look at the next page of a sweep, and ask for the one after it."""
    sweep = turn.draft.need(SWEEPS, sweep_of(reference))
    if reference != page_reference(sweep.id, sweep.page):
        return
    if sweep.opened_ms is None:
        opened = _open_day(turn, sweep)
        if opened is None:
            turn.draft.put(SWEEPS, sweep.id, None)  # so that a program that is opened again on its day asks for it anew
            return
        sweep = opened
    program = turn.programs.pinned(sweep)
    before = len(turn.touched_rewards)
    _walk(turn, program, sweep)
    granted = len(turn.touched_rewards) - before
    sweep = replace(sweep, page=sweep.page + 1, granted=sweep.granted + granted)
    if sweep.page * PAGE_MAX < sweep.cut:
        turn.schedule("sweep", page_reference(sweep.id, sweep.page), turn.clock_ms + PAGE_EVERY_MS)
    turn.draft.put(SWEEPS, sweep.id, sweep)
    turn.say("page_decided", {"used": granted}, program=program, rule=f"rewards.{sweep.rule}")


def _walk(turn: Turn, program: Program, sweep: SweepRow) -> None:
    assert sweep.opened_ms is not None  # noqa: S101
    name = page_name(sweep.of, sweep.page)
    if sweep.of != EVERYONE:
        turn.touched_groups[sweep.of] = None
        for key in turn.draft.many(MEMBERS_IN, name):
            member = turn.draft.need(MEMBERS, key)
            if member.number <= sweep.cut and member.active and member.entered_ms <= sweep.opened_ms:
                _grant_member(turn, program, sweep, member, sweep.opened_ms)
        return
    for id in turn.draft.many(PEOPLE_IN, name):
        if turn.person(id).number <= sweep.cut:
            wanted = Grant(program, sweep.rule, "everyone", id, id, sweep.opened_ms, key=sweep.key)
            if _is_meant(turn, wanted):
                grant(turn, wanted)
