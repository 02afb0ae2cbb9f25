"""Who objected to which decision, and what staff answered."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    op.create_table(
        "objections",
        *[sa.Column(name, WORD, nullable=False) for name in ("tenant", "id", "program", "participant")],
        sa.Column("at_ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index(
        "objections_open", "objections", ["tenant", "participant", "id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("objections_by_time", "objections", ["tenant", "at_ms", "id"])
    op.create_index("objections_by_status", "objections", ["tenant", "status", "at_ms", "id"])
    op.create_index("objections_by_participant", "objections", ["tenant", "participant", "at_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
