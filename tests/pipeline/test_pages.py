"""A sweep over several pages gives the same however it is interrupted, and asks the database the same for each page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from goodword.engine.events import Sealed
from goodword.engine.state import PAGE_MAX
from goodword.engine.sweeps import PAGE_EVERY_MS
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from tests.engine.test_groups import HEAD
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, sealed

TENANT = "default"
PROGRAM = f"""{HEAD}groups: {{}}
measures: {{backers: {{of: group, count: members}}}}
budgets: {{prints: {{amount: 220 print}}}}
rewards:
  print:
    when: {{reaches: backers, at: {2 * PAGE_MAX + 30}}}
    to: group
    benefit: {{kind: item, amount: 1 print, unit_cost: 1 USD}}
    budget: prints
  day:
    when: {{date: 2026-01-08}}
    to: everyone
    later: true
    benefit: {{kind: coupon, percent_off: 50%}}
    expires: 1 day
""".lstrip()


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 0)
    return database


def story() -> list[Sealed]:
    """A project that grows until its goal is reached, a few who come and go meanwhile, and a day for everyone."""
    bodies: list[tuple[int, dict[str, Any]]] = [(0, {"action": "create", "person": {"id": "olga"}})]
    for number in range(2 * PAGE_MAX + 30):
        bodies.append((1 + number, {"action": "join", "person": {"id": f"m{number}"}}))
    reached = 2 * PAGE_MAX + 30
    bodies.append((reached + 50, {"action": "leave", "person": {"id": f"m{PAGE_MAX + 3}"}}))
    bodies.append((reached + 60, {"action": "join", "person": {"id": "late"}}))
    shared = {"type": "group", "program": "friends", "group": "lamp"}
    told = [
        sealed(shared | {"id": f"e{index}", "occurred_at": iso(START_MS + at_ms)} | body)
        for index, (at_ms, body) in enumerate(bodies)
    ]
    day = START_MS + 3 * DAY_MS
    for index, at_ms in enumerate((day + 100, day + 250, day + DAY_MS // 2, day + 2 * DAY_MS)):
        body = {"type": "sign_up", "id": f"s{index}", "occurred_at": iso(at_ms), "person": {"id": f"new{index}"}}
        told.append(sealed(body))
    return told


def books(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {row.participant + row.rule: row.status for row in rows["rewards"].values()}


def test_interrupted_and_resumed_it_gives_the_same(database: Database) -> None:
    memory = MemoryTenant(KEYRING)
    memory.publish(load_program(PROGRAM, 1))
    answers = memory.decide(story())
    rewards = books(memory.rows.rows)
    prints = [status for name, status in rewards.items() if name.endswith("print")]
    # Two hundred and twenty are there, and somebody left before his page came.
    assert (len(prints), len(rewards) - len(prints)) == (220, 2 * PAGE_MAX + 30 + 5)
    processes = [Tenants(database, KEYRING, rows_max=rows_max) for rows_max in (100_000, 0)]
    processes[0].publish(TENANT, PROGRAM, 0)
    stored: dict[str, bytes] = {}
    told, turn = story(), 0
    while told:
        # Each transaction is another process, and has another size.
        size = (7, 60, 1, 113)[turn % 4]
        outcome = processes[turn % 2].decide(TENANT, told[:size])
        stored |= outcome.answers
        told = outcome.rest + told[size:]
        turn += 1
    assert stored == answers
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []


def test_a_page_asks_as_many_questions_as_any_other(database: Database) -> None:
    tenants = Tenants(database, KEYRING, rows_max=0)
    tenants.publish(TENANT, PROGRAM, 0)
    tenants.decide_all(TENANT, story()[:-4])
    while tenants.decide(TENANT, [], until_ms=START_MS + 2 * DAY_MS).more_due:
        pass
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    counts = []
    for page in range(3):
        statements.clear()
        outcome = tenants.decide(TENANT, [], until_ms=START_MS + 3 * DAY_MS + page * PAGE_EVERY_MS)
        assert len(outcome.decisions) == 1
        counts.append(len(statements))
    assert max(counts) <= min(counts) + 2, counts


def test_groups_that_reach_their_number_do_not_end_the_batch(database: Database) -> None:
    program = PROGRAM.replace(f"at: {2 * PAGE_MAX + 30}", "at: 8")
    told = []
    for index in range(10 * 5):
        number, project = divmod(index, 5)
        body = {"type": "group", "program": "friends", "group": f"lamp-{project}", "id": f"e{index}"}
        who = {"action": "join" if number else "create", "person": {"id": f"m{index}"}}
        told.append(sealed(body | who | {"occurred_at": iso(START_MS + index * 1000)}))
    memory = MemoryTenant(KEYRING)
    memory.publish(load_program(program, 1))
    answers = memory.decide(told)
    tenants = Tenants(database, KEYRING)
    tenants.publish(TENANT, program, 0)
    # Most members stand in the database when every group reaches its number and they are looked at.
    for batch in (told[:35], told[35:]):
        outcome = tenants.decide(TENANT, batch)
        assert not outcome.rest
        assert outcome.answers == {item.event.id: answers[item.event.id] for item in batch}
    reasons = [reason.code for _, decision, _ in outcome.decisions for reason in decision.answer.reasons]
    assert reasons.count("page_decided") == 5
    assert reasons.count("reward_granted") == 5 * 8
