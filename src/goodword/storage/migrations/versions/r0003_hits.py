"""Hits: who followed a link, counted by day, and how far the spools were read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, WORD, **{"nullable": False, **options})


def number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, **{"nullable": False, "autoincrement": False, **options})


def upgrade() -> None:
    op.create_table(
        "hits",
        word("tenant"),
        word("spool"),
        number("place"),
        word("code"),
        word("program"),
        number("at_ms"),
        word("channel", nullable=True),
        word("network", nullable=True),
        word("click", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "spool", "place"),
    )
    op.create_index("hits_by_code", "hits", ["tenant", "code", "at_ms", "spool", "place"])
    with_network = sa.text("network IS NOT NULL")
    op.create_index(
        "hits_with_network", "hits", ["tenant", "at_ms"], sqlite_where=with_network, postgresql_where=with_network
    )
    op.create_table(
        "hit_counts",
        word("tenant"),
        word("program"),
        word("code"),
        number("day"),
        word("kind"),
        number("count"),
        sa.PrimaryKeyConstraint("tenant", "program", "code", "day", "kind"),
    )
    op.create_table(
        "spools",
        word("tenant"),
        word("spool"),
        number("place"),
        number("changed_ms"),
        number("done_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "spool"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to before a release: restore a backup")
