"""What a new version takes away from advocates, and how long before they have to be told.

Each key of the language has a row in one table that says in which direction it is worth more to an advocate. What cannot be
compared, such as another unit, counts as taken away; so does a key without a row, which a test does not let happen. What
only concerns friends, the shop's own figures and the rules against fraud may change at once.
Source: terms of a contract that are changed to somebody's disadvantage without notice are presumed unfair, Council Directive
93/13/EEC, annex 1(j) and (k).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from goodword.program.amounts import Gains, PercentOf, PerSpent, Rates, Rows, Schedule, Table
from goodword.program.benefits import Benefit, Options
from goodword.program.contests import Contest, Tiers
from goodword.program.duration import day_start_ms
from goodword.program.expiry import Expiry
from goodword.program.groups import Groups
from goodword.program.keeping import Kept
from goodword.program.loader import Program
from goodword.program.model import Attribution, Audience, Budget, Cap, ProgramFile, Reward, Step
from goodword.program.part import Part
from goodword.program.payouts import Payouts
from goodword.program.quantity import Quantity
from goodword.program.triggers import Measure, When

Found = Iterator[str]
Compare = Callable[[str, Any, Any], Found]
"""Compares what stood at a path with what stands there now; yields the paths at which something is taken away."""


class NoticeNeeded(Exception):
    """A version takes something away from advocates sooner than they were promised to be told."""

    def __init__(self, old: Program, new: Program, taken: list[str], earliest_ms: int) -> None:
        super().__init__(f"it takes something away from advocates: {', '.join(taken)}")
        self.old = old
        self.new = new
        self.taken = taken
        """The parts of the files."""
        self.earliest_ms = earliest_ms
        """When it may come into force."""


def check_notice(old: Program, new: Program, now_ms: int, at_ms: int | None) -> None:
    """Hold a new version to the notice that the version in force promises.

    Raises:
        NoticeNeeded: it takes something away, and sooner.
    """
    earliest_ms = now_ms + old.model.notice
    at_ms = now_ms if at_ms is None else at_ms
    if at_ms < earliest_ms and (taken := taken_away(old, new, at_ms)):
        raise NoticeNeeded(old, new, taken, earliest_ms)


def taken_away(old: Program, new: Program, at_ms: int) -> list[str]:
    """The parts of the files in which advocates are worse off with the new version from a time on.

    Named by their places, such as `rewards.credit.benefit.amount`. A contest or a day that is over then can take nothing away.
    """
    over = tuple(_over(old, at_ms))
    found = dict.fromkeys(_part("", old.model, new.model))
    return [path for path in found if not any(f"{path}.".startswith(one) for one in over)]


def _over(program: Program, at_ms: int) -> Iterator[str]:
    """The beginnings of the paths of what is over at a time."""
    model = program.model
    contests = {name for name, contest in model.contests.items() if _settled(contest, model.zone, at_ms)}
    yield from (f"contests.{name}." for name in contests)
    for name, rule in model.rewards.items():
        day = rule.when.date if rule.when.step is None else None
        if rule.when.contest in contests or (day is not None and day_start_ms(day, 1, model.zone) <= at_ms):
            yield f"rewards.{name}."


def _settled(contest: Contest, zone: ZoneInfo, at_ms: int) -> bool:
    last = contest.last_day
    return last is not None and day_start_ms(last, 1, zone) + contest.settles_after <= at_ms


# comparing ------------------------------------------------------------------------------------------------------------


def _free(path: str, old: Any, new: Any) -> Found:
    """Any change is harmless."""
    yield from ()


def _same(path: str, old: Any, new: Any) -> Found:
    """Nobody can say for whom another value is better."""
    if old != new:
        yield path


@dataclass(frozen=True, slots=True)
class _Number:
    """A number that is better when it is larger, or when it is smaller; nothing at all may be the best or the worst."""

    sign: int
    nothing_is_best: bool = True

    def __call__(self, path: str, old: Any, new: Any) -> Found:
        if old == new:
            return
        if old is None or new is None:
            worse = (old is None) == self.nothing_is_best
        elif isinstance(old, Quantity) and isinstance(new, Quantity):
            worse = old.unit != new.unit or self.sign * (new.amount - old.amount) < 0
        elif isinstance(old, int) and isinstance(new, int):
            worse = self.sign * (new - old) < 0
        else:
            worse = True
        if worse:
            yield path


_more, _less = _Number(1), _Number(-1)
_more_or_lost, _less_or_lost = _Number(1, nothing_is_best=False), _Number(-1, nothing_is_best=False)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One of a few words, the worst first."""

    words: tuple[str, ...]

    def __call__(self, path: str, old: str, new: str) -> Found:
        if self.words.index(new) < self.words.index(old):
            yield path


