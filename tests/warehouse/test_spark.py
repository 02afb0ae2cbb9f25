"""The definitions of figures on an engine that speaks Spark's protocol: what DuckDB says, row by row.

The engine is Sail, which needs no Java. Its cluster, which splits queries over workers as Spark does, is threads of this process;
`test_cluster.py` has a real one.
"""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from msgspec.structs import replace
from pysail.spark import SparkConnectServer

from goodword.cli.mistakes import told
from goodword.metrics.compose import compose, wrappers_of, written
from goodword.metrics.definitions import METRICS, Metric
from goodword.metrics.periods import Days
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.storage.database import Database, create_tenant, open_database
from goodword.warehouse import spark as client
from goodword.warehouse.asked import Asked
from goodword.warehouse.duck import Duck
from goodword.warehouse.engine import AnalysisUnavailable
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Folder, Manifest
from goodword.warehouse.measuring import Session, measure
from goodword.warehouse.opening import engine_for
from goodword.warehouse.spark import Spark
from tests.properties.worlds import KEYRING, play, program_files, wishes
from tests.warehouse.comparing import (
    QUERIED,
    differences,
    figures_apart,
    figures_of,
    question_of,
    rows_apart,
)
from tests.warehouse.shop import DAY_MS, START_MS, Copied, copy_of, in_one_piece, shop

