"""Real clicks through the redirect end as commissions, once their day is over; time is an input, nobody waits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from goodword.pipeline.batcher import Batcher, Decided
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.scheduler import Scheduler
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import DAY_MS, iso
from goodword.storage import hits, payouts, reads
from goodword.storage.audit import audit
from goodword.storage.load import load_tenant
from tests.edge.conftest import Opener
from tests.edge.making import KEYRING, LANDING, Door
from tests.edge.test_edge import until
from tests.web.making import TENANT

PROGRAM = f"""goodword: 1
program: blog
landing: {LANDING}
currency: USD
time_zone: UTC
steps: {{bought: {{event: order}}}}
budgets: {{all: {{amount: 50 USD}}}}
rewards:
  visits:
    when: {{visits: day}}
    to: advocate
    benefit: {{kind: commission, amount: 0.05 USD}}
    hold: 7 days
    caps: [{{per: participant, period: day, amount: 0.20 USD, partial: true}}]
    budget: all
payouts: {{every: month}}
"""
HOUR_MS = 3_600_000
FIRST_MS = 1_772_323_200_000  # 2026-03-01, midnight UTC


@dataclass
class Shop:
    """The redirect, the writer and the scheduler over one database and one clock that the test turns."""

    door: Door
    tenants: Tenants
    batcher: Batcher
    now_ms: int = FIRST_MS

    def at(self, day: int, hour: float) -> None:
        self.now_ms = FIRST_MS + (day - 1) * DAY_MS + int(hour * HOUR_MS)

    def tell(self, **body: Any) -> dict[str, Any]:
        event = decode_event(msgspec.json.encode({"occurred_at": iso(self.now_ms)} | body))
        result = self.batcher.submit([seal(event, KEYRING, self.now_ms, history=False)])[0].result(30)
        assert isinstance(result, Decided)
        answer: dict[str, Any] = msgspec.json.decode(result.answer)
        return answer

    def scheduler(self) -> Scheduler:
        """Another process, or one that was started again: it remembers nothing."""
        return Scheduler(self.batcher, self.tenants, TENANT, lambda: self.now_ms, 60_000)

    def granted(self) -> list[tuple[int, str]]:
        with self.door.database.read() as connection:
            rows = reads.rewards(connection, TENANT).items
        return [(row.amount, row.status) for row in sorted(rows, key=lambda row: (row.granted_ms, row.key))]

    def seq(self) -> int:
        with self.door.database.read() as connection:
            return load_tenant(connection, TENANT).seq


@pytest.fixture
def shop(open_door: Opener) -> Iterator[Shop]:
    clock: list[Shop] = []
    door = open_door(PROGRAM, clock=lambda: clock[0].now_ms if clock else FIRST_MS)
    tenants = Tenants(door.database, KEYRING)
    batcher = Batcher(tenants, KEYRING, TENANT, 100, 10)
    batcher.start()
    clock.append(Shop(door, tenants, batcher))
    yield clock[0]
    batcher.stop()


def test_clicks_become_a_commission_once_their_day_is_over(shop: Shop) -> None:
    shop.at(1, 9)
    joined = shop.tell(type="join", id="j", program="blog", person={"id": "ann"})
    code, ann = joined["advocate_code"], joined["participant"]
    link = f"/r/{code}"
    for hour in (10, 15, 23.9):
        shop.at(1, hour)
        assert shop.door.location(f"{link}?ch=letter").startswith(LANDING)
    shop.door.ask(link, user_agent="curl/8.0")
    shop.door.ask(link, user_agent="WhatsApp/2.23.20.0 A")
    shop.door.ask(link, sec_purpose="prefetch;prerender")
    shop.door.ask(link, method="HEAD")
    counted = until(shop.door, ("blog", code, "prefetch"), 1)
    assert [counted["blog", code, kind] for kind in ("person", "bot", "preview")] == [3, 1, 1]
    scheduler = shop.scheduler()
    for day, hour in ((1, 23.95), (2, 0.5), (2, 0.99)):
        shop.at(day, hour)
        scheduler.run_once()
        assert shop.granted() == [], "the day is not over, or its last clicks may be on their way"
    shop.at(2, 1)
    scheduler.run_once()
    assert shop.granted() == [(15, "pending")]
    told = shop.seq()
    for again in (scheduler, shop.scheduler(), shop.scheduler()):
        again.run_once()
    shop.at(2, 3)
    scheduler.run_once()
    assert shop.seq() == told, "nothing is told twice"

    # Clicks of the first day lay in the spool of a machine that was away: only they are paid, as far as the cap allows.
    shop.at(1, 20)
    for _ in range(4):
        shop.door.location(link)
    shop.at(4, 12)
    until(shop.door, ("blog", code, "person"), 7)
    scheduler.run_once()
    assert shop.granted() == [(15, "pending"), (5, "pending")]

    # So late that nobody looks any more.
    shop.at(1, 21)
    shop.door.location(link)
    shop.at(9, 1)
    until(shop.door, ("blog", code, "person"), 8)
    told = shop.seq()
    shop.scheduler().run_once()
    assert shop.granted() == [(15, "issued"), (5, "issued")], "both are final a week after noon of their day"
    with shop.door.database.read() as connection:
        assert load_tenant(connection, TENANT).seq == told + 2

    shop.at(40, 0)
    shop.scheduler().run_once()
    with shop.door.database.read() as connection:
        assert list(audit(connection, TENANT)) == []
        program = shop.tenants.live_programs(TENANT)[0]
        statement = payouts.partner_statement(connection, TENANT, program, ann, "2026-03")
        lines = list(payouts.statement_lines(connection, TENANT, statement, 10))
    assert sorted((line.kind, line.amount, line.rule, line.order) for line in lines[:2]) == [
        ("earned", 5, "visits", None),
        ("earned", 15, "visits", None),
    ]
    assert [(line.kind, line.amount) for line in lines[2:]] == [("paid_out", -20)]
    assert (statement.earned, statement.paid_out, statement.closing) == (20, 20, 0)


def test_a_code_that_is_switched_off_earns_nothing_for_its_visits(shop: Shop) -> None:
    shop.at(1, 9)
    code = shop.tell(type="join", id="j", program="blog", person={"id": "ann"})["advocate_code"]
    shop.door.location(f"/r/{code}")
    until(shop.door, ("blog", code, "person"), 1)
    shop.tell(type="handle", id="off", code=code, action="disable")
    shop.at(2, 2)
    shop.scheduler().run_once()
    assert shop.granted() == []
    shop.tell(type="handle", id="on", code=code, action="enable")
    shop.at(2, 5)
    shop.scheduler().run_once()
    assert shop.granted() == []
    with shop.door.database.read() as connection:
        assert hits.counts(connection, TENANT, "blog", code, since_day=0, until_day=10**6)
