"""The redirect in this process, on a database of its own, with its threads running."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from goodword.edge import links
from goodword.edge.app import Edge, EdgeAlone
from goodword.parts import now_ms
from goodword.settings import read_settings
from goodword.storage.database import open_database
from tests.edge.making import KEYRING, WITH_LANDING, Door, add_handles, handle, prepared
from tests.web.making import TENANT, Loop

Opener = Callable[..., Door]


@pytest.fixture
def open_door(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Makes the redirect, with settings of the test's own."""
    # A busy machine must not look like a database that is away.
    monkeypatch.setattr(links, "LOOKUP_SECONDS", 60.0)
    loop = Loop()
    closing: list[Callable[[], object]] = []

    def opener(
        program: str = WITH_LANDING, peer: str = "203.0.113.7", clock: Callable[[], int] = now_ms, **given: str
    ) -> Door:
        folder = tmp_path / "spool"
        settings = read_settings({}, database=database_url, tenant=TENANT, spool=str(folder), **given)
        database = prepared(open_database(database_url), program)
        add_handles(database, handle("ANN"))
        edge = Edge(settings, database, KEYRING, clock)
        loop.run(edge.start())
        transport = httpx.ASGITransport(EdgeAlone(edge, lambda: None), client=(peer, 1))
        client = httpx.AsyncClient(transport=transport, base_url="http://go.example")
        closing.extend((database.close, lambda: loop.run(edge.stop()), lambda: loop.run(client.aclose())))
        return Door(edge, database, loop, client, folder)

    yield opener
    for close in reversed(closing):
        close()
    loop.close()


@pytest.fixture
def door(open_door: Opener) -> Door:
    return open_door()
