"""Bringing a warehouse up to date: everything the first time, then what came since, each event's facts once.

Everything is read page by page while the tenant goes on. What changes meanwhile has a later seq, and comes again. Rows that are
new or changed replace those with the same key in the file of their day; other files stay as they are. New files count once the
database says so, in one statement: of two that copy at the same time one is told that the other was faster.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec.structs import replace
from sqlalchemy import Connection

from goodword.program.loader import load_program
from goodword.program.quantity import is_currency
from goodword.storage import facts as source
from goodword.storage.database import Database
from goodword.storage.facts import CopyState, Rows
from goodword.storage.load import load_tenant
from goodword.warehouse.facts import FACTS, LAYOUT, WHOLE, Fact, staged_schema, staged_table
from goodword.warehouse.folder import Folder, Manifest
from goodword.warehouse.parquet import quoted, read_parquet

PAGE_ROWS = 50_000
"""How many rows are read at a time."""
BATCH_ROWS = 100_000
"""How many rows of files that are written are in memory at a time, beside those that the engine holds."""
CHUNK_EVENTS = 100_000
"""How many events one step goes forward at most."""
REBUILD_EVENTS = 2_000_000
"""From how many events behind everything is copied anew: rows that changed often are then read once."""
MEMORY = "512MB"
"""How much memory the engine that writes the files may use; more goes to the disk."""
THREADS = 2
SMALL_ROWS = 2_000
"""Up to how many rows files are packed by what is quick: setting zstd up takes as long as such a file, for a fifth less."""

Progress = Callable[[str, int], None]
"""Told what is being copied, and how many more rows of it are read."""


class CopyRaced(RuntimeError):
    """Another process copied the same tenant meanwhile: what it copied holds."""


class Copier:
    """Copies one tenant of a database into a folder."""

    def __init__(
        self,
        database: Database,
        tenant: str,
        folder: Folder,
        now_ms: Callable[[], int],
        progress: Progress = lambda *_: None,
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._folder = folder
        self._now_ms = now_ms
        self._progress = progress

    def copy(self) -> Manifest:
        """Bring it up to date; the manifest that holds then.

        Raises:
            CopyRaced: another process did so at the same moment, and was faster.
        """
        self._folder.make()
        state, seq = self._stand()
        manifest = self._folder.manifest(state.manifest) if state is not None else None
        if manifest is None or not self._can_go_on(manifest, seq):
            manifest = self._everything(manifest, state)
            state, seq = self._stand()
        # Up to where everything stood when it began: a shop in which something happens all the time would never see figures.
        target, more = seq, self._has_more(manifest)
        while manifest.seq < target or more:
            manifest = self._step(manifest, state, min(target, manifest.seq + CHUNK_EVENTS))
            state, more = self._stand()[0], False
        if self._folder.shared:
            self._folder.remove_orphans(manifest)
        self._folder.publish_again(manifest)
        return manifest

    def _stand(self) -> tuple[CopyState | None, int]:
        with self._database.read() as connection:
            state = source.copy_state(connection, self._tenant, self._folder.name)
            return state, load_tenant(connection, self._tenant).seq

    def _can_go_on(self, manifest: Manifest, seq: int) -> bool:
        """Whether what is there only has to be brought up to a seq: it is whole, and neither outdated, nor ahead, nor far behind."""
        behind = seq - manifest.seq
        return (
            manifest.layout == LAYOUT
            and 0 <= behind <= REBUILD_EVENTS
            and not self._folder.missing(manifest.all_paths())
        )

    def _has_more(self, manifest: Manifest) -> bool:
        """Whether clicks or programs are new, or files wait to be removed, although no event came."""
        if self._folder.is_over(manifest, self._now_ms()):
            return True
        with self._database.read() as connection:
            spools = source.spool_places(connection, self._tenant)
            programs = source.program_versions(connection, self._tenant)
        behind = any(manifest.spools.get(spool, 0) < place for spool, place in spools.items())
        return behind or programs != manifest.programs

    def _everything(self, before: Manifest | None, state: CopyState | None) -> Manifest:
        """All facts anew, as a first generation or the next. Of the one before, which may lack files, clicks stay."""
        with self._work(state) as work:
            with self._database.read() as connection:
                begin = load_tenant(connection, self._tenant).seq
            with self._database.read() as connection:
                spools = source.spool_places(connection, self._tenant)
            old = before or Manifest()
            kept = old.paths("clicks")
            work.fold_all(self._all(begin, sorted(set(kept) - self._folder.missing(kept))))
            manifest = replace(work.manifest, layout=LAYOUT, seq=begin, spools=spools)
            # What changed while it was read is read again, up to a moment at which all of it was there.
            with self._database.read() as connection:
                manifest = self._catch_up(work, connection, manifest, load_tenant(connection, self._tenant).seq)
            # Those of a copy that nobody knows any more are found in the folder.
            work.retired += tuple(sorted((self._folder.parquet_files() | set(old.all_paths())) - work.new))
            return self._commit(work, manifest, state)

    def _step(self, manifest: Manifest, state: CopyState | None, until: int) -> Manifest:
        with self._work(state, manifest) as work:
            with self._database.read() as connection:
                moved = self._catch_up(work, connection, manifest, until)
            moved = replace(moved, spools=self._clicks(work, manifest.spools))
            return self._commit(work, moved, state)

    def _catch_up(self, work: _Work, connection: Connection, manifest: Manifest, until: int) -> Manifest:
        """What the events after those of a manifest wrote, told and posted."""
        touched = source.touched_between(connection, self._tenant, manifest.seq, until)
        for name, keys in touched.items():
            pages = (keys[place : place + PAGE_ROWS] for place in range(0, len(keys), PAGE_ROWS))
            work.fold(
                FACTS[name],
                (self._told(name, source.rows_of(connection, self._tenant, name, page)) for page in pages),
            )
        for name, read in _LOGS.items():
            steps = range(manifest.seq, until, PAGE_ROWS)
            logged = (read(connection, self._tenant, begin, min(until, begin + PAGE_ROWS)) for begin in steps)
            work.fold(FACTS[name], (self._told(name, rows) for rows in logged))
        work.put_whole(FACTS["click_counts"], source.click_counts(connection, self._tenant))
        programs = source.program_versions(connection, self._tenant)
        if programs != manifest.programs:
            work.put_whole(FACTS["rules"], _rules_of(source.program_texts(connection, self._tenant)))
        clock_ms = load_tenant(connection, self._tenant).clock_ms
        return replace(manifest, seq=until, clock_ms=clock_ms, programs=programs, as_of_ms=self._now_ms())

    def _clicks(self, work: _Work, places: dict[str, int]) -> dict[str, int]:
        """What came since; how far the spools are then. Those of which no row is left are over: nothing comes of them any more."""
        with self._database.read() as connection:
            until = source.spool_places(connection, self._tenant)
            pages = source.clicks_between(connection, self._tenant, places, until, PAGE_ROWS)
            work.fold(FACTS["clicks"], (self._told("clicks", rows) for rows in pages))
        return until

    def _all(self, until: int, kept: Sequence[str]) -> Iterator[tuple[Fact, Iterator[Rows]]]:
        """Every fact that has days or pieces with all its rows, what was told and posted up to a seq; clicks also of older files."""
        for name in source.COPIED:
            yield FACTS[name], self._all_rows(name)
        for name, read in _LOGS.items():
            yield FACTS[name], self._log(name, read, 0, until)
        yield FACTS["clicks"], self._kept_clicks(kept)
        yield FACTS["clicks"], self._all_clicks()

    def _kept_clicks(self, paths: Sequence[str]) -> Iterator[Rows]:
        """Those in files of a copy before: also what the database keeps no more. What cannot be read is lost."""
        for path in paths:
            try:
                file = pq.ParquetFile(self._folder.path / path)
            except (OSError, pa.ArrowInvalid):
                continue
            with file:
                known = set(source.CLICK_COLUMNS).intersection(file.schema_arrow.names)
                for batch in file.iter_batches(PAGE_ROWS, columns=sorted(known)):
                    columns, unknown = batch.to_pydict(), [None] * batch.num_rows
                    told = [columns.get(name, unknown) for name in source.CLICK_COLUMNS]
                    yield self._told("clicks", list(zip(*told, strict=True)))

    def _all_clicks(self) -> Iterator[Rows]:
        after = ("", 0)
        while True:
            with self._database.read() as connection:
                rows = source.all_clicks(connection, self._tenant, after, PAGE_ROWS)
            if rows:
                yield self._told("clicks", rows)
                after = (rows[-1][0], rows[-1][1])
            if len(rows) < PAGE_ROWS:
                return

    def _all_rows(self, name: str) -> Iterator[Rows]:
        after = ""
        while True:
            with self._database.read() as connection:
                rows = source.rows_after(connection, self._tenant, name, after, PAGE_ROWS)
            if rows:
                yield self._told(name, rows)
                after = rows[-1][0]
            if len(rows) < PAGE_ROWS:
                return

    def _log(self, name: str, read: Callable[..., Rows], after: int, until: int) -> Iterator[Rows]:
        for begin in range(after, until, PAGE_ROWS):
            with self._database.read() as connection:
                yield self._told(name, read(connection, self._tenant, begin, min(until, begin + PAGE_ROWS)))

    def _told(self, name: str, rows: Rows) -> Rows:
        self._progress(name, len(rows))
        return rows

    @contextmanager
    def _work(self, state: CopyState | None, manifest: Manifest | None = None) -> Iterator[_Work]:
        generation = state.generation + 1 if state is not None else 1
        base = replace(manifest or Manifest(), generation=generation)
        staging = self._folder.clear_staging()
        work = _Work(self._folder.path, staging, base)
        try:
            yield work
        except BaseException:
            work.undo()
            raise
        finally:
            work.close()
            shutil.rmtree(staging, ignore_errors=True)

    def _commit(self, work: _Work, told: Manifest, state: CopyState | None) -> Manifest:
        now_ms = self._now_ms()
        retired = told.retired + tuple((path, now_ms) for path in work.retired)
        over = self._folder.over(retired, now_ms)
        manifest = replace(
            told,
            generation=work.manifest.generation,
            files=work.manifest.files,
            rows=work.manifest.rows,
            retired=tuple(one for one in retired if one[0] not in over),
        )
        name = self._folder.write(manifest)
        now = CopyState(manifest.generation, name, manifest.seq, manifest.as_of_ms)
        with self._database.write_aside() as connection:
            if not source.move_copy(connection, self._tenant, self._folder.name, state, now):
                raise CopyRaced(f"{self._tenant} was copied by another process at the same moment")
        work.new.clear()  # they hold
        self._folder.remove(over)
        self._folder.remove_orphans(manifest)
        return self._folder.publish(manifest)


class _Staged(NamedTuple):
    """Rows of the database on their way, in a file."""

    path: Path
    rows: int


class _Work:
    """New files on their way, and the manifest as it becomes with them."""

    def __init__(self, folder: Path, staging: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.retired: tuple[str, ...] = ()
        """Files that were replaced."""
        self._folder = folder
        self._staging = staging
        self.new: set[str] = set()
        """Files that this generation wrote, and no other knows."""
        self._engine = duckdb.connect()
        for name, value in {
            "memory_limit": MEMORY,
            "threads": THREADS,
            "temp_directory": quoted(staging),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }.items():
            self._engine.execute(f"SET {name} = '{value}'")

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()

    def undo(self) -> None:
        """Remove what was written: it does not come to hold."""
        for path in self.new:
            (self._folder / path).unlink(missing_ok=True)

    def fold_all(self, facts: Iterable[tuple[Fact, Iterator[Rows]]]) -> None:
        """Many facts, each of which is read while the one before is written: who reads mostly waits for the database."""
        before: Future[None] | None = None
        with ThreadPoolExecutor(1) as writer:
            for fact, pages in facts:
                staged = self._stage(fact, pages)
                if staged.rows:
                    if before is not None:
                        before.result()  # one that waits is enough on the disk
                    before = writer.submit(self._fold_staged, fact, staged)
            if before is not None:
                before.result()

    def fold(self, fact: Fact, pages: Iterable[Rows]) -> None:
        """Rows that are new or changed, into the files of their days."""
        staged = self._stage(fact, pages)
        if staged.rows:
            self._fold_staged(fact, staged)

    def put_whole(self, fact: Fact, rows: Rows) -> None:
        """All rows of a fact that is kept in one piece."""
        staged = self._stage(fact, [rows])
        self._name_fresh(fact, staged.path)
        self._put(fact, "SELECT * FROM fresh", [WHOLE], staged.rows, self.manifest.rows.get(fact.name, 0))
        staged.path.unlink()

    def _stage(self, fact: Fact, pages: Iterable[Rows]) -> _Staged:
        path, rows = self._staging / f"{fact.name}-{secrets.token_hex(4)}.parquet", 0
        with pq.ParquetWriter(path, staged_schema(fact), compression="none", use_dictionary=False) as writer:
            for page in pages:
                writer.write_table(staged_table(fact, page))
                rows += len(page)
        return _Staged(path, rows)

    def _name_fresh(self, fact: Fact, staged: Path) -> None:
        self._engine.execute(f"CREATE OR REPLACE VIEW staged AS SELECT * FROM {read_parquet([staged])}")  # noqa: S608
        self._engine.execute(f"CREATE OR REPLACE VIEW fresh AS SELECT *, {fact.day} AS day FROM ({fact.select})")  # noqa: S608

    def _fold_staged(self, fact: Fact, staged: _Staged) -> None:
        self._name_fresh(fact, staged.path)
        days = [day for (day,) in self._engine.execute("SELECT DISTINCT day FROM fresh ORDER BY day").fetchall()]
        known = self.manifest.files.get(fact.name, {})
        old = [path for day in days for path in known.get(day, ())]
        query = "SELECT * FROM fresh"
        if old:
            same = " AND ".join(f"old.{name} = fresh.{name}" for name in fact.key)
            kept = f"SELECT * FROM {self._read(old)} AS old"  # noqa: S608
            kept = f"{kept} WHERE NOT EXISTS (SELECT 1 FROM fresh WHERE {same})"  # noqa: S608
            query = f"SELECT *, {fact.day} AS day FROM ({kept}) UNION ALL BY NAME {query}"  # noqa: S608
        replaced = self._count(old)
        self._put(fact, query, days, replaced + staged.rows, replaced)
        staged.path.unlink()

    def _put(self, fact: Fact, query: str, days: Sequence[str], rows: int, replaced: int) -> None:
        """Write days anew, a file for each; `rows` is how many these have, or more, `replaced` how many they had."""
        packed = "snappy" if rows <= len(days) * SMALL_ROWS else "zstd"
        (self._folder / fact.name).mkdir(mode=0o700, exist_ok=True)
        made: dict[str, tuple[str, ...]] = dict.fromkeys(days, ())
        known, written = self.manifest.files.get(fact.name, {}), 0
        ordered = self._engine.sql(f"SELECT * FROM ({query}) ORDER BY day").to_arrow_reader(BATCH_ROWS)  # noqa: S608
        for day, batches in groupby(_by_day(ordered), key=itemgetter(0)):
            # Flat, and not by the engine, which makes a folder for each: that costs more than the files.
            path = f"{fact.name}/{day}-{self.manifest.generation:08d}-{secrets.token_hex(8)}.parquet"
            self.new.add(path)
            written += _write(self._folder / path, (batch for _, batch in batches), packed)
            made[day] = (path,)
        self._retire(path for day in days for path in known.get(day, ()))
        count = self.manifest.rows.get(fact.name, 0) - replaced + written
        self.manifest = replace(
            self.manifest,
            files=self.manifest.files | {fact.name: known | made},
            rows=self.manifest.rows | {fact.name: count},
        )

    def _retire(self, paths: Iterable[str]) -> None:
        for path in paths:
            if path in self.new:
                (self._folder / path).unlink(missing_ok=True)
                self.new.discard(path)
            else:
                self.retired += (path,)

    def _count(self, paths: Sequence[str]) -> int:
        return sum(pq.read_metadata(self._folder / path).num_rows for path in paths)

    def _read(self, paths: Sequence[str]) -> str:
        return read_parquet([self._folder / path for path in paths])


def _by_day(ordered: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Arrow batches in the order of their days, cut where a day ends."""
    for batch in ordered:
        runs, begin = pc.run_end_encode(batch.column("day")), 0
        rows = batch.drop_columns(["day"])
        for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield day, rows.slice(begin, end - begin)
            begin = end


def _write(path: Path, batches: Iterator[Any], packed: str) -> int:
    """A file of these batches, at least one; how many rows it has."""
    first, rows = next(batches), 0
    with pq.ParquetWriter(path, first.schema, compression=packed, use_dictionary=False, store_schema=False) as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _rules_of(texts: Rows) -> list[tuple[Any, ...]]:
    """The reward rules of all versions, with what one unit costs: money what it is worth, else what the file says, else unknown."""
    found: list[tuple[Any, ...]] = []
    for name, version, text, _ in texts:
        model = load_program(text).model
        for rule, declared in model.rewards.items():
            for option, benefit in declared.benefits.items():
                unit = model.currency if benefit.unit == "money" else benefit.unit
                cost = benefit.unit_cost.amount if benefit.unit_cost is not None else 1 if is_currency(unit) else None
                found.append((name, version, rule, option, benefit.kind, unit, cost, model.currency))
    return found


_LOGS: dict[str, Callable[[Connection, str, int, int], Rows]] = {
    "events": source.events_between,
    "entries": source.entries_between,
}
