"""How each figure is made, in words and as the queries that were asked: what stands at the end of a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goodword.metrics.definitions import METRICS, Metric
from goodword.metrics.figure import Figure
from goodword.reports.blocks import Definition, Definitions
from goodword.reports.sayings import Sayings
from goodword.words.format import isolate


def definitions(say: Sayings, figures: Iterable[Figure], queries: Mapping[str, tuple[str, ...]]) -> Definitions:
    """The definitions of all metrics among the figures, in the order of `METRICS`."""
    by_metric: dict[str, Figure] = {}
    for figure in figures:
        if figure.metric not in by_metric or (figure.method and not by_metric[figure.metric].method):
            by_metric[figure.metric] = figure
    items = [_definition(say, METRICS[name], by_metric[name], queries) for name in METRICS if name in by_metric]
    return Definitions(say.text("definitions"), say.text("definition.query"), tuple(items))


def _definition(say: Sayings, metric: Metric, figure: Figure, queries: Mapping[str, tuple[str, ...]]) -> Definition:
    lines = [say.text("definition.formula", formula=say.text(f"{metric.name}.formula"))]
    if figure.method and figure.level is not None:
        method = isolate(figure.method, say.language)
        lines.append(say.text("definition.interval", level=say.share(figure.level), method=method))
    if metric.source:
        lines.append(say.text("definition.source", source=isolate(metric.source, say.language)))
    lines.append(say.text("definition.version", version=str(metric.version)))
    name, asked = say.text(f"{metric.name}.name"), say.text(f"{metric.name}.question")
    return Definition(name, asked, tuple(lines), queries.get(metric.name, ()))
