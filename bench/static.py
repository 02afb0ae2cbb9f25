"""The limit of a page: the same server, framework and guard, answering a page of the same size that stands in memory."""

from __future__ import annotations

import os
import sys

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from goodword.log import configure_log
from goodword.measure import Measures
from goodword.web.guard import Guard


def make_app() -> FastAPI:
    """The application: one page of as many bytes as the environment says."""
    page = b"x" * int(os.environ["BENCH_PAGE_BYTES"])

    def answer(_: Request) -> Response:
        return HTMLResponse(page)

    def ready(_: Request) -> Response:
        return PlainTextResponse("ready")

    configure_log("warning")
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/readyz", ready, methods=["GET"])
    app.add_api_route("/{path:path}", answer, methods=["GET"])
    app.add_middleware(Guard, measures=Measures(), bodies_max=64 * 1024 * 1024)
    return app


COMMAND = [sys.executable, "-m", "bench.static"]

if __name__ == "__main__":
    Granian(
        "bench.static:make_app",
        port=int(os.environ["GOODWORD_PORT"]),
        interface=Interfaces.ASGI,
        factory=True,
        log_access=False,
        websockets=False,
        workers_kill_timeout=10,
    ).serve()
