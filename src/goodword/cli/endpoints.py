"""Commands on endpoints: webhooks and mailboxes of staff, and what was sent to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.table import Table

from goodword.cli.output import AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import mistakes, opened, settings_of
from goodword.delivery.courier import Courier
from goodword.delivery.managing import (
    OVERLAP_SECONDS,
    OVERLAP_SECONDS_MAX,
    DeliveryDetail,
    DeliveryOut,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointSecret,
    Manager,
    NotThere,
    Refused,
    RotationIn,
    delivery_detail,
)
from goodword.delivery.senders import senders_of
from goodword.parts import Parts
from goodword.program.duration import iso, to_ms
from goodword.storage.deliveries import Status
from goodword.web.shapes import show_row
from goodword.words.catalogue import LANGUAGES

ID_WIDTH = 20
"""An id is shown whole, however narrow the terminal: it is there to be copied."""
LOG_MAX = 200
"""How many deliveries are shown at most; the API pages through all."""

endpoints_app = typer.Typer(help="Tell webhooks and mailboxes what happens.", no_args_is_help=True)
room = typer.Typer()
room.add_typer(endpoints_app, name="endpoints")

SaidT = TypeVar("SaidT")
EndpointId = Annotated[str, typer.Argument(metavar="ID", help="the id of the endpoint", show_default=False)]


@endpoints_app.command("list")
def endpoints_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the endpoints, without their secrets."""
    with _managing(ctx) as (manager, _):
        found = manager.all()
    if as_json:
        print_json(found)
        return
    table = Table("id", "kind", "target", "topics", "order", "state", "failures", box=None)
    table.columns[0].min_width = ID_WIDTH
    for one in found:
        state = f"{one.state} ({one.why})" if one.why else one.state
        order = "yes" if one.ordered else ""
        table.add_row(one.id, one.kind, one.target, ",".join(one.topics), order, state, str(one.failures or ""))
    console().print(table)


@endpoints_app.command("add")
def endpoints_add(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="an address: https://… or of a mailbox")],
    topics: Annotated[str, typer.Option("--topics", help="what it is told, with commas, such as reward.*")] = "*",
    kind: Annotated[str, typer.Option("--kind", help="webhook or mail")] = "webhook",
    ordered: Annotated[bool, typer.Option("--ordered", help="one delivery after the other")] = False,
    language: Annotated[str, typer.Option("--language", help=f"of mails: {', '.join(LANGUAGES)}")] = "en",
    as_json: AsJson = False,
) -> None:
    """Make an endpoint. It receives what happens from now on. A webhook's secret is printed once."""
    words = [word.strip() for word in topics.split(",") if word.strip()]
    said = {"kind": kind, "target": target, "topics": words, "ordered": ordered, "language": language}
    with _managing(ctx) as (manager, _):
        _tell_secret(manager.create(_read(said, EndpointIn)), as_json)


