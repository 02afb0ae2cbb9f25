"""The command that tells the figures of a program, in words, on a page, and as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goodword.cli.figures import DIMENSIONS, PeriodText, ProgramName, program_and_days
from goodword.cli.output import LANGUAGE, AsJson
from goodword.cli.records import Language
from goodword.cli.reports import PageFile, show_report, watched
from goodword.cli.shared import opened, settings_of
from goodword.metrics.periods import months_until
from goodword.parts import Parts
from goodword.program.loader import Program
from goodword.reports.figures import figures_blocks
from goodword.reports.tables import figure_tables
from goodword.warehouse.folder import open_folder
from goodword.warehouse.measuring import Asked, Measured, measure, today

room = typer.Typer()


@room.command("report")
def tell_figures(
    ctx: typer.Context,
    program: ProgramName = "",
    period: PeriodText = "",
    html: PageFile = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="DIRECTORY", help="write tables for a spreadsheet, one file for each kind")
    ] = None,
    language: Language = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Tell the figures of a program: what matters, from asking to buying, costs and worth, each with how sure it is.

    Counted by the days of the program's time zone, with the twelve months up to the period beside it. Facts are copied into
    the folder of the setting `warehouse` first; nothing of yours is changed.
    """
    settings = settings_of(ctx)
    with opened(settings) as parts:
        found, measured = _measured(parts, program, period)
    if csv is not None:
        _write(csv, measured)
    show_report(measured, figures_blocks(measured, found, language), language, html, as_json)


def _measured(parts: Parts, name: str, period: str) -> tuple[Program, Measured]:
    settings = parts.settings
    program, days = program_and_days(parts, name, period)
    until = min(days.last, today(program, parts.now_ms()))
    asked = Asked(program.name, days, months_until(until), tuple(one for one in DIMENSIONS if one != "segment"))
    folder = open_folder(settings.warehouse, settings.tenant, settings.warehouse_store)
    with watched() as done:
        return program, measure(parts.database, settings.tenant, folder, asked, parts.now_ms, done, settings.analysis)


def _write(directory: Path, measured: Measured) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in figure_tables(measured).items():
        # As the csv module writes them: its line ends stay as they are.
        (directory / name).write_text(content, encoding="utf-8", newline="")
