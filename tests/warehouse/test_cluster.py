"""The definitions of figures on a real Spark cluster, a master and two workers: what DuckDB says, row by row. `make cluster` runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from goodword.metrics.definitions import Metric
from goodword.storage.database import open_database
from goodword.warehouse.engine import Duck
from goodword.warehouse.spark import Spark
from tests.warehouse.cluster import WORKERS, read_page, running_cluster, spark_home
from tests.warehouse.comparing import QUERIED, differences, figures_apart, figures_of, question_of
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
def engines(
    by_days: Copied, cluster: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Duck, Spark]]:
    whole = in_one_piece(by_days, tmp_path_factory.mktemp("whole"))
    duck, spark = Duck(whole.folder, whole.manifest), Spark(cluster[0], whole.folder, whole.manifest)
    yield duck, spark
    duck.close()
    spark.close()


@pytest.mark.parametrize("metric", QUERIED, ids=lambda metric: metric.name)
def test_each_query_gives_the_rows_that_the_embedded_engine_gives(
    metric: Metric, by_days: Copied, engines: tuple[Duck, Spark]
) -> None:
    assert not list(differences(metric, question_of(by_days), *engines))


def test_figures_are_the_same(by_days: Copied, cluster: tuple[str, str]) -> None:
    duck, spark = Duck(by_days.folder, by_days.manifest), Spark(cluster[0], by_days.folder, by_days.manifest)
    assert not list(figures_apart(figures_of(by_days, duck), figures_of(by_days, spark)))
    duck.close()
    spark.close()


def test_all_workers_took_part(cluster: tuple[str, str], engines: tuple[Duck, Spark]) -> None:
    told = json.loads(read_page(cluster[1]))
    assert [worker["state"] for worker in told["workers"]] == ["ALIVE"] * WORKERS
    assert [worker["coresused"] for worker in told["workers"]] == [1] * WORKERS
