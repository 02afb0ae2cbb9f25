"""Time until something happens, of people some of whom are still waiting: who has not bought yet may buy tomorrow.

A life table is made of counts by age, the reading of which a database is good at. Who is no longer seen (today has come, he was
erased) is *censored* at his age: he counts as long as he was seen, and says nothing about later. Who left by another way (blocked,
bought through another channel) is *competing*: he cannot convert any more, and is no censored one.
At one age events come before censorings: who was censored there was still at risk.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from goodword.metrics.horizons import BeyondFollowUp
from goodword.metrics.intervals import LEVEL, Interval
from goodword.metrics.proportions import score_interval
from goodword.metrics.quantiles import normal_quantile, normal_tails, student_quantile

_SPREAD_MAX = 700.0
"""exp of more is no float; an interval that wide covers everything anyway."""


class Ended(NamedTuple):
    """How many people's time ended at an age, and how. Ages are of any unit, the same throughout."""

    age: int
    events: int
    censored: int
    competing: int = 0


class AtAge(Struct, frozen=True):
    """A share at an age: of people still without the event, or of those who have had it."""

    age: float
    at_risk: int
    """How many were still followed, and without the event, when they came to this age."""
    value: float
    standard_error: float | None
    interval: Interval | None
    """None, as the standard error, of one cluster."""

    def complement(self) -> AtAge:
        """The share that is converted, of the share that is not, and the other way about."""
        interval = self.interval and self.interval.complement()
        return AtAge(self.age, self.at_risk, 1 - self.value, self.standard_error, interval)


class TimeQuantile(Struct, frozen=True):
    """By which age a share of all have had the event. An end is None where the data do not reach that far."""

    share: float
    value: int | None
    low: int | None
    high: int | None
    level: float
    method: str


class Risk(Struct, frozen=True):
    """What an age brought, of how many, and what it leaves."""

    age: int
    at_risk: int
    events: int
    competing: int
    censored: int
    survival: float
    """Kaplan-Meier: the share without the event after this age, were there no competing way out."""
    greenwood: float
    """The sum of d / (Y (Y - d)) so far; infinite from where nobody is left."""


