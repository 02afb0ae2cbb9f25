"""Files that pages refer to: our own and the logo of the shop. For everybody, without a key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from goodword.portal.asset import LOGO, PREFIX, own_assets
from goodword.web.api import PRINTABLE
from goodword.web.context import context_of
from goodword.web.problems import NotFound

KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
"""For an address that does not name what is in the file now."""
HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
"""Opened by itself, an SVG would be a page of ours: it runs nothing and asks for nothing."""
router = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)


@router.get("/{name}")
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
