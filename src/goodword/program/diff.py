"""What changed between two versions of a program: each part that one of them spells out otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from goodword.program.loader import Program, document


@dataclass(frozen=True, slots=True)
class Change:
    """A part of the file that is new, gone or different."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    place: str
    """Its line and column: in the newer file, in the older one where it is gone."""


def changes(old: Program, new: Program) -> list[Change]:
    """The parts that differ, in the order of the newer file; those that are gone come last.

    Lists are compared as wholes: which of two equal caps was taken away is not a question that has an answer.
    """
    before, after = dict(_leaves(document(old), "")), dict(_leaves(document(new), ""))
    found = [
        Change(path, "changed" if path in before else "added", before.get(path), value, new.place(path))
        for path, value in after.items()
        if path not in before or before[path] != value
    ]
    gone = [path for path in before if path not in after]
    return found + [Change(path, "removed", before[path], None, old.place(path)) for path in gone]


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, node
