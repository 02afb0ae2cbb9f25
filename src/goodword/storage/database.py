"""Opening, migrating and locking a database.

One writer per tenant at a time: `Database.write` begins a transaction and takes the tenant's lock before
anything is read, so that no decision stands on stale state. Readers never wait for it, and see one moment
for as long as they read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, make_url
from sqlalchemy.exc import TimeoutError as NoConnection

from goodword.storage import tables
from goodword.storage.dialect import Dialect, dialect_named
from goodword.storage.listening import connect
from goodword.storage.silence import SILENT_SECONDS, Silence

BUSY_SECONDS = 10
"""How long a writer on SQLite waits for another one."""

CONNECT_SECONDS = 10
"""How long PostgreSQL may take to accept a connection."""
WAL_BYTES = 16 * 1024 * 1024
"""What SQLite's log is cut down to after a slow reader has made it grow."""
CACHE_BYTES = 16 * 1024 * 1024
"""How much of a SQLite file a connection keeps in memory: storing hits in bulk comes back to the same pages of an index."""


READERS_MAX = 20
"""How many read at once; the others wait."""
ASIDES_MAX = 8
"""How many write beside decisions at once: clicks, deliveries."""
OVERFLOW_MAX = 27
"""With the five that stay open the pool has four connections more than these two may take: for tenants' writers."""
PLACE_SECONDS = 30.0
"""How long one waits for a place."""


class DatabaseError(Exception):
    """A database that cannot be used; the message says what to do about it."""


class UnsupportedDatabase(DatabaseError):
    """The address names a kind of database that we do not run on."""


class UnknownRevision(DatabaseError):
    """The database was migrated by a newer release than this one."""


class NotMigrated(DatabaseError):
    """The tables are missing or older than this release."""


class OnlyRead(DatabaseError):
    """It answers, and cannot be written."""


