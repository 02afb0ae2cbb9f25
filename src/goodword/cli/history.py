"""The command that takes in a shop's history: its customers and orders of the years before."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar
from rich.table import Table as Grid

from goodword.cli.events import INTERRUPTED, Run, counts, print_counts, replay_keyring
from goodword.cli.mistakes import told as told_mistake
from goodword.cli.output import LANGUAGE, AsJson, BadProgram, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import must_exist, opened, settings_of
from goodword.connect.against import Against
from goodword.connect.found import Found, Noted
from goodword.connect.guess import NotRecognised, recognise, settled
from goodword.connect.guess import opened as opened_table
from goodword.connect.history import Reader, lines_of
from goodword.connect.mapping import Mapping, load_mapping, written
from goodword.connect.table import Table, Unreadable
from goodword.parts import Parts, now_ms
from goodword.program.duration import from_ms
from goodword.program.loader import ProgramError
from goodword.program.quantity import Quantity
from goodword.replay import Line, LineProblem, read_lines
from goodword.storage.load import UnknownTenant, load_live_programs, load_tenant
from goodword.words.format import amount

room = typer.Typer()

NEW = "yes, as history before everything else: nothing is there yet, the import makes the database or the tenant."
SHOW_EVERY = 500
"""After how many rows the bar is brought up to date."""

TableFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="customers or orders, as CSV or NDJSON", show_default=False)
]


@room.command("history")
def import_history(
    ctx: typer.Context,
    file: TableFile,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE", help="which column is what; without it, its headers say")
    ] = None,
    write_mapping: Annotated[
        Path | None,
        typer.Option("--write-mapping", metavar="FILE", help="write what the headers say as a mapping, and stop"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read everything, report, and import nothing")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="begin with the first event, whatever was done")] = False,
    as_json: AsJson = False,
) -> None:
    """Import the customers or orders that a shop had before, out of its own export. Safe to repeat.

    Rows become events of their own time, told in its order, whatever the order of the file. What is known already is passed
    over, what is new of it (a refund since) is told. A tenant that is live keeps them as facts: they make people customers
    from the right date and reward nobody. Interrupted, it goes on where it stopped when the same command is given again. A row
    that cannot be understood is named and does not stop the others; exit code 1 if there is one, 130 after an interruption.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _file_problems(file):
            code = _History(ctx, file, mapping, restart=restart, as_json=as_json).run(write_mapping, dry_run)
    except KeyboardInterrupt:
        typer.echo(f"{file}: interrupted while it was read; the same command starts over", err=True)
        code = INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    raise typer.Exit(code)


@contextmanager
def _file_problems(file: Path) -> Iterator[None]:
    try:
        yield
    except (Unreadable, NotRecognised) as error:
        raise Failure(f"{file}: {error}") from None


