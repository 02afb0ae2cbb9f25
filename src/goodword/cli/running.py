"""Commands on programs as they run: where each stands, pause, open again, end, withdraw, roll back."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import typer
from rich.table import Table

from goodword.cli.output import LANGUAGE, AsJson, console, print_json
from goodword.cli.publishing import REHEARSED_DAYS, At, Days, Publication, Told, Why, Yes, moment_ms
from goodword.cli.records import Language
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of, told
from goodword.engine.programs import status_of
from goodword.engine.reasons import Answer
from goodword.engine.state import ProgramRow
from goodword.parts import Parts
from goodword.program.duration import from_ms, iso
from goodword.program.linter import lint
from goodword.said import terms_of
from goodword.storage.load import load_program_rows
from goodword.storage.programs import program_version
from goodword.words.sentences import sentence

programs_app = typer.Typer(
    help="List the programs and where each stands; pause, end or roll one back.", invoke_without_command=True
)
room = typer.Typer()
room.add_typer(programs_app, name="programs")

ProgramName = Annotated[str, typer.Argument(help="the name of the program", show_default=False)]
EndsAt = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="when: at the beginning of a day such as 2027-01-01, or a time with its zone"
    ),
]
WhyAction = Annotated[str, typer.Option("--why", help="for whoever asks later")]


@programs_app.callback()
def programs(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the programs: the version in force, whether it is open, and what is planned."""
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        rows = list(load_program_rows(connection, settings.tenant).values())
    if as_json:
        print_json([_as_data(row) for row in rows])
        return
    if not rows:
        typer.echo("no program yet: `goodword publish PROGRAM` brings one into force")
        return
    table = Table("program", "version", "is", "planned", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(row.program, str(row.version or "–"), status_of(row), "; ".join(_planned(row)) or "–")
    console().print(table)


@programs_app.command()
def pause(ctx: typer.Context, program: ProgramName, why: WhyAction = "") -> None:
    """Pause a program: it takes in nothing new until it is opened again. What was promised before goes on."""
    _act(ctx, program, "pause", why)


@programs_app.command()
def resume(ctx: typer.Context, program: ProgramName, why: WhyAction = "") -> None:
    """Open a program again that was paused or has ended."""
    _act(ctx, program, "resume", why)


@programs_app.command()
def end(ctx: typer.Context, program: ProgramName, at: EndsAt = None, why: WhyAction = "") -> None:
    """End a program, now or at a date: nothing new begins, and what was promised before goes on."""
    _act(ctx, program, "end", why, at)


@programs_app.command()
def withdraw(ctx: typer.Context, program: ProgramName, why: WhyAction = "") -> None:
    """Withdraw what is planned for a program: a version, or its end."""
    _act(ctx, program, "withdraw", why)


@programs_app.command()
def rollback(
    ctx: typer.Context,
    program: ProgramName,
    version: Annotated[
        int | None,
        typer.Option("--to", min=1, help="the version to go back to; the one that was in force before if not given"),
    ] = None,
    at: At = None,
    why: Why = "",
    yes: Yes = False,
    days: Days = REHEARSED_DAYS,
    language: Told = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Bring the file of an earlier version into force again, as the next version: told, rehearsed and asked as a change is."""
    settings = settings_of(ctx)
    with opened(settings) as parts:
        with parts.database.read() as connection:
            row = load_program_rows(connection, settings.tenant).get(program)
            if row is None:
                raise Failure(f"there is no program {program}: `goodword programs` lists them")
            back_to = version or row.previous
            if not back_to:
                raise Failure(f"{program} has no earlier version")
            try:
                earlier = program_version(connection, settings.tenant, program, back_to)
            except KeyError:
                raise Failure(f"{program} has no version {back_to}: the newest is {row.latest}") from None
        Publication(parts, earlier, lint(earlier), moment_ms(at, earlier), why).run(yes, days, language, as_json)


@programs_app.command()
def terms(
    ctx: typer.Context,
    program: ProgramName,
    version: Annotated[int | None, typer.Option("--version", min=1, help="the one in force if not given")] = None,
    language: Language = LANGUAGE,
) -> None:
    """Print what a version said to people, as it was kept when it was published: what somebody accepts who reads it."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        row = load_program_rows(connection, settings.tenant).get(program)
        if row is None:
            raise Failure(f"there is no program {program}: `goodword programs` lists them")
        number = version or row.version
        text = terms_of(connection, settings.tenant, program, number, language)
    if text is None:
        raise Failure(f"{program} has no version {number}: the newest is {row.latest}")
    typer.echo(text)


def _as_data(row: ProgramRow) -> dict[str, Any]:
    return {
        "program": row.program,
        "version": row.version or None,
        "status": status_of(row),
        "planned": {"version": row.planned, "starts_at": iso(row.planned_ms)} if row.planned else None,
        "ends_at": None if row.ends_ms is None else iso(row.ends_ms),
    }


def _planned(row: ProgramRow) -> list[str]:
    version = [f"version {row.planned} at {iso(row.planned_ms)}"] if row.planned else []
    return version + ([] if row.ends_ms is None else [f"ends at {iso(row.ends_ms)}"])


def _act(ctx: typer.Context, program: str, action: str, why: str, at: str | None = None) -> None:
    """Have one event decided, and say what came of it."""
    settings = settings_of(ctx)
    with opened(settings) as parts:
        answer = _decided(parts, program, action, why, at)
        texts = [sentence(reason, LANGUAGE) for reason in answer.reasons]
    if answer.outcome == "refused":
        raise Failure(" ".join(texts))
    for text in texts:
        typer.echo(text)


def _decided(parts: Parts, program: str, action: str, why: str, at: str | None) -> Answer:
    id, now_ms = f"program-{uuid.uuid4()}", parts.now_ms()
    event = {
        "type": "program",
        "id": id,
        "occurred_at": from_ms(now_ms),
        "program": program,
        "action": action,
        "why": why,
    }
    if at is not None:
        with parts.database.read() as connection:
            row = load_program_rows(connection, parts.settings.tenant).get(program)
            if row is None or not row.version:
                raise Failure(f"there is no program {program}")
            at_ms = moment_ms(at, program_version(connection, parts.settings.tenant, program, row.version))
        if at_ms is not None and at_ms > now_ms:
            event["at"] = from_ms(at_ms)
    return told(parts, event)
