"""From the spools to the database: in bulk, each hit once, outside `decide` and without the tenant's lock.

A thread looks at the files of its own process, and at those whose writer is gone. What it read from one place to the next
goes into the database in one transaction, which also moves the spool's row there. Whoever finds the row elsewhere than
expected reads again from where it stands: so two processes may drain one file, and each may be killed anywhere.

That holds as long as one id means one file. A folder that was copied, with a machine, breaks it: the same id then stands for
two files that begin alike. So whoever finds the row elsewhere compares the last hit that was stored with the line in its own
file, and never removes a file of which more is there than was stored: what is left goes on under an id of its own.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog
from sqlalchemy.exc import SQLAlchemyError

from goodword.edge.copies import agrees, common_end, line_start
from goodword.edge.spool import SUFFIX, UNFINISHED, SpoolLine, header, new_id, sync_folder, unpack_line
from goodword.program.duration import DAY_MS
from goodword.storage.database import Database
from goodword.storage.hits import (
    PERSON,
    UNKNOWN,
    CountKey,
    HitValues,
    SpoolCursor,
    forget_hits,
    forget_networks,
    forget_spools,
    lock_spool,
    move_spool,
    old_spools,
    programs_of,
    spool_places,
    store_hits,
)

DRAIN_EVERY_SECONDS = 1.0
"""How often is looked for hits."""
DRAIN_BYTES_MAX = 1024 * 1024
"""How much of a spool one transaction stores, some 11,000 hits: small ones write the same pages of an index again and again."""
AWAY_SECONDS_MAX = 30.0
"""How long the drain waits at most before it asks a database again that is away."""
NETWORK_DAYS = 30
"""How long a hit keeps its network."""
SPOOL_ROW_DAYS = 30
"""How long is remembered that a spool was stored, in case its file comes back with a restored disk."""
HITS_DAYS = 90
"""How long a hit is kept where nobody says otherwise. Counts by day stay."""
FORGET_MAX = 5000
"""How many hits, or networks, are forgotten in one transaction."""
FORGET_EVERY_SECONDS = 3600.0
OTHERS_EVERY_SECONDS = 5.0
"""How often is asked how far others have come who write in the same folder."""
UNFINISHED_SECONDS = 60.0
"""How old a file without a name must be before it is taken for one whose writer died in the act."""
STOP_SECONDS = 20.0
"""How long a stopping drain may take for what is left; the rest waits for the next start."""

log = structlog.get_logger("goodword.drain")


@dataclass(slots=True)
class _Batch:
    """What one transaction stores: the lines of a spool from one place to another."""

    start: int
    end: int
    final: bool
    """Nothing comes after it."""
    lines: list[tuple[int, SpoolLine]] = field(default_factory=list)
    damaged: int = 0


class _Parted(Exception):
    """From a place on a file is not what was stored under its id."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Drain:
    """The thread that brings hits into the database."""

    def __init__(
        self,
        database: Database,
        tenant: str,
        folder: Path,
        own: Callable[[], str | None],
        now_ms: Callable[[], int],
        hits_days: int = HITS_DAYS,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        """`own` gives the id of the spool that this process is writing, `leave` has it begin another one."""
        self._database = database
        self._tenant = tenant
        self._folder = folder
        self._own = own
        self._now_ms = now_ms
        self._hits_days = hits_days
        self._leave = leave
        self._places: dict[str, int] = {}
        self._others: dict[str, int] = {}
        self._others_asked = -OTHERS_EVERY_SECONDS
        self._foreign: set[str] = set()
        self._forgot = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="goodword-drain", daemon=True)
        self.drained = 0
        """How many hits were brought into the database."""
        self.parted = 0
        """How many files turned out to have been copied, and went on under an id of their own."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Drain once more, and end."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)

    def waiting_bytes(self) -> int:
        """How much stands in the folder and is, as far as this process knows, not stored yet."""
        waiting = 0
        for path in self._folder.glob(f"*{SUFFIX}"):
            spool = path.stem
            if spool not in self._foreign:
                with suppress(FileNotFoundError):
                    waiting += max(0, path.stat().st_size - self._places.get(spool, self._others.get(spool, 0)))
        return waiting

    def run_once(self) -> int:
        """Store all that stands in the folder now; the number of hits.

        Raises:
            SQLAlchemyError: the database is away. What was stored stays stored.
        """
        before = self.drained
        others: list[Path] = []
        self._remove_unfinished()
        paths = sorted(self._folder.glob(f"*{SUFFIX}"))
        self._foreign.intersection_update(path.stem for path in paths)
        for path in paths:
            with suppress(FileNotFoundError), _finished(path) as finished:
                if finished or path.stem == self._own():
                    self._drain_file(path, finished)
                else:
                    others.append(path)
        self._ask_for_others(others)
        return self.drained - before

    def _ask_for_others(self, paths: Sequence[Path]) -> None:
        """Learn how far the files of living writers were stored, so that what waits here is not counted twice."""
        if not paths or time.monotonic() - self._others_asked < OTHERS_EVERY_SECONDS:
            return
        self._others_asked = time.monotonic()
        for path in paths:
            with suppress(FileNotFoundError), path.open("rb") as file:
                self._is_ours(file, path.stem)
        with self._database.read() as connection:
            self._others = spool_places(connection, self._tenant, {path.stem for path in paths} - self._foreign)

    def _is_ours(self, file: BinaryIO, spool: str) -> bool:
        """Whether a file is of this tenant; it is read to the end of its first line."""
        first = header(self._tenant)
        ours = file.read(len(first)) == first
        if not ours:
            self._foreign.add(spool)
        return ours

    def forget(self) -> None:
        """Remove what is no longer to be known."""
        now_ms = self._now_ms()
        forgotten = FORGET_MAX
        while forgotten >= FORGET_MAX and not self._stopping.is_set():
            with self._database.write_aside() as connection:
                before_ms = now_ms - NETWORK_DAYS * DAY_MS
                forgotten = forget_networks(connection, self._tenant, before_ms, FORGET_MAX)
        with self._database.write_aside() as connection:
            forget_spools(connection, self._tenant, now_ms - SPOOL_ROW_DAYS * DAY_MS)
        self._forget_hits((now_ms // DAY_MS - self._hits_days) * DAY_MS)

    def _forget_hits(self, before_ms: int) -> None:
        """Remove the hits of whole days that have passed; their numbers stay."""
        with self._database.read() as connection:
            spools = old_spools(connection, self._tenant, before_ms)
        for spool in spools:
            forgotten = FORGET_MAX
            while forgotten >= FORGET_MAX and not self._stopping.is_set():
                # The lock keeps two processes from counting the same hits as forgotten.
                with self._database.write_aside(f"forget:{self._tenant}") as connection:
                    forgotten = forget_hits(connection, self._tenant, spool, before_ms, FORGET_MAX)

    def _run(self) -> None:
        wait = DRAIN_EVERY_SECONDS
        while not self._stopping.wait(wait):
            wait = DRAIN_EVERY_SECONDS if self._try() else min(wait * 2, AWAY_SECONDS_MAX)
        self._try()

    def _try(self) -> bool:
        """One round; the thread survives whatever happens."""
        try:
            self.run_once()
            if not self._stopping.is_set() and time.monotonic() - self._forgot > FORGET_EVERY_SECONDS:
                self.forget()
                self._forgot = time.monotonic()
        except (SQLAlchemyError, OSError) as error:
            log.warning("drain_failed", error=type(error).__name__)
            return False
        except Exception as error:
            log.error("drain_failed", error=type(error).__name__, exc_info=True)
            return False
        return True

    def _drain_file(self, path: Path, finished: bool) -> None:
        """Store a spool to its end; a finished one is removed then."""
        try:
            with path.open("rb") as file:
                if not self._is_ours(file, path.stem):
                    return
                done = self._store_file(file, path.stem, finished)
        except _Parted as parted:
            self._part(path, parted.place, finished)
            return
        if done:
            path.unlink(missing_ok=True)
            sync_folder(self._folder)
            self._places.pop(path.stem, None)

    def _store_file(self, file: BinaryIO, spool: str, finished: bool) -> bool:
        """Store what is there now; whether the file is finished and nothing of it is left.

        Raises:
            _Parted: what was stored under its id is not what stands here, or not all of it.
        """
        place = self._places.get(spool, len(header(self._tenant)))
        size = os.fstat(file.fileno()).st_size
        while finished or place < size:
            file.seek(place)
            batch = _read(file.read(DRAIN_BYTES_MAX), place, size if finished else None)
            if batch is None:
                return False  # a line that is being written
            row = self._store(spool, batch)
            place = batch.end if row is None else self._resumed(file, spool, row, size, finished)
            self._places[spool] = place
            if batch.final if row is None else row.done:
                return True
        return False

    def _store(self, spool: str, batch: _Batch) -> SpoolCursor | None:
        """Store a batch in one transaction; where the spool's row stands if it is elsewhere, and nothing was stored."""
        now_ms, first = self._now_ms(), len(header(self._tenant))
        with self._database.write_aside() as connection:
            row = lock_spool(connection, self._tenant, spool, now_ms)
            if row.done or (row.place or first) != batch.start:
                return row
            codes = {line.code for _, line in batch.lines if line.code}
            programs = programs_of(connection, self._tenant, codes) if codes else {}
            hits, counts = _sorted(spool, batch.lines, programs)
            store_hits(connection, self._tenant, hits, counts)
            move_spool(connection, self._tenant, spool, batch.end, now_ms, done=batch.final)
        self.drained += sum(line.count for _, line in batch.lines)
        if batch.damaged:
            log.warning("spool_damaged", spool=spool, lines=batch.damaged)
        return None

    def _resumed(self, file: BinaryIO, spool: str, row: SpoolCursor, size: int, finished: bool) -> int:
        """From where to go on although the row stands elsewhere: somebody else was here, or we were and forgot.

        Raises:
            _Parted: whoever was here had another file under this id.
        """
        start, until = len(header(self._tenant)), min(row.place, size)
        fits = not row.done or size <= row.place if finished else not row.done and row.place <= size
        with self._database.read() as connection:
            same = agrees(connection, self._tenant, spool, file, until)
            if same and fits:
                return row.place or start
            known = line_start(file, until) if same else self._places.get(spool)
            raise _Parted(common_end(connection, self._tenant, spool, file, start) if known is None else known)

    def _part(self, path: Path, place: int, finished: bool) -> None:
        """Give what a file holds from a place on an id of its own, and store it under that."""
        if not finished:
            self._leave()
            return
        new = path.with_name(f"{new_id()}{SUFFIX}")
        # The row first: a file that has its name is read from there on, and not from its beginning again.
        with self._database.write_aside() as connection:
            lock_spool(connection, self._tenant, new.stem, self._now_ms())
            move_spool(connection, self._tenant, new.stem, place, self._now_ms(), done=False)
        left = path.stat().st_size - place
        path.rename(new)
        sync_folder(self._folder)
        self._places.pop(path.stem, None)
        self._places[new.stem] = place
        self.parted += 1
        log.error("spool_was_copied", spool=path.stem, goes_on_as=new.stem, bytes=left)
        self._drain_file(new, finished)

    def _remove_unfinished(self) -> None:
        """Files whose writer died before it could name them hold nothing."""
        for path in self._folder.glob(f"*{UNFINISHED}"):
            with suppress(FileNotFoundError):
                # Its age first: asking for the lock could be what keeps a living writer from having it.
                if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                    with _finished(path) as finished:
                        if finished:
                            path.unlink()


