"""Every figure as a sentence, in every language, with a value and without one; and a whole report of a small world.

``python -m tests.reports.fixture`` writes the sentences again, for an editor to read; the tests compare them.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from goodword.metrics.definitions import METRICS, Dimension, Metric
from goodword.metrics.figure import ALL, Figure, Number
from goodword.metrics.periods import Days
from goodword.metrics.verdicts import VERDICTS
from goodword.reports.blocks import Bars, Block, Definitions, Funnel, Grid, Heading, Intervals, Told, Trend
from goodword.reports.figures import figures_blocks
from goodword.reports.sayings import Sayings
from goodword.storage.database import open_database
from goodword.words.catalogue import LANGUAGES
from tests.reports.making import measured, tenant_with

HERE = Path(__file__).parent
GOLDEN = HERE / "report.en.txt"
BY: tuple[Dimension, ...] = ("channel", "language", "country", "outcome", "reason")
OCTOBER = Days("2026-10", date(2026, 10, 1), date(2026, 10, 31))
NUMBERS = (0, 1, 2, 3, 11, 20, 100)
"""Those at which the languages change form."""
COUNTING = ("count", "stock")
"""Kinds that always have a value: there may be none of something."""
WAITING = ("survival", "matched", "growth")
"""Kinds of which nothing may be known although there are people."""
UNITS = {"money": "USD", "unit": "coffee"}
MORE: dict[str, dict[str, Number | None]] = {
    "time_to_convert": {"mean": 9.4, "p90": 21.5},
    "referrals_per_advocate": {"mean": 2.45, "p90": 5.0, "gini": 0.4, "top_1": 0.123, "top_10": 0.4, "dispersion": 2.0},
    "shares_per_sharer": {"mean": 1.84, "p90": 3.0, "gini": 0.4, "top_1": 0.1, "top_10": 0.4, "dispersion": 2.0},
    "cycle_time": {"mean": 30.1, "p90": 60.0},
    "viral_coefficient": {"amplification": 1.33},
    "promoter_score": {"promoters": 52, "detractors": 20},
    "value_curve": {"month_1": 4100, "customers_1": 100, "month_2": 4250, "customers_2": 60},
    "return_on_investment": {"margin": 292907, "cost": 55000, "new_customers": 30},
}
VALUES: dict[str, Number] = {
    "share": 0.23,
    "count": 23,
    "money": 4250,
    "per": 0.256,
    "days": 6.1,
    "score": 3.84,
    "unit": 23,
}


def sayings(language: str) -> Sayings:
    """Somebody who says figures of October."""
    return Sayings(language, "USD", {OCTOBER.name: OCTOBER})


def sample(metric: Metric, people: int = 100) -> Figure:
    """A figure of a metric, of so many people."""
    value = people if metric.kind in ("count", "stock") and metric.unit != "money" else VALUES[metric.unit]
    estimated = metric.kind not in ("count", "stock", "derived", "spread", "curve")
    low, high = (value * 0.8, value * 1.2) if estimated else (None, None)
    return Figure(
        metric.name,
        ALL if metric.name == "target_customers" else OCTOBER.name,
        UNITS.get(metric.unit, metric.unit),
        value,
        numerator=55_000 if metric.unit == "money" and metric.kind == "derived" else round(people * 0.23),
        denominator=people,
        low=low,
        high=high,
        maturity=0.614 if metric.horizon_days else None,
        more=MORE.get(metric.name, {}),
    )


def lines(language: str) -> Iterator[str]:
    """What the file of a language holds."""
    say = sayings(language)
    for metric in METRICS.values():
        yield f"# {metric.name}"
        yield f"{say.text(f'{metric.name}.name')}: {say.text(f'{metric.name}.question')}"
        yield say.text(f"{metric.name}.formula")
        for people in NUMBERS:
            if people or metric.kind in COUNTING:
                yield f"{people}: {say.sentence(sample(metric, people))}"
        if metric.name == "target_customers":
            yield f"by a day: {say.sentence(replace(sample(metric), more={'by_day': 20261231}))}"
        for people in (0, 100) if metric.kind in WAITING else (0,) if metric.kind not in COUNTING else ():
            none = Figure(metric.name, OCTOBER.name, UNITS.get(metric.unit, metric.unit), None, denominator=people)
            yield f"none of {people}: {say.value(none)}. {say.sentence(none)}"
        yield ""
    for code in VERDICTS:
        yield f"{code}: {say.warning(code)}"


def path(language: str) -> Path:
    """Where the file of a language is."""
    return HERE / f"figures.{language}.txt"


def as_text(blocks: list[Block]) -> str:
    """Blocks as lines, for a comparison."""
    return "\n".join(line for block in blocks for line in _block(block)) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text=text, level=level):
            yield f"\n{'#' * level} {text}"
        case Grid(head=head, rows=rows):
            yield from (" | ".join(map(str, row)) for row in (head, *rows))
        case Told(name=name, value=value, text=text, notes=notes):
            yield f"{name}: {value}. {text}"
            yield from (f"  ! {note}" for note in notes)
        case Bars(title=title) | Funnel(title=title) | Trend(title=title) | Intervals(title=title):
            yield f"[{type(block).__name__}: {title}]"
        case Definitions(items=items):
            yield f"[{len(items)} definitions]"
        case _:
            yield block.text


def main() -> None:
    """Write the files."""
    for language in LANGUAGES:
        path(language).write_text("\n".join(lines(language)) + "\n", encoding="utf-8")
    with TemporaryDirectory() as name:
        folder = Path(name)
        database = open_database(f"sqlite:///{folder / 'small.db'}")
        database.migrate()
        program, found = measured(database, tenant_with(database), folder, dimensions=BY)
        GOLDEN.write_text(as_text(figures_blocks(found, program, "en")), encoding="utf-8")
        database.close()


if __name__ == "__main__":
    main()
