"""The plan and what runs: nothing is called running that the tests do not play, and nothing of the plan is left out."""

from __future__ import annotations

from typing import get_args

import pytest

from demo.cases import read_cases
from goodword.program.benefits import KINDS, Options
from goodword.recipes import Entry, list_recipes, read_catalogue
from tools import matrix

LINES = 30
"""How many lines the plan has, second ways to run one not counted."""


def test_every_recipe_stands_in_the_catalogue() -> None:
    missing = [name for name in list_recipes() if name not in read_catalogue()]
    assert missing == [], "add a line to programs/catalogue.yaml: after whom, what it says; `of` if it is a second way"
    assert len([entry for entry in read_catalogue().values() if entry.of is None]) == LINES
    assert {entry.of for entry in read_catalogue().values()} - {None} <= read_catalogue().keys()


def test_a_line_runs_only_with_its_recipe_and_its_cases() -> None:
    said = Entry("somebody", "something")
    assert matrix.state_of("no-such-recipe", said) == matrix.MISSING
    assert matrix.state_of("dropbox", said) == matrix.RUNS
    assert matrix.state_of("dropbox", Entry("somebody", "something", lacks="half of it")) == matrix.IN_PART
    rows = {row[0].split("`")[1]: row for row in matrix.recipe_rows()}
    assert list(rows) == list(read_catalogue())
    for name, row in rows.items():
        if name in list_recipes():
            assert row[4] == str(len(read_cases(name)))
            assert int(row[5]) > 50
        else:
            assert row[3:] == ["**missing**", "", ""]


def test_every_kind_of_benefit_belongs_to_a_family() -> None:
    assert sum(family.fifteen for family in matrix.FAMILIES) == 15
    named = {kind for family in matrix.FAMILIES for kind in family.kinds}
    assert named == {*KINDS, *get_args(Options.model_fields["kind"].annotation)}


def test_every_kind_of_benefit_stands_in_a_recipe() -> None:
    words = frozenset[str]().union(*map(matrix.words_of, list_recipes()))
    assert [kind for kind in KINDS if f"kind: {kind}" not in words] == []


@pytest.mark.parametrize(
    ("name", "users"),
    [("more of what one has", "dropbox"), ("discount: coupon, store credit", "bombas")],
)
def test_a_family_is_used_by_the_recipes_that_give_it(name: str, users: str) -> None:
    family = next(family for family in matrix.FAMILIES if family.name == name)
    assert users in matrix.used_by(family)
    assert "harrys" not in matrix.used_by(family)
