"""Bringing a program into force."""

from __future__ import annotations

import typer

from goodword.cli.output import AsJson, ProgramFile, print_json, read_program
from goodword.cli.programs import warning_as_data
from goodword.cli.shared import opened, settings_of
from goodword.program.linter import lint

room = typer.Typer()


@room.command()
def publish(ctx: typer.Context, program: ProgramFile, as_json: AsJson = False) -> None:
    """Bring a program into force for referrals from now on. Makes the database and the tenant where they are missing."""
    loaded = read_program(program)
    warnings = lint(loaded)
    settings = settings_of(ctx)
    with opened(settings, create=True) as parts:
        published, new = parts.tenants.publish(settings.tenant, loaded.text, parts.now_ms())
    for warning in () if as_json else warnings:
        typer.echo(f"{program}:{warning}", err=True)
    if as_json:
        data = {"program": published.name, "version": published.version, "new": new}
        print_json(data | {"warnings": list(map(warning_as_data, warnings))})
    else:
        typer.echo(f"{published.name} version {published.version} {'is in force' if new else 'was in force already'}")
