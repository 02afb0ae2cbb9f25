"""Every figure has a peer that was written by hand for the benchmark, and both say the same wherever cases and the shop tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bench.by_hand import HAND, by_hand, differences
from goodword.metrics.compose import compose, wrappers_of, written
from goodword.metrics.definitions import METRICS, Metric
from goodword.metrics.question import Question
from goodword.storage.database import open_database
from goodword.warehouse.duck import Duck
from goodword.warehouse.facts import FACTS
from tests.warehouse.by_hand import MONTH, Facts, Hand, question
from tests.warehouse.comparing import QUERIED, question_of
from tests.warehouse.shop import Copied, in_one_piece, shop
from tests.warehouse.test_definitions import CASES


def apart(duck: Duck, metric: Metric, asked: Question) -> Iterator[str]:
    """Where the rows of a metric's queries are not those by hand."""
    for wrapper, query in zip(wrappers_of(metric), by_hand(metric.name, asked), strict=True):
        ours = duck.rows(written(compose(metric, asked, wrapper)))
        yield from (f"{wrapper}, {period_of(asked)}: {found}" for found in differences(ours, duck.rows(query)))


def period_of(asked: Question) -> str:
    return asked.periods[0].name


def test_every_figure_with_a_query_has_a_peer() -> None:
    assert set(HAND) == {metric.name for metric in QUERIED}


@pytest.fixture(scope="module")
def hand() -> Iterator[Hand]:
    hand = Hand()
    yield hand
    hand.close()


@pytest.mark.parametrize(("metric", "facts", "expected", "asked"), CASES)
def test_a_peer_says_what_its_case_says(
    hand: Hand, metric: str, facts: Facts, expected: object, asked: Mapping[str, Any]
) -> None:
    more = {name: value for name, value in asked.items() if name not in ("periods", "dimension")}
    hand.clear()
    for name, rows in facts.items():
        hand.write(name, rows)
    for period in asked.get("periods", (MONTH,)):
        assert list(apart(hand, METRICS[metric], question(period, **more))) == []


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    root = tmp_path_factory.mktemp("shop")
    database = open_database(f"sqlite:///{root / 'shop.db'}")
    database.migrate()
    yield in_one_piece(shop(database, root / "facts"), root / "whole")
    database.close()


@pytest.fixture(scope="module")
def duck(copied: Copied) -> Iterator[Duck]:
    duck = Duck(copied.folder, copied.manifest)
    duck.keep_facts(FACTS)
    yield duck
    duck.close()


@pytest.mark.parametrize("metric", QUERIED, ids=lambda one: one.name)
def test_peers_agree_over_a_shop(copied: Copied, duck: Duck, metric: Metric) -> None:
    whole = question_of(copied)
    for period in whole.periods:
        asked = Question(whole.program, whole.as_of_ms, whole.currency, whole.margin_ppm, (period,))
        assert list(apart(duck, metric, asked)) == []
    assert any(duck.rows(query) for query in by_hand(metric.name, whole))


def test_what_is_not_the_same_is_found() -> None:
    rows = [{"y": 1, "n": 2.0}, {"y": 2, "n": 3.0}]
    assert list(differences(rows, [{"y": 1, "n": 2.0 + 1e-12}, {"y": 2, "n": 3.0}])) == []
    assert list(differences(rows, rows[:1])) == ["2 rows, by hand 1"]
    assert list(differences(rows, [rows[1], rows[0]]))
    assert list(differences([], [{"n": 1}]))
    assert list(differences([], [{"n": 0, "y": None}])) == []
