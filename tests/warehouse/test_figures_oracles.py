"""Figures beside what statsmodels and scipy make of the same facts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from goodword.metrics.compose import compose, written
from goodword.metrics.definitions import METRICS
from goodword.metrics.question import Question
from goodword.metrics.survival import Ended, life_table
from tests.warehouse.by_hand import HOUR, Hand, day, one, question
from tests.warehouse.test_definitions import click, event, order, referral

HOURS = 24
RANDOM = np.random.default_rng(5)
AS_OF = day(60)
FRIENDS = [
    (
        f"a{RANDOM.integers(25)}",
        f"f{n}",
        RANDOM.uniform(0, 30),
        RANDOM.exponential(20) if RANDOM.random() < 0.5 else None,
    )
    for n in range(400)
]
"""Advocate, friend, the day of the claim, and how many days later he bought, if he did."""


def followed() -> tuple[list[dict[str, Any]], list[tuple[str, int, int]]]:
    """The referrals, and of each the advocate, the age in hours and whether he had bought by then."""
    rows, ages = [], []
    for advocate, friend, at, later in FRIENDS:
        bought = later is not None and day(at + later) <= AS_OF
        rows.append(referral(advocate, friend, at, at + later if bought and later is not None else None))
        seen_ms = (day(at + later) if bought and later is not None else AS_OF) - day(at)
        ages.append((advocate, math.ceil(seen_ms / HOUR) if bought else seen_ms // HOUR, int(bought)))
    return rows, ages


def asked() -> Question:
    return question(as_of_ms=AS_OF)


def test_conversion_is_kaplan_and_meiers() -> None:
    rows, ages = followed()
    figure = one("conversion_matured", {"referrals": rows}, as_of_ms=AS_OF)
    times, events = np.array([age for _, age, _ in ages]), np.array([event for *_, event in ages])
    oracle = SurvfuncRight(times, events)
    for days in (7, 30):
        left = oracle.surv_prob[oracle.surv_times <= days * HOURS][-1]
        assert figure.more[f"days_{days}"] == pytest.approx(1 - left)
    assert figure.more["days_90"] is None
    assert figure.value == figure.more["days_30"]


def test_its_error_is_the_sum_over_advocates() -> None:
    """The sandwich by hand: what each friend does to the estimate, summed by advocate, squared and summed."""
    rows, ages = followed()
    hand = Hand({"referrals": rows})
    (found,) = hand.rows(written(compose(METRICS["conversion_matured"], asked(), "survival clusters")))
    hand.close()
    table = life_table(Ended(age, event, 1 - event) for _, age, event in ages)
    assert table is not None
    risks = {row.age: row for row in table.rows}
    for days in (7, 30, 90):
        sums: dict[str, float] = {}
        for advocate, age, bought in ages:
            drift = max((row.greenwood for row in table.rows if row.age <= min(age, days * HOURS)), default=0.0)
            left = risks[age].at_risk - risks[age].events
            hit = 1 / left if bought and age <= days * HOURS else 0.0
            sums[advocate] = sums.get(advocate, 0.0) + hit - drift
        assert found[f"squares_{days * HOURS}"] == pytest.approx(sum(u * u for u in sums.values()))


@pytest.mark.parametrize("metric", ["conversion_matured", "repeat_purchase_others", "second_referral"])
def test_where_many_buy_within_the_hour_its_error_is_greenwoods(metric: str) -> None:
    """Each for himself, 400 of 1,000 at the same age: S (1 - S) / n, as statsmodels has it."""
    count, happened, begun = 1000, 400, day(1)
    rows: dict[str, list[dict[str, Any]]] = {"referrals": [], "orders": []}
    for n in range(count):
        again = begun + HOUR // 2 if n < happened else None
        if metric == "conversion_matured":
            rows["referrals"].append(referral(f"a{n}", f"f{n}", 1, converted_ms=again))
        if metric == "repeat_purchase_others":
            placed = [begun] if again is None else [begun, again]
            rows["orders"] += [order(f"c{n}", id=f"{n}-{at}", placed_ms=at) for at in placed]
        if metric == "second_referral":
            won = [begun] if again is None else [begun, again]
            rows["referrals"] += [referral(f"a{n}", f"f{n}-{at}", 0.5, converted_ms=at) for at in won]
    figure = one(metric, rows)
    left = SurvfuncRight(np.full(count, 1), np.r_[np.ones(happened), np.zeros(count - happened)])
    error = left.surv_prob_se[0] * math.sqrt(count / (count - 1))
    low, high = (float(figure.low or 0), float(figure.high or 0))
    assert figure.value == pytest.approx(0.4)
    # On log(-log S), both ends lie so many errors of it away.
    spread = 1.9623 * error / (0.6 * abs(math.log(0.6)))
    assert low == pytest.approx(1 - 0.6 ** math.exp(-spread), abs=1e-4)
    assert high == pytest.approx(1 - 0.6 ** math.exp(spread), abs=1e-4)


def test_a_share_of_people_has_wilsons_interval() -> None:
    orders = [order(f"c{n}", -5, id=str(n)) for n in range(140)]
    figure = one("referral_rate", {"orders": orders, "referrals": [referral(f"c{n}", f"f{n}") for n in range(17)]})
    assert (figure.low, figure.high) == pytest.approx(proportion_confint(17, 140, method="wilson"))


def test_a_mean_in_clusters_is_that_of_a_sandwich() -> None:
    """An ordinary regression on nothing but a constant, with errors robust by cluster."""
    random = np.random.default_rng(9)
    advocates = random.integers(0, 30, 200)
    totals = (random.lognormal(4, 0.5, 200) * 100 * (1 + advocates / 30)).astype(int)
    figure = one(
        "value_referred",
        {
            "referrals": [referral(f"a{a}", f"f{n}", 1, 2) for n, a in enumerate(advocates)],
            "orders": [order(f"f{n}", 2, id=str(n), total=int(total)) for n, total in enumerate(totals)],
        },
    )
    margins = totals * 500_000 // 1_000_000
    oracle = sm.OLS(margins, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": advocates})
    assert figure.value == round(oracle.params[0])
    sizes = np.bincount(advocates)
    effective = 200**2 / (sizes**2).sum()
    reach = stats.t.ppf(0.975, effective - 1) * oracle.bse[0]
    assert (figure.low, figure.high) == pytest.approx((margins.mean() - reach, margins.mean() + reach), abs=1)


def test_a_ratio_in_clusters_is_that_of_a_jackknife() -> None:
    """Leaving out each advocate in turn shows the same error, but for its own bias."""
    random = np.random.default_rng(2)
    shares, clicks = 1 + random.poisson(3, 40), random.poisson(6, 40)
    facts = {
        "handles": [{"code": f"C{n}", "participant": f"a{n}"} for n in range(40)],
        "events": [event("share", code=f"C{n}", seq=100 * n + k) for n in range(40) for k in range(shares[n])],
        "clicks": [click(1, f"C{n}") for n in range(40) for _ in range(clicks[n])],
    }
    figure = one("click_rate", facts)
    value = clicks.sum() / shares.sum()
    left = np.array([(clicks.sum() - clicks[n]) / (shares.sum() - shares[n]) for n in range(40)])
    error = math.sqrt(39 / 40 * ((left - left.mean()) ** 2).sum())
    assert figure.value == pytest.approx(value)
    assert figure.low is not None
    told = value * math.log(value / figure.low) / stats.t.ppf(0.975, 39)
    assert told == pytest.approx(error, rel=0.05)


def test_a_score_is_that_of_three_kinds_of_people() -> None:
    scores = [10] * 30 + [9] * 25 + [8] * 20 + [3] * 25
    figure = one("promoter_score", {"surveys": [{"recommend": score} for score in scores]})
    spread = np.array([100 * (score >= 9) - 100 * (score <= 6) for score in scores])
    assert figure.value == pytest.approx(spread.mean())
    assert figure.low is not None
    assert figure.high is not None
    assert (figure.high - figure.low) / 2 == pytest.approx(1.96 * spread.std() / math.sqrt(len(scores)), rel=0.05)
