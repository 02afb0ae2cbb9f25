"""The API's reads of clicks: the hits of a code, and how many there were by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec import Struct
from sqlalchemy import Connection
from starlette.responses import Response

from goodword.engine.ids import normalise_code
from goodword.engine.state import HANDLES, Handle, State
from goodword.program.duration import from_ms
from goodword.storage import hits
from goodword.storage.keys import ApiKey
from goodword.storage.load import load, load_live_programs
from goodword.storage.reads import BadCursor
from goodword.web.answers import answers_page, json
from goodword.web.api import After, Id, Limit, Reader
from goodword.web.context import context_of
from goodword.web.problems import Invalid, NotFound
from goodword.web.shapes import HitOut, hit_out

DAYS_DEFAULT = 30
"""How many days are counted where nobody says which."""
DAYS_MAX = 400
"""How many days one answer counts at most."""
EPOCH = date(1970, 1, 1)

Since = Annotated[date | None, Query(description="the first day; 30 days before `until` if not given")]
Until = Annotated[date | None, Query(description="the day after the last one; tomorrow if not given")]

router = APIRouter(prefix="/v1")


class DayCountOut(Struct, frozen=True):
    """How many hits of a kind a day had, UTC."""

    day: date
    kind: str
    """`person`, `repeated` (a person whose address had as many hits as are kept), `preview` (of a messenger), `prefetch` (of
    a browser), `bot`, or `gone` (the code was over)."""
    count: int


@router.get("/handles/{code}/hits", tags=["clicks"], responses=answers_page(HitOut, "hits, the newest first"))
def list_hits(request: Request, key: Reader, code: Id, after: After = None, limit: Limit = 50) -> Response:
    """The persons who followed the link of a code. Nothing tells who they were."""
    with context_of(request).parts.database.read() as connection:
        handle = _handle(connection, key, code)
        try:
            page = hits.hits_of(connection, key.tenant, handle.code, cursor=after, limit=limit)
        except BadCursor as error:
            raise Invalid(str(error), field="after") from None
    items = [hit_out(hit) for hit in page.items]
    return json({"items": items, "next": page.next})


@router.get("/handles/{code}/counts", tags=["clicks"], responses=answers_page(DayCountOut, "counts, the oldest first"))
def count_hits(request: Request, key: Reader, code: Id, since: Since = None, until: Until = None) -> Response:
    """How often the link of a code was followed, by day and kind. Days without hits are left out."""
    context = context_of(request)
    days = days_asked(context.parts.now_ms(), since, until)
    with context.parts.database.read() as connection:
        handle = _handle(connection, key, code)
        return _counts(connection, key, handle.program, handle.code, days)


@router.get(
    "/programs/{program}/counts", tags=["clicks"], responses=answers_page(DayCountOut, "counts, the oldest first")
)
def count_program_hits(
    request: Request, key: Reader, program: Id, since: Since = None, until: Until = None
) -> Response:
    """How often the links of a program were followed, by day and kind. Days without hits are left out."""
    context = context_of(request)
    days = days_asked(context.parts.now_ms(), since, until)
    with context.parts.database.read() as connection:
        if program not in load_live_programs(connection, key.tenant):
            raise NotFound
        return _counts(connection, key, program, "", days)


def _handle(connection: Connection, key: ApiKey, text: str) -> Handle:
    state, code = State(), normalise_code(text)
    load(connection, key.tenant, state, {HANDLES.name: {code}})
    handle = state.get(HANDLES, code)
    if handle is None:
        raise NotFound
    return handle


def days_asked(now_ms: int, since: date | None, until: date | None) -> tuple[int, int]:
    """The first day and the one after the last, as days since 1970."""
    try:
        end = until or from_ms(now_ms).date() + timedelta(days=1)
        start = since or end - timedelta(days=DAYS_DEFAULT)
    except OverflowError:
        raise Invalid("there is no such day", field="until") from None
    if (end - start).days > DAYS_MAX:
        raise Invalid(f"at most {DAYS_MAX} days are counted at once", field="since")
    return (start - EPOCH).days, (end - EPOCH).days


def _counts(connection: Connection, key: ApiKey, program: str, code: str, days: tuple[int, int]) -> Response:
    found = hits.counts(connection, key.tenant, program, code, since_day=days[0], until_day=days[1])
    items = [DayCountOut(EPOCH + timedelta(days=row.day), row.kind, row.count) for row in found]
    return json({"items": items, "next": None})
