"""Keys with which the shop signs tokens for its customers."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "token_keys",
        sa.Column("tenant", WORD, nullable=False),
        sa.Column("kid", WORD, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("revoked_ms", sa.BigInteger, nullable=True, autoincrement=False),
        sa.PrimaryKeyConstraint("tenant", "kid"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
