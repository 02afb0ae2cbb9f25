"""Commands on people who take part: a way to their page, and erasing one."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from goodword.cli.output import LANGUAGE, AsJson, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of, told
from goodword.delivery.letters import SIGN_IN_PATH
from goodword.pipeline.intake import InvalidEvent
from goodword.pipeline.lookup import find_by_email
from goodword.program.duration import from_ms
from goodword.storage import sign_ins
from goodword.words.sentences import sentence

room = typer.Typer()


@room.command("sign-in")
def sign_in(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(help="the address with which somebody takes part", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Print a link with which somebody gets to his page, once, within half an hour: to look at it, or where there is no mail.

    Give it to nobody but the one whose address it is.
    """
    settings = settings_of(ctx)
    with opened(settings) as parts:
        try:
            with parts.database.read() as connection:
                address, participant = find_by_email(connection, settings.tenant, parts.keyring, email)
        except InvalidEvent as error:
            raise Failure(error.reason) from None
        if participant is None:
            raise Failure("nobody takes part with this address")
        with parts.database.write_aside() as connection:
            made = sign_ins.make(connection, settings.tenant, address, participant, parts.now_ms())
        link = f"{settings.origin}{SIGN_IN_PATH}{sign_ins.link_token(parts.keyring, made.id)}"
    if as_json:
        print_json({"participant": participant, "link": link})
    else:
        typer.echo(link)


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
