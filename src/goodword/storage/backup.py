"""Backups of the embedded database: one file that holds the database at one moment, the secret, and a manifest.

A copy is made through SQLite's backup interface out of one open read transaction, so that it shows one moment however long
it takes, while a server goes on writing. Without the secret no code and no hash could be derived again: it belongs to the
copy, which is therefore readable by its owner only.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from msgspec import Struct

from goodword.storage.database import DatabaseError

FORMAT: Literal[1] = 1
DATABASE, SECRET, MANIFEST = "goodword.db", "goodword.key", "manifest.json"
PAGES = 2048
"""How many pages are copied between two reports of progress."""
CHUNK = 1024 * 1024
MANIFEST_BYTES_MAX = 1024 * 1024
FOR_OWNER = 0o600

Step = Callable[[float], None]
"""Told now and then which share of the work is done."""


class BadBackup(DatabaseError):
    """A file that is no backup, is cut off or damaged, or comes from a newer release."""


class NotOverwritten(DatabaseError):
    """Something stands where a backup or a restored database would go."""


class File(Struct, frozen=True):
    """A file in a backup."""

    bytes: int
    sha256: str


class TenantAt(Struct, frozen=True):
    """Where a tenant stood."""

    tenant: str
    seq: int
    """How many events were decided: the number of the last one."""
    clock_ms: int


class Manifest(Struct, frozen=True):
    """What a backup holds."""

    format: Literal[1]
    goodword: str
    revision: str
    made_ms: int
    tenants: tuple[TenantAt, ...]
    files: dict[str, File]


def back_up(
    database: Path, secret: Path, target: Path, *, version: str, now_ms: int, step: Step = lambda _: None
) -> Manifest:
    """Write a backup to a file that is not there yet. A server may go on writing meanwhile.

    Raises:
        NotOverwritten: there is such a file.
        BadBackup: the database is damaged.
    """
    _must_not_exist(target)
    with _scratch(target.parent) as folder:
        copy = folder / DATABASE
        _copy_database(database, copy, step)
        with closing(sqlite3.connect(copy)) as connection:
            _check(connection, "quick_check")
            manifest = Manifest(
                format=FORMAT,
                goodword=version,
                revision=_one(connection, "SELECT version_num FROM alembic_version"),
                made_ms=now_ms,
                tenants=_tenants(connection),
                files={DATABASE: _file(copy), SECRET: _file(secret)},
            )
        packed = folder / "backup"
        _pack(packed, manifest, {DATABASE: copy, SECRET: secret})
        _put(packed, target)
    return manifest


@contextmanager
def unpacked(backup: Path, beside: Path, step: Step = lambda _: None) -> Iterator[tuple[Manifest, Path]]:
    """The manifest of a backup and a folder with its files, every byte compared with the manifest, the database checked.

    The folder is made beside a file, on the same disk, and removed afterwards.

    Raises:
        BadBackup: the file is no backup, or is not whole.
    """
    with _scratch(beside.parent) as folder:
        try:
            with tarfile.open(backup, "r:") as tar:
                manifest = _unpack(tar, folder, step)
        except (tarfile.TarError, EOFError, msgspec.MsgspecError) as error:
            raise BadBackup(f"{backup}: it is no backup, or is cut off or damaged ({error})") from None
        except BadBackup as error:
            raise BadBackup(f"{backup}: {error}") from None
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            _check(connection, "integrity_check")
            if _tenants(connection) != manifest.tenants:
                raise BadBackup(f"{backup}: its database is not the one that its manifest describes")
        yield manifest, folder


def put_in_place(folder: Path, database: Path, secret: Path, suffix: str, *, force: bool) -> list[Path]:
    """Move the files of a backup to where they are used. With `force`, what stands there is put aside under another name.

    Returns what was put aside.

    Raises:
        NotOverwritten: something stands there, or a process uses it.
    """
    same_secret = secret.exists() and secret.read_bytes() == (folder / SECRET).read_bytes()
    # A write-ahead log that outlived its database would be played into the one that takes its place.
    logs = [database.with_name(database.name + end) for end in ("-wal", "-shm")]
    standing = [path for path in (database, *logs, *(() if same_secret else (secret,))) if path.exists()]
    if standing and not force:
        raise NotOverwritten(f"{standing[0]} exists: --force puts it aside and restores the backup in its place")
    if database.exists():
        _nobody_uses(database)
    staged = secret.with_name(f".{secret.name}.{suffix}")
    if not same_secret:
        # Whole on its own disk before anything is moved: a database without its secret is worth nothing.
        secret.parent.mkdir(parents=True, exist_ok=True)
        _make_for_owner(staged)
        shutil.copyfile(folder / SECRET, staged)
        _hand_over(staged, secret.parent)
    _hand_over(folder / DATABASE, database.parent)
    aside = []
    for path in filter(Path.exists, standing):  # logs go by themselves where nobody uses the database
        # A log stays with its database: `goodword.db.SUFFIX-wal`.
        end = path.name.removeprefix(database.name) if path in logs else ""
        aside.append(path.with_name(f"{path.name.removesuffix(end)}.{suffix}{end}"))
        os.rename(path, aside[-1])
    if not same_secret:
        os.rename(staged, secret)
        _sync(secret.parent)
    _put(folder / DATABASE, database)
    _sync(database.parent)
    return aside


# copying --------------------------------------------------------------------------------------------------------------


def _copy_database(source: Path, target: Path, step: Step) -> None:
    _make_for_owner(target)
    address = f"{source.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, isolation_level=None)) as reader,
        closing(sqlite3.connect(target)) as writer,
    ):
        # The copy is taken from this one transaction: without it, SQLite would begin anew after each commit of a server.
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        reader.backup(writer, pages=PAGES, progress=lambda _, left, total: step(1 - left / max(total, 1)))
        reader.execute("COMMIT")
        writer.execute("PRAGMA journal_mode = DELETE")  # one file; whoever opens it brings its write-ahead log back


def _check(connection: sqlite3.Connection, pragma: str) -> None:
    try:
        found = [row[0] for row in connection.execute(f"PRAGMA {pragma}(1)")]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        raise BadBackup(f"the database is damaged: {found[0]}")


def _one(connection: sqlite3.Connection, statement: str) -> str:
    try:
        row = connection.execute(statement).fetchone()
    except sqlite3.OperationalError:
        row = None
    if row is None:
        raise BadBackup("the database was never migrated: there is nothing in it to keep")
    return str(row[0])


def _tenants(connection: sqlite3.Connection) -> tuple[TenantAt, ...]:
    rows = connection.execute("SELECT tenant, seq, clock_ms FROM tenants ORDER BY tenant")
    return tuple(TenantAt(*row) for row in rows)


def _nobody_uses(database: Path) -> None:
    """Leaving the write-ahead log needs that nobody else has the database open."""
    try:
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise NotOverwritten(f"{database} is in use: stop what uses it first") from None
    except sqlite3.DatabaseError:
        return  # damaged, which is why somebody restores


# packing --------------------------------------------------------------------------------------------------------------


def _pack(target: Path, manifest: Manifest, files: dict[str, Path]) -> None:
    _make_for_owner(target)
    with target.open("wb") as raw:
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            # The manifest comes first: what follows can be compared while it is read.
            text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
            tar.addfile(_member(MANIFEST, len(text), manifest), io.BytesIO(text))
            for name, path in files.items():
                with path.open("rb") as file:
                    tar.addfile(_member(name, manifest.files[name].bytes, manifest), file)
        raw.flush()
        os.fsync(raw.fileno())


def _member(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, FOR_OWNER, manifest.made_ms // 1000
    return info


def _unpack(tar: tarfile.TarFile, folder: Path, step: Step) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MANIFEST_BYTES_MAX:
        raise BadBackup("it is no backup: it does not begin with a manifest")
    manifest = msgspec.json.decode(_content(tar, first).read(), type=Manifest)
    if manifest.files.keys() != {DATABASE, SECRET}:
        raise BadBackup("its manifest names other files than a backup has")
    whole = sum(file.bytes for file in manifest.files.values()) or 1
    done = 0
    for name, expected in manifest.files.items():
        info = tar.next()
        if info is None or info.name != name or not info.isreg():
            raise BadBackup(f"{name} is missing in it: it is cut off")
        _make_for_owner(folder / name)
        digest, size = hashlib.sha256(), 0
        with (folder / name).open("wb") as file, _content(tar, info) as content:
            while chunk := content.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                step((done + size) / whole)
        done += size
        if (size, digest.hexdigest()) != (expected.bytes, expected.sha256):
            raise BadBackup(f"{name} is not what it was when the backup was made: the file is damaged")
    return manifest


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> BinaryIO:
    content = tar.extractfile(info)
    if content is None:
        raise BadBackup(f"{info.name} is no file")
    return content  # type: ignore[return-value]


def _file(path: Path) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return File(file.tell(), digest.hexdigest())


# files ----------------------------------------------------------------------------------------------------------------


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".goodword-", dir=parent) as folder:
        yield Path(folder)


def _make_for_owner(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FOR_OWNER))


def _hand_over(path: Path, folder: Path) -> None:
    """A file, whole on the disk, readable by its owner only. Made by root it belongs to the owner of the folder: the service."""
    os.chmod(path, FOR_OWNER)
    if os.name == "posix" and os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    _sync(path)


def _sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _must_not_exist(path: Path) -> None:
    if path.exists():
        raise NotOverwritten(f"{path} exists: a backup overwrites nothing")


def _put(made: Path, target: Path) -> None:
    """Give a finished file its name; never in the place of another one."""
    try:
        os.link(made, target)
    except FileExistsError:
        raise NotOverwritten(f"{target} exists: nothing is overwritten") from None
    except OSError:
        # A disk without hard links.
        _must_not_exist(target)
        os.rename(made, target)
