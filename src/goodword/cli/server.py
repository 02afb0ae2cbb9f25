"""Commands that run the service: migrate and serve."""

from __future__ import annotations

import typer

from goodword.cli.shared import settings_of
from goodword.storage.database import open_database


def migrate(ctx: typer.Context) -> None:
    """Make the tables, or bring them to this release. Several processes may do so at once."""
    database = open_database(settings_of(ctx).database)
    try:
        database.migrate()
        typer.echo(f"the database is at revision {database.revision()}")
    finally:
        database.close()
