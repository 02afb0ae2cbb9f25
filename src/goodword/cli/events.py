"""Commands on files of events: import and replay."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Protocol

import typer
from rich.progress import BarColumn, DownloadColumn, TaskID, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from sqlalchemy import exc

from goodword.cli.output import LANGUAGE, STDIN, AsJson, ProgramFile, console, print_json, read_program
from goodword.cli.root import Failure
from goodword.cli.shared import mistakes, opened, settings_of
from goodword.engine.ids import Keyring
from goodword.parts import Parts, now_ms, read_secret, tenant_keyring
from goodword.pipeline.memory import MemoryTenant
from goodword.program.quantity import Quantity
from goodword.replay import (
    REPLAY_SECRET,
    Feed,
    Line,
    Place,
    Tally,
    in_database,
    in_memory,
    read_lines,
    referral_totals,
    reward_totals,
)
from goodword.resume import Answers, Found, Progress, find, tally_of
from goodword.settings import Settings
from goodword.storage.imports import forget_import, unfinished_imports
from goodword.words.format import amount

room = typer.Typer()

TABLES = (".csv", ".tsv", ".xls", ".xlsx")
"""Files that the shop's own system wrote: they are read by another command."""
INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""

EventsFile = Annotated[
    Path,
    typer.Argument(
        metavar="EVENTS", help="events, one JSON object on each line; - is standard input", show_default=False
    ),
]


@room.command("import")
def import_events(
    ctx: typer.Context,
    events: EventsFile,
    live: Annotated[
        bool, typer.Option("--live", help="the events happen now; without it they are history and time is theirs")
    ] = False,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="write each answer as a line of JSON, in order; a line that is not accepted has none",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="begin with the first line, whatever was done before")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Decide and store a file of events. Safe to repeat: an event that was told before gets its first answer.

    An import that is interrupted, by Ctrl-C or by anything else, goes on where it stopped when the same command is given
    again; so it does if the file only grew. Standard input starts over. A line that is not accepted does not stop the
    others; exit code 1 if there is one, 130 after an interruption.
    """
    if events.suffix.lower() in TABLES:
        raise Failure(f"{events}: this is a table, not a file of events: `goodword history {events}` imports it")
    settings = settings_of(ctx)
    with opened(settings) as parts:
        run = Run(parts, _EventsFile(events), answers, history=not live, restart=restart)
        finished = run.run()
    tally = run.tally
    if as_json:
        print_json(counts(tally) | {"problems": tally.problems, "resumed_at": run.resumed_at})
    else:
        _print_problems(events, tally)
        print_counts(counts(tally), stderr=False)
    raise typer.Exit(INTERRUPTED if not finished else 0 if tally.clean else 1)


class Source(Protocol):
    """Where the events of an import come from."""

    name: str
    unit: str
    """What is counted: lines of a file of events, or events."""

    def opened(self, stack: ExitStack) -> tuple[BinaryIO, int | None]:
        """The events, and how many bytes they are; None for what cannot be read twice."""

    def lines(self, lines: Iterable[Line]) -> Iterable[Line]:
        """What is told of the lines that were read."""


class _EventsFile:
    """A file of events, as it is."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def opened(self, stack: ExitStack) -> tuple[BinaryIO, int | None]:
        return _opened(stack, self._path)

    def lines(self, lines: Iterable[Line]) -> Iterable[Line]:
        return lines


def was_interrupted(error: BaseException) -> bool:
    """Whether somebody interrupted us, also where giving a connection back failed because of that."""
    told: BaseException | None = error
    while told is not None and not isinstance(told, KeyboardInterrupt):
        told = told.__context__
    return told is not None


class Run:
    """One run of an import: from the first line, or from where the one before stopped."""

    def __init__(self, parts: Parts, source: Source, answers: Path | None, *, history: bool, restart: bool) -> None:
        self._parts = parts
        self._tenant = parts.settings.tenant
        self._source = source
        self._answers = answers
        self._history = history
        self._restart = restart
        self._progress: Progress | None = None
        self.tally = Tally()
        self.resumed_at: int | None = None
        """After which line it went on; None if it began with the first."""

    def run(self) -> bool:
        """Import; False if somebody interrupted it."""
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with ExitStack() as stack:
                self._import(stack)
        except (KeyboardInterrupt, Exception) as error:
            stands, wanted = self._stand_at(), was_interrupted(error)
            if stands or wanted:
                typer.echo(self._where_it_stopped(), err=True)
            if wanted:
                return False
            raise
        finally:
            signal.signal(signal.SIGTERM, before)
        return True

    def _import(self, stack: ExitStack) -> None:
        stream, size = self._source.opened(stack)
        found = Found() if size is None else self._find(stream)
        sink = Answers(self._answers, found.answers) if self._answers else None
        if sink is not None:
            stack.callback(sink.close)
        if size is not None:
            self._progress = Progress(self._tenant, self._history, self._parts.now_ms, sink, found.row)
        if found.row is not None:
            self.resumed_at = found.place.lines
            typer.echo(f"{self._source.name}: goes on after {self._source.unit} {found.place.lines:,}", err=True)
        self.tally = found.tally
        feed = Feed(
            in_database(self._parts.tenants, self._tenant),
            self._parts.keyring,
            self._parts.now_ms,
            history=self._history,
            batch_max=self._parts.settings.batch_max,
            answered=sink.write if sink else lambda _: None,
            settled=self._progress.save if self._progress else lambda *_: None,
            begin=found.place,
            tally=found.tally,
        )
        feed.run(self._source.lines(stack.enter_context(_watched(stream, size, found.place))))
        self._forget([self._progress.id] if self._progress else [])

    def _find(self, stream: BinaryIO) -> Found:
        parts = self._parts
        with parts.database.read() as connection:
            rows = unfinished_imports(connection, self._tenant)
        found = find(stream, rows, parts.keyring, parts.now_ms(), history=self._history, answers=self._answers)
        given_up = [*found.others, *([found.row] if found.row and self._restart else [])]
        if found.row is None and given_up and not self._restart:
            typer.echo(
                f"{self._source.name}: starts over, as {self._answers} does not hold the answers so far", err=True
            )
        self._forget([row.id for row in given_up])
        if self._restart:
            stream.seek(0)
            return Found()
        return found

    def _forget(self, ids: Iterable[str]) -> None:
        for id in ids:
            with self._parts.database.write(self._tenant) as connection:
                forget_import(connection, self._tenant, id)

    def _stand_at(self) -> bool:
        """Count what was committed, and nothing else; False if nothing can be gone on with."""
        self._stopped_at = 0
        if self._progress is None:
            return False
        try:
            with self._parts.database.read() as connection:
                rows = [row for row in unfinished_imports(connection, self._tenant) if row.id == self._progress.id]
        except exc.SQLAlchemyError:
            return False
        if rows:
            self._stopped_at = rows[0].lines
            problems = [problem for problem in self.tally.problems if problem.line <= rows[0].lines]
            self.tally = tally_of(rows[0])
            self.tally.problems = problems
        else:
            self.tally = Tally()
        return bool(rows)

    def _where_it_stopped(self) -> str:
        if self._stopped_at:
            after = f"{self._source.unit} {self._stopped_at:,}"
            return f"{self._source.name}: stopped after {after}; the same command goes on from there"
        return f"{self._source.name}: interrupted; the same command starts over, and what is stored already is not done twice"


