"""Programs by the API: publish now or at a date, roll back, and see what was in force when."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.events import TEXT_MAX, VERSION_MAX
from goodword.pipeline.batcher import WriterUnavailable
from goodword.pipeline.tenant import PlanInTheWay
from goodword.program.diff import changes
from goodword.program.duration import from_ms, iso, to_ms
from goodword.program.linter import lint
from goodword.program.loader import FILE_BYTES_MAX, Program, ProgramError, load_program
from goodword.program.notice import NoticeNeeded
from goodword.said import terms_of
from goodword.storage import reads
from goodword.storage.keys import ApiKey
from goodword.storage.load import load_program_rows
from goodword.web.answers import answers, answers_page, json
from goodword.web.api import PRINTABLE, KnownLanguage, Reader, Teller
from goodword.web.context import context_of, read_body
from goodword.web.keys import Needs
from goodword.web.problems import (
    FileProblem,
    Invalid,
    InvalidProgram,
    NotFound,
    NoticeTooShort,
    NotText,
    TooLarge,
    Unavailable,
)
from goodword.web.problems import PlanInTheWay as PlanProblem
from goodword.web.shapes import (
    DiffOut,
    ProgramDetail,
    ProgramOut,
    PublishedOut,
    TermsOut,
    VersionDetail,
    WarningOut,
    change_out,
    program_detail,
    program_out,
)
from goodword.web.telling import request_body
from goodword.words.catalogue import FALLBACK

ProgramName = Annotated[str, Path(min_length=1, max_length=100, pattern=PRINTABLE)]
Version = Annotated[int, Path(ge=1, le=VERSION_MAX)]
router = APIRouter(prefix="/v1/programs", tags=["programs"])


At = Annotated[
    datetime | None, Query(description="when it comes into force, in the place of what was planned; now if not given")
]
Why = Annotated[
    str,
    Query(
        max_length=TEXT_MAX,
        pattern=PRINTABLE,
        description="why something is taken away from advocates without the notice that the version in force promises",
    ),
]
_PUBLISHED = answers(PublishedOut, "it was in force already, or planned for this time") | answers(
    PublishedOut, "it is in force for referrals claimed from now on, or planned", 201
)


@router.post("", responses=_PUBLISHED, openapi_extra=request_body("text/yaml", {"type": "string"}, required=True))
async def publish_program(
    request: Request, key: Annotated[ApiKey, Depends(Needs("programs"))], at: At = None, why: Why = ""
) -> Response:
    """Bring a program file into force as the next version of its program, now or at a date."""
    return await _publish(request, key, await _program_text(request), at, why)


@router.post("/{program}/versions/{version}/publish", responses=_PUBLISHED)
async def publish_version(
    request: Request,
    key: Annotated[ApiKey, Depends(Needs("programs"))],
    program: ProgramName,
    version: Version,
    at: At = None,
    why: Why = "",
) -> Response:
    """Roll back: bring the file of an earlier version into force again, as the next version."""
    file = await run_in_threadpool(_stored_file, request, key, program, version)
    return await _publish(request, key, file, at, why)


def _stored_file(request: Request, key: ApiKey, program: str, version: int) -> str:
    with context_of(request).parts.database.read() as connection:
        return _file(connection, key, program, version)


async def _publish(request: Request, key: ApiKey, text: str, at: datetime | None, why: str) -> Response:
    parts = context_of(request).parts
    at_ms = None if at is None else _moment(at)
    try:
        # Read here first: what cannot be accepted shall not keep the writer from its events.
        await run_in_threadpool(load_program, text)
        future = context_of(request).batcher.call(
            lambda: parts.tenants.publish(key.tenant, text, parts.now_ms(), at_ms, why)
        )
        program, new = await asyncio.shield(asyncio.wrap_future(future))
    except WriterUnavailable:
        raise Unavailable from None
    except ProgramError as error:
        found = tuple(FileProblem(one.line, one.column, one.path, one.message) for one in error.problems)
        raise InvalidProgram(f"problems found: {len(found)}", problems=found) from None
    except NoticeNeeded as error:
        earliest = iso(error.earliest_ms)
        raise NoticeTooShort(
            f"{error}: say `at` from {earliest} on, or `why` it has to be sooner", field="at"
        ) from None
    except PlanInTheWay as error:
        raise PlanProblem(str(error), field="at") from None
    return json(await run_in_threadpool(_published, request, key, program, new), 201 if new else 200)


@router.get("", responses=answers_page(ProgramOut, "the current version of each program"))
def list_programs(request: Request, key: Reader) -> Response:
    """The programs that are in force."""
    with context_of(request).parts.database.read() as connection:
        versions = reads.program_versions(connection, key.tenant)
    return json({"items": [program_out(one) for one in versions if one.current], "next": None})


@router.get("/{program}", responses=answers(ProgramDetail, "the program"))
def get_program(request: Request, key: Reader, program: ProgramName) -> Response:
    """Where a program stands: its file, all its versions, what is planned, and when it was closed."""
    with context_of(request).parts.database.read() as connection:
        row = load_program_rows(connection, key.tenant).get(program)
        if row is None:
            raise NotFound
        versions = reads.program_versions(connection, key.tenant, program)
        file = _file(connection, key, program, row.version) if row.version else None
    return json(program_detail(row, file, tuple(map(program_out, versions))))


@router.get("/{program}/versions/{version}", responses=answers(VersionDetail, "the version"))
def get_version(request: Request, key: Reader, program: ProgramName, version: Version) -> Response:
    """A version as it was published: it never changes."""
    with context_of(request).parts.database.read() as connection:
        file = _file(connection, key, program, version)
        versions = reads.program_versions(connection, key.tenant, program)
    about = next(program_out(one) for one in versions if one.version == version)
    return json(VersionDetail(about, file))


@router.get("/{program}/versions/{version}/terms", responses=answers(TermsOut, "the terms"))
def get_terms(
    request: Request, key: Teller, program: ProgramName, version: Version, language: KnownLanguage = FALLBACK
) -> Response:
    """What a version says to people, as it was stored with it: what somebody accepts who is shown it."""
    with context_of(request).parts.database.read() as connection:
        text = terms_of(connection, key.tenant, program, version, language)
    if text is None:
        raise NotFound
    return json(TermsOut(program, version, language, text))


@router.get("/{program}/diff", responses=answers(DiffOut, "what changed"))
def get_diff(
    request: Request,
    key: Reader,
    program: ProgramName,
    old: Annotated[int, Query(alias="from", ge=1, le=VERSION_MAX, description="the older version")],
    new: Annotated[int, Query(alias="to", ge=1, le=VERSION_MAX, description="the newer version")],
) -> Response:
    """What changed between two versions: each part of the file that is new, gone or different, and where it stands."""
    with context_of(request).parts.database.read() as connection:
        files = [_file(connection, key, program, version) for version in (old, new)]
    before, after = (load_program(file, version) for file, version in zip(files, (old, new), strict=True))
    return json(DiffOut(program, old, new, tuple(map(change_out, changes(before, after)))))


def _file(connection: Connection, key: ApiKey, program: str, version: int) -> str:
    file = reads.program_text(connection, key.tenant, program, version)
    if file is None:
        raise NotFound
    return file


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


def _moment(at: datetime) -> int:
    if at.tzinfo is None:
        raise Invalid("a time needs its zone, such as 2026-12-01T00:00:00Z", field="at")
    try:
        return to_ms(at)
    except OverflowError:
        raise Invalid("the time cannot be counted in UTC", field="at") from None


def _published(request: Request, key: ApiKey, program: Program, new: bool) -> PublishedOut:
    warnings = tuple(WarningOut(one.code, one.path, one.place, one.message) for one in lint(program))
    with context_of(request).parts.database.read() as connection:
        row = load_program_rows(connection, key.tenant)[program.name]
    starts_at = from_ms(row.planned_ms) if row.planned == program.version else None
    return PublishedOut(program.name, program.version, program.digest, new, starts_at, warnings)
