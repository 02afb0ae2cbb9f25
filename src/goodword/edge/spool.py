"""The spool: hits on disk before their redirects go out, one append-only file per process.

A writer thread takes whatever waits, writes it with one call and flushes it to the disk once, and only then are the redirects
of the group let go. It never waits for more: while it flushes, the next group gathers by itself.

A file is a line that names its tenant, and a line per hit: a checksum, a space, JSON. Its name is its id, and no name is used
twice. Its writer holds a lock on it for as long as it lives, so others can tell when it is finished. After a failed write a
file is not written again, so that what stands at a place never changes. What is torn at its end was never acknowledged.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import threading
import time
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

SUFFIX = ".spool"
UNFINISHED = ".new"
"""What a file is called until its writer has locked it."""
SPOOL_BYTES_MAX = 16 * 1024 * 1024
"""From which size on the next group goes to a new file."""
WAITING_MAX = 50_000
"""How many hits may wait for the disk; what comes on top is redirected and lost."""
PATIENCE_SECONDS = 2.0
"""How long a visitor waits for a disk that hangs, before he is let go although his hit is not safe yet."""
WATCH_SECONDS = 0.25
"""How often somebody looks whether the disk hangs."""
STOP_SECONDS = 10.0
"""How long a stopping writer may take for what waits."""

log = structlog.get_logger("goodword.spool")


class SpoolLine(msgspec.Struct, array_like=True, frozen=True):
    """A hit as it stands in a spool."""

    at_ms: int
    kind: str
    code: str
    """Normalised; empty where nothing but its number is of interest."""
    channel: str | None = None
    network: str | None = None
    click: str | None = None
    count: int = 1
    """How many hits the line stands for: of a person's always one."""


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(SpoolLine).decode


def pack_line(line: SpoolLine) -> bytes:
    """A hit with its checksum, as a line."""
    body = _ENCODE(line)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def unpack_line(raw: bytes) -> SpoolLine | None:
    """The hit of a line without its end; None where the line is torn or damaged."""
    body = raw[9:]
    try:
        if raw[8:9] != b" " or int(raw[:8], 16) != zlib.crc32(body):
            return None
        return _DECODE(body)
    except ValueError:  # msgspec's errors are such, too
        return None


def header(tenant: str) -> bytes:
    """The first line of a file."""
    return b"goodword spool 1 " + _ENCODE(tenant) + b"\n"


def new_id() -> str:
    """The id of a new spool, which nobody else will have; ids sort by the second in which they were made."""
    return f"{int(time.time()):08x}{secrets.token_hex(6)}"


_Waiting = tuple[bytes, "asyncio.Future[bool] | None"]
"""A line, and who waits for it."""


class Spool:
    """The files of this process and the thread that writes them. All but the thread is used by the loop alone."""

    def __init__(self, folder: Path, tenant: str, size_max: int = SPOOL_BYTES_MAX) -> None:
        self.folder = folder
        self._tenant = tenant
        self._size_max = size_max
        self._waiting: deque[_Waiting] = deque()
        self._flushing: list[_Waiting] = []
        self._changed = threading.Condition()
        self._idle = False
        self._stopping = False
        self._hangs = False
        self._leaving = False
        self._file: int | None = None
        self._name: str | None = None
        self._size = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._run, name="goodword-spool", daemon=True)
        self.lost = 0
        """How many hits never came to the disk."""
        self.late = 0
        """How many visitors were let go before their hit was on the disk."""

    @property
    def current(self) -> str | None:
        """The id of the file that is being written."""
        return self._name

    @property
    def alive(self) -> bool:
        """Whether hits are taken."""
        return self._thread.is_alive() and not self._stopping

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the writer, whose acknowledgements go to this loop.

        Raises:
            OSError: the folder cannot be made or written.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "clicks cannot be written here: see GOODWORD_SPOOL", str(self.folder))
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and finish the file. From any thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def leave(self) -> None:
        """Finish the file as soon as nothing is being written; what comes then goes to a new one. From any thread."""
        with self._changed:
            self._leaving = True
            self._changed.notify()

    def put(self, line: bytes) -> None:
        """Have a line written some time soon, without waiting for it."""
        self._take(line, None)

    def kept(self, line: bytes) -> asyncio.Future[bool]:
        """Have a line written; the result comes when it is on the disk, and says whether it is."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the spool is not running")
        future: asyncio.Future[bool] = loop.create_future()
        if not self._take(line, future):
            future.set_result(False)
        elif self._hangs:
            self.late += 1
            future.set_result(False)
        elif self._watch is None:
            self._watch = loop.call_later(WATCH_SECONDS, self._look, future, time.monotonic())
        return future

    def _take(self, line: bytes, future: asyncio.Future[bool] | None) -> bool:
        if self._stopping or len(self._waiting) >= WAITING_MAX:
            self.lost += 1
            return False
        self._waiting.append((line, future))
        # The writer says that it is idle before it looks for the last time: it sees the line, or we see that.
        if self._idle:
            with self._changed:
                self._changed.notify()
        return True

    def _look(self, watched: asyncio.Future[bool], since: float) -> None:
        """Whether the disk hangs: one visitor is watched, the others came after him."""
        self._watch = None
        if watched.done() or self._loop is None:
            return
        if time.monotonic() - since < PATIENCE_SECONDS:
            self._watch = self._loop.call_later(WATCH_SECONDS, self._look, watched, since)
            return
        self._hangs = True
        waiting = [*self._flushing, *self._waiting]
        log.error("spool_hangs", waiting=len(waiting))
        self.late += _let_go(waiting, False)

    def _acknowledge(self, group: list[_Waiting], kept: bool) -> None:
        """In the loop, after a flush."""
        self._hangs = False
        if not kept:
            self.lost += len(group)
        _let_go(group, kept)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle = True
                self._changed.wait_for(lambda: self._waiting or self._stopping or self._leaving)
                self._idle = False
            if self._leaving:
                self._leaving = False
                self._finish()
            group = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if group:
                self._flush(group)
            elif self._stopping:
                break
        self._finish()

    def _flush(self, group: list[_Waiting]) -> None:
        kept = True
        self._flushing = group
        try:
            self._write(b"".join([line for line, _ in group]))
        except OSError as error:
            kept = False
            log.error("spool_failed", hits=len(group), error=error.strerror)
            self._finish()
        self._flushing = []
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._acknowledge, group, kept)

    def _write(self, data: bytes) -> None:
        if self._file is None or self._size >= self._size_max:
            self._finish()
            self._file, self._name, self._size = self._open()
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]
        os.fdatasync(self._file)
        self._size += len(data)

    def _open(self) -> tuple[int, str, int]:
        """A new file, locked before anybody can see it, with its name on the disk."""
        name = new_id()
        made, path = self.folder / f"{name}{UNFINISHED}", self.folder / f"{name}{SUFFIX}"
        file = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            first = header(self._tenant)
            os.write(file, first)
            os.fsync(file)
            os.rename(made, path)
            sync_folder(self.folder)
        except OSError:
            os.close(file)
            raise
        return file, name, len(first)

    def _finish(self) -> None:
        """Close the file, which unlocks it."""
        file, self._file, self._name = self._file, None, None
        if file is not None:
            os.close(file)


def _let_go(group: Sequence[_Waiting], kept: bool) -> int:
    """End the waiting of those who still wait; how many they were."""
    let_go = 0
    for _, future in group:
        if future is not None and not future.done():
            future.set_result(kept)
            let_go += 1
    return let_go


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
