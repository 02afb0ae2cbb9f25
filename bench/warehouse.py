"""Copying facts into a warehouse against a plain bulk copy of the same rows: the first time, and what came since.

`WAREHOUSE_EVENTS` says how many events are told before. The plain copy reads the same rows page by page and writes them as they are,
one Parquet file for each kind: no days, no JSON taken apart, nothing that could be brought up to date.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from bench import traffic
from bench.machine import MEGABYTE, TENANT, Base, bases, fresh
from bench.rehearsal import import_history
from bench.report import Figure
from goodword.engine.ids import Keyring
from goodword.parts import Parts, open_parts, read_secret, tenant_key
from goodword.pipeline.intake import decode_event, seal
from goodword.settings import read_settings
from goodword.storage import facts as source
from goodword.storage.facts import Rows
from goodword.storage.load import load_tenant
from goodword.warehouse.copying import PAGE_ROWS, Copier
from goodword.warehouse.facts import FACTS, staged_schema, staged_table
from goodword.warehouse.folder import Folder, Manifest

EVENTS = int(os.environ.get("WAREHOUSE_EVENTS", "60000"))
ON = os.environ.get("WAREHOUSE_ON", "sqlite postgresql").split()
SINCE = 2000
"""How many events come before the second copy."""
AIM = 0.5


def run() -> list[Figure]:
    """Measure the databases that are asked for."""
    # What was written is removed once all is measured: a file system looks for a minute past what was deleted.
    with bases() as both, tempfile.TemporaryDirectory(prefix="goodword-bench-") as root:
        return [figure for base in both if base.kind in ON for figure in _measure(base, Path(root) / base.kind)]


def _measure(base: Base, root: Path) -> list[Figure]:
    root.mkdir()
    with fresh(base) as site:
        settings = read_settings(site.environment)
        parts = open_parts(settings)
        import_history(parts, EVENTS, base)
        begin = time.perf_counter()
        rows = _plain(parts, root / "plain")
        plain = rows / (time.perf_counter() - begin)
        first, manifest = _copied(parts, root / "facts")
        copied = sum(manifest.rows.values())
        _tell_more(parts, Keyring(tenant_key(read_secret(settings), TENANT)))
        second, _ = _copied(parts, root / "facts")
        parts.database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    told = f"{copied:,} rows, {len({day for days in manifest.files.values() for day in days}):,} days; {peak:,.0f} MB, of both"
    return [
        Figure(f"warehouse: first copy, {base.kind}", copied / first, "rows/s", more=told).compared(
            plain, "a plain bulk copy", AIM
        ),
        Figure(f"warehouse: what {SINCE:,} events wrote, {base.kind}", second, "s"),
    ]


def _copied(parts: Parts, folder: Path) -> tuple[float, Manifest]:
    begin = time.perf_counter()
    manifest = Copier(parts.database, TENANT, Folder(folder, TENANT), parts.now_ms).copy()
    return time.perf_counter() - begin, manifest


def _tell_more(parts: Parts, keyring: Keyring) -> None:
    raw = traffic.history("bombas", keyring, 0, 10**9, "later")
    events = []
    for line in raw:
        events.append(seal(decode_event(line), keyring, parts.now_ms(), history=True))
        if len(events) == SINCE:
            break
    for place in range(0, SINCE, 256):
        parts.tenants.decide_all(TENANT, events[place : place + 256])


def _plain(parts: Parts, folder: Path) -> int:
    folder.mkdir()
    total = 0
    for name, pages in _pages(parts):
        with pq.ParquetWriter(folder / f"{name}.parquet", staged_schema(FACTS[name]), compression="zstd") as writer:
            for rows in pages:
                writer.write_table(staged_table(FACTS[name], rows))
                total += len(rows)
    return total


def _pages(parts: Parts) -> Iterator[tuple[str, Iterator[Rows]]]:
    with parts.database.read() as connection:
        end = load_tenant(connection, TENANT).seq
    for name in source.COPIED:
        yield name, _all(parts, name)
    for name, read in (("events", source.events_between), ("entries", source.entries_between)):

        def pages(read: object = read) -> Iterator[Rows]:
            for begin in range(0, end, PAGE_ROWS):
                with parts.database.read() as connection:
                    yield read(connection, TENANT, begin, min(end, begin + PAGE_ROWS))  # type: ignore[operator]

        yield name, pages()


def _all(parts: Parts, name: str) -> Iterator[Rows]:
    after = ""
    while True:
        with parts.database.read() as connection:
            rows = source.rows_after(connection, TENANT, name, after, PAGE_ROWS)
        if not rows:
            return
        yield rows
        after = rows[-1][0]
