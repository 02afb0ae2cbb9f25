"""The web application, put together: routes, errors, and the threads that run as long as it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from goodword.delivery.deliverer import make_deliverer
from goodword.parts import Parts
from goodword.pipeline.batcher import INFRASTRUCTURE, Batcher
from goodword.pipeline.scheduler import Scheduler
from goodword.settings import Settings
from goodword.storage.database import DatabaseError
from goodword.web import api, staff, webhooks
from goodword.web.answers import json
from goodword.web.context import Context, context_of
from goodword.web.events import post_events
from goodword.web.guard import Guard
from goodword.web.keys import Keys
from goodword.web.openapi import describe
from goodword.web.pages import CSS, reference
from goodword.web.problems import Invalid, Problem, Unavailable, problem_of_status
from goodword.web.shapes import show_row


def create_app(settings: Settings, parts: Parts) -> FastAPI:
    """The application over these parts. Its lifespan starts and ends the writer, the scheduler and the deliverer."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher = Batcher(parts.tenants, parts.keyring, settings.tenant, settings.queue_max, settings.batch_max)
        deliverer = make_deliverer(settings, parts.database, parts.keyring, parts.now_ms, show_row)
        app.state.context = Context(parts, batcher, Keys(parts.database, settings.tenant), deliverer)
        scheduler = Scheduler(batcher, parts.database, settings.tenant, parts.now_ms, settings.scheduler_every)
        runs = (batcher, scheduler, deliverer)
        for one in runs:
            one.start()
        yield
        for one in reversed(runs):
            await run_in_threadpool(one.stop)

    app = FastAPI(lifespan=lifespan, redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.append(Route("/v1/events", post_events, methods=["POST"]))
    app.include_router(api.router)
    app.include_router(staff.router)
    app.include_router(webhooks.router)
    _add_own_routes(app)
    _add_errors(app)
    app.add_middleware(Guard)
    return app


def _add_own_routes(app: FastAPI) -> None:
    app.add_api_route("/healthz", healthz, tags=["process"], methods=["GET"])
    app.add_api_route("/readyz", readyz, tags=["process"], methods=["GET"])
    spec = describe(app)
    page = reference(spec)

    async def openapi(_: Request) -> Response:
        return json(spec)

    async def docs(_: Request) -> Response:
        return HTMLResponse(page)

    async def css(_: Request) -> Response:
        return PlainTextResponse(CSS, media_type="text/css")

    async def root(_: Request) -> Response:
        return RedirectResponse("/docs", 307)

    own = {"/openapi.json": openapi, "/docs": docs, "/docs.css": css, "/": root}
    app.router.routes.extend(Route(path, endpoint, methods=["GET"]) for path, endpoint in own.items())


async def healthz() -> Response:
    """The process is up."""
    return json({"status": "up"})


def readyz(request: Request) -> Response:
    """Events can be decided: the database is there and of this release, and the writer runs."""
    context = context_of(request)
    state = {"database": _database_state(context), "writer": "up" if context.batcher.alive else "down"}
    ready = state == {"database": "up", "writer": "up"}
    return json({"status": "ready" if ready else "not ready", **state}, 200 if ready else 503)


def _database_state(context: Context) -> str:
    try:
        context.parts.database.check()
    except DatabaseError as error:
        return str(error)
    except INFRASTRUCTURE:
        return "cannot be reached"
    return "up"


def _add_errors(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_status)
    for kind in INFRASTRUCTURE:
        app.add_exception_handler(kind, _answer_unavailable)


async def _answer_problem(_: Request, error: Exception) -> Response:
    return error.response() if isinstance(error, Problem) else _status(500)


async def _answer_invalid(_: Request, error: Exception) -> Response:
    """The first thing that is wrong with the path or the query; what was sent is not repeated."""
    first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    return Invalid(str(first.get("msg", "")), field=where or None).response()


async def _answer_status(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _status(500)
    response = _status(error.status_code)
    response.headers.update(error.headers or {})  # such as Allow, which a 405 has to name
    return response


async def _answer_unavailable(_: Request, error: Exception) -> Response:
    return Unavailable("the database cannot be reached").response()


def _status(status: int) -> Response:
    return problem_of_status(status)().response()
