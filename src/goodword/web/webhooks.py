"""Endpoints and what was sent to them: made, changed, tested, looked at and replayed by staff."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.delivery.addresses import BadUrl, check_host, parse_url, resolve_within, system_resolve
from goodword.delivery.dispatcher import outbox_lock
from goodword.delivery.mail import parse_address
from goodword.delivery.signing import secret
from goodword.engine.topics import NOTICES, TOPICS, is_pattern
from goodword.program.duration import DAY_MS, SECOND_MS, from_ms, iso, to_ms
from goodword.storage import deliveries, endpoints
from goodword.storage.deliveries import Attempt, Delivery, Status
from goodword.storage.endpoints import ENDPOINTS_MAX, Endpoint, EndpointState, Kind, TooManyEndpoints, Why
from goodword.storage.keys import ApiKey, Scope
from goodword.storage.reads import BadCursor
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import After, Filter, Id, Limit
from goodword.web.context import Context, context_of
from goodword.web.keys import Needs
from goodword.web.problems import Invalid, NotFound
from goodword.web.telling import json_body, read_said
from goodword.words.catalogue import LANGUAGES

SCOPES: tuple[Scope, ...] = ("webhooks",)
"""Who may see and change endpoints: an address can hold a secret of the shop's."""
TOPICS_MAX = 50
RESOLVE_SECONDS = 5.0
"""How long a name may take to be resolved when an endpoint is made."""
OVERLAP_SECONDS = DAY_MS // SECOND_MS
OVERLAP_SECONDS_MAX = 7 * DAY_MS // SECOND_MS

Manager = Annotated[ApiKey, Depends(Needs(*SCOPES))]
Topics = Annotated[
    tuple[Annotated[str, Meta(max_length=100)], ...],
    Meta(min_length=1, max_length=TOPICS_MAX, description="topics; `reward.*` for all of a kind, `*` for all"),
]
Target = Annotated[str, Meta(min_length=1, max_length=2000)]
ItemT = TypeVar("ItemT")
router = APIRouter(prefix="/v1", tags=["webhooks"])


# what is sent and shown -----------------------------------------------------------------------------------------------


class EndpointIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A new endpoint: the address of a webhook, or a mailbox of staff."""

    kind: Kind
    target: Target
    topics: Topics
    ordered: bool = False
    """One delivery after the other: one that fails holds up those behind it."""
    language: str = "en"
    """Of mails: `en`, `ar` or `ro`."""


class EndpointChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is not named stays."""

    target: Target | None = None
    topics: Topics | None = None
    ordered: bool | None = None
    language: str | None = None
    state: EndpointState | None = None


class RotationIn(Struct, frozen=True, forbid_unknown_fields=True):
    """How the secret is replaced."""

    overlap_seconds: Annotated[
        int, Meta(ge=0, le=OVERLAP_SECONDS_MAX, description="how long the old secret signs as well")
    ] = OVERLAP_SECONDS
    force: bool = False
    """Rotate although the secret before the last one still signs: it ends at once."""


class ReplayIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Which failed deliveries are to be sent again."""

    since: Annotated[datetime, Meta(tz=True, description="those made since this moment")]


class EndpointOut(Struct, frozen=True, omit_defaults=True):
    """An endpoint. A paused one collects what happens; a disabled one receives nothing, and `why` says the reason."""

    id: str
    kind: Kind
    target: str
    topics: tuple[str, ...]
    ordered: bool
    state: EndpointState
    language: str
    created_at: datetime
    why: Why | None = None
    delivered_at: datetime | None = None
    """When it last took something."""
    failures: int = 0
    """How many attempts failed since then."""
    old_secret_until: datetime | None = None


class EndpointSecret(EndpointOut, frozen=True, omit_defaults=True):
    """An endpoint with the secret by which its webhooks are verified: shown when it is made, and never again."""

    secret: str | None = None


class DeliveryOut(Struct, frozen=True, omit_defaults=True):
    """Something that an endpoint is told. Its id is the `webhook-id` of every attempt."""

    id: str
    endpoint: str
    topic: str
    reference: str
    seq: int
    happened_at: datetime
    created_at: datetime
    status: Status
    attempts: int
    next_at: datetime | None = None
    done_at: datetime | None = None


class AttemptOut(Struct, frozen=True, omit_defaults=True):
    """One try: the status that was answered, or what kind of error there was instead."""

    number: int
    at: datetime
    ms: int
    code: int | None = None
    error: str | None = None


class DeliveryDetail(DeliveryOut, frozen=True, omit_defaults=True):
    """A delivery with its attempts; of very many the newest."""

    log: tuple[AttemptOut, ...] = ()


class ReplayedOut(Struct, frozen=True):
    """How many deliveries were queued again."""

    replayed: int


# routes ---------------------------------------------------------------------------------------------------------------


@router.post(
    "/endpoints",
    responses=answers(EndpointSecret, "the endpoint with its secret", 201),
    openapi_extra=json_body(EndpointIn),
)
async def create_endpoint(request: Request, key: Manager) -> Response:
    """Make an endpoint. It receives what happens from now on."""
    context = context_of(request)
    given = await read_said(request, EndpointIn)
    return await run_in_threadpool(_create, context, key, given)


@router.get("/endpoints", responses=answers_page(EndpointOut, "all endpoints, the oldest first"))
def list_endpoints(request: Request, key: Manager) -> Response:
    """All endpoints, without their secrets."""
    with context_of(request).parts.database.read() as connection:
        items = [_endpoint_out(one) for one in endpoints.list_endpoints(connection, key.tenant)]
    return json({"items": items, "next": None})


@router.get("/endpoints/{endpoint}", responses=answers(EndpointOut, "the endpoint"))
def get_endpoint(request: Request, key: Manager, endpoint: Id) -> Response:
    """An endpoint, without its secret."""
    with context_of(request).parts.database.read() as connection:
        return json(_endpoint_out(_there(endpoints.find_endpoint(connection, key.tenant, endpoint))))


@router.patch(
    "/endpoints/{endpoint}",
    responses=answers(EndpointOut, "the endpoint as it is now"),
    openapi_extra=json_body(EndpointChange),
)
async def change_endpoint(request: Request, key: Manager, endpoint: Id) -> Response:
    """Change an endpoint: pause it, let it go on, switch it off or on again, give it another address or other topics.

    Switched off, what waits for it has failed, and what happens meanwhile is not kept for it.
    """
    context = context_of(request)
    change = await read_said(request, EndpointChange)
    return await run_in_threadpool(_change, context, key, endpoint, change)


@router.delete("/endpoints/{endpoint}", status_code=204, responses={204: {"description": "it is gone"}})
def delete_endpoint(request: Request, key: Manager, endpoint: Id) -> Response:
    """Remove an endpoint. What was sent to it stays in the log."""
    context = context_of(request)
    with _writing(context, key) as connection:
        if not endpoints.delete_endpoint(connection, key.tenant, endpoint):
            raise NotFound
        deliveries.fail_waiting(connection, key.tenant, endpoint, context.parts.now_ms())
    return Response(status_code=204)


@router.post(
    "/endpoints/{endpoint}/rotate",
    responses=answers(EndpointSecret, "the endpoint with its new secret"),
    openapi_extra=json_body(RotationIn, required=False),
)
async def rotate_secret(request: Request, key: Manager, endpoint: Id) -> Response:
    """Replace the secret of a webhook. For a while both sign, so that the receiver can change over in between."""
    context = context_of(request)
    given = await read_said(request, RotationIn, empty=True)
    return await run_in_threadpool(_rotate, context, key, endpoint, given)


@router.post(
    "/endpoints/{endpoint}/test",
    responses=answers(DeliveryDetail, "what came of it; `status` is `delivered` or `failed`"),
)
def test_endpoint(request: Request, key: Manager, endpoint: Id) -> Response:
    """Send `goodword.test` to an endpoint now, the way everything is sent, and tell what came of it."""
    context = context_of(request)
    with context.parts.database.read() as connection:
        found = _there(endpoints.find_endpoint(connection, key.tenant, endpoint))
    done = context.deliverer.courier.test(found)
    return json(_delivery_detail(done.delivery, [done.attempt]))


@router.post(
    "/endpoints/{endpoint}/replay",
    responses=answers(ReplayedOut, "how many are sent again"),
    openapi_extra=json_body(ReplayIn),
)
async def replay_failed(request: Request, key: Manager, endpoint: Id) -> Response:
    """Send all failed deliveries of an endpoint again that were made since a moment, under their ids."""
    context = context_of(request)
    given = await read_said(request, ReplayIn)
    return await run_in_threadpool(_replay_failed, context, key, endpoint, to_ms(given.since))


@router.get("/deliveries", responses=answers_page(DeliveryOut, "deliveries, the newest first"))
def list_deliveries(
    request: Request,
    key: Manager,
    endpoint: Filter = None,
    status: Status | None = None,
    topic: Filter = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """What was sent and what waits to be, by endpoint, status and topic."""
    with context_of(request).parts.database.read() as connection:
        try:
            page = deliveries.log_page(
                connection,
                key.tenant,
                endpoint=endpoint,
                status=status,
                topic=topic,
                cursor=after,
                limit=limit,
            )
        except BadCursor as error:
            raise Invalid(str(error), field="after") from None
    return json({"items": [_delivery_out(one, DeliveryOut) for one in page.items], "next": page.next})


@router.get("/deliveries/{delivery}", responses=answers(DeliveryDetail, "the delivery with its attempts"))
def get_delivery(request: Request, key: Manager, delivery: Id) -> Response:
    """A delivery and every attempt that was made."""
    with context_of(request).parts.database.read() as connection:
        found = _there(deliveries.find_delivery(connection, key.tenant, delivery))
        return json(_delivery_detail(found, deliveries.attempts_of(connection, key.tenant, delivery)))


@router.post("/deliveries/{delivery}/replay", responses=answers(DeliveryOut, "the delivery, which waits again"))
def replay_delivery(request: Request, key: Manager, delivery: Id) -> Response:
    """Send a delivery again under its id, whatever became of it, with the whole schedule before it."""
    context = context_of(request)
    with _writing(context, key) as connection:
        found = _there(deliveries.find_delivery(connection, key.tenant, delivery))
        _receiving(endpoints.find_endpoint(connection, key.tenant, found.endpoint))
        deliveries.replay(connection, key.tenant, delivery, context.parts.now_ms())
        queued = _there(deliveries.find_delivery(connection, key.tenant, delivery))
    context.deliverer.wake()
    return json(_delivery_out(queued, DeliveryOut))


# their work -----------------------------------------------------------------------------------------------------------


def _create(context: Context, key: ApiKey, given: EndpointIn) -> Response:
    _check_target(context, given.kind, given.target)
    _check_topics(given.kind, given.topics)
    _check_language(given.language)
    now_ms = context.parts.now_ms()
    with _writing(context, key) as connection:
        made = Endpoint(
            id=f"ep_{secrets.token_hex(8)}",
            kind=given.kind,
            target=given.target,
            topics=given.topics,
            ordered=given.ordered,
            state="active",
            why=None,
            language=given.language,
            generation=1,
            previous_until_ms=None,
            after_outbox=endpoints.outbox_position(connection, key.tenant),
            created_ms=now_ms,
        )
        try:
            endpoints.create_endpoint(connection, key.tenant, made)
        except TooManyEndpoints:
            raise Invalid(f"there may be at most {ENDPOINTS_MAX} endpoints") from None
    return json(_with_secret(context, made), 201)


def _change(context: Context, key: ApiKey, id: str, change: EndpointChange) -> Response:
    changes = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    with context.parts.database.read() as connection:
        kind = _there(endpoints.find_endpoint(connection, key.tenant, id)).kind
    if change.target is not None:
        _check_target(context, kind, change.target)
    if change.topics is not None:
        _check_topics(kind, change.topics)
    if change.language is not None:
        _check_language(change.language)
    if change.state is not None:
        changes |= {"why": "staff" if change.state == "disabled" else None, "failures": 0}
    with _writing(context, key) as connection:
        if changes and not endpoints.change_endpoint(connection, key.tenant, id, **changes):
            raise NotFound
        if change.state == "disabled":
            deliveries.fail_waiting(connection, key.tenant, id, context.parts.now_ms())
        changed = _there(endpoints.find_endpoint(connection, key.tenant, id))
    context.deliverer.wake()
    return json(_endpoint_out(changed))


def _rotate(context: Context, key: ApiKey, id: str, given: RotationIn) -> Response:
    with _writing(context, key) as connection:
        found = _there(endpoints.find_endpoint(connection, key.tenant, id))
        if found.kind != "webhook":
            raise Invalid("a mailbox has no secret")
        now_ms = context.parts.now_ms()
        if found.previous_until_ms is not None and now_ms < found.previous_until_ms and not given.force:
            raise Invalid(
                f"two secrets sign until {iso(found.previous_until_ms)}: a third one would end the older one too early;"
                ' wait, or say {"force": true}'
            )
        until_ms = now_ms + given.overlap_seconds * SECOND_MS
        next_one = msgspec.structs.replace(found, generation=found.generation + 1, previous_until_ms=until_ms)
        endpoints.change_endpoint(
            connection, key.tenant, id, generation=next_one.generation, previous_until_ms=next_one.previous_until_ms
        )
    return json(_with_secret(context, next_one))


def _replay_failed(context: Context, key: ApiKey, id: str, since_ms: int) -> Response:
    with _writing(context, key) as connection:
        _receiving(endpoints.find_endpoint(connection, key.tenant, id))
        count = deliveries.replay_failed(connection, key.tenant, id, since_ms, context.parts.now_ms())
    context.deliverer.wake()
    return json(ReplayedOut(count))


def _writing(context: Context, key: ApiKey) -> Any:
    """A transaction in which no outbox row is handed out: an endpoint gets all that happens after it, from the first on."""
    return context.parts.database.write_aside(outbox_lock(key.tenant))


def _check_target(context: Context, kind: Kind, target: str) -> None:
    private = context.parts.settings.webhook_private
    try:
        if kind == "mail":
            parse_address(target)
            return
        url = parse_url(target, private)
        check_host(url, private, lambda host, port: resolve_within(system_resolve, host, port, RESOLVE_SECONDS))
    except (BadUrl, ValueError) as error:
        raise Invalid(str(error), field="target") from None


def _check_topics(kind: Kind, topics: tuple[str, ...]) -> None:
    known = frozenset(TOPICS) | (frozenset(NOTICES) if kind == "mail" else frozenset())
    for place, topic in enumerate(topics):
        if not is_pattern(topic, known):
            reason = "is told by mail only" if topic in NOTICES else "is not a topic"
            raise Invalid(f"{topic} {reason}", field=f"topics[{place}]")


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid(f"one of {', '.join(LANGUAGES)}", field="language")


def _receiving(endpoint: Endpoint | None) -> None:
    if _there(endpoint).state == "disabled":
        raise Invalid("the endpoint is disabled: switch it on first")


def _there(found: ItemT | None) -> ItemT:
    if found is None:
        raise NotFound
    return found


def _endpoint_out(endpoint: Endpoint) -> EndpointOut:
    return EndpointOut(
        id=endpoint.id,
        kind=endpoint.kind,
        target=endpoint.target,
        topics=endpoint.topics,
        ordered=endpoint.ordered,
        state=endpoint.state,
        language=endpoint.language,
        created_at=from_ms(endpoint.created_ms),
        why=endpoint.why,
        delivered_at=_moment(endpoint.delivered_ms),
        failures=endpoint.failures,
        old_secret_until=_moment(endpoint.previous_until_ms),
    )


def _with_secret(context: Context, endpoint: Endpoint) -> EndpointSecret:
    shown = msgspec.structs.asdict(_endpoint_out(endpoint))
    webhook = endpoint.kind == "webhook"
    key = secret(context.parts.keyring, endpoint.id, endpoint.generation) if webhook else None
    return EndpointSecret(**shown, secret=key)


OutT = TypeVar("OutT", bound=DeliveryOut)


def _delivery_out(delivery: Delivery, shape: Callable[..., OutT], **more: Any) -> OutT:
    return shape(
        id=delivery.id,
        endpoint=delivery.endpoint,
        topic=delivery.topic,
        reference=delivery.reference,
        seq=delivery.seq,
        happened_at=from_ms(delivery.happened_ms),
        created_at=from_ms(delivery.created_ms),
        status=delivery.status,
        attempts=delivery.attempts,
        next_at=from_ms(delivery.next_ms) if delivery.status == "waiting" else None,
        done_at=_moment(delivery.done_ms),
        **more,
    )


def _delivery_detail(delivery: Delivery, made: list[Attempt]) -> DeliveryDetail:
    log = tuple(AttemptOut(one.number, from_ms(one.at_ms), one.took_ms, one.code, one.error) for one in made)
    return _delivery_out(delivery, DeliveryDetail, log=log)


def _moment(instant_ms: int | None) -> datetime | None:
    return None if instant_ms is None else from_ms(instant_ms)
