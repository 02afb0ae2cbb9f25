"""Where a program stands: what is planned for it, and when it took in nothing new."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The newest version of a program was always the one in force."""
    with op.batch_alter_table("programs") as programs:
        programs.add_column(sa.Column("doc", sa.Text, nullable=False, server_default="{}"))
    op.execute("UPDATE programs SET doc = '{\"previous\":' || (version - 1) || ',\"latest\":' || version || '}'")
    with op.batch_alter_table("programs") as programs:
        programs.alter_column("doc", existing_type=sa.Text, server_default=None)


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
