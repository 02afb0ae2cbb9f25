"""The figures of a program in words: blocks that a terminal or a page shows, in one language.

First what matters in a few sentences, then topic by topic every figure with a sentence that explains it; each chart has its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from goodword.metrics.definitions import BY_ALL, HORIZONS, METRICS, TOPICS, Dimension, Topic
from goodword.metrics.figure import ALL, Figure, Number
from goodword.metrics.periods import Days
from goodword.program.duration import iso
from goodword.program.loader import Program
from goodword.program.quantity import Quantity
from goodword.reports.blocks import (
    Bars,
    Block,
    Cell,
    Funnel,
    Grid,
    Heading,
    Intervals,
    Line,
    Note,
    Point,
    Ranged,
    Step,
    Trend,
)
from goodword.reports.cohorts import cohorts
from goodword.reports.definitions import definitions
from goodword.reports.labels import label
from goodword.reports.sayings import UNKNOWN, Sayings
from goodword.warehouse.asked import Measured
from goodword.words.format import amount, isolate, moment, month_name, number

FUNNEL = ("asks", "shares", "clicks", "leads", "conversions")
"""The steps from asking to buying, in their order."""
TRENDS = ("new_customers", "conversion_matured", "acquisition_cost")
"""What is shown month by month."""
PARTED = ("leads", "new_customers", "conversion_matured")
"""What is told by dimension."""
COMPARED = (("repeat_purchase_referred", "repeat_purchase_others"), ("retention_referred", "retention_others"))
"""What stands side by side: customers whom the program brought, and others."""
BEGINNING = ("advocates", "asks", "shares", "clicks", "leads", "new_customers")
"""While none of them counts anything, a program has not begun."""
WITHOUT_ZERO = ("unpriced_rewards",)
"""Worth saying only where there are some."""
_AT_AGE = (("value", "days"), ("low", "low"), ("high", "high"))
"""What a figure is at an age, and under which names that stands beside it."""
VALUES_MAX = 12
"""How many values of a dimension are shown; the tables as files have all."""


def figures_blocks(measured: Measured, program: Program, language: str) -> list[Block]:
    """All that is said of the figures of a program, in the order in which it is read."""
    return list(_Report(measured, program, language).all())


class _Report:
    """Says all figures of one program in one language."""

    def __init__(self, measured: Measured, program: Program, language: str) -> None:
        self.measured = measured
        self.program = program
        self.language = language
        self.periods = {days.name: days for days in (measured.period, *measured.trend)}
        self.say = Sayings(language, measured.currency, self.periods)
        self.text = self.say.text
        self.margin_known = program.model.economics is not None
        # A shop need not tell orders: then nobody knows what those left who came, which is not the same as nothing. Orders that all
        # came back were told, and left nothing.
        left = any(one.value for one in measured.find("referred_margin", ALL))
        told = any(one.denominator for one in measured.find("refund_rate", ALL))
        self.worth_known = self.margin_known and (left or told)

    def all(self) -> Iterator[Block]:
        yield Heading(self.text("title", program=isolate(self.measured.program, self.language)), 1)
        yield from self._about()
        if not any(figure.value for name in BEGINNING for figure in self.measured.find(name, ALL)):
            yield Line(self.text("empty"))
        else:
            yield Heading(self.text("summary"))
            yield from self._summary()
            for topic in TOPICS:
                yield from self._topic(topic)
        yield self._definitions()

    def _about(self) -> Iterator[Block]:
        days, zone = self.measured.period, self.program.model.zone
        as_of = moment(iso(self.measured.as_of_ms), self.language, zone)
        first, last = self.say.day(days.first), self.say.day(days.last)
        yield Line(self.text("about", first=first, last=last, as_of=as_of))
        if self.measured.is_under_way:
            yield Note(self.text("unfinished"))

    def _definitions(self) -> Block:
        return definitions(self.say, self.measured.figures, self.measured.queries)

    # what matters -----------------------------------------------------------------------------------------------------

    def _summary(self) -> Iterator[Block]:
        for name in ("new_customers", "target_customers"):
            yield from self._said(name)
        for figure in self._figures("acquisition_cost"):
            yield Line(" ".join([self.say.sentence(figure), *self._against_target(figure)]))
            yield from self._notes(figure)
        for name in ("return_on_investment", "conversion_matured", "open_liability"):
            yield from self._said(name)

    def _said(self, name: str) -> Iterator[Block]:
        for figure in self._figures(name):
            yield Line(self.say.sentence(figure))
            yield from self._notes(figure)

    def _notes(self, figure: Figure) -> Iterator[Block]:
        for code in self.say.warnings(figure):
            yield Note(self.say.warning(code))

    def _against_target(self, figure: Figure) -> Iterator[str]:
        target = self.program.model.target
        cost = target.cost if target is not None else None
        if cost is None or cost.unit != figure.unit or figure.value is None:
            return
        over = round(figure.value) - cost.amount
        wanted = amount(cost, self.language)
        if over > 0:
            yield self.text("summary.target.over", target=wanted, over=self._money(over, figure.unit))
        elif "part_of_cost" not in figure.warnings:
            yield self.text("summary.target.under", target=wanted)

    # topics -----------------------------------------------------------------------------------------------------------

    def _topic(self, topic: Topic) -> Iterator[Block]:
        charts: dict[Topic, Callable[[], Iterator[Block]]] = {
            "funnel": self._funnel,
            "conversion": self._ages,
            "value": self._value,
            "coverage": self._outcomes,
        }
        if topic == "conversion":
            yield from self._trends()
            yield from cohorts(self.say, self.measured, worth_known=self.worth_known)
        if topic == "costs":
            yield from self._parts()
        yield Heading(self.text(f"topic.{topic}"))
        if topic in charts:
            yield from charts[topic]()
        for name, metric in METRICS.items():
            if metric.topic == topic:
                yield from map(self.say.told, self._figures(name))

    def _figures(self, name: str) -> list[Figure]:
        """The figures of a metric that are worth saying: where nobody knows what customers left, none that stands on it."""
        if not self.worth_known and _needs_margin(name):
            return []
        found = self.measured.find(name, ALL if name == "target_customers" else None)
        return [figure for figure in found if name not in WITHOUT_ZERO or figure.value]

    def _one(self, name: str, period: str | None = None) -> Figure | None:
        """The figure of a metric in the currency of the program, which charts are drawn in."""
        found = self.measured.find(name, period)
        units = (self.measured.currency, METRICS[name].unit)
        return next((figure for figure in found if figure.unit in units), None)

    def _funnel(self) -> Iterator[Block]:
        steps, rows = [], []
        before = 0
        for name in FUNNEL:
            figure = self._one(name)
            value = int(figure.value or 0) if figure is not None else 0
            title, shown = self.text(f"{name}.name"), number(value, self.language)
            steps.append(Step(title, value, shown))
            rows.append((title, shown, number(round(100 * value / before), self.language) if before else UNKNOWN))
            before = value
        if any(step.value for step in steps):
            yield Funnel(self.text("chart.funnel", when=self.say.when(self.measured.period.name)), tuple(steps))
            yield Grid((self.text("head.step"), self.text("head.count"), self.text("head.before")), tuple(rows))

    def _ages(self) -> Iterator[Block]:
        figure = self._one("conversion_matured")
        known = [days for days in HORIZONS if figure is not None and figure.more.get(f"days_{days}") is not None]
        if figure is None or not known:
            return
        rows, table = [], []
        for days in known:
            at = replace(figure, **{name: figure.more[f"{of}_{days}"] for name, of in _AT_AGE})
            title = self.text("chart.within", days=self.say.days(days))
            rows.append((title, Point(at.value or 0, self.say.value(at), at.low, at.high)))
            followed = number(int(figure.more[f"at_risk_{days}"] or 0), self.language)
            table.append((title, self.say.value(at), self._range(at), followed))
        yield Intervals(self.text("chart.ages"), tuple(rows))
        head = ("age", "value", "range", "followed")
        yield Grid(tuple(self.text(f"head.{name}") for name in head), tuple(table))

    def _value(self) -> Iterator[Block]:
        if self.worth_known:
            yield from self._curve()
        else:
            yield Line(self.text("no_orders" if self.margin_known else "no_margin"))
        pairs = [figure for pair in COMPARED for figure in map(self._one, pair) if figure is not None]
        known = [figure for figure in pairs if figure.value is not None]
        if known:
            yield self._intervals(self.text("chart.compared"), [(self._name(one), one) for one in known])
            yield self._table("what", [(self._name(one), one) for one in known])

    def _outcomes(self) -> Iterator[Block]:
        for dimension in ("outcome", "reason"):
            found = self.measured.find("orders", None, dimension)
            named = [one for one in found if one.of][:VALUES_MAX]
            if named:
                rows = [(label(dimension, one.of, self.language), self._cell(one)) for one in named]
                yield Grid((self.text(f"by.{dimension}"), self.text("orders.name")), tuple(rows))

    def _curve(self) -> Iterator[Block]:
        figure = self._one("value_curve")
        if figure is None or figure.value is None:
            return
        ages = range(1, len(figure.more) // 2 + 1)
        labels = [self.say.days(30 * age) for age in ages]
        values = [round(figure.more[f"month_{age}"] or 0) for age in ages]
        shown = [self._money(value, figure.unit) for value in values]
        if len(labels) > 1:  # one bar alone says nothing that its number does not
            bars = tuple(zip(values, shown, strict=True))
            yield Bars(self.text("chart.curve"), tuple(labels), ((self._name(figure), bars),))
        people = [number(int(figure.more[f"customers_{age}"] or 0), self.language) for age in ages]
        head = (self.text("head.age"), self.text("head.value"), self.text("head.of"))
        yield Grid(head, tuple(zip(labels, shown, people, strict=True)))

    # month by month ---------------------------------------------------------------------------------------------------

    def _trends(self) -> Iterator[Block]:
        months = self.measured.trend
        if len(months) < 2:
            return
        yield Heading(self.text("trend"))
        labels = tuple(month_name(days.first.strftime("%Y-%m"), self.language) for days in months)
        head: list[Cell] = [self.text("head.month")]
        columns: list[Sequence[Cell]] = [labels]
        for name in TRENDS:
            found = [self._one(name, days.name) for days in months]
            ranged = any(figure is not None and figure.low is not None for figure in found)
            title = self.text(f"{name}.name")
            yield Trend(title, labels, tuple(map(self._point, found)), self.text("chart.band") if ranged else "")
            head.append(Ranged(title, self.text("head.range")) if ranged else title)
            columns.append([self._ranged(figure) for figure in found])
        yield Grid(tuple(head), tuple(zip(*columns, strict=True)))
        yield from map(Note, self.say.noted(self._monthly(labels, months)))

    def _monthly(self, labels: Sequence[str], months: Sequence[Days]) -> Iterator[tuple[str, Figure]]:
        for title, days in zip(labels, months, strict=True):
            figure = self._one("conversion_matured", days.name)
            if figure is not None:
                yield title, figure

    # by dimension -----------------------------------------------------------------------------------------------------

    def _parts(self) -> Iterator[Block]:
        parts = [block for dimension in BY_ALL for block in self._part(dimension)]
        if parts:
            yield Heading(self.text("parted"))
        yield from parts

    def _part(self, dimension: Dimension) -> Iterator[Block]:
        found = {name: {one.of: one for one in self.measured.find(name, None, dimension)} for name in PARTED}
        order = sorted(found["leads"].values(), key=lambda one: (-(one.value or 0), one.of))[:VALUES_MAX]
        if not order or (len(order) == 1 and dimension != "channel"):
            return  # of one value the topics say all there is to say
        rows = []
        matured = []
        for lead in order:
            title = label(dimension, lead.of, self.language)
            figure = found["conversion_matured"].get(lead.of)
            rows.append((title, *(self._counted(name, found[name].get(lead.of)) for name in PARTED)))
            if figure is not None:
                matured.append((title, figure))
        known = [(title, figure) for title, figure in matured if figure.value is not None]
        if len(known) > 1:
            title = f"{self.text(f'by.{dimension}')}: {self.text('conversion_matured.name')}"
            yield self._intervals(title, known)
        *counts, matured_name = (self.text(f"{name}.name") for name in PARTED)
        ranged = Ranged(matured_name, self.text("head.range"))
        yield Grid((self.text(f"by.{dimension}"), *counts, ranged), tuple(rows))
        yield from map(Note, self.say.noted(matured))

    # parts of blocks --------------------------------------------------------------------------------------------------

    def _name(self, figure: Figure) -> str:
        return self.text(f"{figure.metric}.name")

    def _money(self, value: Number, unit: str) -> str:
        return amount(Quantity(round(value), unit), self.language)

    def _cell(self, figure: Figure | None) -> str:
        """A value as it stands in a table: of nobody there is none."""
        if figure is None or (figure.value is None and not figure.denominator):
            return UNKNOWN
        return self.say.value(figure)

    def _ranged(self, figure: Figure | None) -> Cell:
        """A value with its range, where it has one."""
        found = self.say.range(figure) if figure is not None else None
        return self._cell(figure) if found is None else Ranged(self._cell(figure), found)

    def _counted(self, name: str, figure: Figure | None) -> Cell:
        """A cell of a dimension: where nothing was counted there is no figure, but there is a number."""
        if figure is None and METRICS[name].kind == "count":
            return number(0, self.language)
        return self._ranged(figure)

    def _range(self, figure: Figure | None) -> str:
        return (self.say.range(figure) if figure is not None else None) or UNKNOWN

    def _point(self, figure: Figure | None) -> Point | None:
        if figure is None or figure.value is None:
            return None
        return Point(figure.value, self.say.value(figure), figure.low, figure.high)

    def _intervals(self, title: str, rows: Iterable[tuple[str, Figure]]) -> Block:
        points = [(name, self._point(figure)) for name, figure in rows]
        return Intervals(title, tuple((name, point) for name, point in points if point is not None))

    def _table(self, head: str, rows: Iterable[tuple[str, Figure]]) -> Block:
        cells = [
            (name, self._cell(one), self._range(one), number(one.denominator or 0, self.language)) for name, one in rows
        ]
        return Grid(tuple(self.text(f"head.{name}") for name in (head, "value", "range", "of")), tuple(cells))


def _needs_margin(name: str) -> bool:
    needs = METRICS[name].needs
    return "margin" in needs or any(_needs_margin(one) for one in needs if one in METRICS)
