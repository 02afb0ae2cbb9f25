"""Bringing a program into force: what changes is told in words and rehearsed first."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from goodword.cli.output import LANGUAGE, AsJson, ProgramFile, print_json, read_program
from goodword.cli.programs import warning_as_data
from goodword.cli.records import Language
from goodword.cli.reports import print_blocks, watched
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.parts import Parts
from goodword.program.duration import DAY_MS
from goodword.program.linter import lint
from goodword.program.loader import Program
from goodword.program.quantity import Quantity
from goodword.rehearsal.rehearse import Candidate, Rehearsal
from goodword.rehearsal.report import Report
from goodword.storage.programs import program_in_force
from goodword.words.catalogue import catalogue
from goodword.words.changes import change_lines
from goodword.words.format import amount
from goodword.words.rehearsals import rehearsal_summary

REHEARSED_DAYS = 90
"""How many days are rehearsed before a changed program comes into force."""

room = typer.Typer()


@room.command()
def publish(
    ctx: typer.Context,
    program: ProgramFile,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask: for machines")] = False,
    days: Annotated[
        int, typer.Option(min=0, max=3660, help="how many days are rehearsed before a change; 0 rehearses nothing")
    ] = REHEARSED_DAYS,
    language: Annotated[Language, typer.Option("--language", help="in which language changes are told")] = Language.en,
    as_json: AsJson = False,
) -> None:
    """Bring a program into force for referrals from now on. Makes the database and the tenant where they are missing.

    Where a version is in force already, it is told in words what changes and what the last days would have cost with it, and
    asked whether it shall be so.
    """
    loaded = read_program(program)
    settings = settings_of(ctx)
    warnings = lint(loaded)
    with opened(settings, create=True) as parts:
        for warning in () if as_json else warnings:
            typer.echo(f"{program}:{warning}", err=True)
        with parts.database.read() as connection:
            current = program_in_force(connection, settings.tenant, loaded.name)
        changed = current is not None and current.text != loaded.text
        told: dict[str, Any] = {}
        if current is not None and changed:
            told["changes"] = lines = change_lines(current, loaded, language)
            report = _rehearsed(parts, loaded, days) if days else None
            told["rehearsal"] = report
            if not as_json:
                _print_change(current, lines, report, days, language)
            _ask(yes, loaded.name)
        published, new = parts.tenants.publish(settings.tenant, loaded.text, parts.now_ms())
    if as_json:
        data = {"program": published.name, "version": published.version, "new": new}
        print_json(data | told | {"warnings": list(map(warning_as_data, warnings))})
    else:
        typer.echo(f"{published.name} version {published.version} {'is in force' if new else 'was in force already'}")


def _rehearsed(parts: Parts, program: Program, days: int) -> Report:
    since_ms = parts.now_ms() - days * DAY_MS
    with watched() as done:
        rehearsal = Rehearsal(parts.keyring, [Candidate("", program)], since_ms)
        return rehearsal.stored(parts.database, parts.settings.tenant, None, done)


def _print_change(current: Program, lines: list[str], report: Report | None, days: int, language: Language) -> None:
    texts = catalogue(language)
    named = {"program": current.name, "version": str(current.version)}
    typer.echo(texts.text("change.title", named))
    for line in lines:
        typer.echo(f"- {line}")
    if not lines:
        typer.echo(texts.text("change.nothing"))
    if report is not None:
        typer.echo(texts.text("change.rehearsed", {"length": amount(Quantity(days, "day"), language)}))
        print_blocks(rehearsal_summary(report, language))


def _ask(yes: bool, name: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"a version of {name} is in force: say --yes to replace it without being asked")
    typer.confirm(catalogue(LANGUAGE).text("change.confirm"), abort=True)
