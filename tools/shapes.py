"""Types and limits of a JSON Schema in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def type_of(value: Schema) -> str:
    """What may be written: ``integer``, ``list of Cap``, ``25%``."""
    if "$ref" in value:
        return str(value["$ref"].rpartition("/")[2])
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "anyOf" in value or "oneOf" in value:
        return " or ".join(dict.fromkeys(type_of(item) for item in _choices(value)))
    if value.get("examples"):
        return " or ".join(f"`{example}`" for example in value["examples"])
    if value.get("type") == "array":
        return f"list of {type_of(value['items'])}" if isinstance(value.get("items"), dict) else "list"
    if value.get("type") == "object":
        inner = value.get("additionalProperties") or next(iter(value.get("patternProperties", {}).values()), None)
        is_where = "order.total" in value.get("properties", {})
        return "conditions" if is_where else f"names with {type_of(inner)}" if isinstance(inner, dict) else "mapping"
    return "date" if value.get("format") == "date" else str(value.get("type", "any"))


def _choices(value: Schema) -> Iterator[Schema]:
    for item in value.get("anyOf") or value.get("oneOf") or ():
        if item.get("type") != "null":
            yield item


def limits_of(value: Schema) -> str:
    """How large, long or many: ``2 to 8``, ``at most 50 names``."""
    found = list(dict.fromkeys(limit for part in _parts(value) for limit in _limits(part)))
    return "; ".join(found)


def _parts(value: Schema) -> Iterator[Schema]:
    yield value
    for item in _choices(value):
        yield from _parts(item)


def _limits(value: Schema) -> Iterator[str]:
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " in the list"),
        ("minProperties", "maxProperties", " names"),
    ):
        if value.get("type") == "object" and "order.total" in value.get("properties", {}):
            continue
        least, most = value.get(low), value.get(high)
        if least is not None and most is not None:
            yield f"{least} to {most}{unit}"
        elif most is not None:
            yield f"at most {most}{unit}"
        elif least is not None:
            yield f"at least {least}{unit}"
