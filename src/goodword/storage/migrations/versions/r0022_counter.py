"""The counter: members of the staff, their tries to sign in, and what they confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, WORD, nullable=False) for name in names]


def _number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "staff",
        *_words("tenant", "id", "name", "key", "hash"),
        sa.Column("doc", sa.Text, nullable=False),
        _number("created_ms"),
        _number("disabled_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("staff_by_key", "staff", ["tenant", "key"], unique=True)
    op.create_table(
        "staff_tries",
        *_words("tenant", "under"),
        _number("tries"),
        _number("since_ms"),
        sa.PrimaryKeyConstraint("tenant", "under"),
    )
    op.create_index("staff_tries_by_time", "staff_tries", ["tenant", "since_ms"])
    op.create_table(
        "counter_log",
        *_words("tenant", "id", "staff", "kind"),
        _number("at_ms"),
        _number("received_ms"),
        sa.Column("offline", sa.Integer, nullable=False),
        *_words("outcome", "reason"),
        sa.Column("doc", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("counter_log_by_staff", "counter_log", ["tenant", "staff", "at_ms", "id"])
    op.create_index("counter_log_by_time", "counter_log", ["tenant", "received_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
