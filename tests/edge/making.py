"""What the tests of the redirect speak with: the redirect in this process, links, and what was stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from goodword.edge.app import Edge
from goodword.engine.ids import normalise_code
from goodword.engine.state import Handle
from goodword.parts import tenant_keyring
from goodword.pipeline.tenant import Tenants
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant
from goodword.storage.dialect import write_rows
from goodword.storage.hits import Hit
from goodword.storage.rows import MAPPERS
from tests.web.making import PROGRAM, TENANT, Loop

SECRET = b"k" * 32
KEYRING = tenant_keyring(SECRET, TENANT)
LANDING = "https://shop.example/welcome?a=1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WITH_LANDING = PROGRAM.replace("currency:", f"landing: {LANDING}\ncurrency:", 1)


def prepared(database: Database, program: str = WITH_LANDING) -> Database:
    """A migrated database with a tenant, its program in force."""
    database.migrate()
    with database.write(TENANT) as connection:
        create_tenant(connection, TENANT, 1)
    Tenants(database, KEYRING).publish(TENANT, program, 1)
    return database


def add_handles(database: Database, *handles: Handle) -> None:
    with database.write(TENANT) as connection:
        mapper = MAPPERS["handles"]
        rows = [mapper.pack("", handle) for handle in handles]
        write_rows(connection, database.dialect.upsert(mapper.table), TENANT, rows)


def handle(written: str, **more: Any) -> Handle:
    """A code of Ann's in the program."""
    code = normalise_code(written)
    return Handle(code, "demo", "pt_ann", 1, shown=None if written == code else written, **more)


def stored_hits(database: Database) -> list[Hit]:
    with database.read() as connection:
        columns = [tables.hits.c[name] for name in Hit.__struct_fields__]
        order = (tables.hits.c.at_ms, tables.hits.c.spool, tables.hits.c.place)
        return [Hit(*row) for row in connection.execute(sa.select(*columns).order_by(*order))]


def counted(database: Database) -> dict[tuple[str, str, str], int]:
    """The counts of all days by program, code and kind."""
    table = tables.hit_counts.c
    columns = (table.program, table.code, table.kind)
    with database.read() as connection:
        rows = connection.execute(sa.select(*columns, sa.func.sum(table["count"])).group_by(*columns))
        return {(program, code, kind): int(count) for program, code, kind, count in rows}


@dataclass
class Door:
    """A running redirect and who knocks."""

    edge: Edge
    database: Database
    loop: Loop
    client: httpx.AsyncClient
    folder: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        given = {"user-agent": FIREFOX} | {name.replace("_", "-"): value for name, value in headers.items()}
        response: httpx.Response = self.loop.run(self.client.request(method, path, headers=given))
        return response

    def location(self, path: str, **headers: str) -> str:
        response = self.ask(path, **headers)
        assert response.status_code == 302, (response.status_code, response.text)
        return response.headers["location"]

    def drained(self) -> list[Hit]:
        """Have everything brought into the database."""
        # What nobody waits for is written with the next group: one that somebody waits for.
        self.edge.drain.run_once()
        return stored_hits(self.database)


def places(hits: Iterable[Hit]) -> list[tuple[str, int]]:
    return [(hit.spool, hit.place) for hit in hits]
