"""A clock that jumps back and forward: answers stay what they were, a tenant's time never goes back, dates are decided once."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

from sqlalchemy import text

from goodword.pipeline.scheduler import Scheduler
from goodword.program.duration import DAY_MS, iso
from tests.faults.judge import findings
from tests.faults.making import Size
from tests.faults.teller import Promise
from tests.web.making import PROGRAM, TENANT, Opener, Site

START_MS = 1_770_000_000_000
JUMPS_MS = (-40 * DAY_MS, -DAY_MS, -3_600_000, -1, 0, 1, 60_000, DAY_MS, 31 * DAY_MS)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


def test_a_clock_that_jumps(open_site: Opener, size: Size) -> None:
    clock, chance = Clock(), Random(size.seed)
    site = open_site(clock, scheduler_every="50")
    assert site.publish(PROGRAM).status_code == 201
    told: list[tuple[dict[str, Any], str]] = []
    codes: list[str] = []
    for number in range(size.examples * 6):
        clock.now_ms += chance.choice(JUMPS_MS)
        body = _event(chance, number, codes) | {"occurred_at": iso(min(clock.now_ms, START_MS + number))}
        answer = site.tell(body)
        assert answer.status_code == 200, answer.text
        told.append((body, answer.text))
        codes += [code] if (code := answer.json().get("advocate_code")) else []
        if chance.random() < 0.3:
            again, first = chance.choice(told)
            assert site.tell(again).text == first
        if chance.random() < 0.3:
            context = site.app.state.context
            Scheduler(context.batcher, site.parts.tenants, TENANT, clock, 60_000).run_once()
    promises = [Promise("events", json.loads(answer)["event"], answer) for _, answer in told]
    site.app.state.context.batcher.stop()
    assert findings(site.parts, promises) == []
    _check_time(site)


def _event(chance: Random, number: int, codes: list[str]) -> dict[str, Any]:
    base = {"id": f"e{number}"}
    if not codes or chance.random() < 0.1:
        return base | {"type": "join", "program": "demo", "person": {"id": f"advocate {number}"}}
    person = {"id": f"friend {chance.randrange(number // 4 + 1)}"}
    order = f"order {chance.randrange(number // 2 + 1)}"
    match chance.choice(["claim", "claim", "order", "order", "order", "refund", "cancel"]):
        case "claim":
            return base | {"type": "claim", "code": chance.choice(codes), "person": person}
        case "order":
            return base | {"type": "order", "order": order, "person": person, "total": 6000, "currency": "USD"}
        case other:
            return base | {"type": other, "order": order}


def _check_time(site: Site) -> None:
    with site.parts.database.read() as connection:
        rows = connection.execute(text("SELECT id, type, clock_ms FROM events ORDER BY seq")).all()
        stands_ms = connection.execute(text("SELECT clock_ms FROM tenants")).scalar_one()
    clocks = [row.clock_ms for row in rows if row.type != "due"]
    assert all(one <= other for one, other in pairwise(clocks))
    assert stands_ms == max(row.clock_ms for row in rows)
    dues = [row.id.rpartition(":")[0] for row in rows if row.type == "due"]
    assert dues
    assert len(dues) == len(set(dues)), "a date was decided twice"
