"""Writes the generated pages of `docs/` from the code: `python -m tools.reference`. A test compares them with what this gives."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from typer.main import get_command

from goodword.cli import app
from goodword.engine.events import SourceEvent
from goodword.engine.payout_states import PAYOUT_MOVES
from goodword.engine.reasons import REASONS
from goodword.engine.referral_states import MODERATION_MOVES, REFERRAL_MOVES
from goodword.engine.reward_states import REWARD_MOVES
from goodword.engine.topics import NOTICES, TEST_TOPIC, TOPICS
from goodword.settings import SETTINGS
from goodword.words.catalogue import LANGUAGES, catalogue
from tools import facts_page, language_page, matrix, metrics_page, recipe_pages
from tools.markdown import NOTE, table
from tools.shapes import type_of

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "reference"
RECIPES = DOCS / "recipes"


def reasons() -> str:
    """Every reason with its sentence in each language."""
    books = [catalogue(language) for language in LANGUAGES]
    rows = (
        [f"`{code}`", kind, meaning, *(book.template(f"reason.{code}") for book in books)]
        for code, (kind, meaning) in REASONS.items()
    )
    head = ["code", "kind", "meaning", *(f"sentence ({language})" for language in LANGUAGES)]
    return (
        "# Reasons\n\nEvery event is answered with reasons from this closed list, in this order. `refused` reasons stop "
        "something, `waiting` ones delay it, `done` ones tell what happened, a `note` adds to them. A sentence names values "
        "in braces; where a value is missing a shorter sentence is shown.\n\n" + table(head, rows) + "\n"
    )


def events() -> str:
    """The events a source may send."""
    (_, components) = msgspec.json.schema_components([SourceEvent])
    parts = []
    for name, schema in sorted(components.items()):
        required = set(schema.get("required", ()))
        rows = [
            [f"`{key}`" + (" (required)" if key in required else ""), type_of(value), value.get("description", "")]
            for key, value in schema.get("properties", {}).items()
        ]
        parts.append(
            f"## {name}\n\n{schema.get('description', '').split(chr(10))[0]}\n\n{table(['key', 'value', 'meaning'], rows)}\n"
        )
    return (
        "# Events\n\nWhat a source sends to `POST /v1/events` and what a file for `goodword import` holds, one per line.\n\n"
        + "\n".join(parts)
    )


def states() -> str:
    """The state machines, drawn from their tables."""

    def diagram(moves: dict[Any, Any]) -> str:
        lines = [f"    {source} --> {target}: {move}" for (source, move), target in moves.items()]
        return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"

    return (
        f"# States\n\nDrawn from the tables in `engine/`; any other move is an error.\n\n## Referral\n\n{diagram(REFERRAL_MOVES)}\n"
        f"## Moderation of a referral\n\n{diagram(MODERATION_MOVES)}\n## Reward\n\nWaiting (for a hold, a review, a condition, "
        f"the shop) is a reason of `pending` or `approved`, not a state.\n\n{diagram(REWARD_MOVES)}\n## Payout\n\n{diagram(PAYOUT_MOVES)}"
    )


def topics() -> str:
    """What endpoints can subscribe to."""
    told = table(["topic", "when"], [[f"`{topic}`", meaning] for topic, meaning in TOPICS.items()])
    notices = table(["topic", "when"], [[f"`{topic}`", meaning] for topic, meaning in NOTICES.items()])
    return (
        "# Topics\n\nWhat is told to the endpoints that subscribe; see [the guide](../guides/webhooks.md). An endpoint names "
        f"topics, `reward.*` for all of a kind, or `*` for all.\n\n{told}\n\nBy mail to staff only:\n\n{notices}\n\n"
        f"`{TEST_TOPIC}` is sent by the test of an endpoint.\n"
    )


def settings() -> str:
    """The settings of a process."""
    head = ["variable", "default", "unit", "bound", "meaning", "example"]
    parts = []
    for group in dict.fromkeys(setting.group for setting in SETTINGS):
        rows = [
            [
                f"`{s.variable}`",
                f"`{s.default}`",
                s.unit,
                f"{s.low} to {s.high}" if s.low is not None else "",
                s.help,
                f"`{s.variable}={s.example}`" if s.example else "",
            ]
            for s in SETTINGS
            if s.group == group
        ]
        parts.append(f"## {group}\n\n{table(head, rows)}\n")
    return (
        "# Settings\n\nRead from the environment when a process starts; the command line has options for some, which win. "
        "`goodword settings` shows\nwhat is in force and where it comes from. What happens at each limit: "
        "[running it](../guides/operate.md#limits).\n\n" + "\n".join(parts)
    )


def command_line() -> str:
    """Every command with its arguments and options."""
    return (
        "# Command line\n\nThe options `--database`, `--tenant` and `--secret-file` stand before or behind any command; see "
        "the [settings](settings.md).\nExit codes: 0 well, 1 something was refused or wrong, 2 the words of the command are "
        "off.\n\n" + "\n".join(_commands("goodword", get_command(app)))
    )


def _commands(path: str, command: Any) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name in sorted(command.list_commands(None)):
            yield from _commands(f"{path} {name}", command.get_command(None, name))
    if path == "goodword" or not command.help or (hasattr(command, "commands") and not command.invoke_without_command):
        return
    rows = [
        [f"`{p.opts[0] if p.param_type_name == 'option' else p.name.upper()}`", getattr(p, "help", "") or ""]
        for p in command.params
        if p.name not in ("help", "database", "tenant", "secret_file")
    ]
    yield f"## {path}\n\n{command.help.strip()}\n" + (f"\n{table(['', 'meaning'], rows)}\n" if rows else "")


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "reasons.md": reasons,
    "language.md": language_page.page,
    "events.md": events,
    "topics.md": topics,
    "states.md": states,
    "settings.md": settings,
    "facts.md": facts_page.page,
    "metrics.md": metrics_page.page,
}


def pages() -> dict[str, str]:
    """Every page by file name."""
    return {name: NOTE + "\n" + write() for name, write in PAGES.items()}


def everything() -> dict[Path, str]:
    """Every generated page by its place."""
    found = {FOLDER / name: text for name, text in pages().items()}
    found |= {RECIPES / name: text for name, text in recipe_pages.pages().items()}
    return found | {RECIPES / "matrix.md": matrix.page()}


def left_over(wanted: dict[Path, str]) -> list[Path]:
    """Pages of what is no longer there."""
    return [path for folder in (FOLDER, RECIPES) for path in sorted(folder.glob("*.md")) if path not in wanted]


def main() -> None:
    """Write the pages, or with `--check` tell whether they are up to date."""
    wanted = everything()
    if "--check" in sys.argv:
        stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        names = ", ".join(str(path.relative_to(DOCS)) for path in [*stale, *left_over(wanted)])
        sys.exit(f"out of date: {names}; run `make reference`" if names else 0)
    for path in left_over(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
