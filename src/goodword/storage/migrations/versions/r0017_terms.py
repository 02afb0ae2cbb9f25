"""What each version of a program said to people, in each language, as it was read when it was published."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "terms",
        *[sa.Column(name, WORD, nullable=False) for name in ("tenant", "program")],
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("language", WORD, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "program", "version", "language"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
