"""Contests and their standings; tiers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, **{"nullable": False, "autoincrement": False, **options})


def doc() -> sa.Column[str]:
    return sa.Column("doc", sa.Text, nullable=False)


def upgrade() -> None:
    op.create_table(
        "contests",
        word("tenant"),
        word("id"),
        word("program"),
        word("contest"),
        number("version"),
        number("opens_ms"),
        number("closes_ms", nullable=True),
        word("status"),
        doc(),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    running = sa.text("status <> 'settled'")
    op.create_index(
        "contests_running",
        "contests",
        ["tenant", "program", "id"],
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_table(
        "standings",
        word("tenant"),
        word("id"),
        word("board"),
        word("entrant"),
        number("score"),
        number("reached_ms"),
        number("behind"),
        doc(),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    entered = sa.text("behind < -1")
    op.create_index(
        "standings_by_rank",
        "standings",
        ["tenant", "board", "behind", "reached_ms", "entrant"],
        sqlite_where=entered,
        postgresql_where=entered,
    )
    op.create_table(
        "tiers",
        word("tenant"),
        word("id"),
        word("program"),
        word("participant"),
        word("tier"),
        doc(),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
