"""How routes say what they answer: responses as msgspec writes them, and their description for OpenAPI."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from starlette.responses import Response

_ENCODER = msgspec.json.Encoder()
DESCRIBED: dict[str, Any] = {}
"""Types by the name under which OpenAPI lists them, collected from the routes that answer them."""


def json(value: object, status: int = 200) -> Response:
    """A response of a value."""
    return Response(_ENCODER.encode(value), status, media_type="application/json")


def answers(type_: Any, description: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The description of a route's response."""
    schema = {"$ref": f"#/components/schemas/{named(type_)}"}
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


def answers_page(type_: Any, description: str) -> dict[int | str, dict[str, Any]]:
    """The description of a page of a list."""
    schema = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{named(type_)}"}},
            "next": {"type": ["string", "null"], "description": "give it as `after` to get what follows"},
        },
    }
    return {200: {"description": description, "content": {"application/json": {"schema": schema}}}}


def named(type_: Any) -> str:
    """The name of a type in the description; from now on it is part of it."""
    if get_args(type_):
        raise TypeError(f"{type_} has no name of its own")
    name: str = type_.__name__
    DESCRIBED[name] = type_
    return name
