"""A history decided again as it was comes to the very same books."""

import hashlib
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from goodword.engine.state import COLLECTIONS
from goodword.pipeline import process
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import DAY_MS
from goodword.program.loader import load_program
from goodword.rehearsal.history import StoredHistory
from goodword.rehearsal.rehearse import Candidate, Rehearsal
from goodword.rehearsal.run import Run
from goodword.rehearsal.scratch import Scratch
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant
from goodword.storage.load import load_tenant
from goodword.storage.programs import program_in_force
from goodword.storage.rows import MAPPERS
from goodword.storage.scratch import read_all
from tests.properties.worlds import KEYRING, START_MS, play, program_files, wishes

NUMBERS = itertools.count()
STORED = [collection for collection in COLLECTIONS if collection.stored]


def fresh_tenant(database: Database) -> str:
    """A tenant of its own for each example."""
    tenant = f"t{next(NUMBERS)}"
    with database.write(tenant) as connection:
        create_tenant(connection, tenant, 1)
    return tenant


def lived(database: Database, versions: list[str], wished: list[Any], cut: int, planned: bool = False) -> str:
    """A tenant that went through a world; the later version came into force on the way, by itself where it was planned."""
    tenant = fresh_tenant(database)
    tenants = Tenants(database, KEYRING)
    events = play(load_program(versions[0], 1), wished)
    tenants.publish(tenant, versions[0], 0)
    place = cut % (len(events) + 1)
    tenants.decide_all(tenant, events[:place])
    for text in versions[1:]:
        at_ms = START_MS + cut * DAY_MS // 2 if planned else None
        tenants.publish(tenant, text, 0, at_ms, why="it has to be")
    tenants.decide_all(tenant, events[place:])
    return tenant


def park_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets the next decision about an event fail, as a fault of ours would, once."""
    failing: set[str] = set()
    decide = process.decide

    def faulty(programs: Any, state: Any, sealed: Any, keyring: Any) -> Any:
        if sealed.event.id in failing:
            failing.discard(sealed.event.id)
            raise RuntimeError("a fault")
        return decide(programs, state, sealed, keyring)

    monkeypatch.setattr(process, "decide", faulty)
    return failing.add


def stored(database: Database, tenant: str) -> dict[str, dict[str, Any]]:
    return {c.name: dict(read_all(database, tenant, c.name)) for c in STORED if c.name in MAPPERS}


def again(database: Database, tenant: str, rows_max: int) -> dict[str, dict[str, Any]]:
    with Scratch(KEYRING, rows_max) as scratch:
        Run(scratch).run(StoredHistory(database, tenant))
        assert scratch.on_disk == (rows_max == 0)
        return {c.name: dict(scratch.rows(c)) for c in STORED if c.name in MAPPERS}


def digest(database: Database, tenant: str) -> str:
    """All that stands in a tenant's tables."""
    found = hashlib.sha256()
    with database.read() as connection:
        for table in tables.metadata.sorted_tables:
            if "tenant" not in table.c:
                continue
            rows = connection.execute(sa.select(table).where(table.c.tenant == tenant)).all()
            found.update(repr((table.name, sorted(map(repr, rows)))).encode())
    return found.hexdigest()


def other_version(text: str) -> str:
    """The same file with another amount somewhere."""
    file = json.loads(text)
    file["rewards"]["milestone"]["benefit"]["unit_cost"] = "6 USD"
    file["rewards"]["milestone"]["hold"] = "1 day"
    return json.dumps(file, indent=1)


@pytest.mark.parametrize("rows_max", [10_000, 0], ids=["memory", "disk"])
def test_as_it_was_comes_to_the_same_books(database: Database, rows_max: int) -> None:
    """Every row, whatever happened: refunds, late events, staff, several versions, what fell due."""

    @settings(
        max_examples=15,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(program_files(), wishes(), st.integers(0, 40), st.sampled_from(["", "now", "planned"]))
    def check(text: str, wished: list[Any], cut: int, changed: str) -> None:
        versions = [text, other_version(text)] if changed else [text]
        tenant = lived(database, versions, wished, cut, planned=changed == "planned")
        before = digest(database, tenant)
        assert again(database, tenant, rows_max) == stored(database, tenant)
        assert digest(database, tenant) == before

    check()


def test_parked_events_are_where_they_were_decided_in_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept aside has no place in the history until it is told again."""
    park = park_once(monkeypatch)

    @settings(
        max_examples=10,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(program_files(), wishes(), st.integers(0, 40), st.integers(0, 40))
    def check(text: str, wished: list[Any], which: int, later: int) -> None:
        tenant, tenants = fresh_tenant(database), Tenants(database, KEYRING)
        events = play(load_program(text, 1), wished)
        tenants.publish(tenant, text, 0)
        which %= len(events)
        place = which + 1 + later % (len(events) - which)
        park(events[which].event.id)
        outcome = tenants.decide_all(tenant, events[:place])
        assert [parked.sealed.event.id for parked in outcome.parked] == [events[which].event.id]
        tenants.decide_all(tenant, [events[which], *events[place:]])
        tenants.catch_up(tenant, 0)  # what the last event asked for at its own moment, such as the pages of an erasure
        assert again(database, tenant, 10_000) == stored(database, tenant)

    check()


def test_the_file_in_force_changes_nothing(database: Database) -> None:
    @settings(
        max_examples=15,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(program_files(), wishes(), st.integers(0, 40), st.sampled_from(["", "now", "planned"]))
    def check(text: str, wished: list[Any], cut: int, changed: str) -> None:
        """Also where another version was in force before: from when on it is asked about, nothing differs."""
        versions = [text, other_version(text)] if changed else [text]
        tenant = lived(database, versions, wished, cut, planned=changed == "planned")
        with database.read() as connection:
            in_force = program_in_force(connection, tenant, "world")
            last_ms = load_tenant(connection, tenant).clock_ms
        assert in_force is not None
        before = digest(database, tenant)
        since_ms = last_ms + 1 if changed else None
        report = Rehearsal(KEYRING, [Candidate("same", in_force)], since_ms).stored(database, tenant)
        (one,) = report.candidates
        assert report.happened is not None
        assert (one.changed, one.changes, one.not_applied) == (0, (), 0)
        assert one.side.months == report.happened.months
        assert one.side.units == report.happened.units
        assert one.side.ran_out == report.happened.ran_out
        assert (one.people.gain, one.people.lose, one.people.largest) == (0, 0, ())
        assert digest(database, tenant) == before

    check()
