"""Commands on objections: what waits for an answer, and answering."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from goodword.cli.output import LANGUAGE, AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of, told
from goodword.engine.objections import text_key
from goodword.engine.state import ObjectionRow
from goodword.program.duration import from_ms, iso
from goodword.storage import reads
from goodword.words.sentences import sentence


class Status(StrEnum):
    """What an objection may be."""

    open = "open"
    answered = "answered"
    closed = "closed"


class Verdict(StrEnum):
    """What staff may say to one."""

    upheld = "upheld"
    rejected = "rejected"


objections_app = typer.Typer(
    help="List what people object to, the newest first, and answer them.", invoke_without_command=True
)
room = typer.Typer()
room.add_typer(objections_app, name="objections")


@objections_app.callback()
def objections(
    ctx: typer.Context,
    status: Annotated[Status, typer.Option("--status", help="those that are so")] = Status.open,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="how many at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """List objections with what people wrote: those that wait for an answer, unless told otherwise."""
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        rows = reads.objections(connection, settings.tenant, status=status.value, limit=limit).items
        people = reads.people(connection, settings.tenant, sorted({row.participant for row in rows}))
    shown = [_as_data(row, people.get(row.participant, {})) for row in rows]
    if as_json:
        print_json(shown)
        return
    if not rows:
        typer.echo(f"no objection is {status.value}")
        return
    table = Table("objection", "made", "participant", "about", "text", box=None, pad_edge=False, header_style="bold")
    for one in shown:
        table.add_row(one["objection"], one["made_at"], one["participant"], one["about"] or "–", one["text"] or "–")
    console().print(table)


@objections_app.command()
def answer(
    ctx: typer.Context,
    objection: Annotated[str, typer.Argument(help="its id (ob_…)", show_default=False)],
    verdict: Annotated[Verdict, typer.Argument(help="upheld or rejected", show_default=False)],
    why: Annotated[str, typer.Option("--why", help="for the person to read")] = "",
) -> None:
    """Answer an objection. What was decided stays until it is decided anew."""
    settings = settings_of(ctx)
    with opened(settings) as parts:
        event = {
            "type": "objection_answer",
            "id": f"objection-{uuid.uuid4()}",
            "occurred_at": from_ms(parts.now_ms()),
            "objection": objection,
            "verdict": verdict.value,
            "why": why,
        }
        said = told(parts, event)
    texts = [sentence(reason, LANGUAGE) for reason in said.reasons]
    if said.outcome == "refused":
        raise Failure(" ".join(texts))
    for text in texts:
        typer.echo(text)


def _as_data(row: ObjectionRow, person: dict[str, str]) -> dict[str, Any]:
    return {
        "objection": row.id,
        "program": row.program,
        "participant": row.participant,
        "made_at": iso(row.at_ms),
        "about": row.about,
        "text": person.get(text_key(row.id)),
        "status": row.status,
        "verdict": row.verdict or None,
        "why": row.why,
    }
