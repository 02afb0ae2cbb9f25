"""Where interrupted imports stopped."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False, **options)


def upgrade() -> None:
    op.create_table(
        "imports",
        word("tenant"),
        word("id"),
        number("position"),
        number("lines"),
        word("mark"),
        sa.Column("history", sa.Integer, nullable=False),
        number("saved_ms"),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
