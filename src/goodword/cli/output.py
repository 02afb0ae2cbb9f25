"""What commands on files share: reading programs, and printing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from goodword.cli.root import Failure
from goodword.program.loader import Program, ProgramError, load_program

LANGUAGE = "en"
"""The command line itself speaks English."""
STDIN = "-"
WIDE = 500
"""The width of what nobody looks at directly."""

ProgramFile = Annotated[Path, typer.Argument(metavar="PROGRAM", help="a program file", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


class BadProgram(Failure):
    """A program file with problems, each on its line, as editors understand them."""

    prefix = ""

    def __init__(self, path: Path, error: ProgramError) -> None:
        super().__init__("\n".join(f"{path}:{problem}" for problem in error.problems))
        self.problems = error.problems


def read_program(path: Path, version: int = 0) -> Program:
    """The program in a file.

    Raises:
        BadProgram: it cannot be accepted.
        Failure: the file is no text.
    """
    try:
        return load_program(path.read_bytes().decode(), version)
    except UnicodeDecodeError:
        raise Failure(f"{path}: it is not a text in UTF-8") from None
    except ProgramError as error:
        raise BadProgram(path, error) from None


def print_json(data: Any, *, err: bool = False) -> None:
    """Data as one line of JSON."""
    typer.echo(msgspec.json.encode(data).decode(), err=err)


def console(*, stderr: bool = False) -> Console:
    """Where tables and the like go. Nothing in them is taken for markup; into a file they are as wide as they need."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDE
    return made
