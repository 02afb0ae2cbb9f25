"""A shop to be told about under faults: a program in which much depends on order, and seeded events for it.

Few advocates share many friends, caps and a budget, so that a decision made twice, forgotten, or made on stale state shows in
the books.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

from goodword.engine.ids import Keyring
from goodword.program.duration import DAY_MS, iso
from tests.faults.acknowledged import Item

PROGRAM = """\
goodword: 1
program: faults
currency: USD
time_zone: UTC
audience: {friend: {friend.new_customer: true}}
activities: [install]
landing: https://shop.example/friends
attribution: {evidence: [code, claim, staff, click], window: 60 days}
steps:
  signed: {event: sign_up}
  purchase:
    event: order
    where:
      order.total: {at_least: 20 USD}
measures:
  friends: {count: referrals, step: purchase}
budgets:
  all: {amount: 900 USD}
rewards:
  credit:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 20 USD}
    hold: 30 days
    budget: all
    caps: [{per: participant, count: 12}]
  now:
    when: {step: purchase}
    to: friend
    benefit: {kind: credit, amount: {percent_of: order.total, percent: 10%, ceiling: 9 USD}}
    budget: all
  welcome:
    when: {step: claimed}
    to: friend
    benefit: {kind: coupon, amount: 5 USD}
    caps: [{per: program, count: 400}]
  milestone:
    when: {reaches: friends, at: 3}
    to: advocate
    benefit: {kind: item, amount: 1 razor, unit_cost: 5 USD}
"""
ADVOCATES = 8
BATCH_MAX = 20


def now() -> str:
    """A time of now, as a source writes it."""
    return datetime.now(UTC).isoformat()


def past(keyring: Keyring, now_ms: int, spread_ms: int, friends: int = 40) -> list[dict[str, Any]]:
    """History of 30 days ago: advocates with friends whose rewards fall due one after the other from now on."""
    start_ms = now_ms - 30 * DAY_MS

    def at(moment_ms: int) -> dict[str, str]:
        return {"occurred_at": iso(moment_ms)}

    events: list[dict[str, Any]] = [
        {"type": "join", "id": f"join-{n}", "person": {"id": f"advocate {n}"}, "program": "faults"}
        | at(start_ms - DAY_MS)
        for n in range(ADVOCATES)
    ]
    for number in range(friends):
        person = {"id": f"early {number}"}
        when_ms = start_ms + spread_ms * number // friends
        code = keyring.handle(f"join-{number % ADVOCATES}", 0)
        events.append({"type": "claim", "id": f"early-claim-{number}", "code": code, "person": person} | at(when_ms))
        order = {"order": f"early {number}", "total": 5000, "currency": "USD"}
        events.append({"type": "order", "id": f"early-order-{number}", "person": person, **order} | at(when_ms))
    return events


def plan(keyring: Keyring, seed: int, count: int, clicks: bool = False) -> list[Item]:
    """So many live events, alone and in arrays; with clicks between them."""
    chance = Random(seed)
    events = _events(keyring, chance, f"s{seed}")
    items: list[Item] = []
    while count > 0:
        size = chance.choice([1, 1, 1, 1, 1, 1, chance.randint(2, BATCH_MAX)])
        bodies = [next(events) for _ in range(min(size, count))]
        count -= len(bodies)
        items.append(Item("events", bodies if len(bodies) > 1 else bodies[0]))
        if clicks:
            code = keyring.handle(f"join-{chance.randrange(ADVOCATES)}", 0)
            items.append(Item("clicks", {"code": code.lower(), "channel": f"c{count}"}))
    return items


def _events(keyring: Keyring, chance: Random, name: str) -> Iterator[dict[str, Any]]:
    number = 0
    while True:
        number += 1
        base = {"id": f"{name}-{number}", "occurred_at": now()}
        person = {"id": f"{name} friend {chance.randint(0, number // 3)}", "device": f"device {chance.randint(0, 500)}"}
        order = f"{name} order {chance.randint(0, number // 2)}"
        code = keyring.handle(f"join-{chance.randrange(ADVOCATES)}", 0)
        match chance.choice(["claim"] * 4 + ["order"] * 6 + ["refund", "cancel", "chargeback", "sign_up", "other"]):
            case "claim":
                yield base | {"type": "claim", "code": code, "person": person}
            case "order":
                total = chance.choice([1000, 2500, 6000, 12000])
                yield base | {"type": "order", "order": order, "person": person, "total": total, "currency": "USD"}
            case "refund":
                yield base | {"type": "refund", "order": order, "amount": chance.choice([500, 1500, 9000])}
            case "sign_up":
                yield base | {"type": "sign_up", "person": person}
            case "other":
                yield base | chance.choice(
                    [
                        {"type": "share", "code": code, "channel": "mail"},
                        {"type": "activity", "name": "install", "person": person},
                        {"type": "join", "person": person, "program": "faults"},
                        {"type": "share", "code": "NOBODY", "channel": "mail"},
                    ]
                )
            case other:
                yield base | {"type": other, "order": order}
