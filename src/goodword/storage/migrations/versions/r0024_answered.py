"""Erasing a person: what he said about his rewards is found by him, also where they were handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

HELD = sa.text("(status IN ('pending', 'approved', 'failed') OR answered IS NOT NULL)")


COUNTED = {
    "sqlite": "UPDATE rewards SET answered = (SELECT count(*) FROM json_each(doc, '$.answers')) "
    "WHERE json_extract(doc, '$.answers') <> '{}'",
    "postgresql": "UPDATE rewards SET answered = (SELECT count(*) FROM json_object_keys(CAST(doc AS json)->'answers')) "
    "WHERE CAST(doc AS json)->>'answers' <> '{}'",
}


def upgrade() -> None:
    op.add_column("rewards", sa.Column("answered", sa.BigInteger, nullable=True, autoincrement=False))
    op.execute(COUNTED[op.get_bind().dialect.name])
    op.drop_index("rewards_held", "rewards")
    op.create_index(
        "rewards_held", "rewards", ["tenant", "participant", "id"], sqlite_where=HELD, postgresql_where=HELD
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
