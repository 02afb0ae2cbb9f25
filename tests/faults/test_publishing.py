"""A publication that fails at the last moment leaves nothing behind, in the database or in the memory of the process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from goodword.pipeline.tenant import Tenants
from goodword.storage.database import Database
from tests.faults.load import sealed_past
from tests.faults.service import parts_of, prepare
from tests.faults.story import now
from tests.web.making import PROGRAM, TENANT

SECOND = PROGRAM.replace("20 USD", "30 USD")
THIRD = PROGRAM.replace("20 USD", "40 USD")


@contextmanager
def commits_fail(database: Database) -> Iterator[None]:
    """The database goes away just before it would commit."""

    def fail(_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("away"))

    event.listen(database.engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(database.engine, "commit", fail)


def test_a_version_that_was_not_stored_is_forgotten(database_url: str, tmp_path: Path) -> None:
    prepare(tmp_path, database_url, PROGRAM)
    with parts_of(tmp_path, database_url) as parts, parts_of(tmp_path, database_url) as other:
        with commits_fail(parts.database), pytest.raises(OperationalError):
            parts.tenants.publish(TENANT, SECOND, 1)
        # Another process gets the version's number in the meantime.
        program, new = other.tenants.publish(TENANT, THIRD, 1)
        assert (program.version, new) == (2, True)
        assert _granted(parts.tenants) == 4000
        program, new = parts.tenants.publish(TENANT, SECOND, 1, why="it was cheaper")
        assert (program.version, program.text, new) == (3, SECOND, True)


def _granted(tenants: Tenants) -> int:
    """What an advocate is promised for a friend who buys now."""
    code = tenants.keyring.handle("join", 0)
    base = {"occurred_at": now()}
    amounts: list[int] = []
    for body in (
        {"type": "join", "id": "join", "person": {"id": "ann"}, "program": "demo", **base},
        {"type": "claim", "id": "claim", "person": {"id": "bob"}, "code": code, **base},
        {"type": "order", "id": "o", "person": {"id": "bob"}, "order": "1", "total": 6000, "currency": "USD", **base},
    ):
        answer = tenants.decide_all(TENANT, [sealed_past(tenants.keyring, body)]).answers[str(body["id"])]
        amounts += [one["amount"] for one in json.loads(answer).get("rewards", []) if one["rule"] == "credit"]
    return amounts[-1]
