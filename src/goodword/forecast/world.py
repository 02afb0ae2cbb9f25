"""One invented world: people who come, join, share and buy, their friends, and those who cheat, in the order of time.

What people do is drawn before anything is decided, so that a changed program meets the very same people. Everything is
drawn from one seed.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import accumulate, count
from random import Random

from msgspec.structs import replace

from goodword.engine.events import (
    Activity,
    Cancel,
    Claim,
    Join,
    Moderation,
    Order,
    Person,
    Refund,
    Scalar,
    Share,
    SignUp,
    SourceEvent,
)
from goodword.engine.ids import Keyring
from goodword.forecast.assumed import HUNDREDTHS, Assumed, share_of
from goodword.forecast.assumptions import Assumptions, all_figures
from goodword.program.duration import DAY_MS, day_start_ms, from_ms, later
from goodword.program.model import ProgramFile, Step
from goodword.program.quantity import AMOUNT_MAX, BASIS_POINTS
from goodword.program.values import CLAIMED

EVENTS_MAX = 250_000
"""How many events the people of one world cause: what would go on is cut off, and said."""
MONTH_MS = 30 * DAY_MS
"""The month of what is stated by the month."""
BEFORE_MS = 90 * DAY_MS
"""How long before the first day those who are customers already had bought something, at the most."""
RETURN_WINDOW_MS = 30 * DAY_MS
"""How long goods may come back where the program does not say."""
MODERATED_AFTER_MS = DAY_MS


@dataclass(frozen=True, slots=True)
class Setting:
    """What all worlds of a forecast have in common."""

    program: ProgramFile
    assumptions: Assumptions
    keyring: Keyring

    @property
    def start_ms(self) -> int:
        """When the first day begins."""
        return day_start_ms(self.assumptions.starts, 0, self.program.zone)

    @property
    def end_ms(self) -> int:
        """When the last month is over."""
        return later(self.start_ms, self.assumptions.months, "month", self.program.zone)


def draw_figures(setting: Setting, seed: str) -> dict[str, float]:
    """The figures of one world. Each has a chance of its own, so that one more assumption moves no other."""
    return {
        row.path: row.figure.draw(Random(f"{seed}/{row.path}"))  # noqa: S311 - it has to repeat, not to be unguessable
        for row in all_figures(setting.assumptions, setting.program)
        if row.figure is not None
    }


class HeavyTail:
    """Whole numbers n from 1 to `most`, each with a probability in proportion to n to the power of -tail (Zipf)."""

    def __init__(self, tail: float, most: int) -> None:
        self._sums = list(accumulate(float(n**-tail) for n in range(1, most + 1)))

    def draw(self, chance: Random) -> int:
        """One of them."""
        return bisect_left(self._sums, chance.random() * self._sums[-1]) + 1

    @property
    def mean(self) -> float:
        """What they come to on average."""
        last = self._sums[-1]
        before = [0.0, *self._sums[:-1]]
        return sum((n + 1) * (own - less) / last for n, (own, less) in enumerate(zip(self._sums, before, strict=True)))


@dataclass(slots=True)
class Story:
    """What the people of a world do, in the order of time."""

    events: list[tuple[int, SourceEvent]]
    people: dict[str, Person]
    fakes: frozenset[str]
    """The ids of those who are made up."""
    cut: bool
    """Whether it would have gone on beyond the limit."""


@dataclass(slots=True)
class _Someone:
    """Somebody on his way."""

    person: Person
    referred: bool = False
    fake: bool = False
    counted: dict[tuple[str, str | None], int] = field(default_factory=dict)
    """How many events of each kind he caused."""


class World:
    """Invents the people of one world."""

    def __init__(self, setting: Setting, drawn: dict[str, float], seed: str) -> None:
        self.program = setting.program
        self.assumptions = setting.assumptions
        self.keyring = setting.keyring
        self.start_ms, self.end_ms = setting.start_ms, setting.end_ms
        self.drawn = drawn
        self.chance = Random(f"{seed}/people")  # noqa: S311 - as above
        self.friends = HeavyTail(drawn["friends.tail"] / HUNDREDTHS, setting.assumptions.friends.most)
        economics = setting.program.economics
        self.return_window = economics.return_window if economics else RETURN_WINDOW_MS
        self._events: list[tuple[int, int, SourceEvent]] = []
        self._waiting: list[tuple[int, int, _Someone]] = []
        """Those who will join, the earliest first."""
        self._people: dict[str, Person] = {}
        self._fakes: set[str] = set()
        self._ids = count()

    def story(self) -> Story:
        """All that happens."""
        self._beginners()
        self._newcomers()
        while self._waiting and len(self._events) < EVENTS_MAX:
            joined_ms, _, someone = heappop(self._waiting)
            self._advocate(someone, joined_ms)
        self._events.sort(key=lambda row: row[:2])
        events = [(at_ms, event) for at_ms, _, event in self._events[:EVENTS_MAX]]
        return Story(events, self._people, frozenset(self._fakes), bool(self._waiting))

    # chance -----------------------------------------------------------------------------------------------------------

    def _happens(self, path: str, factor: float = 1.0) -> bool:
        return self.chance.random() < share_of(self.drawn.get(path, 0.0)) * factor

    def _wait(self, path: str) -> int:
        """A time that is exponential with the mean that was drawn."""
        mean = self.drawn[path]
        return round(self.chance.expovariate(1 / mean)) if mean else 0

    def _say(self, at_ms: int, event: SourceEvent) -> None:
        if at_ms < self.end_ms:
            self._events.append((at_ms, len(self._events), event))

    def _id(self) -> str:
        return f"e{next(self._ids)}"

    # people -----------------------------------------------------------------------------------------------------------

    def _someone(self, referred: bool = False, like: Person | None = None, fake: bool = False) -> _Someone:
        """Somebody new; `like` is at whose network he sits."""
        id = f"p{len(self._people)}"
        network = like.network if like else f"n-{id}"
        fields, country, language = self._known_of_people()
        person = Person(id=id, country=country, language=language, fields=fields, device=f"d-{id}", network=network)
        self._people[id] = person
        if fake:
            self._fakes.add(id)
        return _Someone(person, referred, fake)

    def _known_of_people(self) -> tuple[dict[str, Scalar], str | None, str | None]:
        found = self._fields_of("person")
        country, language = (self._value(name) for name in ("country", "language"))
        return found, _text(country), _text(language)

    def _fields_of(self, entity: str) -> dict[str, Scalar]:
        values = {name: self._value(name) for name, one in self.program.fields.items() if one.of == entity}
        return {name: value for name, value in values.items() if value is not None}

    def _value(self, name: str) -> Scalar | None:
        value = self.assumptions.fields.get(name)
        if isinstance(value, Assumed):
            if value.kind == "share":
                return self._happens(f"fields.{name}")
            return round(self.chance.uniform(value.low, value.high))
        place = self.chance.random() * BASIS_POINTS
        for text, share in (value or {}).items():
            place -= share
            if place < 0:
                return text
        return None

    def _beginners(self) -> None:
        for _ in range(round(self.drawn["customers"])):
            someone = self._someone()
            if self.assumptions.orders is not None:
                self._order(someone, self.start_ms - 1 - int(self.chance.random() * BEFORE_MS))
            self._customer(someone, self.start_ms)

    def _newcomers(self) -> None:
        rate = self.drawn["newcomers"] / MONTH_MS
        at_ms = float(self.start_ms)
        while rate and (at_ms := at_ms + self.chance.expovariate(rate)) < self.end_ms:
            if len(self._events) >= EVENTS_MAX:
                break
            someone = self._someone()
            if self.assumptions.orders is not None:
                self._order(someone, int(at_ms))
            self._customer(someone, int(at_ms))

    def _customer(self, someone: _Someone, since_ms: int) -> None:
        """Somebody has become a customer: he may buy again, and may join."""
        monthly = self.drawn.get("orders.monthly", 0.0) / HUNDREDTHS
        at_ms = float(since_ms)
        while monthly and (at_ms := at_ms + self.chance.expovariate(monthly / MONTH_MS)) < self.end_ms:
            self._order(someone, int(at_ms))
        if self._happens("joins"):
            heappush(self._waiting, (since_ms + 1 + self._wait("pace.join"), len(self._people), someone))

    # advocates --------------------------------------------------------------------------------------------------------

    def _advocate(self, someone: _Someone, joined_ms: int) -> None:
        if joined_ms >= self.end_ms:
            return
        id = self._id()
        code = self.keyring.handle(id, 0)
        self._say(
            joined_ms, Join(id=id, occurred_at=from_ms(joined_ms), person=someone.person, program=self.program.program)
        )
        for name in {measure.activity: None for measure in self.program.measures.values() if measure.activity}:
            if self._happens(f"activities.{name}"):
                self._activity(someone, joined_ms + 1 + self._wait("pace.step"), name)
        again = 1 + share_of(self.drawn["again"]) if someone.referred else 1.0
        if not self._happens("shares", again):
            return
        first_ms = joined_ms + 1 + self._wait("pace.share")
        self._say(first_ms, Share(id=self._id(), occurred_at=from_ms(first_ms), code=code, channel="link"))
        self._friends(someone, code, joined_ms)

    def _friends(self, someone: _Someone, code: str, joined_ms: int) -> None:
        for _ in range(self.friends.draw(self.chance)):
            came_ms = joined_ms + 1 + self._wait("pace.share") + self._wait("pace.answer")
            if self._happens(self._arrival) and came_ms < self.end_ms:
                self._friend(self._someone(referred=True), code, came_ms)
                invented = share_of(self.drawn["fraud.invented"])
                if invented < 1 and self.chance.random() < invented / (1 - invented):
                    self._friend(self._someone(like=someone.person, fake=True), code, came_ms)
        if self._happens("fraud.self_referrals"):
            double = self._someone(like=someone.person, fake=True)
            double.person = replace(double.person, device=someone.person.device)
            self._people[str(double.person.id)] = double.person
            self._friend(double, code, joined_ms + 1 + self._wait("pace.share"))

    # friends ----------------------------------------------------------------------------------------------------------

    @property
    def _arrival(self) -> str:
        """By which assumption an invited friend comes at all."""
        claimed = f"steps.{CLAIMED}"
        return claimed if claimed in self.drawn else f"steps.{next(iter(self.program.steps))}"

    def _friend(self, friend: _Someone, code: str, came_ms: int) -> None:
        """A friend comes, and goes as far as he goes. One who is made up goes all the way, and sends back what he bought."""
        by_order = self.program.attribution.per_order
        if not by_order:
            self._claim(friend, code, came_ms)
        came_by = self._arrival
        reached: dict[str | None, int] = {None: came_ms}
        for name, step in self.program.steps.items():
            since_ms = reached.get(step.after)
            if since_ms is None:
                continue
            path = f"steps.{name}"
            if not friend.fake and path != came_by and not self._happens(path):
                continue
            at_ms = self._step(friend, step, since_ms + 1, code if by_order else None)
            reached[name] = at_ms
            self._undo(friend, step, at_ms)
        converted = [reached[name] for name in self.program.converting if name in reached]
        if converted and not friend.fake and min(converted) < self.end_ms:
            self._customer(friend, min(converted))

    def _claim(self, friend: _Someone, code: str, at_ms: int) -> None:
        via = next(one for one in ("claim", "code", "staff") if one in self.program.attribution.evidence)
        event = Claim(id=self._id(), occurred_at=from_ms(at_ms), code=code, person=friend.person)
        self._say(at_ms, event if via == "claim" else replace(event, via=via))

    def _step(self, friend: _Someone, step: Step, since_ms: int, code: str | None) -> int:
        """Do what reaches a step, as often as it asks for; when the last of it happened."""
        kind = (step.event, step.activity)
        at_ms = since_ms
        for _ in range(max(1, (step.nth or 1) - friend.counted.get(kind, 0))):
            at_ms += self._wait("pace.step")
            friend.counted[kind] = friend.counted.get(kind, 0) + 1
            if step.event == "order":
                self._order(friend, at_ms, code)
            elif step.event == "sign_up":
                self._say(at_ms, SignUp(id=self._id(), occurred_at=from_ms(at_ms), person=friend.person))
            else:
                self._activity(friend, at_ms, step.activity or "")
        return at_ms

    def _undo(self, friend: _Someone, step: Step, at_ms: int) -> None:
        for name in sorted(step.undone_by_activity):
            if self._happens(f"activities.{name}"):
                self._activity(friend, at_ms + 1 + self._wait("pace.step"), name)

    def _activity(self, someone: _Someone, at_ms: int, name: str) -> None:
        id, fields = self._id(), self._fields_of("activity")
        self._say(at_ms, Activity(id=id, occurred_at=from_ms(at_ms), name=name, person=someone.person, fields=fields))
        if name in self.program.moderated and at_ms < self.end_ms:
            seen_ms = at_ms + MODERATED_AFTER_MS
            self._say(
                seen_ms,
                Moderation(
                    id=self._id(),
                    occurred_at=from_ms(seen_ms),
                    submission=id,
                    verdict="deny" if someone.fake else "approve",
                ),
            )

    # orders -----------------------------------------------------------------------------------------------------------

    def order_total(self) -> int:
        """What one order is worth: log-normal around the mean of this world."""
        spread = self.drawn.get("orders.spread", 0.0) / HUNDREDTHS
        mean = self.drawn["orders.value"]
        return min(AMOUNT_MAX, max(1, round(mean * self.chance.lognormvariate(-spread * spread / 2, spread))))

    def _order(self, someone: _Someone, at_ms: int, code: str | None = None) -> None:
        id = self._id()
        order = Order(
            id=id,
            occurred_at=from_ms(at_ms),
            order=id,
            person=someone.person,
            total=self.order_total(),
            currency=self.program.currency,
            code=code,
            fields=self._fields_of("order"),
        )
        self._say(at_ms, order)
        if at_ms >= self.end_ms:
            return
        if someone.fake:
            back_ms = at_ms + max(1, self.return_window - 1)
            self._say(back_ms, Cancel(id=self._id(), occurred_at=from_ms(back_ms), order=id))
        elif self._happens("orders.refunds"):
            back_ms = at_ms + 1 + int(self.chance.random() * self.return_window)
            self._say(back_ms, Refund(id=self._id(), occurred_at=from_ms(back_ms), order=id))


def _text(value: Scalar | None) -> str | None:
    return value if isinstance(value, str) else None