@room.command()
def replay(ctx: typer.Context, program: ProgramFile, events: EventsFile, as_json: AsJson = False) -> None:
    """Decide a file of events without a database, and print each answer as a line of JSON.

    What an import into an empty tenant with this one program would answer, byte for byte, if the secret is the same.
    Without a secret file a fixed key is used. The summary goes to standard error, as JSON with --json.
    """
    settings = settings_of(ctx)
    keyring, own_key = replay_keyring(settings)
    tenant = MemoryTenant(keyring)
    tenant.publish(read_program(program, version=1))
    output = typer.get_binary_stream("stdout")
    feed = Feed(
        in_memory(tenant),
        keyring,
        now_ms,
        history=True,
        batch_max=settings.batch_max,
        answered=lambda answer: output.write(answer + b"\n"),
    )
    with ExitStack() as stack:
        feed.run(stack.enter_context(_watched(*_opened(stack, events), Place())))
    rewards, referrals = reward_totals(tenant.rows), referral_totals(tenant.rows)
    if as_json:
        summary = {"problems": feed.tally.problems, "referrals": referrals, "rewards": rewards, "own_key": own_key}
        print_json(counts(feed.tally) | summary, err=True)
    else:
        if not own_key:
            typer.echo(f"There is no {settings.secret_file}: ids and codes derive from the replay key.", err=True)
        _print_problems(events, feed.tally)
        print_counts(counts(feed.tally), stderr=True)
        print_counts({f"referrals {status}": count for status, count in referrals.items()}, stderr=True)
        table = Table.grid(padding=(0, 2))
        for row in rewards:
            table.add_row(row.rule, row.status, f"{row.count:,}", amount(Quantity(row.amount, row.unit), LANGUAGE))
        console(stderr=True).print(table)
    raise typer.Exit(0 if feed.tally.clean else 1)


def replay_keyring(settings: Settings) -> tuple[Keyring, bool]:
    """The key of the tenant; the replay key where no secret was made yet."""
    own = settings.secret_file.exists()
    with mistakes():
        secret = read_secret(settings) if own else REPLAY_SECRET
    return tenant_keyring(secret, settings.tenant), own


def _opened(stack: ExitStack, events: Path) -> tuple[BinaryIO, int | None]:
    """The events, and how many bytes they are; None for what cannot be read twice, such as standard input."""
    if str(events) == STDIN:
        return typer.get_binary_stream("stdin"), None
    stream = stack.enter_context(events.open("rb"))
    about = os.fstat(stream.fileno())
    return stream, about.st_size if stat.S_ISREG(about.st_mode) else None


@contextmanager
def _watched(stream: BinaryIO, size: int | None, begin: Place) -> Iterator[Iterator[Line]]:
    """The lines of a stream, while a bar on standard error shows how far they were read, if somebody looks."""
    screen = console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=size, completed=begin.position)
        yield _counted(read_lines(stream, begin), bar, task)


def _counted(lines: Iterable[Line], bar: Bar, task: TaskID) -> Iterator[Line]:
    for line in lines:
        bar.update(task, completed=line.end.position)
        yield line


# summaries ------------------------------------------------------------------------------------------------------------


def counts(tally: Tally) -> dict[str, Any]:
    """What became of the events, by name."""
    outcomes = {name: tally.outcomes[name] for name in ("accepted", "refused", "waiting")}
    rest = {name: getattr(tally, name) for name in ("repeated", "conflicts", "parked", "invalid")}
    return {"events": tally.events} | outcomes | rest


def _print_problems(events: Path, tally: Tally) -> None:
    for problem in tally.problems:
        typer.echo(f"{events}:{problem}", err=True)
    hidden = tally.conflicts + tally.parked + tally.invalid - len(tally.problems)
    if hidden:
        typer.echo(f"{events}: {hidden:,} more", err=True)


def print_counts(numbers: dict[str, int], *, stderr: bool) -> None:
    """Numbers with their names."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, count in numbers.items():
        table.add_row(name, f"{count:,}")
    console(stderr=stderr).print(table)
