"""The limit of the redirect: the same server and worker, answering a 302 that knows nothing and keeps nothing."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from goodword.settings import read_settings
from goodword.web.serve import serve

LOCATION = b"https://shop.example/welcome?gw_code=ABCDEFGH"


async def plain(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """The application."""
    if scope["type"] == "lifespan":
        for said in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{said}.complete"})
        return
    status = 200 if scope["path"] == "/readyz" else 302
    headers = [(b"location", LOCATION), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def make_plain() -> Any:
    """As servers make their applications."""
    return plain


COMMAND = [sys.executable, "-m", "bench.plain"]

if __name__ == "__main__":
    serve(read_settings(), "bench.plain:make_plain")
