"""Recipes: the program files that come with Goodword, to be copied and edited.

They stand in the installed package, or at the top of the repository when Goodword runs from its sources.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

PROGRAM_FILE = "program.yaml"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class UnknownRecipe(LookupError):
    """No recipe has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no recipe is called {name[:60]!r}; there are: {', '.join(list_recipes())}")


def list_recipes() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(folder.name for folder in _home().iterdir() if folder.joinpath(PROGRAM_FILE).is_file())


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
