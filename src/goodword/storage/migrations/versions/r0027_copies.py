"""The warehouse: which rows an event wrote, and how far they were copied."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    # What was stored before is copied whole the first time, so nobody needs to know what it touched.
    op.add_column("events", sa.Column("touched", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "copies",
        sa.Column("tenant", WORD, nullable=False),
        sa.Column("warehouse", WORD, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("copied_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("tenant", "warehouse"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
