"""Erasing a person: his rewards that were not handed over, his groups and his identifiers are found by him."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

HELD = sa.text("status IN ('pending', 'approved', 'failed')")
ACTIVE = sa.text("left_ms IS NULL")


def upgrade() -> None:
    op.create_index("identities_by_participant", "identities", ["tenant", "participant", "key"])
    op.create_index(
        "rewards_held", "rewards", ["tenant", "participant", "id"], sqlite_where=HELD, postgresql_where=HELD
    )
    op.create_index(
        "members_in_groups", "members", ["tenant", "participant", "id"], sqlite_where=ACTIVE, postgresql_where=ACTIVE
    )


def downgrade() -> None:
    raise NotImplementedError("a database is not taken back: restore a backup")
