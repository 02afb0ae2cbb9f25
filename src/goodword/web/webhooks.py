"""Endpoints and what was sent to them: made, changed, tested, looked at and replayed by staff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.delivery.managing import (
    DeliveryDetail,
    DeliveryOut,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointSecret,
    Manager,
    NotThere,
    Refused,
    ReplayedOut,
    ReplayIn,
    RotationIn,
    delivery_detail,
    endpoint_out,
)
from goodword.program.duration import to_ms
from goodword.storage.deliveries import Status
from goodword.storage.keys import ApiKey, Scope
from goodword.storage.reads import BadCursor
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import After, Filter, Id, Limit
from goodword.web.context import Context, context_of
from goodword.web.keys import Needs
from goodword.web.problems import Invalid, NotFound
from goodword.web.telling import json_body, read_said

SCOPES: tuple[Scope, ...] = ("webhooks",)
"""Who may see and change endpoints: an address can hold a secret of the shop's."""

Staff = Annotated[ApiKey, Depends(Needs(*SCOPES))]
ReturnT = TypeVar("ReturnT")
router = APIRouter(prefix="/v1", tags=["webhooks"])


# routes ---------------------------------------------------------------------------------------------------------------


@router.post(
    "/endpoints",
    responses=answers(EndpointSecret, "the endpoint with its secret", 201),
    openapi_extra=json_body(EndpointIn),
)
async def create_endpoint(request: Request, key: Staff) -> Response:
    """Make an endpoint. It receives what happens from now on."""
    context = context_of(request)
    given = await read_said(request, EndpointIn)
    return json(await _done(lambda: _manager(context).create(given)), 201)


@router.get("/endpoints", responses=answers_page(EndpointOut, "all endpoints, the oldest first"))
def list_endpoints(request: Request, key: Staff) -> Response:
    """All endpoints, without their secrets."""
    return json({"items": _manager(context_of(request)).all(), "next": None})


@router.get("/endpoints/{endpoint}", responses=answers(EndpointOut, "the endpoint"))
def get_endpoint(request: Request, key: Staff, endpoint: Id) -> Response:
    """An endpoint, without its secret."""
    with _problems():
        return json(endpoint_out(_manager(context_of(request)).find(endpoint)))


@router.patch(
    "/endpoints/{endpoint}",
    responses=answers(EndpointOut, "the endpoint as it is now"),
    openapi_extra=json_body(EndpointChange),
)
async def change_endpoint(request: Request, key: Staff, endpoint: Id) -> Response:
    """Change an endpoint: pause it, let it go on, switch it off or on again, give it another address or other topics.

    Switched off, what waits for it has failed, and what happens meanwhile is not kept for it.
    """
    context = context_of(request)
    change = await read_said(request, EndpointChange)
    changed = await _done(lambda: _manager(context).change(endpoint, change))
    context.deliverer.wake()
    return json(changed)


@router.delete("/endpoints/{endpoint}", status_code=204, responses={204: {"description": "it is gone"}})
def delete_endpoint(request: Request, key: Staff, endpoint: Id) -> Response:
    """Remove an endpoint. What was sent to it stays in the log."""
    with _problems():
        _manager(context_of(request)).remove(endpoint)
    return Response(status_code=204)


@router.post(
    "/endpoints/{endpoint}/rotate",
    responses=answers(EndpointSecret, "the endpoint with its new secret"),
    openapi_extra=json_body(RotationIn, required=False),
)
async def rotate_secret(request: Request, key: Staff, endpoint: Id) -> Response:
    """Replace the secret of a webhook. For a while both sign, so that the receiver can change over in between."""
    context = context_of(request)
    given = await read_said(request, RotationIn, empty=True)
    return json(await _done(lambda: _manager(context).rotate(endpoint, given)))


@router.post(
    "/endpoints/{endpoint}/test",
    responses=answers(DeliveryDetail, "what came of it; `status` is `delivered` or `failed`"),
)
def test_endpoint(request: Request, key: Staff, endpoint: Id) -> Response:
    """Send `goodword.test` to an endpoint now, the way everything is sent, and tell what came of it."""
    context = context_of(request)
    with _problems():
        found = _manager(context).find(endpoint)
    done = context.deliverer.courier.test(found)
    return json(delivery_detail(done.delivery, [done.attempt]))


@router.post(
    "/endpoints/{endpoint}/replay",
    responses=answers(ReplayedOut, "how many are sent again"),
    openapi_extra=json_body(ReplayIn),
)
async def replay_failed(request: Request, key: Staff, endpoint: Id) -> Response:
    """Send all failed deliveries of an endpoint again that were made since a moment, under their ids."""
    context = context_of(request)
    given = await read_said(request, ReplayIn)
    count = await _done(lambda: _manager(context).replay_failed(endpoint, to_ms(given.since)))
    context.deliverer.wake()
    return json(ReplayedOut(count))


@router.get("/deliveries", responses=answers_page(DeliveryOut, "deliveries, the newest first"))
def list_deliveries(
    request: Request,
    key: Staff,
    endpoint: Filter = None,
    status: Status | None = None,
    topic: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """What was sent and what waits to be, by endpoint, status and topic."""
    manager = _manager(context_of(request))
    try:
        items, following = manager.log(endpoint=endpoint, status=status, topic=topic, cursor=after, limit=limit)
    except BadCursor as error:
        raise Invalid(str(error), field="after") from None
    return json({"items": items, "next": following})


@router.get("/deliveries/{delivery}", responses=answers(DeliveryDetail, "the delivery with its attempts"))
def get_delivery(request: Request, key: Staff, delivery: Id) -> Response:
    """A delivery and every attempt that was made."""
    with _problems():
        return json(_manager(context_of(request)).delivery(delivery))


@router.post("/deliveries/{delivery}/replay", responses=answers(DeliveryOut, "the delivery, which waits again"))
def replay_delivery(request: Request, key: Staff, delivery: Id) -> Response:
    """Send a delivery again under its id, whatever became of it, with the whole schedule before it."""
    context = context_of(request)
    with _problems():
        queued = _manager(context).replay(delivery)
    context.deliverer.wake()
    return json(queued)


# their work -----------------------------------------------------------------------------------------------------------


def _manager(context: Context) -> Manager:
    parts = context.parts
    return Manager(parts.database, parts.keyring, context.tenant, parts.now_ms, parts.settings.webhook_private)


async def _done(work: Callable[[], ReturnT]) -> ReturnT:
    """Have it done in a thread, so that others need not wait."""
    with _problems():
        return await run_in_threadpool(work)


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except NotThere:
        raise NotFound from None
    except Refused as error:
        raise Invalid(error.reason, field=error.field) from None
