"""Commands on program files: recipes, check, words, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from goodword.cli.output import LANGUAGE, AsJson, BadProgram, ProgramFile, console, print_json, read_program
from goodword.program.linter import LintWarning, lint
from goodword.program.loader import Problem, Program, load_program
from goodword.program.schema import program_schema
from goodword.recipes import copy_recipe, list_recipes, read_catalogue, read_recipe
from goodword.words.catalogue import LANGUAGES
from goodword.words.headline import headline
from goodword.words.told import words_as_data, words_as_text, words_of

room = typer.Typer()
Language = Annotated[str, typer.Option("--lang", "--language", help=f"the language: {', '.join(LANGUAGES)}")]
recipes_app = typer.Typer(help="List the recipes, or copy one to start from.", invoke_without_command=True)
room.add_typer(recipes_app, name="recipes")


@recipes_app.callback()
def recipes(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the recipes: programs that come with Goodword, each with what it promises."""
    if ctx.invoked_subcommand is not None:
        return
    known = read_catalogue()
    rows = [
        (name, known[name].after if name in known else "", headline(load_program(read_recipe(name)), LANGUAGE))
        for name in list_recipes()
    ]
    if as_json:
        print_json([{"recipe": name, "after": after, "headline": text} for name, after, text in rows])
        return
    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*row)
    console().print(table)


@recipes_app.command("show")
def recipes_show(
    name: Annotated[str, typer.Argument(help="the recipe", show_default=False)],
    language: Language = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Show what a recipe says to people: its headline, three steps, and its terms."""
    _say(load_program(read_recipe(name)), language, as_json)


@recipes_app.command("copy")
def recipes_copy(
    name: Annotated[str, typer.Argument(help="the recipe", show_default=False)],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="where its file is put")] = Path(),
) -> None:
    """Copy a recipe to DIR/program.yaml; a file that stands there is left as it is."""
    typer.echo(copy_recipe(name, directory))


@room.command()
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
        print_json(
            {"file": str(program), "ok": good, "problems": problems, "warnings": list(map(warning_as_data, warnings))}
        )
    else:
        for line in (*problems, *warnings):
            typer.echo(f"{program}:{line}")
        if not problems:
            typer.echo(f"{program}: no problems, {len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'}")
    raise typer.Exit(0 if good else 1)


@room.command("words")
def words(program: ProgramFile, language: Language = LANGUAGE, as_json: AsJson = False) -> None:
    """Print what a program file says to people: its headline, three steps, and its terms."""
    _say(read_program(program), language, as_json)


def _say(program: Program, language: str, as_json: bool) -> None:
    said = words_of(program, language)
    if as_json:
        print_json({"program": program.name, **words_as_data(said)})
    else:
        typer.echo(words_as_text(said))


def warning_as_data(warning: LintWarning) -> dict[str, Any]:
    """A warning with its place in the same two numbers as a problem."""
    line, column = map(int, warning.place.split(":"))
    return {
        "line": line,
        "column": column,
        "path": warning.path,
        "message": warning.message,
        "code": warning.code,
    }


@room.command()
def schema() -> None:
    """Print the JSON Schema of program files, for editors."""
    typer.echo(msgspec.json.format(msgspec.json.encode(program_schema())).decode())
