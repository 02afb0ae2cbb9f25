"""The embedded engine: DuckDB over the files of a manifest."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from goodword.metrics.compose import relation, written
from goodword.metrics.question import Question
from goodword.warehouse.engine import Row, plain
from goodword.warehouse.facts import FACTS, staged_table
from goodword.warehouse.folder import STAGING, Manifest
from goodword.warehouse.parquet import quoted, read_parquet
from goodword.warehouse.room import room_bytes

THREADS = 2


class Duck:
    """The embedded engine. Closed by `close`."""

    dialect = "duckdb"

    def __init__(self, folder: Path, manifest: Manifest, temporary: Path | None = None, memory: str = "") -> None:
        self._connection = duckdb.connect()
        self.made: set[str] = set()
        """The relations that are kept as tables."""
        self._kept: set[str] = set()
        settings: dict[str, object] = {
            # More goes to the disk.
            "memory_limit": memory or f"{room_bytes()}B",
            "threads": THREADS,
            # Every question says how it is sorted.
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        # Beside the facts and not where the process happens to be: what does not fit into memory is as private as they are.
        self._temporary = temporary or folder / STAGING / f"questions-{os.getpid()}-{secrets.token_hex(4)}"
        settings["temp_directory"] = quoted(self._temporary)
        for name, value in settings.items():
            self._connection.execute(f"SET {name} = '{value}'")
        for name in FACTS:
            self._open(name, [folder / path for path in manifest.paths(name)])

    def close(self) -> None:
        """Let go of everything."""
        self._connection.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def keep_facts(self, names: Iterable[str]) -> None:
        """Read facts into memory, or what the engine has for it: each file is then opened once for all questions."""
        for name in sorted(set(names) - self._kept):
            self._connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM memory.main.{name}")  # noqa: S608
            self._kept.add(name)

    def forget(self) -> None:
        """Let go of the relations that were kept for a question: the next one is about something else."""
        for name in self.made:
            self._connection.execute(f"DROP TABLE {name}")
        self.made.clear()

    def keep(self, name: str, question: Question) -> None:
        """Keep a relation as a table, so that it is made once for all metrics that stand on it."""
        if name in self.made:
            return
        self._connection.execute(f"CREATE TEMP TABLE {name} AS {written(relation(name, question, self.made))}")
        self.made.add(name)

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query, by column."""
        cursor = self._connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]

    def _open(self, name: str, paths: list[Path]) -> None:
        if paths:
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {read_parquet(paths)}")  # noqa: S608
            return
        fact = FACTS[name]
        staged = staged_table(fact, [])
        self._connection.register("staged", staged)
        self._connection.execute(f"CREATE TABLE {name} AS {fact.select}")
        self._connection.unregister("staged")


@cache
def schema_of(fact: str) -> Any:
    """The Arrow schema of a fact's files: texts, 64-bit integers and booleans."""
    with duckdb.connect() as connection:
        connection.register("staged", staged_table(FACTS[fact], []))
        return connection.sql(FACTS[fact].select).to_arrow_table().schema