def _read(data: bytes, start: int, size: int | None) -> _Batch | None:
    """The whole lines in what was read from a place on; `size` is that of a file to which nothing is added any more.

    None where no line is whole yet.
    """
    at_end = size is not None and start + len(data) >= size
    cut = data.rfind(b"\n") + 1
    if not cut:
        if not at_end and len(data) < DRAIN_BYTES_MAX:
            return None
        # The torn end of a file, or nonsense longer than any line.
        return _Batch(start, start + len(data), at_end, damaged=1 if data else 0)
    batch = _Batch(start, start + (len(data) if at_end else cut), at_end)
    place = start
    for raw in data[:cut].split(b"\n")[:-1]:
        line = unpack_line(raw)
        if line is None:
            batch.damaged += 1
        else:
            batch.lines.append((place, line))
        place += len(raw) + 1
    batch.damaged += 1 if at_end and cut < len(data) else 0
    return batch


def _sorted(
    spool: str, lines: Sequence[tuple[int, SpoolLine]], programs: Mapping[str, str]
) -> tuple[list[HitValues], Counter[CountKey]]:
    """The hits that are kept and what is only counted. A code that nobody has leaves nothing but a number."""
    hits: list[HitValues] = []
    seen: Counter[tuple[str, int, str]] = Counter()
    for place, line in lines:
        at_ms, kind, code = line.at_ms, line.kind, line.code
        seen[code, at_ms // DAY_MS, kind] += line.count
        if kind == PERSON and (program := programs.get(code)) is not None:
            hits.append((spool, place, code, program, at_ms, line.channel, line.network, line.click))
    counts: Counter[CountKey] = Counter()
    for (code, day, kind), count in seen.items():
        program = programs.get(code)
        if program is None:
            counts[CountKey("", "", day, UNKNOWN)] += count
        else:
            counts[CountKey(program, code, day, kind)] += count
            counts[CountKey(program, "", day, kind)] += count
    return hits, counts


@contextmanager
def _finished(path: Path) -> Iterator[bool]:
    """Whether nobody writes the file any more. While this is asked nobody else can begin to, either."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
