"""The root of the command line: which commands there are and where, and what all of them have in common.

A command's module is imported when the command is asked for: whoever checks a file need not wait for a database library.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from goodword.settings import SETTINGS

GLOBAL = ("database", "tenant", "secret_file")
"""The settings that every command takes as options."""
COMMANDS = {
    "recipes": "programs",
    "check": "programs",
    "words": "programs",
    "replay": "events",
    "rehearse": "rehearsing",
    "forecast": "forecasting",
    "publish": "publishing",
    "programs": "running",
    "history": "history",
    "import": "events",
    "report": "figures",
    "metrics": "figures",
    "warehouse": "figures",
    "explain": "records",
    "audit": "records",
    "draw": "draw",
    "codes": "codes",
    "payouts": "payouts",
    "statement": "payouts",
    "costs": "costs",
    "objections": "objections",
    "erase": "people",
    "serve": "server",
    "edge": "server",
    "worker": "server",
    "keys": "keys",
    "tokens": "tokens",
    "staff": "staff",
    "endpoints": "endpoints",
    "sign-in": "people",
    "migrate": "server",
    "backup": "backup",
    "restore": "backup",
    "copy": "backup",
    "settings": "settings",
    "schema": "programs",
}
"""The commands in the order in which one gets to know them, each with the module that has it in its `room`."""

DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class Failure(Exception):
    """A mistake that a person can mend: the message says how. Exit code 1."""

    prefix = "goodword: "


def option_name(name: str) -> str:
    """How a setting is called on the command line."""
    return f"--{name.replace('_', '-')}"


def setting_option(name: str) -> Any:
    """A setting as an option, its help taken from the table of settings."""
    setting = _BY_NAME[name]
    return typer.Option(option_name(name), envvar=setting.variable, help=setting.help)


def _told(error: Exception) -> str | None:
    """What a person is told of an error; None where it is a fault of ours."""
    if isinstance(error, Failure):
        return f"{error.prefix}{error}"
    message: str | None = import_module("goodword.cli.mistakes").told(error)
    return message


class Commands(TyperGroup):
    """The commands. The options of all commands may stand before or behind a command; mistakes are told in one line."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which one gets to know them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, out of its module; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_group(import_module(f"goodword.cli.{COMMANDS[cmd_name]}").room).commands[cmd_name]

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
        except (BrokenPipeError, typer.Exit, typer.Abort):
            raise
        except Exception as error:
            message = _told(error)
            if message is None:
                raise
            typer.echo(message, err=True)
            raise typer.Exit(1) from None
