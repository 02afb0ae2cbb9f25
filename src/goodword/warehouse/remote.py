"""A warehouse in an object store: the local folder is then what this machine has of it.

What a generation needs is there before the generation holds: files first, then their manifest. Another machine fetches what it
lacks. Addresses are those of pyarrow: ``s3://BUCKET/PREFIX``, ``gs://…``, ``file:///…``; credentials come from the environment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import fs

CHUNK_BYTES = 8 * 1024 * 1024
"""How much of a file is in memory while it is copied."""


class StoreUnavailable(OSError):
    """The object store cannot be reached, or does not let us in."""


class Store:
    """One tenant's place in an object store."""

    def __init__(self, address: str, tenant: str) -> None:
        """Open it.

        Raises:
            StoreUnavailable: the address is none, or nobody answers there.
        """
        self._address = address.partition("?")[0]
        try:
            self._files, root = fs.FileSystem.from_uri(address)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise StoreUnavailable(f"{self._address}: {_first_line(error)}") from error
        self._root = f"{root.rstrip('/')}/tenant={tenant}"
        self._known: set[str] | None = None

    def send(self, folder: Path, paths: Iterable[str]) -> None:
        """Bring those of these files there that are not there yet. Files are never changed, so that a name is enough to know one."""
        known = self._listed()
        for path in paths:
            if path not in known:
                self._copy(folder / path, path)
                known.add(path)

    def put(self, path: str, content: bytes) -> None:
        """A small file, whole or not at all; one of the same name is replaced."""
        with _told(self._address):
            self._make_folder(path)
            with self._files.open_output_stream(f"{self._root}/{path}") as stream:
                stream.write(content)

    def get(self, path: str) -> bytes | None:
        """The content of a small file; None where there is none."""
        with _told(self._address):
            try:
                with self._files.open_input_stream(f"{self._root}/{path}") as stream:
                    content: bytes = stream.read()
                    return content
            except FileNotFoundError:
                return None

    def fetch(self, folder: Path, paths: Iterable[str]) -> set[str]:
        """Bring those of these files here that are not here; those that are not there either."""
        missing = set()
        for path in paths:
            target = folder / path
            if target.exists():
                continue
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            being = target.with_name(f".{target.name}")
            with _told(self._address):
                try:
                    with self._files.open_input_stream(f"{self._root}/{path}") as source, open(being, "wb") as sink:
                        _pour(source, sink)
                except FileNotFoundError:
                    missing.add(path)
                    continue
            being.replace(target)
        return missing

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; one that is not there is no mistake."""
        for path in paths:
            with _told(self._address):
                try:
                    self._files.delete_file(f"{self._root}/{path}")
                except FileNotFoundError:
                    continue
            if self._known is not None:
                self._known.discard(path)

    def remove_others(self, known: Collection[str], before: float) -> int:
        """Remove Parquet files that are not known and older than a moment, in seconds since 1970; how many it were."""
        with _told(self._address):
            found = self._files.get_file_info(fs.FileSelector(self._root, allow_not_found=True, recursive=True))
        others = [
            path
            for one in found
            if one.path.endswith(".parquet")
            and (path := one.path.removeprefix(f"{self._root}/")) not in known
            and one.mtime.timestamp() < before
        ]
        self.remove(others)
        return len(others)

    def manifests(self) -> list[str]:
        """The names of the manifests that are there."""
        with _told(self._address):
            found = self._files.get_file_info(fs.FileSelector(self._root, allow_not_found=True))
        return [one.base_name for one in found if one.base_name.startswith("manifest-")]

    def _listed(self) -> set[str]:
        if self._known is None:
            with _told(self._address):
                found = self._files.get_file_info(fs.FileSelector(self._root, allow_not_found=True, recursive=True))
            self._known = {one.path.removeprefix(f"{self._root}/") for one in found if one.type == fs.FileType.File}
        return self._known

    def _copy(self, source: Path, path: str) -> None:
        with _told(self._address):
            self._make_folder(path)
            with open(source, "rb") as stream, self._files.open_output_stream(f"{self._root}/{path}") as sink:
                _pour(stream, sink)

    def _make_folder(self, path: str) -> None:
        # Object stores have none; a local file system does, and is one of the addresses.
        if isinstance(self._files, fs.LocalFileSystem):
            self._files.create_dir(f"{self._root}/{path}".rpartition("/")[0], recursive=True)


class _told:
    """An error of the store, said with its address and without what the driver says of credentials."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, FileNotFoundError | StoreUnavailable) or not isinstance(
            error, OSError | pa.ArrowException
        ):
            return
        raise StoreUnavailable(f"{self._address}: {_first_line(error)}") from error


def _pour(source: Any, sink: Any) -> None:
    while block := source.read(CHUNK_BYTES):
        sink.write(block)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]
