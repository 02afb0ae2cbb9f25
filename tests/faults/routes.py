"""Every route of the application with the scopes it declares, found by walking it: a new route is covered by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Route

from goodword.storage.keys import ADMIN
from goodword.web.events import POST_EVENTS_SCOPES
from goodword.web.keys import Needs
from goodword.web.metrics import METRICS_SCOPES

OPEN = frozenset({"/", "/docs", "/docs.css", "/openapi.json", "/healthz", "/readyz"})
"""Routes that say nothing about a tenant."""
PUBLIC = ("/i/", "/board/", "/join/", "/me/", "/assets/", "/look/", "/counter/", "/figures/")
"""Pages for people, who have no key, and what they refer to. Nothing else may go without one; who is signed in is tested beside them."""
PLAIN = {"/v1/events": POST_EVENTS_SCOPES, "/metrics": METRICS_SCOPES}
"""Routes that declare nothing which could be read: what they need."""


@dataclass(frozen=True)
class Guarded:
    """A method of a route that needs a key with one of these scopes."""

    method: str
    path: str
    scopes: frozenset[str]
    parameters: tuple[str, ...] = ()
    """Those of the path."""
    filters: tuple[str, ...] = ()
    """Those of the query that take any text."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app: FastAPI) -> list[RouteContext]:
    """All routes, those of included routers too.

    Raises:
        AssertionError: something else is mounted, whose routes nobody would check.
    """
    found = list(iter_route_contexts(app.routes))
    strangers = [one.original_route for one in found if not isinstance(one.original_route, Route)]
    assert not strangers, f"walk what stands behind {strangers} as well"
    return found


def guarded(app: FastAPI) -> list[Guarded]:
    """All that needs a key.

    Raises:
        AssertionError: a route declares no scope and is not one of those that are open.
    """
    keyed = [route for route in routes(app) if route.path not in OPEN and not f"{route.path}/".startswith(PUBLIC)]
    return [one for route in keyed for one in _guarded(route)]


def _guarded(route: RouteContext) -> Iterator[Guarded]:
    parameters = tuple(route.param_convertors)
    scopes: set[str] = set()
    filters: tuple[str, ...] = ()
    if isinstance(route.original_route, APIRoute):
        scopes = {scope for needs in _needs(route.dependant) for scope in needs.scopes}
        reads = "GET" in (route.methods or set())
        filters = tuple(one.name for one in route.dependant.query_params if reads and _is_text(one))
    scopes = scopes or set(PLAIN.get(route.path, ()))
    assert scopes, f"{route.path} declares no scope: give it Needs(...), or a row in OPEN or PLAIN"
    if scopes & ADMIN:
        scopes.add("admin")
    for method in sorted((route.methods or set()) - {"HEAD"}):
        yield Guarded(method, route.path, frozenset(scopes), parameters, filters)


def _needs(dependant: Dependant) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for child in dependant.dependencies:
        yield from _needs(child)


def _is_text(parameter: Any) -> bool:
    """Whether it may be any text, such as somebody's id. A cursor is made by us, and of languages there are few."""
    return parameter.field_info.annotation in (str, str | None) and parameter.name not in ("after", "language")
