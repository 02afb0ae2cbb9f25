"""Rehearsals by the API: ask for one, see how far it is, read what it found."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from goodword.pages.blocks import page
from goodword.parts import read_secret, tenant_key
from goodword.pipeline.intake import InvalidEvent, check_text
from goodword.program.duration import day_start_ms
from goodword.program.loader import FILE_BYTES_MAX, Program, ProgramError, load_program
from goodword.rehearsal.job import Asked, File
from goodword.rehearsal.rehearse import CANDIDATES_MAX, Candidate, Rehearsal, UnlikeCandidates
from goodword.rehearsal.report import Report
from goodword.reports.rehearsals import rehearsal_blocks
from goodword.storage.keys import ApiKey
from goodword.web.answers import answers, json
from goodword.web.api import Id, KnownLanguage
from goodword.web.context import Context, context_of, read_body
from goodword.web.jobs import Job, TooManyWait
from goodword.web.keys import Needs
from goodword.web.problems import FileProblem, Invalid, InvalidProgram, NotFound, Overloaded
from goodword.web.telling import decoded, json_body
from goodword.words.catalogue import FALLBACK

BODY_BYTES_MAX = CANDIDATES_MAX * FILE_BYTES_MAX + 4096

Rehearser = Annotated[ApiKey, Depends(Needs("programs"))]
router = APIRouter(prefix="/v1", tags=["rehearsals"])


class RehearsalIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Program files to rehearse over what is stored: one, or several that are compared."""

    files: tuple[File, ...]
    since: date | None = None
    """The change is in force from this day of the program's calendar; in the place of its first version if not given."""
    until: date | None = None
    """Up to the end of this day."""


class RehearsalOut(Struct, frozen=True, omit_defaults=True):
    """A rehearsal: how far it is, and once it is done what it found."""

    id: str
    program: str
    status: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: float
    """The share of its work that is done, from 0 to 1."""
    seconds_left: float | None = None
    error: str = ""
    report: Report | None = None


@router.post(
    "/rehearsals",
    responses=answers(RehearsalOut, "it is on its way", 202),
    openapi_extra=json_body(RehearsalIn),
)
async def start_rehearsal(request: Request, key: Rehearser) -> Response:
    """Decide what is stored again under changed files, in a process of its own. Nothing is written to your data."""
    context = context_of(request)
    said = _read(await read_body(request, BODY_BYTES_MAX))
    loaded = await run_in_threadpool(_loaded, said)
    try:
        # What cannot be compared is told now, not by the process.
        Rehearsal(context.parts.keyring, [Candidate("", one) for one in loaded])
    except UnlikeCandidates as error:
        raise Invalid(str(error), field="files") from None
    asked = await run_in_threadpool(_asked, context, key, said, loaded[0])
    try:
        job = context.jobs.start(key.tenant, loaded[0].name, asked)
    except TooManyWait:
        raise Overloaded("other rehearsals wait already: ask again when one of them is done") from None
    return json(rehearsal_out(job), 202)


@router.get("/rehearsals/{rehearsal}", responses=answers(RehearsalOut, "the rehearsal"))
async def get_rehearsal(request: Request, key: Rehearser, rehearsal: Id) -> Response:
    """How far a rehearsal is, and once it is done what it found. The process that runs it knows it, and nobody else."""
    return json(rehearsal_out(_job(context_of(request), key, rehearsal)))


@router.get("/rehearsals/{rehearsal}/page", response_class=HTMLResponse)
async def get_rehearsal_page(
    request: Request,
    key: Rehearser,
    rehearsal: Id,
    language: Annotated[KnownLanguage, Query(description="in which language")] = FALLBACK,
) -> Response:
    """What it found as a page with charts, whole in itself, to send and to print."""
    job = _job(context_of(request), key, rehearsal)
    if job.report is None:
        raise NotFound
    return HTMLResponse(page(rehearsal_blocks(job.report, language), language))


@router.delete("/rehearsals/{rehearsal}", responses=answers(RehearsalOut, "it is ended"))
async def cancel_rehearsal(request: Request, key: Rehearser, rehearsal: Id) -> Response:
    """End a rehearsal. One that is over stays as it is."""
    context = context_of(request)
    job = _job(context, key, rehearsal)
    context.jobs.cancel(job)
    return json(rehearsal_out(job))


def _read(body: bytes) -> RehearsalIn:
    said = decoded(body, RehearsalIn)
    for number, file in enumerate(said.files):
        try:
            check_text(file.label, f"files[{number}].label")  # the text is looked at by the loader, line by line
        except InvalidEvent as error:
            raise Invalid(error.reason, field=error.field) from None
    return said


def rehearsal_out(job: Job) -> RehearsalOut:
    """A rehearsal as the API shows it."""
    left = None if job.seconds_left is None else round(job.seconds_left, 1)
    return RehearsalOut(job.id, job.program, job.status, job.done, left, job.error, job.report)


def _job(context: Context, key: ApiKey, id: str) -> Job:
    job = context.jobs.find(key.tenant, id)
    if job is None:
        raise NotFound
    return job


def _loaded(said: RehearsalIn) -> list[Program]:
    loaded = []
    for number, file in enumerate(said.files):
        try:
            loaded.append(load_program(file.text))
        except ProgramError as error:
            problems = tuple(FileProblem(one.line, one.column, one.path, one.message) for one in error.problems)
            raise InvalidProgram(f"files.{number} cannot be accepted", problems=problems) from None
    return loaded


def _asked(context: Context, key: ApiKey, said: RehearsalIn, program: Program) -> Asked:
    zone = program.model.zone
    return Asked(
        database=context.parts.settings.database,
        tenant=key.tenant,
        key=tenant_key(read_secret(context.parts.settings), key.tenant),
        files=said.files,
        since_ms=None if said.since is None else day_start_ms(said.since, 0, zone),
        until_ms=None if said.until is None else day_start_ms(said.until, 1, zone) - 1,
    )
