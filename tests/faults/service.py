"""A real `goodword serve` under test, in a process group of its own: started, killed and started again on its data."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodword.parts import Parts, open_parts
from goodword.settings import read_settings
from goodword.storage.database import create_tenant
from goodword.storage.keys import SCOPES, create_key
from tests.faults.processes import Group, free_port, goodword, memory_bytes, until
from tests.web.making import TENANT

READY_SECONDS = 60
STOP_SECONDS = 45
SCHEDULER_MS = 100


@dataclass(frozen=True)
class Reply:
    """What the service answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service:
    """One process that serves a database. Its address changes with each start and stands in `address_file`."""

    def __init__(self, folder: Path, database: str, secret: str, name: str = "service", **settings: object) -> None:
        self.folder = folder
        self.database = database
        self.secret = secret
        self.address_file = folder / f"{name}.address"
        self.log = folder / f"{name}.log"
        self.port = 0
        self.group: Group | None = None
        # One address clicks as often as it can, and each of its clicks has to be found.
        fixed = {"scheduler_every": SCHEDULER_MS, "log_level": "warning", "hits_address": 0}
        self._settings: dict[str, object] = fixed | settings

    def start(self, wait: bool = True) -> None:
        """Start it on a free port, and wait until it is ready."""
        self.port = free_port()
        given = {"database": self.database, "tenant": TENANT, "secret_file": self.folder / "key", "port": self.port} | {
            "warehouse": self.folder / "warehouse"
        }
        given |= {"spool": self.folder / "spool", "home": "https://shop.example/"}
        environment = {f"GOODWORD_{name.upper()}": str(value) for name, value in (self._settings | given).items()}
        self.group = Group(goodword("serve"), self.log, environment)
        if wait:
            until(lambda: self._is_ready(self.group), READY_SECONDS, "ready")
            self.address_file.write_text(str(self.port))

    def kill(self) -> None:
        """Kill it in the middle of whatever it does."""
        if self.group is not None:
            self.group.kill()
            self.group = None

    def stop(self) -> int:
        """Have it end in order; its exit code."""
        assert self.group is not None
        group, self.group = self.group, None
        return group.stop(STOP_SECONDS)

    def ask(self, method: str, path: str, body: Any = None, secret: str | None = None, seconds: float = 60) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, raw, {"Authorization": f"Bearer {secret or self.secret}"})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def tell(self, body: Any) -> Reply:
        """Send an event or an array of them."""
        return self.ask("POST", "/v1/events", body)

    def readiness(self) -> Reply | None:
        """What it says of itself; nothing while it cannot be reached."""
        try:
            return self.ask("GET", "/readyz", seconds=5)
        except (OSError, http.client.HTTPException):
            return None

    @property
    def worker(self) -> int:
        """The process that does the work: the one with the most memory."""
        assert self.group is not None
        return max(self.group.members(), key=memory_bytes)

    def _is_ready(self, group: Group | None) -> bool:
        assert group is not None
        assert not group.ended, self.log.read_text()
        reply = self.readiness()
        return reply is not None and reply.status == 200


@contextmanager
def parts_of(folder: Path, database: str) -> Iterator[Parts]:
    """The parts of a process on the data of a service, for looking at it from beside."""
    given = {"database": database, "tenant": TENANT, "secret_file": str(folder / "key")}
    parts = open_parts(read_settings({}, **given))
    try:
        yield parts
    finally:
        parts.database.close()


def prepare(folder: Path, database: str, program: str | None, now_ms: int = 1) -> str:
    """Make the tables, the tenant, a program and a key with all scopes; its secret."""
    with parts_of(folder, database) as parts:
        parts.database.migrate()
        with parts.database.write(TENANT) as connection:
            create_tenant(connection, TENANT, now_ms)
            _, secret = create_key(connection, TENANT, "all", sorted(SCOPES), now_ms)  # type: ignore[arg-type]
        if program is not None:
            parts.tenants.publish(TENANT, program, now_ms)
    return secret


@contextmanager
def serving(folder: Path, database: str, program: str | None, **settings: object) -> Iterator[Service]:
    """A service that is ready, on a fresh database."""
    with ExitStack() as stack:
        service = Service(folder, database, prepare(folder, database, program), **settings)
        stack.callback(service.kill)
        service.start()
        yield service


def signal_worker(service: Service, number: signal.Signals) -> None:
    """Send a signal to the worker alone."""
    os.kill(service.worker, number)
