"""Around every request: security headers, the access log without personal data, measures, and an answer whatever happens.

The bodies of all requests that are not answered yet are counted together. An event that waits in the queue belongs to a
request that is not answered, so that this bounds what events may hold of the memory as well.
"""

from __future__ import annotations

import time
import traceback
from pathlib import PurePath

import structlog
from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from goodword.measure import Measures
from goodword.web.problems import InternalError
from goodword.web.room import Room

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NOT_LOGGED = ("/healthz", "/readyz", "/metrics")

log = structlog.get_logger("goodword.access")


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, measures: Measures, bodies_max: int) -> None:
        self._app = app
        self._measures = measures
        self._room = Room(bodies_max)
        self._routes = _Routes()
        measures.watch("goodword_bodies_bytes", "bytes of request bodies that are held", lambda: self._room.held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._room.share() as share:
            scope["state"] = {**scope.get("state", {}), "share": share}
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        watch = _Watch(send)
        started = time.perf_counter()
        self._measures.in_flight += 1
        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            # The message of an error may hold what was sent; its kind and place do not.
            log.error("request_failed", route=_route(scope), error=type(error).__name__, where=_where(error))
            if not watch.status:
                await InternalError().response()(scope, receive, watch)
        finally:
            self._measures.in_flight -= 1
            seconds = time.perf_counter() - started
            self._measures.request(scope["method"], self._routes.of(scope), watch.status, seconds)
        if scope["path"] not in NOT_LOGGED:
            _log(scope, watch.status, seconds)


class _Routes:
    """The template of a request's address, as the label of a measure."""

    def __init__(self) -> None:
        self._plain: dict[object, str] = {}
        """Plain routes do not note themselves in the scope: they are found by their function."""

    def of(self, scope: Scope) -> str:
        path: str | None = getattr(scope.get("route"), "path", None)
        if path is not None:
            return path
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return "none"
        if endpoint not in self._plain:
            routes = scope["app"].routes
            self._plain |= {route.endpoint: route.path for route in routes if isinstance(route, Route)}
        return self._plain.setdefault(endpoint, "none")


class _Watch:
    """Sends on, adds the headers, and notes the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _log(scope: Scope, status: int, seconds: float) -> None:
    log.info(
        "request",
        method=scope["method"],
        route=_route(scope),
        status=status,
        ms=round(seconds * 1000, 1),
        key=scope["state"].get("key"),
    )


def _route(scope: Scope) -> str | None:
    """The template of the address: what was filled in, such as an event's id, could be personal."""
    path: str | None = getattr(scope.get("route"), "path", None)
    # Plain routes are known by their function alone.
    return path or getattr(scope.get("endpoint"), "__name__", None)


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
