"""Whether the database lets events be decided."""

from __future__ import annotations

from goodword.pipeline.batcher import INFRASTRUCTURE
from goodword.storage.database import Database, DatabaseError


def database_state(database: Database) -> str:
    """``up``, or what is wrong: it is away, of another release, or only read, as a standby is."""
    try:
        database.check()
        database.check_writable()
    except DatabaseError as error:
        return str(error)
    except INFRASTRUCTURE:
        return "cannot be reached"
    return "up"
