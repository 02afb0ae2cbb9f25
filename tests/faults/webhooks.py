"""Webhooks under faults: an endpoint that takes what a killed service had to tell, and the judgement that nothing is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from goodword.delivery.deliverer import make_deliverer
from goodword.parts import Parts, now_ms, open_parts
from goodword.program.duration import DAY_MS
from goodword.settings import read_settings
from goodword.storage import endpoints
from goodword.storage.endpoints import Endpoint
from goodword.web.shapes import show_row
from tests.delivery.receiver import Receiver
from tests.web.making import TENANT

TOPICS = ("referral.*",)
LATER_MS = 10 * DAY_MS
"""When the rest is sent: every lease of the dead has run out, and every second try is due."""


def listen(parts: Parts, receiver: Receiver) -> None:
    """Have everything that happens to referrals from now on told to a receiver."""
    with parts.database.write_aside(f"outbox:{TENANT}") as connection:
        position = endpoints.outbox_position(connection, TENANT)
        endpoint = Endpoint(
            "ep_1", "webhook", receiver.url, TOPICS, False, "active", None, "en", 1, None, position, now_ms()
        )
        endpoints.create_endpoint(connection, TENANT, endpoint)


def deliver_rest(folder: Path, database: str) -> None:
    """Send what is left, as the next start would."""
    given = {"database": database, "tenant": TENANT, "secret_file": str(folder / "key"), "webhook_private": "1"}
    settings = read_settings({}, **given)
    parts = open_parts(settings)
    deliverer = make_deliverer(settings, parts.database, parts.keyring, lambda: now_ms() + LATER_MS, show_row)
    try:
        deliverer.run_once()
    finally:
        deliverer.stop()
        parts.database.close()


def undelivered(parts: Parts, receiver: Receiver) -> Iterator[str]:
    """What did not arrive, and what arrived under two names."""
    came: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for taken in receiver.taken:
        came[taken.id].add((taken.body["type"], taken.body["seq"]))
    yield from (f"{id} came as {told}" for id, told in came.items() if len(told) > 1)
    with parts.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT o.id, d.id AS delivery, d.status FROM outbox AS o JOIN endpoints AS e ON e.tenant = o.tenant"
                " LEFT JOIN deliveries AS d ON d.tenant = o.tenant AND d.outbox_id = o.id"
                " WHERE o.tenant = :tenant AND o.topic LIKE 'referral.%' AND o.id > e.after_outbox"
            ),
            {"tenant": TENANT},
        ).all()
    assert rows, "nothing happened that could be told"
    seen = [row.delivery for row in rows]
    yield from (
        f"outbox row {row.id} was {row.status or 'not handed out'}" for row in rows if row.status != "delivered"
    )
    yield from (f"{row.delivery} never came" for row in rows if row.delivery and row.delivery not in came)
    if len(set(seen)) != len(seen):
        yield "an outbox row was handed out twice"
    yield from (f"{id} came and stands nowhere" for id in came.keys() - set(seen))
