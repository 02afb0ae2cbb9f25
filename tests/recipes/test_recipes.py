"""Recipes are found, read and copied."""

from pathlib import Path

import pytest

from demo.cases import PROGRAMS, recipes
from goodword.program.loader import load_program
from goodword.recipes import UnknownRecipe, copy_recipe, list_recipes, read_recipe


def test_every_recipe_is_found_and_named_as_its_folder() -> None:
    assert list_recipes() == recipes()
    assert {"bombas", "coffee-shop", "dropbox", "harrys", "paypal", "toms", "uber"} <= set(list_recipes())
    for name in list_recipes():
        assert load_program(read_recipe(name)).name == name
        assert (PROGRAMS / name / "cases.yaml").is_file(), f"{name} has no cases"


@pytest.mark.parametrize(
    "name", ["no-such", "", ".", "..", "../programs/dropbox", "dropbox/", "Dropbox", "/etc", "a\x00"]
)
def test_an_unknown_recipe_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownRecipe, match=r"there are: .*bombas, "):
        read_recipe(name)


def test_a_copy_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "programs"
    copied = copy_recipe("dropbox", folder)
    assert copied == folder / "program.yaml"
    assert copied.read_text(encoding="utf-8") == read_recipe("dropbox")
    copied.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        copy_recipe("dropbox", folder)
    assert copied.read_text(encoding="utf-8") == "mine"
    with pytest.raises(UnknownRecipe):
        copy_recipe("no-such", folder)
