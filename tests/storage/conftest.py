"""A migrated database with one tenant, and the few words that the tests of storage speak."""

from collections.abc import Iterator

import pytest

from goodword.storage.database import Database, create_tenant, open_database
from tests.storage.making import TENANT


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    database.migrate()
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    yield database
    database.close()
