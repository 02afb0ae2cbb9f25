"""Payouts: what partners are paid of what came together on their accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    words = [sa.Column(name, WORD, nullable=False) for name in ("tenant", "id", "program", "participant", "status")]
    op.create_table(
        "payouts",
        *words,
        sa.Column("created_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("payouts_by_program", "payouts", ["tenant", "program", "created_ms", "id"])
    op.create_index("payouts_by_status", "payouts", ["tenant", "program", "status", "created_ms", "id"])
    op.create_index("payouts_by_participant", "payouts", ["tenant", "participant", "program", "created_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
