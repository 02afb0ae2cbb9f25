"""The language in which a page answers."""

from __future__ import annotations

from starlette.requests import Request

from goodword.edge.pages import wanted_language
from goodword.web.context import context_of
from goodword.words.catalogue import LANGUAGES
from goodword.words.pseudo import PSEUDO


def page_language(request: Request, wanted: str | None) -> str:
    """The language that was asked for, else the one that the browser likes best; for tests also one that nobody speaks."""
    if wanted in LANGUAGES or (wanted in PSEUDO and context_of(request).parts.settings.pseudo_languages):
        return str(wanted)
    return wanted_language(request.headers.get("accept-language", "").encode("latin-1"))
