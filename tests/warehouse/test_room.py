"""How much memory a question may take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from goodword.warehouse.duck import Duck
from goodword.warehouse.folder import Manifest
from goodword.warehouse.room import GIGABYTE, room_bytes

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("said", "room"),
    [
        (None, max(GIGABYTE, MACHINE // 2)),
        ("max\n", max(GIGABYTE, MACHINE // 2)),
        (f"{3 * GIGABYTE}\n", min(max(GIGABYTE, MACHINE // 2), 3 * GIGABYTE // 2)),
        (f"{GIGABYTE // 4}\n", GIGABYTE),
        (f"{2**62}\n", max(GIGABYTE, MACHINE // 2)),
    ],
)
def test_it_is_half_of_what_machine_or_container_has(said: str | None, room: int, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    if said is not None:
        limit.write_text(said)
    assert room_bytes((tmp_path / "elsewhere", limit)) == room


def test_the_engine_keeps_to_it(tmp_path: Path) -> None:
    duck = Duck(tmp_path, Manifest())
    (row,) = duck.rows("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'")
    duck.close()
    told, unit = row["value"].split()
    assert unit == "GiB"
    assert float(told) == pytest.approx(room_bytes() / GIGABYTE, abs=0.1)
