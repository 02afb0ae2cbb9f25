"""What people think of a program."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "surveys",
        *[sa.Column(name, WORD, nullable=False) for name in ("tenant", "id", "program", "participant", "side")],
        sa.Column("at_ms", sa.BigInteger, nullable=False, autoincrement=False),
        *[sa.Column(name, sa.BigInteger, autoincrement=False) for name in ("recommend", "easy", "attractive")],
        sa.Column("motivates", WORD),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("surveys_by_program", "surveys", ["tenant", "program", "at_ms", "id"])
    op.create_index("surveys_by_participant", "surveys", ["tenant", "participant", "at_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
