"""Commands on the keys with which the shop signs tokens for its customers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from goodword.cli.output import AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.pipeline.shop_tokens import WrongToken, audience, read_token
from goodword.program.duration import iso
from goodword.storage.token_keys import (
    TooManyKeys,
    create_token_key,
    list_token_keys,
    revoke_token_key,
    token_secret,
)

KID_WIDTH = 19
"""An id is shown whole, however narrow the terminal: it is there to be copied."""

tokens_app = typer.Typer(
    help="Make, list and revoke the keys with which the shop lets its customers in.", no_args_is_help=True
)
room = typer.Typer()
room.add_typer(tokens_app, name="tokens")


@tokens_app.command("create")
def tokens_create(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make a key. Its secret is printed once. Two are good at a time, so that one can take the place of the other."""
    settings = settings_of(ctx)
    with opened(settings) as parts:
        with parts.database.write(settings.tenant) as connection:
            try:
                key = create_token_key(connection, settings.tenant, parts.now_ms())
            except TooManyKeys as error:
                raise Failure(str(error)) from None
        secret = token_secret(parts.keyring, key.kid)
    if as_json:
        print_json({"kid": key.kid, "secret": secret, "aud": audience(settings.tenant)})
    else:
        typer.echo(
            f"kid {key.kid}, aud {audience(settings.tenant)}: keep this secret, it is shown only once:", err=True
        )
        typer.echo(secret)


@tokens_app.command("list")
def tokens_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        keys = list_token_keys(connection, settings.tenant)
    if as_json:
        times = [(iso(key.created_ms), None if key.revoked_ms is None else iso(key.revoked_ms)) for key in keys]
        print_json(
            [
                {"kid": key.kid, "created_at": created, "revoked_at": revoked}
                for key, (created, revoked) in zip(keys, times, strict=True)
            ]
        )
        return
    table = Table("kid", "created", "revoked", box=None)
    table.columns[0].min_width = KID_WIDTH
    for key in keys:
        table.add_row(key.kid, *[iso(ms)[:10] if ms is not None else "" for ms in (key.created_ms, key.revoked_ms)])
    console().print(table)


@tokens_app.command("check")
def tokens_check(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(help="a token that the shop signed", show_default=False)],
) -> None:
    """Say whom a token would let in, or what is wrong with it: for whoever builds the shop. Nobody is let in."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        try:
            customer = read_token(connection, settings.tenant, parts.keyring, token, parts.now_ms())
        except WrongToken as error:
            raise Failure(str(error)) from None
    told = [customer.person.id, customer.person.email or "no confirmed address", customer.person.name or "no name"]
    typer.echo(", ".join(filter(None, told)))


@tokens_app.command("revoke")
def tokens_revoke(
    ctx: typer.Context,
    kid: Annotated[str, typer.Argument(metavar="KID", help="the id of the key", show_default=False)],
) -> None:
    """Make a key useless, for good, with every token that it signed. Whoever was let in stays signed in."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        if not revoke_token_key(connection, settings.tenant, kid, parts.now_ms()):
            raise Failure(f"there is no key {kid!r}")
    typer.echo(f"{kid} is revoked")
