"""Commands about people who take part."""

from __future__ import annotations

from typing import Annotated

import typer

from goodword.cli.output import AsJson, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.delivery.letters import SIGN_IN_PATH
from goodword.pipeline.intake import InvalidEvent
from goodword.pipeline.lookup import find_by_email
from goodword.storage import sign_ins

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
