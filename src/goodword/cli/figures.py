"""Commands on figures: what a program comes to, as tables and as a report, and the warehouse with the facts that they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table

from goodword.cli.output import LANGUAGE, AsJson, console, print_json
from goodword.cli.records import Language
from goodword.cli.reports import PageFile, show_report, watched
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.metrics.compose import compose, wrappers_of, written
from goodword.metrics.definitions import METRICS, TOPICS, Dimension
from goodword.metrics.figure import Figure
from goodword.metrics.periods import Days, PeriodError, months_until, read_period
from goodword.metrics.question import Question
from goodword.metrics.verdicts import VERDICTS
from goodword.parts import Parts
from goodword.program.loader import Program
from goodword.program.quantity import Quantity, is_currency
from goodword.program.values import hint
from goodword.reports.figures import figures_blocks
from goodword.reports.tables import figure_tables
from goodword.storage.costs import programs_of
from goodword.warehouse.asked import Asked, Measured, periods_of, question, segments_of, today
from goodword.warehouse.folder import open_folder
from goodword.warehouse.measuring import measure, refresh
from goodword.words.catalogue import catalogue
from goodword.words.format import amount

room = typer.Typer()
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

ProgramName = Annotated[
    str, typer.Option("--program", metavar="PROGRAM", help="the name of the program; may be left out where there is one only", show_default=False)
]  # fmt: skip
PeriodText = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help="2026-10, 2026-Q4, 2026 or 2026-10-01..2026-10-31; the last month if not given")
]  # fmt: skip


@room.command("metrics")
def metrics(
    ctx: typer.Context,
    program: ProgramName = "",
    period: PeriodText = "",
    by: Annotated[list[str] | None, typer.Option("--by", metavar="DIMENSION", help=f"break down by {', '.join(DIMENSIONS)}")] = None,
    only: Annotated[list[str] | None, typer.Option("--metric", metavar="NAME", help="only this figure; several may be named")] = None,
    segment: Annotated[str, typer.Option("--segment", metavar="FIELD", help="with --by segment: which field of people")] = "",
    sql: Annotated[bool, typer.Option("--sql", help="print the SQL of the figures instead of asking them")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say what a program comes to: each figure with its interval, its sample, its maturity, and what speaks against a conclusion."""
    settings = settings_of(ctx)
    names = _known(only or [], METRICS, "figure")
    dimensions = tuple(one for one in DIMENSIONS if one in _known(by or [], DIMENSIONS, "dimension"))
    with opened(settings) as parts:
        found, days = program_and_days(parts, program, period)
        if ("segment" in dimensions or segment) and segment not in segments_of(found):
            known = ", ".join(segments_of(found)) or "none"
            raise Failure(f"say with --segment which field of people that the program declares: {known}")
        asked = Asked(found.name, days, dimensions=dimensions, metrics=tuple(names) or tuple(METRICS), segment=segment)
        if sql:
            _print_sql(asked, question(found, parts.now_ms(), periods_of(found, [days]), segment))
            return
        folder = open_folder(settings.warehouse, settings.tenant, settings.warehouse_store)
        with watched() as progress:
            measured = measure(
                parts.database, settings.tenant, folder, asked, parts.now_ms, progress, settings.analysis
            )
    if as_json:
        print_json(measured)
    else:
        _print_figures(measured)


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
    asked = Asked(
        program.name, days, months_until(until), tuple(one for one in DIMENSIONS if one != "segment"), queries=True
    )
    folder = open_folder(settings.warehouse, settings.tenant, settings.warehouse_store)
    with watched() as done:
        return program, measure(parts.database, settings.tenant, folder, asked, parts.now_ms, done, settings.analysis)


def _write(directory: Path, measured: Measured) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in figure_tables(measured).items():
        # As the csv module writes them: its line ends stay as they are.
        (directory / name).write_text(content, encoding="utf-8", newline="")


