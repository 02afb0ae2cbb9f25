"""Figures over many facts: the whole page of a program, and each figure against the same answer written by hand, and against the scan.

`FIGURES_FACTS` says how many facts there are, 10 million unless told; 100 million take half an hour, 24 GB of memory and 20 GB of disk.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bench.by_hand import Rows, by_hand, differences
from bench.facts import AS_OF_MS, make_facts
from bench.machine import MEGABYTE, program_text
from bench.report import Figure
from goodword.metrics.compose import compose, facts_of, relations_of, wrappers_of, written
from goodword.metrics.definitions import METRICS, Dimension, Metric
from goodword.metrics.periods import Days, months_until
from goodword.metrics.question import Question
from goodword.program.loader import Program, load_program
from goodword.warehouse.asked import Asked, periods_of, question
from goodword.warehouse.duck import Duck
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import Manifest
from goodword.warehouse.measuring import ask

COUNT = int(os.environ.get("FIGURES_FACTS", "10000000"))
TURNS = 3
AIM = 1.2
YEAR = Days("2025", date(2025, 1, 1), date(2025, 12, 31))
BY: tuple[Dimension, ...] = ("channel", "language", "country")


def run() -> list[Figure]:
    """Measure."""
    root = Path(tempfile.mkdtemp(prefix="goodword-bench-"))
    try:
        manifest = make_facts(root, COUNT)
        return [*_page(root, manifest), *_each(root, manifest)]
    finally:
        shutil.rmtree(root)


def shop() -> Program:
    """A program of the name that the facts have."""
    return load_program(program_text("bombas").replace("program: bombas", "program: shop", 1))


def _page(root: Path, manifest: Manifest) -> list[Figure]:
    facts = sum(manifest.rows.values())
    begin = time.perf_counter()
    duck = Duck(root / "tenant=bench", manifest, temporary=root / "tenant=bench" / ".staging")
    if facts <= 20_000_000:
        duck.keep_facts(FACTS)
    read = time.perf_counter() - begin
    asked = Asked("shop", YEAR, months_until(YEAR.last), BY)
    made = ask(duck, asked, shop(), {}, manifest)
    whole = time.perf_counter() - begin
    again = time.perf_counter()
    duck.forget()
    ask(duck, asked, shop(), {}, manifest)
    once_more = time.perf_counter() - again
    duck.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    return [
        Figure(
            f"figures: whole page, {facts:,} facts",
            whole,
            "s",
            more=f"{len(made.figures):,} figures; {read:.1f} s of it reading; asked again {once_more:.1f} s; {peak:,.0f} MB",
        )
    ]


def _each(root: Path, manifest: Manifest) -> list[Figure]:
    """All three over the same columns, read once: thousands of files would cost each query the same, and hide what it does."""
    duck = Duck(root / "tenant=bench", manifest, temporary=root / "tenant=bench" / ".staging")
    duck.keep_facts(FACTS)
    program = shop()
    about = question(program, AS_OF_MS, periods_of(program, [YEAR]))
    metrics = [metric for metric in METRICS.values() if metric.kind != "derived"]
    found = [*(_one(duck, metric, about) for metric in metrics), _every(duck, metrics, about)]
    duck.close()
    return found


def _one(duck: Duck, metric: Metric, about: Question) -> Figure:
    """A figure by itself."""
    ours = [written(compose(metric, about, wrapper)) for wrapper in wrappers_of(metric)]
    hand = by_hand(metric.name, about)
    _same(metric.name, [duck.rows(one) for one in ours], [duck.rows(one) for one in hand])
    seconds = {
        side: min(_timed(duck, queries) for _ in range(TURNS))
        for side, queries in {"ours": ours, "scan": [_scan(metric, ours)], "by hand": hand}.items()
    }
    return Figure(
        f"figures: {metric.name}",
        seconds["ours"] * 1000,
        "ms",
        seconds["ours"] / seconds["by hand"],
        "the same by hand",
        AIM,
        at_most=True,
        more=f"{seconds['ours'] / seconds['scan']:.1f} of the scan",
    )


def _every(duck: Duck, metrics: Sequence[Metric], about: Question) -> Figure:
    """All of them as a page asks for them, which makes a relation once for all that stand on it, beside all by hand, one after the other."""
    hand = [query for metric in metrics for query in by_hand(metric.name, about)]
    seconds = min(_asked(duck, metrics, about) for _ in range(TURNS))
    peer = min(_timed(duck, hand) for _ in range(TURNS))
    return Figure("figures: every metric, one period", seconds, "s", seconds / peer, "all by hand", AIM, at_most=True)


def _asked(duck: Duck, metrics: Sequence[Metric], about: Question) -> float:
    duck.forget()
    begin = time.perf_counter()
    for metric in metrics:
        for name in relations_of(metric):
            duck.keep(name, about)
        for wrapper in wrappers_of(metric):
            duck.rows(written(compose(metric, about, wrapper, None, duck.made)))
    seconds = time.perf_counter() - begin
    duck.forget()
    return seconds


def _timed(duck: Duck, queries: Sequence[str]) -> float:
    begin = time.perf_counter()
    for query in queries:
        duck.rows(query)
    return time.perf_counter() - begin


def _same(name: str, ours: Sequence[Rows], hand: Sequence[Rows]) -> None:
    """What is timed has to be the same answer."""
    for these, those in zip(ours, hand, strict=True):
        for difference in differences(these, those):
            raise RuntimeError(f"{name}: {difference}")


def _scan(metric: Metric, queries: Sequence[str]) -> str:
    """A query that reads the columns that the others name, and nothing else."""
    text, parts = " ".join(queries), []
    for fact in sorted(facts_of(metric) & set(FACTS)):
        columns = [column for column in FACTS[fact].columns if column in text]
        sums = " + ".join(f"count({column})" for column in columns) or "count(*)"
        parts.append(f"SELECT {sums} AS n FROM {fact}")
    return " UNION ALL ".join(parts)
