"""A small shop with a program and a year of it, and the figures of that."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from goodword.engine.ids import Keyring
from goodword.metrics.definitions import METRICS, Dimension
from goodword.metrics.periods import months_until, read_period
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import to_ms
from goodword.program.loader import Program
from goodword.storage.database import Database, create_tenant
from goodword.warehouse.asked import Asked, Measured, find_program
from goodword.warehouse.folder import Folder
from goodword.warehouse.measuring import measure

KEYRING = Keyring(b"reports")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOW_MS = to_ms(NOW)
NUMBERS = itertools.count()
PROGRAM = """\
goodword: 1
program: socks
currency: USD
time_zone: UTC
target: {customers: 50, cost: 15.00 USD}
economics: {margin: 60%, smallest_order: 40.00 USD, return_window: 30 days}
audience: {friend: {friend.new_customer: true}}
steps:
  purchase: {event: order}
rewards:
  thanks:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 20.00 USD}
  welcome:
    when: {step: claimed}
    to: friend
    benefit: {kind: coupon, percent_off: 10%, ceiling: 20.00 USD}
    expires: 30 days
"""
WITHOUT_MARGIN = PROGRAM.replace("economics: {margin: 60%, smallest_order: 40.00 USD, return_window: 30 days}\n", "")
ADVOCATES = 6
FRIENDS = 7


Told = tuple[datetime, dict[str, Any]]


def tenant_with(
    database: Database,
    text: str = PROGRAM,
    *,
    history: bool = True,
    story: Callable[[], Iterable[Told]] | None = None,
) -> str:
    """A new tenant with the program in force, and a year of it."""
    tenant = f"r{next(NUMBERS)}"
    with database.write(tenant) as connection:
        create_tenant(connection, tenant, 1)
    tenants = Tenants(database, KEYRING)
    tenants.publish(tenant, text, 0)
    if history:
        told = sorted((story or year)(), key=lambda one: one[0])
        events = [
            msgspec.json.encode({"id": f"e{place}", "occurred_at": at.isoformat()} | body)
            for place, (at, body) in enumerate(told)
        ]
        tenants.decide_all(tenant, [seal(decode_event(raw), KEYRING, NOW_MS, history=True) for raw in events])
    return tenant


def year() -> Iterator[Told]:
    """Advocates who buy in spring and bring friends in autumn, every second of whom buys."""
    for number in range(ADVOCATES):
        advocate = person(f"advocate{number}", ("ro", "RO") if number % 2 else ("ar", "SA"))
        begun = datetime(2026, 4, 1, 8, tzinfo=UTC) + timedelta(days=7 * number)
        yield begun, order(f"a{number}", advocate, 9000)
        yield (
            begun + timedelta(minutes=1),
            {"type": "ask", "program": "socks", "place": "order_done", "person": advocate},
        )
        join = f"join-{number}"
        yield begun + timedelta(minutes=2), {"type": "join", "id": join, "person": advocate, "program": "socks"}
        for place in range(FRIENDS):
            friend = person(f"friend{number}-{place}", ("en", "US"))
            came = datetime(2026, 10, 2, 9, tzinfo=UTC) + timedelta(days=4 * place, hours=number)
            yield came, {"type": "claim", "code": KEYRING.handle(join, 0), "person": friend}
            if place % 2 == 0:
                yield came + timedelta(days=2 + number), order(f"f{number}-{place}", friend, 6000)
            if place == 2:
                survey = {"type": "survey", "program": "socks", "side": "friend", "recommend": 10 - number, "easy": 4}
                yield came + timedelta(days=9), survey | {"person": friend}
        stranger = person(f"stranger{number}", ("en", "US"))
        yield datetime(2026, 10, 5 + number, tzinfo=UTC), order(f"s{number}", stranger, 5000)


def months() -> Iterator[Told]:
    """An advocate who brings four friends each month from June on: one buys after 3 days, again after 20 more; one after 12 days."""
    advocate = person("advocate", ("ro", "RO"))
    begun = datetime(2026, 5, 1, 8, tzinfo=UTC)
    yield begun, order("a", advocate, 9000)
    yield begun + timedelta(minutes=1), {"type": "join", "id": "join", "person": advocate, "program": "socks"}
    for month in range(6, 12):
        for place in range(4):
            friend = person(f"friend{month}-{place}", ("en", "US"))
            came = datetime(2026, month, 10, 9, place, tzinfo=UTC)
            yield came, {"type": "claim", "code": KEYRING.handle("join", 0), "person": friend}
            for number, days in enumerate({0: (3, 23), 1: (12,)}.get(place, ())):
                if (bought := came + timedelta(days=days)) < NOW:
                    yield bought, order(f"{month}-{place}-{number}", friend, 6000)


def person(name: str, lives: tuple[str, str]) -> dict[str, Any]:
    """Somebody who speaks a language and lives in a country."""
    language, country = lives
    return {"id": name, "email": f"{name}@example.com", "language": language, "country": country}


def order(name: str, who: dict[str, Any], total: int) -> dict[str, Any]:
    """An order that he places."""
    return {"type": "order", "order": name, "person": who, "total": total, "currency": "USD"}


def measured(
    database: Database,
    tenant: str,
    folder: Path,
    period: str = "2026-10",
    dimensions: tuple[Dimension, ...] = (),
    metrics: tuple[str, ...] = tuple(METRICS),
    months: int = 12,
) -> tuple[Program, Measured]:
    """The figures of the program over a period, with so many months up to it."""
    with database.read() as connection:
        program = find_program(connection, tenant, "socks")
    days = read_period(period, date(2026, 11, 30))
    asked = Asked("socks", days, months_until(days.last, months), dimensions, metrics, queries=True)
    return program, measure(database, tenant, Folder(folder, tenant), asked, lambda: NOW_MS)
