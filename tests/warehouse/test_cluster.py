"""The definitions of figures on a real Spark cluster, a master and two workers: what DuckDB says, row by row. `make cluster` runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from pyspark.errors import PySparkException

from goodword.metrics.definitions import Metric
from goodword.storage.database import open_database
from goodword.warehouse.duck import Duck
from goodword.warehouse.facts import FACTS
from goodword.warehouse.spark import Spark
from tests.warehouse.cluster import WORKERS, read_page, running_cluster, spark_home
from tests.warehouse.comparing import QUERIED, differences, figures_apart, figures_of, question_of, rows_apart
from tests.warehouse.shop import Copied, in_one_piece, shop

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    begun = time.monotonic()
    with running_cluster(spark_home(), tmp_path_factory.mktemp("cluster")) as addresses:
        print(f"the cluster answered after {time.monotonic() - begun:.1f} s")
        yield addresses


@pytest.fixture(scope="module")
def by_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    root = tmp_path_factory.mktemp("shop")
    database = open_database(f"sqlite:///{root / 'shop.db'}")
    database.migrate()
    yield shop(database, root / "warehouse")
    database.close()


@pytest.fixture(scope="module")
def whole(by_days: Copied, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    return in_one_piece(by_days, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def engines(whole: Copied, cluster: tuple[str, str]) -> Iterator[tuple[Duck, Spark]]:
    duck, spark = Duck(whole.folder, whole.manifest), Spark(cluster[0], whole.folder, whole.manifest)
    yield duck, spark
    duck.close()
    spark.close()


@pytest.mark.parametrize("metric", QUERIED, ids=lambda metric: metric.name)
def test_each_query_gives_the_rows_that_the_embedded_engine_gives(
    metric: Metric, whole: Copied, engines: tuple[Duck, Spark]
) -> None:
    assert not list(differences(metric, question_of(whole), *engines))


def test_figures_are_the_same(whole: Copied, engines: tuple[Duck, Spark]) -> None:
    one, other = (figures_of(whole, engine, by=()) for engine in engines)
    assert len(one) > 100
    assert not list(figures_apart(one, other))


def test_each_fact_has_the_same_rows(by_days: Copied, cluster: tuple[str, str]) -> None:
    duck, spark = Duck(by_days.folder, by_days.manifest), Spark(cluster[0], by_days.folder, by_days.manifest)
    for name, fact in FACTS.items():
        query = f"SELECT * FROM {name} ORDER BY {', '.join(fact.key)}"
        one, other = duck.rows(query), spark.rows(query)
        assert len(one) == by_days.manifest.rows.get(name, 0)
        assert not list(rows_apart(one, other))
    duck.close()
    spark.close()


def test_a_sum_beyond_64_bits_is_an_error_and_never_another_number(engines: tuple[Duck, Spark]) -> None:
    with pytest.raises(PySparkException, match="OVERFLOW"):
        engines[1].rows("SELECT sum(t.x) AS n FROM (VALUES (9223372036854775807), (9223372036854775807)) AS t(x)")


def test_all_workers_took_part(cluster: tuple[str, str], engines: tuple[Duck, Spark]) -> None:
    told = json.loads(read_page(cluster[1]))
    assert [worker["state"] for worker in told["workers"]] == ["ALIVE"] * WORKERS
    assert [worker["coresused"] for worker in told["workers"]] == [1] * WORKERS
