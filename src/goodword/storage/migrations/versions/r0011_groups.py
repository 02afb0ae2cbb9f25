"""Groups and their members; what is given to many, page by page, for which everybody has a number."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0013"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def word(name: str) -> sa.Column[str]:
    return sa.Column(name, WORD, nullable=False)


def number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def table(name: str, *columns: sa.Column[Any]) -> None:
    doc = sa.Column("doc", sa.Text, nullable=False)
    op.create_table(name, word("tenant"), word("id"), *columns, doc, sa.PrimaryKeyConstraint("tenant", "id"))


def upgrade() -> None:
    table(
        "groups",
        word("program"),
        word("shop_id"),
        word("owner"),
        number("created_ms"),
        number("members"),
        number("closed_ms", nullable=True),
    )
    table(
        "members",
        word("group_id"),
        word("participant"),
        number("number"),
        number("joined_ms"),
        number("left_ms", nullable=True),
        word("page"),
    )
    op.create_index("members_by_page", "members", ["tenant", "page"])
    table(
        "sweeps", word("program"), number("version"), word("rule"), word("of"), word("key"), number("opened_ms", True)
    )
    number_people()


def number_people() -> None:
    """Everybody known gets a number and a page, and the tenant a counter of them."""
    with op.batch_alter_table("participants") as participants:
        participants.add_column(sa.Column("number", sa.BigInteger, nullable=False, server_default="0"))
        participants.add_column(sa.Column("page", WORD, nullable=False, server_default=""))
    op.execute(
        "UPDATE participants SET number = n.number FROM (SELECT tenant, id, ROW_NUMBER() OVER "
        "(PARTITION BY tenant ORDER BY created_ms, id) AS number FROM participants) AS n "
        "WHERE n.tenant = participants.tenant AND n.id = participants.id"
    )
    op.execute("UPDATE participants SET page = 'everyone|' || CAST((number - 1) / 100 AS text)")
    op.execute(
        "INSERT INTO counters (tenant, key, value) SELECT tenant, 'people', COUNT(*) FROM participants GROUP BY tenant"
    )
    with op.batch_alter_table("participants") as participants:
        participants.alter_column("number", server_default=None)
        participants.alter_column("page", server_default=None)
    op.create_index("participants_by_page", "participants", ["tenant", "page"])


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
