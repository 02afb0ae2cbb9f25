"""Costs of programs beside their rewards."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "costs",
        sa.Column("tenant", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("program", WORD, nullable=True),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("first_day", WORD, nullable=False),
        sa.Column("last_day", WORD, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("currency", WORD, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("costs_by_time", "costs", ["tenant", "created_ms", "id"])
    op.create_index("costs_by_program", "costs", ["tenant", "program", "created_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
