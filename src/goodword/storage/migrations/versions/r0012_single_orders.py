"""Referrals of single orders are told apart from those that hold a friend."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("referrals") as referrals:
        referrals.add_column(sa.Column("per_order", sa.Integer, nullable=False, server_default="0"))
    with op.batch_alter_table("referrals") as referrals:
        referrals.alter_column("per_order", existing_type=sa.Integer, server_default=None)
    op.drop_index("referrals_by_friend", "referrals")
    op.create_index("referrals_by_friend", "referrals", ["tenant", "friend", "per_order", "claimed_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
