"""A version that comes into force at a date: whoever looks when, it decides exactly what comes after its date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodword.engine.events import Sealed
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import plan, run_batch
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import DAY_MS
from goodword.program.loader import Program, load_program
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from tests.properties.worlds import KEYRING, START_MS, load_world, play, program_files, wishes

thorough = settings(max_examples=30, suppress_health_check=list(HealthCheck))
through_database = settings(max_examples=15, suppress_health_check=list(HealthCheck))


@st.composite
def changes(draw: st.DrawFn) -> tuple[Program, Program, int, list[Sealed]]:
    """A program, what it changes to, when, and a history in the order of its clocks."""
    text = draw(program_files())
    file = json.loads(text)
    for rule in file["rewards"].values():
        rule["hold"] = "3 days"
    file["attribution"] = file.get("attribution", {}) | {"window": "9 days"}
    events = sorted(play(load_world(text), draw(wishes())), key=lambda event: event.clock_ms)
    events = [event for event in events if getattr(event.event, "action", "") != "withdraw"]
    # Of texts, not of data: an answer names the places of rules in the text.
    return load_program(text, 1), load_program(json.dumps(file, indent=1), 2), draw(st.integers(0, 80)), events


def planned(first: Program, second: Program, half_days: int) -> MemoryTenant:
    """A tenant that has the first version in force, and the second one planned."""
    tenant = MemoryTenant(KEYRING)
    tenant.publish(first)
    tenant.keep(second)
    tenant.decide([plan(second, START_MS + half_days * DAY_MS // 2, 0, 2)])
    return tenant


def split(events: list[Sealed], cuts: list[int]) -> Iterator[list[Sealed]]:
    places = sorted({cut % (len(events) + 1) for cut in cuts} | {0, len(events)})
    return (events[low:high] for low, high in pairwise(places))


def told(tenant: MemoryTenant, batches: Iterator[list[Sealed]] | list[list[Sealed]]) -> dict[str, bytes]:
    answers: dict[str, bytes] = {}
    for batch in batches:
        answers |= tenant.decide(batch)
        assert not [parked for outcome in tenant.outcomes for parked in outcome.parked]
    return answers


def test_batches_and_the_scheduler_change_nothing() -> None:
    @thorough
    @given(changes(), st.lists(st.integers(0, 100), max_size=6), st.lists(st.integers(0, 240), max_size=8))
    def check(change: tuple[Program, Program, int, list[Sealed]], cuts: list[int], ticks: list[int]) -> None:
        first, second, half_days, events = change
        answers = told(planned(first, second, half_days), [[event] for event in events])
        assert told(planned(first, second, half_days), split(events, cuts)) == answers
        busy, heard = planned(first, second, half_days), {}
        times = sorted(START_MS + tick * DAY_MS // 4 for tick in ticks)
        for event in events:
            while times and times[0] < event.clock_ms:
                until_ms, more = times.pop(0), True
                while more:
                    outcome = run_batch(busy, KEYRING, [], until_ms=until_ms)
                    busy.note(outcome)
                    more = outcome.more_due
            heard |= busy.decide([event])
        assert heard == answers
        assert busy.rows.rows["programs"]["world"].version == 2

    check()


def test_referrals_keep_the_version_of_their_claim() -> None:
    """What starts before the date is decided by the first version for ever, what starts after it by the second."""

    @thorough
    @given(changes())
    def check(change: tuple[Program, Program, int, list[Sealed]]) -> None:
        first, second, half_days, events = change
        tenant = planned(first, second, half_days)
        date_ms = START_MS + half_days * DAY_MS // 2
        for event in events:
            before = set(tenant.rows.rows["referrals"])
            tenant.decide([event])
            for id in set(tenant.rows.rows["referrals"]) - before:
                assert tenant.rows.rows["referrals"][id].version == (1 if event.clock_ms < date_ms else 2)

    check()


def test_a_database_answers_as_memory_does(database: Database) -> None:
    tenants = Tenants(database, KEYRING)
    number = iter(range(1_000_000))

    @through_database
    @given(changes(), st.lists(st.integers(0, 100), max_size=6))
    def check(change: tuple[Program, Program, int, list[Sealed]], cuts: list[int]) -> None:
        first, second, half_days, events = change
        answers = told(planned(first, second, half_days), [[event] for event in events])
        tenant = f"t{next(number)}"
        with database.write(tenant) as connection:
            create_tenant(connection, tenant, 0)
        tenants.publish(tenant, first.text, 0)
        tenants.publish(tenant, second.text, 0, START_MS + half_days * DAY_MS // 2)
        stored: dict[str, bytes] = {}
        for batch in split(events, cuts):
            outcome = tenants.decide_all(tenant, batch)
            assert not outcome.parked
            stored |= outcome.answers
        assert answers == stored
        with database.read() as connection:
            assert list(audit(connection, tenant)) == []

    check()
