"""Figures of what a shop tells: from events through decisions and files to what is said, on both databases."""

from __future__ import annotations

import itertools
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from goodword.engine.clicks import click_token
from goodword.metrics.periods import Days
from goodword.metrics.question import Period
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import iso
from goodword.program.loader import Program, load_program
from goodword.recipes import read_recipe
from goodword.storage import facts as source
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant
from goodword.storage.hits import lock_spool, move_spool, store_hits
from goodword.warehouse import copying
from goodword.warehouse.asked import Asked
from goodword.warehouse.copying import Copier
from goodword.warehouse.folder import GRACE_MS, Folder, Manifest
from goodword.warehouse.measuring import measure
from tests.properties.worlds import KEYRING, START_MS
from tests.warehouse.agreeing import NOW_MS, Copied, books_agree

NUMBERS = itertools.count()
DAY = 86_400_000


class Shop:
    """A tenant with programs in force, that tells what happens on which day."""

    def __init__(self, database: Database, *texts: str) -> None:
        self.database, self.tenant = database, f"t{next(NUMBERS)}"
        self.programs: list[Program] = []
        with database.write(self.tenant) as connection:
            create_tenant(connection, self.tenant, 1)
        for text in texts:
            Tenants(database, KEYRING).publish(self.tenant, text, 0)
            self.programs.append(load_program(text, 1))

    def tell(self, at: float, **body: Any) -> dict[str, Any]:
        """Tell an event of so many days after the beginning; its answer."""
        return self.tell_at(START_MS + round(at * DAY), **body)

    def tell_at(self, at_ms: int, **body: Any) -> dict[str, Any]:
        id = body.pop("id", f"e{next(NUMBERS)}")
        raw = decode_event(msgspec.json.encode({"id": id, "occurred_at": iso(at_ms)} | body))
        outcome = Tenants(self.database, KEYRING).decide_all(self.tenant, [seal(raw, KEYRING, NOW_MS, history=True)])
        assert not outcome.parked, outcome.parked
        answer: dict[str, Any] = json.loads(outcome.answers[raw.id])
        return answer

    def order(self, at: float, who: str, number: str, total: int = 90_00, **more: Any) -> dict[str, Any]:
        body = {"order": number, "person": person(who), "total": total, "currency": "USD"}
        return self.tell(at, type="order", **(body | more))

    def advocate(self, who: str, program: int = 0) -> str:
        """Somebody who bought and joined; his code."""
        self.order(-5, who, f"first-{who}")
        told = self.tell(-4, type="join", person=person(who), program=self.programs[program].name)
        code: str = told["advocate_code"]
        return code

    def click(self, code: str, at: float, channel: str | None = None) -> None:
        """Somebody follows the link of a code."""
        place = next(NUMBERS)
        with self.database.write_aside() as connection:
            lock_spool(connection, self.tenant, "s", NOW_MS)
            at_ms = START_MS + round(at * DAY)
            hit = ("s", place, code, self.programs[0].name, at_ms, channel, None, None)
            store_hits(connection, self.tenant, [hit], {})
            move_spool(connection, self.tenant, "s", place + 1, NOW_MS, done=False)

    def copied(self, root: Path) -> Copied:
        return Copied(self.database, self.tenant, root)


def person(name: str) -> dict[str, Any]:
    return {"id": name, "email": f"{name}@example.com", "country": "RO", "language": "ro"}


def by(copied: Copied, program: Program, metric: str, dimension: Any) -> dict[str, Any]:
    return {one.of: one.value for one in copied.ask(program, metric, dimension=dimension)}


