"""What came of one world: its story, decided event by event as a tenant's own would be, and its books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from goodword.engine.decide import Decision
from goodword.engine.events import Order, Person, Sealed, SourceEvent
from goodword.engine.reasons import Reason
from goodword.engine.state import REFERRALS
from goodword.forecast.shop import Shop
from goodword.forecast.world import Setting, Story, World, draw_figures
from goodword.pipeline.intake import seal
from goodword.program.duration import DAY_MS, period_ends_ms, period_key
from goodword.program.loader import Program
from goodword.rehearsal.books import Books, Calendar, prices
from goodword.rehearsal.report import Flow
from goodword.rehearsal.scratch import Scratch

BATCH = 500
"""How many events are decided at once."""
_BUDGETS = ("budget_spent", "waiting_for_budget")
_LOST = ("referral_returned", "review_denied")
_WON_OR_LOST = ("referral_converted", *_LOST)
_CAPS = ("cap_reached", "cap_partial")

Progress = Callable[[float], None]
"""Told the share of a world that is done; raises `Cancelled` to end it."""


@dataclass(frozen=True, slots=True)
class MonthOutcome:
    """A month of a world."""

    month: str
    flow: Flow
    liability: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a world."""

    drawn: dict[str, float]
    friends_mean: float
    months: tuple[MonthOutcome, ...]
    total: Flow
    liability: int
    invented: int
    """Of those acquired: how many are made up."""
    ran_out: dict[tuple[str, str], int]
    """By ``budget`` or ``cap`` and its name: after how many milliseconds first."""
    unpriced: frozenset[str]
    events: int
    cut: bool

    @property
    def genuine(self) -> int:
        """Those acquired who exist."""
        return self.total.acquired - self.invented


@dataclass(slots=True)
class _Ledger:
    """What is noted while a world goes on."""

    program: Program
    start_ms: int
    calendar: Calendar
    books: Books
    fakes: set[str] = field(default_factory=set)
    """The participants who are made up."""
    won: set[str] = field(default_factory=set)
    """The referrals that count as won."""
    ran_out: dict[tuple[str, str], int] = field(default_factory=dict)
    invented: int = 0

    def note(self, decision: Decision, fake: bool) -> None:
        """Note one decision; `fake` says whether its person is made up."""
        if fake and decision.told is not None:
            self.fakes.add(decision.told)
        clock_ms = decision.sealed.clock_ms
        month = self.calendar.month(clock_ms)
        self.books.post(month, decision.draft.entries)
        for reason in decision.answer.reasons:
            if reason.program != self.program.name:
                continue
            if reason.referral is not None and reason.code in _WON_OR_LOST:
                self._note_won(decision, reason.code, reason.referral, month)
            self._note_shortage(reason, clock_ms)

    def _note_won(self, decision: Decision, code: str, referral: str, month: str) -> None:
        """Count a referral that converted, until its conversion is undone or staff deny it."""
        row = decision.draft.need(REFERRALS, referral)
        if code == "referral_converted" and referral not in self.won and row.moderation != "denied":
            self.won.add(referral)
            change = 1
        elif code in _LOST and referral in self.won:
            self.won.remove(referral)
            change = -1
        else:
            return
        self.books.acquired[month] += change
        if row.friend in self.fakes:
            self.invented += change

    def _note_shortage(self, reason: Reason, clock_ms: int) -> None:
        rule = (reason.rule or "").split(".")
        if reason.code in _BUDGETS and len(rule) > 1:
            name = rule[1] if rule[0] == "budgets" else self.program.model.rewards[rule[1]].budget
            self.ran_out.setdefault(("budget", name or rule[1]), clock_ms - self.start_ms)
        elif reason.code in _CAPS:
            self.ran_out.setdefault(("cap", ".".join(rule)), clock_ms - self.start_ms)


def play(setting: Setting, program: Program, seed: str, progress: Progress = lambda _: None) -> Outcome:
    """Invent one world and decide it.

    Raises:
        Cancelled: as `progress` wished.
        Unforeseen: an event could not be decided.
    """
    program = replace(program, version=1)
    drawn = draw_figures(setting, seed)
    world = World(setting, drawn, seed)
    story = world.story()
    calendar = Calendar(setting.program.zone, setting.start_ms)
    ledger = _Ledger(program, setting.start_ms, calendar, Books(program.name))
    total = round(drawn["orders.value"]) if "orders.value" in drawn else 0
    shop = Shop(setting, drawn, seed, story, total)
    with Scratch(setting.keyring) as scratch:
        events = _Playing(setting, program, story, shop, ledger, scratch, progress).run()
    return _outcome(setting, ledger, world, events, story.cut)


