"""The description of the API, OpenAPI 3.1: FastAPI's own, with the events merged in from their Structs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from goodword.engine.events import SourceEvent
from goodword.engine.reasons import Answer
from goodword.pipeline.intake import BODY_BYTES_MAX, EVENT_BYTES_MAX, EVENTS_MAX
from goodword.storage.keys import SCOPES, Scope
from goodword.web.answers import DESCRIBED
from goodword.web.events import HISTORY_HEADER, POST_EVENTS_SCOPES
from goodword.web.keys import Needs
from goodword.web.metrics import METRICS_SCOPES
from goodword.web.problems import MEDIA_TYPE, Problem, ProblemBody, ProblemItem, all_problems
from goodword.web.shapes import schemas

VERSION = "1"
SUMMARY = "Referral programs as readable recipes: tell it what happens, and it answers what follows and why."
OPEN_PATHS = ("/healthz", "/readyz")
PROBLEMS_OF_ALL = (401, 403, 422, 429, 500, 503)


def api_routes(app: FastAPI, rooms: Sequence[APIRouter]) -> list[APIRoute]:
    """All routes that FastAPI knows: the application's own, and those of its rooms."""
    return [
        route
        for routes in (app.routes, *(room.routes for room in rooms))
        for route in routes
        if isinstance(route, APIRoute)
    ]


def describe(app: FastAPI, rooms: Sequence[APIRouter]) -> dict[str, Any]:
    """The whole description of an application with these rooms."""
    spec = get_openapi(title="Goodword", version=VERSION, openapi_version="3.1.0", summary=SUMMARY, routes=app.routes)
    (source, answer, item, *_), components = schemas(SourceEvent, Answer, ProblemItem, ProblemBody, *DESCRIBED.values())
    for schema in components.values():
        _date_times(schema)
    spec["components"] = {
        "schemas": dict(sorted(components.items())),
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": _key_description()}},
    }
    spec["security"] = [{"bearer": []}]
    told = {"post": _post_events(source, answer, item), **spec["paths"].pop("/v1/events", {})}
    spec["paths"] = {"/v1/events": told, **spec["paths"]}
    scopes = {place: needed for route in api_routes(app, rooms) for place, needed in _scopes(route)}
    scopes |= {("/v1/events", "post"): POST_EVENTS_SCOPES, ("/metrics", "get"): METRICS_SCOPES}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if (path, method) in scopes:
                operation["security"] = [{"bearer": [scope]} for scope in scopes[path, method]]
            _with_problems(path, operation)
    return spec


def _scopes(route: APIRoute) -> Iterator[tuple[tuple[str, str], tuple[Scope, ...]]]:
    """The scopes of a route by path and method, one of which its key must have; one that is open to all has none."""
    needs = [one.call for one in route.dependant.dependencies if isinstance(one.call, Needs)]
    for method in route.methods or ():
        yield (route.path_format, method.lower()), tuple(scope for need in needs for scope in need.scopes)


def _key_description() -> str:
    scopes = "; ".join(f"`{scope}`: {meaning}" for scope, meaning in SCOPES.items())
    return f"An API key, `gw_…`. It may do what its scopes say. {scopes}."


def _post_events(source: dict[str, Any], answer: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """The one route that FastAPI does not know."""
    many = {"type": "array", "items": source, "minItems": 1, "maxItems": EVENTS_MAX}
    answers = {"type": "array", "items": {"anyOf": [answer, item]}}
    return {
        "tags": ["events"],
        "summary": "Post Events",
        "operationId": "post_events",
        "description": (
            "Tell what happened, one event or an array of them. Each is decided once: the same id with the same content"
            " gives the stored answer. A refusal is an answer as well; its reasons say why. In an array, what cannot be"
            f" accepted has a problem in the place of its answer, and the others are decided. An event has at most"
            f" {EVENT_BYTES_MAX} bytes, a body {BODY_BYTES_MAX}. Events of type `reward`, `review` and `handle` need scope `staff`, corrections by Goodword's own id scope `people`, all others `events`."
        ),
        "parameters": [
            {
                "name": HISTORY_HEADER,
                "in": "header",
                "required": False,
                "description": "`1`: the events are history, and their time is the clock. Needs scope `history`.",
                "schema": {"type": "string", "enum": ["0", "1"]},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [source, many]}}},
        },
        "responses": {
            "200": {
                "description": "the answer, or the answers in the order of the events",
                "content": {"application/json": {"schema": {"anyOf": [answer, answers]}}},
            },
            **{str(status): _problem(status) for status in (400, 408, 409, 413)},
        },
    }


def _with_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    # FastAPI describes its own kind of error, and an empty 200 where another is described.
    responses.pop("422", None)
    said = responses.get("200", {}).get("content", {})
    if said.get("application/json", {}).get("schema") == {}:
        del said["application/json"]
        if not said:
            del responses["200"]
    if path in OPEN_PATHS:
        operation["security"] = []
        return
    declared = {int(status) for status in responses if status.startswith("4")}
    statuses = {*PROBLEMS_OF_ALL, *declared, *((404,) if "{" in path else ())}
    if "requestBody" in operation:
        statuses |= {400, 408, 409, 413}
    responses.update({str(status): _problem(status) for status in sorted(statuses)})


def _problem(status: int) -> dict[str, Any]:
    kinds = _by_status(status)
    response: dict[str, Any] = {
        "description": "; ".join(f"`{kind.code()}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }
    names = sorted({name for kind in kinds for name in kind.headers})
    if names:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    return response


def _by_status(status: int) -> list[type[Problem]]:
    return [kind for kind in all_problems() if kind.status == status]


def _date_times(schema: dict[str, Any]) -> None:
    """msgspec leaves the format out where a zone is not required; here one always is."""
    for name, value in schema.get("properties", {}).items():
        if name == "occurred_at":
            value["format"] = "date-time"
