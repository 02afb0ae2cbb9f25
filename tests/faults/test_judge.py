"""The judge of these tests finds what is wrong: one that never does proves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from goodword.parts import now_ms
from goodword.pipeline.intake import decode_event, seal
from tests.faults.judge import findings
from tests.faults.load import bodies_of, tell_past
from tests.faults.service import parts_of, prepare
from tests.faults.story import PROGRAM, plan
from tests.faults.teller import Promise
from tests.web.making import TENANT

TAMPERED = {
    "DELETE FROM events WHERE id = 's1-7'": "s1-7 was acknowledged and is not stored",
    "UPDATE events SET answer = replace(answer, '\"reasons\"', ' \"reasons\"') WHERE id = 's1-7'": "s1-7 was answered",
    "UPDATE balances SET amount = amount + 1 WHERE account LIKE 'pending:%'": "balances pending:",
    "DELETE FROM referrals WHERE friend = (SELECT friend FROM referrals LIMIT 1)": "referrals rf_",
    "UPDATE events SET seq = seq + 1000 WHERE id = 's1-9'": "audit: ",
    "UPDATE counters SET value = value + 1": "counters cap|",
}


@pytest.mark.parametrize("statement", [None, *TAMPERED])
def test_what_was_tampered_with_is_found(tmp_path: Path, statement: str | None) -> None:
    database = f"sqlite:///{tmp_path / 'goodword.db'}"
    prepare(tmp_path, database, PROGRAM)
    with parts_of(tmp_path, database) as parts:
        tell_past(parts, spread_ms=10)
        bodies = [body for item in plan(parts.keyring, 1, 60) for body in bodies_of(item)]
        events = [seal(decode_event(json.dumps(one).encode()), parts.keyring, now_ms(), False) for one in bodies]
        answers = parts.tenants.decide_all(TENANT, events).answers
        # Answers that show a code differ from what is stored; here the stored ones serve as promises.
        promises = [Promise("events", id, raw.decode()) for id, raw in answers.items() if b'"issued"' not in raw]
        if statement is None:
            assert findings(parts, promises) == []
            return
        with parts.database.write(TENANT) as connection:
            connection.execute(text(statement))
        assert [one for one in findings(parts, promises) if one.startswith(TAMPERED[statement])]
