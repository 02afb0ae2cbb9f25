"""The cases of a recipe know it by heart: change any figure, side, step or guard of its file, and one of them fails.

What the linter alone reads (`economics`, and the `unit_cost` of what no budget pays) is held by `test_linter.py`.
"""

import re
from functools import cache

import msgspec
import pytest

from demo.cases import Case, Tree, edited, read_cases, read_program, recipes
from demo.cast import CaseFailed
from goodword.program.loader import Program, ProgramError, program_of
from tests.recipes.mutants import Mutant, mutants
from tests.recipes.runner import play

EQUIVALENT = {"bombas": ["steps.first_order.undone_by: left out"]}
"""Changes that mean the same: what a file spells out although it is the default."""


def _load(tree: Tree) -> Program:
    return program_of(tree, version=1)


@cache
def _cases(recipe: str) -> list[Case]:
    """The short ones first: most changes are noticed early."""
    return sorted(read_cases(recipe), key=lambda case: len(case.calendar))


def _noticed(recipe: str, original: Program, mutant: Mutant) -> bool:
    try:
        program = _load(mutant.tree)
    except ProgramError:
        return True
    if program.model == original.model:
        return True  # it says the same in other words, such as a default left out
    for case in _cases(recipe):
        try:
            edit = _load(edited(mutant.tree, case.edit)) if case.edit else program
        except (ProgramError, LookupError):
            continue  # the case changes what the mutant left out: another one has to notice
        try:
            play(case, edit)
        except CaseFailed:
            return True
    return False


def _for_the_linter(mutant: Mutant) -> bool:
    if not re.search(r"\.benefit(\.options\.[\w-]+)?\.unit_cost:", mutant.name):
        return False
    rule = mutant.tree["rewards"][mutant.name.split(".")[1]]
    in_pieces = "budget" in rule and not mutant.tree["budgets"][rule["budget"]]["amount"].endswith(
        mutant.tree["currency"]
    )
    return "budget" not in rule or in_pieces


@pytest.mark.parametrize("recipe", recipes())
def test_every_change_fails_a_case(recipe: str) -> None:
    tree: Tree = msgspec.json.decode(msgspec.json.encode(read_program(recipe)))
    original = _load(tree)
    assert not _noticed(recipe, original, Mutant("unchanged", {**tree, "priority": tree.get("priority", 0) + 1}))
    tried = [mutant for mutant in mutants(tree) if not _for_the_linter(mutant)]
    survivors = [mutant.name for mutant in tried if not _noticed(recipe, original, mutant)]
    assert len(tried) > 50
    assert survivors == EQUIVALENT.get(recipe, [])
