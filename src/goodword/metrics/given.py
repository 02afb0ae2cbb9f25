"""What is given with a question, put into the queries that ask for it: `params` as what they are, and a period that stands alone.

A number in the midst of a query lets an engine look where it has to, and nowhere else; a table of one row joined to it does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from goodword.metrics.question import Period, Question


def big(number: int) -> exp.Cast:
    """A whole number of 64 bits."""
    return exp.cast(exp.Literal.number(number), exp.DataType.Type.BIGINT)


def put(tree: exp.Query, question: Question) -> exp.Query:
    """The tree with what is given, changed in place. Several periods stay a relation."""
    params: dict[str, exp.Expression] = {
        "program": exp.Literal.string(question.program),
        "as_of_ms": big(question.as_of_ms),
        "currency": exp.Literal.string(question.currency),
        "margin_ppm": big(question.margin_ppm),
    }
    for select in list(tree.find_all(exp.Select)):
        for _ in _joined(select, "params"):
            _replace(select, "params", params)
        if len(question.periods) == 1:
            for alias in list(_joined(select, "periods")):
                _replace(select, alias, _bounds(question.periods[0]))
    return tree


def _bounds(period: Period) -> dict[str, exp.Expression]:
    return {
        "period": exp.Literal.string(period.name),
        "start_ms": big(period.start_ms),
        "end_ms": big(period.end_ms),
    }


def _joined(select: exp.Select, name: str) -> Iterator[str]:
    """The names under which a relation is joined to a query, each join taken away and its condition kept."""
    for join in list(select.args.get("joins") or ()):
        table = join.this
        if isinstance(table, exp.Table) and table.name == name:
            if join.side:
                raise ValueError(f"{name} is joined to all or none, not {join.side.lower()}")
            condition = join.args.get("on")
            join.pop()
            if condition is not None:
                select.where(condition, copy=False)
            yield table.alias_or_name


def _replace(select: exp.Select, alias: str, meaning: dict[str, exp.Expression]) -> None:
    for column in list(select.find_all(exp.Column)):
        if column.table != alias or not _sees(column, select, alias):
            continue
        value = meaning[column.name].copy()
        if isinstance(column.parent, exp.Group):
            column.pop()  # All are in one.
        elif column.parent is select and column.arg_key == "expressions":
            column.replace(exp.alias_(value, column.name))
        else:
            column.replace(value)


def _sees(column: exp.Column, select: exp.Select, alias: str) -> bool:
    """Whether what a column belongs to is that of this query, and not one of the same name further inside."""
    inner = column.find_ancestor(exp.Select)
    while inner is not None and inner is not select:
        sources = [inner.args.get("from_"), *(inner.args.get("joins") or ())]
        if any(one is not None and one.this.alias_or_name == alias for one in sources):
            return False
        inner = inner.find_ancestor(exp.Select)
    return inner is select
