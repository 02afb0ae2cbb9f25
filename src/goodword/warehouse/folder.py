"""A folder with the files of a warehouse, and the manifests that say which of them belong together."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

GRACE_MS = 10 * 60 * 1000
"""So long a file that was replaced stays, for whoever reads by an older manifest."""
ORPHAN_SECONDS = 24 * 3600
"""After so long a file that no manifest names was left behind by a copy that did not come to its end."""
MANIFEST = "manifest.json"


class Manifest(Struct, frozen=True):
    """Which files are the facts of a tenant, as of when. `files` by fact and day, relative to the tenant's folder."""

    generation: int = 0
    layout: int = 0
    """Of which layout the facts are."""
    seq: int = 0
    """All events up to this one are in it."""
    clock_ms: int = 0
    """The tenant's clock then."""
    as_of_ms: int = 0
    """When it was read from the database."""
    spools: dict[str, int] = {}
    """Up to which place the clicks of each spool are in it."""
    programs: tuple[str, ...] = ()
    """The versions whose rules are in it, as ``name/number``."""
    files: dict[str, dict[str, tuple[str, ...]]] = {}
    rows: dict[str, int] = {}
    """How many rows each fact has."""
    retired: tuple[tuple[str, int], ...] = ()
    """Files that were replaced, and when."""

    def paths(self, fact: str) -> list[str]:
        """The files of a fact, in the order of their days."""
        return [path for _, paths in sorted(self.files.get(fact, {}).items()) for path in paths]


class Folder:
    """The folder of one tenant in a warehouse."""

    def __init__(self, root: Path, tenant: str) -> None:
        self.name = str(root)
        self.path = root / f"tenant={tenant}"
        self.staging = self.path / ".staging"

    def make(self) -> None:
        """Make it, readable by its owner alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of this name; None where it, or one of its files, is not there."""
        try:
            manifest = msgspec.json.decode((self.path / name).read_bytes(), type=Manifest)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        if all((self.path / path).exists() for fact in manifest.files for path in manifest.paths(fact)):
            return manifest
        return None

    def write(self, manifest: Manifest) -> str:
        """Put a manifest onto the disk, under a name that no other process uses; it holds once the database says so."""
        name = f"manifest-{manifest.generation:08d}-{secrets.token_hex(4)}.json"
        self._put(name, msgspec.json.encode(manifest))
        return name

    def publish(self, manifest: Manifest) -> Manifest:
        """Say for readers without the database which manifest holds, and remove those that held before the last."""
        self._put(MANIFEST, msgspec.json.encode(manifest))
        for path in self.path.glob("manifest-*.json"):
            if path.name < f"manifest-{manifest.generation - 1:08d}":
                path.unlink(missing_ok=True)
        return manifest

    def remove_retired(self, manifest: Manifest, now_ms: int) -> tuple[tuple[str, int], ...]:
        """Remove files that were replaced long enough ago; those that are left."""
        left = []
        for path, since_ms in manifest.retired:
            if now_ms - since_ms >= GRACE_MS:
                (self.path / path).unlink(missing_ok=True)
            else:
                left.append((path, since_ms))
        return tuple(left)

    def remove_orphans(self, manifest: Manifest) -> int:
        """Remove what copies left behind that did not come to their end; how many files it were."""
        known = {path for fact in manifest.files for path in manifest.paths(fact)} | {
            path for path, _ in manifest.retired
        }
        oldest, removed = time.time() - ORPHAN_SECONDS, 0
        for path in self._parquet():
            if str(path.relative_to(self.path)) not in known and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def clear_staging(self) -> Path:
        """An empty folder for what is on its way: one for this process alone."""
        mine = self.staging / str(os.getpid())
        shutil.rmtree(mine, ignore_errors=True)
        mine.mkdir(mode=0o700, parents=True)
        return mine

    def _parquet(self) -> Iterator[Path]:
        yield from (path for path in self.path.glob("*/*/*.parquet") if path.parts[-3] != self.staging.name)

    def _put(self, name: str, content: bytes) -> None:
        """A file that is there whole or not at all, also after a power cut."""
        being = self.path / f".{name}-{os.getpid()}"
        with open(being, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        being.replace(self.path / name)
