"""A tenant of its own behind a port of its own: the application and the HTTP server of `goodword serve`, for as long as a case takes.

A process serves one tenant, and to start one for each case would take longer than to play it. So the server runs in a thread here.
Two things are the case's own: the key that ids derive from, on which it depends who wins a draw; and a clock that is ahead of
every calendar, as some of them go on for years.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from demo.client import HttpServer
from goodword.engine.ids import Keyring
from goodword.parts import Parts
from goodword.pipeline.process import ProgramCache
from goodword.pipeline.tenant import Tenants
from goodword.settings import read_settings
from goodword.storage.audit import audit
from goodword.storage.database import Database, create_tenant, open_database
from goodword.storage.keys import Scope, create_key
from goodword.web.app import create_app

HOST = "127.0.0.1"
MADE_MS = 1
FAR_MS = 4_000_000_000_000
"""In the year 2096."""
SCOPES: tuple[Scope, ...] = ("events", "history", "staff", "read", "programs")
READY_SECONDS = 60.0


class Site:
    """A tenant that is served: what is told and asked goes over HTTP."""

    def __init__(self, database: Database, tenant: str, server: HttpServer) -> None:
        self._database = database
        self._tenant = tenant
        self.server = server

    def findings(self) -> list[str]:
        """What `goodword audit` would find."""
        with self._database.read() as connection:
            return [str(finding) for finding in audit(connection, self._tenant)]


@contextmanager
def tenant_of_its_own(folder: Path, tenant: str, program: str, keyring: Keyring) -> Iterator[Site]:
    """A new tenant with a program in force, served until the end of the block. Its database in `folder` is that of all."""
    settings = read_settings(
        {}, database=f"sqlite:///{folder / 'cases.db'}", tenant=tenant, spool=str(folder / "spool"), host=HOST
    )
    with closing(open_database(settings.database)) as database:
        database.migrate()
        with database.write(tenant) as connection:
            create_tenant(connection, tenant, MADE_MS)
            _, secret = create_key(connection, tenant, "demo", SCOPES, MADE_MS)
        parts = Parts(settings, database, keyring, Tenants(database, keyring, ProgramCache()), lambda: FAR_MS)
        port = _free_port()
        with _serving(Server(create_app(settings, parts), HOST, port, interface=Interfaces.ASGI, log_enabled=False)):
            url = f"http://{HOST}:{port}"
            _wait_until_ready(url)
            with closing(HttpServer(url, secret)) as server:
                server.publish(program)
                yield Site(database, tenant, server)


@contextmanager
def _serving(server: Server) -> Iterator[None]:
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve())

    thread = threading.Thread(target=run, name="demo-server")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join()
        loop.close()


def _wait_until_ready(url: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.01)
    raise TimeoutError(f"the server of a case was not ready after {READY_SECONDS:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
