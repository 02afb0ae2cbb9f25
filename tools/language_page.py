"""The reference of the program language, from its schema and its tables; every example is taken from a file that loads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from goodword.program import amounts, benefits, conditions, contests, loader, model, quantity, triggers, values
from goodword.program.benefits import KINDS
from goodword.program.conditions import ATTRIBUTES, OPERATORS
from goodword.program.loader import document, load_program
from goodword.program.model import NOT_YET
from goodword.program.part import Part
from goodword.program.schema import program_schema
from goodword.recipes import list_recipes, read_recipe
from tools.markdown import table
from tools.shapes import Schema, limits_of, type_of

SAMPLES = Path(__file__).parents[1] / "tests" / "samples"
EXAMPLE_MAX = 100
"""How long an example may be; of a longer one its first entry is shown."""

BOUNDS: tuple[tuple[object, str, str], ...] = (
    (loader, "FILE_BYTES_MAX", "bytes of a file"),
    (loader, "NODES_MAX", "keys and values of a file"),
    (loader, "DEPTH_MAX", "levels of what stands inside each other"),
    (loader, "PROBLEMS_MAX", "problems told at once"),
    (model, "RULES_MAX", "steps, measures, contests, budgets, rewards, fields or activities, each"),
    (model, "WINDOW_MAX", "days of a cap over any days in a row"),
    (model, "NTH_MAX", "up to which event a step may count"),
    (triggers, "EVERY_MAX", "grants of a rule with `every` to one advocate in one period, unless `up_to` says less"),
    (contests, "PLACES_MAX", "places of a contest that win something"),
    (contests, "LEVELS_MAX", "tiers of a ladder"),
    (amounts, "ROWS_MAX", "rows of a schedule or a table"),
    (benefits, "OPTIONS_MAX", "benefits of a choice or a mystery"),
    (benefits, "ASKS_MAX", "things a benefit may ask"),
    (conditions, "LIST_MAX", "values of `in` and `not_in`"),
    (conditions, "TEXT_MAX", "characters of a text in a condition"),
    (values, "ADDRESS_MAX", "characters of the address of a page"),
    (quantity, "AMOUNT_MAX", "of the smallest unit in one amount"),
)
"""Named limits of the language: where each stands, and what it bounds."""


def page() -> str:
    """The program language: keys, attributes, operators, benefits, limits."""
    schema = program_schema()
    parts = [("ProgramFile", schema), *sorted(schema["$defs"].items())]
    return (
        "# The program language, version 1\n\nA program is one YAML file whose first line is `goodword: 1`. Unknown keys are "
        "refused; no key is accepted and ignored. `goodword check FILE` tells every problem at once, `goodword schema` prints "
        "the JSON Schema from which editors complete. To begin with: [your first program]"
        "(../guides/your-first-program.md). The examples come from files that the tests load. A name that you make up has at "
        "most 40 small letters, digits, `_` and `-`, the first of them a letter.\n\n"
        + "\n".join(_part(name, part) for name, part in parts)
        + f"\n## Attributes of conditions\n\nDeclared `fields` add rows: `of: person` gives `friend.NAME`, `advocate.NAME` and "
        "`recipient.NAME`, `of: order` gives `order.NAME`, `of: activity` gives `activity.NAME`. With `tiers`, the three people "
        f"have a `tier`.\nA value that nobody told satisfies no condition.\n\n{_attributes()}\n\n## Operators\n\n"
        f"`attribute: value` is short for `attribute: {{is: value}}`.\n\n{_operators()}\n\n## Benefits\n\n{_kinds()}\n\n"
        f"## Limits\n\nWhat is larger is refused, with the place and the limit.\n\n{_bounds()}\n\n"
        f"## Not yet supported\n\nRefused by name until they run: {', '.join(f'`{key}`' for key in sorted(NOT_YET))}.\n"
    )


def _attributes() -> str:
    return table(
        ["attribute", "type", "meaning", "needs", "example"],
        [[f"`{a.name}`", a.type, a.help, a.needs, f"`{a.name}: {_compared(a.type)}`"] for a in ATTRIBUTES],
    )


def _compared(kind: str) -> str:
    return {
        "money": "{at_least: 50 USD}",
        "boolean": "true",
        "text": "{in: [RO, MD]}",
        "integer": "{at_most: 3}",
        "duration": "{at_least: 30 days}",
    }[kind]


def _operators() -> str:
    return table(
        ["operator", "types", "meaning"],
        [[f"`{o.name}`", ", ".join(sorted(o.types)), o.help + (" (a list)" if o.many else "")] for o in OPERATORS],
    )


def _kinds() -> str:
    rows = [[f"`{name}`", kind.help, kind.counted, kind.issued_by, kind.used] for name, kind in KINDS.items()]
    return table(["benefit", "what it is", "counted in", "handed over by", "used"], rows)


def _bounds() -> str:
    return table(["limit", "of what"], [[f"{getattr(place, name):_}", what] for place, name, what in BOUNDS])


def _part(name: str, schema: Schema) -> str:
    required = set(schema.get("required", ()))
    rows = [
        [
            f"`{key}`" + (" (required)" if key in required else ""),
            type_of(value),
            value.get("description", ""),
            limits_of(value),
            _default(value),
            f"`{example}`" if (example := example_of(name, key)) else "",
        ]
        for key, value in schema.get("properties", {}).items()
    ]
    about = schema.get("description", "").split("\n")[0]
    title = "the file" if name == "ProgramFile" else name
    head = ["key", "value", "meaning", "limits", "default", "example"]
    return f"## {title}\n\n{about}\n\n{table(head, rows)}\n"


def _default(value: Schema) -> str:
    default = value.get("default")
    if default in (None, [], "", {}) or isinstance(default, dict):
        return ""
    return "none" if default == "0 days" else f"`{default if isinstance(default, str) else json.dumps(default)}`"


# examples -------------------------------------------------------------------------------------------------------------


@cache
def examples() -> dict[tuple[str, str], list[Any]]:
    """By part and key, the values that it has in the samples and the recipes."""
    found: dict[tuple[str, str], list[Any]] = {}
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.yaml"))]
    for text in (*texts, *map(read_recipe, list_recipes())):
        program = load_program(text)
        for place, value in _written(program.model, document(program)):
            found.setdefault(place, []).append(value)
    return found


def example_of(part: str, key: str) -> str:
    """The first example that is short enough; where each is too long, the shortest with one entry alone."""
    known = examples().get((part, key), [])
    whole = [flow(value) for value in known]
    short = [text for text in whole if len(text) <= EXAMPLE_MAX]
    single = [flow({name: item}) for value in known if isinstance(value, dict) for name, item in value.items()]
    found = short[:1] or sorted(single or whole, key=len)[:1]
    return f"{key}: {found[0]}" if found else ""


def _written(node: Any, tree: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """Every key that a file spells out, with the part of the model it belongs to."""
    if isinstance(node, Part) and isinstance(tree, dict):
        named = {field.alias or key: key for key, field in type(node).model_fields.items()}
        for key, value in tree.items():
            yield (type(node).__name__, str(key)), value
            yield from _written(getattr(node, named[str(key)]), value)
    elif isinstance(node, dict) and isinstance(tree, dict):
        for key, value in tree.items():
            yield from _written(node.get(key), value)
    elif isinstance(node, tuple) and isinstance(tree, list) and len(node) == len(tree):
        for inner, value in zip(node, tree, strict=True):
            yield from _written(inner, value)


def flow(value: Any) -> str:
    """A value of a file on one line, as YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
