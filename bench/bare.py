"""The events route without a database: it reads, checks, seals and answers. What is left is what deciding and storing cost."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.machine import TENANT
from goodword.addresses import Proxies
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.log import configure_log
from goodword.measure import Measures
from goodword.parts import now_ms
from goodword.pipeline.batcher import Decided, Result
from goodword.settings import read_settings
from goodword.storage.keys import ApiKey
from goodword.web.context import Context
from goodword.web.events import post_events
from goodword.web.guard import Guard
from goodword.web.limits import Limits

ANSWER = Decided(
    b'{"event":"x","type":"order","outcome":"accepted","reasons":[' + b'{"code":"order_recorded"},' * 8 + b"1]}"
)
KEY = ApiKey(TENANT, "key_bench", "bench", frozenset({"events", "admin"}), 0, None)


class Answering:
    """Stands where the batcher does, and has every answer ready."""

    def submit(self, events: list[Sealed]) -> list[Future[Result]]:
        """All of them, answered."""
        futures: list[Future[Result]] = [Future() for _ in events]
        for future in futures:
            future.set_result(ANSWER)
        return futures


class Anybody:
    """Stands where the keys are looked up."""

    async def caller(self, request: Request, **_: Any) -> ApiKey:
        """The one key."""
        request.state.key = KEY.id
        return KEY


async def _ready(_: Request) -> Response:
    return PlainTextResponse("ready")


def make_app() -> FastAPI:
    """The application: its own route and guard, and nothing behind them."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts: Any = SimpleNamespace(keyring=Keyring(b"bare"), now_ms=now_ms, settings=read_settings({}), database=None)
        batcher: Any = Answering()
        keys: Any = Anybody()
        deliverer: Any = None
        jobs: Any = None
        desk: Any = None
        look: Any = None
        pictures: Any = None
        app.state.context = Context(
            parts, batcher, keys, Limits(0, 0, Proxies("")), deliverer, jobs, desk, look, pictures
        )
        yield

    configure_log("info")
    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes[:] = [Route("/v1/events", post_events, methods=["POST"]), Route("/readyz", _ready)]
    app.add_middleware(Guard, measures=Measures(), bodies_max=64 * 1024 * 1024)
    return app


COMMAND = [sys.executable, "-m", "bench.bare"]

if __name__ == "__main__":
    Granian(
        "bench.bare:make_app",
        port=int(os.environ["GOODWORD_PORT"]),
        interface=Interfaces.ASGI,
        factory=True,
        log_access=False,
        websockets=False,
        workers_kill_timeout=10,
    ).serve()
