"""Bringing a program into force: what changes is told in words and rehearsed first; now, at a date, or back to an earlier file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import typer

from goodword.cli.output import LANGUAGE, AsJson, ProgramFile, print_json, read_program
from goodword.cli.programs import warning_as_data
from goodword.cli.records import CHOICES, known_language
from goodword.cli.reports import print_blocks, watched
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.engine.state import ProgramRow
from goodword.parts import Parts
from goodword.pipeline.tenant import PlanInTheWay
from goodword.program.duration import DAY_MS, day_start_ms, iso, to_ms
from goodword.program.linter import LintWarning, lint
from goodword.program.loader import Program
from goodword.program.notice import NoticeNeeded, check_notice
from goodword.program.quantity import Quantity
from goodword.rehearsal.rehearse import Candidate, Rehearsal
from goodword.rehearsal.report import Report
from goodword.reports.rehearsals import rehearsal_summary
from goodword.storage.load import load_program_rows
from goodword.storage.programs import program_in_force
from goodword.words.catalogue import catalogue
from goodword.words.changes import change_lines, lines_about
from goodword.words.format import amount, moment
from goodword.words.phrases import duration

REHEARSED_DAYS = 90
"""How many days are rehearsed before a changed program comes into force."""

At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="when it comes into force: a day such as 2026-12-01, or a time with its zone"
    ),
]
Why = Annotated[
    str,
    typer.Option(
        "--at-once",
        metavar="WHY",
        help="why something is taken away from advocates without the notice they were promised",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask: for machines")]
Days = Annotated[
    int, typer.Option(min=0, max=3660, help="how many days are rehearsed before a change; 0 rehearses nothing")
]
Told = Annotated[
    str, typer.Option("--language", help="in which language changes are told", metavar=CHOICES, callback=known_language)
]
room = typer.Typer()


@room.command()
def publish(
    ctx: typer.Context,
    program: ProgramFile,
    at: At = None,
    why: Why = "",
    yes: Yes = False,
    days: Days = REHEARSED_DAYS,
    language: Told = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Bring a program into force for referrals from now on, or from a date. Makes database and tenant where they are missing.

    Where a version is in force already, it is told in words what changes and what the last days would have cost with it, and
    asked whether it shall be so. A change that takes something away from advocates needs the notice that the version in
    force promises.
    """
    loaded = read_program(program)
    settings = settings_of(ctx)
    warnings = lint(loaded)
    with opened(settings, create=True) as parts:
        for warning in () if as_json else warnings:
            typer.echo(f"{program}:{warning}", err=True)
        Publication(parts, loaded, warnings, moment_ms(at, loaded), why).run(yes, days, language, as_json)