@endpoints_app.command("rotate")
def endpoints_rotate(
    ctx: typer.Context,
    endpoint: EndpointId,
    overlap: Annotated[
        int,
        typer.Option("--overlap", min=0, max=OVERLAP_SECONDS_MAX, help="for how many seconds the old secret signs too"),
    ] = OVERLAP_SECONDS,
    force: Annotated[
        bool, typer.Option("--force", help="although two secrets sign: the older one ends at once")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the secret of a webhook. For a while both sign. The new one is printed once."""
    with _managing(ctx) as (manager, _):
        _tell_secret(manager.rotate(endpoint, RotationIn(overlap, force)), as_json)


@endpoints_app.command("enable")
def endpoints_enable(ctx: typer.Context, endpoint: EndpointId) -> None:
    """Switch an endpoint on. What happened while it was off was not kept for it."""
    _switch(ctx, endpoint, EndpointChange(state="active"))


@endpoints_app.command("disable")
def endpoints_disable(ctx: typer.Context, endpoint: EndpointId) -> None:
    """Switch an endpoint off. What waits for it has failed."""
    _switch(ctx, endpoint, EndpointChange(state="disabled"))


@endpoints_app.command("remove")
def endpoints_remove(ctx: typer.Context, endpoint: EndpointId) -> None:
    """Remove an endpoint. What was sent to it stays in the log."""
    with _managing(ctx) as (manager, _):
        manager.remove(endpoint)
    typer.echo(f"{endpoint} is removed")


@endpoints_app.command("test")
def endpoints_test(ctx: typer.Context, endpoint: EndpointId, as_json: AsJson = False) -> None:
    """Send `goodword.test` to an endpoint now. Exit code 1 if it does not take it."""
    with _managing(ctx) as (manager, parts):
        found = manager.find(endpoint)
        with mistakes():
            senders = senders_of(parts.settings, parts.keyring)
        courier = Courier(parts.database, parts.keyring, parts.settings.tenant, parts.now_ms, senders, show_row)
        done = courier.test(found)
    detail = delivery_detail(done.delivery, [done.attempt])
    if as_json:
        print_json(detail)
    else:
        typer.echo(f"{detail.id}: {detail.status}: {_came_to(detail)}")
    if detail.status != "delivered":
        raise typer.Exit(1)


@endpoints_app.command("log")
def endpoints_log(
    ctx: typer.Context,
    endpoint: Annotated[str | None, typer.Argument(metavar="ID", help="of one endpoint", show_default=False)] = None,
    status: Annotated[str, typer.Option("--status", help="waiting, delivered or failed", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=LOG_MAX, help="how many")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was sent and what waits to be, the newest first, with what the last attempt came to."""
    with _managing(ctx) as (manager, _):
        wanted = _read(status, Status, "--status") if status else None
        if endpoint is not None:
            manager.find(endpoint)
        items, _more = manager.log(endpoint=endpoint, status=wanted, topic=None, cursor=None, limit=limit)
        details = [manager.delivery(one.id) for one in items]
    if as_json:
        print_json(details)
        return
    table = Table("id", "endpoint", "topic", "reference", "status", "attempts", "last", "next", box=None)
    table.columns[0].min_width = table.columns[1].min_width = ID_WIDTH
    for one in details:
        row = (one.id, one.endpoint, one.topic, one.reference, one.status, str(one.attempts), _came_to(one), _next(one))
        table.add_row(*row)
    console().print(table)


def _switch(ctx: typer.Context, endpoint: str, change: EndpointChange) -> None:
    with _managing(ctx) as (manager, _):
        changed: EndpointOut = manager.change(endpoint, change)
    typer.echo(f"{endpoint} is {changed.state}")


@contextmanager
def _managing(ctx: typer.Context) -> Iterator[tuple[Manager, Parts]]:
    """Who manages the endpoints; what he refuses is told in one line."""
    settings = settings_of(ctx)
    with opened(settings) as parts:
        try:
            yield (
                Manager(parts.database, parts.keyring, settings.tenant, parts.now_ms, settings.webhook_private),
                parts,
            )
        except NotThere:
            raise Failure("there is no such endpoint: `goodword endpoints list` shows all") from None
        except Refused as error:
            raise Failure(str(error)) from None


def _read(said: Any, type_: Callable[..., SaidT] | Any, where: str = "") -> SaidT:
    """What was said on the command line, as the API would read it."""
    try:
        found: SaidT = msgspec.convert(said, type_)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise Failure(": ".join(filter(None, (where or path.rstrip("`"), reason)))) from None
    return found


def _tell_secret(made: EndpointSecret, as_json: bool) -> None:
    if as_json:
        print_json(made)
    elif made.secret is None:
        typer.echo(made.id)
    else:
        typer.echo(f"{made.id}: keep this secret, it is shown only once:", err=True)
        typer.echo(made.secret)


def _came_to(detail: DeliveryDetail) -> str:
    """What the last attempt came to."""
    last = detail.log[-1] if detail.log else None
    return "" if last is None else last.error or str(last.code)


def _next(delivery: DeliveryOut) -> str:
    return iso(to_ms(delivery.next_at)) if delivery.next_at is not None else ""
