"""Costs by the API: what programs cost beside their rewards, entered by the business."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.metrics.costs import ID_MAX, NOTE_MAX, Cost, CostError, Kind, content_id
from goodword.program.quantity import AMOUNT_MAX
from goodword.program.values import NAME_PATTERN
from goodword.storage.costs import AnotherCost, add_costs, costs, costs_lock, find_cost, remove_cost
from goodword.storage.keys import ApiKey
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import After, Filter, Id, Limit, Reader, page_of
from goodword.web.context import Context, context_of
from goodword.web.keys import Needs
from goodword.web.problems import Conflicts, Invalid, NotFound
from goodword.web.shapes import CostOut, cost_out
from goodword.web.telling import json_body, read_said

Staff = Annotated[ApiKey, Depends(Needs("staff"))]
router = APIRouter(prefix="/v1/costs", tags=["costs"])


class CostIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A cost for a time, shared evenly over its days."""

    kind: Kind
    first_day: date
    last_day: date
    """It belongs to the time."""
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="in the smallest unit of the currency")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217; of a program, the one it counts in")]
    program: Annotated[str, Meta(pattern=NAME_PATTERN)] | None = None
    """Without one it is a cost of the business, shared evenly over the programs that are in force on each day."""
    note: Annotated[str, Meta(max_length=NOTE_MAX)] = ""
    id: Annotated[str, Meta(min_length=1, max_length=ID_MAX)] | None = None
    """An id of your own, such as the number of the invoice; made of what the cost says if not given."""


@router.post(
    "",
    responses={
        **answers(CostOut, "the cost, which was there before"),
        **answers(CostOut, "the cost, entered", 201),
    },
    openapi_extra=json_body(CostIn),
)
async def enter_cost(request: Request, key: Staff) -> Response:
    """Enter a cost. One that says the same, or has the same id and says the same, is entered once."""
    context = context_of(request)
    given = await read_said(request, CostIn)
    stored, new = await run_in_threadpool(_enter, context, given)
    return json(cost_out(stored), 201 if new else 200)


@router.get("", responses=answers_page(CostOut, "costs, the newest first"))
def list_costs(
    request: Request, key: Reader, program: Filter = None, after: After = None, limit: Limit = 50
) -> Response:
    """Costs by the time at which they were entered, of everything or of one program."""
    with context_of(request).parts.database.read() as connection:
        return page_of(lambda: costs(connection, key.tenant, program=program, cursor=after, limit=limit), cost_out)


@router.get("/{cost}", responses=answers(CostOut, "the cost"))
def get_cost(request: Request, key: Reader, cost: Id) -> Response:
    """A cost as it was entered."""
    with context_of(request).parts.database.read() as connection:
        found = find_cost(connection, key.tenant, cost)
    if found is None:
        raise NotFound
    return json(cost_out(found))


@router.delete("/{cost}", status_code=204, responses={204: {"description": "it is gone"}})
def delete_cost(request: Request, key: Staff, cost: Id) -> Response:
    """Remove a cost. Figures are what they would be without it."""
    with context_of(request).parts.database.write_aside(costs_lock(key.tenant)) as connection:
        if not remove_cost(connection, key.tenant, cost):
            raise NotFound
    return Response(status_code=204)


def _enter(context: Context, given: CostIn) -> tuple[Cost, bool]:
    said = msgspec.structs.asdict(given) | {"id": given.id or "", "created_ms": context.parts.now_ms()}
    cost = Cost(**said)
    if given.id is None:
        cost = msgspec.structs.replace(cost, id=content_id(cost))
    with context.parts.database.write_aside(costs_lock(context.tenant)) as connection:
        try:
            added = add_costs(connection, context.tenant, [cost])
        except AnotherCost as error:
            raise Conflicts(error.reason, field=error.field) from None
        except CostError as error:
            raise Invalid(error.reason, field=error.field) from None
    return (added.new or added.known)[0], bool(added.new)
