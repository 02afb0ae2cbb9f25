"""What pages are made with: our own files, the logo of the shop, the page of all parts, and the light. For everybody, without a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from goodword.portal.asset import LOGO, PREFIX, own_assets
from goodword.portal.light import scheme_named
from goodword.portal.showcase import PREFIX as PREFIX_OF_SHOWCASE
from goodword.portal.showcase import showcase
from goodword.web.api import PRINTABLE
from goodword.web.context import context_of
from goodword.web.forms import read_form
from goodword.web.language import page_language
from goodword.web.people import go, is_own_page
from goodword.web.problems import BadRequest, NotFound
from goodword.web.visitors import keep_scheme, scheme_of

KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
"""For an address that does not name what is in the file now."""
HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
"""Opened by itself, an SVG would be a page of ours: it runs nothing and asks for nothing."""
router = APIRouter(include_in_schema=False)


@router.get(f"{PREFIX}{{name}}")
def file(
    request: Request,
    name: Annotated[str, Path(max_length=64, pattern=PRINTABLE)],
    v: Annotated[str, Query(max_length=64, pattern=PRINTABLE)] = "",
) -> Response:
    """A file by its name."""
    found = context_of(request).look.logo if name == LOGO else own_assets().get(name)
    if found is None:
        raise NotFound("there is no such file")
    kept = KEPT if v == found.version else ASKED_AGAIN
    return Response(found.content, media_type=found.media, headers={**HEADERS, "Cache-Control": kept})


@router.get(PREFIX_OF_SHOWCASE)
def look(request: Request, lang: Annotated[str | None, Query(max_length=10, pattern=PRINTABLE)] = None) -> Response:
    """Every part of our pages, in the look of the shop."""
    context = context_of(request)
    page = showcase(context.look, page_language(request, lang), scheme_of(request))
    return HTMLResponse(page, headers=context.look.headers)


@router.post(PREFIX_OF_SHOWCASE)
async def choose(request: Request) -> Response:
    """Choose whether pages are light or dark, or as the device says; back to the page where it was pressed. Nothing is stored here."""
    fields = await read_form(request, counted=False)
    chosen = scheme_named(fields.get("scheme", ""))
    if chosen is None:
        raise BadRequest("a page is light, dark, or as the device says", field="scheme")
    back = fields.get("back", "")
    response = go(request, back if is_own_page(back) else PREFIX_OF_SHOWCASE)
    keep_scheme(response, context_of(request), chosen)
    return response
