"""Many rewards that depend on one person, through a real database: they are found page by page."""

from __future__ import annotations

from typing import Any

from goodword.engine.events import Sealed
from goodword.engine.state import KEPT_PAGE
from goodword.pipeline.tenant import Tenants
from goodword.storage import reads
from goodword.storage.audit import audit
from goodword.storage.database import create_tenant, open_database
from tests.properties.worlds import DAY_MS, KEYRING, START_MS, iso, sealed

PROGRAM = """goodword: 1
program: club
currency: USD
time_zone: UTC
fields: {member: {of: person, type: boolean}}
steps: {joined: {event: sign_up}}
rewards:
  door:
    when: {step: joined}
    to: advocate
    benefit: {kind: access, amount: 1 door}
    kept: {while: {advocate.member: true}}
"""
FRIENDS = 2 * KEPT_PAGE + 5


def test_all_that_depends_on_a_person_falls_with_him(database_url: str) -> None:
    database = open_database(database_url)
    database.migrate()
    with database.write("club") as connection:
        create_tenant(connection, "club", 1)
    tenants = Tenants(database, KEYRING)
    tenants.publish("club", PROGRAM, 1)

    def event(day: int, number: str, **body: Any) -> Sealed:
        return sealed({"id": number, "occurred_at": iso(START_MS + day * DAY_MS), **body})

    anna = {"id": "anna", "fields": {"member": True}}
    code = KEYRING.handle("join", 0)
    events = [event(0, "join", type="join", person=anna, program="club")]
    events += [event(1, f"s{n}", type="sign_up", person={"id": f"f{n}"}, code=code) for n in range(FRIENDS)]
    tenants.decide_all("club", events)
    left = event(2, "left", type="profile", person={"id": "anna", "fields": {"member": False}})
    assert not tenants.decide_all("club", [left]).parked
    tenants.decide_all("club", [event(3, "later", type="time_passed")])
    with database.read() as connection:
        assert reads.reward_counts(connection, "club")["club"] == {"reversed": FRIENDS}
        assert list(audit(connection, "club")) == []
    database.close()
