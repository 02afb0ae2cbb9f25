"""The shop's side of the wire: events out over HTTP, answers back, and the reads the comparison needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Protocol

import httpx

Json = dict[str, Any]
HOST = "127.0.0.1"
"""Where all of the demonstration listens: nobody else reaches it."""
TIMEOUT_SECONDS = 30.0
PAGE = 200
TRIES_MAX = 10
"""How often the same is asked while the server says that it has too much to do."""


class Server(Protocol):
    """What the player needs of a Goodword server."""

    def tell(self, events: list[Json]) -> list[Json]:
        """Send events; their answers in the same order. One event alone is sent as such."""

    def list(self, path: str, **filters: str) -> Iterator[Json]:
        """All items of a list, page by page."""


class HttpServer:
    """A Goodword server, reached over HTTP."""

    def __init__(self, url: str, key: str, *, history: bool = True) -> None:
        """What is told is `history`, at the time that it names, or happens now."""
        # A proxy of the environment is for the world outside, not for this machine.
        headers = {"Authorization": f"Bearer {key}"} | ({"Goodword-History": "1"} if history else {})
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def tell(self, events: list[Json]) -> list[Json]:
        """Send events; their answers in the same order. A refusal of one stands in its place as ``problem``."""
        if len(events) == 1:
            response = self._ask("POST", "/v1/events", json=events[0])
            if response.status_code in (409, 422):
                return [{"problem": response.json()}]
            return [response.raise_for_status().json()]
        answers: list[Json] = self._ask("POST", "/v1/events", json=events).raise_for_status().json()
        return answers

    def publish(self, program: str) -> None:
        """Bring a program file into force."""
        self._ask("POST", "/v1/programs", content=program.encode()).raise_for_status()

    def read(self, path: str, **filters: str) -> Json:
        """One thing by its address."""
        found: Json = self._ask("GET", path, params=filters).raise_for_status().json()
        return found

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask, and ask again when told to come back: the same events are not decided twice."""
        response = self._http.request(method, path, **more)
        for _ in range(TRIES_MAX - 1):
            if response.status_code not in (429, 503):
                break
            time.sleep(int(response.headers.get("Retry-After", "1")))
            response = self._http.request(method, path, **more)
        return response

    def list(self, path: str, **filters: str) -> Iterator[Json]:
        """All items of a list, page by page."""
        after: str | None = None
        while True:
            params = filters if path.endswith("/balances") else filters | {"limit": str(PAGE)}
            params = params | {"after": after} if after else params
            page = self._ask("GET", path, params=params).raise_for_status().json()
            yield from page["items"]
            after = page["next"]
            if not after or len(page["items"]) < PAGE:  # `next` of all events is there also at their end
                return