@dataclass(frozen=True, slots=True)
class Publication:
    """A file that is to come into force."""

    parts: Parts
    program: Program
    warnings: list[LintWarning]
    at_ms: int | None
    why: str

    def run(self, yes: bool, days: int, language: str, as_json: bool) -> None:
        """Tell what changes, rehearse it, ask, and bring it into force."""
        tenant, now_ms = self.parts.settings.tenant, self.parts.now_ms()
        self.parts.tenants.catch_up(tenant, now_ms)  # a plan whose date has come is what the change is compared with
        with self.parts.database.read() as connection:
            current = program_in_force(connection, tenant, self.program.name)
        told: dict[str, Any] = {}
        if current is not None and current.text != self.program.text:
            told["changes"] = lines = change_lines(current, self.program, language)
            if not as_json:
                self._print_changes(current, lines, language)
            self._check_notice(current, now_ms, language)
            report = self._rehearsed(now_ms, days) if days else None
            told["rehearsal"] = report
            if report is not None and not as_json:
                length = amount(Quantity(days, "day"), language)
                typer.echo(catalogue(language).text("change.rehearsed", {"length": length}))
                print_blocks(rehearsal_summary(report, language))
            _ask(yes, self.program.name)
        before, (published, new), after = self._row(), self._publish(), self._row()
        starts_ms = after.planned_ms if after.planned == published.version else None
        if as_json:
            data = {"program": published.name, "version": published.version, "new": new}
            data |= {"starts_at": iso(starts_ms)} if starts_ms is not None else {}
            print_json(data | told | {"warnings": list(map(warning_as_data, self.warnings))})
        elif starts_ms is not None:
            typer.echo(f"{published.name} version {published.version} comes into force at {iso(starts_ms)}")
        else:
            withdrawn = before.planned not in (0, after.planned, published.version)
            typer.echo(
                f"{published.name} version {published.version} {'is in force' if new else 'was in force already'}"
                + (f"; version {before.planned}, which was planned, is withdrawn" if withdrawn else "")
            )

    def _publish(self) -> tuple[Program, bool]:
        # Rehearsing and asking took their time: the notice counts from now on.
        tenant, now_ms = self.parts.settings.tenant, self.parts.now_ms()
        try:
            return self.parts.tenants.publish(tenant, self.program.text, now_ms, self.at_ms, self.why)
        except (NoticeNeeded, PlanInTheWay) as error:  # somebody published meanwhile, or the file is in force already
            raise Failure(f"{error}") from None

    def _row(self) -> ProgramRow:
        with self.parts.database.read() as connection:
            rows = load_program_rows(connection, self.parts.settings.tenant)
        return rows.get(self.program.name) or ProgramRow(self.program.name)

    def _print_changes(self, current: Program, lines: list[str], language: str) -> None:
        texts = catalogue(language)
        named = {"program": current.name, "version": str(current.version)}
        if self.at_ms is None:
            typer.echo(texts.text("change.title", named))
        else:
            until = moment(iso(self.at_ms), language, self.program.model.zone)
            typer.echo(texts.text("change.later", named | {"until": until}))
        for line in lines:
            typer.echo(f"- {line}")
        if not lines:
            typer.echo(texts.text("change.nothing"))

    def _check_notice(self, current: Program, now_ms: int, language: str) -> None:
        if self.why:
            return
        try:
            check_notice(current, self.program, now_ms, self.at_ms)
        except NoticeNeeded as error:
            texts, zone = catalogue(language), current.model.zone
            length = duration(current.model.notice, language)
            lines = [texts.text("change.taken"), *(f"- {line}" for line in lines_about(error, language))]
            until = moment(iso(error.earliest_ms), language, zone)
            lines.append(texts.text("change.notice", {"length": length, "until": until}))
            first = datetime.fromtimestamp(error.earliest_ms / 1000, self.program.model.zone).date()
            lines.append(f"Say --at {date.fromordinal(first.toordinal() + 1)}, or --at-once WHY.")
            raise Failure("\n".join(lines)) from None

    def _rehearsed(self, now_ms: int, days: int) -> Report:
        with watched() as done:
            rehearsal = Rehearsal(self.parts.keyring, [Candidate("", self.program)], now_ms - days * DAY_MS)
            return rehearsal.stored(self.parts.database, self.parts.settings.tenant, None, done)


def moment_ms(at: str | None, program: Program) -> int | None:
    """A day as the beginning of it in the program's time zone, or a moment.

    Raises:
        Failure: it is neither.
    """
    if at is None:
        return None
    try:
        return day_start_ms(date.fromisoformat(at), 0, program.model.zone)
    except ValueError:
        pass
    try:
        told = datetime.fromisoformat(at)
        return to_ms(told if told.tzinfo else told.replace(tzinfo=program.model.zone))
    except (ValueError, OverflowError):
        raise Failure(f"--at {at}: write a day such as 2026-12-01, or a time such as 2026-12-01T08:00Z") from None


def _ask(yes: bool, name: str) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"a version of {name} is in force: say --yes to replace it without being asked")
    typer.confirm(catalogue(LANGUAGE).text("change.confirm"), abort=True)
