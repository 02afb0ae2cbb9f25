"""The parts a process is put together from: made here, handed on, never looked up."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from goodword.engine.ids import Keyring
from goodword.measure import Measures
from goodword.pipeline.process import ProgramCache
from goodword.pipeline.tenant import Tenants
from goodword.settings import Settings
from goodword.storage.database import Database, DatabaseError, open_database
from goodword.storage.fingerprint import fingerprint_of, has_tenants

SECRET_BYTES = 32


class NoSecret(DatabaseError):
    """The secret is missing, and must not be made anew."""


class WrongSecret(DatabaseError):
    """The secret is another one than the database was filled with."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What commands and the web application work with."""

    settings: Settings
    database: Database
    keyring: Keyring
    tenants: Tenants
    now_ms: Callable[[], int]
    measures: Measures = field(default_factory=lambda: Measures(version("goodword")))


def now_ms() -> int:
    """The wall clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def read_secret(settings: Settings, *, make: bool = False) -> bytes:
    """The secret; with `make` it is made where there is none, readable by its owner only.

    Raises:
        NoSecret: there is none.
        ValueError: the file does not hold a secret.
    """
    file = settings.secret_file
    if make and not file.exists():
        _make_secret(file)
    try:
        text = file.read_text().strip()
    except FileNotFoundError:
        raise NoSecret(
            f"there is no {file}: copy it from where the service keeps its secret, or take it out of a backup"
            f" with `tar -xOf BACKUP goodword.key > {file}`. A new database gets one from `goodword serve` or"
            " `goodword publish`"
        ) from None
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise ValueError(f"{file} does not hold a secret of {SECRET_BYTES} bytes in hexadecimal")
    return secret


def _make_secret(file: Path) -> None:
    """Make the file, whole and on disk, or not at all: codes that were given out derive from it.

    Where another process is faster, its secret stands.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w") as made:
            made.write(secrets.token_hex(SECRET_BYTES) + "\n")
            made.flush()
            os.fsync(made.fileno())
        try:
            os.link(name, file)
        except FileExistsError:
            pass
        except OSError:  # a file system that knows no links
            os.rename(name, file)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    if os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name of the file, too
        finally:
            os.close(folder)


def tenant_key(secret: bytes, tenant: str) -> bytes:
    """A tenant's key, derived from the secret: tenants cannot compute each other's codes."""
    return hmac.new(secret, f"goodword tenant {tenant}".encode(), hashlib.sha256).digest()


def tenant_keyring(secret: bytes, tenant: str) -> Keyring:
    """What a tenant's codes and ids derive from."""
    return Keyring(tenant_key(secret, tenant))


def fingerprint(keyring: Keyring) -> str:
    """By what a database knows a tenant's key again: 128 bits, from which no key follows."""
    return keyring.secret_hash("fingerprint", "goodword")


def check_secret(database: Database, settings: Settings, keyring: Keyring) -> None:
    """Make sure that the key is the one that the tenant's codes and hashes derive from, as far as the database knows it.

    Raises:
        WrongSecret: it is another one.
    """
    with database.read() as connection:
        kept = fingerprint_of(connection, settings.tenant)
    if kept not in (None, fingerprint(keyring)):
        raise WrongSecret(
            f"{settings.secret_file} holds another secret than tenant {settings.tenant!r} was made with: nobody would be"
            f" recognised, and no code shown again. Put the right file in its place; a backup holds it:"
            f" `tar -xOf BACKUP goodword.key > {settings.secret_file}`"
        )


def open_parts(settings: Settings, *, make_secret: bool = True) -> Parts:
    """Open the database, read the secret, and see that they belong together. Nothing is migrated here.

    With `make_secret` a missing secret is made, but only for a database in which there is no tenant yet.

    Raises:
        NoSecret: there is no secret.
        WrongSecret: it is not the one of this database.
    """
    database = open_database(settings.database)
    try:
        with database.read() as connection:
            make = make_secret and not has_tenants(connection)
        keyring = tenant_keyring(read_secret(settings, make=make), settings.tenant)
        check_secret(database, settings, keyring)
    except Exception:
        database.close()
        raise
    return Parts(settings, database, keyring, Tenants(database, keyring, ProgramCache()), now_ms)
