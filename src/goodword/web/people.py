"""What the pages for people share: answering with a page, telling an event that somebody's own press says, and what went wrong."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from fastapi import Depends, Query, Request
from msgspec.structs import replace
from starlette.responses import HTMLResponse, RedirectResponse, Response

from goodword.engine.events import SourceEvent
from goodword.engine.reasons import Answer
from goodword.pipeline.intake import InvalidEvent, seal
from goodword.portal.frame import Frame, frame, shown
from goodword.web.api import PRINTABLE
from goodword.web.context import Context, context_of
from goodword.web.events import decide_one
from goodword.web.forms import check_token, read_form
from goodword.web.problems import Problem
from goodword.web.visitors import SignInFirst, Visitor, keep_language, language_for, needs_visitor, scheme_of
from goodword.words.catalogue import LANGUAGES, catalogue

PATHS = ("/me/", "/join/", "/i/", "/board/", "/counter/", "/figures/", "/look/")
"""Where people read the answers: what goes wrong there is said in their language, on a page."""
SIGN_IN = {"participant": "/me/sign-in", "staff": "/counter/sign-in", "office": "/figures/sign-in"}
PROBLEMS = (400, 403, 404, 413, 429, 503)
"""The statuses for which there are words; all others are said as 500."""
Lang = Annotated[str | None, Query(alias="lang", max_length=10, pattern=PRINTABLE)]


def signed_in(request: Request) -> Visitor:
    """Somebody who is signed in, whether he has confirmed his address or not."""
    return needs_visitor(request, context_of(request))


def himself(request: Request) -> Visitor:
    """Somebody who is signed in and has shown that the address is his."""
    return needs_visitor(request, context_of(request), confirmed=True)


SignedIn = Annotated[Visitor, Depends(signed_in)]
Himself = Annotated[Visitor, Depends(himself)]


def answer(
    request: Request, template: str, page: Frame, view: object = None, *, status: int = 200, lang: str | None = None
) -> Response:
    """A page. A language that was asked for with `lang` is kept for the next ones."""
    context = context_of(request)
    page = _lit(request, page)
    response = HTMLResponse(shown(context.look, template, page, view), status, dict(context.look.headers))
    if lang in LANGUAGES:
        keep_language(response, context, str(lang))
    return response


def _lit(request: Request, page: Frame) -> Frame:
    """The page in the light that its reader chose. He comes back to it in the language that he asked for."""
    lang = request.query_params.get("lang")
    address = page.address
    if lang in LANGUAGES:
        address += f"{'&' if '?' in address else '?'}lang={lang}"
    return changed(page, scheme=scheme_of(request), address=address)


def is_own_page(address: str) -> bool:
    """Whether an address that a form brings is that of a page for people, here."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and f"{parts.path}/".startswith(PATHS)


def go(request: Request, path: str) -> Response:
    """Go on to another page of ours after a press: looking at it again presses nothing."""
    return RedirectResponse(path, 303, dict(context_of(request).look.headers))


async def press(context: Context, event: SourceEvent, *, known: bool = False) -> Answer:
    """Have an event decided that somebody's own press says. Of somebody who is `known`, nothing that was typed is kept: perhaps it is
    not he who typed it.

    Raises:
        InvalidEvent: it cannot be accepted; with the field.
        Problem: there is no answer.
    """
    checked = _checked(event)
    sealed = seal(checked, context.parts.keyring, context.parts.now_ms(), history=False)
    if known:
        sealed = replace(sealed, person=None, text=None)
    return msgspec.json.decode(await decide_one(context.batcher, sealed), type=Answer)


def _checked(event: SourceEvent) -> SourceEvent:
    """An event with every bound of its fields looked at: one that is made here was not read by anybody yet.

    Raises:
        InvalidEvent: one of them is passed.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(event), type(event))
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidEvent(message, path.rstrip("`").lstrip("."), event.id) from None


async def own_form(request: Request, visitor: Visitor) -> dict[str, str]:
    """The form that somebody sent who is signed in: counted as his own, not as his network's, and carrying the token of his session.

    Raises:
        TooManyRequests: he sends more than a person does.
        Forbidden: it does not come from a page of his.
        BadRequest: it cannot be read.
    """
    context = context_of(request)
    context.limits.visitor(visitor.session.hash)
    fields = await read_form(request, counted=False)
    check_token(context.parts.keyring, visitor.session.hash, fields)
    return fields


def is_for_people(request: Request) -> bool:
    """Whether a person reads the answer."""
    return f"{request.url.path}/".startswith(PATHS) and "application/json" not in request.headers.get("accept", "")


def problem_page(request: Request, problem: Problem) -> Response:
    """What went wrong, for a person."""
    status = problem.status if problem.status in PROBLEMS else 500
    language = language_for(request)
    texts = catalogue(language)
    page = frame(language, texts.text(f"problem.{status}.title"), request.url.path)
    response = answer(request, "problem.html", page, texts.text(f"problem.{status}.text"), status=problem.status)
    response.headers.update(problem.headers)
    return response


async def to_sign_in(request: Request, error: Exception) -> Response:
    """Have somebody sign in first."""
    role = error.role if isinstance(error, SignInFirst) else "participant"
    lang = request.query_params.get("lang")
    return go(request, SIGN_IN[role] + (f"?lang={lang}" if lang in LANGUAGES else ""))
