"""What the routes work with, and the limits of what they read."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from goodword.delivery.deliverer import Deliverer
from goodword.parts import Parts
from goodword.pipeline.batcher import Batcher
from goodword.web.keys import Keys
from goodword.web.problems import BadRequest, TooLarge


@dataclass(frozen=True, slots=True)
class Context:
    """The running parts of the application."""

    parts: Parts
    batcher: Batcher
    keys: Keys
    deliverer: Deliverer

    @property
    def tenant(self) -> str:
        """The tenant that this process serves."""
        return self.parts.settings.tenant


def context_of(request: Request) -> Context:
    """The context of the application that a request came to."""
    context: Context = request.app.state.context
    return context


async def read_body(request: Request, limit: int) -> bytes:
    """The body, given up as soon as it is larger than `limit`.

    Raises:
        TooLarge: it is.
        BadRequest: the sender went away in the middle of it.
    """
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and (len(said) > 18 or int(said) > limit):
        raise TooLarge(f"a body has at most {limit} bytes here")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise TooLarge(f"a body has at most {limit} bytes here")
    except ClientDisconnect:
        raise BadRequest("the body ended early") from None
    return bytes(body)
