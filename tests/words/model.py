"""The parts of the program language, found by walking through its model; and which key of which part a path leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from goodword.program.model import ProgramFile
from goodword.program.part import Part

Key = tuple[str, str]
"""A part of the language and one of its keys: ``("Reward", "hold")``."""


def parts() -> dict[str, type[Part]]:
    """Every part of the language by its name."""
    found: dict[str, type[Part]] = {}
    waiting: list[Any] = [ProgramFile]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, Part):
            if kind.__name__ in found:
                continue
            found[kind.__name__] = kind
            waiting += [field.annotation for field in kind.model_fields.values()]
        else:
            waiting += get_args(kind)
    return found


def keys() -> list[Key]:
    """Every key of every part."""
    return [
        (name, field.alias or key) for name, part in sorted(parts().items()) for key, field in part.model_fields.items()
    ]


def keys_on(model: Part, path: tuple[str, ...]) -> Iterator[Key]:
    """The keys that a path such as ``rewards.credit.caps.0.count`` passes, the outermost first."""
    node: Any = model
    for part in path:
        if isinstance(node, Part):
            yield type(node).__name__, part
            named = {field.alias or key: key for key, field in type(node).model_fields.items()}
            node = getattr(node, named.get(part, part), None)
        elif isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return
