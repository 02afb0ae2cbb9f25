"""Rehearsing across versions: dates before a version are decided by the one before, terms of any version can be accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from goodword.engine.state import PARTICIPANTS, REWARDS
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import DAY_MS, from_ms
from goodword.program.loader import load_program
from goodword.rehearsal.history import StoredHistory
from goodword.rehearsal.run import Run
from goodword.rehearsal.scratch import Scratch
from goodword.storage.database import Database, create_tenant
from tests.properties.worlds import KEYRING, START_MS, sealed

TENANT = "shop"
DAY = (from_ms(START_MS) + timedelta(days=7)).date()
PROGRAM = f"""goodword: 1
program: friends
currency: USD
time_zone: UTC
steps: {{bought: {{event: order}}}}
rewards:
  credit: {{when: {{step: bought}}, to: advocate, benefit: {{kind: credit, amount: 20 USD}}}}
  gift: {{when: {{date: {DAY}}}, to: everyone, benefit: {{kind: credit, amount: 5 USD}}}}
"""
MORE = PROGRAM.replace("5 USD", "9 USD")
OTHER = PROGRAM.replace("program: friends", "program: other")


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    return database


@pytest.fixture
def tenants(database: Database) -> Tenants:
    return Tenants(database, KEYRING)


def day(number: float) -> int:
    return START_MS + int((number - 1) * DAY_MS)


def tell(tenants: Tenants, number: float, type: str, id: str, who: str | None = None, **more: Any) -> None:
    body = {"type": type, "id": id, "occurred_at": from_ms(day(number)).isoformat(), **more}
    event = sealed(body | ({"person": {"id": who}} if who else {}))
    assert not tenants.decide_all(TENANT, [event]).parked


def rehearsed(
    database: Database, text: str, since: float | None, rows_max: int = 10_000
) -> dict[str, list[tuple[str, int]]]:
    """By rule, the version and amount of each reward in the rehearsal; with nothing in their place, the referrals' too."""
    with Scratch(KEYRING, rows_max) as scratch:
        Run(scratch, load_program(text), None if since is None else day(since)).run(StoredHistory(database, TENANT))
        found: dict[str, list[tuple[str, int]]] = {"accepted": []}
        for _, reward in scratch.rows(REWARDS):
            found.setdefault(reward.rule, []).append((f"v{reward.version}", reward.amount))
        for _, person in scratch.rows(PARTICIPANTS):
            found["accepted"] += [(one.language, one.version) for one in person.accepted]
        return found


@pytest.mark.parametrize("since", [9.0, 10.0, 16.0])
def test_a_day_before_the_candidate_is_decided_by_the_version_of_its_day(
    database: Database, tenants: Tenants, since: float
) -> None:
    """The gift of the eighth day is what it was, whenever the candidate comes after it; nobody told anything meanwhile."""
    tenants.publish(TENANT, PROGRAM, 0)
    tell(tenants, 2, "join", "j", "ann", program="friends")
    tenants.publish(TENANT, MORE, 0, day(10))
    tell(tenants, 20, "time_passed", "t")
    for candidate in (PROGRAM, MORE, MORE.replace("9 USD", "11 USD")):
        assert rehearsed(database, candidate, since)["gift"] == [("v1", 500)]


@pytest.mark.parametrize("rows_max", [10_000, 0], ids=["memory", "disk"])
def test_another_program_planned_twice_and_brought_forward(database: Database, tenants: Tenants, rows_max: int) -> None:
    tenants.publish(TENANT, PROGRAM, 0)
    tenants.publish(TENANT, OTHER, 0)
    changed = OTHER.replace("5 USD", "6 USD")
    tenants.publish(TENANT, changed, 0, day(5))
    tenants.publish(TENANT, changed, 0, day(6))
    tenants.publish(TENANT, changed, 0)
    tell(tenants, 2, "join", "j", "ann", program="other")
    tell(tenants, 9, "time_passed", "t")
    assert ("v2", 600) in rehearsed(database, MORE, None, rows_max)["gift"]


@pytest.mark.parametrize("since", [None, 4.0])
def test_terms_of_any_version_that_there_was_can_be_accepted(
    database: Database, tenants: Tenants, since: float | None
) -> None:
    tenants.publish(TENANT, PROGRAM, 0)
    tenants.publish(TENANT, MORE, 0)
    tenants.publish(TENANT, MORE.replace("9 USD", "10 USD"), 0, day(30))
    tell(tenants, 5, "join", "j", "ann", program="friends", accepts={"language": "ro", "version": 3})
    assert rehearsed(database, MORE, since)["accepted"] == [("ro", 3)]


def test_a_plan_is_none_of_the_candidates(database: Database, tenants: Tenants) -> None:
    """What was planned when the candidate came into force does not take its place."""
    tenants.publish(TENANT, PROGRAM, 0)
    tell(tenants, 2, "join", "j", "ann", program="friends")
    tenants.publish(TENANT, MORE, 0, day(5))
    tell(tenants, 9, "time_passed", "t")
    assert rehearsed(database, PROGRAM, 4.0)["gift"] == [("v1", 500)]
    assert rehearsed(database, MORE.replace("9 USD", "7 USD"), 4.0)["gift"] == [("v3", 700)]
