"""API keys are found by their secret, which is stored nowhere."""

import re

import pytest
import sqlalchemy as sa

from goodword.storage import tables
from goodword.storage.database import Database
from goodword.storage.keys import create_key, find_key, list_keys, revoke_key
from tests.storage.making import TENANT


def test_a_key_is_found_by_its_secret_until_it_is_revoked(database: Database) -> None:
    with database.write(TENANT) as connection:
        key, secret = create_key(connection, TENANT, "shop", ["events", "history"], 5)
        other, _ = create_key(connection, TENANT, "staff", {"admin"}, 6)
        assert re.fullmatch(r"gw_[A-Za-z0-9_-]{43}", secret)
        assert find_key(connection, secret) == key
        assert key.scopes == {"events", "history"}
        assert find_key(connection, secret[:-1]) is None
        assert find_key(connection, "\ud800") is None
        assert revoke_key(connection, TENANT, key.id, 7)
        assert revoke_key(connection, TENANT, key.id, 8)
        assert find_key(connection, secret) is None
        assert [(k.id, k.revoked_ms) for k in list_keys(connection, TENANT)] == [
            (key.id, 7),
            (other.id, None),
        ]


def test_a_key_of_another_tenant_cannot_be_revoked(database: Database) -> None:
    with database.write(TENANT) as connection:
        key, secret = create_key(connection, TENANT, "shop", ["read"], 5)
        assert not revoke_key(connection, "other", key.id, 7)
        assert list_keys(connection, "other") == []
        assert find_key(connection, secret) == key


def test_the_secret_is_not_stored(database: Database) -> None:
    with database.write(TENANT) as connection:
        _, secret = create_key(connection, TENANT, "shop", ["read"], 5)
        row = connection.execute(sa.select(tables.api_keys)).one()
    assert secret not in str(row)
    assert secret.removeprefix("gw_") not in str(row)


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "root"]])
def test_a_key_needs_known_scopes(database: Database, scopes: list[str]) -> None:
    with database.write(TENANT) as connection, pytest.raises(ValueError, match="scopes are"):
        create_key(connection, TENANT, "shop", scopes, 5)  # type: ignore[arg-type]
