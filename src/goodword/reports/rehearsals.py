"""The answer of a rehearsal in words: blocks that a terminal or a page shows, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from goodword.engine.reasons import Reason
from goodword.program.quantity import Quantity
from goodword.rehearsal.report import Change, Compared, Month, Report, Segment, Side
from goodword.reports.blocks import Bars, Block, Grid, Heading, Line
from goodword.words.catalogue import catalogue
from goodword.words.format import amount, calendar_day, isolate, joined, month_name, number
from goodword.words.sentences import sentence

UNKNOWABLE = ("behaviour", "reached", "prices")
"""What no rehearsal can know, each a sentence of the catalogue."""


def rehearsal_blocks(report: Report, language: str) -> list[Block]:
    """All that is said of a rehearsal, in the order in which it is read."""
    return list(_Speaker(report, language).all())


def rehearsal_summary(report: Report, language: str) -> list[Block]:
    """What whoever publishes a change has to know: the money, who gains and loses, what runs out."""
    return list(_Speaker(report, language).summary())


class _Speaker:
    """Says one report in one language."""

    def __init__(self, report: Report, language: str) -> None:
        self.report = report
        self.language = language
        self.texts = catalogue(language)
        happened = [report.happened] if report.happened else []
        self.sides: list[Side] = happened + [one.side for one in report.candidates]

    def text(self, key: str, **given: str) -> str:
        return self.texts.text(f"rehearsal.{key}", given)

    def money(self, value: int | None) -> str:
        return "–" if value is None else amount(Quantity(value, self.report.currency), self.language)

    def number(self, value: int) -> str:
        return number(value, self.language)

    def day(self, told: str) -> str:
        moment = datetime.fromisoformat(told).astimezone(ZoneInfo(self.report.time_zone))
        return calendar_day(moment.date(), self.language)

    def name(self, side: Side) -> str:
        if side.label:
            return isolate(side.label, self.language)
        return self.text("happened" if side is self.report.happened else "changed_file")

    def all(self) -> Iterator[Block]:
        yield Heading(self.text("title", program=isolate(self.report.program, self.language)), 1)
        yield Line(self._about())
        if self.report.refused:
            yield Line(self.text("refused", count=self.number(self.report.refused)))
        yield Heading(self.text("money"))
        yield self._totals()
        yield from self._months()
        yield from self._units()
        for one in self.report.candidates:
            yield from self._compared(one)
        yield Heading(self.text("unknowable"))
        for key in UNKNOWABLE:
            yield Line(self.text(f"unknowable.{key}"))

    def summary(self) -> Iterator[Block]:
        if not any(side.months for side in self.sides):
            yield Line(self.text("nothing"))
            return
        yield self._totals()
        for one in self.report.candidates:
            yield Line(self._difference(one))
            yield from list(self._people(one))[:1]
            yield from list(self._decisions(one))[:1]
            yield from self._ran_out(one)
        yield Line(self.text("unknowable.behaviour"))

    def _about(self) -> str:
        given = {"events": self.number(self.report.events), "until": self.day(self.report.until)}
        if self.report.since is None:
            return self.text("about", **given)
        return self.text("about.since", since=self.day(self.report.since), **given)

    # money ------------------------------------------------------------------------------------------------------------

    def _totals(self) -> Grid:
        rows: list[tuple[str, list[int | None]]] = [
            ("granted", [side.total.granted for side in self.sides]),
            ("taken_back", [side.total.taken_back for side in self.sides]),
            ("expired", [side.total.expired for side in self.sides]),
            ("cost", [side.cost for side in self.sides]),
            ("used", [side.total.used for side in self.sides]),
            ("liability", [side.liability for side in self.sides]),
            ("per_acquired", [side.cost_per_acquired for side in self.sides]),
        ]
        shown = [(self.text(key), *map(self.money, values)) for key, values in rows]
        acquired = (self.text("acquired"), *(self.number(side.total.acquired) for side in self.sides))
        return Grid((self.text("figure"), *map(self.name, self.sides)), (*shown, acquired))

    def _months(self) -> Iterator[Block]:
        months = sorted({month.month for side in self.sides for month in side.months})
        if not months:
            yield Line(self.text("nothing"))
            return
        labels = tuple(month_name(month, self.language) for month in months)
        for key in ("cost", "liability"):
            series = [(self.name(side), tuple(self._values(side, months, key))) for side in self.sides]
            yield Bars(self.text(f"chart.{key}"), labels, tuple(series))
            rows = [(label, *(row[place][1] for _, row in series)) for place, label in enumerate(labels)]
            yield Grid((self.text("month"), *map(self.name, self.sides)), tuple(rows))

    def _values(self, side: Side, months: Sequence[str], key: str) -> Iterator[tuple[int, str]]:
        by_month = {month.month: month for month in side.months}
        for name in months:
            value = _value(by_month, name, key)
            yield value, self.money(value)

    def _units(self) -> Iterator[Block]:
        free = sorted({unit.unit for side in self.sides for unit in side.units if unit.unit_cost is None})
        if not free:
            return
        yield Line(self.text("unpriced", units=joined([isolate(unit, self.language) for unit in free], self.language)))
        rows = []
        for unit in free:
            totals = [next((one for one in side.units if one.unit == unit), None) for side in self.sides]
            shown = [
                amount(Quantity(one.granted - one.taken_back if one else 0, unit), self.language) for one in totals
            ]
            rows.append((isolate(unit, self.language), *shown))
        yield Grid((self.text("unit"), *map(self.name, self.sides)), tuple(rows))

    # a candidate ------------------------------------------------------------------------------------------------------

    def _compared(self, one: Compared) -> Iterator[Block]:
        side = self.name(one.side)
        yield Heading(self.text("candidate", side=side))
        yield Line(self._difference(one))
        if self.report.happened is not None:
            yield from self._people(one)
            yield from self._decisions(one)
        yield from self._ran_out(one)
        yield from self._not_applied(one)

    def _difference(self, one: Compared) -> str:
        if self.report.happened is None:
            return self.text("costs", cost=self.money(one.side.cost))
        change = one.side.cost - self.report.happened.cost
        key = "costs.more" if change > 0 else "costs.less" if change < 0 else "costs.same"
        return self.text(key, change=self.money(abs(change)), cost=self.money(one.side.cost))

    def _people(self, one: Compared) -> Iterator[Block]:
        people = one.people
        yield Line(
            self.text(
                "people",
                gain=self.number(people.gain),
                gained=self.money(people.gained),
                lose=self.number(people.lose),
                lost=self.money(people.lost),
                same=self.number(people.same),
            )
        )
        if people.largest:
            yield Line(self.text("largest"))
            rows = [
                (
                    isolate(p.participant, self.language),
                    self.money(p.before),
                    self.money(p.after),
                    self._change(p.after - p.before),
                )
                for p in people.largest
            ]
            yield Grid((self.text("participant"), *self._both()), tuple(rows))
        if people.segments and (people.gain or people.lose):
            yield Line(self.text("segments"))
            rows = [
                (self._segment(s), self.money(s.before), self.money(s.after), self._change(s.after - s.before))
                for s in people.segments
            ]
            yield Grid((self.text("segment"), *self._both()), tuple(rows))

    def _both(self) -> tuple[str, str, str]:
        return self.text("before"), self.text("after"), self.text("change")

    def _change(self, value: int) -> str:
        return f"+{self.money(value)}" if value > 0 else self.money(value)

    def _segment(self, segment: Segment) -> str:
        if segment.by == "side":
            return self.texts.word(f"side.{segment.value}") or segment.value
        value = segment.value
        if segment.by == "country" and value:
            value = self.texts.locale.territories.get(value, value)
        shown = isolate(value, self.language) if value else self.text("unknown")
        by = self.text("country") if segment.by == "country" else isolate(segment.by, self.language)
        return f"{by}: {shown}"

    def _decisions(self, one: Compared) -> Iterator[Block]:
        if not one.changed:
            yield Line(self.text("decisions.same", decisions=self.number(one.decisions)))
            return
        yield Line(self.text("decisions", changed=self.number(one.changed), decisions=self.number(one.decisions)))
        rows = [
            (*self._kind(change), isolate(change.example, self.language), self.number(change.count))
            for change in one.changes
        ]
        head = [self.text(f"decision.{key}") for key in ("event", "before", "after", "example", "count")]
        yield Grid(tuple(head), tuple(rows), words=4)

    def _kind(self, change: Change) -> tuple[str, str, str]:
        event = self.texts.word(f"event.{change.event_type}") or change.event_type
        if not change.before and not change.after:
            return event, self.text("amounts"), self.text("amounts")
        return event, self._reasons(change.before), self._reasons(change.after)

    def _reasons(self, codes: tuple[str, ...]) -> str:
        return " ".join(dict.fromkeys(sentence(Reason(code), self.language) for code in codes)) or "–"

    def _ran_out(self, one: Compared) -> Iterator[Block]:
        before = {(out.rule, out.code): out for out in (self.report.happened.ran_out if self.report.happened else ())}
        after = {(out.rule, out.code): out for out in one.side.ran_out}
        keys = sorted({*before, *after})
        if not keys:
            yield Line(self.text("ran_out.nothing"))
            return
        yield Line(self.text("ran_out"))
        rows = []
        for rule, code in keys:
            told = [found.get((rule, code)) for found in (before, after)]
            shown = [
                self.text("times", count=self.number(o.count), first=self.day(o.first_at)) if o else "–" for o in told
            ]
            rows.append((isolate(rule, self.language), sentence(Reason(code), self.language), *shown))
        head = (self.text("rule"), self.text("what"), self.text("happened"), self.name(one.side))
        yield Grid(head, tuple(rows), words=4)

    def _not_applied(self, one: Compared) -> Iterator[Block]:
        if not one.not_applied:
            return
        yield Line(self.text("not_applied", count=self.number(one.not_applied)))
        rows = [
            (
                isolate(done.event, self.language),
                self.texts.word(f"event.{done.type}") or done.type,
                isolate(done.reference, self.language),
            )
            for done in one.not_applied_first
        ]
        yield Grid(
            (self.text("decision.example"), self.text("decision.event"), self.text("reference")), tuple(rows), words=3
        )


def _value(by_month: dict[str, Month], name: str, key: str) -> int:
    """A figure of a month; what is owed goes on to be owed in a month in which nothing moves."""
    found = by_month.get(name)
    if found is not None:
        return found.cost if key == "cost" else found.liability
    if key == "cost":
        return 0
    earlier = [month for month in sorted(by_month) if month < name]
    return by_month[earlier[-1]].liability if earlier else 0
