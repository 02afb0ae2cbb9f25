"""Every figure has a peer that was written by hand for the benchmark, and both say the same of random facts and of a shop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from bench.by_hand import HAND, by_hand, differences
from goodword.metrics.compose import compose, wrappers_of, written
from goodword.metrics.definitions import Metric
from goodword.metrics.question import Period, Question
from goodword.storage.database import open_database
from goodword.warehouse.duck import Duck
from goodword.warehouse.facts import FACTS
from tests.warehouse.by_hand import Hand, day, question
from tests.warehouse.comparing import QUERIED, question_of
from tests.warehouse.random_facts import random_facts
from tests.warehouse.shop import Copied, in_one_piece, shop

HALF = Period("half", day(-90), day(90))
"""Borders lie where much of random facts does."""


def apart(duck: Duck, metric: Metric, asked: Question) -> Iterator[str]:
    """Where the rows of a metric's queries are not those by hand, or where a column is missing that its estimate needs."""
    needless = {"period", "value"} | ({"mature"} if metric.horizon_days is None else set())
    for wrapper, query in zip(wrappers_of(metric), by_hand(metric.name, asked), strict=True):
        ours, hand = duck.rows(written(compose(metric, asked, wrapper))), duck.rows(query)
        yield from (f"{wrapper}: {found}" for found in differences(ours, hand))
        if ours and hand and (missing := set(ours[0]) - set(hand[0]) - needless):
            yield f"{wrapper}: no {missing}"


def test_every_figure_with_a_query_has_a_peer() -> None:
    assert set(HAND) == {metric.name for metric in QUERIED}


@pytest.mark.parametrize("seed", range(4))
def test_peers_agree_over_random_facts(seed: int) -> None:
    hand = Hand(random_facts(seed))
    asked = question(HALF, as_of_ms=day(180))
    assert {metric.name: found for metric in QUERIED if (found := list(apart(hand, metric, asked)))} == {}
    hand.close()


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


def test_peers_agree_over_a_shop(copied: Copied, duck: Duck) -> None:
    whole = question_of(copied)
    for period in whole.periods:
        asked = replace(whole, periods=(period,))
        assert {metric.name: found for metric in QUERIED if (found := list(apart(duck, metric, asked)))} == {}
    said = {metric.name: any(duck.rows(query) for query in by_hand(metric.name, whole)) for metric in QUERIED}
    assert [name for name, something in said.items() if not something] == []


def test_what_is_not_the_same_is_found() -> None:
    rows = [{"y": 1, "n": 2.0}, {"y": 2, "n": 3.0}]
    assert list(differences(rows, [{"y": 1, "n": 2.0 + 1e-12}, {"y": 2, "n": 3.0}])) == []
    assert list(differences(rows, rows[:1])) == ["2 rows, by hand 1"]
    assert list(differences(rows, [rows[1], rows[0]]))
    assert list(differences([], [{"n": 1}]))
    assert list(differences([], [{"n": 0, "y": None}])) == []
