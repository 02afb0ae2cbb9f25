"""What a contest and a ladder cost an event, with ten thousand people on the board and with a million; and reading who leads."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median

import sqlalchemy as sa

from bench.flat import AIM, FEW, MANY, cost
from bench.machine import TENANT, Base, bases, fresh, program_text
from bench.report import Figure
from goodword.parts import Parts, now_ms, open_parts
from goodword.settings import read_settings
from goodword.storage.boards import leaderboard

READS = 200
BOARD = "bombas|race"
GAMES = """
measures: {{friends: {{count: referrals, step: first_order, period: year}}}}
tiers: {{measure: friends, levels: {{regular: 1, gold: 4}}}}
contests: {{race: {{measure: friends, first_day: {year}-01-01, last_day: {year}-12-31, ties: first}}}}
"""


def run(few: int = FEW, many: int = MANY) -> list[Figure]:
    """Measure both databases."""
    figures = []
    with bases() as both:
        for base in both:
            figures += _measure(base, few, many)
    return figures


def _measure(base: Base, few: int, many: int) -> list[Figure]:
    with fresh(base) as site:
        parts = open_parts(read_settings(site.environment))
        plain = cost(parts, base, "plain")
        games = GAMES.format(year=datetime.now(UTC).year)
        parts.tenants.publish(TENANT, program_text("bombas") + games, now_ms())
        _fill(parts, 0, few)
        low, read_low = cost(parts, base, "low"), _read(parts)
        _fill(parts, few, many)
        high, read_high = cost(parts, base, "high"), _read(parts)
        parts.database.close()
    unit, kind = "CPU us/event", base.kind
    return [
        Figure(f"{kind}: no contest, no tiers", plain, unit),
        Figure(f"{kind}: {few:,} on the board", low, unit, low / plain, "none"),
        Figure(f"{kind}: {many:,} on the board", high, unit, high / low, f"{few:,}", AIM, at_most=True),
        Figure(f"{kind}: leaderboard, {few:,}", read_low, "us"),
        Figure(f"{kind}: leaderboard, {many:,}", read_high, "us", read_high / read_low, f"{few:,}", AIM, at_most=True),
    ]


def _read(parts: Parts) -> float:
    """Median microseconds of reading the ten best."""
    times = []
    with parts.database.read() as connection:
        for _ in range(READS):
            begin = time.perf_counter()
            found = leaderboard(connection, TENANT, BOARD, 10)
            times.append((time.perf_counter() - begin) * 1e6)
            if len(found) != 10:
                raise AssertionError("the board is empty")
    return median(times)


def _fill(parts: Parts, first: int, last: int) -> None:
    """Put people on the board and on the ladder, by SQL: their numbers are spread as those of a real contest, most low."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last - 1}) "
    score = "1 + 60 / (1 + i % 97)"
    with parts.database.write(TENANT) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO standings (tenant, id, board, entrant, score, reached_ms, behind, doc) "
                f"{numbers} SELECT '{TENANT}', '{BOARD}|pt_' || i, '{BOARD}', 'pt_' || i, {score}, i, -1 - ({score}), '{{}}' FROM n"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO tiers (tenant, id, program, participant, tier, doc) "
                f"{numbers} SELECT '{TENANT}', 'bombas|pt_' || i, 'bombas', 'pt_' || i, 'regular', '{{}}' FROM n"
            )
        )
