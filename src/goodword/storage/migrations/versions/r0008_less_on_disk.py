"""How far the outbox was handed out is one number instead of a mark on each row; on SQLite narrow tables stand in their keys."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NARROW = ("identities", "counters", "balances", "traces", "entries", "hit_counts")


def upgrade() -> None:
    op.create_table(
        "handed_out",
        sa.Column("tenant", WORD, nullable=False),
        sa.Column("outbox_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    # Pages were handed out in the order of ids, so that what waits begins behind the last marked row.
    op.execute(
        "INSERT INTO handed_out (tenant, outbox_id) "
        "SELECT tenant, MAX(id) FROM outbox WHERE delivered_ms IS NOT NULL GROUP BY tenant"
    )
    op.drop_index("outbox_undelivered", "outbox")
    op.drop_column("outbox", "delivered_ms")
    if op.get_bind().dialect.name == "sqlite":
        for table in NARROW:
            _cluster(table)


def _cluster(table: str) -> None:
    """Keep the rows of a table of SQLite in the index of its key, instead of each of them twice."""
    run = op.get_bind().exec_driver_sql
    made = "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
    ((_, definition),) = run(made, (table, "table")).all()
    indexes = run(made, (table, "index")).all()
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    run(f"ALTER TABLE {table} RENAME TO old_{table}")
    run(f"{definition} WITHOUT ROWID")
    run(f"INSERT INTO {table} SELECT * FROM old_{table}")  # noqa: S608
    run(f"DROP TABLE old_{table}")
    for _, index in indexes:
        run(index)


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to before a release: restore a backup")
