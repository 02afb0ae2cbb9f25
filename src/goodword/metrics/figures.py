"""Figures: what the rows of a metric's queries come to, with interval, sample, maturity and what speaks against a conclusion."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from goodword.metrics.clusters import ClusterSums
from goodword.metrics.concentration import concentration
from goodword.metrics.definitions import HORIZONS, Dimension, Metric
from goodword.metrics.figure import Figure, Number
from goodword.metrics.growth import Inviting, viral_coefficient
from goodword.metrics.horizons import BeyondFollowUp
from goodword.metrics.intervals import Interval
from goodword.metrics.means import Counted, Stratum, clustered_mean, matched_difference, percentile
from goodword.metrics.moments import Moments
from goodword.metrics.proportions import Proportion, clustered, proportion
from goodword.metrics.question import Question
from goodword.metrics.ratios import ratio
from goodword.metrics.scores import promoter_score
from goodword.metrics.survival import AtAge, Ended, LifeTable, life_table
from goodword.metrics.value import Month
from goodword.metrics.verdicts import Facts, verdicts

HOURS = 24
OPINIONS = (1.0, 5.0)
"""The least and the most that somebody may answer, where answers are averaged."""
Row = Mapping[str, Any]


def figures(
    metric: Metric, rows: Mapping[str, Sequence[Row]], question: Question, dimension: Dimension | None = None
) -> list[Figure]:
    """What the rows of each of a metric's queries come to: one figure for each period and value, and for each period at least one."""
    grouped: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for wrapper, found in rows.items():
        for row in found:
            grouped[row["period"], row["value"]][wrapper].append(row)
    if dimension is None:
        for period in question.periods:
            grouped.setdefault((period.name, ""), defaultdict(list))
    made: list[Figure] = []
    for (name, value), parts in sorted(grouped.items()):
        blank = Figure(metric.name, name, metric.unit, None, dimension=dimension, of=value, version=metric.version)
        made += _MAKERS[metric.kind](metric, blank, parts, question)
    return made


def unknown(metric: Metric, question: Question) -> list[Figure]:
    """Where the program does not say what the metric needs: nobody knows it, which is not the same as nothing."""
    warnings = verdicts(Facts(denominator=0))
    return [
        Figure(metric.name, one.name, question.currency, None, warnings=warnings, version=metric.version)
        for one in question.periods
    ]


