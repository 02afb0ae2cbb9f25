"""Forms of our own pages: read with a limit, only from our own pages, under a token where somebody is signed in."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from goodword.engine.ids import Keyring
from goodword.pipeline.intake import InvalidEvent as Refused
from goodword.pipeline.intake import check_text
from goodword.web.context import read_body
from goodword.web.problems import BadRequest, Forbidden

FORM_BYTES_MAX = 16 * 1024
FIELDS_MAX = 40
TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request, *, counted: bool = True) -> dict[str, str]:
    """The fields of a form that one of our own pages sent, without spaces around them; an empty one is left out.

    Raises:
        TooManyRequests: too many came from this address.
        Forbidden: another page sent it.
        BadRequest: it is no form, or holds control characters.
    """
    if counted:
        request.app.state.context.limits.failures(request.scope, 1)  # whoever has no key may not fill the database
    if not from_here(request):
        raise Forbidden("a form of another site is not taken: open the page here")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != TYPE:
        raise BadRequest(f"a form is sent as {TYPE}")
    body = await read_body(request, FORM_BYTES_MAX)
    try:
        pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise BadRequest("the form cannot be read") from None
    fields = {name: " ".join(value.split()) for name, value in pairs if value.strip()}
    try:
        check_text(fields, "")
    except Refused as error:
        raise BadRequest(error.reason, field=error.field or None) from None
    return fields


def from_here(request: Request) -> bool:
    """Whether a browser says that a page of ours sent it. Of those that say nothing, the token of the session is asked for."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True
    host = urlsplit(origin).netloc.lower()
    return host in (
        request.headers.get("host", "").lower(),
        urlsplit(request.app.state.context.parts.settings.origin).netloc,
    )


def form_token(keyring: Keyring, session: str) -> str:
    """What the forms of a session carry: nobody else can know it, so that no other page can send one in its name."""
    return keyring.digest("form", session).hex()[:32]


def check_token(keyring: Keyring, session: str, fields: dict[str, str]) -> None:
    """Make sure that a form carries the token of its session.

    Raises:
        Forbidden: it does not.
    """
    if not hmac.compare_digest(form_token(keyring, session).encode(), fields.get("token", "").encode()):
        raise Forbidden("the page is too old: open it again")
