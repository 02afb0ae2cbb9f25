"""What a process remembers between batches: it saves questions, never a decision."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, event

from goodword.engine.events import Sealed
from goodword.pipeline.process import Outcome
from goodword.pipeline.tenant import Tenants
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant
from tests.engine.world import FRIENDS
from tests.properties.worlds import KEYRING, START_MS, iso, sealed

TENANT = "default"
CODE = KEYRING.handle("join", 0)


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 0)
    return database


@pytest.fixture
def tenants(database: Database) -> Tenants:
    tenants = Tenants(database, KEYRING)
    tenants.publish(TENANT, FRIENDS.lstrip(), 0)
    return tenants


def tell(id: str, type: str, who: str, minute: int, **body: object) -> Sealed:
    at = {"occurred_at": iso(START_MS + minute * 60_000)}
    return sealed({"type": type, "id": id, "person": {"id": who}, **at, **body})


STORY = [
    tell("join", "join", "anna", 1, program="friends"),
    tell("claim", "claim", "ben", 2, code=CODE),
    tell("sign-up", "sign_up", "ben", 3),
    tell("order", "order", "ben", 4, order="o1", total=6000, currency="USD"),
    tell("again", "order", "ben", 5, order="o2", total=7000, currency="USD"),
]


def asked(database: Database, tenants: Tenants, events: list[Sealed]) -> list[str]:
    """The tables of rows by key that a batch asks for."""
    tables: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT") and "k.value" in statement:
            tables.append(statement.partition(" JOIN ")[2])

    event.listen(database.engine, "before_cursor_execute", note)
    tenants.decide(TENANT, events)
    event.remove(database.engine, "before_cursor_execute", note)
    return tables


def test_what_the_last_batch_needed_is_not_asked_for_again(database: Database, tenants: Tenants) -> None:
    assert [table for table in asked(database, tenants, STORY[:2]) if "participants" in table or "handles" in table]
    later = asked(database, tenants, STORY[2:3])
    assert [table for table in later if "participants" in table or "handles" in table or "referrals" in table] == []


def test_one_answer_whoever_remembers_what(database: Database, tenants: Tenants) -> None:
    other = Tenants(database, KEYRING)
    answers: dict[str, bytes] = {}
    for index, one in enumerate(STORY):
        answers |= (tenants, other)[index % 2].decide(TENANT, [one]).answers
    with database.write("whole") as connection:
        create_tenant(connection, "whole", 0)
    other.publish("whole", FRIENDS.lstrip(), 0)
    assert other.decide("whole", STORY).answers == answers
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []


def test_what_was_undone_is_not_remembered(database: Database, tenants: Tenants) -> None:
    def fail(_: Connection, __: Outcome) -> None:
        raise ZeroDivisionError

    tenants.decide(TENANT, STORY[:1])
    with pytest.raises(ZeroDivisionError):
        tenants.decide(TENANT, STORY[1:4], also=fail)
    outcome = tenants.decide(TENANT, STORY[1:])
    assert [decision.sealed.event.id for _, decision, _ in outcome.decisions] == ["claim", "sign-up", "order", "again"]
    with database.read() as connection:
        assert list(audit(connection, TENANT)) == []