def test_orders_by_what_their_evidence_came_to(database: Database, tmp_path: Path) -> None:
    text = read_recipe("bombas").replace("[code, claim, staff]", "[code, claim, click, staff]")
    shop = Shop(database, text, read_recipe("amazon-associates"))
    code, gone, partner = shop.advocate("ana"), shop.advocate("ion"), shop.advocate("pat", 1)
    shop.tell(-3, type="handle", code=gone, action="disable")
    token = shop.tell(0, type="claim", code=code)["claim"]
    click = click_token(KEYRING, code, START_MS, bytes(8))
    shop.order(1, "bob", "1", code=code.lower())  # attributed, whatever the letters
    shop.order(1, "eve", "2", claim=token)  # attributed
    shop.order(1, "joe", "3", click=click)  # attributed
    shop.order(2, "bob", "4")  # again
    shop.order(2, "ana", "5", code=code)  # refused: himself
    shop.order(2, "ion", "6", code=code)  # refused: no new customer
    shop.order(2, "sam", "7", code="WRONG-CODE")  # lost
    shop.order(2, "kim", "8", code=gone)  # lost
    shop.order(60, "lee", "9", click=click)  # lost: too old
    shop.order(60, "mia", "10", claim="nothing")  # lost
    shop.order(60, "max", "11", click=click_token(KEYRING, partner, START_MS + 59 * DAY + DAY // 2, bytes(8)))  # other
    shop.order(60, "liz", "12", total=10_00, code=code)  # refused: too small
    shop.order(61, "ned", "13")  # nothing
    shop.order(61, "ned", "13", code=code)  # told twice: the first time counts
    copied, bombas = shop.copied(tmp_path), shop.programs[0]
    outcomes = by(copied, bombas, "orders", "outcome")
    assert outcomes == {
        "attributed": 3,
        "again": 1,
        "refused": 3,
        "lost": 4,
        "other_program": 1,
        "no_evidence": 1 + 3,  # ned's, and the first orders of the advocates
    }
    (coverage,) = copied.ask(bombas, "attribution_coverage")
    assert (coverage.numerator, coverage.denominator) == (3, 10)
    reasons = by(copied, bombas, "orders", "reason")
    assert {reasons[name] for name in ("unknown_code", "code_disabled", "evidence_too_old", "unknown_claim")} == {1}
    assert by(copied, shop.programs[1], "orders", "outcome")["attributed"] == 1


def test_the_discount_of_a_friend_is_counted_once(database: Database, tmp_path: Path) -> None:
    """An order of 120.00 less a quarter leaves its margin of 120.00; the 30.00 are a cost, and so are the advocate's 20.00."""
    shop = Shop(database, read_recipe("bombas"))
    code = shop.advocate("ana")
    reward = shop.tell(0, type="claim", code=code, person=person("bob"))["rewards"][0]["id"]
    shop.order(1, "bob", "1", total=90_00, redeems=[{"code": KEYRING.reward_code(reward)}])
    shop.order(2, "bob", "2", total=50_00)
    shop.tell(40, type="time_passed")
    copied, bombas = shop.copied(tmp_path), shop.programs[0]
    assert copied.units(bombas, "reward_cost") == {"USD": 30_00 + 20_00}
    assert copied.units(bombas, "revenue") == {"USD": 90_00}
    # Half of an order is left by what the question says.
    assert copied.units(bombas, "referred_margin") == {"USD": (120_00 + 50_00) // 2}
    assert copied.count(bombas, "unpriced_rewards") == 0
    assert copied.units(bombas, "open_liability") == {"USD": 20_00}
    # It comes back whole: nothing was given, and nothing is left but what he bought besides.
    shop.tell(41, type="refund", order="1")
    copied = shop.copied(tmp_path)
    assert copied.units(bombas, "reward_cost") == {}
    assert copied.count(bombas, "new_customers") == 0
    assert copied.units(bombas, "referred_margin") == {}
    (refunds,) = copied.ask(bombas, "refund_rate")
    assert (refunds.numerator, refunds.denominator) == (1, 1)


def test_what_comes_back_late_is_no_refund_in_time(database: Database, tmp_path: Path) -> None:
    shop = Shop(database, read_recipe("bombas"))
    code = shop.advocate("ana")
    for number, (back, amount) in enumerate(((10, 1_00), (89.9, 90_00), (90, 90_00), (200, 1_00))):
        shop.order(0, f"f{number}", f"o{number}", code=code)
        shop.tell(back, type="refund", order=f"o{number}", amount=amount)
    (refunds,) = shop.copied(tmp_path).ask(shop.programs[0], "refund_rate")
    assert (refunds.numerator, refunds.denominator) == (2, 4)


def test_points_that_bought_something_are_no_cost_twice(database: Database, tmp_path: Path) -> None:
    shop = Shop(database, read_recipe("starbucks"))
    code = shop.advocate("ana")
    starbucks = shop.programs[0]
    for number in range(2):
        shop.order(1, f"f{number}", f"o{number}", total=9_00, code=code)
    before = shop.copied(tmp_path)
    points = {row["id"]: row for row in before.relation(starbucks, "given") if row["unit"] == "stars"}
    stars = sum(row["quantity"] for row in points.values())
    assert before.units(starbucks, "reward_cost") == {"USD": stars}  # a cent each
    answer = shop.tell(2, type="exchange", program="starbucks", person=person("ana"), reward=_cheapest(starbucks))
    bought = next(row for row in answer["rewards"] if row["unit"] != "stars")
    price = starbucks.model.rewards[bought["rule"]].when.exchange
    benefit = starbucks.model.rewards[bought["rule"]].benefits[""]
    assert price is not None
    assert benefit.unit_cost is not None
    after = shop.copied(tmp_path)
    assert after.units(starbucks, "reward_cost") == {"USD": stars - price.amount + benefit.unit_cost.amount}
    # Taken back unused, the points may be spent again and cost what they did.
    shop.tell(3, type="reward", reward=bought["id"], action="reverse", why="out of it")
    assert shop.copied(tmp_path).units(starbucks, "reward_cost") == {"USD": stars}


def _cheapest(program: Program) -> str:
    prices = {name: rule.when.exchange.amount for name, rule in program.model.rewards.items() if rule.when.exchange}
    return min(prices, key=lambda name: prices[name])


def test_a_balance_that_two_programs_fill_is_parted_by_program(database: Database, tmp_path: Path) -> None:
    greats = read_recipe("bombas").replace("program: bombas", "program: p_x")
    shop = Shop(database, read_recipe("bombas"), greats, read_recipe("amazon-associates"))
    code, other, partner = shop.advocate("ana"), shop.advocate("ana2", 1), shop.advocate("ana3", 2)
    again = shop.tell(-3, type="join", person=person("ana"), program="p_x")["advocate_code"]
    shop.order(1, "bob", "1", code=code)
    shop.order(1, "eve", "2", code=again)
    shop.order(1, "joe", "3", code=other)
    click = click_token(KEYRING, partner, START_MS + DAY, bytes(8))
    shop.order(1.5, "sam", "4", click=click, total=1000_00, items=[{"category": "books", "total": 1000_00}])
    shop.tell(120, type="time_passed")
    copied = shop.copied(tmp_path)
    assert [copied.units(program, "open_liability").get("USD") for program in shop.programs[:2]] == [20_00, 40_00]
    assert copied.units(shop.programs[2], "open_liability")["USD"] > 0
    for program in shop.programs:
        books_agree(database, shop.tenant, copied, program)


def test_what_is_paid_out_is_owed_until_it_was_paid(database: Database, tmp_path: Path) -> None:
    shop = Shop(database, read_recipe("amazon-associates"))
    partner, amazon = shop.advocate("pat"), shop.programs[0]
    click = click_token(KEYRING, partner, START_MS + DAY, bytes(8))
    shop.order(1.5, "sam", "4", click=click, total=9000_00, items=[{"category": "books", "total": 9000_00}])
    shop.tell(200, type="time_passed")
    participant = shop.order(201, "pat", "5")["participant"]
    owed = shop.copied(tmp_path).units(amazon, "open_liability")["USD"]
    assert owed > 0
    with database.read() as connection:
        (payout,) = connection.execute(tables.payouts.select().where(tables.payouts.c.tenant == shop.tenant)).fetchall()
    assert payout.participant == participant
    shop.tell(202, type="payout", payout=payout.id, action="pay")
    copied = shop.copied(tmp_path)
    assert copied.units(amazon, "open_liability") == {}
    assert copied.units(amazon, "open_liability", Period("before", 0, START_MS + 202 * DAY)) == {"USD": owed}
    assert copied.units(amazon, "reward_cost") == {"USD": owed}
    # Each order began its own referral: that all of them converted says nothing.
    (rate,) = copied.ask(amazon, "conversion_rate")
    assert (rate.value, rate.denominator) == (None, 0)
    assert copied.count(amazon, "conversions") == 1


def test_leads_that_a_click_can_have_brought(database: Database, tmp_path: Path) -> None:
    shop = Shop(database, read_recipe("bombas"))
    code = shop.advocate("ana")
    for at, channel in ((0, "sms"), (1, "whatsapp"), (40, None)):
        shop.click(code, at, channel)
    shop.tell(0.5, type="claim", code=code, person=person("bob"))
    shop.tell(1.5, type="claim", code=code, person=person("eve"), via="staff")
    shop.tell(35, type="claim", code=code, person=person("joe"))
    copied, bombas = shop.copied(tmp_path), shop.programs[0]
    (rate,) = copied.ask(bombas, "claim_rate")
    assert (rate.numerator, rate.denominator) == (1, 3)
    channels = {one.of: one.numerator for one in copied.ask(bombas, "claim_rate", dimension="channel")}
    assert channels == {"sms": 1, "whatsapp": 0, "": 0}


MONTHS = {
    # Clocks go forward in Romania on 29 March 2026: the month has 31 days less an hour.
    "Europe/Bucharest": (datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 3, 31, 21, tzinfo=UTC)),
    "Asia/Riyadh": (datetime(2026, 2, 28, 21, tzinfo=UTC), datetime(2026, 3, 31, 21, tzinfo=UTC)),
}


@pytest.mark.parametrize("zone", MONTHS)
def test_a_month_is_one_of_the_programs_calendar(database: Database, tmp_path: Path, zone: str) -> None:
    shop = Shop(database, read_recipe("bombas").replace("America/New_York", zone))
    code = shop.advocate("ana")
    first, following = (round(moment.timestamp() * 1000) for moment in MONTHS[zone])
    for number, at_ms in enumerate((first - 1, first, following - 1, following)):
        shop.tell_at(at_ms, type="claim", code=code, person=person(f"f{number}"))
    # Told last, about a moment in the month: figures of the month are restated.
    march = Days("2026-03", date(2026, 3, 1), date(2026, 3, 31))
    asked = Asked("bombas", march, metrics=("leads", "customers", "new_customers"))

    def figures() -> dict[str, Any]:
        measured = measure(database, shop.tenant, Folder(tmp_path, shop.tenant), asked, lambda: NOW_MS)
        return {one.metric: one.value for one in measured.figures if one.period == march.name}

    assert figures() == {"leads": 2, "customers": 1, "new_customers": 0}
    shop.tell_at(following + 3 * DAY, type="time_passed")
    late = first + 20 * DAY
    shop.tell_at(late, type="order", order="9", person=person("f1"), total=90_00, currency="USD")
    assert figures() == {"leads": 2, "customers": 2, "new_customers": 1}


SECRETS = ("bob@example.com", "ES", "spa", "gold-plated", "my free words", "Bobby")


def test_an_erased_person_is_in_no_file_and_totals_stay(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = read_recipe("bombas").replace("audience:", "fields:\n  plan: {of: person, type: text}\n\naudience:", 1)
    shop = Shop(database, text)
    code, bombas = shop.advocate("ana"), shop.programs[0]
    bob = person("bob") | {"country": "ES", "language": "spa", "name": "Bobby", "fields": {"plan": "gold-plated"}}
    shop.order(1, "bob", "1", code=code, person=bob)
    shop.tell(2, type="join", person=bob, program="bombas")
    shop.tell(3, type="survey", program="bombas", side="friend", person=bob, recommend=9, text="my free words")
    before = shop.copied(tmp_path)
    totals = ("leads", "conversions", "customers", "new_customers", "orders", "advocates")
    counted = {metric: before.count(bombas, metric) for metric in totals}
    money = {metric: before.units(bombas, metric) for metric in ("revenue", "reward_cost", "referred_margin")}
    assert _found(tmp_path) >= {"ES", "spa", "gold-plated"}
    with monkeypatch.context() as killed:
        killed.setattr(copying._Work, "undo", lambda *_: None)  # a process that is killed tidies nothing up
        _interrupt(shop, tmp_path, monkeypatch)
    shop.tell(4, type="erase", person={"id": "bob"})
    after = shop.copied(tmp_path)
    assert {metric: after.count(bombas, metric) for metric in totals} == counted
    assert {metric: after.units(bombas, metric) for metric in money} == money
    folder = Folder(tmp_path, shop.tenant)
    last: Manifest = Copier(database, shop.tenant, folder, lambda: NOW_MS + GRACE_MS).copy()
    assert not last.retired
    # What an interrupted copy left is removed by the first one after a day.
    assert _found(tmp_path)
    for path in tmp_path.rglob("*.parquet"):
        os.utime(path, (0, 0))
    shop.tell(5, type="time_passed")
    Copier(database, shop.tenant, folder, lambda: NOW_MS + 2 * GRACE_MS).copy()
    assert not _found(tmp_path)


def _interrupt(shop: Shop, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that ends just before it would have counted: its files stay behind."""

    def fail(*_: object) -> bool:
        raise KeyboardInterrupt

    shop.tell(3.5, type="profile", person=person("bob") | {"country": "ES"})
    with monkeypatch.context() as patched:
        patched.setattr(source, "move_copy", fail)
        with pytest.raises(KeyboardInterrupt):
            shop.copied(root)


def _found(root: Path) -> set[str]:
    """Which secrets stand in any file of a warehouse, named by a manifest or not."""
    found: set[str] = set()
    with duckdb.connect() as engine:
        for path in root.rglob("*.parquet"):
            for row in engine.execute(
                "SELECT * FROM read_parquet(?, hive_partitioning = false)", [str(path)]
            ).fetchall():
                words = " ".join(f"<{value}>" for value in row)
                found |= {
                    secret for secret in SECRETS if f"<{secret}>" in words or (len(secret) > 5 and secret in words)
                }
    return found
