"""`GET /metrics`: what the process measures, for Prometheus."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from goodword.measure import CONTENT_TYPE
from goodword.storage.keys import Scope
from goodword.web.context import context_of
from goodword.web.keys import needs

METRICS_SCOPES: tuple[Scope, ...] = ("metrics", "read")
METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "the measures", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


async def metrics(request: Request) -> Response:
    """What this process measures, in the text format of Prometheus. With the setting `metrics_open` no key is needed."""
    context = context_of(request)
    if not context.parts.settings.metrics_open:
        needs(await context.keys.caller(request), *METRICS_SCOPES)
    text = await run_in_threadpool(context.parts.measures.text)
    return Response(text, headers={"Content-Type": CONTENT_TYPE})