class LifeTable(Struct, frozen=True):
    """People by the age at which their time ended. Made by `life_table`."""

    people: int
    rows: tuple[Risk, ...]

    @property
    def longest(self) -> int:
        """The oldest age that anybody was followed to."""
        return self.rows[-1].age

    def reaches(self, age: float) -> bool:
        """Whether anything is known at this age."""
        return 0 <= age <= self.longest

    def survival(self, age: float, level: float = LEVEL) -> AtAge:
        """The share without the event after `age`, by Kaplan and Meier (1958), JASA 53:457; competing ways count as censored.

        Variance by Greenwood (1926); interval on log(-log S), as Kalbfleisch and Prentice (2002), The Statistical Analysis of
        Failure Time Data, 2nd ed., section 1.4. Where nobody had the event, Wilson's for nobody of those at risk here.
        Raises BeyondFollowUp where nobody was followed so far.
        """
        survival, greenwood = self._after(age)
        error = survival * math.sqrt(greenwood) if survival else 0.0
        interval = self._interval(age, survival, error, normal_quantile(level), level, "log_log")
        return AtAge(age, self._at_risk(age), survival, error, interval)

    def clustered_survival(
        self, age: float, squares: float, clusters: int, effective_clusters: float | None = None, level: float = LEVEL
    ) -> AtAge:
        """The same with a variance that knows that friends of one advocate resemble one another; needs two clusters at least.

        `squares` is the sum over advocates of the squared sum of their friends' u, where u of a friend whose time T ended is
        [event at T, T <= age] / (Y(T) - d(T)) - (the sum of d / (Y (Y - d)) over ages up to T and `age`: the column `greenwood`),
        by how much one more like him moves log S: the infinitesimal jackknife, V = S² * squares * m / (m - 1). Ying and Wei
        (1994), J. Multivariate Analysis 50:17, write 1 / Y and d / Y², which is the same while few events share an age; where many
        do, as those who buy within the hour, its error is too small by the share 1 - d / Y.
        Friends of few advocates never tell more than as many strangers would: the variance is Greenwood's at least, as the effective
        sample of a share is no larger than the sample. Student's quantile, with the effective clusters less one where they are given (see `proportions.clustered`).
        One cluster has no interval.
        """
        survival, greenwood = self._after(age)
        if clusters < 2:
            return AtAge(age, self._at_risk(age), survival, None, None)
        variance = max(squares * clusters / (clusters - 1), greenwood)
        error = survival * math.sqrt(variance) if survival else 0.0
        told_by = effective_clusters or clusters
        quantile = student_quantile(level, max(1.0, told_by - 1))
        interval = self._interval(age, survival, error, quantile, level, "log_log_clustered", told_by)
        return AtAge(age, self._at_risk(age), survival, error, interval)

    def incidence(self, age: float, level: float = LEVEL) -> AtAge:
        """The share that has had the event by `age` where others leave by a competing way: Aalen and Johansen (1978).

        Scandinavian J. of Statistics 5:141; variance by the delta method as Marubini and Valsecchi (1995), Analysing Survival
        Data, p. 341; interval on log(-log(1 - F)). Without competing ways all of it is that of 1 - S.
        Raises BeyondFollowUp where nobody was followed so far.
        """
        steps = _incidences(self.rows[: self._known(age)])
        found = steps[-1].incidence if steps else 0.0
        error = math.sqrt(_incidence_variance(steps, found))
        interval = self._interval(age, 1 - found, error, normal_quantile(level), level, "log_log")
        return AtAge(age, self._at_risk(age), found, error, interval.complement())

    def quantile(self, share: float = 0.5, level: float = LEVEL) -> TimeQuantile:
        """By which age `share` of all have had the event: the first with S <= 1 - share, the median by default.

        Klein and Moeschberger (2003), Survival Analysis, 2nd ed., section 4.5. Interval: the ages at which the pointwise
        log(-log S) interval holds 1 - share, Brookmeyer and Crowley (1982), Biometrics 38:29.
        """
        if not 0 < share < 1:
            raise ValueError(f"a share lies between 0 and 1, not {share}")
        left = 1 - share + 1e-12  # an exact half stays a half after the products
        value = low = high = None
        for row in self.rows:
            if not row.events:
                continue
            here = self.survival(row.age, level)
            value = row.age if value is None and here.value <= left else value
            if here.interval is not None:
                low = row.age if low is None and here.interval.low <= left else low
                high = row.age if high is None and here.interval.high <= left else high
        return TimeQuantile(share, value, low, high, level, "brookmeyer_crowley")

    def _known(self, age: float) -> int:
        """How many rows lie at `age` or before."""
        if not self.reaches(age):
            raise BeyondFollowUp(age, self.longest)
        return bisect_right(self.rows, age, key=lambda row: row.age)

    def _after(self, age: float) -> tuple[float, float]:
        """Survival and Greenwood's sum after `age`."""
        known = self._known(age)
        return (self.rows[known - 1].survival, self.rows[known - 1].greenwood) if known else (1.0, 0.0)

    def _at_risk(self, age: float) -> int:
        return self.rows[bisect_left(self.rows, age, key=lambda row: row.age)].at_risk

    def _interval(
        self,
        age: float,
        survival: float,
        error: float,
        quantile: float,
        level: float,
        method: str,
        told_by: float = math.inf,
    ) -> Interval:
        """On log(-log S). At 1 and 0, where that is nowhere, Wilson's of the last who were at risk, or of their clusters."""
        if 0 < survival < 1:
            return log_log_interval(survival, error, quantile, level, method)
        last = self._at_risk(age) if survival else self.rows[-1].at_risk
        return score_interval(survival, min(last, told_by), quantile, level, "wilson_at_risk")


class LogRank(Struct, frozen=True):
    """Whether two groups have the event at the same pace."""

    observed: int
    """Events in the first group."""
    expected: float
    """What the first group had had at the pace of both together."""
    variance: float
    statistic: float
    """Chi-squared with one degree of freedom."""
    p_value: float


