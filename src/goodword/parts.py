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
from goodword.storage.database import Database, open_database

SECRET_BYTES = 32


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


def read_secret(settings: Settings) -> bytes:
    """The secret, made at first use and readable by its owner only.

    Raises:
        ValueError: the file does not hold a secret.
    """
    if not settings.secret_file.exists():
        _make_secret(settings.secret_file)
    text = settings.secret_file.read_text().strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise ValueError(f"{settings.secret_file} does not hold a secret of {SECRET_BYTES} bytes in hexadecimal")
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


def tenant_keyring(secret: bytes, tenant: str) -> Keyring:
    """A tenant's key, derived from the secret: tenants cannot compute each other's codes."""
    return Keyring(hmac.new(secret, f"goodword tenant {tenant}".encode(), hashlib.sha256).digest())


def open_parts(settings: Settings) -> Parts:
    """Open the database and read the secret. Nothing is migrated here."""
    database = open_database(settings.database)
    keyring = tenant_keyring(read_secret(settings), settings.tenant)
    return Parts(settings, database, keyring, Tenants(database, keyring, ProgramCache()), now_ms)