def _counts(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    if metric.unit == "money":
        rows = parts["money"] or [{"currency": question.currency, "n": 0}]
        return [replace(blank, unit=row["currency"], value=int(row["n"] or 0)) for row in rows]
    return [replace(blank, value=sum(int(row["n"]) for row in parts["count"]))]


def _shares(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    row = _one(parts, "share clustered", "share")
    if row is None:
        return [_empty(blank)]
    found = clustered(_sums(row)) if "clusters" in row else proportion(int(row["y"]), int(row["n"]))
    maturity = row["mature"] / row["n"] if metric.horizon_days is not None and row["n"] else None
    return [_told(blank, found, maturity)]


def _ratios(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    row = _one(parts, "ratio")
    if row is None or not row["n"]:
        return [replace(_empty(blank), numerator=int(row["y"]) if row else 0)]
    found = ratio(*(int(row[name]) for name in ("clusters", "y", "n", "yy", "nn", "ny")))
    facts = Facts(denominator=int(row["n"]), effective_clusters=row["n"] ** 2 / row["nn"])
    return [
        _within(
            replace(blank, value=found.value, numerator=int(row["y"]), denominator=int(row["n"])), found.interval, facts
        )
    ]


def _means(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    unit = question.currency if metric.unit == "money" else metric.unit
    row = _one(parts, "mean", "mean alone")
    if row is None:
        return [_empty(replace(blank, unit=unit))]
    sums = _sums(row)
    found = clustered_mean(sums)
    assert found is not None  # noqa: S101 - a row is there only where somebody is
    figure = replace(blank, unit=unit, value=found.value, numerator=sums.y, denominator=sums.n)
    scale = OPINIONS if metric.unit == "score" else None
    interval = found.interval if scale is None or found.interval is None else found.interval.inside(*scale)
    figure = _within(figure, interval, Facts(denominator=sums.n, effective_clusters=sums.effective))
    return [_rounded(figure) if metric.unit == "money" else figure]


def _survivals(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    table = life_table(Ended(int(row["age"]), int(row["events"]), int(row["censored"])) for row in parts["survival"])
    clusters = _one(parts, "survival clusters", "survival alone")
    if table is None or clusters is None:
        return [_empty(blank)]
    horizon = metric.horizon_days or HORIZONS[0]
    maturity = sum(int(row["mature"]) for row in parts["survival"]) / table.people
    effective = clusters["n"] ** 2 / clusters["nn"]
    facts = Facts(
        denominator=table.people,
        maturity=maturity,
        horizon=horizon,
        # Where it happened to everybody, nothing is left to wait for.
        follow_up=table.longest / HOURS if table.rows[-1].survival else float("inf"),
        effective_clusters=effective,
    )
    more: dict[str, Number | None] = {"happened": sum(row.events for row in table.rows)}
    for days in HORIZONS:
        at = _incidence(table, days, clusters, effective)
        interval = None if at is None or at.interval is None else at.interval.complement()
        more[f"days_{days}"] = None if at is None else 1 - at.value
        more[f"low_{days}"], more[f"high_{days}"] = (None, None) if interval is None else (interval.low, interval.high)
        more[f"at_risk_{days}"] = None if at is None else at.at_risk
        unseen = sum(row.censored for row in table.rows if row.age < days * HOURS)
        more[f"known_{days}"] = 1 - unseen / table.people  # the share of whom it is known whether it happened by then
        if days == horizon and at is not None:
            blank = _within(replace(blank, value=1 - at.value), interval, facts)
    median = next((row.age for row in table.rows if row.survival <= 0.5), None)
    more["median_days"] = None if median is None else median / HOURS
    warnings = verdicts(facts)
    return [replace(blank, denominator=table.people, maturity=maturity, more=more, warnings=warnings)]


def _incidence(table: LifeTable, days: int, clusters: Row, effective: float) -> AtAge | None:
    hours = days * HOURS
    age = hours if table.rows[-1].survival else min(hours, table.longest)
    try:
        return table.clustered_survival(age, float(clusters[f"squares_{hours}"]), int(clusters["clusters"]), effective)
    except BeyondFollowUp:
        return None


def _spreads(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    counted = [Counted(int(row["y"]), int(row["people"])) for row in parts["spread"]]
    found = concentration(counted)
    if found is None:
        return [_empty(blank)]
    scale = HOURS if metric.unit == "days" else 1
    mature = sum(int(row["mature"]) for row in parts["spread"])
    maturity = mature / found.people if metric.horizon_days is not None else None
    more: dict[str, Number | None] = {
        "mean": found.total / found.people / scale,
        "p90": _scaled(percentile(counted, 0.9), scale),
    }
    facts = Facts(denominator=found.people, maturity=maturity)
    if metric.unit == "count":
        more |= {"gini": found.gini, "top_1": found.top_1, "top_10": found.top_10, "dispersion": found.dispersion}
        facts = replace(facts, top_1=found.top_1 if found.people >= 100 else None)
    value = _scaled(percentile(counted, 0.5), scale)
    figure = replace(blank, value=value, numerator=found.total, denominator=found.people, maturity=maturity, more=more)
    return [replace(figure, warnings=verdicts(facts))]


def _growths(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    rows = parts["growth"]
    seed = zlib.crc32(f"{question.program}|{blank.period}|{blank.of}".encode())
    found = viral_coefficient((Inviting(int(row["i"]), int(row["y"]), int(row["people"])) for row in rows), seed)
    if found is None:
        return [_empty(blank)]
    # Who was not watched for as long as he is asked about is not among them: the others had the time.
    maturity = sum(int(row["mature"]) for row in rows) / found.customers if metric.horizon_days is not None else None
    more: dict[str, Number | None] = {
        "invitations": found.invitations.value,
        "conversion": found.conversion.value if found.conversion is not None else None,
        "amplification": found.amplification.value,
        "amplification_low": found.amplification.low,
        "amplification_high": found.amplification.high,
        "seed": seed,
    }
    won = sum(int(row["y"]) * int(row["people"]) for row in rows)
    figure = replace(
        blank, value=found.k.value, numerator=won, denominator=found.customers, maturity=maturity, more=more
    )
    return [_within(figure, found.k.interval, Facts(denominator=found.customers, maturity=maturity))]


def _scores(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    counts = {int(row["y"]): int(row["people"]) for row in parts["score"]}
    people = sum(counts.values())
    promoters = sum(count for score, count in counts.items() if score >= 9)
    detractors = sum(count for score, count in counts.items() if score <= 6)
    found = promoter_score(promoters, people - promoters - detractors, detractors)
    if found is None:
        return [_empty(blank)]
    more: dict[str, Number | None] = {"promoters": promoters, "detractors": detractors}
    figure = replace(blank, value=found.value, numerator=promoters - detractors, denominator=people, more=more)
    return [_within(figure, found.interval, Facts(denominator=people))]


def _curves(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    """What is known by age: the value is that of the last thirty days which everybody was watched for."""
    months = curve(parts["curve"])
    if not months:
        return [_empty(replace(blank, unit=question.currency))]
    more: dict[str, Number | None] = {}
    so_far, everybody = 0.0, months[0].customers
    value = 0
    for month in months:
        so_far += month.margin_minor / month.customers
        more[f"month_{month.age + 1}"] = round(so_far)
        more[f"customers_{month.age + 1}"] = month.customers
        value = round(so_far) if month.customers == everybody else value
    figure = replace(blank, unit=question.currency, value=value, denominator=everybody, more=more)
    return [replace(figure, warnings=verdicts(Facts(denominator=everybody)))]


def curve(rows: Iterable[Row]) -> list[Month]:
    """By thirty days of age, how many were watched through all of them, and what they left in them."""
    watched: dict[int, int] = defaultdict(int)
    margins: dict[int, int] = defaultdict(int)
    for row in rows:
        if row["month"] is None:
            watched[int(row["months"])] += int(row["people"])
        elif row["month"] < row["months"]:
            margins[int(row["month"])] += int(row["y"])
    longest = max(watched, default=0)
    return [
        Month(age, sum(count for months, count in watched.items() if months > age), margins[age], 0)
        for age in range(longest)
    ]


def _stocks(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    rows = [row for row in parts["stock"] if row["n"]] or [{"unit": question.currency, "n": 0}]
    return [replace(blank, unit=row["unit"], value=int(row["n"])) for row in rows]


def _matches(metric: Metric, blank: Figure, parts: Mapping[str, list[Row]], question: Question) -> list[Figure]:
    blank = replace(blank, unit=question.currency)
    sides: dict[str, dict[str, Moments]] = defaultdict(dict)
    for row in parts["matched"]:
        sides[row["stratum"]][row["origin"]] = Moments(int(row["people"]), int(row["y"]), int(row["yy"]))
    none = Moments(0, 0, 0)
    strata = [Stratum(one.get("referred", none), one.get("other", none)) for _, one in sorted(sides.items())]
    found = matched_difference(strata)
    referred = sum(stratum.one.count for stratum in strata)
    if found is None:
        return [replace(_empty(blank), denominator=referred)]
    facts = Facts(denominator=found.matched_one, unmatched_share=found.unmatched_share, compares_chosen=True)
    more: dict[str, Number | None] = {
        "referred": round(found.mean_one),
        "others": round(found.mean_other),
        "matched_others": found.matched_other,
        "strata": found.strata,
        "unmatched": found.unmatched_share,
    }
    figure = replace(blank, value=found.value, denominator=found.matched_one, more=more)
    return [_rounded(_within(figure, found.interval, facts))]


_Maker = Callable[[Metric, Figure, Mapping[str, list[Row]], Question], list[Figure]]
_MAKERS: dict[str, _Maker] = {
    "count": _counts,
    "share": _shares,
    "ratio": _ratios,
    "mean": _means,
    "survival": _survivals,
    "spread": _spreads,
    "growth": _growths,
    "score": _scores,
    "curve": _curves,
    "stock": _stocks,
    "matched": _matches,
}


def _one(parts: Mapping[str, list[Row]], *wrappers: str) -> Row | None:
    return next((parts[wrapper][0] for wrapper in wrappers if parts.get(wrapper)), None)


def _sums(row: Row) -> ClusterSums:
    return ClusterSums(*(int(row[name]) for name in ("clusters", "y", "n", "yy", "nn", "ny")))


def _empty(blank: Figure) -> Figure:
    return replace(blank, denominator=0, warnings=verdicts(Facts(denominator=0)))


def _told(blank: Figure, found: Proportion | None, maturity: float | None) -> Figure:
    if found is None:
        return _empty(blank)
    facts = Facts(denominator=found.trials, maturity=maturity, effective_clusters=found.effective_clusters)
    figure = replace(blank, value=found.value, numerator=found.successes, denominator=found.trials, maturity=maturity)
    return _within(figure, found.interval, facts)


def _within(figure: Figure, interval: Interval | None, facts: Facts) -> Figure:
    figure = replace(figure, warnings=verdicts(facts))
    if interval is None:
        return figure
    return replace(figure, low=interval.low, high=interval.high, level=interval.level, method=interval.method)


def _rounded(figure: Figure) -> Figure:
    """Money to the smallest unit, once."""
    rounded = [None if one is None else round(one) for one in (figure.value, figure.low, figure.high)]
    return replace(figure, value=rounded[0], low=rounded[1], high=rounded[2])


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else value / scale
