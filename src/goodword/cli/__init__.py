"""The command line: one file per noun, found through the table in `root`."""

from __future__ import annotations

import os
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from goodword.cli.root import DEFAULTS, Commands, setting_option
from goodword.collector import relax_collector
from goodword.log import configure_log

app = typer.Typer(
    name="goodword",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    # A traceback with values would print secrets and personal data.
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"goodword {version_of('goodword')}")
        raise typer.Exit


@app.callback()
def goodword(
    ctx: typer.Context,
    database: Annotated[str, setting_option("database")] = DEFAULTS["database"],
    tenant: Annotated[str, setting_option("tenant")] = DEFAULTS["tenant"],
    secret_file: Annotated[str, setting_option("secret_file")] = DEFAULTS["secret_file"],
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Referral programs as readable recipes, on your own database.

    The options below may stand before or behind a command.
    """
    ctx.obj = {"database": database, "tenant": tenant, "secret_file": secret_file}


def main() -> None:
    """The script `goodword`. What is logged goes to standard error: answers stand on standard output."""
    configure_log(os.environ.get("GOODWORD_LOG_LEVEL") or DEFAULTS["log_level"])
    relax_collector()
    app()
