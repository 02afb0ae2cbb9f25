"""Recipes: the program files that come with Goodword, to be copied and edited.

They stand in the installed package, or at the top of the repository when Goodword runs from its sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ruamel.yaml import YAML

PROGRAM_FILE = "program.yaml"
CATALOGUE_FILE = "catalogue.yaml"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue says of a recipe, whether it is there or still to come."""

    after: str
    """The company or kind of shop it is modelled on."""
    says: str
    """What it does, in a line."""
    of: str | None = None
    """The entry that it is a second way to run."""
    lacks: str | None = None
    """What the recipe does not show yet."""


class UnknownRecipe(LookupError):
    """No recipe has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no recipe is called {name[:60]!r}; there are: {', '.join(list_recipes())}")


def list_recipes() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(folder.name for folder in _home().iterdir() if folder.joinpath(PROGRAM_FILE).is_file())


@cache
def read_catalogue() -> Mapping[str, Entry]:
    """Every recipe that is there or planned, in the order of the plan, by name."""
    text = _home().joinpath(CATALOGUE_FILE).read_text(encoding="utf-8")
    return {name: Entry(**row) for name, row in YAML(typ="safe", pure=True).load(text).items()}


def read_recipe(name: str) -> str:
    """The program file of a recipe.

    Raises:
        UnknownRecipe: there is none of this name.
    """
    # Looked at before it becomes part of a path.
    found = _home().joinpath(name, PROGRAM_FILE) if _NAME.fullmatch(name) else None
    if found is None or not found.is_file():
        raise UnknownRecipe(name)
    return found.read_text(encoding="utf-8")


def copy_recipe(name: str, directory: Path) -> Path:
    """Copy the program file of a recipe to ``directory/program.yaml``; the new file.

    Raises:
        UnknownRecipe: there is none of this name.
        FileExistsError: a file stands there already; it is left as it is.
    """
    text = read_recipe(name)
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / PROGRAM_FILE
    with target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return target


def _home() -> Traversable:
    installed = files("goodword").joinpath("programs")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "programs"
