"""The last piece of a stock, the last money of a budget, the last code of a pool: two processes at once never give it twice."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from multiprocessing.synchronize import Barrier

import msgspec
import pytest

from goodword.engine.events import Sealed
from goodword.engine.state import BALANCES, State
from goodword.pipeline.tenant import Tenants
from goodword.storage.audit import audit
from goodword.storage.database import create_tenant, open_database
from goodword.storage.load import load
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, sealed

EACH = 12
"""So many ask through each process; there is enough for fewer than ask in all, and for more than half."""
LEFT = 17

PROGRAM = """goodword: 1
program: rare
currency: USD
time_zone: UTC
steps: {joined: {event: sign_up}}
budgets:
  roadsters: {amount: 17 roadster}
  money: {amount: 340.00 USD}
rewards:
  car:
    when: {step: joined}
    to: friend
    benefit: {kind: item, amount: 1 roadster}
    budget: roadsters
  thanks:
    when: {step: joined}
    to: advocate
    benefit: {kind: credit, amount: 20.00 USD}
    budget: money
    when_spent: WHEN_SPENT
  coupon:
    when: {step: joined}
    to: friend
    benefit: {kind: coupon, amount: 5.00 USD, code: {pool: shop}}
"""


def join() -> Sealed:
    at = iso(START_MS)
    return sealed({"type": "join", "id": "join", "occurred_at": at, "person": {"id": "anna"}, "program": "rare"})


def codes() -> Sealed:
    told = [f"SHOP-{number:03}" for number in range(LEFT)]
    return sealed({"type": "codes", "id": "codes", "occurred_at": iso(START_MS), "pool": "shop", "codes": told})


def signs_up(who: str, code: str) -> Sealed:
    at = iso(START_MS + DAY_MS)
    return sealed({"type": "sign_up", "id": who, "occurred_at": at, "person": {"id": who}, "code": code})


def work(url: str, name: str, code: str, starts: Barrier) -> None:
    """One process: its friends come one after the other, as fast as they can."""
    database = open_database(url)
    tenants = Tenants(database, KEYRING)
    starts.wait(60)
    for number in range(EACH):
        tenants.decide_all("club", [signs_up(f"{name}{number}", code)])
    database.close()


@pytest.mark.parametrize("when_spent", ["refuse", "wait"])
def test_two_processes_share_what_is_left(database_url: str, when_spent: str) -> None:
    database = open_database(database_url)
    database.migrate()
    with database.write("club") as connection:
        create_tenant(connection, "club", 1)
    tenants = Tenants(database, KEYRING)
    tenants.publish("club", PROGRAM.replace("WHEN_SPENT", when_spent), 1)
    code = msgspec.json.decode(tenants.decide_all("club", [join(), codes()]).answers["join"])["advocate_code"]

    context = multiprocessing.get_context("spawn")
    starts = context.Barrier(2)
    racers = [context.Process(target=work, args=(database_url, name, code, starts)) for name in ("a", "b")]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.exitcode for racer in racers] == [0, 0]

    # What was answered, asked for again: a repetition decides nothing.
    story = [signs_up(f"{name}{number}", code) for name in ("a", "b") for number in range(EACH)]
    answers = [msgspec.json.decode(answer) for answer in tenants.decide_all("club", story).answers.values()]
    assert len(answers) == 2 * EACH
    said = Counter(reason["code"] for answer in answers for reason in answer["reasons"])
    assert said["reward_approved"] == 2 * LEFT + 2 * EACH
    refused = 2 * EACH - LEFT
    assert said["waiting_for_code"] == refused
    given = [
        reward["code"]
        for answer in answers
        for reward in answer["rewards"]
        if reward["rule"] == "coupon" and "code" in reward
    ]
    assert len(given) == len(set(given)) == LEFT
    assert said["budget_spent"] == refused * (2 if when_spent == "refuse" else 1)
    assert said["waiting_for_budget"] == (refused if when_spent == "wait" else 0)
    state = State()
    free = {"budget:rare:roadsters:free|roadster", "budget:rare:money:free|USD"}
    with database.read() as connection:
        load(connection, "club", state, {BALANCES.name: free})
        assert list(audit(connection, "club")) == []
    assert [state.get(BALANCES, key) for key in sorted(free)] == [0, 0]
    database.close()
