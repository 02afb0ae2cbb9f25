"""A migrated database with one tenant, and the few words that the tests of storage speak."""

import pytest

from goodword.storage.database import Database, create_tenant
from tests.storage.making import TENANT


@pytest.fixture
def database(database: Database) -> Database:
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    return database
