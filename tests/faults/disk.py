"""A disk that is full until somebody makes room: a small file system, or where that may not be mounted, a limit on files."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SMALL_BYTES = 3 * 1024 * 1024
LARGE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Disk:
    """A folder with little room."""

    folder: Path
    limit: Callable[[int], None]
    """Leave this process so little room, from now on."""
    free: Callable[[int], None]
    """Give this process more room."""


@contextmanager
def file_system(folder: Path) -> Iterator[Disk]:
    """A file system of its own.

    Raises:
        PermissionError: this user may not mount one.
    """
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        raise PermissionError(mounted.stderr)

    def free(_: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={LARGE_BYTES}", str(folder)], check=True)

    try:
        yield Disk(folder, lambda _: None, free)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def file_limit(folder: Path) -> Iterator[Disk]:
    """A limit on the size of each file that the process writes."""

    def limit(pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALL_BYTES, resource.RLIM_INFINITY))

    def free(pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    yield Disk(folder, limit, free)
