"""A program, a generated file of events, and a short way to run commands."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from goodword.cli import app
from goodword.parts import tenant_keyring

PROGRAM = """\
goodword: 1
program: demo
currency: USD
time_zone: UTC
audience: {friend: {friend.new_customer: true}}
steps:
  purchase:
    event: order
    where:
      order.total: {at_least: 50 USD}
rewards:
  credit:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 20 USD}
    hold: 30 days
    caps:
      - {per: participant, count: 10}
"""
REWARD_LINE = 12
CAP_LINE = 18
SECRET = "5a" * 32
CODE = tenant_keyring(bytes.fromhex(SECRET), "default").handle("join-ann", 0)
RIVAL_CODE = tenant_keyring(bytes.fromhex(SECRET), "default").handle("join-bob", 0)
START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    """A folder with a program, a secret and a database's address."""

    folder: Path
    database: str

    @property
    def program(self) -> Path:
        return self.folder / "demo.yaml"

    @property
    def events(self) -> Path:
        return self.folder / "events.ndjson"

    @property
    def secret(self) -> Path:
        return self.folder / "secret.key"

    @property
    def options(self) -> list[str]:
        return ["--database", self.database, "--secret-file", str(self.secret)]

    def run(self, *args: object, **options: Any) -> Result:
        """Run a command on this shop."""
        return CliRunner().invoke(app, [*self.options, *map(str, args)], **options)

    def done(self, *args: object, **options: Any) -> Result:
        """Run a command that has to succeed."""
        result = self.run(*args, **options)
        assert result.exit_code == 0, result.output
        return result


def make_shop(folder: Path, database: str) -> Shop:
    shop = Shop(folder, database)
    shop.program.write_text(PROGRAM)
    shop.secret.write_text(SECRET)
    return shop


def line(id: str, type: str, day: float, **content: Any) -> str:
    """One event as a line."""
    at = (START + timedelta(days=day)).isoformat()
    return json.dumps({"id": id, "type": type, "occurred_at": at, **content})


def joins() -> list[str]:
    """Two advocates."""
    return [line(f"join-{name}", "join", 0, person={"id": name}, program="demo") for name in ("ann", "bob")]


def one_referral(friend: str, day: float, total: int = 8000) -> list[str]:
    """A friend who comes with Ann's code, is wanted by Bob as well, and buys."""
    person = {"id": friend, "email": f"{friend}@example.com", "name": friend.title()}
    return [
        line(f"claim-{friend}", "claim", day, code=CODE, person=person),
        line(f"rival-{friend}", "claim", day + 0.1, code=RIVAL_CODE, person=person),
        line(f"order-{friend}", "order", day + 1, order=f"o-{friend}", person=person, total=total, currency="USD"),
    ]


def refused_lines() -> list[str]:
    """Lines that cannot be accepted: not JSON, a wrong field, a known id with other content."""
    return [
        "{not json",
        '{"id": "x", "type": "cancel", "occurred_at": "2025-03-01T00:00:00", "order": "o-1"}',
        line("join-ann", "join", 3, person={"id": "somebody else"}, program="demo"),
    ]


def generated_lines(friends: int = 60, seed: int = 7) -> Iterator[str]:
    """History with holds that end, refunds early, late and before their order, repeats, a conflict and invalid lines."""
    chance = random.Random(seed)
    rows = joins()
    for number in range(friends):
        name, day = f"f{number}", 1 + number
        rows += one_referral(name, day, chance.choice([3000, 5000, 9000]))
        refund = {"order": f"o-{name}"} | chance.choice([{}, {"amount": 1000}])
        after = chance.choice([None, 0.5, 5, 40])
        if after is not None:
            rows.append(line(f"refund-{name}", "refund", day + after, **refund))
        if chance.random() < 0.3:
            rows.append(chance.choice(rows))
    rows.append(line("end", "time_passed", friends + 100))
    rows.sort(key=_when)
    middle = len(rows) // 2
    yield from [*rows[:middle], *refused_lines(), "", *rows[middle:]]


def _when(row: str) -> datetime:
    return datetime.fromisoformat(json.loads(row)["occurred_at"])
