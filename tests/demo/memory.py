"""The player's server in memory: the same decisions without HTTP and database, so that many months can be played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from demo.client import Json
from goodword.engine.ids import Keyring
from goodword.parts import now_ms
from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.memory import MemoryTenant
from goodword.pipeline.process import shown
from goodword.program.loader import load_program
from goodword.web.shapes import referral_out, reward_out


class MemoryServer:
    """A tenant with one program."""

    def __init__(self, program_text: str) -> None:
        self._keyring = Keyring(b"the key of a test, 32 bytes long")
        self._tenant = MemoryTenant(self._keyring)
        self._tenant.publish(load_program(program_text, 1))

    def tell(self, events: list[Json]) -> list[Json]:
        """Decide events as history."""
        sealed = [seal(decode_event(json.dumps(e).encode()), self._keyring, now_ms(), True) for e in events]
        answers = self._tenant.decide(sealed)
        assert not [parked for outcome in self._tenant.outcomes for parked in outcome.parked]
        return [self._shown(answers.get(event["id"])) for event in events]

    def _shown(self, answer: bytes | None) -> Json:
        found: Json = json.loads(shown(answer, self._keyring)) if answer else {"problem": {"status": 409}}
        return found

    def list(self, path: str, **filters: str) -> Iterator[Json]:
        """The rows that the API would show."""
        rows: Iterator[Any]
        match path.strip("/").split("/"):
            case ["v1", "referrals"]:
                rows = map(referral_out, self._rows("referrals", filters))
            case ["v1", "rewards"]:
                rows = (reward_out(row, self._keyring) for row in self._rows("rewards", filters))
            case ["v1", "participants", participant, "balances"]:
                yield from self._balances(participant)
                return
            case _:
                raise AssertionError(path)
        yield from (json.loads(msgspec.json.encode(row)) for row in rows)

    def _rows(self, name: str, filters: dict[str, str]) -> Iterator[Any]:
        rows = self._tenant.rows.rows[name].values()
        return (row for row in rows if row and all(getattr(row, key) == value for key, value in filters.items()))

    def _balances(self, participant: str) -> Iterator[Json]:
        for key, amount in self._tenant.rows.rows["balances"].items():
            account, _, unit = key.partition("|")
            if account == f"balance:{participant}":
                yield {"unit": unit, "amount": amount}
