"""The application in this process, on a database of its own, with its threads running."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from goodword.parts import now_ms, open_parts
from goodword.settings import read_settings
from goodword.storage.database import create_tenant
from goodword.web.app import create_app
from tests.web.making import TENANT, Loop, Opener, Site


@pytest.fixture
def open_site(database_url: str, tmp_path: Path) -> Iterator[Opener]:
    """Makes the application, with settings and a clock of the test's own."""
    loop = Loop()
    closing: list[Callable[[], None]] = []

    def opener(now_ms: Callable[[], int] = now_ms, **given: str) -> Site:
        own = {name: str(tmp_path / name) for name in ("secret_file", "spool", "warehouse")}
        settings = read_settings({}, database=database_url, tenant=TENANT, **(own | given))
        parts = replace(open_parts(settings), now_ms=now_ms)
        parts.database.migrate()
        with parts.database.write(TENANT) as connection:
            create_tenant(connection, TENANT, 1)
        app = create_app(settings, parts)
        lifespan = app.router.lifespan_context(app)
        loop.run(lifespan.__aenter__())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://goodword.test")
        closing.append(parts.database.close)
        closing.append(lambda: loop.run(lifespan.__aexit__(None, None, None)))
        closing.append(lambda: loop.run(client.aclose()))
        return Site(app, parts, loop, client)

    yield opener
    for close in reversed(closing):
        close()
    loop.close()


@pytest.fixture
def site(open_site: Opener) -> Site:
    return open_site()


@pytest.fixture
def shop(site: Site) -> Site:
    """A site with a program in force."""
    assert site.publish().status_code == 201
    return site
