"""Commands on people: erasing one."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from goodword.cli.output import LANGUAGE
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of, told
from goodword.program.duration import from_ms
from goodword.words.sentences import sentence

room = typer.Typer()


@room.command()
def erase(
    ctx: typer.Context,
    participant: Annotated[str, typer.Argument(help="a participant (pt_…)", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove what is known about a person, for good: the books stay, and nothing new begins for him."""
    settings = settings_of(ctx)
    with opened(settings) as parts:
        if not yes and not typer.confirm(f"erase {participant}? It cannot be taken back"):
            raise typer.Abort
        event = {
            "type": "erase",
            "id": f"erase-{uuid.uuid4()}",
            "occurred_at": from_ms(parts.now_ms()),
            "participant": participant,
        }
        answer = told(parts, event)
    texts = [sentence(reason, LANGUAGE) for reason in answer.reasons]
    if answer.outcome == "refused":
        raise Failure(" ".join(texts))
    for text in texts:
        typer.echo(text)
