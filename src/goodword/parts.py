"""The parts a process is put together from: made here, handed on, never looked up."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

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
    try:
        descriptor = os.open(settings.secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
    text = settings.secret_file.read_text().strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise ValueError(f"{settings.secret_file} does not hold a secret of {SECRET_BYTES} bytes in hexadecimal")
    return secret


def tenant_keyring(secret: bytes, tenant: str) -> Keyring:
    """A tenant's key, derived from the secret: tenants cannot compute each other's codes."""
    return Keyring(hmac.new(secret, f"goodword tenant {tenant}".encode(), hashlib.sha256).digest())


def open_parts(settings: Settings) -> Parts:
    """Open the database and read the secret. Nothing is migrated here."""
    database = open_database(settings.database)
    keyring = tenant_keyring(read_secret(settings), settings.tenant)
    return Parts(settings, database, keyring, Tenants(database, keyring, ProgramCache()), now_ms)
