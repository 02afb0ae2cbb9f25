"""Questions put together: a metric, its periods and a dimension become one query, by way of syntax trees and never of text.

What comes out is complete: whoever has the facts as tables under their names can run it, in DuckDB's dialect or another one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache

from sqlglot import exp, parse_one

from goodword.metrics.definitions import Dimension, Metric
from goodword.metrics.given import big, put
from goodword.metrics.question import Period, Question
from goodword.metrics.relations import CONSTANTS, DAY_MS, GIVEN, MACROS, RELATIONS
from goodword.metrics.wrappers import STEPS, WRAPPERS

DIALECT = "duckdb"
"""In which everything is written."""
VALUES_MAX = 200
"""So many values of a dimension are told apart; all others together are OTHERS."""
PERIODS = "periods"
"""A relation that is given: it stands before a query, or is kept as a table, where there are several."""
LABELS_MAX = 1_000
"""So many queries that label subjects are remembered: of all metrics by all dimensions."""
FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""How fields are called, as in program files."""


def wrappers_of(metric: Metric) -> tuple[str, ...]:
    """Which queries a metric's estimate is made of."""
    columns = _columns(metric.sql)
    if metric.kind == "count" and "currency" in columns:
        return ("money",)
    if metric.kind == "survival":
        return ("survival", "survival clusters" if "cluster" in columns else "survival alone")
    if metric.kind == "mean" and "cluster" not in columns:
        return ("mean alone",)
    return ("share clustered",) if metric.kind == "share" and "cluster" in columns else (metric.kind,)


def compose(
    metric: Metric, question: Question, wrapper: str, dimension: Dimension | None = None, made: Collection[str] = ()
) -> exp.Select:
    """One of the queries that answer a question for a metric, broken down by a dimension where one is given.

    Relations named in `made` are there as tables already. The columns are those of the wrapper (`WRAPPERS`); ``value`` is
    what the dimension says, the empty text where it says nothing, or there is none.
    """
    if dimension is not None and dimension not in metric.dimensions:
        raise ValueError(f"{metric.name} is not told by {dimension}")
    query = _tree(WRAPPERS[wrapper])
    assert isinstance(query, exp.Select)  # noqa: S101 - all of them are
    own = [
        ("subjects", _tree(metric.sql)),
        *_apart(_labelled(metric, dimension, question.segment).copy(), dimension),
        *((name, _tree(STEPS[name])) for name in _closure(_reads(WRAPPERS[wrapper]), STEPS)),
    ]
    for name, tree in [*_relations(_reads_of(metric, dimension), question, made), *own]:
        query = query.with_(name, as_=put(tree, question), copy=False)
    return query


def queries_of(metric: Metric, question: Question) -> tuple[str, ...]:
    """The queries that answer a question for a metric, as text to be read and run; none for what is made of other figures."""
    return tuple(written(compose(metric, question, one)) for one in wrappers_of(metric)) if metric.sql else ()


def relation(name: str, question: Question, made: Collection[str] = ()) -> exp.Select:
    """The query of a relation, or of the periods of a question, for those who keep it as a table."""
    if name == PERIODS:
        return exp.select("*").from_(_periods(question.periods).subquery("whole"))
    tree = put(_tree(RELATIONS[name]), question)
    select = tree if isinstance(tree, exp.Select) else exp.select("*").from_(tree.subquery("whole"))
    for other, own in _relations(_reads(RELATIONS[name]), question, made):
        select = select.with_(other, as_=put(own, question), copy=False)
    return select


def written(tree: exp.Expression, dialect: str = DIALECT) -> str:
    """A query as text, in the dialect of an engine, laid out to be read."""
    return tree.sql(dialect=dialect, pretty=True, copy=False)


@cache
def relations_of(metric: Metric, dimension: Dimension | None = None) -> tuple[str, ...]:
    """The relations that a metric stands on, those that others need first."""
    return tuple(_closure(_reads_of(metric, dimension), RELATIONS))


@cache
def facts_of(metric: Metric, dimension: Dimension | None = None) -> frozenset[str]:
    """The facts that a metric is made of."""
    names = set(_reads_of(metric, dimension))
    for relation in relations_of(metric, dimension):
        names.update(_reads(RELATIONS[relation]))
    return frozenset(names.difference(RELATIONS, GIVEN, ["subjects"]))


@cache
def _parsed(sql: str) -> exp.Query:
    tree = parse_one(sql, dialect=DIALECT).transform(_replaced)
    assert isinstance(tree, exp.Query)  # noqa: S101 - all that is written here is one
    return tree


def _replaced(node: exp.Expression) -> exp.Expression:
    """A constant or a macro as what it stands for."""
    if isinstance(node, exp.Column) and not node.table and node.name in CONSTANTS:
        return big(CONSTANTS[node.name])
    if isinstance(node, exp.Anonymous) and node.name in MACROS:
        *names, meaning = MACROS[node.name]
        told = dict(zip(names, node.expressions, strict=True))

        def put(inner: exp.Expression) -> exp.Expression:
            if isinstance(inner, exp.Column) and inner.table in told:
                return exp.column(inner.name, told[inner.table].name)
            if isinstance(inner, exp.Column) and inner.name in told:
                return (
                    exp.paren(told[inner.name].copy())
                    if not isinstance(told[inner.name], exp.Column)
                    else told[inner.name].copy()
                )
            return inner

        return exp.paren(parse_one(meaning, dialect=DIALECT).transform(put).transform(_replaced))
    return node


def _tree(sql: str) -> exp.Query:
    """A tree of one's own."""
    return _parsed(sql).copy()


