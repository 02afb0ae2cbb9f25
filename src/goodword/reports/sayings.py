"""One figure in words: its value as it is written, a sentence that explains it, how sure it is, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from goodword.metrics.definitions import METRICS
from goodword.metrics.figure import ALL, Figure, Number
from goodword.metrics.periods import Days, month_of
from goodword.metrics.verdicts import Verdict
from goodword.program.quantity import BASIS_POINTS, Quantity, is_currency
from goodword.reports.blocks import Told
from goodword.words.catalogue import catalogue, placeholders
from goodword.words.format import amount, calendar_day, decimal, isolate, joined, number, percent, whole_month

SUBJECTS: Final[Mapping[str, str]] = {
    "share_rate": "person",
    "click_rate": "share",
    "claim_rate": "click",
    "conversion_rate": "friend",
    "conversion_matured": "friend",
    "time_to_convert": "friend",
    "approval_rate": "referral",
    "refund_rate": "order",
    "redemption_rate": "reward",
    "repeat_referrers": "advocate",
    "second_referral": "advocate",
    "referrals_per_advocate": "advocate",
    "shares_per_sharer": "advocate",
    "cycle_time": "new_customer",
    "acquisition_cost": "new_customer",
    "acquisition_cost_rewards": "new_customer",
    "target_customers": "new_customer",
    "promoter_score": "answer",
    "easy": "answer",
    "attractive": "answer",
    "attribution_coverage": "order",
    "orders_with_evidence": "order",
}
"""What the denominator of a figure counts; customers where nothing is said."""
THINGS: Final[Mapping[str, str]] = {
    "customers": "customer",
    "advocates": "advocate",
    "asks": "request",
    "shares": "share",
    "clicks": "click",
    "leads": "friend",
    "conversions": "friend",
    "new_customers": "new_customer",
    "unpriced_rewards": "reward",
    "orders": "order",
}
"""What a figure that counts counts."""
FOLLOWED_DAYS: Final[Mapping[str, int]] = {
    "viral_coefficient": 90,
    "value_curve": 30,
    "value_referred": 180,
    "value_others": 180,
    "value_difference": 180,
    "retention_referred": 180,
    "retention_others": 180,
}
"""Figures of people who were followed so long: where there are none, it is too early to tell."""
UNKNOWN: Final = "–"
"""What stands where there is no value; the sentence beside it says why."""
UNITS: Final = ("friend", "order", "referral", "reward")
"""Nouns that the catalogues have among the units of rewards and limits."""


class Sayings:
    """Says figures of one program in one language."""

    def __init__(self, language: str, currency: str, periods: Mapping[str, Days]) -> None:
        self.language = language
        self.currency = currency
        self.texts = catalogue(language)
        self.periods = periods

    def text(self, key: str, **given: str) -> str:
        """A text of the catalogue, filled in."""
        return self.texts.text(f"figure.{key}", given)

    def told(self, figure: Figure) -> Told:
        """A figure as a block."""
        name = self.text(f"{figure.metric}.name")
        return Told(name, self.value(figure), self.sentence(figure), tuple(map(self.warning, self.warnings(figure))))

    def value(self, figure: Figure) -> str:
        """The value as it is written."""
        if figure.value is None:
            early = figure.denominator or figure.metric in FOLLOWED_DAYS
            return self.text("early") if early else UNKNOWN
        return self.shown(figure, figure.value)

    def shown(self, figure: Figure, value: Number) -> str:
        """A value in the unit of a figure: its own, or an end of its range."""
        match figure.unit:
            case "share":
                return self.share(value)
            case "days":
                return self.days(value)
            case "per":
                return decimal(value, self.language, 2)
            case "count" | "score":
                return decimal(value, self.language)
        return amount(Quantity(round(value), figure.unit), self.language)

    def share(self, value: Number) -> str:
        """A share in percent, with one decimal at most."""
        shown = percent(round(value * 1000) * (BASIS_POINTS // 1000), self.language)
        return isolate(shown, self.language) if self.texts.rtl else shown

    def days(self, value: Number) -> str:
        """So many days: whole ones from ten on, else with one decimal."""
        rounded = round(Decimal(str(value)), 1 if abs(value) < 10 else 0)
        count = int(rounded)
        if rounded != count:
            rule = self.texts.locale.plural_form
            count = next((n for n in (0, 1, 2, 3, 11, 20, 100) if rule(n) == rule(rounded.normalize())), 100)
        return self.texts.text("unit.day", {"n": decimal(float(rounded), self.language)}, count)

    def counted(self, noun: str, count: int) -> str:
        """So many of something that can be counted."""
        key = f"unit.{noun}" if noun in UNITS else f"figure.count.{noun}"
        return self.texts.text(key, {"n": number(count, self.language)}, count)

    def when(self, period: str) -> str:
        """A period inside a sentence: "in October 2026"."""
        if period == ALL:
            return self.text("when.all")
        days = self.periods[period]
        if days == month_of(days.first):
            return self.text("when.month", month=whole_month(days.first, self.language))
        year, dash, quarter = days.name.partition("-Q")
        if dash:
            return self.text("when.quarter", quarter=quarter, year=year)
        if days.name == str(days.first.year):
            return self.text("when.year", year=days.name)
        if days.first == days.last:
            return self.text("when.day", first=self.day(days.first))
        return self.text("when.days", first=self.day(days.first), last=self.day(days.last))

    def day(self, day: date) -> str:
        """A day of the calendar."""
        return calendar_day(day, self.language)

    def sentence(self, figure: Figure) -> str:
        """What a figure says, how sure it is, and of how many it is not known yet."""
        if figure.value is None:
            return self._nothing(figure)
        kind = METRICS[figure.metric].kind
        part = "less" if kind == "matched" and figure.value < 0 else "by" if "by_day" in figure.more else "says"
        parts = [self._says(figure, part)]
        if figure.value and figure.more.get("amplification") is not None:
            parts.append(self._says(figure, "grows"))
        key = f"{figure.metric}.likely" if kind == "matched" else "likely"
        if (likely := self.range(figure, key, counts=kind == "survival")) is not None:
            parts.append(likely)
        if figure.maturity is not None and (share := self.share(figure.maturity)) != self.share(1):
            parts.append(self.text("matured", share=share))
        return " ".join(parts)

    def range(self, figure: Figure, key: str = "range", *, counts: bool = False) -> str | None:
        """The range that a figure lies in; with `counts` in people rather than in percent. None where it has none, or one too
        narrow to be written."""
        if figure.low is None or figure.high is None:
            return None
        low, high = self.shown(figure, figure.low), self.shown(figure, figure.high)
        if counts and figure.denominator:
            low, high = (number(round(end * figure.denominator), self.language) for end in (figure.low, figure.high))
        return None if low == high else self.text(key, low=low, high=high)

    def warnings(self, figure: Figure) -> tuple[Verdict, ...]:
        """What speaks against relying on a figure; where there is none, its sentence says why."""
        return () if figure.value is None else figure.warnings

    def warning(self, code: Verdict) -> str:
        """The sentence of a warning."""
        return self.text(f"warning.{code}")

    def noted(self, figures: Iterable[tuple[str, Figure]]) -> Iterator[str]:
        """Each warning of named figures once, with those whom it concerns."""
        concerned: dict[Verdict, list[str]] = {}
        told = [(name, figure) for name, figure in figures if figure.value is not None]
        for name, figure in told:
            for code in self.warnings(figure):
                concerned.setdefault(code, []).append(name)
        for code, names in concerned.items():
            if len(names) == len(told) > 1:
                yield self.text("noted_all", warning=self.warning(code))
            else:
                yield self.text("noted", warning=self.warning(code), names=joined(names, self.language))

    # how a sentence is filled -----------------------------------------------------------------------------------------

    def _says(self, figure: Figure, part: str) -> str:
        key = f"figure.{figure.metric}.{part}"
        needed = placeholders(self.texts.template(key))
        return self.texts.text(key, {name: self._given(figure, name) for name in needed})

    def _given(self, figure: Figure, name: str) -> str:
        """What stands for a placeholder."""
        match name:
            case "value" if figure.metric in THINGS:
                return self.counted(THINGS[figure.metric], int(figure.value or 0))
            case "value" if METRICS[figure.metric].kind == "matched":
                return self.shown(figure, abs(figure.value or 0))
            case "value":
                return self.value(figure)
            case "n":
                return self.counted(SUBJECTS.get(figure.metric, "customer"), figure.denominator or 0)
            case "y":
                return number(self._numerator(figure), self.language)
            case "when":
                return self.when(figure.period)
            case "days":
                return self.days(METRICS[figure.metric].horizon_days or 0)
            case "day":
                return self.day(date.fromisoformat(f"{figure.more['by_day']:08}"))
            case "age":
                return self.days(30 * sum(_everybody(figure, age) for age in range(1, len(figure.more) // 2 + 1)))
            case "cost" if figure.metric != "return_on_investment":
                return self._money(figure, figure.numerator or 0)
            case "cost" | "margin":
                return self._money(figure, figure.more[name] or 0)
        more = figure.more[name] or 0
        if name == "top_1":
            return self.share(more)
        return self.days(more) if figure.unit == "days" else decimal(more, self.language, 2)

    def _numerator(self, figure: Figure) -> int:
        """Of how many it is true; of an estimate, of how many it will be."""
        if METRICS[figure.metric].kind == "survival":
            return round((figure.value or 0) * (figure.denominator or 0))
        return figure.numerator or 0

    def _money(self, figure: Figure, value: Number) -> str:
        unit = figure.unit if is_currency(figure.unit) else self.currency
        return amount(Quantity(round(value), unit), self.language)

    def _nothing(self, figure: Figure) -> str:
        """Why nothing can be said, kindly."""
        metric = METRICS[figure.metric]
        if figure.metric in ("return_on_investment", "payback_days") and "part_of_cost" in figure.warnings:
            return self.warning("part_of_cost")
        if figure.metric == "return_on_investment":
            return self.text("none.cost", when=self.when(figure.period))
        if figure.metric == "payback_days" and figure.denominator:
            return self.text("none.back")
        if metric.kind == "matched" and figure.denominator:
            return self.text("none.alike")
        if figure.metric in FOLLOWED_DAYS:
            return self.text("none.early", days=self.days(FOLLOWED_DAYS[figure.metric]))
        if figure.metric == "cycle_time":
            return self.text("none.cycle", when=self.when(figure.period))
        if figure.denominator:
            return self.text("none.early", days=self.days(metric.horizon_days or 0))
        return self.text(f"none.{SUBJECTS.get(figure.metric, 'customer')}", when=self.when(figure.period))


def _everybody(figure: Figure, age: int) -> bool:
    """Whether all of whom a curve is were watched through so many thirty days: there its value stands."""
    return figure.more[f"customers_{age}"] == figure.more["customers_1"]
