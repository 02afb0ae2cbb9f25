"""The pages of the recipes, from their files, their cases and the words made from them: `docs/recipes/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel import Locale
from ruamel.yaml import YAML

from goodword.program.loader import Program, load_program
from goodword.recipes import Entry, list_recipes, read_catalogue, read_recipe
from goodword.words.catalogue import LANGUAGES, catalogue
from goodword.words.headline import headline
from goodword.words.told import words_as_text, words_of
from tools.markdown import NOTE, table

PROGRAMS = Path(__file__).parents[1] / "programs"
OUTCOMES = ("accepted", "refused", "waiting")
Tree = dict[str, Any]


def pages() -> dict[str, str]:
    """Every page by file name."""
    return {"README.md": index()} | {f"{name}.md": page(name) for name in list_recipes()}


def index() -> str:
    """The recipes in a table."""
    rows = []
    for name in list_recipes():
        entry = entry_of(name)
        promised = headline(load_program(read_recipe(name)), "en")
        rows.append([f"[`{name}`]({name}.md)", entry.after, entry.says, promised])
    return (
        f"{NOTE}\n# Recipes\n\nPrograms that come with Goodword, to be copied and edited: `goodword recipes copy NAME DIR`. "
        "What stands here is made from their files; the cases are run by the tests on SQLite and PostgreSQL.\nHow far the "
        f"plan has come: [the matrix](matrix.md).\n\n{table(['recipe', 'after', 'what it does', 'headline'], rows)}\n"
    )


def entry_of(name: str) -> Entry:
    """What the catalogue says of a recipe; a test asks for it where it says nothing yet."""
    return read_catalogue().get(name) or Entry("…", "…")


def page(name: str) -> str:
    """One recipe: what it promises, its terms, its file, its cases."""
    text = read_recipe(name)
    program = load_program(text)
    entry = entry_of(name)
    lacks = f"\n\nNot shown yet: {entry.lacks}." if entry.lacks else ""
    return (
        f"{NOTE}\n# {name}\n\nAfter {entry.after}: {entry.says}.{lacks}\n\n"
        f"    goodword recipes copy {name} my-shop\n\n"
        + "\n".join(_in_words(program, language) for language in LANGUAGES)
        + f"\n## The file\n\n```yaml\n{text.rstrip()}\n```\n\n## The cases\n\n{cases(name)}\n"
    )


def _in_words(program: Program, language: str) -> str:
    """What it says in a language, with the direction of its script."""
    texts = catalogue(language)
    title = str(Locale.parse(language).get_language_name(language)).capitalize()
    said = words_as_text(words_of(program, language), "### ")
    if texts.rtl:
        said = f'<div dir="rtl" lang="{language}">\n\n{said}\n\n</div>'
    return f"## {title}\n\n{said}\n"


# cases ----------------------------------------------------------------------------------------------------------------


def cases(name: str) -> str:
    """The cases of a recipe as a table: a calendar each, and what stands when it ends."""
    path = PROGRAMS / name / "cases.yaml"
    tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return table(["case", "what happens", "what stands at the end"], [_case(case) for case in tree["cases"]])


def _case(case: Tree) -> list[str]:
    edit = "".join(f"<br>with {_code(f'{key}: {value}')}" for key, value in case.get("edit", {}).items())
    calendar = "<br>".join(line for entry in case["calendar"] for line in _entry(entry))
    end = "<br>".join(f"{name}: {value}" for part in _ends(case) for name, value in part.items())
    return [f"{case['case']}{edit}", calendar, end or "nothing"]


def _ends(case: Tree) -> Iterator[Tree]:
    yield from (part or {} for part in (case.get("end") or {}).values())


def _entry(entry: Tree, again: str = "") -> Iterator[str]:
    if "for" in entry:
        for each in entry["each"]:
            yield from _entry(each, f" (for each n of {entry['for']})")
        return
    outcome = next((word for word in OUTCOMES if word in entry), "")
    told = str(entry.get("event") or f"by itself: {entry.get('due')}")
    reasons = ", ".join(_code(_reason(reason)) for reason in entry.get(outcome) or [])
    aside = f": {outcome}, {reasons}" if outcome in ("refused", "waiting") else ""
    yield f"{entry['on']} {told}{again}{aside}"


def _reason(reason: Any) -> str:
    return next(iter(reason)) if isinstance(reason, dict) else str(reason)


def _code(text: str) -> str:
    return f"`{text}`"
