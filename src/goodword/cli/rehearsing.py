"""The command that rehearses changed programs over one's own history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from goodword.cli.events import replay_keyring
from goodword.cli.output import LANGUAGE, AsJson, read_program
from goodword.cli.records import Language
from goodword.cli.reports import PageFile, show_report, watched
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.parts import now_ms
from goodword.program.duration import day_start_ms
from goodword.rehearsal.history import FileHistory
from goodword.rehearsal.rehearse import Candidate, Rehearsal, UnlikeCandidates
from goodword.rehearsal.report import Report
from goodword.reports.rehearsals import rehearsal_blocks

room = typer.Typer()


@room.command()
def rehearse(
    ctx: typer.Context,
    programs: Annotated[
        list[Path], typer.Argument(metavar="PROGRAM...", help="changed files of one program", show_default=False)
    ],
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="the change is in force from this day; from the beginning if not given"),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="up to the end of this day")] = None,
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a file of events instead of what is stored; needs no database")
    ] = None,
    html: PageFile = None,
    language: Language = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Say what a changed program would have done with your own history, against what happened.

    Every stored event is decided again in its order, in a scratch database; what falls due falls due anew. Nothing is
    written to your data. Several files are compared with each other.
    """
    candidates = [Candidate(path.name, read_program(path)) for path in programs]
    zone = candidates[0].program.model.zone
    try:
        since_ms = None if since is None else day_start_ms(date.fromisoformat(since), 0, zone)
        until_ms = None if until is None else day_start_ms(date.fromisoformat(until), 1, zone) - 1
    except ValueError:
        raise typer.BadParameter("write a day such as 2026-03-05") from None
    report = _rehearsed(ctx, candidates, since_ms, until_ms, events)
    show_report(report, rehearsal_blocks(report, language), language, html, as_json)


def _rehearsed(
    ctx: typer.Context, candidates: Sequence[Candidate], since_ms: int | None, until_ms: int | None, events: Path | None
) -> Report:
    settings = settings_of(ctx)
    try:
        if events is None:
            with opened(settings) as parts, watched() as done:
                rehearsal = Rehearsal(parts.keyring, candidates, since_ms)
                return rehearsal.stored(parts.database, settings.tenant, until_ms, done)
        keyring, _ = replay_keyring(settings)
        rehearsal = Rehearsal(keyring, candidates, since_ms)
        with watched() as done:
            return rehearsal.file(FileHistory(lambda: _lines(events), keyring, now_ms(), until_ms), done)
    except UnlikeCandidates as error:
        raise Failure(str(error)) from None


def _lines(events: Path) -> Iterator[bytes]:
    with events.open("rb") as stream:
        yield from stream
