"""Commands that run the service: migrate, serve, edge and worker."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from typing import Annotated, Any

import msgspec
import structlog
import typer

from goodword.addresses import parse_address
from goodword.cli.root import DEFAULTS, setting_option
from goodword.cli.shared import mistakes, opened, settings_of
from goodword.delivery.deliverer import Deliverer, make_deliverer
from goodword.delivery.letters import Letters
from goodword.edge.app import check_settings
from goodword.engine.ids import Keyring
from goodword.measure import CONTENT_TYPE, Latest
from goodword.parts import Parts, WrongSecret, check_secret, read_secret, tenant_keyring
from goodword.pipeline.batcher import Batcher
from goodword.pipeline.scheduler import Every, Scheduler
from goodword.portal.look import make_look
from goodword.settings import InvalidSetting, Settings
from goodword.storage.database import Database, open_database, unopened_database
from goodword.web import serve as web
from goodword.web.listener import Listener, Told
from goodword.web.ready import database_state
from goodword.web.shapes import show_row
from goodword.web.waiting import watch_waiting

room = typer.Typer()

log = structlog.get_logger("goodword.worker")

WORKERS_MAX = 64
"""How many processes of the redirect one command starts."""
SECRET_SECONDS = 3.0
"""How long the redirect waits for the database to say whether its secret is the right one."""
STATE_SECONDS = 3.0
"""How long a worker that is asked whether it is ready waits for the database."""
STATE_FRESH_SECONDS = 1.0
"""How long it repeats what it found."""


@room.command()
def migrate(ctx: typer.Context) -> None:
    """Make the tables, or bring them to this release. Several processes may do so at once."""
    settings = settings_of(ctx)
    with mistakes():
        database = open_database(settings.database)
    try:
        database.migrate()
        typer.echo(f"the database is at revision {database.revision()}")
    finally:
        database.close()


@room.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str, setting_option("host")] = DEFAULTS["host"],
    port: Annotated[str, setting_option("port")] = DEFAULTS["port"],
) -> None:
    """Run the service: the API, and all that has to happen in time. Makes the database where it is missing."""
    settings = settings_of(ctx, host=host, port=port)
    _check(settings)
    with opened(settings, create=True):
        pass  # the worker opens its own parts
    web.serve(settings)


@room.command()
def edge(
    ctx: typer.Context,
    host: Annotated[str, setting_option("host")] = DEFAULTS["host"],
    port: Annotated[str, setting_option("port")] = DEFAULTS["port"],
    workers: Annotated[int, typer.Option("--workers", min=1, max=WORKERS_MAX, help="how many processes")] = 1,
) -> None:
    """Run only the redirect, `/r/CODE`, on a machine of its own. It starts and goes on while the database is away."""
    settings = settings_of(ctx, host=host, port=port)
    _check(settings)
    with mistakes(), closing(unopened_database(settings.database)) as database:
        keyring = tenant_keyring(read_secret(settings), settings.tenant)
        _check_secret_soon(database, settings, keyring)
    web.serve(settings, web.EDGE_WORKER, workers)


def _check_secret_soon(database: Database, settings: Settings, keyring: Keyring) -> None:
    """Compare the secret with the database if that answers in time: the redirect starts without it.

    Raises:
        WrongSecret: it is another one.
    """

    def compare() -> WrongSecret | None:
        try:
            check_secret(database, settings, keyring)
        except WrongSecret as error:
            return error
        return None

    wrong = Latest(compare, wait_seconds=SECRET_SECONDS).get()
    if wrong is not None:
        raise wrong


def _check(settings: Settings) -> None:
    """What would otherwise fail in the worker, less clearly."""
    try:
        check_settings(settings)
        make_look(settings)
    except InvalidSetting as error:
        raise typer.BadParameter(str(error)) from None
    web.check_port(settings.host, settings.port)


@room.command()
def worker(ctx: typer.Context) -> None:
    """Decide what falls due and deliver webhooks and mails, without the API. On PostgreSQL as many at once as you like."""
    settings = settings_of(ctx)
    if settings.worker_port:
        web.check_port(settings.host, settings.worker_port, "GOODWORD_WORKER_PORT")
    stopping = threading.Event()

    def stop(*_: Any) -> None:
        stopping.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop)
    with opened(settings) as parts:
        parts.database.serves()
        with mistakes():
            deliverer = make_deliverer(settings, parts.database, parts.keyring, parts.now_ms, show_row, parts.measures)
            letters = Letters(settings, parts.database, parts.keyring, parts.now_ms)
        sizes = (settings.queue_max, settings.batch_max)
        batcher = Batcher(parts.tenants, parts.keyring, settings.tenant, *sizes, parts.measures)
        scheduler = Scheduler(batcher, parts.tenants, settings.tenant, parts.now_ms, settings.scheduler_every)
        watch_waiting(parts)
        listener = _listener(parts, batcher, deliverer)
        mailing = Every("letters", settings.delivery_every, letters.run_once)
        runs = (batcher, scheduler, deliverer, mailing, *((listener,) if listener else ()))
        for run in runs:
            run.start()
        log.info("worker_started", tenant=settings.tenant)
        stopping.wait()
        for run in reversed(runs):
            run.stop()
        log.info("worker_stopped", tenant=settings.tenant)


def _listener(parts: Parts, batcher: Batcher, deliverer: Deliverer) -> Listener | None:
    """What answers for a worker whether it is well, and what it measures; None where nobody wants to know.

    Measures are for everybody who reaches them: unless they are open, only this machine does.
    """
    settings = parts.settings
    if not settings.worker_port:
        return None
    state = Latest(lambda: database_state(parts.database), STATE_FRESH_SECONDS, STATE_SECONDS)

    def healthz() -> Told:
        return _json(200, {"status": "up"})

    def readyz() -> Told:
        up = {"database": state.get() or "does not answer"}
        up |= {name: "up" if one.alive else "down" for name, one in (("writer", batcher), ("deliverer", deliverer))}
        ready = set(up.values()) == {"up"}
        return _json(200 if ready else 503, {"status": "ready" if ready else "not ready", **up})

    routes = {"/healthz": healthz, "/readyz": readyz}
    address = parse_address(settings.host)
    if settings.metrics_open or (address is not None and address.is_loopback):
        routes["/metrics"] = lambda: Told(200, CONTENT_TYPE, parts.measures.text())
    return Listener(settings.host, settings.worker_port, routes)


def _json(status: int, value: dict[str, str]) -> Told:
    return Told(status, "application/json", msgspec.json.encode(value))