class _History:
    """One run of the command."""

    def __init__(self, ctx: typer.Context, file: Path, mapping: Path | None, *, restart: bool, as_json: bool) -> None:
        self._settings = settings_of(ctx)
        self._file = file
        self._restart = restart
        self._as_json = as_json
        if not file.is_file():
            raise Failure(f"{file}: there is no such file")
        self.mapping, self.table, self.by = self._mapped(mapping)

    def _mapped(self, path: Path | None) -> tuple[Mapping, Table, str]:
        if path is None:
            return recognise(self._file)
        try:
            mapping = load_mapping(path.read_bytes().decode())
            return mapping, opened_table(self._file, mapping), str(path)
        except UnicodeDecodeError:
            raise Failure(f"{path}: it is not a text in UTF-8") from None
        except ProgramError as error:
            raise BadProgram(path, error) from None

    def run(self, write_mapping: Path | None, dry_run: bool) -> int:
        """Do what was asked for; the exit code."""
        self.mapping, asked = settled(self.mapping, self.table)
        if write_mapping is not None:
            write_mapping.write_text(written(self.mapping, asked.questions))
            typer.echo(f"{write_mapping}: {self.mapping.holds}, recognised by {self.by}")
            for name, question in asked.questions.items():
                typer.echo(f"  still to be said: {name}: {question}")
            return 0
        if asked.questions:
            raise Failure(
                f"{self._file}: this can be read in more than one way. Write a mapping with --write-mapping FILE, answer "
                f"there, and give it with --mapping FILE:\n{asked}"
            )
        with ExitStack() as stack:
            parts, why_not = self._parts(stack, dry_run)
            keyring = parts.keyring if parts else replay_keyring(self._settings)[0]
            reader = Reader(self.mapping, keyring, parts.now_ms() if parts else now_ms())
            with _watched(self.table) as rows:
                reader.read(rows)
            stream, lines = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            reader.write(stream, lines)
            if dry_run:
                return self._report(reader.found, stream, parts, why_not)
            assert parts is not None  # noqa: S101
            return self._import(reader.found, stream, lines, parts)

    def _parts(self, stack: ExitStack, dry_run: bool) -> tuple[Parts | None, str]:
        """The database; a dry run makes none, and says where there is none."""
        if not dry_run:
            return stack.enter_context(opened(self._settings, create=True)), ""
        try:
            must_exist(self._settings.database)
        except Failure:
            return None, NEW
        try:
            return stack.enter_context(opened(self._settings)), ""
        except UnknownTenant:
            return None, NEW
        except Exception as error:
            message = str(error) if isinstance(error, Failure) else told_mistake(error)
            if message is None:
                raise
            return None, f"no: {message}"

    # importing --------------------------------------------------------------------------------------------------------

    def _import(self, found: Found, stream: BinaryIO, lines: BinaryIO, parts: Parts) -> int:
        against = Against(parts.database.read, self._settings.tenant, parts.keyring, undated_ms(parts))
        run = Run(parts, _Told(self._file, stream, found.events, against), None, history=True, restart=self._restart)
        finished = run.run()
        tally = run.tally
        places = lines_of(lines, [problem.line for problem in tally.problems])
        problems = [LineProblem(line, one.message, one.field) for one, line in zip(tally.problems, places, strict=True)]
        hidden = tally.conflicts + tally.parked + tally.invalid - len(problems)
        figures = _figures(found) | _compared(against) | counts(tally)
        if self._as_json:
            noted = {"problems": found.problems.first, "not_accepted": problems, "resumed_at": run.resumed_at}
            print_json(figures | noted)
        else:
            _print_noted(self._file, found.problems)
            for problem in problems:
                typer.echo(f"{self._file}:{problem}", err=True)
            if hidden:
                typer.echo(f"{self._file}: {hidden:,} more", err=True)
            if found.remarks.count:
                typer.echo(f"{self._file}: {found.remarks.count:,} values were left out: see --dry-run", err=True)
            print_counts({name: value for name, value in figures.items() if isinstance(value, int)}, stderr=False)
        if not finished:
            return INTERRUPTED
        return 0 if tally.clean and not found.problems.count else 1

    # reporting --------------------------------------------------------------------------------------------------------

    def _report(self, found: Found, stream: BinaryIO, parts: Parts | None, why_not: str) -> int:
        against, now = None, why_not
        if parts is not None:
            against = Against(parts.database.read, self._settings.tenant, parts.keyring, undated_ms(parts))
            for _ in against.lines(read_lines(stream)):
                pass
            now = _stands(parts, self._settings.tenant)
        if self._as_json:
            print_json(
                _figures(found)
                | (_compared(against) if against else {})
                | {
                    "totals": dict(found.totals),
                    "from": _day(found.first_ms),
                    "until": _day(found.last_ms),
                    "months": dict(sorted(found.months.items())),
                    "missing": dict(found.missing),
                    "left_out_by_status": dict(found.left_out),
                    "statuses": _statuses(found),
                    "problems": found.problems.first,
                    "remarks": found.remarks.first,
                    "examples": found.examples,
                    "recognised_by": self.by,
                    "importable": now,
                }
            )
        else:
            self._print_report(found, against, now)
        return 1 if found.problems.count or now.startswith("no") else 0

    def _print_report(self, found: Found, against: Against | None, now: str) -> None:
        _print_noted(self._file, found.problems)
        _print_noted(self._file, found.remarks, "remark: ")
        mapping = self.mapping
        how = f"dates {mapping.dates}, decimals with a {mapping.decimal}, {self.table.written.encoding}"
        typer.echo(f"{self._file}: {mapping.holds}, recognised by {self.by}; {how}")
        print_counts(_figures(found) | (_compared(against) if against else {}), stderr=False)
        if found.first_ms is not None:
            typer.echo(f"from {_day(found.first_ms)} until {_day(found.last_ms)}")
        for currency, net in sorted(found.totals.items()):
            typer.echo(f"net total: {amount(Quantity(net, currency), LANGUAGE)}")
        _print_grid("by month", found.months)
        _print_grid("by status", {f"{one['status']} ({one['meaning']})": one["orders"] for one in _statuses(found)})
        _print_grid("without", found.missing)
        for example in found.examples:
            typer.echo(f"example: {_told_example(example)}")
        typer.echo(f"can it be imported now? {now}")


