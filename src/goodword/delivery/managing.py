"""Endpoints made, changed, looked at and replayed: what the API and the command line share. Everything bad is told with its field."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from goodword.delivery.addresses import BadUrl, check_host, parse_url, resolve_within, system_resolve
from goodword.delivery.dispatcher import outbox_lock
from goodword.delivery.mail import parse_address
from goodword.delivery.signing import secret
from goodword.engine.ids import Keyring
from goodword.engine.topics import NOTICES, TOPICS, is_pattern
from goodword.program.duration import DAY_MS, SECOND_MS, from_ms, iso
from goodword.storage import deliveries, endpoints
from goodword.storage.database import Database
from goodword.storage.deliveries import Attempt, Delivery, Status
from goodword.storage.endpoints import ENDPOINTS_MAX, Endpoint, EndpointState, Kind, TooManyEndpoints, Why
from goodword.words.catalogue import LANGUAGES

TOPICS_MAX = 50
RESOLVE_SECONDS = 5.0
"""How long a name may take to be resolved when an endpoint is made."""
OVERLAP_SECONDS = DAY_MS // SECOND_MS
OVERLAP_SECONDS_MAX = 7 * DAY_MS // SECOND_MS

Topics = Annotated[
    tuple[Annotated[str, Meta(max_length=100)], ...],
    Meta(min_length=1, max_length=TOPICS_MAX, description="topics; `reward.*` for all of a kind, `*` for all"),
]
Target = Annotated[str, Meta(min_length=1, max_length=2000)]
ItemT = TypeVar("ItemT")


class Refused(ValueError):
    """What cannot be done: which field is wrong, if it is one, and why."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field


class NotThere(LookupError):
    """There is no such endpoint, or no such delivery."""


# what is said and shown -----------------------------------------------------------------------------------------------


class EndpointIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A new endpoint: the address of a webhook, or a mailbox of staff."""

    kind: Kind
    target: Target
    topics: Topics
    ordered: bool = False
    """One delivery after the other: one that fails holds up those behind it, for the whole schedule at most."""
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


# what is done ---------------------------------------------------------------------------------------------------------


class Manager:
    """Manages the endpoints of a tenant. Who delivers sees a change when it looks next."""

    def __init__(
        self, database: Database, keyring: Keyring, tenant: str, now_ms: Callable[[], int], private: bool
    ) -> None:
        """With `private`, webhooks may use http and go to private addresses."""
        self._database = database
        self._keyring = keyring
        self._tenant = tenant
        self._now_ms = now_ms
        self._private = private

    def all(self) -> list[EndpointOut]:
        """All endpoints, the oldest first."""
        with self._database.read() as connection:
            return [endpoint_out(one) for one in endpoints.list_endpoints(connection, self._tenant)]

    def find(self, id: str) -> Endpoint:
        """An endpoint.

        Raises:
            NotThere: there is none of this id.
        """
        with self._database.read() as connection:
            return _there(endpoints.find_endpoint(connection, self._tenant, id))

    def create(self, given: EndpointIn) -> EndpointSecret:
        """Make an endpoint. It receives what happens from now on.

        Raises:
            Refused: something of it cannot be.
        """
        self._check_target(given.kind, given.target)
        _check_topics(given.kind, given.topics)
        _check_language(given.language)
        now_ms = self._now_ms()
        with self._writing() as connection:
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
                after_outbox=endpoints.outbox_position(connection, self._tenant),
                created_ms=now_ms,
            )
            try:
                endpoints.create_endpoint(connection, self._tenant, made)
            except TooManyEndpoints:
                raise Refused(f"there may be at most {ENDPOINTS_MAX} endpoints") from None
        return self._with_secret(made)

    def change(self, id: str, change: EndpointChange) -> EndpointOut:
        """Change an endpoint. Switched off, what waits for it has failed.

        Raises:
            NotThere: there is none of this id.
            Refused: something of it cannot be.
        """
        changes = {name: value for name, value in asdict(change).items() if value is not None}
        kind = self.find(id).kind
        if change.target is not None:
            self._check_target(kind, change.target)
        if change.topics is not None:
            _check_topics(kind, change.topics)
        if change.language is not None:
            _check_language(change.language)
        if change.state is not None:
            changes |= {"why": "staff" if change.state == "disabled" else None, "failures": 0}
        with self._writing() as connection:
            if changes and not endpoints.change_endpoint(connection, self._tenant, id, **changes):
                raise NotThere
            if change.state == "disabled":
                deliveries.fail_waiting(connection, self._tenant, id, self._now_ms())
            return endpoint_out(_there(endpoints.find_endpoint(connection, self._tenant, id)))

    def remove(self, id: str) -> None:
        """Remove an endpoint. What was sent to it stays in the log.

        Raises:
            NotThere: there is none of this id.
        """
        with self._writing() as connection:
            if not endpoints.delete_endpoint(connection, self._tenant, id):
                raise NotThere
            deliveries.fail_waiting(connection, self._tenant, id, self._now_ms())

    def rotate(self, id: str, given: RotationIn) -> EndpointSecret:
        """Replace the secret of a webhook. For a while both sign.

        Raises:
            NotThere: there is none of this id.
            Refused: it has no secret, or two of them sign already.
        """
        with self._writing() as connection:
            found = _there(endpoints.find_endpoint(connection, self._tenant, id))
            if found.kind != "webhook":
                raise Refused("a mailbox has no secret")
            now_ms = self._now_ms()
            if found.previous_until_ms is not None and now_ms < found.previous_until_ms and not given.force:
                raise Refused(
                    f"two secrets sign until {iso(found.previous_until_ms)}: a third one would end the older one too early;"
                    " wait, or say `force`"
                )
            until_ms = now_ms + given.overlap_seconds * SECOND_MS
            next_one = replace(found, generation=found.generation + 1, previous_until_ms=until_ms)
            changes = {"generation": next_one.generation, "previous_until_ms": next_one.previous_until_ms}
            endpoints.change_endpoint(connection, self._tenant, id, **changes)
        return self._with_secret(next_one)

    def replay_failed(self, id: str, since_ms: int) -> int:
        """Queue all failed deliveries of an endpoint again that were made since a moment; how many.

        Raises:
            NotThere: there is none of this id.
            Refused: it is disabled.
        """
        with self._writing() as connection:
            _receiving(endpoints.find_endpoint(connection, self._tenant, id))
            return deliveries.replay_failed(connection, self._tenant, id, since_ms, self._now_ms())

    def replay(self, delivery: str) -> DeliveryOut:
        """Queue a delivery again under its id, whatever became of it, with the whole schedule before it.

        Raises:
            NotThere: there is none of this id, or its endpoint is gone.
            Refused: its endpoint is disabled.
        """
        with self._writing() as connection:
            found = _there(deliveries.find_delivery(connection, self._tenant, delivery))
            _receiving(endpoints.find_endpoint(connection, self._tenant, found.endpoint))
            deliveries.replay(connection, self._tenant, delivery, self._now_ms())
            return delivery_out(_there(deliveries.find_delivery(connection, self._tenant, delivery)), DeliveryOut)

    def log(
        self, *, endpoint: str | None, status: Status | None, topic: str | None, cursor: str | None, limit: int
    ) -> tuple[list[DeliveryOut], str | None]:
        """Deliveries, the newest first, and where the next page begins.

        Raises:
            BadCursor: the cursor is none of ours.
        """
        with self._database.read() as connection:
            given: dict[str, Any] = {"endpoint": endpoint, "status": status, "topic": topic}
            page = deliveries.log_page(connection, self._tenant, cursor=cursor, limit=limit, **given)
        return [delivery_out(one, DeliveryOut) for one in page.items], page.next

    def delivery(self, id: str) -> DeliveryDetail:
        """A delivery with its attempts.

        Raises:
            NotThere: there is none of this id.
        """
        with self._database.read() as connection:
            found = _there(deliveries.find_delivery(connection, self._tenant, id))
            return delivery_detail(found, deliveries.attempts_of(connection, self._tenant, id))

    def _writing(self) -> Any:
        """A transaction in which no outbox row is handed out: an endpoint gets all that happens after it, from the first on."""
        return self._database.write_aside(outbox_lock(self._tenant))

    def _check_target(self, kind: Kind, target: str) -> None:
        try:
            if kind == "mail":
                parse_address(target)
                return
            url = parse_url(target, self._private)
            check_host(
                url, self._private, lambda host, port: resolve_within(system_resolve, host, port, RESOLVE_SECONDS)
            )
        except (BadUrl, ValueError) as error:
            raise Refused(str(error), "target") from None

    def _with_secret(self, endpoint: Endpoint) -> EndpointSecret:
        webhook = endpoint.kind == "webhook"
        key = secret(self._keyring, endpoint.id, endpoint.generation) if webhook else None
        return EndpointSecret(**asdict(endpoint_out(endpoint)), secret=key)


def _check_topics(kind: Kind, topics: tuple[str, ...]) -> None:
    known = frozenset(TOPICS) | (frozenset(NOTICES) if kind == "mail" else frozenset())
    for place, topic in enumerate(topics):
        if not is_pattern(topic, known):
            reason = "is told by mail only" if topic in NOTICES else "is not a topic"
            raise Refused(f"{topic} {reason}", f"topics[{place}]")


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Refused(f"one of {', '.join(LANGUAGES)}", "language")


def _receiving(endpoint: Endpoint | None) -> None:
    if _there(endpoint).state == "disabled":
        raise Refused("the endpoint is disabled: switch it on first")


def _there(found: ItemT | None) -> ItemT:
    if found is None:
        raise NotThere
    return found


def endpoint_out(endpoint: Endpoint) -> EndpointOut:
    """An endpoint as it is shown."""
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


OutT = TypeVar("OutT", bound=DeliveryOut)


def delivery_out(delivery: Delivery, shape: Callable[..., OutT], **more: Any) -> OutT:
    """A delivery as it is shown."""
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


def delivery_detail(delivery: Delivery, made: Sequence[Attempt]) -> DeliveryDetail:
    """A delivery with its attempts as it is shown."""
    log = tuple(AttemptOut(one.number, from_ms(one.at_ms), one.took_ms, one.code, one.error) for one in made)
    return delivery_out(delivery, DeliveryDetail, log=log)


def _moment(instant_ms: int | None) -> datetime | None:
    return None if instant_ms is None else from_ms(instant_ms)
