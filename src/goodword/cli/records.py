"""Commands on what is stored: explain and audit."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from goodword.cli.output import LANGUAGE, AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.explain import as_data, as_text, nothing
from goodword.explain import explain as explanation_of
from goodword.storage.audit import audit as findings_of
from goodword.storage.audit import checks
from goodword.words.catalogue import LANGUAGES

room = typer.Typer()


def known_language(language: str) -> str:
    """A language that there is a catalogue for."""
    if language not in LANGUAGES:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}")
    return language


CHOICES = f"[{'|'.join(LANGUAGES)}]"
Language = Annotated[
    str, typer.Option("--language", help="in which language", metavar=CHOICES, callback=known_language)
]


@room.command()
def explain(
    ctx: typer.Context,
    reference: Annotated[
        str, typer.Argument(help="the id of an event, of a referral (rf_…) or of a reward (rw_…)", show_default=False)
    ],
    language: Language = LANGUAGE,
    as_json: AsJson = False,
) -> None:
    """Say why: what was decided, by which rule at which line of the program, on which values and what evidence."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        explanation = explanation_of(connection, settings.tenant, reference)
    if explanation is None:
        raise Failure(nothing(reference, language))
    if as_json:
        print_json(as_data(explanation))
        return
    screen = console()
    for line in as_text(explanation, language):
        heading = bool(line) and not line.startswith(" ")
        screen.print(Text(line, style="bold" if heading else ""), soft_wrap=True)


@room.command()
def audit(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Prove that everything stored agrees with itself. Exit code 1 if something does not."""
    settings = settings_of(ctx)
    found = []
    with opened(settings) as parts, parts.database.read() as connection:
        names = checks(connection)
        for finding in findings_of(connection, settings.tenant):
            found.append(finding)
            if not as_json:
                typer.echo(f"{finding.row}: {finding.message} [{finding.check}]")
    if as_json:
        print_json({"checks": names, "findings": found})
    else:
        typer.echo(f"{len(names)} checks, {len(found)} {'finding' if len(found) == 1 else 'findings'}")
    raise typer.Exit(1 if found else 0)