def life_table(ended: Iterable[Ended]) -> LifeTable | None:
    """The life table of counts by age, in any order, split into rows in any way; None of nobody.

    Raises ValueError for a count or an age below 0.
    """
    counts: dict[int, tuple[int, int, int]] = {}
    for row in ended:
        if min(row) < 0:
            raise ValueError(f"neither ages nor counts lie below 0: {row}")
        events, competing, censored = counts.get(row.age, (0, 0, 0))
        counts[row.age] = (events + row.events, competing + row.competing, censored + row.censored)
    at_risk = people = sum(sum(count) for count in counts.values())
    rows: list[Risk] = []
    survival, greenwood = 1.0, 0.0
    for age, (events, competing, censored) in sorted(counts.items()):
        if not events + competing + censored:
            continue
        survival *= (at_risk - events) / at_risk
        greenwood += _greenwood(events, at_risk)
        rows.append(Risk(age, at_risk, events, competing, censored, survival, greenwood))
        at_risk -= events + competing + censored
    return LifeTable(people, tuple(rows)) if people else None


def log_log_interval(survival: float, error: float, quantile: float, level: float, method: str) -> Interval:
    """The interval on log(-log S) of a share between 0 and 1 from its standard error, of whatever kind. It stays inside."""
    if not 0 < survival < 1:
        raise ValueError(f"log(-log S) needs a share between 0 and 1, not {survival}")
    spread = min(quantile * error / (survival * -math.log(survival)), _SPREAD_MAX)
    return Interval(survival ** math.exp(spread), survival ** math.exp(-spread), level, method)


def log_rank(one: LifeTable | None, other: LifeTable | None) -> LogRank | None:
    """Compare two groups over all ages: Mantel (1966), Cancer Chemotherapy Reports 50:163; Peto and Peto (1972), JRSS A 135:185.

    Competing ways count as censored. For people who stand alone: friends in clusters make it find differences where there
    are none. None where either group is missing or nothing varies.
    """
    if one is None or other is None:
        return None
    observed, expected, variance = 0, 0.0, 0.0
    for age in sorted({row.age for table in (one, other) for row in table.rows if row.events}):
        (risk, events), (risk_other, events_other) = _count_at(one, age), _count_at(other, age)
        all_risk, all_events = risk + risk_other, events + events_other
        observed += events
        expected += all_events * risk / all_risk
        if all_risk > 1:
            hypergeometric = risk * risk_other / all_risk**2 * (all_risk - all_events) / (all_risk - 1)
            variance += all_events * hypergeometric
    if not variance:
        return None
    z = (observed - expected) / math.sqrt(variance)
    return LogRank(observed, expected, variance, z * z, normal_tails(z))


class _Incidence(NamedTuple):
    row: Risk
    before: float
    """The share whose time had not ended in either way before this age."""
    incidence: float


def _incidences(rows: Iterable[Risk]) -> list[_Incidence]:
    steps: list[_Incidence] = []
    without, found, others = 1.0, 0.0, 0
    for row in rows:
        before = without
        without *= (row.at_risk - row.events - row.competing) / row.at_risk
        others += row.competing
        # As long as nobody left another way it is 1 - S to the last digit: all of them is 1, not 0.9999999999999999.
        found = found + before * row.events / row.at_risk if others else 1 - row.survival
        steps.append(_Incidence(row, before, found))
    return steps


def _incidence_variance(steps: Iterable[_Incidence], found: float) -> float:
    """The delta method, summed so that no term is negative: what cancels leaves no dust under the root."""
    total = 0.0
    for row, before, then in steps:
        first, second = row.events / row.at_risk, row.competing / row.at_risk
        stays = 1 - first - second if row.events + row.competing < row.at_risk else 0.0
        lost = (found - then) / stays if stays else 0.0  # what somebody more at this age takes off what comes later
        spread = stays * ((before - lost) ** 2 * first + lost**2 * second) + first * second * before**2
        total += spread / row.at_risk
    return total


def _greenwood(ended: int, at_risk: int) -> float:
    return ended / (at_risk * (at_risk - ended)) if ended < at_risk else math.inf


def _count_at(table: LifeTable, age: int) -> tuple[int, int]:
    """How many are at risk at an age, and how many events it has."""
    place = bisect_left(table.rows, age, key=lambda row: row.age)
    if place == len(table.rows):
        return 0, 0
    row = table.rows[place]
    return row.at_risk, row.events if row.age == age else 0
