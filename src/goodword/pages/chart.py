"""Bars as SVG: readable in print and without colours, mirrored where a page runs from right to left."""

from __future__ import annotations

from dataclasses import dataclass

from goodword.reports.blocks import Bars

WIDTH, HEIGHT = 720, 220
TOP, BOTTOM, BESIDE = 16, 28, 8
PATTERNS = 4
"""How many series are told apart by their filling; further ones begin again."""
LABELS_MAX = 12
"""How many labels stand below a chart: of more bars, every so many has one."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a series, with what a reader is told when he points at it."""

    x: float
    y: float
    width: float
    height: float
    series: int
    told: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text below the bars."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its places worked out."""

    title: str
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    legend: tuple[tuple[int, str], ...]
    baseline: float
    width: int = WIDTH
    height: int = HEIGHT


def chart(bars: Bars, rtl: bool, width: int = WIDTH, labels_max: int = LABELS_MAX) -> Chart:
    """Work out where everything stands. Values below zero hang under the baseline."""
    values = [value for _, row in bars.series for value, _ in row]
    highest, lowest = max([0, *values]), min([0, *values])
    scale = (HEIGHT - TOP - BOTTOM) / max(1, highest - lowest)
    baseline = TOP + highest * scale
    slot = (width - 2 * BESIDE) / max(1, len(bars.labels))
    thick = slot * 0.8 / max(1, len(bars.series))
    made = []
    for series, (name, row) in enumerate(bars.series):
        for place, (value, shown) in enumerate(row):
            x = BESIDE + place * slot + slot * 0.1 + series * thick
            left = width - x - thick if rtl else x
            top = baseline - max(0, value) * scale
            told = f"{bars.labels[place]}, {name}: {shown}"
            made.append(
                Bar(
                    round(left, 1),
                    round(top, 1),
                    round(thick * 0.92, 1),
                    round(abs(value) * scale, 1),
                    series % PATTERNS,
                    told,
                )
            )
    step = max(1, -(-len(bars.labels) // labels_max))
    labels = []
    for place in range((step - 1) // 2, len(bars.labels), step):  # in the middle of those that share it
        x = BESIDE + (place + 0.5) * slot
        labels.append(Label(round(width - x if rtl else x, 1), bars.labels[place]))
    legend = tuple((number % PATTERNS, name) for number, (name, _) in enumerate(bars.series))
    return Chart(bars.title, tuple(made), tuple(labels), legend, round(baseline, 1), width)
