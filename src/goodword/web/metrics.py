"""`GET /metrics`: what the process measures, for Prometheus."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from goodword.measure import CONTENT_TYPE, Latest, Measures
from goodword.parts import Parts
from goodword.program.duration import SECOND_MS
from goodword.storage.keys import Scope
from goodword.storage.reads import Backlog, backlog
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


def watch_backlog(measures: Measures, parts: Parts) -> None:
    """Show what waits in the database; all of it comes from one look every few seconds at most."""
    database, tenant = parts.database, parts.settings.tenant

    def look() -> Backlog:
        with database.read() as connection:
            return backlog(connection, tenant, parts.now_ms())

    latest = Latest(look)

    def oldest_seconds() -> float | None:
        found = latest.get()
        if found is None:
            return None
        made = found.outbox_oldest_ms
        return 0.0 if made is None else max(0, parts.now_ms() - made) / SECOND_MS

    def count(name: str) -> float | None:
        found = latest.get()
        return None if found is None else getattr(found, name)

    measures.watch("goodword_database_up", "1 if the database answers", lambda: float(latest.get() is not None))
    measures.watch("goodword_outbox_rows", "rows of the outbox that wait to go out", lambda: count("outbox"))
    measures.watch("goodword_outbox_oldest_seconds", "age of the oldest of them, by its event's clock", oldest_seconds)
    measures.watch("goodword_dues_overdue", "dates that have passed and are not decided", lambda: count("dues"))
    measures.watch("goodword_parked_rows", "events that are kept aside", lambda: count("parked"))
