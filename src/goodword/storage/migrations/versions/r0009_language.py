"""Activities that are measured or moderated; rewards that no referral granted."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False, **options)


def upgrade() -> None:
    op.create_table(
        "activities",
        word("tenant"),
        word("id"),
        word("participant"),
        word("name"),
        number("at_ms"),
        word("status"),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    pending = sa.text("status = 'pending'")
    op.create_index(
        "activities_pending",
        "activities",
        ["tenant", "at_ms", "id"],
        sqlite_where=pending,
        postgresql_where=pending,
    )
    with op.batch_alter_table("rewards") as rewards:
        rewards.alter_column("referral", existing_type=WORD, nullable=True)


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
