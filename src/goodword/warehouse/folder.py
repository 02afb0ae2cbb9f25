"""A folder with the files of a warehouse, and the manifests that say which of them belong together."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
from msgspec import Struct

from goodword.warehouse.lease import held_files, leased
from goodword.warehouse.remote import Store

GRACE_MS = 10 * 60 * 1000
"""So long a file that was replaced stays, for whoever reads by an older manifest; one on which somebody has a lease stays longer."""
ORPHAN_SECONDS = 24 * 3600
"""After so long a file that no manifest names was left behind by a copy that did not come to its end."""
STAGING_SECONDS = 6 * 3600
"""After so long without a new file somebody's place for what is on its way was left behind."""
ORPHANS_EVERY = 64
"""In every how-manieth generation a store is looked through for what was left behind."""
MANIFEST = "manifest.json"
STAGING = ".staging"
"""The folder for what is on its way."""
IDENTITY = "warehouse-id"


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

    def all_paths(self) -> list[str]:
        """The files of all facts."""
        return [path for fact in self.files for path in self.paths(fact)]


class _Numbered(Struct, frozen=True):
    """Of a manifest, which generation it is."""

    generation: int = 0


def open_folder(root: Path, tenant: str, store: str = "") -> Folder:
    """The folder of a tenant, with its store where an address of one is given.

    Raises:
        StoreUnavailable: it is none, or cannot be reached.
    """
    return Folder(root, tenant, Store(store, tenant) if store else None)


class Folder:
    """The folder of one tenant in a warehouse."""

    def __init__(self, root: Path, tenant: str, store: Store | None = None) -> None:
        """The folder below `root`; with a store, what this machine has of it."""
        self.name = ""
        """By what the database knows the warehouse: made with it, and kept in it. Whoever shares a folder, or a store, shares that."""
        self.path = root / f"tenant={tenant}"
        self.staging = self.path / STAGING
        self._store = store

    def make(self) -> None:
        """Make it, readable by its owner alone."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name = self._identity()

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of this name; None where there is none. Whether its files are there says `missing`."""
        try:
            content = (self.path / name).read_bytes()
        except FileNotFoundError:
            content = (self._store.get(name) if self._store is not None else None) or b""
        try:
            return msgspec.json.decode(content, type=Manifest)
        except msgspec.DecodeError:
            return None

    def missing(self, paths: Iterable[str]) -> set[str]:
        """Those of these files that are not here, and not in the store either: from there they are fetched."""
        if self._store is not None:
            return self._store.fetch(self.path, paths)
        return {path for path in paths if not _is_whole(self.path / path)}

    def write(self, manifest: Manifest) -> str:
        """Put a manifest where its files are, under a name that no other process uses; it holds once the database says so."""
        name = f"manifest-{manifest.generation:08d}-{secrets.token_hex(4)}.json"
        os.sync()  # the engine that wrote the files does not wait for the disk
        content = msgspec.json.encode(manifest)
        if self._store is not None:
            self._store.send(self.path, manifest.all_paths())
            self._store.put(name, content)
        self._put(name, content)
        return name

    def publish(self, manifest: Manifest) -> Manifest:
        """Say for readers without the database which manifest holds, and remove those that held before the last."""
        content = msgspec.json.encode(manifest)
        self._put(MANIFEST, content)
        last = f"manifest-{manifest.generation - 1:08d}"
        for path in self.path.glob("manifest-*.json"):
            if path.name < last:
                path.unlink(missing_ok=True)
        if self._store is not None:
            self._store.put(MANIFEST, content)
            self._store.remove(name for name in self._store.manifests() if name < last)
        return manifest

    def over(self, retired: Iterable[tuple[str, int]], now_ms: int) -> set[str]:
        """Those of replaced files that nobody reads any more."""
        return {path for path, since_ms in retired if now_ms - since_ms >= GRACE_MS} - held_files(self.path)

    def reading(self, manifest: Manifest) -> AbstractContextManager[None]:
        """While somebody reads the files of a manifest, which may take longer than they would stay otherwise."""
        return leased(self.path, manifest.all_paths())

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, here and in the store."""
        gone = list(paths)
        for path in gone:
            (self.path / path).unlink(missing_ok=True)
        if self._store is not None:
            self._store.remove(gone)

    def is_over(self, manifest: Manifest, now_ms: int) -> bool:
        """Whether a file waits to be removed."""
        return bool(self.over(manifest.retired, now_ms))

    def parquet_files(self) -> set[str]:
        """All files of facts that are here."""
        return {str(path.relative_to(self.path)) for path in self._parquet()}

    def publish_again(self, manifest: Manifest) -> None:
        """Where a process ended before it published what holds: do so now."""
        try:
            told = msgspec.json.decode((self.path / MANIFEST).read_bytes(), type=_Numbered)
        except (FileNotFoundError, msgspec.DecodeError):
            told = _Numbered()
        if told.generation != manifest.generation:
            self.publish(manifest)

    def remove_orphans(self, manifest: Manifest) -> int:
        """Remove what copies left behind that did not come to their end; how many files it were.

        With a store, also what another machine has replaced since it was fetched. In the store itself, which is slow to list,
        only now and then.
        """
        known = {*manifest.all_paths(), *(path for path, _ in manifest.retired)} | held_files(self.path)
        seconds = ORPHAN_SECONDS if self._store is None else GRACE_MS / 1000
        oldest, removed = time.time() - seconds, 0
        for path in self._parquet():
            if str(path.relative_to(self.path)) not in known and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                removed += 1
        for path in self.staging.glob("*"):
            if path.stat().st_mtime < time.time() - STAGING_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
        if self._store is not None and manifest.generation % ORPHANS_EVERY == 1:
            removed += self._store.remove_others(known, time.time() - ORPHAN_SECONDS)
        return removed

    @property
    def shared(self) -> bool:
        """Whether others may change what it holds."""
        return self._store is not None

    def clear_staging(self) -> Path:
        """An empty folder for what is on its way: one for this process alone."""
        mine = self.staging / f"{os.getpid()}-{secrets.token_hex(4)}"
        mine.mkdir(mode=0o700, parents=True)
        return mine

    def _identity(self) -> str:
        """What tells this warehouse from others: 64 random bits, made by whoever is first."""
        if self._store is not None and (known := self._store.get(IDENTITY)):
            return known.decode()
        path, made = self.path / IDENTITY, secrets.token_hex(8)
        try:
            with open(path, "x", encoding="ascii") as file:
                file.write(made)
        except FileExistsError:
            made = path.read_text(encoding="ascii") or made
        if self._store is not None:
            self._store.put(IDENTITY, made.encode())
        return made

    def _parquet(self) -> Iterator[Path]:
        yield from self.path.glob("[!.]*/*.parquet")

    def _put(self, name: str, content: bytes) -> None:
        """A file that is there whole or not at all, also after a power cut."""
        being = self.path / f".{name}-{os.getpid()}"
        with open(being, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        being.replace(self.path / name)


def _is_whole(path: Path) -> bool:
    """Whether a file is there with something in it: after a power cut it may be empty."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
