"""What must hold for every program and every history."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from goodword.engine import reward_books
from goodword.engine.decide import _OF_THE_HOUSE
from goodword.engine.events import Cancel, Chargeback, Order, Profile, Refund, Sealed, SignUp, Visits
from goodword.engine.keeping import misses
from goodword.engine.state import COLLECTIONS, LIVE_REWARD, Participant, Referral, Reward
from goodword.engine.tiers import tier_periods
from goodword.engine.turn import Programs, begin
from goodword.engine.visits import visits_key
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import Outcome, run_batch
from goodword.pipeline.tenant import Tenants
from goodword.pipeline.warm import ROWS_MAX
from goodword.program.loader import Program, load_program
from goodword.program.model import Cap
from goodword.program.quantity import Quantity
from goodword.program.values import CLAIMED
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from tests.properties.worlds import (
    DAY_MS,
    KEYRING,
    START_MS,
    Wish,
    iso,
    load_world,
    play,
    program_files,
    sealed,
    wishes,
)

thorough = settings(max_examples=60, suppress_health_check=list(HealthCheck))
through_database = settings(max_examples=20, suppress_health_check=list(HealthCheck))
STORED = tuple(collection.name for collection in COLLECTIONS if collection.stored)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Program, list[Sealed]]:
    """A program with a history."""
    program = load_world(draw(program_files()))
    return program, play(program, draw(wishes()))


def told(program: Program, batches: Iterable[list[Sealed]]) -> tuple[MemoryTenant, dict[str, bytes], list[Outcome]]:
    """A tenant that was told these batches."""
    tenant = MemoryTenant(KEYRING)
    tenant.publish(program)
    answers: dict[str, bytes] = {}
    outcomes: list[Outcome] = []
    for batch in batches:
        answers |= tenant.decide(batch)
        outcomes += tenant.outcomes
    return tenant, answers, outcomes


def books(tenant: MemoryTenant) -> dict[str, dict[str, Any]]:
    """All rows that are stored, without what stands at zero."""
    return {name: {k: v for k, v in tenant.rows.rows[name].items() if v not in (None, 0)} for name in STORED}


def rewards(tenant: MemoryTenant) -> list[Reward]:
    return list(tenant.rows.rows["rewards"].values())


def split(events: list[Sealed], cuts: list[int]) -> Iterator[list[Sealed]]:
    """The events in batches cut at these places."""
    places = sorted({cut % (len(events) + 1) for cut in cuts} | {0, len(events)})
    return (events[low:high] for low, high in pairwise(places))


def test_no_event_is_parked_and_entries_sum_to_zero() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        _, answers, outcomes = told(program, [[event] for event in events])
        assert answers.keys() == {event.event.id for event in events}
        assert not [parked for outcome in outcomes for parked in outcome.parked]
        for _, decision, _ in (item for outcome in outcomes for item in outcome.decisions):
            sums: dict[str, int] = defaultdict(int)
            for entry in decision.draft.entries:
                sums[entry.unit] += entry.amount
            assert not any(sums.values()), decision.answer

    check()


def test_batches_and_repetition_change_nothing() -> None:
    @thorough
    @given(worlds(), st.lists(st.integers(0, 100), max_size=6))
    def check(world: tuple[Program, list[Sealed]], cuts: list[int]) -> None:
        program, events = world
        one_by_one, answers, _ = told(program, [[event] for event in events])
        batched, again, _ = told(program, [*split(events, cuts), *split(events, cuts[:2])])
        assert answers == again
        assert books(one_by_one) == books(batched)

    check()


def test_the_scheduler_changes_nothing() -> None:
    @thorough
    @given(worlds(), st.lists(st.integers(0, 240), max_size=12))
    def check(world: tuple[Program, list[Sealed]], ticks: list[int]) -> None:
        program, events = world
        events = sorted(events, key=lambda event: event.clock_ms)
        quiet, answers, _ = told(program, [events])
        busy = MemoryTenant(KEYRING)
        busy.publish(program)
        heard: dict[str, bytes] = {}
        times = sorted(START_MS + tick * DAY_MS // 4 for tick in ticks)
        for event in events:
            while times and times[0] < event.clock_ms:
                busy.note(run_batch(busy, KEYRING, [], until_ms=times.pop(0)))
            heard |= busy.decide([event])
        assert answers == heard
        assert books(quiet) == books(busy)

    check()


def test_of_the_erased_nothing_is_left_and_nothing_comes() -> None:
    @thorough
    @given(worlds(), st.lists(st.integers(0, 6), min_size=1, max_size=3), st.integers(0, 24))
    def check(world: tuple[Program, list[Sealed]], whom: list[int], after: int) -> None:
        program, events = world
        tenant = MemoryTenant(KEYRING)
        tenant.publish(program)
        for event in events[:after]:
            tenant.decide([event])
        now_ms = tenant.rows.tenant.clock_ms
        people = list(tenant.rows.rows["participants"])
        gone = {people[number % len(people)] for number in whom} if people else set()
        for id in sorted(gone):
            body = {"type": "erase", "id": f"erase {id}", "participant": id, "occurred_at": iso(now_ms)}
            tenant.decide([sealed(body)])
        issued = {reward.id for reward in rewards(tenant) if reward.participant in gone}
        for event in events[after:]:
            tenant.decide([event])
        body = {"type": "time_passed", "id": "later", "occurred_at": iso(START_MS + 1000 * DAY_MS)}
        tenant.decide([sealed(body)])
        rows = tenant.rows.rows
        for id in gone:
            person = rows["participants"][id]
            assert (person.fields, person.signals, person.country, person.language) == ({}, {}, None, None)
            assert (person.consents, person.accepted, person.activities, person.signed_up_ms) == ({}, (), {}, None)
            assert person.waiting == 0
        mine = [reward for reward in rewards(tenant) if reward.participant in gone]
        assert {reward.id for reward in mine} == issued, "something was granted"
        assert not [reward for reward in mine if reward.status in ("pending", "approved", "failed")]
        assert not [row for row in rows["members"].values() if row.participant in gone and row.active]
        assert not [key for key, id in rows["identities"].items() if id in gone]
        codes = [row for row in rows["handles"].values() if row.participant in gone]
        assert all(row.disabled_ms is not None for row in codes)

    check()


def test_history_after_live_events_gives_and_takes_nothing_however_it_is_told() -> None:
    @thorough
    @given(worlds(), st.integers(0, 30), st.lists(st.integers(0, 100), max_size=6))
    def check(world: tuple[Program, list[Sealed]], live: int, cuts: list[int]) -> None:
        program, events = world
        events = [replace(event, history=number >= live) for number, event in enumerate(events)]
        one_by_one, answers, outcomes = told(program, [[event] for event in events])
        batched, again, _ = told(program, [*split(events, cuts), *split(events, cuts[:2])])
        assert answers == again
        assert books(one_by_one) == books(batched)
        is_live = False
        people: dict[str, Participant] = {}
        for _, decision, _ in (item for outcome in outcomes for item in outcome.decisions):
            event = decision.sealed.event
            if is_live and isinstance(event, Order | Refund | Cancel | Chargeback | SignUp | Profile):
                told_late = decision.sealed.history
                touched = decision.draft.changes.keys() & {"rewards", "referrals", "dues"}
                assert not (told_late and (touched or decision.draft.entries)), decision.answer
                changed = decision.draft.changes.get("participants", {})
                kept = all(_said(people[id]) <= _said(row) for id, row in changed.items() if id in people)
                assert kept or not told_late, decision.answer
            is_live = is_live or not (decision.sealed.history or isinstance(event, _OF_THE_HOUSE))
            people |= decision.draft.changes.get("participants", {})

    check()


def _said(person: Participant) -> set[tuple[str, object]]:
    """What is known of a person."""
    latest = {(kind, values[-1]) for kind, values in person.signals.items()}
    told = {("country", person.country), ("language", person.language)}
    return latest | {*person.fields.items()} | {(name, value) for name, value in told if value is not None}


def _cap_use(program: Program, rows: list[Reward]) -> Iterator[tuple[int, int]]:
    """For every cap and everybody in it: what live rewards use, and the limit."""
    for name, rule in program.model.rewards.items():
        mine = [reward for reward in rows if reward.rule == name and reward.live]
        for cap in rule.caps:
            if cap.days is not None:
                yield from _window_use(mine, cap, cap.days)
                continue
            groups: dict[str, list[Reward]] = defaultdict(list)
            for reward in mine:
                for key in (key for key in reward.cap_keys if key.startswith("cap|")):
                    who, period = key.split("|")[4:6]
                    if (
                        (who == "*") == (cap.per == "program")
                        and _is_period(period, str(cap.period))
                        and key.endswith("|n")
                    ):
                        groups[f"{key}"].append(reward)
            for group in groups.values():
                if cap.count is not None:
                    yield len(group), cap.count
                elif cap.amount is not None:
                    yield sum(reward.amount for reward in group), cap.amount.amount


def _window_use(rows: list[Reward], cap: Cap, days: int) -> Iterator[tuple[int, int]]:
    """For every window of so many days and everybody in it: how many live rewards it holds, and the limit."""
    by_day: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for key in (key for reward in rows for key in reward.cap_keys if key.endswith("|n")):
        stem, period = key.removesuffix("|n").rsplit("|", 1)
        if (stem.split("|")[4] == "*") == (cap.per == "program") and len(period) == 10:
            by_day[stem][date.fromisoformat(period)] += 1
    for counts in by_day.values():
        for first in counts:
            yield sum(n for day, n in counts.items() if 0 <= (day - first).days < days), cap.count or 0


def _is_period(key: str, period: str) -> bool:
    lengths = {"month": 7, "day": 10}
    return {"ever": key == "ever", "week": "-W" in key}.get(period, lengths.get(period) == len(key) and "W" not in key)


def test_no_cap_and_no_budget_is_passed_and_nothing_granted_twice() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        tenant = MemoryTenant(KEYRING)
        tenant.publish(program)
        for event in events:
            tenant.decide([event])
            live = [(r.rule, r.subject, r.key, r.side) for r in rewards(tenant) if r.live]
            assert len(live) == len(set(live))
            for used, limit in _cap_use(program, rewards(tenant)):
                assert used <= limit
            for account, amount in tenant.rows.rows["balances"].items():
                if account.startswith("budget:") and ":funding" not in account:
                    assert amount >= 0, account

    check()


def test_no_visit_is_paid_twice() -> None:
    """What was ever granted for a day is no more than its visits come to, however often and in whatever steps they were told."""

    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        tenant, _, _ = told(program, [events])
        most: dict[str, int] = defaultdict(int)
        for event in (item.event for item in events if isinstance(item.event, Visits)):
            key = visits_key(event.code, event.day)
            most[key] = max(most[key], event.count)
        granted: dict[tuple[str, str], int] = defaultdict(int)
        for reward in rewards(tenant):
            if program.model.rewards[reward.rule].when.visits:
                granted[reward.rule, reward.subject] += reward.amount
                assert reward.referral is None
        for (rule, subject), amount in granted.items():
            one = program.model.rewards[rule].benefits[""].amount
            assert isinstance(one, Quantity)
            assert 0 < amount <= most[subject] * one.amount
        counters = {k: v for k, v in tenant.rows.rows["counters"].items() if k.startswith("visits|")}
        assert counters == {key: count for key, count in most.items() if counters.get(key)}

    check()


def test_after_every_order_came_back_only_debt_remains() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        orders = {event.event.order for event in events if isinstance(event.event, Order)}
        end = START_MS + 130 * DAY_MS
        back = [
            sealed({"type": "refund", "id": f"back-{order}", "order": order, "occurred_at": iso(end + number)})
            for number, order in enumerate(sorted(orders))
        ]
        tenant, _, _ = told(program, [events, back])
        earned = [r for r in rewards(tenant) if program.model.rewards[r.rule].when.step == "purchase"]
        assert not [reward for reward in earned if reward.live]
        for reward in rewards(tenant):
            assert reward.remaining >= 0
            assert reward.owed >= 0
            if reward.status not in ("issued", "redeemed", "expired", "reversed"):
                assert reward.remaining == reward.owed == 0
        _balances_are_what_remains_less_debt(tenant)

    check()


def _balances_are_what_remains_less_debt(tenant: MemoryTenant) -> None:
    expected: dict[str, int] = defaultdict(int)
    for reward in rewards(tenant):
        expected[f"{reward_books.account(reward, 'balance')}|{reward.unit}"] += reward.remaining - reward.owed
    for payout in tenant.rows.rows["payouts"].values():
        if payout.status != "failed":
            expected[f"{reward_books.collected_account(payout.program, payout.participant)}|{payout.unit}"] -= (
                payout.amount
            )
    for referral in tenant.rows.rows["referrals"].values():
        waiting = [r for r in rewards(tenant) if r.subject == referral.id and r.status in ("pending", "approved")]
        assert not (referral.status == "ended" and waiting)
    held = {key: amount for key, amount in tenant.rows.rows["balances"].items() if key.startswith("balance:")}
    assert {key: amount for key, amount in held.items() if amount} == {k: v for k, v in expected.items() if v}


def test_a_partial_refund_leaves_what_the_smaller_order_would_have_earned() -> None:
    @thorough
    @given(program_files(), st.integers(500, 9000), st.integers(1, 8000), st.booleans())
    def check(text: str, total: int, refund: int, late: bool) -> None:
        program = load_world(text)
        refund = min(refund, total - 1)

        def history(size: int, back: int) -> list[Sealed]:
            tenant = MemoryTenant(KEYRING)
            tenant.publish(program)
            join = sealed(
                {
                    "type": "join",
                    "id": "j",
                    "occurred_at": iso(START_MS),
                    "person": {"id": "a"},
                    "program": program.name,
                }
            )
            handle = KEYRING.handle("j", 0)
            friend = {"id": "b"}
            events = [
                join,
                sealed(
                    {"type": "claim", "id": "c", "occurred_at": iso(START_MS + 1), "person": friend, "code": handle}
                ),
                sealed(
                    {
                        "type": "order",
                        "id": "o",
                        "order": "o",
                        "occurred_at": iso(START_MS + 2),
                        "person": friend,
                        "total": size,
                        "currency": "USD",
                        "code": handle,
                    }
                ),
            ]
            if back:
                at_ms = START_MS + (40 * DAY_MS if late else 3)
                events.append(
                    sealed({"type": "refund", "id": "r", "order": "o", "amount": back, "occurred_at": iso(at_ms)})
                )
            return [*events, sealed({"type": "time_passed", "id": "t", "occurred_at": iso(START_MS + 41 * DAY_MS)})]

        refunded, _, _ = told(program, [history(total, refund)])
        smaller, _, _ = told(program, [history(total - refund, 0)])
        live = {(r.rule, r.side): r.amount for r in rewards(refunded) if r.live and _on_order(program, r)}
        would = {(r.rule, r.side): r.amount for r in rewards(smaller) if r.live and _on_order(program, r)}
        assert live == would

    check()


def _on_order(program: Program, reward: Reward) -> bool:
    rule = program.model.rewards[reward.rule]
    # A cap or a budget that the bigger order reached may have left a smaller one more room: those have their own test.
    return rule.when.step not in (None, CLAIMED) and not rule.caps and rule.budget is None


def test_a_database_answers_as_memory_does(database: Database) -> None:
    """Whichever of several processes decides a batch: they remember much, little and nothing of what they decided before."""
    processes = [Tenants(database, KEYRING, rows_max=rows_max) for rows_max in (ROWS_MAX, 60, 0)]
    tenants = processes[0]
    number = iter(range(1_000_000))

    @through_database
    @given(
        worlds(),
        st.lists(st.integers(0, 100), max_size=6),
        st.lists(st.sampled_from(processes), max_size=8),
        st.sampled_from([0, 0, 6, 12]),
    )
    def check(world: tuple[Program, list[Sealed]], cuts: list[int], turns: list[Tenants], live: int) -> None:
        program, events = world
        # Where the first ones are live, the rest is history that comes late: facts.
        events = [replace(event, history=number >= live) for number, event in enumerate(events)]
        read = load_program(program.text, 1)  # an answer names the places of rules in the text
        _, answers, _ = told(read, [[event] for event in events])
        tenant = f"t{next(number)}"
        with database.write(tenant) as connection:
            create_tenant(connection, tenant, 0)
        tenants.publish(tenant, read.text, 0)
        stored: dict[str, bytes] = {}
        turn = iter(turns)
        for batch in [*split(events, cuts), events[:3]]:
            stored |= next(turn, tenants).decide_all(tenant, batch).answers
        assert answers == stored
        with database.read() as connection:
            assert list(audit(connection, tenant)) == []

    check()


def test_events_that_share_nobody_may_come_in_any_order() -> None:
    """Islands of one advocate and one friend, in a program without budget, cap for all, or limit."""

    @thorough
    @given(program_files(), st.lists(wishes(), min_size=2, max_size=3), st.randoms(use_true_random=False))
    def check(text: str, stories: list[list[Wish]], random: Random) -> None:
        file = json.loads(text)
        file["protection"] = {}
        for rule in file["rewards"].values():
            rule.pop("budget", None)
            rule.pop("when_spent", None)
            rule["benefit"].pop("code", None)  # a pool is shared by all
            rule["caps"] = [cap for cap in rule.get("caps", []) if cap["per"] == "participant"]
        program = load_world(json.dumps(file, indent=1))
        islands = [_island(program, number, story) for number, story in enumerate(stories)]
        in_turn, _, _ = told(program, islands)
        mixed: list[Sealed] = []
        left = [list(island) for island in islands]
        while any(left):
            mixed.append(random.choice([island for island in left if island]).pop(0))
        shuffled, _, _ = told(program, [mixed])
        assert _totals(in_turn) == _totals(shuffled)

    check()


def _island(program: Program, number: int, story: list[Wish]) -> list[Sealed]:
    """An advocate, a friend and their orders, named so that no other island knows them; all at times of their own."""
    handle = KEYRING.handle(f"join-{number}", 0)
    join = {"type": "join", "id": f"join-{number}", "person": {"id": f"advocate-{number}"}, "program": program.name}
    bodies = [join, {"type": "claim", "id": f"claim-{number}", "person": {"id": f"friend-{number}"}, "code": handle}]
    for index, wish in enumerate(story):
        if wish.body["type"] in (
            "reward",
            "review",
            "choice",
            "moderation",
            "enter",
            "payout",
            "visits",
            "program",
            "objection",
            "objection_answer",
            "erase",
            "survey",
        ) or isinstance(wish.body.get("participant"), int):
            continue
        body = {**wish.body, "id": f"{number}-{index}"}
        if "person" in body:
            body["person"] = {"id": f"friend-{number}", "fields": body["person"].get("fields", {})}
        if "order" in body:
            body["order"] = f"{body['order']}-{number}"
        if "group" in body:
            body["group"] = f"{body['group']}-{number}"
        if body["type"] in ("claim", "share", "handle"):
            body["code"] = handle
        elif "code" in body:
            body["code"] += f"-{number}"
        bodies.append(body)
    # One clock for all: what is due never depends on which island moved it.
    return [sealed(body | {"occurred_at": iso(START_MS + step * 1000)}) for step, body in enumerate(bodies)]


def _totals(tenant: MemoryTenant) -> dict[str, int]:
    return {key: amount for key, amount in tenant.rows.rows["balances"].items() if amount}


def test_tiers_and_boards_are_what_counting_anew_gives() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        tenant, _, _ = told(program, [events])
        rows, ladder = tenant.rows.rows, program.model.tiers
        counters = rows["counters"]
        people = {key.rpartition("|")[2] for key in counters if key.startswith("measure|")}
        if ladder is not None:
            periods = tier_periods(program.model.measures[ladder.measure], tenant.rows.tenant.clock_ms, program)
            for person in people:
                keys = [f"measure|{program.name}|{ladder.measure}{period}|{person}" for period in periods]
                held = rows["tiers"].get(f"{program.name}|{person}")
                reached = ladder.reached(max(counters.get(key) or 0 for key in keys))
                assert reached == (held.since.keys() if held else set())
        for name, measure in program.model.measures_of["rewards"]:
            summed: dict[str, int] = defaultdict(int)
            for reward in rewards(tenant):
                referral = rows["referrals"].get(reward.subject)
                if reward.live and reward.unit == measure.unit and not (referral and _in_review(referral)):
                    summed[reward.participant] += reward.amount
            for key, value in counters.items():
                kind, _, label, owner = f"{key}|||".split("|")[:4]
                stem, _, period = label.partition("@")
                if kind == "measure" and stem == name and not period[:1].isalpha():
                    summed[owner] -= value or 0
            assert not any(summed.values())
        for row in rows["standings"].values():
            contest = rows["contests"][row.board]
            if contest.status == "open" and row.entrant in people:
                key = f"measure|{program.name}|{contest.measure}@{contest.contest}|{row.entrant}"
                assert row.score == (counters.get(key) or 0) + row.free
        for contest in rows["contests"].values():
            assert [place.place for place in contest.places] == sorted(place.place for place in contest.places)
            assert len({place.entrant for place in contest.places}) == len(contest.places)

    check()


def _in_review(referral: Referral) -> bool:
    return referral.moderation == "pending_review"


def test_nothing_is_kept_whose_condition_does_not_hold() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        tenant, _, _ = told(program, [events])
        turn = begin(Programs({program.name: 1}, {(program.name, 1): program}), tenant.rows, events[-1], KEYRING)
        kept = [reward for reward in rewards(tenant) if reward.watched]
        assert [reward for reward in kept if not reward.live or misses(turn, reward)] == []
        people = tenant.rows.rows["participants"].values()
        assert sum(person.keeping for person in people) == sum(len(reward.watched) for reward in kept)

    check()


def test_each_code_of_a_pool_goes_to_one_reward_and_nobody_waits_beside_a_free_one() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        tenant, _, _ = told(program, [[event] for event in events])
        codes = tenant.rows.rows["pool_codes"].values()
        held = {reward.id: reward.code_hash for reward in rewards(tenant) if reward.own_code}
        assert {code.reward: code.hash for code in codes if code.reward} == held
        assert len({*held.values()}) == len(held)
        for reward in rewards(tenant):
            pool = program.model.rewards[reward.rule].benefits[reward.option].pool
            if pool and reward.status in ("issued", "redeemed", "expired"):
                assert reward.own_code
            if reward.reason == "waiting_for_code":
                assert [code for code in codes if code.pool == pool and code.reward is None] == []

    check()


def test_households_are_what_counting_anew_gives() -> None:
    @thorough
    @given(worlds())
    def check(world: tuple[Program, list[Sealed]]) -> None:
        program, events = world
        tenant, _, _ = told(program, [events])
        rows = tenant.rows.rows
        holding = {row.friend for row in rows["referrals"].values() if row.live and row.moderation != "denied"}
        if program.model.attribution.per_order:
            holding = set()  # such a referral holds an order, and nobody
        holding |= {row.participant for row in rows["orders"].values() if row.counted}
        expected: dict[str, list[str]] = defaultdict(list)
        for id in sorted(holding):
            for address in rows["participants"][id].signals.get("address", ())[-1:]:
                expected[f"{program.name}|{address}"].append(id)
        if program.model.protection.household == "allow":
            expected.clear()
        counted = {k: value for k, value in rows["counters"].items() if k.startswith("home|") and value}
        assert counted == {f"home|{home}": len(people) for home, people in expected.items()}
        lives = [k for k, value in rows["counters"].items() if k.startswith("lives|") and value]
        assert sorted(lives) == sorted(f"lives|{home}|{id}" for home, people in expected.items() for id in people)

    check()


def test_live_statuses_are_the_ones_that_caps_count() -> None:
    assert LIVE_REWARD.isdisjoint({"cancelled", "denied", "reversed"})
