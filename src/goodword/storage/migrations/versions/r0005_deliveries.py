"""Endpoints, their deliveries, and the attempts of each."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, WORD, **{"nullable": False, **options})


def long(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, **{"nullable": False, "autoincrement": False, **options})


def index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table(
        "endpoints",
        word("tenant"),
        word("id"),
        word("kind"),
        long("target"),
        long("topics"),
        sa.Column("ordered", sa.Integer, nullable=False),
        word("state"),
        word("why", nullable=True),
        word("language"),
        number("generation"),
        number("previous_until_ms", nullable=True),
        number("after_outbox"),
        number("created_ms"),
        number("delivered_ms", nullable=True),
        number("failures"),
        word("lease_owner", nullable=True),
        number("lease_until_ms"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "deliveries",
        word("tenant"),
        word("id"),
        word("endpoint"),
        number("outbox_id"),
        number("seq"),
        word("topic"),
        word("reference"),
        number("happened_ms"),
        word("status"),
        number("attempts"),
        number("tried"),
        number("next_ms"),
        number("queued_ms"),
        number("created_ms"),
        number("done_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    waiting = "status = 'waiting'"
    index("deliveries_due", "deliveries", "tenant", "endpoint", "next_ms", "outbox_id", where=waiting)
    index("deliveries_in_order", "deliveries", "tenant", "endpoint", "outbox_id", "id", where=waiting)
    index("deliveries_by_time", "deliveries", "tenant", "created_ms", "id")
    index("deliveries_that_failed", "deliveries", "tenant", "created_ms", "id", where="status = 'failed'")
    index("deliveries_that_wait", "deliveries", "tenant", "created_ms", "id", where="status = 'waiting'")
    index("deliveries_by_endpoint", "deliveries", "tenant", "endpoint", "created_ms", "id")
    index("deliveries_failed", "deliveries", "tenant", "endpoint", "created_ms", where="status = 'failed'")
    op.create_table(
        "attempts",
        word("tenant"),
        word("delivery"),
        number("number"),
        number("at_ms"),
        number("code", nullable=True),
        word("error", nullable=True),
        number("took_ms"),
        sa.PrimaryKeyConstraint("tenant", "delivery", "number"),
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to before a release: restore a backup")
