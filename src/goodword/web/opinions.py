"""What somebody thinks of a program, said on his page: how likely he recommends, how easy and attractive it is, what would help."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import get_args

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from goodword.engine.events import TEXT_MAX, Motive, Survey
from goodword.portal.advocate import path_of, tabs_of
from goodword.portal.frame import frame
from goodword.portal.mine import Mine
from goodword.program.duration import from_ms
from goodword.web.context import Context, context_of
from goodword.web.joining import ProgramName
from goodword.web.mine import load_mine
from goodword.web.people import Himself, Lang, answer, own_form, press
from goodword.web.visitors import Visitor, language_for
from goodword.words.catalogue import catalogue
from goodword.words.sentences import sentence

SCALES = ("recommend", "easy", "attractive")
NUMBER = re.compile(r"[0-9]{1,2}")
"""An answer on a scale. Other signs that Unicode calls digits are none of the form's."""
router = APIRouter(prefix="/me/programs/{program}/survey", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class SurveyView:
    """The page of the questions."""

    path: str
    motives: tuple[tuple[str, str], ...]
    refused: str = ""
    claim: str = ""
    """Of a friend nobody knows: he writes no text, which nobody could erase for him."""


@router.get("")
def survey_page(request: Request, visitor: Himself, program: ProgramName, lang: Lang = None) -> Response:
    """The questions."""
    mine = _mine(context_of(request), visitor, program)
    return _page(request, visitor, mine, language_for(request, lang), lang=lang)


@router.post("")
async def say(request: Request, visitor: Himself, program: ProgramName) -> Response:
    """Answer them."""
    context, fields = context_of(request), await own_form(request, visitor)
    language = language_for(request)
    mine = await run_in_threadpool(_mine, context, visitor, program)
    # As a friend, as long as he has brought nobody himself.
    side = "friend" if mine.invited and not mine.referrals else "advocate"
    try:
        event = answers_in(context, fields, program, side=side, participant=visitor.subject)
    except msgspec.ValidationError:
        wrong = catalogue(language).text("survey.missing")
        return await run_in_threadpool(_page, request, visitor, mine, language, wrong, 422)
    told_back = await press(context, event)
    if told_back.outcome == "refused":
        why = " ".join(sentence(reason, language) for reason in told_back.reasons)
        return await run_in_threadpool(_page, request, visitor, mine, language, why, 409)
    texts, path = catalogue(language), f"{path_of(program)}/survey"
    page = frame(language, texts.text("survey.thanks.title"), path, tabs=tabs_of(mine.program, confirmed=True))
    return answer(request, "problem.html", page, texts.text("survey.thanks.text"))


def answers_in(context: Context, fields: dict[str, str], program: str, **who: str) -> Survey:
    """The answers of a form as an event.

    Raises:
        msgspec.ValidationError: there is none, or one is out of bounds.
    """
    typed = {name: value for name in SCALES if (value := fields.get(name, ""))}
    told = {name: int(value) if NUMBER.fullmatch(value) else value for name, value in typed.items()}
    texts = ("motivates",) if "claim" in who else ("motivates", "text")
    said = {name: value for name in texts if (value := fields.get(name, "")[:TEXT_MAX])}
    body = {"id": f"page-{uuid.uuid4().hex}", "occurred_at": from_ms(context.parts.now_ms()), "program": program}
    if "recommend" not in told:
        raise msgspec.ValidationError("the first question is not answered")
    return msgspec.convert({**body, **who, **told, **said}, Survey)


def motives(language: str) -> tuple[tuple[str, str], ...]:
    """What may move somebody, to be chosen from; nothing is chosen at first."""
    texts = catalogue(language)
    return (("", ""), *((name, texts.text(f"motive.{name}")) for name in get_args(Motive)))


def _mine(context: Context, visitor: Visitor, program: str) -> Mine:
    with context.parts.database.read() as connection:
        return load_mine(connection, context, visitor.subject, program)


def _page(
    request: Request,
    visitor: Visitor,
    mine: Mine,
    language: str,
    refused: str = "",
    status: int = 200,
    lang: str | None = None,
) -> Response:
    texts, path = catalogue(language), path_of(mine.program.name)
    page = frame(
        language,
        texts.text("survey.title"),
        f"{path}/survey",
        tabs=tabs_of(mine.program, confirmed=True),
        token=visitor.token,
    )
    return answer(request, "survey.html", page, SurveyView(path, motives(language), refused), status=status, lang=lang)
