"""An index of the entries on people's balances, for their statements."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("account >= 'balance:' AND account < 'balance;'")
    columns = ["tenant", "account", "unit", "seq", "line"]
    op.create_index("entries_by_balance", "entries", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to before a release: restore a backup")
