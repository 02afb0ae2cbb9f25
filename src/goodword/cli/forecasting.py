"""The command that says what a program may cost before anybody has come."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goodword.cli.output import LANGUAGE, AsJson, BadProgram, ProgramFile, read_program
from goodword.cli.records import Language
from goodword.cli.reports import PageFile, show_report, watched
from goodword.cli.root import Failure
from goodword.forecast.assumptions import Assumptions, load_assumptions
from goodword.forecast.forecast import SEED, SEED_MAX, WORLDS, WORLDS_MAX, forecast
from goodword.program.loader import Program, ProgramError
from goodword.reports.forecasts import forecast_blocks

room = typer.Typer()


@room.command("forecast")
def tell_forecast(
    program: ProgramFile,
    assume: Annotated[Path, typer.Option(metavar="FILE", help="the file of assumptions", show_default=False)],
    worlds: Annotated[int, typer.Option(min=1, max=WORLDS_MAX, help="how many worlds are played")] = WORLDS,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED_MAX, help="what chance begins with: the same seed gives the same answer")
    ] = SEED,
    html: PageFile = None,
    language: Language = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Say what a program may cost and bring, for a business that has no history yet.

    Many worlds are invented from the assumptions of a file, and decided by the very same rules as real events. Needs no
    database. What the file does not state is taken from published figures, which are printed with their sources.
    """
    loaded = read_program(program)
    assumptions = _read_assumptions(assume, loaded)
    with watched() as done:
        found = forecast(loaded, assumptions, worlds, seed, done)
    show_report(found, forecast_blocks(found, language), language, html, as_json)


def _read_assumptions(path: Path, program: Program) -> Assumptions:
    try:
        return load_assumptions(path.read_bytes().decode(), program)
    except UnicodeDecodeError:
        raise Failure(f"{path}: it is not a text in UTF-8") from None
    except ProgramError as error:
        raise BadProgram(path, error) from None