@cache
def _columns(sql: str) -> frozenset[str]:
    return frozenset(_parsed(sql).named_selects)


@cache
def _reads(sql: str) -> tuple[str, ...]:
    """What a query reads by name, each once."""
    return tuple(dict.fromkeys(table.name for table in _parsed(sql).find_all(exp.Table)))


@cache
def _reads_of(metric: Metric, dimension: Dimension | None) -> tuple[str, ...]:
    """What the subjects of a metric and their labels read."""
    labels = (table.name for table in _labelled(metric, dimension, "").find_all(exp.Table))
    return tuple(dict.fromkeys((*_reads(metric.sql), *labels)))


def _closure(names: Iterable[str], known: Mapping[str, str], made: Collection[str] = ()) -> list[str]:
    """These and what they read themselves, of what is known and not made: each after all that it reads."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in known and name not in found and name not in made:
            for other in _reads(known[name]):
                visit(other)
            found[name] = None

    for name in names:
        visit(name)
    return list(found)


def _relations(names: Sequence[str], question: Question, made: Collection[str]) -> list[tuple[str, exp.Query]]:
    """The relations that have to stand before a query that reads these, and the periods of a question that has several."""
    needed = _closure(names, RELATIONS, made)
    trees = [(name, _tree(RELATIONS[name])) for name in needed]
    given = len(question.periods) > 1 and PERIODS not in made
    if given and any(PERIODS in read for read in (names, *(_reads(RELATIONS[name]) for name in needed))):
        trees.insert(0, (PERIODS, _periods(question.periods)))
    return trees


def _periods(periods: Sequence[Period]) -> exp.Query:
    parts = [
        exp.select(
            exp.alias_(exp.Literal.string(one.name), "period"),
            exp.alias_(big(one.start_ms), "start_ms"),
            exp.alias_(big(one.end_ms), "end_ms"),
        )
        for one in periods
    ]
    return exp.union(*parts, distinct=False)


@lru_cache(maxsize=LABELS_MAX)
def _labelled(metric: Metric, dimension: Dimension | None, segment: str) -> exp.Select:
    """The subjects, each with what the dimension says of it and whether it has had the time that it is given. Not to be changed."""
    columns = _columns(metric.sql)
    select = exp.select("s.*").from_(exp.to_table("subjects").as_("s"))
    if dimension is None:
        select = select.select(exp.alias_(exp.Literal.string(""), "value"))
    else:
        label, select = _label(dimension, columns, select, segment)
        said = exp.func("coalesce", exp.cast(label, exp.DataType.Type.VARCHAR), exp.Literal.string(""))
        select = select.select(exp.alias_(said, "label"))
    if metric.horizon_days is None or "since_ms" not in columns:
        return select.select(exp.alias_(big(0), "mature"))
    age = exp.Sub(this=exp.column("as_of_ms", "params"), expression=exp.column("since_ms", "s"))
    old = exp.GTE(this=age, expression=big(metric.horizon_days * DAY_MS))
    count = exp.column("n", "s") if "n" in columns else exp.Literal.number(1)
    mature = exp.case().when(old, count).else_(exp.Literal.number(0))
    return select.select(exp.alias_(mature, "mature")).join(exp.to_table("params"), join_type="cross")


def _apart(labelled: exp.Select, dimension: Dimension | None) -> list[tuple[str, exp.Query]]:
    """The labelled subjects; of a dimension only its largest values apart, since a stranger may make up as many as he likes."""
    if dimension is None:
        return [("labelled", labelled)]
    return [("told_apart", labelled), ("largest", _tree(_LARGEST).limit(VALUES_MAX)), ("labelled", _tree(_OR_OTHERS))]


def _label(
    dimension: Dimension, columns: frozenset[str], select: exp.Select, segment: str
) -> tuple[exp.Expression, exp.Select]:
    if dimension == "version":
        return exp.column(dimension, "s"), select
    if dimension in ("outcome", "reason"):
        outcomes = exp.to_table("order_outcomes").as_("d")
        return exp.column(dimension, "d"), select.join(outcomes, on="d.id = s.order_id", join_type="left")
    if dimension == "channel":
        if "channel" in columns:
            return exp.column("channel", "s"), select
        label = exp.Coalesce(this=exp.column("channel", "k"), expressions=[exp.column("evidence", "s")])
        return label, select.join(exp.to_table("click_channels").as_("k"), on="k.click = s.click", join_type="left")
    if dimension == "tier":
        held = _tree("SELECT t.participant, t.tier FROM tiers AS t JOIN params ON t.program = params.program")
        joined = select.join(held.subquery("d"), on="d.participant = s.person", join_type="left")
    else:
        joined = select.join(exp.to_table("participants").as_("d"), on="d.id = s.person", join_type="left")
    if dimension == "segment":
        return _field(segment), joined
    return exp.column(dimension, "d"), joined


def _field(name: str) -> exp.Expression:
    """A field that the shop tells of people; without a name, of nobody."""
    if not name:
        return exp.Literal.string("")
    if not FIELD.fullmatch(name):
        raise ValueError(f"no field is called {name!r}")
    path = exp.Literal.string(f"$.{name}")
    return exp.paren(exp.func("json_extract_string", exp.column("fields", "d"), path, dialect=DIALECT))


_LARGEST = """
    SELECT c.label FROM (SELECT label, count(*) AS size FROM told_apart GROUP BY label) AS c ORDER BY c.size DESC, c.label
"""
_OR_OTHERS = """
    SELECT t.*, CASE WHEN k.label IS NULL THEN '*' ELSE t.label END AS value
    FROM told_apart AS t LEFT JOIN largest AS k ON k.label = t.label
"""
