"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import URL

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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database; a test that asks for it runs once on each kind we support."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'goodword.db'}"
        return
    # Looked up here, so that tests on SQLite alone start no server.
    server: URL = request.getfixturevalue("postgres_server")
    with fresh_database(server) as url:
        yield url.render_as_string(hide_password=False)
