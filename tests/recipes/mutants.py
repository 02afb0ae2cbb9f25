"""Small changes of a program file, each of which a careful reader of its cases has to notice."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

from demo.cases import Tree
from goodword.program.benefits import KINDS, Kind
from goodword.program.duration import Period
from goodword.program.model import Action, Attribution, Evidence, Shared, StepEvent
from goodword.program.quantity import Rounding
from goodword.program.triggers import Recurs

SECTIONS = (
    "fields",
    "moderated",
    "audience",
    "attribution",
    "steps",
    "groups",
    "measures",
    "tiers",
    "contests",
    "budgets",
    "payouts",
    "rewards",
    "protection",
)
Path = tuple[str | int, ...]

_WORDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("payment", "device", "address", "network", "household", "action"), get_args(Action)),
    "replace": get_args(Attribution.model_fields["replace"].annotation),
    "one_per": get_args(Attribution.model_fields["one_per"].annotation),
    "signal": get_args(Shared),
    "period": get_args(Period),
    "per": ("participant", "program"),
    "to": ("advocate", "friend", "both", "owner", "group", "everyone"),
    "of": ("advocate", "group"),
    "event": get_args(StepEvent),
    "taken_back": ("debt", "forgive"),
    "read_at": ("claim", "step"),
    "round": get_args(Rounding),
    "kind": ("credit", "cash", "coupon", "commission", "item", "points", "product", "choice", "mystery"),
    "type": ("text", "integer", "boolean", "address", "one_of"),
    "count": ("referrals", "orders", "activities"),
    "every": (*get_args(Recurs), "week"),
    "ties": ("first", "all"),
    "reviewed": ("day", "week", "month"),
    "entrant": ("advocate", "referral"),
    "pool": ("making-of", "another"),
}
"""What else may stand under a key. Kinds that differ in words alone, as `_same_kind` says, are no change."""

_NUMBER = re.compile(r"([0-9][0-9_]*)(\.[0-9]+)?(\s*%|\s+.+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OPERATORS = {
    "is": ("is_not",),
    "is_not": ("is",),
    "in": ("not_in",),
    "not_in": ("in",),
    "at_least": ("at_most",),
    "at_most": ("at_least",),
    "less_than": ("at_least",),
}


@dataclass(frozen=True)
class Mutant:
    """A changed program, and what was changed."""

    name: str
    tree: Tree


def mutants(tree: Tree) -> Iterator[Mutant]:
    """Every small change of the parts that decide anything."""
    for section in SECTIONS:
        if section in tree:
            for path, label, value in _changes(tree, (section,), tree[section]):
                yield Mutant(f"{'.'.join(map(str, path))}: {label}", _with(tree, path, value))
    for section in SECTIONS:
        for path in _optional(tree.get(section), (section,)):
            yield Mutant(f"{'.'.join(map(str, path))}: left out", _without(tree, path))


def _changes(tree: Tree, path: Path, node: Any) -> Iterator[tuple[Path, str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _changes(tree, (*path, key), value)
        yield from _other_operators(path, node)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _changes(tree, (*path, index), value)
        if all(isinstance(item, str) for item in node):
            yield from _other_lists(tree, path, node)
    else:
        for other in dict.fromkeys(_others(tree, path, node)):
            yield path, f"{node} -> {other}", other


def _others(tree: Tree, path: Path, value: Any) -> Iterator[Any]:
    if path[-1] == "places":
        yield from _other_places(str(value))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (other for other in (value + 1, value - 1, value * 2, value // 2) if other != value)
    elif isinstance(value, str):
        yield from (other for other in _other_words(tree, path, value) if other != value)


def _other_words(tree: Tree, path: Path, value: str) -> Iterator[str]:
    key = next(part for part in reversed(path) if isinstance(part, str))
    if _DAY.fullmatch(value):
        day = date.fromisoformat(value)
        yield from ((day + timedelta(days=days)).isoformat() for days in (1, -1))
    elif found := _NUMBER.fullmatch(value):
        number = Decimal((found[1] + (found[2] or "")).replace("_", ""))
        small = Decimal(1).scaleb(-(len(found[2]) - 1 if found[2] else 0))
        for other in (number + small, number - small, number * 2, (number / 2).quantize(small, rounding="ROUND_DOWN")):
            yield f"{other}{found[3]}"
    elif key in ("measure", "contest", "tier") or (key == "by" and path[0] == "contests"):
        yield from _other_games(tree, path, value)
    elif key in ("step", "after", "until", "joined_by"):
        yield from ("claimed", *tree["steps"])
    elif key in ("activity", "reaches", "each", "budget"):
        measures = tree.get("measures", {})
        yield from {"activity": tree.get("activities", []), "reaches": measures, "each": measures}.get(
            key, tree.get("budgets", {})
        )
    elif key in ("by", "otherwise"):
        yield from _OF_TABLES_AND_ANSWERS[key](tree, path, value)
    elif key in _WORDS:
        yield from (word for word in _WORDS[key] if key != "kind" or not _same_kind(word, value))


def _other_places(value: str) -> Iterator[str]:
    first, _, last = value.partition("-")
    pairs = [(int(first) + low, int(last or first) + high) for low, high in ((0, 1), (0, -1), (1, 0), (-1, 0))]
    yield from (f"{low}-{high}" for low, high in pairs if 1 <= low <= high)


def _other_games(tree: Tree, path: Path, value: str) -> Iterator[str]:
    """What else stands under the keys of contests and tiers."""
    if path[-1] == "by":
        yield from ("rank", "draw")
    elif path[-1] == "measure":
        yield from tree.get("measures", {})
    elif path[-1] == "contest":
        yield from tree["contests"]
    else:
        yield from tree["tiers"]["levels"]


def _other_segments(tree: Tree, path: Path, value: str) -> Iterator[str]:
    """What else a table may read. `recipient` is one of the other two: nothing decides by which name."""
    entity, _, key = value.partition(".")
    yield f"{'friend' if entity == 'advocate' else 'advocate'}.{key}"
    yield f"{entity}.country"


def _other_answers(tree: Tree, path: Path, value: str) -> Iterator[str]:
    """What else somebody gets who does not answer, and what else no row of a table pays."""
    holder: Any = tree
    for part in path[:-1]:
        holder = holder[part]
    if "rows" in holder:
        yield next(iter(holder["rows"].values()))
    yield from holder.get("options", ())


_OF_TABLES_AND_ANSWERS: dict[str, Callable[[Tree, Path, str], Iterator[str]]] = {
    "by": _other_segments,
    "otherwise": _other_answers,
}


def _same_kind(one: str, other: str) -> bool:
    """Whether two kinds of benefit are decided alike: handed over by the same, used in the same way."""
    kinds: dict[str, Kind] = {**KINDS}
    if one not in kinds or other not in kinds or "coupon" in (one, other):
        return one == other
    return (kinds[one].issued_by, kinds[one].used == "orders") == (
        kinds[other].issued_by,
        kinds[other].used == "orders",
    )


def _other_operators(path: Path, node: Tree) -> Iterator[tuple[Path, str, Any]]:
    for word, operand in node.items():
        for other in _OPERATORS.get(word, ()):
            yield path, f"{word} -> {other}", {other if key == word else key: value for key, value in node.items()}
        if "." in word and not isinstance(operand, dict):
            yield (*path, word), "is -> is_not", {"is_not": operand}


def _other_lists(tree: Tree, path: Path, node: list[str]) -> Iterator[tuple[Path, str, Any]]:
    for index, item in enumerate(node):
        yield path, f"without {item}", node[:index] + node[index + 1 :]
    known = {
        "evidence": get_args(Evidence),
        "undone_by": ("refund", "cancel", "chargeback", *tree.get("activities", [])),
    }
    for item in known.get(str(path[-1]), ()):
        if item not in node:
            yield path, f"with {item}", [*node, item]
    if path[-1] == "evidence":
        for order in itertools.permutations(node):
            if list(order) != node:
                yield path, f"in the order {', '.join(order)}", list(order)


def _optional(node: Any, path: Path) -> Iterator[Path]:
    """Everything that can be left out: keys, and items of lists of mappings."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key)
            yield from _optional(value, (*path, key))
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for index, value in enumerate(node):
            yield (*path, index)
            yield from _optional(value, (*path, index))


def _with(tree: Tree, path: Path, value: Any) -> Tree:
    out = copy.deepcopy(tree)
    node: Any = out
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return out


def _without(tree: Tree, path: Path) -> Tree:
    out = copy.deepcopy(tree)
    node: Any = out
    for part in path[:-1]:
        node = node[part]
    del node[path[-1]]
    return out
