"""Commands on draws: hand out the list of entries, and draw again from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from goodword.cli.output import AsJson, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import opened, settings_of
from goodword.engine import draws
from goodword.engine.boards import contest_key
from goodword.engine.state import CONTESTS, State
from goodword.storage.boards import entries_of
from goodword.storage.load import load

LINE_BYTES_MAX = 64 * 1024

draw_app = typer.Typer(help="Check draws: what was drawn can be drawn again by anybody.", no_args_is_help=True)
room = typer.Typer()
room.add_typer(draw_app, name="draw")


class Drawn(Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a list of entries: what the draw was made with, and what it came to."""

    contest: str
    seed_hash: str
    seed: str
    entries_hash: str
    drawn: int
    winners: tuple[str, ...]


class Entrant(Struct, frozen=True, forbid_unknown_fields=True):
    """Every further line."""

    entrant: str
    tickets: int


@draw_app.command("entries")
def draw_entries(
    ctx: typer.Context,
    program: Annotated[str, typer.Argument(show_default=False)],
    contest: Annotated[str, typer.Argument(show_default=False)],
) -> None:
    """Print the entries of a draw that is decided, as JSON lines that `goodword draw verify` reads. They name ids only."""
    settings = settings_of(ctx)
    id = contest_key(program, contest)
    with opened(settings) as parts, parts.database.read() as connection:
        state = State()
        load(connection, settings.tenant, state, {CONTESTS.name: {id}})
        row = state.get(CONTESTS, id)
        if row is None or not row.seed_hash:
            raise Failure(f"{program} has no draw called {contest}")
        if row.status != "settled":
            raise Failure(f"{contest} is not decided yet: its seed is told when no entry can change any more")
        winners = tuple(place.entrant for place in row.places)
        print_json(Drawn(row.id, row.seed_hash, row.seed, row.entries_hash, row.tickets_drawn, winners))
        for entrant, tickets in entries_of(connection, settings.tenant, id):
            print_json(Entrant(entrant, tickets))


@draw_app.command("verify")
def draw_verify(
    file: Annotated[Path, typer.Argument(help="what `goodword draw entries` printed", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Draw again from a list of entries. Exit code 1 if seed, list or winners are not what was told.

    No database is needed. Winners that the contest found not eligible are passed over, as the terms say.
    """
    said, entries = _read(file)
    try:
        found = draws.check(
            said.contest,
            [(entry.entrant, entry.tickets) for entry in entries],
            seed=said.seed,
            told_hash=said.seed_hash,
            entries_hash=said.entries_hash,
            drawn=said.drawn,
        )
    except ValueError as error:
        raise Failure(str(error)) from None
    if not _in_this_order(said.winners, found):
        raise Failure("the winners are not those whom the tickets find, in their order")
    passed = [entrant for entrant in found[: len(said.winners)] if entrant not in said.winners]
    tickets = sum(entry.tickets for entry in entries)
    if as_json:
        print_json({"entries": len(entries), "tickets": tickets, "winners": said.winners, "drawn": found})
        return
    typer.echo(f"{len(entries)} entries, {tickets} tickets: seed and list are those that were committed to.")
    for place, entrant in enumerate(said.winners, start=1):
        typer.echo(f"{place}. {entrant}")
    if passed:
        typer.echo(f"passed over as not eligible: {', '.join(passed)}")


def _read(file: Path) -> tuple[Drawn, list[Entrant]]:
    number = 0
    try:
        with file.open("rb") as stream:
            number = 1
            said = msgspec.json.decode(stream.readline(LINE_BYTES_MAX), type=Drawn)
            decoder, entries = msgspec.json.Decoder(Entrant), []
            for line in stream:
                number += 1
                entries.append(decoder.decode(line))
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise Failure(f"{file}:{number}: {error}") from None
    return said, entries


def _in_this_order(winners: tuple[str, ...], found: list[str]) -> bool:
    """Whether the winners stand among those found, in the same order."""
    rest = iter(found)
    return all(winner in rest for winner in winners)
