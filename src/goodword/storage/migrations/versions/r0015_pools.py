"""Pools of codes of the shop's own system."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pool_codes",
        *[sa.Column(name, WORD, nullable=False) for name in ("tenant", "hash", "pool")],
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("reward", WORD, nullable=True),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    free, given = sa.text("reward IS NULL"), sa.text("reward IS NOT NULL")
    op.create_index(
        "pool_codes_free",
        "pool_codes",
        ["tenant", "pool", "number"],
        sqlite_where=free,
        postgresql_where=free,
    )
    op.create_index("pool_codes_by_pool", "pool_codes", ["tenant", "pool", "number"], unique=True)
    op.create_index(
        "pool_codes_given",
        "pool_codes",
        ["tenant", "reward"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