class _Told:
    """The events of a file in the order of their time, as a run of an import takes them."""

    unit = "event"

    def __init__(self, file: Path, stream: BinaryIO, events: int, against: Against) -> None:
        self.name = str(file)
        self._stream = stream
        self._against = against

    def opened(self, stack: ExitStack) -> tuple[BinaryIO, int | None]:
        size = self._stream.seek(0, 2)
        self._stream.seek(0)
        return self._stream, size

    def lines(self, lines: Iterable[Line]) -> Iterable[Line]:
        return self._against.lines(lines)


def undated_ms(parts: Parts) -> int:
    """The time of what has none: history goes on from where it is, a tenant that is live or new takes it as of now."""
    with parts.database.read() as connection:
        stands = load_tenant(connection, parts.settings.tenant)
    return parts.now_ms() if stands.live or not stands.clock_ms else stands.clock_ms


def _stands(parts: Parts, tenant: str) -> str:
    """Whether a tenant can take it in now, and what it would do with it."""
    with parts.database.read() as connection:
        stands = load_tenant(connection, tenant)
        programs = sorted(load_live_programs(connection, tenant))
    if stands.live:
        return "yes, as facts: this tenant is live. People become customers from the right date; nobody is rewarded."
    if programs:
        return (
            f"yes, as history before anything live. Take care: {', '.join(programs)} decides it as if it had been in force, "
            "and may reward somebody. Import before publishing if nobody shall be rewarded."
        )
    return "yes, as history before everything else: no program is in force yet, so nobody is rewarded."


@contextmanager
def _watched(table: Table) -> Iterator[Iterator[Any]]:
    """The rows of a file, while a bar on standard error shows how far it was read, if somebody looks."""
    screen = console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=table.size)

        def rows() -> Iterator[Any]:
            for number, row in enumerate(table):
                if number % SHOW_EVERY == 0:
                    bar.update(task, completed=table.position())
                yield row

        yield rows()


def _figures(found: Found) -> dict[str, Any]:
    names = ("rows", "customers", "orders", "refunds", "cancelled", "further_rows", "repeated_rows")
    return {name: getattr(found, name) for name in names} | {
        "left_out": found.left_out.total(),
        "rows_with_problems": found.problems.count,
        "values_left_out": found.remarks.count,
    }


def _statuses(found: Found) -> list[dict[str, Any]]:
    """Every word of a status, what it was taken to mean, and of how many orders: one that is taken wrongly is seen here."""
    return [
        {"status": word, "meaning": meaning, "orders": count}
        for (word, meaning), count in sorted(found.statuses.items())
    ]


def _compared(against: Against) -> dict[str, int]:
    compared = against.compared
    return {
        "new": compared.new,
        "known_before": compared.known,
        "changed_customers": compared.changed,
        "orders_known_otherwise": compared.different,
        "refunds_in_other_currency": compared.in_other_currency,
    }


def _print_noted(file: Path, noted: Noted, prefix: str = "") -> None:
    for problem in noted.first:
        typer.echo(f"{file}:{prefix and ' '}{prefix}{problem}", err=True)
    if noted.count > len(noted.first):
        typer.echo(f"{file}: {prefix}{noted.count - len(noted.first):,} more", err=True)


def _print_grid(title: str, numbers: dict[str, int]) -> None:
    if not numbers:
        return
    typer.echo(f"{title}:")
    grid = Grid.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right")
    for name, count in sorted(numbers.items()):
        grid.add_row(f"  {name}", f"{count:,}")
    console().print(grid)


def _told_example(example: dict[str, Any]) -> str:
    shown = dict(example)
    if currency := shown.pop("currency", None):
        for name in ("total", "net"):
            shown[name] = amount(Quantity(shown[name], currency), LANGUAGE)
    shown |= shown.pop("person")
    return ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)


def _day(at_ms: int | None) -> str | None:
    return from_ms(at_ms).date().isoformat() if at_ms is not None else None
