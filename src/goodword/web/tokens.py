"""Tokens of the shop before our pages: reading one, and what whoever comes with a wrong one is told, which is nothing."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import Response

from goodword.pipeline.shop_tokens import Customer, WrongToken, read_token
from goodword.portal.frame import frame
from goodword.storage.sessions import end_session, open_session
from goodword.web.context import Context, context_of
from goodword.web.people import answer
from goodword.web.visitors import visitor_of
from goodword.words.catalogue import catalogue

PATH_FROM_SHOP = "/me/with"
WHY_MAX = 200
"""How much of what is wrong is logged. None of it is anybody's data: it names claims, not what stands in them."""
log = structlog.get_logger("goodword.tokens")


def customer_of(context: Context, token: str) -> Customer:
    """The customer whom a token names. What is wrong with it is logged, for whoever builds the shop.

    Raises:
        WrongToken: it is none of ours, or not good any more.
    """
    try:
        with context.parts.database.read() as connection:
            return read_token(connection, context.tenant, context.parts.keyring, token, context.parts.now_ms())
    except WrongToken as error:
        log.info("token_refused", why=str(error)[:WHY_MAX])
        raise


def token_over(request: Request, language: str) -> Response:
    """That the way in is closed, whatever was wrong with the token."""
    context_of(request).limits.failures(request.scope, 1)
    texts = catalogue(language)
    page = frame(language, texts.text("from_shop.over.title"), PATH_FROM_SHOP)
    return answer(request, "problem.html", page, texts.text("from_shop.over.text"), status=410)


def open_confirmed(request: Request, context: Context, participant: str) -> str:
    """A session of somebody of whom it is known who he is; its secret. The one that this browser had before ends."""
    now_ms, agent = context.parts.now_ms(), request.headers.get("user-agent", "")
    before = visitor_of(request, context)
    with context.parts.database.write_aside() as connection:
        if before is not None:
            end_session(connection, context.tenant, "participant", before.subject, before.session.id)
        return open_session(connection, context.tenant, "participant", participant, now_ms, confirmed=True, agent=agent)
