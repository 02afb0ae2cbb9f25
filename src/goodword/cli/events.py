"""Commands on files of events: import and replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from goodword.cli.programs import LANGUAGE, AsJson, ProgramFile
from goodword.cli.shared import STDIN, console, mistakes, opened, print_json, read_program, settings_of
from goodword.engine.ids import Keyring
from goodword.parts import now_ms, read_secret, tenant_keyring
from goodword.pipeline.memory import MemoryTenant
from goodword.program.quantity import Quantity
from goodword.replay import (
    REPLAY_SECRET,
    Feed,
    Line,
    Tally,
    in_database,
    in_memory,
    read_lines,
    referral_totals,
    reward_totals,
)
from goodword.settings import Settings
from goodword.words.format import amount

EventsFile = Annotated[
    Path,
    typer.Argument(
        metavar="EVENTS", help="events, one JSON object on each line; - is standard input", show_default=False
    ),
]


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
    as_json: AsJson = False,
) -> None:
    """Decide and store a file of events. Safe to repeat: an event that was told before gets its first answer.

    A line that is not accepted does not stop the others; exit code 1 if there is one.
    """
    settings = settings_of(ctx)
    with ExitStack() as stack:
        parts = stack.enter_context(opened(settings))
        decide = in_database(parts.tenants, settings.tenant)
        feed = Feed(decide, parts.keyring, parts.now_ms, history=not live, batch_max=settings.batch_max)
        lines = stack.enter_context(_watched(events))
        sink = stack.enter_context(answers.open("wb")) if answers else None
        _write(feed.answers(lines), sink)
    if as_json:
        print_json(_counts(feed.tally) | {"problems": feed.tally.problems})
    else:
        _print_problems(events, feed.tally)
        _print_counts(_counts(feed.tally), stderr=False)
    raise typer.Exit(0 if feed.tally.clean else 1)


def replay(ctx: typer.Context, program: ProgramFile, events: EventsFile, as_json: AsJson = False) -> None:
    """Decide a file of events without a database, and print each answer as a line of JSON.

    What an import into an empty tenant with this one program would answer, byte for byte, if the secret is the same.
    Without a secret file a fixed key is used. The summary goes to standard error, as JSON with --json.
    """
    settings = settings_of(ctx)
    keyring, own_key = _replay_keyring(settings)
    tenant = MemoryTenant(keyring)
    tenant.publish(read_program(program, version=1))
    feed = Feed(in_memory(tenant), keyring, now_ms, history=True, batch_max=settings.batch_max)
    with _watched(events) as lines:
        _write(feed.answers(lines), typer.get_binary_stream("stdout"))
    rewards, referrals = reward_totals(tenant.rows), referral_totals(tenant.rows)
    if as_json:
        summary = {"problems": feed.tally.problems, "referrals": referrals, "rewards": rewards, "own_key": own_key}
        print_json(_counts(feed.tally) | summary, err=True)
    else:
        if not own_key:
            typer.echo(f"There is no {settings.secret_file}: ids and codes derive from the replay key.", err=True)
        _print_problems(events, feed.tally)
        _print_counts(_counts(feed.tally), stderr=True)
        _print_counts({f"referrals {status}": count for status, count in referrals.items()}, stderr=True)
        table = Table.grid(padding=(0, 2))
        for row in rewards:
            table.add_row(row.rule, row.status, f"{row.count:,}", amount(Quantity(row.amount, row.unit), LANGUAGE))
        console(stderr=True).print(table)
    raise typer.Exit(0 if feed.tally.clean else 1)


def _replay_keyring(settings: Settings) -> tuple[Keyring, bool]:
    """The key of the tenant; the replay key where no secret was made yet."""
    own = settings.secret_file.exists()
    with mistakes():
        secret = read_secret(settings) if own else REPLAY_SECRET
    return tenant_keyring(secret, settings.tenant), own


@contextmanager
def _watched(events: Path) -> Iterator[Iterator[Line]]:
    """The lines of a file, while a bar on standard error shows how far they were read, if somebody looks."""
    screen = console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with ExitStack() as stack:
        if str(events) == STDIN:
            stream, size = typer.get_binary_stream("stdin"), None
        else:
            stream, size = stack.enter_context(events.open("rb")), events.stat().st_size
        progress = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
        task = stack.enter_context(progress).add_task("", total=size)
        yield _counted(read_lines(stream), progress, task)


def _counted(lines: Iterable[Line], progress: Progress, task: TaskID) -> Iterator[Line]:
    for number, raw in lines:
        progress.advance(task, len(raw))
        yield number, raw


def _write(answers: Iterable[bytes], sink: BinaryIO | None) -> None:
    for answer in answers:
        if sink is not None:
            sink.write(answer + b"\n")


# summaries ------------------------------------------------------------------------------------------------------------


def _counts(tally: Tally) -> dict[str, Any]:
    outcomes = {name: tally.outcomes[name] for name in ("accepted", "refused", "waiting")}
    rest = {name: getattr(tally, name) for name in ("repeated", "conflicts", "parked", "invalid")}
    return {"events": tally.events} | outcomes | rest


def _print_problems(events: Path, tally: Tally) -> None:
    for problem in tally.problems:
        typer.echo(f"{events}:{problem}", err=True)
    hidden = tally.conflicts + tally.parked + tally.invalid - len(tally.problems)
    if hidden:
        typer.echo(f"{events}: {hidden:,} more", err=True)


def _print_counts(counts: dict[str, int], *, stderr: bool) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    console(stderr=stderr).print(table)
