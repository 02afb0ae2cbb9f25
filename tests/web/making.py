"""What the tests of the web speak with: the application in this process, and events."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from goodword.parts import Parts
from goodword.storage import tables
from goodword.storage.keys import Scope, create_key

TENANT = "acme"
PROGRAM = """\
goodword: 1
program: demo
currency: USD
time_zone: UTC
audience:
  friend:
    friend.new_customer: true
steps:
  purchase:
    event: order
    where:
      order.total: {at_least: 50 USD}
rewards:
  credit:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 20 USD}
    hold: 30 days
    caps: [{per: participant, count: 10}]
  thanks:
    when: {step: purchase}
    to: friend
    benefit: {kind: coupon, amount: 5 USD}
    caps: [{per: participant, count: 10}]
"""
Scopes = tuple[Scope, ...]


class Loop:
    """An event loop in a thread of its own, so that tests are plain functions."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@dataclass
class Site:
    """The application, and what a test asks it."""

    app: FastAPI
    parts: Parts
    loop: Loop
    client: httpx.AsyncClient
    secrets: dict[Scopes, str] = field(default_factory=dict)

    def secret(self, *scopes: Scope) -> str:
        if scopes not in self.secrets:
            with self.parts.database.write(TENANT) as connection:
                _, self.secrets[scopes] = create_key(connection, TENANT, "test", scopes, 1)
        return self.secrets[scopes]

    def ask(self, method: str, path: str, *scopes: Scope, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.secret(*scopes)}"} if scopes else {}
        headers |= more.pop("headers", {})
        response: httpx.Response = self.loop.run(self.client.request(method, path, headers=headers, **more))
        return response

    def tell(self, body: Any, *scopes: Scope, **more: Any) -> httpx.Response:
        return self.ask("POST", "/v1/events", *(scopes or ("events",)), json=body, **more)

    def get(self, path: str, *scopes: Scope, **params: Any) -> Any:
        response = self.ask("GET", path, *(scopes or ("read",)), params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def publish(self, text: str = PROGRAM) -> httpx.Response:
        return self.ask("POST", "/v1/programs", "admin", content=text, headers={"content-type": "text/yaml"})

    def counts(self) -> dict[str, int]:
        """How many rows each table has; apart from keys, which tests make, and how far deliveries are, which moves by itself."""
        with self.parts.database.read() as connection:
            return {
                name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in tables.metadata.tables.items()
                if name not in ("api_keys", "handed_out")
            }


Opener = Callable[..., Site]


def event(type: str, id: str, **more: Any) -> dict[str, Any]:
    """An event of now."""
    return {"type": type, "id": id, "occurred_at": datetime.now(UTC).isoformat(), **more}


def order(id: str, **more: Any) -> dict[str, Any]:
    """An order of somebody nobody referred."""
    given = {"order": id, "person": {"id": f"buyer of {id}"}, "total": 6000, "currency": "USD"}
    return event("order", id, **(given | more))
