"""What is given with a question stands in its queries as what it is."""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from goodword.metrics.given import put
from goodword.metrics.question import Period, Question

MAY, JUNE = Period("it's May", 1, 5), Period("June", 5, 9)


def text(sql: str, *periods: Period) -> str:
    tree = parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return put(tree, Question("o'neill", 7, "RON", 500_000, list(periods), "")).sql("duckdb")


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        (
            "SELECT o.id FROM orders AS o CROSS JOIN params WHERE o.currency = params.currency",
            "SELECT o.id FROM orders AS o WHERE o.currency = 'RON'",
        ),
        (
            "SELECT h.code FROM handles AS h JOIN params ON h.program = params.program",
            "SELECT h.code FROM handles AS h WHERE h.program = 'o''neill'",
        ),
        (
            "SELECT p.period, o.id FROM orders AS o JOIN periods AS p ON o.made_ms < p.end_ms GROUP BY p.period, o.id",
            "SELECT 'it''s May' AS period, o.id FROM orders AS o WHERE o.made_ms < CAST(5 AS BIGINT) GROUP BY o.id",
        ),
        # What is called the same further inside is something else.
        (
            "SELECT p.period FROM (SELECT p.id FROM participants AS p) AS x JOIN periods AS p ON x.id < p.end_ms",
            "SELECT 'it''s May' AS period FROM (SELECT p.id FROM participants AS p) AS x WHERE x.id < CAST(5 AS BIGINT)",
        ),
    ],
)
def test_it_is_put_where_it_was_joined(sql: str, made: str) -> None:
    assert text(sql, MAY) == made


def test_several_periods_stay_a_table() -> None:
    sql = "SELECT p.period FROM orders AS o JOIN periods AS p ON o.made_ms < p.end_ms"
    assert text(sql, MAY, JUNE) == sql


def test_what_is_given_is_no_maybe() -> None:
    with pytest.raises(ValueError, match="params is joined to all or none, not left"):
        text("SELECT o.id FROM orders AS o LEFT JOIN params ON o.program = params.program", MAY)
