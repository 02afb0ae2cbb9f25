"""Telling one event by a route of its own: what the path says, what the body says, and now as its time."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import fields
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from goodword.engine.events import Event, Id
from goodword.pipeline.intake import EVENT_BYTES_MAX, check_text
from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.program.duration import iso
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.web.answers import named
from goodword.web.context import Context, context_of, read_body
from goodword.web.events import Intake, decide_one
from goodword.web.problems import Conflicts, Invalid, NotJson

BodyT = TypeVar("BodyT")


def body_of(event: type[Event], *given: str) -> type[Struct]:
    """What the body of a route says of an event: all but its time, and what its path gives.

    Its id is optional: sent again with the same one, it is not decided again; without one, each request is its own event.
    """
    hints = get_type_hints(event, include_extras=True)
    told = [one for one in fields(event) if one.name not in ("id", "occurred_at", *given)]
    required = [(one.name, hints[one.name]) for one in told if one.required]
    optional = [(one.name, hints[one.name], one.default) for one in told if not one.required]
    return msgspec.defstruct(
        f"{event.__name__}In",
        [*required, *optional, ("id", Id | None, None)],
        namespace={"__doc__": event.__doc__},
        frozen=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )


def request_body(media_type: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """The description of a body that FastAPI does not read itself."""
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema}}}}


def json_body(type_: type[Struct], required: bool = True) -> dict[str, Any]:
    """The description of a body of JSON."""
    return request_body("application/json", {"$ref": f"#/components/schemas/{named(type_)}"}, required)


async def read_said(request: Request, type_: type[BodyT], *, empty: bool = False) -> BodyT:
    """What a body says; with `empty`, one without content says nothing.

    Raises:
        Invalid: a wrong or missing value; with the field.
        NotJson: it is not JSON.
    """
    body = await read_body(request, EVENT_BYTES_MAX)
    said = decoded(body or (b"{}" if empty else b""), type_)
    try:
        check_text(msgspec.to_builtins(said), "")
    except Refused as error:
        raise Invalid(error.reason, field=error.field or None) from None
    return said


def decoded(body: bytes, type_: type[BodyT]) -> BodyT:
    """A body as what it should be. Its texts are not looked at.

    Raises:
        Invalid: a wrong or missing value; with the field.
        NotJson: it is not JSON.
    """
    try:
        body.decode()
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Invalid(message, field=path.rstrip("`").lstrip(".") or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


async def said_in(request: Request, type_: type[Struct]) -> dict[str, Any]:
    """What a body says of an event, as plain data. An empty one says nothing."""
    said: dict[str, Any] = msgspec.to_builtins(await read_said(request, type_, empty=True))
    return said


async def tell_now(request: Request, key: ApiKey, type_: type[Struct], kind: str, **given: Any) -> Response:
    """Have an event decided that happens now, as the body and `given` say, and answer it.

    Raises:
        Problem: it cannot be accepted, or not from this caller.
    """
    context = context_of(request)
    said = await said_in(request, type_)

    async def tell() -> Response:
        id = said.get("id")
        occurred_at = iso(await run_in_threadpool(_occurred_ms, context, key, id))
        event = {**said, **given, "type": kind, "id": id or str(uuid.uuid4()), "occurred_at": occurred_at}
        sealed = await Intake(context, key).sealed_in_time(msgspec.json.encode(event))
        return Response(await decide_one(context.batcher, sealed), media_type="application/json")

    try:
        return await tell()
    except Conflicts:
        if said.get("id") is None:
            raise
        # Told at the same moment by somebody else: by now the time of the first telling is stored.
        return await tell()


def _occurred_ms(context: Context, key: ApiKey, id: str | None) -> int:
    """Now, or the time of the event of this id: told again, it has to be the same event."""
    stored = None
    if id is not None:
        with context.parts.database.read() as connection:
            stored = reads.event(connection, key.tenant, id)
    return context.parts.now_ms() if stored is None else stored.occurred_ms
