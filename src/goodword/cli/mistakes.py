"""What a person is told of an error that he can mend. Imported when there is one."""

from __future__ import annotations

from sqlalchemy import exc

from goodword.recipes import UnknownRecipe
from goodword.storage.database import DatabaseError
from goodword.storage.load import UnknownTenant

MENDED_BY_PEOPLE = (DatabaseError, UnknownRecipe, UnknownTenant, OSError, exc.SQLAlchemyError)


def told(error: Exception) -> str | None:
    """What to tell; None where it is a fault of ours."""
    if not isinstance(error, MENDED_BY_PEOPLE):
        return None
    match error:
        case UnknownTenant():
            return f"goodword: there is no tenant {str(error)!r} in this database: `goodword publish` creates it"
        case OSError() if error.filename is not None:
            return f"goodword: {error.filename}: {error.strerror}"
        case exc.ArgumentError():
            return "goodword: this is not the address of a database: sqlite:///FILE or postgresql://…"
        case exc.SQLAlchemyError():
            return _database_message(error)
    return f"goodword: {error}"


def _database_message(error: exc.SQLAlchemyError) -> str | None:
    """What the database itself says, on one line; None for a statement that it does not understand."""
    if not (
        isinstance(error, exc.OperationalError)
        or (isinstance(error, exc.DBAPIError) and type(error) is exc.DatabaseError)
    ):
        return None
    reason = (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
    hint = ": another process is writing; try again when it is done" if "locked" in reason else ""
    return f"goodword: the database cannot be used: {reason}{hint}"
