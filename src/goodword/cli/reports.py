"""What commands that make a report share: a bar while they work, and the report as text, data or a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct
from rich.progress import BarColumn, TaskProgressColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from goodword.cli.output import console, print_json
from goodword.pages.blocks import page
from goodword.reports.blocks import (
    Bars,
    Block,
    Cell,
    Definitions,
    Funnel,
    Grid,
    Heading,
    Intervals,
    Ranged,
    Told,
    Trend,
)

PageFile = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="write a page with charts, to read and print")
]


def show_report(report: Struct, blocks: Sequence[Block], language: str, html: Path | None, as_json: bool) -> None:
    """A report as text or as data, and as a page where one is wished."""
    if html is not None:
        html.write_text(page(blocks, language), encoding="utf-8")
    if as_json:
        print_json(report)
    else:
        print_blocks(blocks)


@contextmanager
def watched() -> Iterator[Callable[[float], None]]:
    """A bar on standard error that shows how far the work is, if somebody looks."""
    screen = console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bar(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def print_blocks(blocks: Sequence[Block]) -> None:
    """Blocks on the terminal; the tables hold what the charts show, and definitions are for pages."""
    screen = console()
    for block in blocks:
        match block:
            case Heading(text=text):
                screen.print(Text(f"\n{text}", style="bold"), soft_wrap=True)
            case Grid(head=head, rows=rows, words=words):
                table = Table(box=None, pad_edge=False, header_style="dim")
                for place, cell in enumerate(head):
                    table.add_column(_content(cell), justify="left" if place < words else "right", overflow="fold")
                for row in rows:
                    table.add_row(*map(_content, row))
                screen.print(table)
            case Bars(title=title) | Funnel(title=title) | Trend(title=title) | Intervals(title=title):
                screen.print(Text(f"\n{title}"), soft_wrap=True)
            case Told(name=name, value=value, text=text, notes=notes):
                screen.print(Text.assemble("\n", (name, "bold"), ": ", value), soft_wrap=True)
                screen.print("\n".join([text, *notes]), soft_wrap=True)
            case Definitions():
                continue
            case _:
                screen.print(block.text, soft_wrap=True)


def _content(cell: Cell) -> str:
    """What stands in a cell; a range below its value, as on a page, so that a table fits eighty columns."""
    return f"{cell.shown}\n{cell.range}" if isinstance(cell, Ranged) else cell
