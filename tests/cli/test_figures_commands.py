"""Figures from the command line, on each kind of database: asked, as SQL, and the facts that they are made of."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from goodword.metrics.definitions import METRICS
from tests.cli.making import CODE, Shop, line


@pytest.fixture
def lived(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Ann, a customer, brought Bob, who bought."""
    monkeypatch.setenv("GOODWORD_WAREHOUSE", str(shop.folder / "facts"))
    shop.done("publish", shop.program)
    bought = {"total": 6000, "currency": "USD"}
    shop.events.write_text(
        "\n".join(
            [
                line("first", "order", 0, order="a", person={"id": "ann"}, **bought),
                line("join-ann", "join", 1, person={"id": "ann"}, program="demo"),
                line("second", "order", 2, order="b", person={"id": "bob"}, code=CODE, **bought),
            ]
        )
    )
    shop.done("import", shop.events)
    return shop


def test_what_a_program_comes_to(lived: Shop) -> None:
    told = json.loads(lived.done("metrics", "--period", "2025-01", "--by", "country", "--json").stdout)
    values = {
        one["metric"]: one["value"] for one in told["figures"] if one["period"] == "2025-01" and "dimension" not in one
    }
    assert set(values) == set(METRICS) - {"target_customers"}
    assert (values["customers"], values["leads"], values["new_customers"], values["reward_cost"]) == (2, 1, 1, 2000)
    shown = lived.done("metrics", "--period", "2025-01", "--metric", "referral_rate", "--metric", "program_cost").stdout
    assert "referral_rate" in shown
    assert "50.0%" in shown
    assert "$20.00" in shown
    assert "small_sample: Fewer than 30" in shown
    assert "few_clusters" not in shown
    assert "not over yet" not in shown


def test_days_that_are_not_over_are_told_so(lived: Shop) -> None:
    shown = lived.done("metrics", "--period", "2190-01", "--metric", "referral_rate").stdout
    assert "These days are not over yet: the figures will still grow." in shown


def test_the_sql_of_a_figure_runs_on_the_facts_as_it_stands(lived: Shop) -> None:
    shown = json.loads(lived.done("warehouse", "--json").stdout)
    assert shown["facts"]["orders"] == 2
    sql = lived.done("metrics", "--period", "2025-01", "--metric", "new_customers", "--sql").stdout
    with duckdb.connect() as engine:
        for fact in ("orders", "referrals", "participants"):
            files = [str(path) for path in Path(shown["folder"], fact).glob("*.parquet")]
            engine.execute(f"CREATE VIEW {fact} AS SELECT * FROM read_parquet({files}, hive_partitioning = false)")
        assert engine.execute(sql).fetchall() == [("2025-01", "", 1)]
    assert "orders" in lived.done("warehouse").stdout


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--program", "other"), "no program is called other"),
        (("--metric", "referal_rate"), "did you mean"),
        (("--by", "moon"), "no dimension is called moon"),
        (("--period", "2025-13"), "write a period such as 2026-10"),
    ],
)
def test_what_is_asked_wrongly(
    small_shop: Shop, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], message: str
) -> None:
    monkeypatch.setenv("GOODWORD_WAREHOUSE", str(small_shop.folder / "facts"))
    small_shop.done("publish", small_shop.program)
    result = small_shop.run("metrics", *asked)
    assert result.exit_code == 1
    assert message in result.output


def test_where_there_are_several_one_is_named(small_shop: Shop) -> None:
    small_shop.done("publish", small_shop.program)
    second = small_shop.folder / "second.yaml"
    second.write_text(small_shop.program.read_text().replace("program: demo", "program: second"))
    small_shop.done("publish", second)
    result = small_shop.run("metrics")
    assert result.exit_code == 1
    assert "say which program with --program: demo, second" in result.output
