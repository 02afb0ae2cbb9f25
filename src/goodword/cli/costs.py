"""Commands on what programs cost beside their rewards: software, administration, promotion."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from goodword.cli.costs_file import FILE_BYTES_MAX, CostsFile
from goodword.cli.output import STDIN, AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.metrics.costs import (
    COLUMNS,
    KINDS,
    Cost,
    CostError,
    CostErrors,
    InForce,
    Total,
    month_days,
    read_cost,
    read_day,
    totals,
)
from goodword.program.quantity import plain_number
from goodword.storage.costs import (
    AnotherCost,
    add_costs,
    check_cost,
    costs_between,
    costs_lock,
    currencies_of,
    find_costs,
    in_force,
    programs_of,
    remove_cost,
)
from goodword.web.shapes import cost_out

ID_WIDTH = 27
"""An id is shown whole, however narrow the terminal: it is there to be copied."""
ALL = "(all)"
"""How a cost of the business as a whole is shown, and what no program takes."""


class Per(StrEnum):
    """What totals are of."""

    month = "month"
    year = "year"


class BadCosts(Failure):
    """A file with problems, each on its line, as editors understand them."""

    prefix = ""


def _option(name: str, help: str) -> Any:
    return typer.Option(f"--{name}", help=help, show_default=False)


Month = Annotated[str, _option("month", "of which month, such as 2026-10: in the place of two days")]
costs_app = typer.Typer(
    help="Enter what programs cost beside their rewards, and see it by period.", no_args_is_help=True
)
room = typer.Typer()
room.add_typer(costs_app, name="costs")


@costs_app.command("add")
def costs_add(
    ctx: typer.Context,
    kind: Annotated[str, _option("kind", f"what it was spent on: {', '.join(KINDS)}")],
    amount: Annotated[str, _option("amount", "how much, such as 1200.00")],
    program: Annotated[
        str, _option("program", "which program it belongs to; to the business as a whole if not given")
    ] = "",
    since: Annotated[str, _option("from", "the first day, such as 2026-01-01")] = "",
    until: Annotated[str, _option("to", "the last day, which belongs to it")] = "",
    month: Month = "",
    currency: Annotated[str, _option("currency", "such as USD; that of the program if not given")] = "",
    note: Annotated[str, _option("note", "a word about it")] = "",
    id: Annotated[
        str, _option("id", "an id of your own, such as the number of the invoice; made of what it says if not given")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Enter a cost for a time. It is shared over the days; what belongs to no program also over the programs in force then.

    The same cost is entered once, however often it is told: a second one that says the same needs an id of its own.
    """
    written = dict(
        zip(COLUMNS, (program, kind, since, until, month, amount, currency, note, id), strict=True),
    )
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write_aside(costs_lock(settings.tenant)) as connection:
        currencies = currencies_of(programs_of(connection, settings.tenant))
        try:
            cost = read_cost(written, currencies, parts.now_ms())
            added = add_costs(connection, settings.tenant, [cost])
        except CostErrors as found:
            raise Failure("\n".join(f"--{error}" for error in found.errors)) from None
        except CostError as error:
            raise Failure(f"--{error}") from None
    (stored,) = added.new or added.known
    if as_json:
        print_json({"new": bool(added.new), "cost": cost_out(stored)})
        return
    if added.known:
        typer.echo("it was entered before; a second one that says the same needs an id of its own: --id", err=True)
    typer.echo(stored.id)


@costs_app.command("list")
def costs_list(
    ctx: typer.Context,
    program: Annotated[str, _option("program", "only what falls on this program")] = "",
    since: Annotated[str, _option("from", "only what falls on this day and later")] = "",
    until: Annotated[str, _option("to", "only what falls on this day and before")] = "",
    month: Month = "",
    per: Annotated[Per, typer.Option("--per", help="what the totals are of")] = Per.month,
    as_json: AsJson = False,
) -> None:
    """List costs, and what falls on each month or year: of a program, its own and its share of those of the business."""
    first, last = _days_asked(since, until, month)
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        if program and program not in programs_of(connection, settings.tenant):
            raise Failure(f"no program is called {program}")
        found = costs_between(connection, settings.tenant, first, last, program or None)
        days = in_force(connection, settings.tenant)
    sums = _totals(found, first, last, days, per)
    if program:
        sums = [one for one in sums if one.program == program]
    if as_json:
        print_json({"costs": [cost_out(cost) for cost in found], "totals": [_total_shown(one) for one in sums]})
    elif found:
        _print_costs(found)
        typer.echo()
        _print_totals(sums, per)
    else:
        typer.echo("no costs")