def program_and_days(parts: Parts, name: str, period: str) -> tuple[Program, Days]:
    """The program that is named, or the only one, and the period as it is written.

    Raises:
        Failure: there is no such program, several where none is named, or no such period.
    """
    with parts.database.read() as connection:
        programs = programs_of(connection, parts.settings.tenant)
    if not name and len(programs) != 1:
        names = ", ".join(sorted(programs))
        raise Failure(f"say which program with --program: {names}" if names else "no program was published yet")
    found = programs.get(name) if name else next(iter(programs.values()))
    if found is None:
        raise Failure(f"no program is called {name}: `goodword programs` lists them")
    try:
        return found, read_period(period, today(found, parts.now_ms()))
    except PeriodError as error:
        raise Failure(str(error)) from None


@room.command("warehouse")
def warehouse(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Copy the facts of everything that happened into Parquet files: all the first time, then what came since.

    Figures do so by themselves; this is for analyses of your own, and for a copy that is there before somebody asks.
    """
    settings = settings_of(ctx)
    screen = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with opened(settings) as parts:
        folder = open_folder(settings.warehouse, settings.tenant, settings.warehouse_store)
        with Bar(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
            task = bar.add_task("", total=None)

            def progress(fact: str, rows: int) -> None:
                bar.update(task, description=fact, advance=rows)

            manifest = refresh(parts.database, settings.tenant, folder, parts.now_ms, progress)
    if as_json:
        counts = {"folder": str(folder.path), "seq": manifest.seq, "generation": manifest.generation}
        print_json(counts | {"facts": manifest.rows})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("facts")
    table.add_column("rows", justify="right")
    table.add_column("files", justify="right")
    for name, rows in manifest.rows.items():
        table.add_row(name, f"{rows:,}", f"{len(manifest.paths(name)):,}")
    console().print(table)
    typer.echo(f"{folder.path}: everything up to event {manifest.seq:,}")


def _known(given: Iterable[str], known: Iterable[str], kind: str) -> list[str]:
    names = list(known)
    for name in given:
        if name not in names:
            raise Failure(f"no {kind} is called {name}; {hint(name, names)}")
    return list(given)


def _print_sql(asked: Asked, about: Question) -> None:
    for name in asked.metrics:
        metric = METRICS[name]
        if metric.kind == "derived":
            typer.echo(f"-- {name}: made of {', '.join(metric.needs)}\n")
            continue
        for dimension in (None, *(one for one in asked.dimensions if one in metric.dimensions)):
            for wrapper in wrappers_of(metric):
                typer.echo(f"-- {name}" + (f" by {dimension}" if dimension else "") + f" ({wrapper})")
                typer.echo(written(compose(metric, about, wrapper, dimension)) + ";\n")


def _print_figures(measured: Measured) -> None:
    screen = console()
    for topic in TOPICS:
        figures = [
            one for one in measured.figures if METRICS[one.metric].topic == topic and one.period == measured.period.name
        ]
        if not figures:
            continue
        table = Table(box=None, pad_edge=False, header_style="dim", title=topic, title_justify="left")
        table.add_column("figure", no_wrap=True)  # a name that is cut in two cannot be asked for
        for head in ("value", "between", "of", "mature", "note"):
            table.add_column(head, justify="left" if head == "note" else "right", overflow="fold")
        for one in figures:
            table.add_row(*_cells(one))
        screen.print(table)
    texts = catalogue("en")
    noted = {code for one in measured.figures for code in one.warnings}
    for code in VERDICTS:
        if code in noted:
            screen.print(f"{code}: {texts.text(f'figure.warning.{code}')}", style="dim")
    typer.echo(f"{measured.program}, {measured.period.name}: everything up to event {measured.seq:,}")
    if measured.is_under_way:
        typer.echo(texts.text("figure.unfinished"))


def _cells(one: Figure) -> tuple[str, ...]:
    name = one.metric if one.dimension is None else f"  {one.dimension} {one.of or '-'}"
    between = "" if one.low is None else f"{_value(one, one.low)} to {_value(one, one.high)}"
    sample = "" if one.denominator is None else f"{one.denominator:,}"
    mature = "" if one.maturity is None else f"{one.maturity:.0%}"
    return name, _value(one, one.value), between, sample, mature, ", ".join(one.warnings)


def _value(one: Figure, value: float | None) -> str:
    if value is None:
        return "-"
    if one.unit == "share":
        return f"{value:.1%}"
    if is_currency(one.unit):
        return amount(Quantity(round(value), one.unit), "en")
    whole = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return whole if one.unit in ("count", "per", "score") else f"{whole} {one.unit}"
