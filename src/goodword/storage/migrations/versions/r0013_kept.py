"""Rewards that are kept only while conditions on people hold; points that can be spent."""

import sqlalchemy as sa
from alembic import op

from goodword.program.quantity import is_currency

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def upgrade() -> None:
    op.create_table(
        "watches",
        word("tenant"),
        word("key"),
        word("reward"),
        sa.PrimaryKeyConstraint("tenant", "key"),
        sqlite_with_rowid=False,
    )
    op.add_column("rewards", sa.Column("queue", WORD))
    _fill_queues(op.get_bind())
    in_queue = sa.text("queue IS NOT NULL")
    op.create_index(
        "rewards_in_queue",
        "rewards",
        ["tenant", "queue", "granted_ms", "id"],
        sqlite_where=in_queue,
        postgresql_where=in_queue,
    )


def _fill_queues(connection: sa.Connection) -> None:
    """What was handed over and is left can be spent, unless it is money."""
    units = connection.execute(sa.text("SELECT DISTINCT unit FROM rewards WHERE status = 'issued'")).scalars().all()
    statement = sa.text(
        "UPDATE rewards SET queue = participant || '|' || program || '|' || unit "
        "WHERE status = 'issued' AND remaining > 0 AND unit = :unit"
    )
    for unit in units:
        if not is_currency(unit):
            connection.execute(statement, {"unit": unit})


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
