"""What the routes work with, and the limits of what they read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from goodword.delivery.deliverer import Deliverer
from goodword.parts import Parts
from goodword.pipeline.batcher import Batcher
from goodword.portal.look import Look
from goodword.portal.pictures import Pictures
from goodword.web.desk import Desk
from goodword.web.jobs import Jobs
from goodword.web.keys import Keys
from goodword.web.limits import Limits
from goodword.web.problems import BadRequest, Overloaded, TooLarge, TooSlow
from goodword.web.room import Share

BODY_SECONDS = 30
"""How long a body may take to arrive: a slow sender holds a connection that others wait for."""


@dataclass(frozen=True, slots=True)
class Context:
    """The running parts of the application."""

    parts: Parts
    batcher: Batcher
    keys: Keys
    limits: Limits
    deliverer: Deliverer
    jobs: Jobs
    desk: Desk
    look: Look
    pictures: Pictures

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
        TooSlow: it did not arrive in time.
        Overloaded: the bodies of all requests together are too large.
        BadRequest: the sender went away in the middle of it.
    """
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and (len(said) > 18 or int(said) > limit):
        raise TooLarge(f"a body has at most {limit} bytes here")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(request, limit)
    except TimeoutError:
        raise TooSlow(f"a body has to arrive within {BODY_SECONDS} seconds") from None
    except ClientDisconnect:
        raise BadRequest("the body ended early") from None


async def _read(request: Request, limit: int) -> bytes:
    share: Share = request.state.share
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
            raise TooLarge(f"a body has at most {limit} bytes here")
        if not share.take(len(chunk)):
            raise Overloaded("too many bytes are on their way: send the same again in a moment")
        body += chunk
    return bytes(body)
