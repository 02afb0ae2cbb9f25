"""A PostgreSQL that is frozen: it keeps its connections, and the system still takes new ones for it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from goodword.storage import database as module
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant, open_database
from goodword.storage.silence import PAUSE_SECONDS
from tests.postgres import Cluster, own_cluster
from tests.storage.making import TENANT

SECONDS = 1.0
CONNECT_SECONDS = 2
"""libpq counts whole seconds, two at least."""
SLACK_SECONDS = 5.0


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture
def serving(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of a process that serves, with a shorter patience."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", CONNECT_SECONDS)
    monkeypatch.setattr(module, "SILENT_SECONDS", SECONDS)
    database = open_database(cluster.url.render_as_string(False))
    database.migrate()
    database.serves()
    yield database
    cluster.signal(signal.SIGCONT)
    database.close()


def one(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.text("SELECT 1")).scalar_one()


def failed_after(database: Database) -> float:
    """How long it takes until somebody who reads is told that there is no database."""
    began = time.monotonic()
    with pytest.raises((OperationalError, NoConnection)):
        one(database)
    return time.monotonic() - began


def test_a_frozen_database_counts_as_away_until_it_answers(cluster: Cluster, serving: Database) -> None:
    assert one(serving) == 1
    cluster.signal(signal.SIGSTOP)
    assert SECONDS * 0.9 < failed_after(serving) < SECONDS + CONNECT_SECONDS + SLACK_SECONDS
    # Those who come now are not kept waiting.
    assert failed_after(serving) < PAUSE_SECONDS / 2
    time.sleep(PAUSE_SECONDS)
    # Somebody has to try again: nobody accepts his connection.
    assert failed_after(serving) < CONNECT_SECONDS + SLACK_SECONDS
    assert failed_after(serving) < PAUSE_SECONDS / 2
    cluster.signal(signal.SIGCONT)
    time.sleep(PAUSE_SECONDS)
    assert one(serving) == 1


def test_what_was_not_committed_when_it_froze_is_not_there(cluster: Cluster, serving: Database) -> None:
    def make() -> None:
        with serving.write(TENANT) as connection:
            create_tenant(connection, TENANT, 1)
            cluster.signal(signal.SIGSTOP)
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(OperationalError):
        make()
    cluster.signal(signal.SIGCONT)
    time.sleep(PAUSE_SECONDS)
    with serving.write(TENANT) as connection:
        assert connection.execute(sa.select(tables.tenants)).all() == []
        create_tenant(connection, TENANT, 1)


def test_only_who_serves_is_impatient(cluster: Cluster, serving: Database) -> None:
    """A command may ask what takes its time; what goes on telling something is not silent."""
    slow = sa.text(f"SELECT pg_sleep({SECONDS * 2})")
    patient = open_database(cluster.url.render_as_string(False))
    with patient.read() as connection:
        connection.execute(slow)
    patient.close()
    with pytest.raises(OperationalError, match="in time"), serving.read() as connection:
        connection.execute(slow)
