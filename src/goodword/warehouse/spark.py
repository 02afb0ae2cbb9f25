"""The facts of a warehouse on an engine that speaks Spark Connect: a Spark cluster, or another engine with its protocol.

Queries run there, over the same files: the folder of the warehouse has to be one that the cluster reads under the same name.
Imported only where an address is set: the client is the extra ``goodword[spark]``.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.types import BooleanType, DataType, LongType, StringType, StructField, StructType

from goodword.metrics.compose import relation, written
from goodword.metrics.question import Question
from goodword.warehouse.duck import schema_of
from goodword.warehouse.engine import AnalysisUnavailable, Row, plain
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Manifest

PORT = 15002
"""Where Spark Connect listens unless it is told otherwise."""
ANSWER_SECONDS = 10.0
"""So long somebody at the address may take to take a connection."""
RETRIES_MAX = 5
"""So often a call that did not come through is made again: over about twenty seconds."""
USER = "goodword"
"""As whom it is known there, unless the address says otherwise."""
SPECIAL = frozenset("%#*?[]{}\\")
"""Signs that stand for something else in the paths of such engines: one of them finds no file then, and says nothing."""
KINDS: dict[object, DataType] = {pa.string(): StringType(), pa.int64(): LongType(), pa.bool_(): BooleanType()}
"""The types that facts have."""


class Spark:
    """A session of a Spark cluster with the facts of a manifest as temporary views. Closed by `close`."""

    dialect = "spark"

    def __init__(self, address: str, folder: Path, manifest: Manifest) -> None:
        """Open it at an address, ``sc://HOST:PORT``, with the parameters that Spark Connect knows (``;token=…;use_ssl=true``).

        Raises:
            AnalysisUnavailable: nobody answers there, or what answers is none; or it could not find the folder by its name.
        """
        self.made: set[str] = set()
        # Not as_uri(): Spark takes the signs of a path as they are, and `=` stands in all of ours.
        place = folder.resolve()
        if SPECIAL.intersection(str(place)):
            raise AnalysisUnavailable(
                f"{place}: a folder that Spark reads has none of {' '.join(sorted(SPECIAL))} in its name"
            )
        _reach(address)
        try:
            self._session = SparkSession(address, userId=USER)
        except PySparkException as error:
            raise AnalysisUnavailable(f"{_place(address)}: {_first_line(error)}") from error
        try:
            self._session.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES_MAX)])
            # What goes beyond 64 bits is an error and never another number.
            self._session.conf.set("spark.sql.ansi.enabled", "true")
            for name in FACTS:
                self._open(name, [f"file://{place / path}" for path in manifest.paths(name)])
        except PySparkException as error:
            self.close()
            raise AnalysisUnavailable(f"{_place(address)}: {_first_line(error)}") from error

    def close(self) -> None:
        """Let go of the session; the cluster stays."""
        self._session.stop()

    def keep_facts(self, names: Iterable[str]) -> None:
        """Nothing: the cluster reads from its own disks, and its memory is not ours to fill."""

    def keep(self, name: str, question: Question) -> None:
        """Give a relation a name; what is made of it stays with the cluster's optimiser."""
        if name in self.made:
            return
        query = written(relation(name, question, self.made), self.dialect)
        self._session.sql(query).createOrReplaceTempView(name)
        self.made.add(name)

    def forget(self) -> None:
        """Let go of the relations of a question."""
        for name in self.made:
            self._session.catalog.dropTempView(name)
        self.made.clear()

    def rows(self, sql: str) -> list[Row]:
        """The rows of a query, by column."""
        found: list[Row] = self._session.sql(sql).toArrow().to_pylist()
        return [{name: plain(value) for name, value in row.items()} for row in found]

    def _open(self, name: str, paths: list[str]) -> None:
        schema = StructType([StructField(field.name, KINDS[field.type]) for field in schema_of(name)])
        frame = (
            self._session.read.schema(schema).parquet(*paths) if paths else self._session.createDataFrame([], schema)
        )
        frame.createOrReplaceTempView(name)


def _reach(address: str) -> None:
    """Look whether anybody is there: the client itself would go on trying for minutes."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if parts.scheme != "sc" or not host:
        raise AnalysisUnavailable("GOODWORD_ANALYSIS is an address such as sc://spark.internal:15002")
    try:
        socket.create_connection((host, port), ANSWER_SECONDS).close()
    except OSError as error:
        raise AnalysisUnavailable(f"{_place(address)}: {error.strerror or error}") from error


def _place(address: str) -> str:
    """Where it is, without the token that an address may hold."""
    return f"GOODWORD_ANALYSIS: {address.partition(';')[0]}"


def _first_line(error: PySparkException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
