"""Points are spent once: in one batch, by two writers at once, and from many small pieces; through a real database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from goodword.engine.events import Sealed
from goodword.engine.state import QUEUE_PAGE
from goodword.pipeline.tenant import Tenants
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, sealed

PROGRAM = """goodword: 1
program: club
currency: USD
time_zone: UTC
activities: [visit]
steps: {joined: {event: sign_up}}
measures: {visits: {count: activities, activity: visit}}
rewards:
  stars:
    when: {each: visits}
    to: advocate
    benefit: {kind: points, amount: 1 stars}
  tea:
    when: {exchange: 5 stars}
    to: advocate
    benefit: {kind: product, amount: 1 tea}
  everything:
    when: {exchange: 201 stars}
    to: advocate
    benefit: {kind: product, amount: 9 tea}
"""


def event(day: float, number: str, **body: Any) -> Sealed:
    """Something that anna does."""
    at = iso(START_MS + int(day * DAY_MS))
    return sealed({"id": number, "occurred_at": at, "person": {"id": "anna"}, **body})


def wants(day: float, number: str, reward: str = "tea") -> Sealed:
    return event(day, number, type="exchange", program="club", reward=reward)


def codes(answer: bytes) -> set[str]:
    return {reason["code"] for reason in msgspec.json.decode(answer)["reasons"]}


def visits(count: int) -> list[Sealed]:
    joined = event(0, "join", type="join", program="club")
    return [joined, *(event(1 + n / 1000, f"v{n}", type="activity", name="visit") for n in range(count))]


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    with database.write("club") as connection:
        create_tenant(connection, "club", 1)
    Tenants(database, KEYRING).publish("club", PROGRAM, 1)
    yield database
    with database.read() as connection:
        assert list(audit(connection, "club")) == []


def test_two_wishes_in_one_batch_share_what_there_is(database: Database) -> None:
    tenants = Tenants(database, KEYRING)
    story = [*visits(9), wants(2, "x1"), wants(2, "x2"), wants(2, "x1")]
    answers = tenants.decide_all("club", story).answers
    assert "points_spent" in codes(answers["x1"])
    assert "not_enough_points" in codes(answers["x2"])
    assert tenants.decide_all("club", [wants(2, "x1")]).answers["x1"] == answers["x1"]


def test_two_writers_at_once_spend_once(database: Database) -> None:
    Tenants(database, KEYRING).decide_all("club", visits(5))
    answers: dict[str, bytes] = {}
    writers = [
        threading.Thread(
            target=lambda id=id: answers.update(Tenants(database, KEYRING).decide_all("club", [wants(2, id)]).answers)
        )
        for id in ("x1", "x2")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    spent = ["points_spent" in codes(answer) for answer in answers.values()]
    assert sorted(spent) == [False, True]


def test_many_small_pieces_are_spent_up_to_a_page(database: Database) -> None:
    tenants = Tenants(database, KEYRING)
    tenants.decide_all("club", visits(QUEUE_PAGE + 5))
    told = msgspec.json.decode(tenants.decide_all("club", [wants(2, "all", "everything")]).answers["all"])
    (reason,) = [reason for reason in told["reasons"] if reason["code"] == "not_enough_points"]
    assert reason["values"]["left"] == {"amount": QUEUE_PAGE, "unit": "stars"}
    # Each exchange takes the oldest that are left, and what stood behind the page comes forward.
    story = [wants(3, f"x{n}") for n in range(QUEUE_PAGE // 5 + 1)]
    answers = tenants.decide_all("club", story).answers
    assert {"points_spent" in codes(answer) for answer in answers.values()} == {True}
    assert "not_enough_points" in codes(tenants.decide_all("club", [wants(4, "last")]).answers["last"])
