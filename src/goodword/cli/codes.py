"""Commands on pools of codes of the shop's own system."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from goodword.cli.output import STDIN, AsJson, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of, told
from goodword.engine.events import CODES_MAX
from goodword.parts import Parts
from goodword.pipeline.intake import InvalidEvent
from goodword.storage.pools import pool_counts

codes_app = typer.Typer(help="Bring codes of the shop's own system into a pool, and count them.", no_args_is_help=True)
room = typer.Typer()
room.add_typer(codes_app, name="codes")
Pool = Annotated[str, typer.Argument(help="the name of the pool, as in the program file", show_default=False)]


@codes_app.command("import")
def codes_import(
    ctx: typer.Context,
    pool: Pool,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="one code on each line; - is standard input", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Bring codes into a pool. Safe to repeat: a code that is known counts once. Rewards that wait take them at once.

    It happens now: a history comes first, or brings its codes as events of type `codes`.
    """
    settings = settings_of(ctx)
    new = known = 0
    with opened(settings) as parts:
        lines = enumerate(_lines(file), start=1)
        told = ((number, line.strip()) for number, line in lines if line.strip())
        while page := list(islice(told, CODES_MAX)):
            counts = _take_in(parts, pool, page)
            new, known = new + counts[0], known + counts[1]
        while parts.tenants.decide(settings.tenant, [], until_ms=parts.now_ms()).more_due:
            pass  # what waited for a code, page by page
    if as_json:
        print_json({"pool": pool, "new": new, "known": known})
    else:
        typer.echo(f"{pool}: {new:,} new, {known:,} known before")


@codes_app.command("count")
def codes_count(ctx: typer.Context, pool: Pool, as_json: AsJson = False) -> None:
    """Say how many codes of a pool are free and given out, and how many rewards wait for one."""
    settings = settings_of(ctx)
    with opened(settings) as parts, parts.database.read() as connection:
        counts = pool_counts(connection, settings.tenant, pool)
    if counts is None:
        raise Failure(f"the pool {pool} has no codes: `goodword codes import {pool} FILE` brings them in")
    if as_json:
        print_json(msgspec.to_builtins(counts))
    else:
        typer.echo(f"{pool}: {counts.free:,} free, {counts.assigned:,} given out, {counts.waiting:,} waiting")


def _lines(file: Path) -> Iterator[str]:
    if str(file) == STDIN:
        yield from sys.stdin
        return
    try:
        with file.open(encoding="utf-8-sig") as stream:
            yield from stream
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file}: {error}") from None


def _take_in(parts: Parts, pool: str, page: list[tuple[int, str]]) -> tuple[int, int]:
    """Have one event with these codes decided: how many are new, and how many were known."""
    id, now = f"codes-{uuid.uuid4()}", parts.now_ms()
    event = {
        "type": "codes",
        "id": id,
        "occurred_at": datetime.fromtimestamp(now / 1000, UTC),
        "pool": pool,
        "codes": [code for _, code in page],
    }
    try:
        answer = told(parts, event)
    except InvalidEvent as error:
        _, _, place = error.field.partition("[")
        where = f"line {page[int(place.rstrip(']'))][0]}" if place else error.field or "codes"
        raise Failure(f"{where}: {error.reason}") from None
    (said,) = [reason for reason in answer.reasons if reason.code == "codes_taken_in"]
    return int(said.values["count"]), int(said.values["known"])  # type: ignore[arg-type]
