"""Opening, migrating and locking."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from goodword.storage import tables
from goodword.storage.database import (
    Database,
    NotMigrated,
    UnknownRevision,
    UnsupportedDatabase,
    _alembic,
    create_tenant,
    open_database,
)
from goodword.storage.load import load_tenant
from goodword.storage.reads import undelivered
from tests.storage.making import TENANT, keep


def test_the_migrations_make_the_tables_that_the_code_uses(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    database.migrate()
    assert _differences(database) == []
    database.close()


def test_the_copy_that_other_tests_get_is_what_the_migrations_make(database: Database) -> None:
    assert database.revision() is not None
    database.check()
    assert _differences(database) == []


def _differences(database: Database) -> list[Any]:
    """How the tables differ from those that the code uses."""
    with database.read() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables.metadata)
        )


def test_text_is_ordered_by_code_point(database: Database) -> None:
    """Decisions are taken in the order of ids, which must be the same everywhere."""
    keep(database, {"counters": dict.fromkeys(("b", "B", "é", "a-", "aa", "🎁", "ﬁ"), 1)})
    with database.read() as connection:
        keys = connection.execute(sa.select(tables.counters.c.key).order_by(tables.counters.c.key)).scalars().all()
    assert keys == sorted(keys)


@pytest.mark.parametrize("table", tables.metadata.tables.values(), ids=lambda table: table.name)
def test_every_key_and_index_starts_with_the_tenant_and_says_what_it_is_for(table: sa.Table) -> None:
    assert next(iter(table.primary_key.columns)).name == "tenant"
    for index in table.indexes:
        assert index.info["query"]
        assert index.name == "api_keys_by_hash" or next(iter(index.columns)).name == "tenant"


def test_what_stood_in_an_older_database_stands_there_after_it_was_migrated(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    with _alembic() as config, database._begin_writing("goodword:migrate") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for id, delivered in ((1000, 5), (1001, 5), (2000, None)):
            row = {"id": id, "delivered": delivered, "doc": '{"topic":"referral.started","reference":"r1"}'}
            connection.execute(sa.text("INSERT INTO outbox VALUES ('t', :id, 1, 'x', :doc, 1, :delivered)"), row)
        connection.execute(sa.text("INSERT INTO counters VALUES ('t', 'cap|a', 7)"))
        connection.execute(sa.text("INSERT INTO entries VALUES ('t', 1, 0, 'balance:p', 'USD', 5, NULL)"))
        connection.execute(sa.text("INSERT INTO traces VALUES ('t', 'r1', 1)"))
    database.migrate()
    with database.read() as connection:
        assert [row.id for row in undelivered(connection, "t")] == [2000]
        assert connection.execute(sa.select(tables.counters)).all() == [("t", "cap|a", 7)]
        assert connection.execute(sa.select(tables.entries)).all() == [("t", 1, 0, "balance:p", "USD", 5, None)]
        assert connection.execute(sa.select(tables.traces)).all() == [("t", "r1", 1)]
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    database.close()


def test_what_people_said_about_rewards_before_is_found_after_a_migration(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    docs = {"two": '{"answers":{"engraving":"Sofia","size":"L"}}', "none": "{}", "empty": '{"answers":{}}'}
    with _alembic() as config, database._begin_writing("goodword:migrate") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0023")
        columns = {one["name"]: one for one in sa.inspect(connection).get_columns("rewards") if not one["nullable"]}
        for id, doc in docs.items():
            row = {name: "x" if isinstance(one["type"], sa.Text) else 0 for name, one in columns.items()}
            row |= {"tenant": TENANT, "id": id, "doc": doc, "status": "issued"}
            values = ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO rewards ({', '.join(row)}) VALUES ({values})"), row)
    database.migrate()
    with database.read() as connection:
        found = connection.execute(sa.select(tables.rewards.c.id, tables.rewards.c.answered)).all()
    assert {row.id: row.answered for row in found} == {"two": 2, "none": None, "empty": None}
    database.close()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    revision = database.revision()
    assert revision is not None
    database.migrate()
    database.check()
    assert database.revision() == revision


def test_a_database_without_tables_says_so(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    assert database.revision() is None
    with pytest.raises(NotMigrated):
        database.check()
    database.close()


def test_a_database_of_a_newer_release_is_refused(database: Database, database_url: str) -> None:
    with database.write(TENANT) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (database.migrate, database.check, lambda: open_database(database_url)):
        with pytest.raises(UnknownRevision, match="9999"):
            use()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UnsupportedDatabase):
        open_database(url)


def test_a_postgresql_address_needs_no_driver(database_url: str) -> None:
    database = open_database(database_url.replace("postgresql+psycopg", "postgresql"))
    assert database.dialect.name == database_url.partition(":")[0].removesuffix("+psycopg")
    database.close()


def test_sqlite_is_set_up_to_survive_a_power_cut(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / '100%.db'}")
    database.migrate()
    with database.read() as connection:
        settings = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {setting}").scalar() for setting in settings]
    assert found == ["wal", 2, 0, 10000]
    database.close()


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write("other") as connection:
            create_tenant(connection, "other", 1)
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        fail()
    with database.read() as connection:
        assert connection.execute(sa.select(tables.tenants.c.tenant)).scalars().all() == [TENANT]


def test_a_second_writer_waits_and_then_sees_what_the_first_wrote(database: Database) -> None:
    seen: list[int] = []

    def second() -> None:
        with database.write(TENANT) as connection:
            seen.append(load_tenant(connection, TENANT).seq)

    with database.write(TENANT) as connection:
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        assert seen == []
        connection.execute(sa.update(tables.tenants).values(seq=7))
    thread.join()
    assert seen == [7]


def test_a_reader_neither_waits_nor_sees_the_half_of_it(database: Database) -> None:
    with database.read() as reader:
        assert load_tenant(reader, TENANT).seq == 0
        keep(database, records=1)
        assert load_tenant(reader, TENANT).seq == 0
    with database.read() as reader:
        assert load_tenant(reader, TENANT).seq == 1
