"""Fixtures that every test may use."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import URL

from goodword.storage.database import Database, open_database
from tests.postgres import fresh_database, running_server

# How long an example takes says more about what else the machine is doing than about the code.
hypothesis.settings.register_profile(
    "goodword", deadline=None, phases=(hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate)
)
hypothesis.settings.load_profile("goodword")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """One server for each pytest process, started when a test first asks: a second, and nothing to share."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "goodword.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: URL) -> Iterator[URL]:
    """A database with our tables and nothing in them, to be copied."""
    with fresh_database(postgres_server) as url:
        _migrate(url.render_as_string(hide_password=False))
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database; a test that asks for it runs once on each kind we support."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'goodword.db'}"
        return
    # Looked up here, so that tests on SQLite alone start no server.
    server: URL = request.getfixturevalue("postgres_server")
    with fresh_database(server) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database as all migrations left it, with no row; again once on each kind.

    It is a copy: to migrate anew for each of a thousand tests would take minutes. `tests/storage/test_database.py`
    migrates for itself, and shows that the copy is the same.
    """
    if request.param == "sqlite":
        path = tmp_path / "goodword.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    template: URL = request.getfixturevalue("migrated_postgres")
    with fresh_database(template, copy=True) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Such a database, open until the test ends."""
    database = open_database(database_url)
    yield database
    database.close()


def _migrate(url: str) -> None:
    database = open_database(url)
    database.migrate()
    database.close()
