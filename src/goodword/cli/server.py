"""Commands that run the service: migrate and serve."""

from __future__ import annotations

from typing import Annotated

import typer

from goodword.cli.shared import DEFAULTS, mistakes, opened, setting_option, settings_of
from goodword.storage.database import open_database
from goodword.web import serve as web


def migrate(ctx: typer.Context) -> None:
    """Make the tables, or bring them to this release. Several processes may do so at once."""
    settings = settings_of(ctx)
    with mistakes():
        database = open_database(settings.database)
    try:
        database.migrate()
        typer.echo(f"the database is at revision {database.revision()}")
    finally:
        database.close()


def serve(
    ctx: typer.Context,
    host: Annotated[str, setting_option("host")] = DEFAULTS["host"],
    port: Annotated[str, setting_option("port")] = DEFAULTS["port"],
) -> None:
    """Run the service: the API, and all that has to happen in time. Makes the database where it is missing."""
    settings = settings_of(ctx, host=host, port=port)
    web.check_port(settings.host, settings.port)
    with opened(settings, create=True):
        pass  # the worker opens its own parts
    web.serve(settings)
