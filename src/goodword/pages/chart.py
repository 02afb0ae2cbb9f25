"""Charts as SVG: readable in print and without colours, mirrored where a page runs from right to left.

Here places are worked out; the template draws. Bars that lie have their label above them, so that they fit a phone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goodword.reports.blocks import Bars, Funnel, Intervals, Point, Trend

WIDTH, HEIGHT = 720, 220
PHONE = 340
"""The width of the same chart where a page is no wider than a phone: letters keep their size, there are fewer of them."""
TOP, BOTTOM, BESIDE = 16, 28, 8
PATTERNS = 4
"""How many series are told apart by their filling; further ones begin again."""
LABELS_MAX = 12
"""How many labels stand below a chart: of more bars, every so many has one."""
PHONE_LABELS_MAX = 4


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


NARROW = 420
"""The width of a chart whose bars lie."""
ROW, LABEL, THICK = 46, 16, 16
"""Of a bar that lies: the height of its row, where the foot of its label is, how thick it is."""
LETTER = 6.6
"""How wide a letter of a label is, with a little room."""
ROOMY = 8
"""How wide a letter of a value is, with room for the line that it stands on."""


@dataclass(frozen=True, slots=True)
class Lying:
    """A bar that lies, with its label above one end and its value above the other, and the range of its value."""

    label: str
    shown: str
    x: float
    width: float
    top: float
    text_y: float
    middle: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A chart of bars that lie."""

    title: str
    rows: tuple[Lying, ...]
    start: float
    end: float
    height: float
    width: int = NARROW

    @property
    def told(self) -> str:
        """All of it in one sentence, for those who do not see it."""
        return "; ".join(f"{row.label}: {row.shown}" for row in self.rows)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a line."""

    x: float
    y: float
    shown: str
    """The value as it stands beside the point; the empty text where there is no room."""
    told: str
    shown_x: float
    """The middle of that text, which ends where the chart does."""


@dataclass(frozen=True, slots=True)
class Line:
    """A chart of a line, in pieces where nothing is known between, with the band of its ranges."""

    title: str
    note: str
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    labels: tuple[Label, ...]
    baseline: float
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def told(self) -> str:
        """All of it in one sentence, for those who do not see it."""
        return "; ".join(dot.told for dot in self.dots)


def funnel(block: Funnel, rtl: bool) -> Rows:
    """Steps as bars that lie, each against the largest."""
    most = max([1, *(step.value for step in block.steps)])
    rows = [(step.label, Point(step.value / most, step.shown)) for step in block.steps]
    return _lying(block.title, rows, rtl)


def intervals(block: Intervals, rtl: bool) -> Rows:
    """Values as bars that lie, each with its range."""
    ends = [end for _, point in block.rows for end in (point.value, point.high) if end is not None]
    most = max(ends, default=0) or 1
    rows = [
        (
            label,
            Point(
                max(point.value, 0) / most,
                point.shown,
                None if point.low is None else max(point.low, 0) / most,
                None if point.high is None else max(point.high, 0) / most,
            ),
        )
        for label, point in block.rows
    ]
    return _lying(block.title, rows, rtl)


def _lying(title: str, rows: Sequence[tuple[str, Point]], rtl: bool) -> Rows:
    room = NARROW - 2 * BESIDE

    def at(share: float) -> float:
        return round(BESIDE + (room * (1 - share) if rtl else room * share), 1)

    made = []
    for place, (label, point) in enumerate(rows):
        top = place * ROW + LABEL + 6
        made.append(
            Lying(
                label,
                point.shown,
                min(at(0), at(point.value)),
                round(room * point.value, 1),
                top,
                place * ROW + LABEL,
                top + THICK / 2,
                None if point.low is None else at(point.low),
                None if point.high is None else at(point.high),
            )
        )
    return Rows(title, tuple(made), at(0), at(1), len(rows) * ROW)


def trend(block: Trend, rtl: bool, width: int = WIDTH) -> Line:
    """A line over time. Values below zero lie under the baseline."""
    points = [point for point in block.points if point is not None]
    ends = [end for point in points for end in (point.value, point.low, point.high) if end is not None]
    highest, lowest = max([0.0, *ends]), min([0.0, *ends])
    scale = (HEIGHT - TOP - 12 - BOTTOM) / ((highest - lowest) or 1)
    slot = (width - 2 * BESIDE) / max(1, len(block.points))

    def x(place: int) -> float:
        left = BESIDE + (place + 0.5) * slot
        return round(width - left if rtl else left, 1)

    def inside(place: int, text: str) -> float:
        half = min(len(text) * LETTER, width) / 2
        return round(min(max(x(place), half), width - half), 1)

    def y(value: float) -> float:
        return round(TOP + 12 + (highest - value) * scale, 1)

    labelled = _labelled(block.points, slot)
    dots, lines, bands = [], [], []
    for piece in _pieces(block.points):
        for place, point in piece:
            shown = point.shown if place in labelled else ""
            told = f"{block.labels[place]}: {point.shown}"
            dots.append(Dot(x(place), y(point.value), shown, told, inside(place, shown)))
        lines.append(" ".join(f"{x(place)},{y(point.value)}" for place, point in piece))
        over = [f"{x(place)},{y(point.high)}" for place, point in piece if point.high is not None]
        under = [f"{x(place)},{y(point.low)}" for place, point in piece if point.low is not None]
        if over:
            bands.append(" ".join([*over, *reversed(under)]))
    longest = max(map(len, block.labels), default=0)
    step = max(1, math.ceil((longest + 0.5) * LETTER / slot))  # half a letter apart
    # The last one is what the reader looks for.
    below = range((len(block.labels) - 1) % step, len(block.labels), step)
    labels = tuple(Label(inside(place, block.labels[place]), block.labels[place]) for place in below)
    return Line(block.title, block.note, tuple(dots), tuple(lines), tuple(bands), labels, y(0), width)


def _labelled(points: Sequence[Point | None], slot: float) -> set[int]:
    """Which points have their value beside them: all if there is room, else the ends, the highest and the lowest."""
    known = [(place, point) for place, point in enumerate(points) if point is not None]
    longest = max((len(point.shown) for _, point in known), default=0)
    if longest * ROOMY <= slot:
        return {place for place, _ in known}
    apart = longest * LETTER / slot
    by_value = sorted(known, key=lambda one: one[1].value)
    chosen: list[int] = []
    for place, _ in (known[-1], by_value[-1], by_value[0], known[0]):
        if all(abs(place - other) > max(apart, 2) for other in chosen):
            chosen.append(place)
    return set(chosen)


def _pieces(points: Sequence[Point | None]) -> Iterator[list[tuple[int, Point]]]:
    """Points that follow each other without a gap; where ranges begin or end, a piece does so too."""
    piece: list[tuple[int, Point]] = []
    for place, point in enumerate(points):
        if point is None:
            if piece:
                yield piece
            piece = []
        else:
            piece.append((place, point))
    if piece:
        yield piece
