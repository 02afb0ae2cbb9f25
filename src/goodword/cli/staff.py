"""Commands on the staff at the counter: who may sign in there, how much each may confirm, and what each did."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from sqlalchemy import Connection

from goodword.cli.output import AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.program.duration import iso
from goodword.storage.counter_log import Entry, all_entries
from goodword.storage.staff import (
    Member,
    UnknownMember,
    add_member,
    disable_member,
    list_members,
    need_member,
    renew_pin,
    set_limits,
)

ID_WIDTH = 13
"""An id is shown whole, however narrow the terminal: it is there to be copied."""

staff_app = typer.Typer(
    help="Add, list and switch off the staff at the counter, and see what they did.", no_args_is_help=True
)
room = typer.Typer()
room.add_typer(staff_app, name="staff")

Who = Annotated[str, typer.Argument(metavar="NAME", help="the name or the id", show_default=False)]


@staff_app.command("add")
def staff_add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="under which they sign in", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Add somebody. The PIN is printed once and cannot be shown again."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        try:
            member, pin = add_member(connection, settings.tenant, name, parts.now_ms())
        except ValueError as error:
            raise Failure(str(error)) from None
    _show_pin(member, pin, as_json)


@staff_app.command("list")
def staff_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List everybody with what each may confirm: new customers and used rewards, in an hour and in a day; offline."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        members = list_members(connection, settings.tenant)
    if as_json:
        print_json([_shown(member) for member in members])
        return
    table = Table("id", "name", "new/hour", "new/day", "used/hour", "used/day", "offline", "since", "off", box=None)
    table.columns[0].min_width = ID_WIDTH
    for member in members:
        limits = map(str, msgspec.structs.astuple(member.limits))
        days = [iso(ms)[:10] if ms is not None else "" for ms in (member.created_ms, member.disabled_ms)]
        table.add_row(member.id, member.name, *limits, *days)
    console().print(table)


@staff_app.command("limit")
def staff_limit(
    ctx: typer.Context,
    who: Who,
    new_hour: Annotated[
        int | None, typer.Option(help="new customers and visits in an hour", show_default=False)
    ] = None,
    new_day: Annotated[
        int | None, typer.Option(help="new customers and visits in 24 hours", show_default=False)
    ] = None,
    redeem_hour: Annotated[int | None, typer.Option(help="rewards used in an hour", show_default=False)] = None,
    redeem_day: Annotated[int | None, typer.Option(help="rewards used in 24 hours", show_default=False)] = None,
    offline_max: Annotated[
        int | None, typer.Option(help="rewards handed over while there is no connection", show_default=False)
    ] = None,
) -> None:
    """Change how much somebody may confirm; what is not named stays. It counts from the next confirmation on."""
    given = {
        "new_hour": new_hour,
        "new_day": new_day,
        "redeem_hour": redeem_hour,
        "redeem_day": redeem_day,
        "offline_max": offline_max,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        member = _need(connection, settings.tenant, who)
        limits = msgspec.structs.replace(member.limits, **changes)
        try:
            set_limits(connection, settings.tenant, member.id, limits)
        except ValueError as error:
            raise Failure(str(error)) from None
    told = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in msgspec.structs.asdict(limits).items())
    typer.echo(f"{member.name} ({member.id}): {told}")


@staff_app.command("pin")
def staff_pin(ctx: typer.Context, who: Who, as_json: AsJson = False) -> None:
    """Give somebody a new PIN, printed once. All tills on which they are signed in ask for it."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        member = _need(connection, settings.tenant, who)
        if not member.works:
            raise Failure(f"{member.name} was switched off: add somebody under another name")
        pin = renew_pin(connection, settings.tenant, member.id)
    _show_pin(member, pin, as_json)


@staff_app.command("disable")
def staff_disable(ctx: typer.Context, who: Who) -> None:
    """Switch somebody off, for good, and sign them out everywhere. What was confirmed stays."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.write(settings.tenant) as connection:
        member = _need(connection, settings.tenant, who)
        disable_member(connection, settings.tenant, member.id, parts.now_ms())
    typer.echo(f"{member.name} ({member.id}) is switched off")


@staff_app.command("log")
def staff_log(
    ctx: typer.Context,
    who: Annotated[str | None, typer.Argument(metavar="NAME", help="of whom; of all if not given")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="how many, the newest first")] = 50,
    as_json: AsJson = False,
) -> None:
    """See what was confirmed at the counter, when it was pressed, by whom, and what became of it."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        of = None if who is None else _need(connection, settings.tenant, who).id
        entries = all_entries(connection, settings.tenant, staff=of, limit=limit)
        names = {member.id: member.name for member in list_members(connection, settings.tenant)}
    if as_json:
        print_json([_entry_shown(entry, names) for entry in entries])
        return
    table = Table("pressed", "by", "what", "outcome", "reason", "program", "event", box=None)
    for entry in entries:
        waited = " (offline)" if entry.offline else ""
        events = " ".join(entry.detail.events)
        cells = (names.get(entry.staff, entry.staff), f"{entry.kind}{waited}", entry.outcome, entry.reason)
        table.add_row(iso(entry.at_ms), *cells, entry.detail.program, events)
    console().print(table)


def _need(connection: Connection, tenant: str, who: str) -> Member:
    try:
        return need_member(connection, tenant, who)
    except UnknownMember as error:
        raise Failure(str(error)) from None


def _show_pin(member: Member, pin: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": member.id, "name": member.name, "pin": pin})
        return
    typer.echo(f"{member.name} ({member.id}) signs in at /counter with this PIN, which is shown only once:", err=True)
    typer.echo(pin)


def _shown(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": member.name,
        "limits": msgspec.structs.asdict(member.limits),
        "created_at": iso(member.created_ms),
        "disabled_at": None if member.disabled_ms is None else iso(member.disabled_ms),
    }


def _entry_shown(entry: Entry, names: dict[str, str]) -> dict[str, Any]:
    told = msgspec.to_builtins(entry)
    return {
        "id": entry.id,
        "pressed_at": iso(entry.at_ms),
        "received_at": iso(entry.received_ms),
        "staff": entry.staff,
        "name": names.get(entry.staff),
        **{name: told[name] for name in ("kind", "offline", "outcome", "reason", "detail")},
    }
