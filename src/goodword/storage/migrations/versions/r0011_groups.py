"""Groups and their members."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0013"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def table(name: str, *columns: sa.Column[Any]) -> None:
    doc = sa.Column("doc", sa.Text, nullable=False)
    op.create_table(name, word("tenant"), word("id"), *columns, doc, sa.PrimaryKeyConstraint("tenant", "id"))


def upgrade() -> None:
    table(
        "groups",
        word("program"),
        word("shop_id"),
        word("owner"),
        number("created_ms"),
        number("members"),
        number("closed_ms", nullable=True),
    )
    table(
        "members",
        word("group_id"),
        word("participant"),
        number("number"),
        number("joined_ms"),
        number("left_ms", nullable=True),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