@costs_app.command("remove")
def costs_remove(
    ctx: typer.Context, id: Annotated[str, typer.Argument(metavar="ID", help="the id of the cost", show_default=False)]
) -> None:
    """Remove a cost. Figures are what they would be without it."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write_aside(costs_lock(settings.tenant)) as connection:
        if not remove_cost(connection, settings.tenant, id):
            raise Failure(f"there is no cost {id!r}")
    typer.echo(f"{id} is removed")


@costs_app.command("import")
def costs_import(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=f"CSV, whose first line names the columns: {', '.join(COLUMNS)}; - is standard input",
            show_default=False,
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be entered")] = False,
    as_json: AsJson = False,
) -> None:
    """Enter the costs of a file, all or none. Safe to repeat: a cost that is there already is not entered again."""
    text = _text_of(file)
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write_aside(costs_lock(settings.tenant)) as connection:
        currencies = currencies_of(programs_of(connection, settings.tenant))
        read = CostsFile(text, currencies, parts.now_ms())
        given = list(read.costs.values())
        there = {cost.id: cost for cost in find_costs(connection, settings.tenant, [cost.id for cost in given])}
        _check(read, currencies, there)
        if read.problems:
            raise BadCosts("\n".join(f"{file}:{problem}" for problem in read.problems))
        if not dry_run:
            try:
                add_costs(connection, settings.tenant, given)
            except CostError as error:
                raise Failure(f"{file}: {error.reason}") from None
    new = sum(cost.id not in there for cost in given)
    known = len(given) - new
    if as_json:
        print_json({"new": new, "known": known, "dry_run": dry_run})
    elif dry_run:
        typer.echo(f"{new:,} would be new, {known:,} are known; nothing was entered")
    else:
        typer.echo(f"{new:,} new, {known:,} known before")


def _check(read: CostsFile, currencies: Mapping[str, str], there: Mapping[str, Cost]) -> None:
    for line, cost in read.costs.items():
        try:
            check_cost(cost, currencies, there)
        except AnotherCost as error:
            read.refuse(line, error)


def _text_of(file: Path) -> str:
    raw = sys.stdin.buffer.read(FILE_BYTES_MAX + 1) if str(file) == STDIN else _bytes_of(file)
    if len(raw) > FILE_BYTES_MAX:
        raise Failure(f"{file}: a file of costs has at most {FILE_BYTES_MAX} bytes")
    try:
        return raw.decode("utf-8-sig")  # spreadsheets put a mark at the beginning
    except UnicodeDecodeError:
        raise Failure(f"{file}: it is not a text in UTF-8") from None


def _bytes_of(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(FILE_BYTES_MAX + 1)


def _days_asked(since: str, until: str, month: str) -> tuple[date | None, date | None]:
    if month and (since or until):
        raise Failure("--month: write --from and --to, or --month")
    try:
        if month:
            return month_days(month)
    except ValueError as error:
        raise Failure(f"--month: {error}") from None
    return _day_asked("from", since), _day_asked("to", until)


def _day_asked(option: str, text: str) -> date | None:
    try:
        return read_day(text) if text else None
    except ValueError as error:
        raise Failure(f"--{option}: {error}") from None


def _totals(found: Sequence[Cost], first: date | None, last: date | None, days: InForce, per: Per) -> list[Total]:
    first = first or min((cost.first_day for cost in found), default=date.min)
    last = last or max((cost.last_day for cost in found), default=date.max)
    return totals(found, first, last, days, per.value)


def _total_shown(one: Total) -> dict[str, Any]:
    place = {"period": one.period, "program": one.program, "currency": one.currency}
    return place | {"kinds": one.kinds, "amount": one.amount}


def _print_costs(found: Sequence[Cost]) -> None:
    table = Table("id", "program", "kind", "from", "to", "amount", "currency", "note", box=None)
    table.columns[0].min_width = ID_WIDTH
    table.columns[5].justify = "right"
    for cost in found:
        days = (cost.first_day.isoformat(), cost.last_day.isoformat())
        money = (plain_number(cost.amount, cost.currency), cost.currency)
        table.add_row(cost.id, cost.program or ALL, cost.kind, *days, *money, cost.note)
    console().print(table)


def _print_totals(sums: Sequence[Total], per: Per) -> None:
    table = Table(per.value, "program", *KINDS, "total", "currency", box=None)
    for column in table.columns[2:-1]:
        column.justify = "right"
    for one in sums:
        amounts = [plain_number(one.kinds[kind], one.currency) if kind in one.kinds else "" for kind in KINDS]
        cells = (one.period, one.program or ALL, *amounts, plain_number(one.amount, one.currency), one.currency)
        table.add_row(*cells)
    console().print(table)
