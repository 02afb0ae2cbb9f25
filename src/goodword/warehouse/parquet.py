"""Parquet files as DuckDB is told of them. Paths are the only texts that stand in statements, in quotes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def read_parquet(paths: Iterable[Path]) -> str:
    """The SQL that reads these files as one relation."""
    listed = ", ".join(f"'{quoted(path)}'" for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def quoted(path: Path) -> str:
    """A path as it stands between single quotes."""
    return str(path).replace("'", "''")
