"""Signing in to the pages for people: sessions, one-time links and codes, and the mails that bring them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, WORD, nullable=False) for name in names]


def _number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "sessions",
        *_words("tenant", "hash", "id", "role", "subject"),
        sa.Column("confirmed", sa.Integer, nullable=False),
        sa.Column("program", WORD, nullable=True),
        *[_number(name) for name in ("created_ms", "seen_ms", "expires_ms")],
        sa.Column("agent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash"),
    )
    op.create_index("sessions_by_subject", "sessions", ["tenant", "subject", "created_ms", "id"])
    op.create_index("sessions_by_end", "sessions", ["tenant", "expires_ms"])
    op.create_table(
        "sign_ins",
        *_words("tenant", "id", "kind", "address"),
        sa.Column("participant", WORD, nullable=True),
        sa.Column("shows_name", sa.Integer, nullable=False),
        *[_number(name) for name in ("created_ms", "expires_ms", "tries")],
        _number("used_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("sign_ins_by_address", "sign_ins", ["tenant", "address", "kind", "created_ms"])
    op.create_index("sign_ins_by_end", "sign_ins", ["tenant", "expires_ms"])
    op.create_table(
        "letters",
        *_words("tenant", "id"),
        sa.Column("participant", WORD, nullable=True),
        *_words("kind", "reference", "language"),
        *[_number(name) for name in ("created_ms", "next_ms", "tries")],
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("letters_due", "letters", ["tenant", "next_ms", "id"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
