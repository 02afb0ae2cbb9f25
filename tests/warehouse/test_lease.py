"""A question that takes longer than replaced files stay reads on: copies beside it leave it what it reads, and take it away after it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from goodword.metrics.periods import Days
from goodword.storage.database import Database
from goodword.warehouse import measuring
from goodword.warehouse.asked import Asked
from goodword.warehouse.folder import GRACE_MS, Folder, Manifest
from goodword.warehouse.lease import LEASE_SECONDS, LEASES, held_files, leased
from goodword.warehouse.measuring import Session
from tests.warehouse.test_copying import NOW_MS, copied, person, shop, told

ASKED = Asked("bombas", Days("year", date(2026, 1, 1), date(2026, 12, 31)))
HOLDER = """
import sys, time
from pathlib import Path
from goodword.warehouse.lease import leased
with leased(Path(sys.argv[1]), ["orders/one.parquet"]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_question_reads_on_while_its_files_are_replaced(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "KEPT_ROWS_MAX", -1)  # as over more rows than are read once
    tenant = shop(database)
    folder = tmp_path / f"tenant={tenant}"
    first = copied(database, tenant, tmp_path)
    gone: list[str] = []

    def replaced(share: float) -> None:
        """Once the first figure is made: somebody is erased, and two copies pass by, the second after the files' time."""
        if share and not gone:
            told(database, tenant, {"type": "erase", "person": person("bob")})
            gone.extend(path for path, _ in copied(database, tenant, tmp_path).retired)
            assert copied(database, tenant, tmp_path, NOW_MS + GRACE_MS).retired

    with Session(database, tenant, Folder(tmp_path, tenant), lambda: NOW_MS) as session:
        calm = session.measure(ASKED)
        assert session.measure(ASKED, replaced).figures == calm.figures
        assert gone
        assert set(gone) < set(first.all_paths())
        assert all((folder / path).exists() for path in gone)
        last = copied(database, tenant, tmp_path, NOW_MS + GRACE_MS)
    assert not last.retired
    assert not any((folder / path).exists() for path in gone)


def test_a_copy_that_waits_for_a_question_makes_no_generation(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    first = copied(database, tenant, tmp_path)
    told(database, tenant, {"type": "erase", "person": person("bob")})
    second = copied(database, tenant, tmp_path)
    with Folder(tmp_path, tenant).reading(first):
        assert copied(database, tenant, tmp_path, NOW_MS + GRACE_MS) == second
    assert copied(database, tenant, tmp_path, NOW_MS + GRACE_MS).generation == second.generation + 1


def test_what_is_read_is_no_orphan(tmp_path: Path) -> None:
    file = tmp_path / "tenant=t/orders/2026-01-01-00000001-0.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    os.utime(file, (0, 0))
    folder = Folder(tmp_path, "t")
    with leased(folder.path, [str(file.relative_to(folder.path))]):
        folder.remove_orphans(Manifest())
        assert file.exists()
    folder.remove_orphans(Manifest())
    assert not file.exists()


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        found = held_files(tmp_path)
        process.kill()
    assert found == {"orders/one.parquet"}
    assert held_files(tmp_path) == set()
    assert not list((tmp_path / LEASES).iterdir())


def test_a_process_that_hangs_holds_nothing_for_ever(tmp_path: Path) -> None:
    with leased(tmp_path, ["orders/one.parquet"]), leased(tmp_path, ["orders/two.parquet"]):
        first = next(path for path in (tmp_path / LEASES).iterdir() if "one" in path.read_text())
        old = first.stat().st_mtime - LEASE_SECONDS - 1
        os.utime(first, (old, old))
        assert held_files(tmp_path) == {"orders/two.parquet"}
    assert held_files(tmp_path) == set()
