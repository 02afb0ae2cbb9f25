"""From the shop to one's own page without a mail: `/me/with?token=...`, for a customer who is signed in at the shop.

A token is good until its end, in whichever browser: whoever builds the shop makes it short. It is no secret of ours that could be
used up, and a page that is loaded twice should not say that something is wrong.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.state import HANDLES, HANDLES_OF, PARTICIPANTS, State
from goodword.pipeline.lookup import find_by_id
from goodword.pipeline.shop_tokens import Customer, WrongToken
from goodword.portal.advocate import path_of
from goodword.portal.frame import frame
from goodword.storage.load import load
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of
from goodword.web.joining import page_from_shop, program_to_show
from goodword.web.people import Lang, answer, go
from goodword.web.tokens import customer_of, open_confirmed, token_over
from goodword.web.visitors import LANGUAGE_COOKIE, keep_language, language_for, set_session
from goodword.words.catalogue import LANGUAGES, catalogue

WantedProgram = Annotated[str | None, Query(min_length=1, max_length=100, pattern=PRINTABLE)]
router = APIRouter(prefix="/me", include_in_schema=False)


@router.get("/with")
async def enter(request: Request, token: str = "", program: WantedProgram = None, lang: Lang = None) -> Response:
    """Let a customer in whom a token of the shop names; have him join first where he does not take part."""
    context = context_of(request)
    context.limits.failures(request.scope, 0)  # whoever came with many wrong ones waits
    try:
        customer = await run_in_threadpool(customer_of, context, token)
    except WrongToken:
        return token_over(request, language_for(request, lang))
    # What he chose on our pages counts for more than the language of the shop.
    chosen = lang or (None if LANGUAGE_COOKIE in request.cookies else customer.language)
    return await run_in_threadpool(_enter, request, context, customer, token, program, chosen)


def _enter(
    request: Request,
    context: Context,
    customer: Customer,
    token: str,
    program: str | None,
    chosen: str | None,
) -> Response:
    language = language_for(request, chosen)
    with context.parts.database.read() as connection:
        participant = _participant(connection, context, customer)
        shown = program_to_show(connection, context, program) if program is not None else None
        takes_part = participant is not None and (
            program is None or _has_joined(connection, context, participant, program)
        )
    if participant is not None and takes_part:
        response = go(request, path_of(program) if program is not None else "/me")
        set_session(response, context, "participant", open_confirmed(request, context, participant))
        if chosen in LANGUAGES:
            keep_language(response, context, language)
        return response
    if shown is None:
        page = frame(language, catalogue(language).text("portal.programs"), "/me")
        return answer(request, "programs.html", page, [], lang=chosen)
    return page_from_shop(request, shown, token, language, {"name": customer.person.name or ""}, lang=chosen)


def _participant(connection: Connection, context: Context, customer: Customer) -> str | None:
    """Who he is here; None where he is nobody yet, or was erased."""
    found = find_by_id(connection, context.tenant, context.parts.keyring, customer.person.id or "")
    if found is None:
        return None
    state = State()
    load(connection, context.tenant, state, {PARTICIPANTS.name: {found}})
    row = state.get(PARTICIPANTS, found)
    return None if row is None or row.erased_ms is not None else found


def _has_joined(connection: Connection, context: Context, participant: str, program: str) -> bool:
    """Whether he has a code in the program, be it switched off."""
    state = State()
    load(connection, context.tenant, state, {HANDLES_OF.name: {participant}})
    rows = [state.get(HANDLES, code) for code in state.get(HANDLES_OF, participant) or ()]
    return any(row is not None and row.program == program for row in rows)
