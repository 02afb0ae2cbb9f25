"""The answer of a forecast in words: blocks that a terminal or a page shows, in one language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from babel.numbers import format_decimal

from goodword.forecast.assumed import HUNDREDTHS
from goodword.forecast.report import Assumption, Forecast, Range, Shortage, Warned
from goodword.program.quantity import BASIS_POINTS, Quantity, divide
from goodword.reports.blocks import Bars, Block, Grid, Heading, Line
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, isolate, joined, month_name, number, percent
from goodword.words.phrases import duration

UNKNOWABLE = ("figures", "reward", "end")
"""What no forecast can know, each a sentence of the catalogue."""
ENDS = ("low", "middle", "high")
_WHOLE_PERCENT = 100
"""In basis points: shares of worlds are no more exact than that."""


def forecast_blocks(forecast: Forecast, language: str) -> list[Block]:
    """All that is said of a forecast, in the order in which it is read."""
    return list(_Speaker(forecast, language).all())


class _Speaker:
    """Says one forecast in one language."""

    def __init__(self, forecast: Forecast, language: str) -> None:
        self.forecast = forecast
        self.language = language
        self.texts = catalogue(language)

    def text(self, key: str, **given: str) -> str:
        return self.texts.text(f"forecast.{key}", given)

    def shared(self, key: str, **given: str) -> str:
        """A text that a rehearsal has as well."""
        return self.texts.text(f"rehearsal.{key}", given)

    def money(self, value: int) -> str:
        return amount(Quantity(value, self.forecast.currency), self.language)

    def number(self, value: int) -> str:
        return number(value, self.language)

    def decimal(self, hundredths: int) -> str:
        value = Decimal(hundredths) / HUNDREDTHS
        return format_decimal(value, locale=self.texts.locale, numbering_system="latn")

    def worlds(self, count: int) -> str:
        """How many of the worlds, as a share in whole percent."""
        share = divide(count * BASIS_POINTS, self.forecast.worlds * _WHOLE_PERCENT, "half_up")
        return percent(share * _WHOLE_PERCENT, self.language)

    def name(self, text: str) -> str:
        return isolate(text, self.language)

    def all(self) -> Iterator[Block]:
        forecast = self.forecast
        yield Heading(self.text("title", program=self.name(forecast.program)), 1)
        yield Line(
            self.text(
                "about",
                worlds=self.number(forecast.worlds),
                starts=calendar_day(date.fromisoformat(forecast.starts), self.language),
                months=self.number(forecast.months_count),
                events=self.number(forecast.events),
                seed=str(forecast.seed),
            )
        )
        yield Line(self.text("reading"))
        yield from self._warnings()
        yield Heading(self.text("totals"))
        yield self._totals()
        yield from self._margin()
        yield from self._unpriced()
        yield Heading(self.text("months"))
        yield from self._months()
        yield Heading(self.text("shortages"))
        yield self._shortages()
        yield Heading(self.text("assumptions"))
        yield from self._assumptions()
        yield Heading(self.shared("unknowable"))
        for key in UNKNOWABLE:
            yield Line(self.text(f"unknowable.{key}"))

    # what comes out ---------------------------------------------------------------------------------------------------

    def _warnings(self) -> Iterator[Block]:
        if self.forecast.warnings:
            yield Heading(self.text("watch"))
        for one in self.forecast.warnings:
            yield Line(self._warned(one))

    def _warned(self, one: Warned) -> str:
        match one.code:
            case "cut":
                return self.text("warn.cut", worlds=self.number(one.worlds))
            case "month":
                return self.text(
                    "warn.month",
                    month=month_name(one.name, self.language),
                    ready=self.money(one.amount),
                    share=self.worlds(one.worlds),
                    cost=self.money(one.other),
                )
            case "losing":
                return self.text("warn.losing", margin=self.money(one.amount), share=self.worlds(one.worlds))
            case "budget":
                return self.text(
                    "warn.budget",
                    name=self.name(one.name),
                    share=self.worlds(one.worlds),
                    day=self.number(one.amount + 1),
                )
            case "unlimited":
                return self.text("warn.unlimited", name=self.name(one.name))
        return self.text(f"warn.{one.code}")

    def _ends(self) -> tuple[str, str, str]:
        return self.text("low"), self.text("middle"), self.text("high")

    def _range(self, found: Range | None, shown: Callable[[int], str]) -> tuple[str, str, str]:
        if found is None:
            return "–", "–", "–"
        return shown(found.low), shown(found.middle), shown(found.high)

    def _totals(self) -> Grid:
        total = self.forecast.total
        money = [
            ("granted", total.granted),
            ("taken_back", total.taken_back),
            ("expired", total.expired),
            ("cost", total.cost),
            ("used", total.used),
            ("liability", total.liability),
        ]
        rows = [(self.shared(key), *self._range(found, self.money)) for key, found in money]
        rows.append((self.text("per_acquired"), *self._range(total.per_acquired, self.money)))
        rows.append((self.shared("acquired"), *self._range(total.acquired, self.number)))
        rows.append((self.text("invented"), *self._range(total.invented, self.number)))
        return Grid((self.shared("figure"), *self._ends()), tuple(rows))

    def _margin(self) -> Iterator[Block]:
        margin = self.forecast.margin
        if margin is not None:
            given = {"order": self.money(margin.order), "margin": self.money(margin.margin)}
            yield Line(self.text("margin", share=self.worlds(margin.losing), **given))

    def _unpriced(self) -> Iterator[Block]:
        if self.forecast.unpriced:
            units = joined([self.name(unit) for unit in self.forecast.unpriced], self.language)
            yield Line(self.shared("unpriced", units=units))

    def _months(self) -> Iterator[Block]:
        months = self.forecast.months
        labels = tuple(month_name(one.month, self.language) for one in months)
        charts: list[tuple[str, list[Range], Callable[[int], str]]] = [
            (self.shared("chart.cost"), [one.cost for one in months], self.money),
            (self.text("chart.acquired"), [one.acquired for one in months], self.number),
            (self.shared("chart.liability"), [one.liability for one in months], self.money),
        ]
        for title, ranges, shown in charts:
            series = [
                (end, tuple((value, shown(value)) for value in (getattr(one, name) for one in ranges)))
                for name, end in zip(ENDS, self._ends(), strict=True)
            ]
            yield Bars(title, labels, tuple(series))
            rows = [(label, *self._range(one, shown)) for label, one in zip(labels, ranges, strict=True)]
            yield Grid((self.shared("month"), *self._ends()), tuple(rows))

    def _shortages(self) -> Block:
        if not self.forecast.shortages:
            return Line(self.text("shortages.nothing"))
        days = [self.text("day", end=end) for end in self._ends()]
        rows = [self._shortage(one) for one in self.forecast.shortages]
        return Grid((self.shared("what"), self.text("worlds"), *days), tuple(rows))

    def _shortage(self, one: Shortage) -> tuple[str, ...]:
        what = self.text(one.kind, name=self.name(one.name))
        return what, self.worlds(one.worlds), *self._range(one.day, lambda day: self.number(day + 1))

    # what goes in -----------------------------------------------------------------------------------------------------

    def _assumptions(self) -> Iterator[Block]:
        head = (self.text("assumption"), self.text("value"), self.text("source"))
        rows = [(self._label(one.path), self._value(one), self._source(one)) for one in self.forecast.assumptions]
        yield Grid(head, tuple(rows), words=3)
        tail = next(one for one in self.forecast.assumptions if one.path == "friends.tail")
        yield Line(
            self.text(
                "tail",
                tail=self._value(tail),
                most=self.number(self.forecast.friends_most),
                mean=self.decimal(self.forecast.friends_mean),
            )
        )

    def _label(self, path: str) -> str:
        part, _, name = path.partition(".")
        if self.texts.word(f"forecast.assume.{path}"):
            return self.text(f"assume.{path}")
        return self.text(f"assume.{part}", name=self.name(name))

    def _value(self, one: Assumption) -> str:
        if one.low is None or one.high is None:
            return self.text("none")
        low, high = self._figure(one.kind, one.low), self._figure(one.kind, one.high)
        return low if low == high else self.text("between", low=low, high=high)

    def _figure(self, kind: str | None, value: int) -> str:
        match kind:
            case "share":
                return percent(value, self.language)
            case "number":
                return self.decimal(value)
            case "time":
                return duration(value, self.language)
            case "money":
                return self.money(value)
        return self.number(value)

    def _source(self, one: Assumption) -> str:
        if one.source is not None:
            return self.name(one.source)
        return self.text("stated") if one.stated else "–"