def _fewer(path: str, old: Collection[Any] | None, new: Collection[Any] | None) -> Found:
    """Conditions: each new one excludes somebody."""
    if old != new and (new is None or old is None or any(one not in old for one in new)):
        yield path


def _wider(path: str, old: Collection[Any], new: Collection[Any]) -> Found:
    """What is accepted."""
    if any(one not in new for one in old):
        yield path


def _rows(path: str, old: Rates | Gains | Rows | None, new: Rates | Gains | Rows | None) -> Found:
    """A table by segment or category: who has no row of his own has `otherwise`."""
    if old is None or old == new:
        return
    if new is None:
        yield path
    else:
        yield from _same(f"{path}.by", old.by, new.by)
        yield from _more_or_lost(f"{path}.otherwise", old.otherwise, new.otherwise)
        for name in {**old.rows, **new.rows}:
            before, after = old.rows.get(name, old.otherwise), new.rows.get(name, new.otherwise)
            yield from _more_or_lost(f"{path}.rows.{name}", before, after)


def _limit(path: str, old: Any, new: Any) -> Found:
    """The name of something that limits."""
    if new is not None:
        yield from _same(path, old, new)


@dataclass(frozen=True, slots=True)
class _Entries:
    """Named parts: one that is new is harmless, one that is gone may not be."""

    each: Compare
    gone_is_harmless: bool = False

    def __call__(self, path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Found:
        for name, before in old.items():
            if name in new:
                yield from self.each(f"{path}.{name}", before, new[name])
            elif not self.gone_is_harmless:
                yield f"{path}.{name}"


def _part(path: str, old: Any, new: Any) -> Found:
    """A part of the file, key by key."""
    if old == new:
        return
    if type(old) is not type(new) or type(old) not in _TABLE:
        yield path
        return
    for key, compare in _TABLE[type(old)].items():
        yield from compare(f"{path}.{key}" if path else key, getattr(old, key), getattr(new, key))


def _new_is_harmless(path: str, old: Part | None, new: Part | None) -> Found:
    """Something that a program may have: nothing is lost where there was none."""
    if old is not None:
        yield from _part(path, old, new)


def _gone_is_harmless(path: str, old: Part | None, new: Part | None) -> Found:
    """Something that limits."""
    if new is not None:
        yield from _part(path, old, new)


def _asks(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Found:
    """A question more, and the reward waits for its answer."""
    if not set(new) <= set(old):
        yield path


def _amount(path: str, old: Any, new: Any) -> Found:
    yield from _part(path, old, new) if isinstance(old, Part) else _more_or_lost(path, old, new)


def _reward(path: str, old: Reward, new: Reward) -> Found:
    """What is paid to friends alone concerns no advocate."""
    if old.to != "friend":
        yield from _part(path, old, new)


def _rewards(path: str, old: Mapping[str, Reward], new: Mapping[str, Reward]) -> Found:
    theirs = {name: rule for name, rule in old.items() if rule.to != "friend"}
    yield from _Entries(_reward)(path, theirs, new)


def _to(path: str, old: str, new: str) -> Found:
    if old != new and (old, new) != ("advocate", "both"):
        yield path


def _caps(path: str, old: tuple[Cap, ...], new: tuple[Cap, ...]) -> Found:
    """Each cap has to be at least as wide as one of the same kind that there was."""
    if any(not any(_as_wide(before, after) for before in old) for after in new):
        yield path


def _as_wide(old: Cap, new: Cap) -> bool:
    if (old.per, old.period) != (new.per, new.period):
        return False
    return not [*_part("", old, new)]


def _expires(path: str, old: int | Expiry | None, new: int | Expiry | None) -> Found:
    after = [one.after if isinstance(one, Expiry) else one for one in (old, new)]
    notice = [one.notice if isinstance(one, Expiry) else None for one in (old, new)]
    yield from _more(path, *after)
    if new is not None and old is not None:
        yield from _more_or_lost(path, *notice)


_TABLE: dict[type[Part], dict[str, Compare]] = {
    ProgramFile: {
        "goodword": _free,
        "program": _free,
        "currency": _same,
        "time_zone": _same,
        "priority": _free,
        "landing": _free,
        "target": _free,
        "economics": _free,
        "fields": _free,
        "activities": _free,
        "moderated": _fewer,
        "notice": _more,
        "audience": _part,
        "attribution": _part,
        "steps": _Entries(_part),
        "groups": _new_is_harmless,
        "measures": _Entries(_part, gone_is_harmless=True),
        "tiers": _new_is_harmless,
        "contests": _Entries(_part),
        "budgets": _Entries(_part, gone_is_harmless=True),
        "payouts": _gone_is_harmless,
        "rewards": _rewards,
        "protection": _free,
        "ask": _free,
    },
    Audience: {"advocate": _fewer, "friend": _fewer},
    Attribution: {
        "evidence": _wider,
        "window": _more,
        "until": _same,
        "replace": _same,
        "one_per": _same,
    },
    Step: {
        "event": _same,
        "activity": _same,
        "where": _fewer,
        "after": _limit,
        "within": _more,
        "nth": _less,
        "converts": _same,
        "undone_by": _fewer,
    },
    Groups: {"members_max": _more, "joined_by": _same, "one_per_person": _less},
    Measure: {
        "of": _same,
        "count": _same,
        "sum": _same,
        "step": _same,
        "activity": _same,
        "unit": _same,
        "where": _fewer,
        "period": _same,
        "within": _more,
    },
    Tiers: {"measure": _same, "levels": _Entries(_less)},
    Contest: {
        "measure": _same,
        "first_day": _same,
        "last_day": _same,
        "settles_after": _less,
        "by": _same,
        "ties": _same,
        "reviewed": _same,
        "entrant": _same,
        "free_entry": _same,
        "at_least": _less,
        "eligible": _fewer,
    },
    Budget: {"amount": _more},
    Payouts: {"every": _Ranked(("month", "week")), "minimum": _less},
    Reward: {
        "when": _part,
        "to": _to,
        "where": _fewer,
        "later": _more,
        "benefit": _part,
        "hold": _less,
        "caps": _caps,
        "budget": _limit,
        "when_spent": _Ranked(("refuse", "wait")),
        "pay_when": _fewer,
        "answer_within": _more,
        "expires": _expires,
        "kept": _gone_is_harmless,
        "taken_back": _Ranked(("debt", "forgive")),
    },
    When: {
        "step": _same,
        "reaches": _same,
        "at": _less_or_lost,
        "every": _less_or_lost,
        "conditions": _fewer,
        "up_to": _more,
        "each": _same,
        "contest": _same,
        "places": _same,
        "tier": _same,
        "exchange": _less,
        "visits": _same,
        "date": _same,
    },
    Cap: {"per": _same, "period": _same, "count": _more, "amount": _more, "partial": _more},
    Kept: {"conditions": _fewer, "until": _less_or_lost},
    Benefit: {
        "kind": _same,
        "amount": _amount,
        "percent_off": _more_or_lost,
        "ceiling": _more,
        "minimum_order": _less,
        "first_order": _less,
        "unit_cost": _free,
        "asks": _asks,
        "code": _free,
    },
    Options: {"kind": _same, "options": _Entries(_part), "weights": _same, "otherwise": _free},
    PercentOf: {
        "percent_of": _same,
        "percent": _more_or_lost,
        "table": _rows,
        "floor": _more_or_lost,
        "ceiling": _more,
        "round": _Ranked(("down", "half_even", "half_up", "up")),
    },
    PerSpent: {
        "per": _same,
        "each": _less,
        "gives": _more_or_lost,
        "table": _rows,
        "ceiling": _more,
        "round": _Ranked(("down", "up")),
    },
    Schedule: {"schedule": _same, "read_at": _same},
    Table: {"table": _rows, "read_at": _same},
}


def compared(part: type[Part]) -> frozenset[str]:
    """The keys of a part that are compared."""
    return frozenset(_TABLE.get(part, {}))
