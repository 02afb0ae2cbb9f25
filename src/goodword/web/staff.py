"""What staff do: act on rewards, publish programs."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.events import Id as EventId
from goodword.engine.events import Text
from goodword.engine.reasons import Answer
from goodword.pipeline.batcher import WriterUnavailable
from goodword.pipeline.intake import EVENT_BYTES_MAX
from goodword.program.duration import iso
from goodword.program.linter import lint
from goodword.program.loader import FILE_BYTES_MAX, Program, ProgramError, load_program
from goodword.program.quantity import AMOUNT_MAX
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.web.answers import answers, answers_page, json, named
from goodword.web.api import PRINTABLE, Id, Reader
from goodword.web.context import Context, context_of, read_body
from goodword.web.events import Intake, decide_one
from goodword.web.keys import Needs
from goodword.web.problems import (
    Conflicts,
    FileProblem,
    Invalid,
    InvalidProgram,
    NotFound,
    NotJson,
    NotText,
    TooLarge,
    Unavailable,
)
from goodword.web.shapes import ProgramDetail, ProgramOut, PublishedOut, WarningOut, program_out

Action = Literal["approve", "deny", "issue", "redeem", "reverse", "fail"]
Admin = Annotated[ApiKey, Depends(Needs("admin"))]
ProgramName = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
router = APIRouter(prefix="/v1")


class RewardActionIn(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What may be said about an action on a reward."""

    id: EventId | None = None
    """The id of the event: sent again, it is not decided again. Without one, each request is an event of its own."""
    amount: Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="all of it if not said")] | None = None
    why: Text = ""


_ACTION: msgspec.json.Decoder[RewardActionIn] = msgspec.json.Decoder(RewardActionIn)


def _body_of(media_type: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema}}}}


@router.post(
    "/rewards/{reward}/{action}",
    tags=["rewards"],
    responses=answers(Answer, "the answer: a refusal is one as well"),
    openapi_extra=_body_of(
        "application/json", {"$ref": f"#/components/schemas/{named(RewardActionIn)}"}, required=False
    ),
)
async def act_on_reward(request: Request, key: Admin, reward: Id, action: Action) -> Response:
    """Act on a reward now: the same as an event of type `reward`."""
    context = context_of(request)
    said = _read_action(await read_body(request, EVENT_BYTES_MAX))

    async def act() -> Response:
        event = {
            "type": "reward",
            "id": said.id or str(uuid.uuid4()),
            "occurred_at": iso(await run_in_threadpool(_occurred_ms, context, key, said.id)),
            "reward": reward,
            "action": action,
            "amount": said.amount,
            "why": said.why,
        }
        sealed = await Intake(context, key).sealed_in_time(msgspec.json.encode(event))
        return Response(await decide_one(context.batcher, sealed), media_type="application/json")

    try:
        return await act()
    except Conflicts:
        # Told at the same moment by somebody else: by now the time of the first telling is stored.
        return await act()


@router.post(
    "/programs",
    tags=["programs"],
    responses=answers(PublishedOut, "it was in force already")
    | answers(PublishedOut, "it is in force for referrals claimed from now on", 201),
    openapi_extra=_body_of("text/yaml", {"type": "string"}, required=True),
)
async def publish_program(request: Request, key: Admin) -> Response:
    """Bring a program file into force as the next version of its program."""
    context = context_of(request)
    text = await _program_text(request)
    try:
        # Read here first: what cannot be accepted shall not keep the writer from its events.
        await run_in_threadpool(load_program, text)
        future = context.batcher.call(lambda: context.parts.tenants.publish(key.tenant, text, context.parts.now_ms()))
        program, new = await asyncio.shield(asyncio.wrap_future(future))
    except WriterUnavailable:
        raise Unavailable from None
    except ProgramError as error:
        found = tuple(FileProblem(one.line, one.column, one.path, one.message) for one in error.problems)
        raise InvalidProgram(f"problems found: {len(found)}", problems=found) from None
    return json(await run_in_threadpool(_published, program, new), 201 if new else 200)


@router.get("/programs", tags=["programs"], responses=answers_page(ProgramOut, "the current version of each program"))
def list_programs(request: Request, key: Reader) -> Response:
    """The programs that are in force."""
    with context_of(request).parts.database.read() as connection:
        versions = reads.program_versions(connection, key.tenant)
    return json({"items": [program_out(one) for one in versions if one.current], "next": None})


@router.get("/programs/{program}", tags=["programs"], responses=answers(ProgramDetail, "the program"))
def get_program(request: Request, key: Reader, program: ProgramName) -> Response:
    """A program with its file and all its versions."""
    with context_of(request).parts.database.read() as connection:
        versions = reads.program_versions(connection, key.tenant, program)
        current = next((one for one in versions if one.current), None)
        file = reads.program_text(connection, key.tenant, program, current.version) if current else None
    if current is None or file is None:
        raise NotFound
    return json(ProgramDetail(program, current.version, file, tuple(map(program_out, versions))))


def _occurred_ms(context: Context, key: ApiKey, id: str | None) -> int:
    """Now, or the time of the event of this id: told again, it has to be the same event."""
    stored = None
    if id is not None:
        with context.parts.database.read() as connection:
            stored = reads.event(connection, key.tenant, id)
    return context.parts.now_ms() if stored is None else stored.occurred_ms


def _read_action(body: bytes) -> RewardActionIn:
    if not body.strip():
        return RewardActionIn()
    try:
        body.decode()
        return _ACTION.decode(body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Invalid(message, field=path.rstrip("`").lstrip(".") or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJson from None


async def _program_text(request: Request) -> str:
    try:
        text = (await read_body(request, FILE_BYTES_MAX)).decode()
    except UnicodeDecodeError as error:
        raise NotText(f"not UTF-8 at byte {error.start}") from None
    except TooLarge as error:
        raise TooLarge(f"a program file has at most {FILE_BYTES_MAX} bytes") from error
    if "\0" in text:
        raise NotText("NUL is not accepted")
    return text


def _published(program: Program, new: bool) -> PublishedOut:
    warnings = tuple(WarningOut(one.code, one.path, one.place, one.message) for one in lint(program))
    return PublishedOut(program.name, program.version, program.digest, new, warnings)