@dataclass(slots=True)
class _Playing:
    """A world on its way."""

    setting: Setting
    program: Program
    story: Story
    shop: Shop
    ledger: _Ledger
    scratch: Scratch
    progress: Progress
    decided: int = 0
    _follow: list[tuple[int, int, SourceEvent]] = field(default_factory=list)
    _next: int = 0
    _follows: int = 0

    def run(self) -> int:
        """Play it to the end of the last month; how many events were decided."""
        start_ms, end_ms = self.setting.start_ms, self.setting.end_ms
        for batch in self._batches(start_ms - 1):
            self._decide(batch, None)
        self._note_all(self.scratch.publish(self.program, start_ms).decisions, {})
        until_ms = start_ms
        while until_ms < end_ms:
            until_ms = min(until_ms + DAY_MS, end_ms)
            for batch in self._batches(until_ms - 1):
                self._decide(batch, None)
            self._decide([], until_ms - 1)
            self.progress((until_ms - start_ms) / (end_ms - start_ms))
        return self.decided

    def _batches(self, until_ms: int) -> Iterator[list[tuple[int, SourceEvent]]]:
        """What happens up to a moment, the story and what follows from it, in the order of time."""
        batch: list[tuple[int, SourceEvent]] = []
        buyers: set[str] = set()
        for at_ms, event in self._due(until_ms):
            id = _who(event)
            if len(batch) == BATCH or (isinstance(event, Order) and id in buyers):
                yield batch  # what he was given just before may be used on this order
                batch, buyers = [], set()
            if self.shop.still_wanted(event):
                told = self.shop.with_rewards(event) if isinstance(event, Order) else event
                batch.append((at_ms, told))
                buyers.add(id)
        if batch:
            yield batch

    def _due(self, until_ms: int) -> Iterator[tuple[int, SourceEvent]]:
        """The next events up to a moment. What follows while they are decided comes among them."""
        events = self.story.events
        while True:
            own = events[self._next][0] if self._next < len(events) else until_ms + 1
            other = self._follow[0][0] if self._follow else until_ms + 1
            if min(own, other) > until_ms:
                return
            if own <= other:
                self._next += 1
                yield events[self._next - 1]
            else:
                at_ms, _, event = heappop(self._follow)
                yield at_ms, event

    def _decide(self, batch: list[tuple[int, SourceEvent]], until_ms: int | None) -> None:
        """Decide a batch to its last event, and what falls due up to `until_ms`."""
        people = {event.id: id for _, event in batch if (id := _who(event))}
        rest = [self._sealed(event, at_ms) for at_ms, event in batch]
        while True:
            outcome = self.scratch.decide(rest, until_ms)
            self._note_all(outcome.decisions, people)
            rest = outcome.rest
            if not rest and not (until_ms is not None and outcome.more_due):
                return

    def _sealed(self, event: SourceEvent, at_ms: int) -> Sealed:
        return seal(event, self.setting.keyring, at_ms, True)

    def _note_all(self, decisions: list[tuple[int, Decision, bytes]], people: dict[str, str]) -> None:
        for _, decision, _ in decisions:
            self.decided += 1
            person = people.get(decision.sealed.event.id)
            self.ledger.note(decision, person in self.story.fakes)
            for at_ms, event in self.shop.follow(decision, person):
                self._follows += 1
                heappush(self._follow, (at_ms, self._follows, event))


def _who(event: SourceEvent) -> str:
    """Whom of the story an event is about; nothing for what is about a reward or a referral."""
    person = getattr(event, "person", None)
    return str(person.id) if isinstance(person, Person) else ""


def _outcome(setting: Setting, ledger: _Ledger, world: World, events: int, cut: bool) -> Outcome:
    known = prices([ledger.program])
    by_month = {month.month: month for month in ledger.books.months(known)}
    months: list[MonthOutcome] = []
    total, liability = Flow(), 0
    for name in month_names(setting):
        month = by_month.get(name)
        liability = month.liability if month else liability
        flow = month.flow if month else Flow()
        months.append(MonthOutcome(name, flow, liability))
        total = total.plus(flow)
    unpriced = frozenset(unit.unit for unit in ledger.books.units(known) if unit.unit_cost is None)
    return Outcome(
        drawn=world.drawn,
        friends_mean=world.friends.mean,
        months=tuple(months),
        total=total,
        liability=liability,
        invented=ledger.invented,
        ran_out=ledger.ran_out,
        unpriced=unpriced,
        events=events,
        cut=cut,
    )


def month_names(setting: Setting) -> list[str]:
    """The calendar months that a forecast looks at."""
    found, at_ms, zone = [], setting.start_ms, setting.program.zone
    while at_ms < setting.end_ms:
        found.append(period_key(at_ms, "month", zone))
        at_ms = period_ends_ms(at_ms, "month", zone)
    return found
