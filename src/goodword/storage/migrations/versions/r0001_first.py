"""All tables of the first release."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, WORD, **{"nullable": False, **options})


def long(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, **{"nullable": False, "autoincrement": False, **options})


def flag(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table(
        "tenants",
        word("tenant"),
        number("seq"),
        number("clock_ms"),
        flag("live"),
        number("created_ms"),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "programs",
        word("tenant"),
        word("program"),
        number("version"),
        number("priority"),
        sa.PrimaryKeyConstraint("tenant", "program"),
    )
    op.create_table(
        "program_versions",
        word("tenant"),
        word("program"),
        number("version"),
        word("digest"),
        long("text"),
        number("published_ms"),
        sa.PrimaryKeyConstraint("tenant", "program", "version"),
    )
    op.create_table(
        "identities",
        word("tenant"),
        word("key"),
        word("participant"),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    op.create_table(
        "participants",
        word("tenant"),
        word("id"),
        number("created_ms"),
        word("country", nullable=True),
        word("language", nullable=True),
        number("signed_up_ms", nullable=True),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("participants_by_time", "participants", "tenant", "created_ms", "id")
    op.create_table(
        "people",
        word("tenant"),
        word("participant"),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "participant"),
    )
    op.create_table(
        "handles",
        word("tenant"),
        word("code"),
        word("program"),
        word("participant"),
        number("created_ms"),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "code"),
    )
    index("handles_by_participant", "handles", "tenant", "participant", "created_ms", "code")
    op.create_table(
        "claims",
        word("tenant"),
        word("token"),
        word("code"),
        number("claimed_ms"),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "token"),
    )
    op.create_table(
        "orders",
        word("tenant"),
        word("id"),
        word("participant", nullable=True),
        number("placed_ms", nullable=True),
        number("total"),
        word("currency"),
        number("refunded"),
        word("state"),
        word("referral", nullable=True),
        flag("counted"),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("orders_by_participant", "orders", "tenant", "participant", "counted", "placed_ms", "id")
    op.create_table(
        "referrals",
        word("tenant"),
        word("id"),
        word("program"),
        number("version"),
        word("advocate"),
        word("friend"),
        word("code"),
        word("evidence"),
        number("claimed_ms"),
        number("until_ms"),
        word("status"),
        word("moderation"),
        number("converted_ms", nullable=True),
        word("live_key", nullable=True),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("referrals_by_advocate", "referrals", "tenant", "advocate", "claimed_ms", "id")
    index("referrals_by_friend", "referrals", "tenant", "friend", "claimed_ms", "id")
    index("referrals_by_program", "referrals", "tenant", "program", "status")
    index("referrals_by_time", "referrals", "tenant", "claimed_ms", "id")
    index("referrals_live", "referrals", "tenant", "live_key", unique=True)
    op.create_table(
        "rewards",
        word("tenant"),
        word("id"),
        word("program"),
        number("version"),
        word("rule"),
        word("side"),
        word("participant"),
        word("referral"),
        word("subject"),
        number("occurrence"),
        word("unit"),
        number("amount"),
        word("status"),
        word("reason", nullable=True),
        number("remaining"),
        number("granted_ms"),
        number("mature_ms", nullable=True),
        number("expires_ms", nullable=True),
        word("order_id", nullable=True),
        word("code_hash", nullable=True),
        flag("waiting"),
        word("live_key", nullable=True),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("rewards_by_code", "rewards", "tenant", "code_hash", unique=True)
    index("rewards_by_participant", "rewards", "tenant", "participant", "granted_ms", "id")
    index("rewards_by_program", "rewards", "tenant", "program", "status")
    index("rewards_by_referral", "rewards", "tenant", "referral", "granted_ms", "id")
    index("rewards_by_subject", "rewards", "tenant", "subject", "granted_ms", "id")
    index("rewards_by_time", "rewards", "tenant", "granted_ms", "id")
    index("rewards_live", "rewards", "tenant", "live_key", unique=True)
    index("rewards_waiting", "rewards", "tenant", "participant", "id", where="waiting = 1")
    op.create_table(
        "counters",
        word("tenant"),
        word("key"),
        number("value"),
        sa.PrimaryKeyConstraint("tenant", "key"),
    )
    op.create_table(
        "balances",
        word("tenant"),
        word("account"),
        word("unit"),
        number("amount"),
        sa.PrimaryKeyConstraint("tenant", "account", "unit"),
    )
    op.create_table(
        "entries",
        word("tenant"),
        number("seq"),
        number("line"),
        word("account"),
        word("unit"),
        number("amount"),
        word("reward", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "seq", "line"),
    )
    index("entries_by_reward", "entries", "tenant", "reward", "seq", "line")
    op.create_table(
        "dues",
        word("tenant"),
        word("id"),
        number("due_ms"),
        word("kind"),
        word("reference"),
        long("doc"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("dues_by_time", "dues", "tenant", "due_ms", "id")
    op.create_table(
        "events",
        word("tenant"),
        number("seq"),
        word("id"),
        word("type"),
        number("occurred_ms"),
        number("clock_ms"),
        flag("history"),
        word("content"),
        long("body"),
        long("answer"),
        sa.PrimaryKeyConstraint("tenant", "seq"),
    )
    index("events_by_id", "events", "tenant", "id", unique=True)
    op.create_table(
        "traces",
        word("tenant"),
        word("reference"),
        number("seq"),
        sa.PrimaryKeyConstraint("tenant", "reference", "seq"),
    )
    op.create_table(
        "outbox",
        word("tenant"),
        number("id"),
        number("seq"),
        word("topic"),
        long("doc"),
        number("created_ms"),
        number("delivered_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("outbox_undelivered", "outbox", "tenant", "id", where="delivered_ms IS NULL")
    op.create_table(
        "parked",
        word("tenant"),
        word("id"),
        long("body"),
        long("error"),
        number("clock_ms"),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "api_keys",
        word("tenant"),
        word("id"),
        word("name"),
        word("hash"),
        word("scopes"),
        number("created_ms"),
        number("revoked_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    index("api_keys_by_hash", "api_keys", "hash", unique=True)


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back to before the first release: restore a backup")
