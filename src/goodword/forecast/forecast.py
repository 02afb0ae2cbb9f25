"""A forecast: many worlds from the same assumptions, each played through the very same decisions, and their ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from goodword.engine.ids import Keyring
from goodword.forecast.assumed import HUNDREDTHS
from goodword.forecast.assumptions import Assumptions, Stated, all_figures
from goodword.forecast.outcomes import Outcome, play
from goodword.forecast.ranges import range_of_some, range_over
from goodword.forecast.report import (
    Assumption,
    Forecast,
    Margin,
    MonthRanges,
    Shortage,
    Totals,
    Warned,
)
from goodword.forecast.world import Setting
from goodword.program.duration import DAY_MS
from goodword.program.loader import Program
from goodword.program.quantity import percent_of

WORLDS = 100
"""How many worlds are played if nothing else is said."""
WORLDS_MAX = 2000
SEED = 1
SEED_MAX = 2**53 - 1
"""What every reader of JSON can hold."""
WARNED_FROM = 10
"""In how many worlds of a hundred something has to happen before it is warned of."""
_KEY = b"nobody in a forecast is anybody."
"""Ids and codes of invented people guard nothing: they have to be the same every time."""

Done = Callable[[float], None]
"""Told the share of the work that is done; raises `Cancelled` to end it."""


class BadNumbers(ValueError):
    """A number of worlds or a seed that cannot be taken; the message says why."""


def forecast(
    program: Program,
    assumptions: Assumptions,
    worlds: int = WORLDS,
    seed: int = SEED,
    done: Done = lambda _: None,
) -> Forecast:
    """Play worlds and say what they cost. The same seed gives the same answer.

    Raises:
        BadNumbers: too few or too many worlds, or a seed out of range.
        Cancelled: as `done` wished.
        Unforeseen: an event could not be decided.
    """
    if not 1 <= worlds <= WORLDS_MAX:
        raise BadNumbers(f"between 1 and {WORLDS_MAX} worlds can be played")
    if not 0 <= seed <= SEED_MAX:
        raise BadNumbers(f"a seed is a whole number from 0 to {SEED_MAX}")
    setting = Setting(program.model, assumptions, Keyring(_KEY))
    outcomes = [play(setting, program, f"{seed}/{number}", _Share(done, number, worlds)) for number in range(worlds)]
    return _Summary(setting, program, outcomes, seed).report()


@dataclass(slots=True)
class _Share:
    """How far one of several worlds is, as a share of all."""

    done: Done
    number: int
    worlds: int

    def __call__(self, share: float) -> None:
        self.done((self.number + share) / self.worlds)


@dataclass(slots=True)
class _Summary:
    """All worlds put together."""

    setting: Setting
    program: Program
    outcomes: Sequence[Outcome]
    seed: int

    def report(self) -> Forecast:
        model, assumptions = self.setting.program, self.setting.assumptions
        rows = list(all_figures(assumptions, model))
        shortages = tuple(self._shortages())
        margin = self._margin()
        return Forecast(
            program=model.program,
            currency=model.currency,
            time_zone=model.time_zone,
            starts=assumptions.starts.isoformat(),
            months_count=assumptions.months,
            worlds=len(self.outcomes),
            seed=self.seed,
            events=sum(one.events for one in self.outcomes),
            assumptions=tuple(map(_assumption, rows)),
            friends_most=assumptions.friends.most,
            friends_mean=round(HUNDREDTHS * sum(one.friends_mean for one in self.outcomes) / len(self.outcomes)),
            months=tuple(self._months()),
            total=self._total(),
            shortages=shortages,
            margin=margin,
            unpriced=tuple(sorted(frozenset().union(*(one.unpriced for one in self.outcomes)))),
            warnings=tuple(self._warnings(rows, shortages, margin)),
        )

    def _months(self) -> Iterator[MonthRanges]:
        for place, month in enumerate(self.outcomes[0].months):
            same = [one.months[place] for one in self.outcomes]
            yield MonthRanges(
                month=month.month,
                cost=range_over(one.flow.cost for one in same),
                acquired=range_over(one.flow.acquired for one in same),
                liability=range_over(one.liability for one in same),
            )

    def _total(self) -> Totals:
        totals = [one.total for one in self.outcomes]
        return Totals(
            granted=range_over(one.granted for one in totals),
            taken_back=range_over(one.taken_back for one in totals),
            expired=range_over(one.expired for one in totals),
            cost=range_over(one.cost for one in totals),
            used=range_over(one.used for one in totals),
            liability=range_over(one.liability for one in self.outcomes),
            acquired=range_over(one.acquired for one in totals),
            per_acquired=range_of_some(one.total.cost / one.genuine for one in self.outcomes if one.genuine > 0),
            invented=range_over(one.invented for one in self.outcomes),
        )

    def _shortages(self) -> Iterator[Shortage]:
        model = self.setting.program
        budgets = [("budget", name) for name in model.budgets]
        found = {key for one in self.outcomes for key in one.ran_out}
        for kind, name in [*budgets, *sorted(found - set(budgets))]:
            times = [one.ran_out[kind, name] for one in self.outcomes if (kind, name) in one.ran_out]
            yield Shortage(kind, name, len(times), range_of_some(time // DAY_MS for time in times))

    def _margin(self) -> Margin | None:
        """What one order leaves: of the size that is assumed, or else of the smallest that the program names."""
        economics = self.setting.program.economics
        if economics is None:
            return None
        losing = 0
        for one in self.outcomes:
            order = one.drawn.get("orders.value", economics.smallest_order.amount)
            left = percent_of(round(order), economics.margin, "down")
            losing += one.total.cost > left * one.genuine
        orders = self.setting.assumptions.orders
        middle = (orders.value.low + orders.value.high) // 2 if orders else economics.smallest_order.amount
        return Margin(middle, percent_of(middle, economics.margin, "down"), losing)

    def _warnings(
        self, rows: Sequence[Stated], shortages: Sequence[Shortage], margin: Margin | None
    ) -> Iterator[Warned]:
        if (cut := sum(one.cut for one in self.outcomes)) > 0:
            yield Warned("cut", cut)
        yield from self._dear_months()
        if margin is not None and self._often(margin.losing):
            yield Warned("losing", margin.losing, amount=margin.margin)
        for one in shortages:
            if one.kind == "budget" and self._often(one.worlds) and one.day is not None:
                yield Warned("budget", one.worlds, one.name, one.day.middle)
        for name in self._unlimited():
            yield Warned("unlimited", name=name)
        if self.program.model.economics is None:
            yield Warned("no_margin")
        if any(row.path == "fraud.self_referrals" and row.figure is None for row in rows):
            yield Warned("no_self_referrals")

    def _dear_months(self) -> Iterator[Warned]:
        ready = self.setting.assumptions.ready_to_spend
        if ready is None:
            return
        for place, month in enumerate(self.outcomes[0].months):
            costs = [one.months[place].flow.cost for one in self.outcomes]
            dear = sum(cost > ready.high for cost in costs)
            if self._often(dear):
                yield Warned("month", dear, month.month, ready.high, range_over(costs).middle)

    def _unlimited(self) -> Iterator[str]:
        """The rules that no budget and no cap of the whole program ends, where there is something to pay."""
        for name, rule in self.setting.program.rewards.items():
            if rule.budget is None and all(cap.per == "participant" for cap in rule.caps) and not rule.when.contest:
                yield name

    def _often(self, worlds: int) -> bool:
        return worlds * 100 >= WARNED_FROM * len(self.outcomes)


def _assumption(row: Stated) -> Assumption:
    figure = row.figure
    if figure is None:
        return Assumption(row.path, None, None, None, None, row.stated)
    return Assumption(row.path, figure.kind, figure.low, figure.high, figure.source, row.stated)
