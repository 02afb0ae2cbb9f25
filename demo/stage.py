"""The cases of a recipe on stage: each alone in a tenant of its own, then many casts side by side in one.

Alone, a case is exact: it has its own program where it changes figures of it, and nobody else's orders, budgets, places and draws.
Side by side, casts of the cases are told in the order in which all of it happens, and each is compared the moment its calendar ends.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import msgspec

from demo.cases import KEYRING, Case, Tree, as_text, edited, ends_ms, moment_ms
from demo.cast import CaseFailed
from demo.client import HttpServer, Json
from demo.compare import Line
from demo.tenants import tenant_of_its_own
from demo.wire import HttpCast, Shelf, due_of, stated
from goodword.engine import events as ev
from goodword.engine.ids import Keyring
from goodword.engine.reasons import Answer
from goodword.program.duration import from_ms, iso
from goodword.program.loader import Program, load_program
from goodword.program.quantity import parse_quantity
from goodword.web.shapes import EventOut

CASTS_MAX = 1000
PORTION_MAX = 200
"""How many events a request brings at most."""
ALONE, TOGETHER = "cases, each in a tenant of its own", "casts side by side in this tenant"
AUDIT = "findings of the audits of their tenants"
Say = Callable[[str], None]


@dataclass(slots=True)
class Result:
    """What was stated and what was decided, by the lines of the comparison; and where a case did not hold."""

    stated: Counter[str] = field(default_factory=lambda: Counter({AUDIT: 0}))
    decided: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    events_alone: int = 0
    answers: dict[str, Json] = field(default_factory=dict)
    """By event, what the tenant that is served afterwards answered."""

    def judge(self, line: str, cast: HttpCast, compare: Callable[[], None]) -> bool:
        """Compare what became of a cast; whether it is as stated."""
        self.stated += stated(cast.case) + Counter([line])
        good = self.holds(compare)
        self.decided += cast.counts + Counter([line] * good)
        return good

    def holds(self, step: Callable[[], None]) -> bool:
        """Do something that fails where a case does not hold, and keep where."""
        try:
            step()
        except CaseFailed as failure:
            self.failures.append(str(failure))
            return False
        return True

    def lines(self) -> list[Line]:
        """The comparison: the cases, then what they are made of."""
        names = {name: None for name in (ALONE, TOGETHER) if name in self.stated}
        names |= dict.fromkeys(sorted(self.stated | self.decided)) | {AUDIT: None}
        return [Line(name, self.stated[name], self.decided[name]) for name in names]


def can_be_told(case: Case) -> bool:
    """Whether a case can be told over HTTP. How many followed a link is counted by the redirect, whose clock cannot be put back."""
    return not any(re.search(r"\bfollowed\b", entry.get("event", "")) for entry in case.calendar)


def why_alone(case: Case, now_ms: int) -> str:
    """Why a case is not played beside others; empty where it is."""
    if case.edit:
        return "figures of their own in the program"
    told = [entry.get("event", "") for entry in case.calendar]
    if any(" into the pool " in sentence for sentence in told):
        return "codes that go into the pool of all"
    if any(sentence.endswith(" the program") for sentence in told):
        return "a program that is paused or ended for all"
    return "" if ends_ms(case) < now_ms else "dates to come"


def shared(program: Program) -> str:
    """What of a program casts in one tenant share, so that what a case states does not hold beside others; empty where nothing."""
    if program.model.contests:
        return "the contests of the program"
    everyone = any(rule.to == "everyone" for rule in program.model.rewards.values())
    return "what is given to everyone on a date" if everyone else ""


def carried(program: Program, cases: Iterable[Case]) -> int:
    """For how many casts the budgets of a program are enough, by what the cases state to be free when they end."""
    most = CASTS_MAX
    for case in cases:
        for name, parts in (case.end.get("budgets") or {}).items():
            amount = program.model.budgets[name].amount.amount
            free = next((part.removesuffix(" free") for part in parts.split(", ") if part.endswith(" free")), None)
            used = amount - (parse_quantity(free).amount if free else 0)
            most = min(most, amount // used if used else most)
    return most


# alone ----------------------------------------------------------------------------------------------------------------


def play_alone(cases: Iterable[Case], program: Tree, say: Say, result: Result) -> None:
    """Play each case in a tenant of its own, on a database that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="goodword-cases-") as folder:
        for number, case in enumerate(cases, start=1):
            text = as_text(edited(program, case.edit))
            with tenant_of_its_own(Path(folder), f"case-{number}", text, KEYRING) as site:
                cast = HttpCast(case, load_program(text, 1), KEYRING, site.server)
                good = result.judge(ALONE, cast, cast.play)
                findings = site.findings()
            result.decided[AUDIT] += len(findings)
            result.failures += [f"{case.recipe}: {case.name}: the audit finds {one}" for one in findings]
            events = len(_told(cast))
            result.events_alone += events
            say(f"  {'✓' if good and not findings else '✗'} {events:3} events  {case.name}")


