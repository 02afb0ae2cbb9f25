"""The command that shows the settings in force."""

from __future__ import annotations

import typer
from rich.table import Table

from goodword.cli.output import AsJson, console, print_json
from goodword.cli.shared import settings_of
from goodword.settings import effective, masked

room = typer.Typer()


@room.command()
def settings(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every setting as it is in force here, and where it comes from; passwords in addresses are masked."""
    settings_of(ctx)  # a value that cannot be used is told before
    options: dict[str, str] = ctx.find_root().obj
    sources = {name: ctx.find_root().get_parameter_source(name) for name in options}
    # What was not given on the command line comes from where every process looks.
    given = {name: text for name, text in options.items() if getattr(sources[name], "name", "") == "COMMANDLINE"}
    rows = [(setting, masked(text), origin) for setting, text, origin in effective(None, **given)]
    if as_json:
        print_json(
            [
                {"name": setting.variable, "value": text, "from": origin, "unit": setting.unit}
                for setting, text, origin in rows
            ]
        )
        return
    table = Table("variable", "value", "unit", "from", box=None)
    for setting, text, origin in rows:
        table.add_row(setting.variable, text, setting.unit, origin)
    console().print(table)
