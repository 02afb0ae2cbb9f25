"""The web application, put together: routes, errors, and the threads that run as long as it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Literal

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from goodword.delivery.deliverer import make_deliverer
from goodword.delivery.letters import Letters
from goodword.edge.app import PREFIX, Edge, read_proxies
from goodword.parts import Parts
from goodword.pipeline.batcher import INFRASTRUCTURE, Batcher
from goodword.pipeline.intake import InvalidEvent
from goodword.pipeline.scheduler import Every, Scheduler
from goodword.portal.friend import PREFIX as PREFIX_OF_FRIENDS
from goodword.portal.look import make_look
from goodword.portal.pictures import Pictures
from goodword.settings import Settings
from goodword.web import (
    api,
    asking,
    assets,
    boards,
    clicks,
    codes,
    contests,
    costs,
    counter,
    export,
    figure_pages,
    figures,
    from_shop,
    invitations,
    joining,
    objections,
    opinions,
    participants,
    partners,
    payouts,
    pools,
    portal,
    programs,
    rehearsals,
    signing_in,
    staff,
    surveys,
    webhooks,
    you,
)
from goodword.web.answers import answers, json
from goodword.web.context import Context, context_of
from goodword.web.desk import Desk, copying_task
from goodword.web.events import post_events
from goodword.web.guard import Guard
from goodword.web.jobs import Jobs
from goodword.web.keys import Keys
from goodword.web.limits import Limits
from goodword.web.metrics import METRICS_ANSWER, metrics
from goodword.web.openapi import describe
from goodword.web.pages import CSS, reference
from goodword.web.people import is_for_people, problem_page, to_sign_in
from goodword.web.problems import BadRequest, Invalid, Problem, Unavailable, problem_of_status
from goodword.web.ready import database_state
from goodword.web.shapes import show_row
from goodword.web.visitors import SignInFirst
from goodword.web.waiting import watch_waiting

ROOMS = (
    participants.router,
    export.router,
    codes.router,
    clicks.router,
    api.router,
    staff.router,
    programs.router,
    contests.router,
    payouts.router,
    costs.router,
    figures.router,
    objections.router,
    asking.router,
    surveys.router,
    pools.router,
    rehearsals.router,
    webhooks.router,
)
"""The routes of the API, one room for each noun."""
PAGES = (
    invitations.router,
    boards.router,
    joining.router,
    signing_in.router,
    from_shop.router,
    you.router,
    opinions.router,
    portal.router,
    partners.router,
    counter.router,
    figure_pages.router,
    assets.router,
)
"""The pages for people, and what they refer to."""
MIB = 1024 * 1024
THREADS = 4
"""How many requests are worked on in threads at a time. More of them wait for each other more than for a database: with 12, a page cost
half as much again of a processor's time, and fewer were made a second.
"""


class Application(FastAPI):
    """FastAPI, with the redirect before it: a click passes none of its layers."""

    def __init__(self, edge: Edge, **given: Any) -> None:
        super().__init__(**given)
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._edge(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, parts: Parts) -> FastAPI:
    """The application over these parts. Its lifespan starts and ends the redirect, the writer, the scheduler, the deliverer.

    Raises:
        InvalidSetting: a setting of the redirect or of the look cannot be used.
    """
    look, pictures = make_look(settings), Pictures()
    edge = Edge(settings, parts.database, parts.keyring, parts.now_ms, PREFIX_OF_FRIENDS)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sizes = (settings.queue_max, settings.batch_max)
        batcher = Batcher(parts.tenants, parts.keyring, settings.tenant, *sizes, parts.measures)
        limits = Limits(settings.rate_key, settings.rate_address, read_proxies(settings))
        deliverer = make_deliverer(settings, parts.database, parts.keyring, parts.now_ms, show_row, parts.measures)
        keys, jobs, desk = Keys(parts.database, settings.tenant, limits), Jobs(), Desk()
        app.state.context = Context(parts, batcher, keys, limits, deliverer, jobs, desk, look, pictures)
        scheduler = Scheduler(batcher, parts.tenants, settings.tenant, parts.now_ms, settings.scheduler_every)
        letters = Letters(settings, parts.database, parts.keyring, parts.now_ms)
        runs = (batcher, scheduler, deliverer, Every("letters", settings.delivery_every, letters.run_once))
        current_default_thread_limiter().total_tokens = THREADS
        desk.keep_copied(copying_task(settings), settings.warehouse / f"tenant={settings.tenant}")
        await edge.start()
        for one in runs:
            one.start()
        yield
        await jobs.stop()
        await desk.stop()
        for one in reversed(runs):
            await run_in_threadpool(one.stop)
        await edge.stop()  # last: where the time is up, clicks are safe in their spool

    app = Application(edge, lifespan=lifespan, redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.append(Route("/v1/events", post_events, methods=["POST"]))
    for room in ROOMS:
        app.include_router(room)
    for pages in PAGES:
        app.include_router(pages)
    _add_own_routes(app)
    _add_errors(app)
    app.add_middleware(Guard, measures=parts.measures, bodies_max=settings.bodies_max * MIB)
    watch_waiting(parts)
    edge.measured_by(parts.measures)
    return app


def _add_own_routes(app: FastAPI) -> None:
    health, ready = answers(Health, "it is up"), answers(Readiness, "it is ready")
    app.add_api_route("/healthz", healthz, tags=["process"], methods=["GET"], responses=health)
    ready |= answers(Readiness, "it is not ready", 503)
    app.add_api_route("/readyz", readyz, tags=["process"], methods=["GET"], responses=ready)
    app.add_api_route("/metrics", metrics, tags=["process"], methods=["GET"], responses=METRICS_ANSWER)

    # Made when somebody first asks for it, in a thread: it would be a third of the work of a start.
    @cache
    def spec() -> dict[str, Any]:
        return describe(app, ROOMS)

    @cache
    def page() -> str:
        return reference(spec())

    def openapi(_: Request) -> Response:
        return json(spec())

    def docs(_: Request) -> Response:
        return HTMLResponse(page())

    async def css(_: Request) -> Response:
        return PlainTextResponse(CSS, media_type="text/css")

    async def root(_: Request) -> Response:
        return RedirectResponse("/docs", 307)

    own = {"/openapi.json": openapi, "/docs": docs, "/docs.css": css, "/": root}
    app.router.routes.extend(Route(path, endpoint, methods=["GET"]) for path, endpoint in own.items())


class Health(Struct, frozen=True):
    """What a process says while it runs."""

    status: Literal["up"] = "up"


class Readiness(Struct, frozen=True):
    """What a process needs to decide events, and whether it is there."""

    status: Literal["ready", "not ready"]
    database: str
    """``up``, or what is wrong."""
    writer: Literal["up", "down"]


async def healthz() -> Response:
    """The process is up."""
    return json(Health())


def readyz(request: Request) -> Response:
    """Events can be decided: the database is there, of this release and can be written, and the writer runs."""
    context = context_of(request)
    database, alive = database_state(context.parts.database), context.batcher.alive
    ready = database == "up" and alive
    return json(
        Readiness("ready" if ready else "not ready", database, "up" if alive else "down"), 200 if ready else 503
    )


def _add_errors(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(SignInFirst, to_sign_in)
    app.add_exception_handler(InvalidEvent, _answer_refused)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_status)
    for kind in INFRASTRUCTURE:
        app.add_exception_handler(kind, _answer_unavailable)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_problem(request: Request, error: Exception) -> Response:
    return _said(request, error if isinstance(error, Problem) else problem_of_status(500)())


async def _answer_refused(request: Request, error: Exception) -> Response:
    """A form of ours said what no event may say; where a page does not say it beside the field."""
    field = error.field if isinstance(error, InvalidEvent) else ""
    return _said(request, BadRequest(error.reason if isinstance(error, InvalidEvent) else "", field=field or None))


async def _answer_invalid(request: Request, error: Exception) -> Response:
    """The first thing that is wrong with the path or the query; what was sent is not repeated."""
    first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    return _said(request, Invalid(str(first.get("msg", "")), field=where or None))


async def _answer_status(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _said(request, problem_of_status(500)())
    response = _said(request, problem_of_status(error.status_code)())
    response.headers.update(error.headers or {})  # such as Allow, which a 405 has to name
    return response


async def _answer_unavailable(request: Request, error: Exception) -> Response:
    return _said(request, Unavailable("the database cannot be reached"))


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours; the guard logs it."""
    return _said(request, problem_of_status(500)())


def _said(request: Request, problem: Problem) -> Response:
    """A problem for whoever asks: a page for people, else JSON."""
    return problem_page(request, problem) if is_for_people(request) else problem.response()