# side by side ---------------------------------------------------------------------------------------------------------


class Neighbour(HttpCast):
    """A cast beside others: what happens to it is handed to it, and counted.

    In which order things come that come at one moment, and which of equal ones is taken first, depends on ids, which are the
    cast's own. So each statement alone is not compared here, but what all of them come to, and referrals and balances by name.
    """

    def judge(self) -> None:
        """Compare all that happened with all that is stated.

        Raises:
            CaseFailed: it differs.
        """
        self.where = f"{self.case.recipe}: {self.case.name}: beside others"
        for happened in self.queue:
            self.count(happened)
        ends = self.ends()
        self.count_ends(ends)
        for part in ("referrals", "balances"):
            self.differ(part, dict(self.case.end.get(part) or {}), ends[part])
        expected = stated(self.case)
        self.differ("all together", expected - self.counts, self.counts - expected)


class SideBySide:
    """Casts in one tenant; what they share, as `shared` says, keeps them from being compared."""

    def __init__(
        self, server: HttpServer, program: Program, keyring: Keyring, cases: Sequence[Case], casts: int
    ) -> None:
        self._server = server
        self._compared = not shared(program)
        self._casts = [
            Neighbour(cases[number % len(cases)], program, keyring, server, f"x{number}") for number in range(casts)
        ]
        self._seq = 0
        self._whose: dict[str, Neighbour] = {}
        """By the ids of events, people, referrals and rewards."""

    def play(self, say: Say, result: Result) -> None:
        """Tell everything in its order; each cast is compared when its calendar is over."""
        day = ""
        last = {cast.own: _told(cast)[-1][1] for cast in self._casts}
        for at_ms, portion in self._portions():
            self._tell(portion, result)
            over = [cast for cast, number, _ in portion if number == last[cast.own]]
            if over and self._compared:
                self._look(at_ms, over[0].own)
                shelf = Shelf(self._server)
                for cast in over:
                    cast.shelf = shelf
                    result.judge(TOGETHER, cast, cast.judge)
            if iso(at_ms)[:10] > day:
                day = iso(at_ms)[:10]
                say(f"  {day}  {len(result.answers):5,} events decided")

    def _portions(self) -> Iterator[tuple[int, list[tuple[Neighbour, int, Tree]]]]:
        """What is told at once: events of one moment, of each cast one."""
        told = [
            (at_ms, round, (cast, number, entry))
            for cast in self._casts
            for round, (at_ms, number, entry) in enumerate(_told(cast))
        ]
        told.sort(key=lambda item: item[:2])
        for (at_ms, _), same in groupby(told, key=lambda item: item[:2]):
            items = [item[2] for item in same]
            for start in range(0, len(items), PORTION_MAX):
                yield at_ms, items[start : start + PORTION_MAX]

    def _tell(self, portion: list[tuple[Neighbour, int, Tree]], result: Result) -> None:
        events = [cast.event(entry, number) for cast, number, entry in portion]
        answers = self._server.tell([msgspec.to_builtins(event) for event in events])
        for (cast, _, entry), event, answer in zip(portion, events, answers, strict=True):
            if result.holds(partial(cast.told, answer)):
                cast.learn(entry, event, msgspec.convert(answer, Answer))
                self._whose[event.id] = cast
                result.answers[event.id] = answer

    def _look(self, at_ms: int, own: str) -> None:
        """Let the time come to its end at this moment, and hand each cast what happened to it."""
        passed = ev.TimePassed(id=f"time-{own}", occurred_at=from_ms(at_ms))
        self._server.tell([msgspec.to_builtins(passed)])
        for item in self._server.list("/v1/events", after=str(self._seq)):
            stored = msgspec.convert(item, EventOut)
            self._seq = stored.seq
            if cast := self._cast_of(stored):
                cast.queue.append(cast.saw(stored))

    def _cast_of(self, stored: EventOut) -> Neighbour | None:
        """Whom an event is about; nobody, where a date concerns all."""
        due, answer = due_of(stored), stored.answer
        named = {answer.participant or ""}
        named.update(id for one in answer.referrals for id in (one.id, one.advocate, one.friend))
        named.update(id for one in answer.rewards for id in (one.id, one.participant))
        ids = [stored.id] if due is None else re.split(r"[|>/]", due[1])
        cast = next((self._whose[id] for id in (*ids, *named) if id in self._whose), None)
        if cast:
            self._whose |= dict.fromkeys(named - {""}, cast)
        return cast


def _told(cast: HttpCast) -> list[tuple[int, int, Tree]]:
    """What a cast tells: when, as which entry of its calendar, and the entry."""
    told, at_ms = [], 0
    for number, entry in enumerate(cast.case.calendar, start=1):
        at_ms = max(at_ms, moment_ms(entry["on"]))  # what is told late is told when its turn comes
        if "event" in entry:
            told.append((at_ms, number, entry))
    return told
