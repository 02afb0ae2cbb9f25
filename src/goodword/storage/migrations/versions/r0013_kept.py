"""Rewards that are kept only while conditions on people hold."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def upgrade() -> None:
    op.create_table(
        "watches",
        word("tenant"),
        word("key"),
        word("reward"),
        sa.PrimaryKeyConstraint("tenant", "key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
