"""Which files of a folder are being read: a question that reads them as it goes holds a lease on them.

A lease is a file that names them, locked by whoever holds it. The lock ends with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LEASES = ".leases"
LEASE_SECONDS = 24 * 3600
"""After so long a lease is over, whoever holds it: what was erased does not stay because a process hangs."""


@contextmanager
def leased(folder: Path, paths: Iterable[str]) -> Iterator[None]:
    """Hold these files of a folder: nobody removes them meanwhile."""
    place, name = folder / LEASES, f"{os.getpid()}-{secrets.token_hex(4)}"
    place.mkdir(mode=0o700, exist_ok=True)
    being, lease = place / f".{name}", place / name
    with open(being, "x", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.writelines(f"{path}\n" for path in paths)
        file.flush()
        being.rename(lease)  # nobody finds it before it is locked and whole
        try:
            yield
        finally:
            lease.unlink(missing_ok=True)


def held_files(folder: Path) -> set[str]:
    """The files of a folder that somebody holds. Leases that are over are removed."""
    return {path for lease in (folder / LEASES).glob("[!.]*") for path in _held_by(lease)}


def _held_by(lease: Path) -> list[str]:
    try:
        with open(lease, encoding="utf-8") as file:
            if time.time() - os.fstat(file.fileno()).st_mtime < LEASE_SECONDS and _is_locked(file.fileno()):
                return file.read().splitlines()
    except FileNotFoundError:
        return []  # it ended at this moment
    lease.unlink(missing_ok=True)
    return []


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
