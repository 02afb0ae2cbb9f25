"""Figures over many facts: the whole page of a program, and each figure against the same answer written by hand, and against the scan.

`FIGURES_FACTS` says how many facts there are, 10 million unless told; 100 million take a quarter of an hour and 10 GB of disk.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from bench.facts import AS_OF_MS, make_facts
from bench.machine import MEGABYTE, program_text
from bench.report import Figure
from goodword.metrics.compose import compose, facts_of, wrappers_of, written
from goodword.metrics.definitions import METRICS, Dimension
from goodword.metrics.periods import Days, months_until
from goodword.program.duration import day_start_ms
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
    duck = Duck(root / "tenant=bench", manifest, temporary=root / "tenant=bench" / ".staging", memory="4GB")
    duck.keep_facts(FACTS)
    found = []
    program = shop()
    about = question(program, AS_OF_MS, periods_of(program, [YEAR]))
    for name, metric in METRICS.items():
        if metric.kind == "derived":
            continue
        queries = [written(compose(metric, about, wrapper)) for wrapper in wrappers_of(metric)]
        scan = _scan(sorted(facts_of(metric) & set(FACTS)), " ".join(queries))
        sides: dict[str, Callable[[], object]] = {
            "ours": lambda queries=queries: [duck.rows(one) for one in queries],  # type: ignore[misc]
            "scan": lambda scan=scan: duck.rows(scan),  # type: ignore[misc]
        }
        by_hand = HAND.get(name)
        if by_hand is not None:
            sides["by hand"] = lambda by_hand=by_hand: duck.rows(by_hand)  # type: ignore[misc]
            _same(name, duck.rows(queries[0]), duck.rows(by_hand))
        seconds = {side: min(_timed(work) for _ in range(TURNS)) for side, work in sides.items()}
        figure = Figure(
            f"figures: {name}",
            seconds["ours"] * 1000,
            "ms",
            more=f"{seconds['ours'] / seconds['scan']:.1f} of the scan",
        )
        if by_hand is not None:
            ratio = seconds["ours"] / seconds["by hand"]
            figure = Figure(
                figure.name, figure.value, "ms", ratio, "the same by hand", AIM, at_most=True, more=figure.more
            )
        found.append(figure)
    duck.close()
    return found


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _same(name: str, ours: list[dict[str, object]], by_hand: list[dict[str, object]]) -> None:
    """What is timed has to be the same answer."""
    for one, other in zip(ours, by_hand, strict=True):
        for column, value in other.items():
            if one[column] != value:
                raise RuntimeError(f"{name}: {column} is {one[column]}, by hand {value}")


def _scan(facts: list[str], text: str) -> str:
    """A query that reads the columns that the others name, and nothing else."""
    parts = []
    for fact in facts:
        columns = [column for column in FACTS[fact].columns if column in text]
        sums = " + ".join(f"count({column})" for column in columns) or "count(*)"
        parts.append(f"SELECT {sums} AS n FROM {fact}")
    return " UNION ALL ".join(parts)


_ZONE = shop().model.zone
_START, _END = (day_start_ms(YEAR.first, 0, _ZONE), day_start_ms(YEAR.last, 1, _ZONE))
_IN = f"BETWEEN {_START} AND {_END - 1}"
_VALID = "program = 'shop' AND status <> 'superseded' AND until_ms > claimed_ms AND moderation <> 'denied'"
_HOUR = 3_600_000
HAND: dict[str, str] = {
    "customers": f"""
        SELECT count(*) AS n FROM (SELECT min(placed_ms) AS first FROM orders WHERE counted GROUP BY participant) WHERE first < {_END}
    """,
    "shares": f"""
        SELECT count(*) AS n FROM events JOIN handles USING (code)
        WHERE type = 'share' AND outcome = 'accepted' AND handles.program = 'shop' AND at_ms {_IN}
    """,
    "clicks": f"""
        SELECT count(*) AS n FROM clicks WHERE program = 'shop' AND code IN (SELECT code FROM handles) AND at_ms {_IN}
    """,
    "leads": f"SELECT count(*) AS n FROM referrals WHERE {_VALID} AND claimed_ms {_IN}",
    "conversions": f"SELECT count(*) AS n FROM referrals WHERE {_VALID} AND converted_ms {_IN}",
    "conversion_rate": f"""
        SELECT count(*) AS clusters, sum(n) AS n, sum(y) AS y, sum(n * n) AS nn, sum(y * y) AS yy, sum(n * y) AS ny
        FROM (SELECT count(*) AS n, count(converted_ms) AS y FROM referrals
            WHERE {_VALID} AND order_id IS NULL AND claimed_ms {_IN} GROUP BY advocate)
    """,
    "referral_rate": f"""
        WITH brought AS (SELECT DISTINCT advocate FROM referrals WHERE {_VALID} AND claimed_ms {_IN})
        SELECT count(*) AS n, count(advocate) AS y
        FROM (SELECT participant, min(placed_ms) AS first FROM orders WHERE counted GROUP BY participant)
        LEFT JOIN brought ON advocate = participant WHERE first < {_END}
    """,
    "referrals_per_advocate": f"""
        SELECT y, count(*) AS people FROM (SELECT count(*) AS y FROM referrals WHERE {_VALID} AND claimed_ms {_IN} GROUP BY advocate)
        GROUP BY y ORDER BY y
    """,
    "promoter_score": f"""
        SELECT recommend AS y, count(*) AS people FROM surveys WHERE program = 'shop' AND recommend IS NOT NULL AND at_ms {_IN}
        GROUP BY recommend ORDER BY recommend
    """,
    "share_rate": f"""
        WITH asked AS (SELECT participant, at_ms FROM events
                WHERE type = 'ask' AND program = 'shop' AND outcome = 'accepted' AND participant IS NOT NULL AND at_ms {_IN}),
            shared AS (SELECT h.participant, e.at_ms FROM events AS e JOIN handles AS h USING (code)
                WHERE e.type = 'share' AND e.outcome = 'accepted' AND h.program = 'shop')
        SELECT count(*) AS n, sum(y) AS y FROM (
            SELECT a.participant, max(CASE WHEN s.at_ms >= a.at_ms AND s.at_ms < a.at_ms + {30 * 24 * _HOUR} THEN 1 ELSE 0 END) AS y
            FROM asked AS a LEFT JOIN shared AS s ON s.participant = a.participant GROUP BY a.participant)
    """,
    "breakage": f"""
        SELECT unit, sum(amount) AS n FROM entries WHERE account = 'expired:shop' AND at_ms {_IN} GROUP BY unit ORDER BY unit
    """,
}
"""The same answers as an analyst would ask for them, in DuckDB's dialect, over the same files."""