SERVER = {
    "SAIL_MODE": "local-cluster",
    "SAIL_CLUSTER__WORKER_MAX_COUNT": "2",
    "SAIL_RUNTIME__MEMORY_POOL__TYPE": "greedy",
    "SAIL_RUNTIME__MEMORY_POOL__GREEDY__MAX_SIZE": str(512 * 2**20),
    "RUST_LOG": "error",
}
"""Two workers, half a gigabyte, and nothing on the screen."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server on this machine alone, at a port that was free."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in SERVER.items():
            patched.setenv(name, value)
        server = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="module")
def by_days(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    """The shop as it is copied: a file for each day of each fact."""
    return shop(database, tmp_path_factory.mktemp("warehouse"))


@pytest.fixture(scope="module")
def copied(by_days: Copied, tmp_path_factory: pytest.TempPathFactory) -> Copied:
    return in_one_piece(by_days, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def duck(copied: Copied) -> Iterator[Duck]:
    engine = Duck(copied.folder, copied.manifest)
    engine.keep_facts(FACTS)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def spark(copied: Copied, address: str) -> Iterator[Spark]:
    engine = Spark(address, copied.folder, copied.manifest)
    yield engine
    engine.close()


@pytest.mark.parametrize("metric", QUERIED, ids=lambda metric: metric.name)
def test_each_query_gives_the_rows_that_the_embedded_engine_gives(
    metric: Metric, copied: Copied, duck: Duck, spark: Spark
) -> None:
    assert not list(differences(metric, question_of(copied), duck, spark))


def test_each_fact_has_the_same_rows(by_days: Copied, address: str) -> None:
    engines = Duck(by_days.folder, by_days.manifest), Spark(address, by_days.folder, by_days.manifest)
    for name, fact in FACTS.items():
        query = f"SELECT * FROM {name} ORDER BY {', '.join(fact.key)}"
        one, other = (engine.rows(query) for engine in engines)
        assert len(one) == by_days.manifest.rows.get(name, 0)
        assert [list(fact.columns)] * len(one) == [list(row) for row in other]
        assert not list(rows_apart(one, other))
    for engine in engines:
        engine.close()


def test_the_shop_has_something_to_say_of_each_metric(copied: Copied, duck: Duck) -> None:
    asked, silent = question_of(copied), []
    for metric in QUERIED:
        tree = compose(metric, asked, wrappers_of(metric)[0])
        if not {"first", "second"} & {row["period"] for row in duck.rows(written(tree))}:
            silent.append(metric.name)
    assert silent == []


def test_figures_are_the_same(copied: Copied, address: str) -> None:
    engines = [engine_for(analysis, copied.folder, copied.manifest) for analysis in ("", address)]
    one, other = (figures_of(copied, engine) for engine in engines)
    assert len(one) > 300
    assert not list(figures_apart(one, other))
    for engine in engines:
        engine.forget()
        assert not engine.made
        engine.close()


def test_random_shops_give_the_same(database: Database, address: str, tmp_path: Path) -> None:
    numbers = itertools.count()

    @settings(max_examples=2, phases=[Phase.generate], derandomize=True, suppress_health_check=list(HealthCheck))
    @given(program_files(), wishes(), wishes())
    def check(text: str, some: Any, others: Any) -> None:
        tenant = f"random{next(numbers)}"
        with database.write(tenant) as connection:
            create_tenant(connection, tenant, 1)
        tenants = Tenants(database, KEYRING)
        tenants.publish(tenant, text, 0)
        assert tenants.decide_all(tenant, play(load_program(text, 1), some + others)) is not None
        random = in_one_piece(copy_of(database, tenant, tmp_path, "world", START_MS + 300 * DAY_MS), tmp_path / tenant)
        engines = Duck(random.folder, random.manifest), Spark(address, random.folder, random.manifest)
        engines[0].keep_facts(FACTS)
        for metric in QUERIED:
            assert not list(differences(metric, question_of(random), *engines, dimensions=[]))
        for engine in engines:
            engine.close()

    check()


def test_of_nothing_all_say_the_same(copied: Copied, address: str, tmp_path: Path) -> None:
    nothing = Manifest(as_of_ms=copied.manifest.as_of_ms)
    engines = Duck(tmp_path, nothing), Spark(address, tmp_path, nothing)
    for metric in QUERIED[::3]:
        assert not list(differences(metric, question_of(copied), *engines, dimensions=[]))
    for engine in engines:
        engine.close()


@pytest.mark.parametrize(
    ("why", "metric", "subjects"),
    [
        (
            "squares of money go beyond 64 bits",
            "value_others",
            "VALUES ('all', 'a', 4000000000), ('all', 'b', 4000000000)",
        ),
        (
            "and beyond the whole numbers of floats",
            "value_others",
            "VALUES ('all', 'a', 9007199254740993), ('all', 'b', 1)",
        ),
        ("what came back is less than nothing", "value_others", "VALUES ('all', 'a', -7), ('all', 'a', 3)"),
    ],
)
def test_numbers_stay_whole(why: str, metric: str, subjects: str, duck: Duck, spark: Spark, copied: Copied) -> None:
    sql = f"SELECT t.period, t.cluster, t.y FROM ({subjects}) AS t(period, cluster, y)"
    made = replace(METRICS[metric], sql=sql, dimensions=())
    tree = compose(made, question_of(copied), "mean")
    rows = [engine.rows(written(tree, engine.dialect)) for engine in (duck, spark)]
    assert not list(rows_apart(*rows))
    assert {type(value) for value in rows[1][0].values()} == {int, str}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("spark.internal:15002", "is an address such as"),
        ("http://127.0.0.1:1", "is an address such as"),
        ("sc://127.0.0.1:port", "is an address such as"),
        ("sc://127.0.0.1:1/;token=s3cret", "sc://127.0.0.1:1/: Connection refused"),
    ],
)
def test_it_says_at_once_that_nobody_is_there(address: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(AnalysisUnavailable, match=why) as caught:
        engine_for(address, tmp_path, Manifest())
    assert "s3cret" not in str(caught.value)


def test_the_folder_may_have_spaces_and_letters_of_any_script(copied: Copied, address: str, tmp_path: Path) -> None:
    moved = in_one_piece(copied, tmp_path / "a shop=țară")
    spark = Spark(address, moved.folder, moved.manifest)
    assert spark.rows("SELECT count(*) AS n FROM orders") == [{"n": copied.manifest.rows["orders"]}]
    spark.close()


@pytest.mark.parametrize("name", ["100%20", "a*", "{a,b}", "#1"])
def test_a_folder_that_could_not_be_found_is_refused(name: str, address: str, tmp_path: Path) -> None:
    with pytest.raises(AnalysisUnavailable, match="in its name"):
        engine_for(address, tmp_path / name, Manifest())


def test_it_says_that_what_answers_is_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRIES_MAX", 1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        thread = Thread(target=_hang_up, args=[other], daemon=True)
        thread.start()
        with pytest.raises(AnalysisUnavailable, match=r"GOODWORD_ANALYSIS: sc://127\.0\.0\.1:\d+: "):
            engine_for(f"sc://127.0.0.1:{other.getsockname()[1]}", tmp_path, Manifest())


def _hang_up(server: socket.socket) -> None:
    """Take every connection, and end it."""
    with suppress(OSError):
        while True:
            server.accept()[0].close()


def test_a_program_is_measured_on_either(database: Database, by_days: Copied, address: str) -> None:
    folder = Folder(by_days.folder.parent, "shop")
    asked = Asked(
        "socks",
        Days("year", date(2026, 1, 1), date(2026, 12, 31)),
        metrics=("leads", "reward_cost", "acquisition_cost"),
    )
    one, other = (
        measure(database, "shop", folder, asked, lambda: by_days.manifest.as_of_ms, analysis=analysis)
        for analysis in ("", address)
    )
    assert one == other
    assert (one.find("leads")[0].value or 0) > 10


def test_after_a_cluster_forgot_us_the_next_question_begins_anew(
    database: Database, by_days: Copied, address: str
) -> None:
    folder = Folder(by_days.folder.parent, "shop")
    asked = Asked("socks", Days("year", date(2026, 1, 1), date(2026, 12, 31)), metrics=("leads",))
    with Session(database, "shop", folder, lambda: by_days.manifest.as_of_ms, address) as session:
        before = session.measure(asked)
        session._opened.close()
        with pytest.raises(Exception, match=r"(?i)session"):
            session.measure(asked)
        assert session.measure(asked) == before


def test_a_command_says_in_a_line_that_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(AnalysisUnavailable) as caught:
        engine_for("sc://127.0.0.1:1", tmp_path, Manifest())
    assert told(caught.value) == "goodword: GOODWORD_ANALYSIS: sc://127.0.0.1:1: Connection refused"


def test_a_process_without_a_main_file_goes_on() -> None:
    lines = (
        "from goodword.warehouse.engine import AnalysisUnavailable",
        "from goodword.warehouse.opening import engine_for",
        "from pathlib import Path; from goodword.warehouse.folder import Manifest",
        "try: engine_for('sc://127.0.0.1:1', Path('/tmp'), Manifest())",
        "except AnalysisUnavailable as error: print(error)",
    )
    told = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert told.stdout.strip().endswith("Connection refused")
