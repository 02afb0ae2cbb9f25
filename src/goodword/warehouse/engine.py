"""What runs queries over the files of a warehouse: facts under their names, relations kept once for a question, rows out.

DuckDB is embedded. Another engine is opened at its address, by a module that is imported only then.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import duckdb

from goodword.metrics.compose import Question, relation, written
from goodword.metrics.relations import RELATIONS
from goodword.warehouse.facts import FACTS, staged_table
from goodword.warehouse.folder import STAGING, Manifest

MEMORY = "1GB"
"""How much memory a question may take; more goes to the disk."""
THREADS = 2
Row = dict[str, Any]


class AnalysisUnavailable(ConnectionError):
    """The engine of the setting `analysis` cannot be used; the message says why."""


class Engine(Protocol):
    """What runs queries over the facts."""

    dialect: str
    made: set[str]
    """The relations that have a name of their own."""

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query in the engine's dialect, by column: whole numbers, floats, texts, booleans and None."""

    def keep_facts(self, names: Iterable[str]) -> None:
        """Read facts once for all questions, where that helps."""

    def keep(self, name: str, question: Question) -> None:
        """Keep a relation under its name, so that it is made once for all metrics that stand on it."""

    def forget(self) -> None:
        """Let go of the relations that were kept for a question: the next one is about something else."""

    def close(self) -> None:
        """Let go of everything."""


def engine_for(analysis: str, folder: Path, manifest: Manifest) -> Engine:
    """The engine at an address (``sc://HOST:PORT``, Spark's protocol) over the facts of a manifest; without one the embedded engine.

    Raises:
        AnalysisUnavailable: nobody answers there, or the client of its protocol is not installed.
    """
    if not analysis:
        return Duck(folder, manifest)
    try:
        module = import_spark()
    except ModuleNotFoundError as error:
        raise AnalysisUnavailable(f"GOODWORD_ANALYSIS needs {error.name}: pip install 'goodword[spark]'") from error
    engine: Engine = module.Spark(analysis, folder, manifest)
    return engine


def import_spark() -> Any:
    """The module of the engine that speaks Spark's protocol.

    Its client takes a process whose main module has no file (``python -c``) for its own doctests, and ends it.

    Raises:
        ModuleNotFoundError: the client is not installed.
    """
    main = sys.modules["__main__"]
    bare = main.__spec__ is None and not hasattr(main, "__file__")
    if bare:
        main.__file__ = __file__
    try:
        return import_module("goodword.warehouse.spark")
    finally:
        if bare:
            del main.__file__


class Duck:
    """The embedded engine. Closed by `close`."""

    dialect = "duckdb"

    def __init__(self, folder: Path, manifest: Manifest, temporary: Path | None = None, memory: str = MEMORY) -> None:
        self._connection = duckdb.connect()
        self.made: set[str] = set()
        """The relations that are kept as tables."""
        self._kept: set[str] = set()
        settings: dict[str, object] = {
            "memory_limit": memory,
            "threads": THREADS,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        # Beside the facts and not where the process happens to be: what does not fit into memory is as private as they are.
        self._temporary = temporary or folder / STAGING / f"questions-{os.getpid()}-{secrets.token_hex(4)}"
        settings["temp_directory"] = str(self._temporary).replace("'", "''")
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
        if name in self.made or name not in RELATIONS:
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
            listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
            source = f"read_parquet([{listed}], hive_partitioning = false)"
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")  # noqa: S608
            return
        fact = FACTS[name]
        staged = staged_table(fact, [])
        self._connection.register("staged", staged)
        self._connection.execute(f"CREATE TABLE {name} AS {fact.select}")
        self._connection.unregister("staged")


def plain(value: Any) -> Any:
    """A value of a row: of sums beyond 64 bits, which come as decimals without a fraction, the whole number."""
    return int(value) if isinstance(value, Decimal) else value


@cache
def schema_of(fact: str) -> Any:
    """The Arrow schema of a fact's files: texts, 64-bit integers and booleans."""
    with duckdb.connect() as connection:
        connection.register("staged", staged_table(FACTS[fact], []))
        return connection.sql(FACTS[fact].select).to_arrow_table().schema
