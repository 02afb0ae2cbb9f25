"""Commands on program files: recipes, check, schema, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from goodword.cli.shared import BadProgram, console, opened, print_json, read_program, settings_of
from goodword.program.linter import LintWarning, lint
from goodword.program.loader import Problem, load_program
from goodword.program.schema import program_schema
from goodword.recipes import copy_recipe, list_recipes, read_recipe
from goodword.words.headline import headline

LANGUAGE = "en"
"""The command line itself speaks English."""

ProgramFile = Annotated[Path, typer.Argument(metavar="PROGRAM", help="a program file", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]

recipes_app = typer.Typer(help="List the recipes, or copy one to start from.", invoke_without_command=True)


@recipes_app.callback()
def recipes(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the recipes: programs that come with Goodword, each with what it promises."""
    if ctx.invoked_subcommand is not None:
        return
    found = {name: headline(load_program(read_recipe(name)), LANGUAGE) for name in list_recipes()}
    if as_json:
        print_json([{"recipe": name, "headline": text} for name, text in found.items()])
        return
    table = Table.grid(padding=(0, 2))
    for name, text in found.items():
        table.add_row(name, text)
    console().print(table)


@recipes_app.command("copy")
def recipes_copy(
    name: Annotated[str, typer.Argument(help="the recipe", show_default=False)],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="where its file is put")] = Path(),
) -> None:
    """Copy a recipe to DIR/NAME.yaml; a file that stands there is left as it is."""
    typer.echo(copy_recipe(name, directory))


def check(
    program: ProgramFile,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="let warnings fail as well")] = False,
) -> None:
    """Check a program file: all its problems and risks, each with its place. Exit code 1 if there is a problem."""
    problems: list[Problem] = []
    warnings: list[LintWarning] = []
    try:
        warnings = lint(read_program(program))
    except BadProgram as error:
        problems = error.problems
    good = not problems and not (strict and warnings)
    if as_json:
        print_json({"file": str(program), "ok": good, "problems": problems, "warnings": list(map(_warning, warnings))})
    else:
        for line in (*problems, *warnings):
            typer.echo(f"{program}:{line}")
        if not problems:
            typer.echo(f"{program}: no problems, {len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'}")
    raise typer.Exit(0 if good else 1)


def _warning(warning: LintWarning) -> dict[str, Any]:
    """A warning with its place in the same two numbers as a problem."""
    line, column = map(int, warning.place.split(":"))
    return {
        "line": line,
        "column": column,
        "path": warning.path,
        "message": warning.message,
        "code": warning.code,
    }


def schema() -> None:
    """Print the JSON Schema of program files, for editors."""
    typer.echo(msgspec.json.format(msgspec.json.encode(program_schema())).decode())


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
        print_json(data | {"warnings": list(map(_warning, warnings))})
    else:
        typer.echo(f"{published.name} version {published.version} {'is in force' if new else 'was in force already'}")
