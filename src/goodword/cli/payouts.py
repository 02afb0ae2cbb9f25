"""Commands on payouts: what is to be paid to partners, and each partner's statement."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from goodword.cli.output import LANGUAGE, AsJson, console, print_json
from goodword.cli.records import Language
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.engine.ids import normalise_code
from goodword.engine.state import HANDLES, PARTICIPANTS, PayoutRow, State
from goodword.program.duration import iso
from goodword.program.loader import Program
from goodword.storage import payouts, reads
from goodword.storage.load import load
from goodword.storage.payouts import PartnerStatement, StatementLine
from goodword.storage.programs import program_in_force
from goodword.words.statements import SUMS, StatementWords

LINES_MAX = 100_000
"""How many movements a statement prints; its sums are those of all of them."""
PAGE = 200
PAID_TO = ["name", "pay_to", "changed_at"]
FORMULA = ("=", "+", "-", "@")
"""With what a cell begins that a spreadsheet would reckon with: whoever is paid writes his own words."""


class Status(StrEnum):
    """What a payout may be."""

    due = "due"
    paid = "paid"
    failed = "failed"


AsCsv = Annotated[bool, typer.Option("--csv", help="print CSV")]
ProgramName = Annotated[str, typer.Argument(help="the name of a program", show_default=False)]
room = typer.Typer()


@room.command("payouts")
def list_payouts(
    ctx: typer.Context,
    program: ProgramName,
    status: Annotated[Status | None, typer.Option("--status", help="only those that are so")] = None,
    with_people: Annotated[bool, typer.Option("--people", help="also to whom, and how: personal data")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the payouts of a program, the newest first: with `--status due`, what has to be paid."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        _program(connection, settings.tenant, program)
        rows = list(_all(connection, settings.tenant, program, status.value if status else None))
        people = _paid(connection, settings.tenant, rows) if with_people else {}
    if as_json:
        print_json([{**msgspec.to_builtins(row), **people.get(row.participant, {})} for row in rows])
        return
    shown = [[row.id, row.participant, row.period, row.amount, row.unit, row.status] for row in rows]
    head = ["payout", "participant", "period", "amount", "unit", "status"]
    if with_people:
        head += PAID_TO
        shown = [[*cells, *_cells(people.get(row.participant, {}))] for row, cells in zip(rows, shown, strict=True)]
    if as_csv:
        _print_csv(head, shown)
    elif rows:
        _print_table(head, shown)
    else:
        typer.echo("no payouts")


@room.command()
def statement(
    ctx: typer.Context,
    program: ProgramName,
    partner: Annotated[
        str, typer.Argument(help="a participant (pt_…), or one of the partner's codes", show_default=False)
    ],
    period: Annotated[str, typer.Argument(help="a month or a week: 2026-10, 2026-W41", show_default=False)],
    language: Language = LANGUAGE,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the statement of a partner: what stood there, what was earned, taken back and paid, order by order."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        found = _program(connection, settings.tenant, program)
        participant = _partner(connection, settings.tenant, partner)
        try:
            made = payouts.partner_statement(connection, settings.tenant, found, participant, period)
        except ValueError as error:
            raise Failure(str(error)) from None
        lines = list(payouts.statement_lines(connection, settings.tenant, made, LINES_MAX))
    if as_json:
        print_json({"statement": made, "closing": made.closing, "lines": lines})
    elif as_csv:
        head = [field.name for field in msgspec.structs.fields(StatementLine)]
        _print_csv(head, [msgspec.structs.astuple(line) for line in lines])
    else:
        _print_statement(made, lines, StatementWords(made.unit, found.model.zone, language))


def _print_statement(made: PartnerStatement, lines: Sequence[StatementLine], words: StatementWords) -> None:
    screen = console()
    screen.print(Text(words.title(made.program, made.starts_ms, made.ends_ms), style="bold"), soft_wrap=True)
    sums = Table.grid(padding=(0, 2))
    for name in SUMS:
        sums.add_row(*words.sum(name, getattr(made, name)))
    screen.print(sums)
    if not lines:
        screen.print(words.text("nothing"))
        return
    rows = [words.movement(line.clock_ms, line.kind, line.order, line.amount, line.balance) for line in lines]
    _print_table(words.columns(), rows)


def _print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(*head)
    for row in rows:
        table.add_row(*map(str, row))
    console().print(table)


def _print_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(head)
    writer.writerows(["" if value is None else value for value in row] for row in rows)


def _paid(connection: Connection, tenant: str, rows: Sequence[PayoutRow]) -> dict[str, dict[str, str]]:
    """By participant his name, how he wants to be paid, and since when: a change just before a payout deserves a look."""
    state, ids = State(), sorted({row.participant for row in rows})
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        load(connection, tenant, state, {PARTICIPANTS.name: set(page)})
        people = reads.people(connection, tenant, page)
        for id in page:
            known, row = people.get(id, {}), state.get(PARTICIPANTS, id)
            told = {"name": known.get("name"), "pay_to": known.get("payout")}
            told["changed_at"] = iso(row.payout_ms) if row is not None and row.payout_ms is not None else None
            found[id] = {name: value for name, value in told.items() if value is not None}
    return found


def _cells(paid: dict[str, str]) -> list[str]:
    cells = (paid.get(name, "") for name in PAID_TO)
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]


def _all(connection: Connection, tenant: str, program: str, status: str | None) -> Iterable[PayoutRow]:
    cursor: str | None = None
    while True:
        page = payouts.payouts(connection, tenant, program, status=status, cursor=cursor, limit=PAGE)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _program(connection: Connection, tenant: str, name: str) -> Program:
    found = program_in_force(connection, tenant, name)
    if found is None:
        raise Failure(f"no program is called {name}")
    return found


def _partner(connection: Connection, tenant: str, named: str) -> str:
    """A participant by id or by one of his codes."""
    code, state = normalise_code(named), State()
    load(connection, tenant, state, {PARTICIPANTS.name: {named}, HANDLES.name: {code}})
    handle = state.get(HANDLES, code)
    if state.get(PARTICIPANTS, named) is not None:
        return named
    if handle is None:
        raise Failure(f"no participant and no code is called {named}")
    return handle.participant
