"""Which secret a tenant's codes and hashes derive from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("tenants", sa.Column("fingerprint", WORD, nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to before a release: restore a backup")
