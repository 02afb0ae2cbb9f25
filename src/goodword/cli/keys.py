"""Commands on API keys."""

from __future__ import annotations

from typing import Annotated, cast

import typer
from rich.table import Table

from goodword.cli.output import AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.program.duration import iso
from goodword.storage.keys import SCOPES, Scope, create_key, list_keys, revoke_key

KEY_WIDTH = 20
"""An id is shown whole, however narrow the terminal: it is there to be copied."""

keys_app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
room = typer.Typer()
room.add_typer(keys_app, name="keys")


@keys_app.command("create")
def keys_create(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", help="what it is for", show_default=False)],
    scope: Annotated[
        str,
        typer.Option("--scope", help=f"what it may do, with commas: {', '.join(SCOPES)}", show_default=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is printed once and cannot be shown again."""
    scopes = [cast("Scope", word.strip()) for word in scope.split(",") if word.strip()]
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        try:
            key, secret = create_key(connection, settings.tenant, name, scopes, parts.now_ms())
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--scope") from None
    if as_json:
        print_json({"id": key.id, "name": key.name, "scopes": sorted(key.scopes), "secret": secret})
    else:
        typer.echo(f"{key.id}: keep this secret, it is shown only once:", err=True)
        typer.echo(secret)


@keys_app.command("list")
def keys_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        keys = list_keys(connection, settings.tenant)
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "scopes": sorted(key.scopes),
            "created_at": iso(key.created_ms),
            "revoked_at": iso(key.revoked_ms) if key.revoked_ms is not None else None,
        }
        for key in keys
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("id", "name", "scopes", "created", "revoked", box=None)
    table.columns[0].min_width = KEY_WIDTH
    for key in keys:
        days = [iso(ms)[:10] if ms is not None else "" for ms in (key.created_ms, key.revoked_ms)]
        table.add_row(key.id, key.name, ",".join(sorted(key.scopes)), *days)
    console().print(table)


@keys_app.command("revoke")
def keys_revoke(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID", help="the id of the key", show_default=False)],
) -> None:
    """Make a key useless, for good."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        if not revoke_key(connection, settings.tenant, key, parts.now_ms()):
            raise Failure(f"there is no key {key!r}")
    typer.echo(f"{key} is revoked")
