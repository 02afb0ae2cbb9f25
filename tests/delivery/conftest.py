"""A migrated database, a tenant on it, and somebody who takes webhooks."""

from collections.abc import Iterator

import pytest

from goodword.storage.database import Database
from tests.delivery.making import Post
from tests.delivery.receiver import Receiver, receiving


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database).open()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server
