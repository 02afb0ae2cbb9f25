"""What commands on a database share: settings, and opening it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import typer
from sqlalchemy import exc, make_url

from goodword.cli.root import Failure
from goodword.engine.reasons import Answer
from goodword.parts import Parts, check_secret, fingerprint, now_ms, open_parts
from goodword.pipeline.intake import decode_event, seal
from goodword.settings import InvalidSetting, Settings, read_settings
from goodword.storage.database import create_tenant
from goodword.storage.fingerprint import keep_fingerprint
from goodword.storage.load import UnknownTenant, load_tenant


def settings_of(ctx: typer.Context, **given: str) -> Settings:
    """The settings of a command: its options, else the environment, else the defaults."""
    options: dict[str, str] = ctx.find_root().obj | given
    try:
        return read_settings(None, **options)
    except InvalidSetting as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Parts]:
    """The parts of a process, with tables of this release and the tenant; with `create` both are made, and the secret."""
    if not create:
        must_exist(settings.database)
    with mistakes():
        parts = open_parts(settings, make_secret=create)
    try:
        if create:
            parts.database.migrate()
            _make_tenant(parts)
            check_secret(parts.database, settings, parts.keyring)
        else:
            parts.database.check()
            with parts.database.read() as connection:
                load_tenant(connection, settings.tenant)
        yield parts
    finally:
        parts.database.close()


@contextmanager
def mistakes() -> Iterator[None]:
    """Where a value that cannot be used is one that a person gave: an address, a secret."""
    try:
        yield
    except ValueError as error:
        raise Failure(str(error)) from None


def must_exist(url: str) -> None:
    """SQLite makes a file where there is none; a mistyped name shall not leave one behind."""
    try:
        address = make_url(url)
    except (exc.ArgumentError, ValueError):
        return  # told where it is opened
    file = address.database
    if address.get_backend_name() == "sqlite" and file not in (None, "", ":memory:") and not Path(file).exists():
        raise Failure(f"there is no database at {file}: `goodword publish` or `goodword migrate` makes it")


def _make_tenant(parts: Parts) -> None:
    tenant = parts.settings.tenant
    with parts.database.write(tenant) as connection:
        try:
            load_tenant(connection, tenant)
        except UnknownTenant:
            create_tenant(connection, tenant, now_ms())
        # Of a tenant that an older release made nobody kept it: from now on his secret is this one.
        keep_fingerprint(connection, tenant, fingerprint(parts.keyring))


def told(parts: Parts, event: dict[str, Any]) -> Answer:
    """The answer to an event of now, decided and stored.

    Raises:
        InvalidEvent: it cannot be accepted.
        Failure: it could not be decided.
    """
    sealed = seal(decode_event(msgspec.json.encode(event)), parts.keyring, parts.now_ms(), history=False)
    outcome = parts.tenants.decide_all(parts.settings.tenant, [sealed])
    if outcome.parked:
        raise Failure("it could not be decided: it is kept aside and looked at")
    return msgspec.json.decode(outcome.answers[sealed.event.id], type=Answer)
