"""The reference of figures: what each means, and the SQL that says so."""

from __future__ import annotations

from textwrap import dedent

from goodword.metrics.definitions import METRICS, TOPICS, Metric
from goodword.metrics.relations import CONSTANTS, MACROS, RELATIONS
from goodword.words.catalogue import catalogue
from tools.markdown import table

ABOUT = """\
# Figures

Every figure that is told anywhere (`goodword metrics`, `goodword report`, the API, the pages) is one of these definitions; how to read
them: [the guide](../guides/figures.md). A query gives the subjects of a figure over [the facts](facts.md); `params` and `periods` are
given with the question, and [relations](#relations) are at the end. The whole query of a figure, ready to run: `goodword metrics --sql`.
"""


def page() -> str:
    """The whole page."""
    parts = [ABOUT]
    for topic in TOPICS:
        parts.append(f"## {topic}\n")
        parts += [_metric(metric) for metric in METRICS.values() if metric.topic == topic]
    parts.append("## Relations\n\nWhat the queries stand on.\n")
    parts += [f"### {name}\n\n{_sql(sql)}" for name, sql in RELATIONS.items()]
    names = [[f"`{name}`", f"`{value}`"] for name, value in CONSTANTS.items()]
    names += [[f"`{name}({one}, {other})`", f"`{meaning}`"] for name, (one, other, meaning) in MACROS.items()]
    return "\n".join(parts) + "\n### Names in queries\n\n" + table(["name", "stands for"], names) + "\n"


def _metric(metric: Metric) -> str:
    texts = catalogue("en")
    rows = [
        ["question", texts.template(f"figure.{metric.name}.question")],
        ["formula", texts.template(f"figure.{metric.name}.formula")],
        ["kind, unit", f"{metric.kind}, {metric.unit}"],
        ["time to answer", f"{metric.horizon_days} days" if metric.horizon_days else ""],
        ["by", ", ".join(metric.dimensions)],
        ["made of, needs", ", ".join(f"`{one}`" for one in metric.needs)],
        ["source", metric.source],
        ["version", str(metric.version)],
    ]
    told = table(["", texts.template(f"figure.{metric.name}.name")], [row for row in rows if row[1]])
    return f"### {metric.name}\n\n{told}\n" + (f"\n{_sql(metric.sql)}" if metric.sql else "")


def _sql(sql: str) -> str:
    lines = dedent(sql).strip("\n").rstrip()
    return f"```sql\n{lines}\n```\n"
