"""How far the plan has come, from what is there: the recipes with their tests, and the families of rewards.

A line runs only where its recipe is there and `tests/recipes` has collected its cases; nobody writes that down by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from demo.cases import edited, read_program
from goodword.program.loader import document, load_program
from goodword.program.model import NOT_YET
from goodword.recipes import Entry, list_recipes, read_catalogue, read_recipe
from tests.recipes.mutants import mutants
from tests.recipes.test_cases import CASES
from tools.markdown import NOTE, table

RUNS, IN_PART, MISSING, POSSIBLE = "runs", "runs in part", "missing", "in the language, in no recipe"


@dataclass(frozen=True, slots=True)
class Family:
    """A family of rewards: any of some kinds of benefit, with keys of the language that make it what it is."""

    name: str
    kinds: tuple[str, ...]
    keys: tuple[str, ...] = ()
    fifteen: bool = True
    """Whether it is one of the fifteen families, or something else that is given."""


FAMILIES = (
    Family("cash", ("cash",)),
    Family("VIP membership or status", ("status",)),
    Family("tangible gift", ("item",)),
    Family("special event", ("event",)),
    Family("discount: coupon, store credit", ("coupon", "credit")),
    Family("exclusive or early access", ("access",)),
    Family("donation in the advocate's name", ("donation",)),
    Family("points and games", ("points",)),
    Family("loyalty tiers", (), ("tiers",)),
    Family("experience", ("experience",)),
    Family("upgrade or customisation", ("upgrade",)),
    Family("badge, title, recognition", ("badge",)),
    Family("longer subscription", ("time",)),
    Family("reward of a group", (), ("groups",)),
    Family("personalised gift", ("item",), ("asks",)),
    Family("gift card", ("gift_card",), fifteen=False),
    Family("surprise", ("mystery",), fifteen=False),
    Family("choice", ("choice",), fifteen=False),
    Family("digital product", ("digital",), fifteen=False),
    Family("service", ("service",), fifteen=False),
    Family("product put into the basket", ("product",), fifteen=False),
    Family("more of what one has", ("quantity",), fifteen=False),
    Family("commission", ("commission",), fifteen=False),
)


@cache
def collected() -> Counter[str]:
    """How many cases of each recipe the tests have collected."""
    return Counter(param.values[0].recipe for param in CASES)  # type: ignore[union-attr]


def state_of(name: str, entry: Entry) -> str:
    """How far a line of the plan has come."""
    if name not in list_recipes() or not collected()[name]:
        return MISSING
    return IN_PART if entry.lacks else RUNS


def recipe_rows() -> Iterator[list[str]]:
    """One row for each line of the plan."""
    for name, entry in read_catalogue().items():
        state = state_of(name, entry)
        there = state != MISSING
        of = f" (a second way to run `{entry.of}`)" if entry.of else ""
        lacks = f"; not yet: {entry.lacks}" if entry.lacks else ""
        yield [
            f"[`{name}`]({name}.md){of}" if there else f"`{name}`{of}",
            entry.after,
            f"{entry.says}{lacks}",
            state if there else f"**{state}**",
            str(collected()[name]) if there else "",
            str(_changes(name)) if there else "",
        ]


def _changes(name: str) -> int:
    return sum(1 for _ in mutants(edited(read_program(name), {})))


# families -------------------------------------------------------------------------------------------------------------


@cache
def words_of(recipe: str) -> frozenset[str]:
    """Every key of a recipe's file, and every kind of benefit as ``kind: item``."""
    found: set[str] = set()
    waiting: list[Any] = [document(load_program(read_recipe(recipe)))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            found |= {str(key) for key in node}
            if isinstance(node.get("kind"), str):
                found.add(f"kind: {node['kind']}")
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return frozenset(found)


def used_by(family: Family) -> list[str]:
    """The recipes whose cases run and which give rewards of a family."""
    kinds = {f"kind: {kind}" for kind in family.kinds}
    return [
        name
        for name in list_recipes()
        if collected()[name] and set(family.keys) <= words_of(name) and (not kinds or kinds & words_of(name))
    ]


def family_rows(fifteen: bool) -> Iterator[list[str]]:
    """One row for each family."""
    for family in FAMILIES:
        if family.fifteen != fifteen:
            continue
        users = used_by(family)
        if users:
            state = RUNS
        else:
            state = f"**{MISSING}**" if NOT_YET & set(family.keys) else f"**{POSSIBLE}**"
        written = [*(f"`kind: {kind}`" for kind in family.kinds), *(f"`{key}`" for key in family.keys)]
        yield [family.name, ", ".join(written), state, ", ".join(f"[`{name}`]({name}.md)" for name in users)]


def page() -> str:
    """The matrix."""
    states = Counter(state_of(name, entry) for name, entry in read_catalogue().items() if not entry.of)
    told = f"{states[RUNS]} of {states.total()} run" + (f", {states[IN_PART]} in part" if states[IN_PART] else "")
    head = ["recipe", "after", "what it shows", "state", "cases", "changes tried"]
    families = ["family", "written as", "state", "recipes"]
    return (
        f"{NOTE}\n# The plan and what runs\n\nMade from the recipes and from what the tests collect. A line runs where its "
        "recipe is there and its cases are collected by `tests/recipes/test_cases.py`, which plays each of them in memory "
        "and through SQLite and PostgreSQL. *Changes tried*: small changes of the file that `test_mutations.py` makes, each "
        f"of which has to fail a case.\n\n## Recipes: {told}\n\n{table(head, recipe_rows())}\n\n"
        f"## The fifteen families of rewards\n\n{table(families, family_rows(True))}\n\n"
        f"## What else is given\n\n{table(families, family_rows(False))}\n"
    )