class _Places:
    """So many may stand in the pool at once; who waits too long is told that there is no connection."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def __enter__(self) -> None:
        if not self._free.acquire(timeout=PLACE_SECONDS):
            raise NoConnection("no connection to the database became free in time")

    def __exit__(self, *_: object) -> None:
        self._free.release()


class Database:
    """A database with its connections: one pool, in which those who read, and those who write beside decisions, cannot take
    the places that tenants' writers need."""

    def __init__(self, engine: Engine, silence: Silence | None = None) -> None:
        self.engine = engine
        self._silence = silence or Silence()
        self.dialect: Dialect = dialect_named(engine.dialect.name)
        # SQLite has one writer. The writers of this process queue for it here, where they wake each other;
        # SQLite itself makes them ask again and again, and whoever asks at the wrong moments goes hungry. A writer
        # within a writer is a mistake that SQLite then still tells, instead of a thread that waits for itself.
        self._readers = _Places(READERS_MAX)
        self._asides = _Places(ASIDES_MAX)
        self._queue: AbstractContextManager[object] = (
            threading.RLock() if self.dialect.name == "sqlite" else nullcontext()
        )

    def serves(self) -> None:
        """From now on, somebody waits for what is asked: a PostgreSQL that says nothing for too long counts as away."""
        self._silence.seconds = SILENT_SECONDS

    @contextmanager
    def write(self, tenant: str) -> Iterator[Connection]:
        """A transaction as the tenant's only writer; committed at the end, or undone by an exception."""
        with self._begin_writing(f"goodword:tenant:{tenant}") as connection:
            yield connection

    @contextmanager
    def write_all(self) -> Iterator[Connection]:
        """A transaction over all tenants, for a database that nobody uses yet."""
        with self._begin_writing("goodword:migrate") as connection:
            yield connection

    @contextmanager
    def write_aside(self, lock: str | None = None) -> Iterator[Connection]:
        """A transaction on rows that no decision reads: it never waits for the tenant's lock on PostgreSQL.

        `lock` names a lock of its own; without one, rows are kept apart by locks on themselves. On SQLite, which has one
        lock only, it is `BEGIN IMMEDIATE` either way.
        """
        with self._asides, self._begin_writing(None if lock is None else f"goodword:{lock}") as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one moment throughout."""
        self._silence.check()
        with self._readers, self.engine.connect() as connection:
            if self.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def migrate(self) -> None:
        """Bring the tables to this release's revision. Several processes may start at once.

        Raises:
            UnknownRevision: the database belongs to a newer release.
        """
        with self._begin_writing("goodword:migrate") as connection:
            found = _revision(connection)
            _refuse_unknown(found)
            if found == _revisions().head:
                return
            with _alembic() as config:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def revision(self) -> str | None:
        """The revision of the tables, None before the first migration."""
        with self.read() as connection:
            return _revision(connection)

    def check(self) -> None:
        """Make sure that the tables are of this release.

        Raises:
            UnknownRevision: the database belongs to a newer release.
            NotMigrated: it was never migrated, or by an older release only.
        """
        found, head = self.revision(), _revisions().head
        _refuse_unknown(found)
        if found != head:
            raise NotMigrated(f"the database is at revision {found}, this release needs {head}: migrate it first")

    def check_writable(self) -> None:
        """Make sure that the database takes what is written.

        Raises:
            OnlyRead: it is a standby, or somebody has made it read-only.
        """
        with self.read() as connection:
            reason = self.dialect.why_only_read(connection)
        if reason is not None:
            raise OnlyRead(reason)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _begin_writing(self, lock: str | None) -> Iterator[Connection]:
        self._silence.check()
        with self._queue, self.engine.connect() as connection:
            connection = connection.execution_options(goodword_writes=True)
            with connection.begin():
                if lock is not None:
                    self.dialect.lock(connection, lock)
                yield connection


def unopened_database(url: str) -> Database:
    """The database at an address, not asked anything yet: it may be away.

    Raises:
        UnsupportedDatabase: it is neither a SQLite file nor PostgreSQL.
    """
    silence = Silence()
    return Database(_engine(_address(url), silence), silence)


def open_database(url: str) -> Database:
    """Open the database at an address; it may still have to be migrated.

    Raises:
        UnsupportedDatabase: it is neither a SQLite file nor PostgreSQL.
        UnknownRevision: it belongs to a newer release.
    """
    database = unopened_database(url)
    try:
        _refuse_unknown(database.revision())
    except DatabaseError:
        database.close()
        raise
    return database


def create_tenant(connection: Connection, tenant: str, now_ms: int, fingerprint: str | None = None) -> None:
    """A new tenant, to whom nothing has happened yet, and the fingerprint of the secret that he works with."""
    row = {"tenant": tenant, "seq": 0, "clock_ms": 0, "live": 0, "created_ms": now_ms, "fingerprint": fingerprint}
    connection.execute(insert(tables.tenants), row)


def _address(url: str) -> URL:
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() != "sqlite":
        raise UnsupportedDatabase("the address of a database begins with sqlite:/// or postgresql://")
    if address.database in (None, "", ":memory:"):
        raise UnsupportedDatabase("SQLite needs a file: each connection would see a memory of its own")
    return address


def _engine(address: URL, silence: Silence) -> Engine:
    if address.get_backend_name() == "postgresql":
        engine = create_engine(
            address,
            max_overflow=OVERFLOW_MAX,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )

        def connect_listening(_dialect: Any, _record: Any, arguments: Any, parameters: Any) -> Any:
            return connect(silence, *arguments, **parameters)

        event.listen(engine, "do_connect", connect_listening)
        event.listen(engine, "connect", _set_up_postgresql)
        return engine
    engine = create_engine(address, max_overflow=OVERFLOW_MAX, hide_parameters=True)
    event.listen(engine, "do_connect", _create_for_owner)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_postgresql(connection: Any, _: object) -> None:
    # A plan made while a table was small and kept would read all of it once it has grown, until PostgreSQL
    # gathers statistics: during an import that is minutes. Planning anew costs a millisecond a batch.
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


def _create_for_owner(_dialect: Any, _record: Any, arguments: Any, _parameters: Any) -> None:
    # The file holds names and addresses. SQLite gives its companions (-wal, -shm) the same permissions.
    path = arguments[0]
    if not os.path.exists(path) and os.path.isdir(os.path.dirname(path) or "."):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _set_up_sqlite(connection: Any, _: object) -> None:
    # The driver must not begin transactions on its own: it would begin them without the lock.
    connection.isolation_level = None
    for setting in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",  # first, as the others may have to wait
        "journal_mode = WAL",
        "synchronous = FULL",  # an answer is sent after the commit, so the commit has to survive a power cut
        f"journal_size_limit = {WAL_BYTES}",
        "foreign_keys = OFF",
        f"cache_size = {-CACHE_BYTES // 1024}",  # below zero it counts KiB
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock before it reads: begun as a reader, it could fail when it comes to write.
    writes = connection.get_execution_options().get("goodword_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _alembic() -> Iterator[Config]:
    with as_file(files(__package__) / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(Path(folder)).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        yield config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


class _Revisions(NamedTuple):
    """The revisions of the tables that this release knows, and which of them is its own."""

    known: frozenset[str]
    head: str | None


@cache
def _revisions() -> _Revisions:
    with _alembic() as config:
        scripts = ScriptDirectory.from_config(config)
        return _Revisions(frozenset(one.revision for one in scripts.walk_revisions()), scripts.get_current_head())


def _refuse_unknown(found: str | None) -> None:
    if found is not None and found not in _revisions().known:
        raise UnknownRevision(f"the database is at revision {found}, unknown to this release: a newer one migrated it")
