"""What all commands share: settings, opening the database, reading programs, and errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console
from sqlalchemy import exc, make_url
from typer.core import TyperGroup

from goodword.parts import Parts, now_ms, open_parts
from goodword.program.loader import Program, ProgramError, load_program
from goodword.recipes import UnknownRecipe
from goodword.settings import SETTINGS, InvalidSetting, Settings, read_settings
from goodword.storage.database import Database, DatabaseError, create_tenant
from goodword.storage.load import UnknownTenant, load_tenant

GLOBAL = ("database", "tenant", "secret_file")
"""The settings that every command takes as options."""
ORDER = (
    "recipes",
    "check",
    "replay",
    "publish",
    "import",
    "explain",
    "audit",
    "serve",
    "edge",
    "worker",
    "keys",
    "migrate",
    "backup",
    "restore",
    "copy",
    "settings",
    "schema",
)
"""How commands are listed."""
STDIN = "-"
WIDE = 500
"""The width of what nobody looks at directly."""

DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class Failure(Exception):
    """A mistake that a person can mend: the message says how. Exit code 1."""


class BadProgram(Failure):
    """A program file with problems, each on its line, as editors understand them."""

    def __init__(self, path: Path, error: ProgramError) -> None:
        super().__init__("\n".join(f"{path}:{problem}" for problem in error.problems))
        self.problems = error.problems


def option_name(name: str) -> str:
    """How a setting is called on the command line."""
    return f"--{name.replace('_', '-')}"


def setting_option(name: str) -> Any:
    """A setting as an option, its help taken from the table of settings."""
    setting = _BY_NAME[name]
    return typer.Option(option_name(name), envvar=setting.variable, help=setting.help)


class Commands(TyperGroup):
    """The commands. The options of all commands may stand before or behind a command; mistakes are told in one line."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which one gets to know them."""
        names = super().list_commands(ctx)
        return [name for name in ORDER if name in names] + [name for name in names if name not in ORDER]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Bring the options of all commands to the front, where they are looked for."""
        names = {option_name(name) for name in GLOBAL}
        front: list[str] = []
        rest: list[str] = []
        left = list(args)
        while left and left[0] != "--":
            item = left.pop(0)
            if item in names and left:
                front += [item, left.pop(0)]
            else:
                (front if item.partition("=")[0] in names else rest).append(item)
        return super().parse_args(ctx, [*front, *rest, *left])

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what a person can mend becomes a message instead of a traceback."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (Failure, DatabaseError, UnknownRecipe, UnknownTenant, OSError, exc.SQLAlchemyError) as error:
            message = _message(error)
            if message is None:
                raise
            typer.echo(message, err=True)
            raise typer.Exit(1) from None


def _message(error: Exception) -> str | None:
    """What to tell; None where it is a fault of ours."""
    match error:
        case BadProgram():
            return str(error)
        case UnknownTenant():
            return f"goodword: there is no tenant {str(error)!r} in this database: `goodword publish` creates it"
        case OSError() if error.filename is not None:
            return f"goodword: {error.filename}: {error.strerror}"
        case exc.ArgumentError():
            return "goodword: this is not the address of a database: sqlite:///FILE or postgresql://…"
        case exc.SQLAlchemyError():
            return _database_message(error)
    return f"goodword: {error}"


def _database_message(error: exc.SQLAlchemyError) -> str | None:
    """What the database itself says, on one line; None for a statement that it does not understand."""
    if not (
        isinstance(error, exc.OperationalError)
        or (isinstance(error, exc.DBAPIError) and type(error) is exc.DatabaseError)
    ):
        return None
    reason = (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
    hint = ": another process is writing; try again when it is done" if "locked" in reason else ""
    return f"goodword: the database cannot be used: {reason}{hint}"


# settings and the database --------------------------------------------------------------------------------------------


def settings_of(ctx: typer.Context, **given: str) -> Settings:
    """The settings of a command: its options, else the environment, else the defaults."""
    options: dict[str, str] = ctx.find_root().obj | given
    try:
        return read_settings(None, **options)
    except InvalidSetting as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Parts]:
    """The parts of a process, with tables of this release and the tenant; with `create` both are made."""
    if not create:
        must_exist(settings.database)
    with mistakes():
        parts = open_parts(settings)
    try:
        if create:
            parts.database.migrate()
            _make_tenant(parts.database, settings.tenant)
        else:
            parts.database.check()
            with parts.database.read() as connection:
                load_tenant(connection, settings.tenant)
        yield parts
    finally:
        parts.database.close()


@contextmanager
def mistakes() -> Iterator[None]:
    """Where a value that cannot be used is one that a person gave: an address, a secret."""
    try:
        yield
    except ValueError as error:
        raise Failure(str(error)) from None


def must_exist(url: str) -> None:
    """SQLite makes a file where there is none; a mistyped name shall not leave one behind."""
    try:
        address = make_url(url)
    except (exc.ArgumentError, ValueError):
        return  # told where it is opened
    file = address.database
    if address.get_backend_name() == "sqlite" and file not in (None, "", ":memory:") and not Path(file).exists():
        raise Failure(f"there is no database at {file}: `goodword publish` or `goodword migrate` makes it")


def _make_tenant(database: Database, tenant: str) -> None:
    with database.write(tenant) as connection:
        try:
            load_tenant(connection, tenant)
        except UnknownTenant:
            create_tenant(connection, tenant, now_ms())


# programs and printing ------------------------------------------------------------------------------------------------


def read_program(path: Path, version: int = 0) -> Program:
    """The program in a file.

    Raises:
        BadProgram: it cannot be accepted.
        Failure: the file is no text.
    """
    try:
        return load_program(path.read_bytes().decode(), version)
    except UnicodeDecodeError:
        raise Failure(f"{path}: it is not a text in UTF-8") from None
    except ProgramError as error:
        raise BadProgram(path, error) from None


def print_json(data: Any, *, err: bool = False) -> None:
    """Data as one line of JSON."""
    typer.echo(msgspec.json.encode(data).decode(), err=err)


def console(*, stderr: bool = False) -> Console:
    """Where tables and the like go. Nothing in them is taken for markup; into a file they are as wide as they need."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = WIDE
    return made
