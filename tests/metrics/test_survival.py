"""Life tables against printed ones, an independent library, and worlds whose truth is known."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

from goodword.metrics.horizons import BeyondFollowUp
from goodword.metrics.quantiles import student_quantile
from goodword.metrics.survival import (
    AtAge,
    Ended,
    LifeTable,
    life_table,
    log_log_interval,
    log_rank,
)

Friend = tuple[int, int]
"""An age, and how the time ended there: 0 censored, 1 the event, 2 another way."""


def table_of(friends: list[Friend]) -> LifeTable:
    found = life_table(rows_of(friends))
    assert found is not None
    return found


def rows_of(friends: list[Friend]) -> list[Ended]:
    counts = Counter(friends)
    ages = sorted({age for age, _ in friends})
    return [Ended(age, counts[age, 1], counts[age, 0], counts[age, 2]) for age in ages]


def ends(found: AtAge) -> tuple[float, float]:
    assert found.interval is not None
    return found.interval.low, found.interval.high


# Freireich et al. (1963), Blood 21:699-716: weeks in remission of 42 children with leukaemia, as in Kalbfleisch and Prentice
# (2002), The Statistical Analysis of Failure Time Data, 2nd ed., and Klein and Moeschberger (2003), Survival Analysis,
# 2nd ed., table 1.1.
MERCAPTOPURINE: list[Friend] = [
    (6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0), (19, 0), (20, 0),
    (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0),
]  # fmt: skip
PLACEBO: list[Friend] = [
    (age, 1) for age in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
]  # fmt: skip


# Klein and Moeschberger (2003), table 4.1A: product-limit estimate and standard error of the 6-MP group.
@pytest.mark.parametrize(
    ("week", "at_risk", "survival", "error"),
    [
        (6, 21, 0.857, 0.076),
        (7, 17, 0.807, 0.087),
        (10, 15, 0.753, 0.096),
        (13, 12, 0.690, 0.107),
        (16, 11, 0.627, 0.114),
        (22, 7, 0.538, 0.128),
        (23, 6, 0.448, 0.135),
    ],
)
def test_leukaemia_as_the_textbook_prints_it(week: int, at_risk: int, survival: float, error: float) -> None:
    found = table_of(MERCAPTOPURINE).survival(week)
    assert found.standard_error is not None
    assert found.at_risk == at_risk
    assert (found.value, found.standard_error) == pytest.approx((survival, error), abs=0.0006)


def test_the_median_of_placebo_is_eight_weeks_of_mercaptopurine_twenty_three() -> None:
    """Medians 8 and 23 weeks: Klein and Moeschberger (2003), section 4.5. Ends as R's survfit prints them with "log-log"."""
    placebo, treated = table_of(PLACEBO).quantile(), table_of(MERCAPTOPURINE).quantile()
    assert (placebo.value, placebo.low, placebo.high) == (8, 4, 11)
    assert (treated.value, treated.low, treated.high) == (23, 13, None)


def test_log_rank_of_leukaemia_is_the_printed_one() -> None:
    """16.79 on one degree of freedom: Kleinbaum and Klein (2012), Survival Analysis, 3rd ed., chapter 2."""
    found = log_rank(table_of(MERCAPTOPURINE), table_of(PLACEBO))
    assert found is not None
    assert (found.observed, round(found.expected, 2), round(found.statistic, 2)) == (9, 19.25, 16.79)
    assert found.p_value == pytest.approx(4.2e-5, rel=0.02)


def test_of_nobody_there_is_no_table() -> None:
    assert life_table([]) is None
    assert life_table([Ended(5, 0, 0)]) is None
    assert log_rank(None, table_of(PLACEBO)) is None
    assert log_rank(table_of([(3, 0)]), table_of([(4, 0)])) is None


def test_counts_below_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        life_table([Ended(5, -1, 2)])


@pytest.mark.parametrize("ask", ["survival", "incidence", "clustered"])
def test_beyond_the_longest_follow_up_nothing_is_said(ask: str) -> None:
    table = table_of(MERCAPTOPURINE)
    asked = {
        "survival": table.survival,
        "incidence": table.incidence,
        "clustered": lambda age: table.clustered_survival(age, 0.01, 10),
    }[ask]
    assert asked(35).age == 35
    assert table.reaches(35)
    assert not table.reaches(36)
    with pytest.raises(BeyondFollowUp) as refused:
        asked(36)
    assert refused.value.longest == 35


def test_where_nobody_bought_yet_the_interval_is_that_of_nobody_of_those_at_risk() -> None:
    found = table_of([(30, 0)] * 40 + [(3, 0)] * 20 + [(31, 1)]).incidence(30)
    assert (found.value, found.at_risk) == (0, 41)
    low, high = ends(found)
    assert low == 0
    assert high == pytest.approx(3.8415 / (41 + 3.8415), abs=1e-4)


def test_where_everybody_bought_the_share_is_a_whole_and_the_interval_is_open_below() -> None:
    found = table_of([(1, 1)] * 3 + [(4, 1)] * 9).incidence(4)
    assert found.value == 1
    low, high = ends(found)
    assert high == 1
    assert 0.6 < low < 0.8  # Wilson's for nine of nine


FRIENDS = st.lists(st.tuples(st.integers(0, 25), st.sampled_from([0, 0, 1, 1, 2])), min_size=2, max_size=60)


@given(FRIENDS, st.randoms(use_true_random=False))
def test_any_order_and_any_split_of_rows_gives_the_same_table(friends: list[Friend], random: object) -> None:
    rows = [Ended(age, how == 1, how == 0, how == 2) for age, how in friends]
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert life_table(rows) == life_table(rows_of(friends))


@given(FRIENDS)
def test_survival_falls_and_its_interval_holds_it(friends: list[Friend]) -> None:
    table, before = table_of(friends), 1.0
    for age in range(table.longest + 1):
        found = table.survival(age)
        low, high = ends(found)
        assert 0 <= found.value <= before
        assert 0 <= low <= found.value <= high <= 1
        before = found.value


@given(FRIENDS)
def test_statsmodels_draws_the_same_curve(friends: list[Friend]) -> None:
    table, rows = table_of(friends), np.array(friends)
    oracle = SurvfuncRight(rows[:, 0] + 1, rows[:, 1] == 1)  # times of 0 are not known to it
    for age, survival, error in zip(oracle.surv_times, oracle.surv_prob, oracle.surv_prob_se, strict=True):
        found = table.survival(age - 1)
        assert found.value == pytest.approx(survival, abs=1e-12)
        if 0 < found.value < 1:
            assert found.standard_error == pytest.approx(error, abs=1e-12)


@given(FRIENDS)
def test_statsmodels_finds_the_same_incidence(friends: list[Friend]) -> None:
    friends = [*friends, (26, 0)]  # once nobody is left it knows no error any more
    rows = np.array(friends)
    if not {1, 2} <= set(rows[:, 1]):
        return
    table, oracle = table_of(friends), CumIncidenceRight(rows[:, 0] + 1, rows[:, 1])
    for age, incidence, error in zip(oracle.times, oracle.cinc[0], oracle.cinc_se[0], strict=True):
        found = table.incidence(age - 1)
        low, high = ends(found)
        assert found.value == pytest.approx(incidence, abs=1e-12)
        assert found.standard_error == pytest.approx(error, abs=1e-9)
        assert 0 <= low <= found.value <= high <= 1


@given(FRIENDS)
def test_without_another_way_out_incidence_is_what_does_not_survive(friends: list[Friend]) -> None:
    table = table_of([(age, how % 2) for age, how in friends])
    for age in range(table.longest + 1):
        incidence, survival = table.incidence(age), table.survival(age).complement()
        assert incidence.value == survival.value
        assert incidence.standard_error == pytest.approx(survival.standard_error, abs=1e-12)
        assert ends(incidence) == pytest.approx(ends(survival), abs=1e-9)


@given(FRIENDS)
def test_both_ways_and_those_who_stayed_are_everybody(friends: list[Friend]) -> None:
    table = table_of(friends)
    other = table_of([(age, (0, 2, 1)[how]) for age, how in friends])
    either = table_of([(age, int(how > 0)) for age, how in friends])
    for age in range(table.longest + 1):
        whole = table.incidence(age).value + other.incidence(age).value + either.survival(age).value
        assert whole == pytest.approx(1)


@given(FRIENDS, FRIENDS)
def test_statsmodels_compares_two_groups_alike(one: list[Friend], other: list[Friend]) -> None:
    rows = np.array(one + other)
    found = log_rank(table_of(one), table_of(other))
    if found is None:
        return
    group = np.repeat([0, 1], [len(one), len(other)])
    statistic, p_value = survdiff(rows[:, 0] + 1, rows[:, 1] == 1, group)
    assert (found.statistic, found.p_value) == pytest.approx((statistic, p_value), abs=1e-9)


@given(FRIENDS, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_ages_of_a_quantile_are_those_at_which_the_band_holds_it(friends: list[Friend], share: float) -> None:
    table = table_of(friends)
    found = table.quantile(share)
    curve = {row.age: table.survival(row.age) for row in table.rows if row.events}
    reached = [age for age, here in curve.items() if here.value <= 1 - share + 1e-12]
    assert found.value == (reached[0] if reached else None)
    if found.value is not None:
        assert found.low is not None
        assert found.low <= found.value <= (found.high or table.longest)


def squares_of(table: LifeTable, friends: list[Friend], advocates: list[int], age: int) -> float:
    """Straight from the rows, as the formula is written: the sum over advocates of the squared sum of u."""
    sums: Counter[int] = Counter()
    for (time, how), advocate in zip(friends, advocates, strict=True):
        own = 1 / sum(t >= time for t, _ in friends) if how == 1 and time <= age else 0.0
        passed = [row for row in table.rows if row.age <= min(time, age)]
        sums[advocate] += own - sum(row.events / row.at_risk**2 for row in passed)  # type: ignore[assignment]
    return sum(u * u for u in sums.values())


def squares_by_columns(table: LifeTable, friends: list[Friend], advocates: list[int], age: int) -> float:
    """By the columns of the table, as a database joins them, with ties reckoned exactly."""
    by_age, sums = {row.age: row for row in table.rows}, Counter[int]()
    last = max(known for known in by_age if known <= age)
    for (time, how), advocate in zip(friends, advocates, strict=True):
        row = by_age[time]
        own = 1 / (row.at_risk - row.events) if how == 1 and time <= age else 0.0
        sums[advocate] += own - by_age[min(time, last)].greenwood  # type: ignore[assignment]
    return sum(u * u for u in sums.values())


@pytest.mark.parametrize("weeks", [1, 2, 5])
def test_each_for_himself_and_followed_throughout_it_is_the_binomial_variance(weeks: int) -> None:
    """With ties, S (1 - S) / n, as Greenwood's; Ying and Wei's 1 / Y is smaller the more events share an age."""
    friends = [(week, 1) for week in range(weeks) for _ in range(12 // weeks)] + [(9, 0)] * 28
    table, alone = table_of(friends), list(range(len(friends)))
    exact = table.clustered_survival(8, squares_by_columns(table, friends, alone, 8), len(friends))
    tied = table.clustered_survival(8, squares_of(table, friends, alone, 8), len(friends))
    missing = (len(friends) / (len(friends) - 1)) ** 0.5
    binomial = (exact.value * (1 - exact.value) / len(friends)) ** 0.5
    assert exact.standard_error == pytest.approx(missing * binomial)
    assert table.survival(8).standard_error == pytest.approx(binomial)
    assert tied.standard_error < exact.standard_error  # type: ignore[operator]


def test_the_robust_variance_is_what_leaving_one_advocate_out_shows() -> None:
    """The jackknife over advocates, which knows nothing of the formula, finds the same standard error."""
    random = np.random.default_rng(11)
    clusters = 250
    advocates = np.repeat(np.arange(clusters), random.integers(1, 6, clusters))
    ready = random.beta(1, 3, clusters)[advocates]
    times = np.where(random.random(len(advocates)) < ready, random.integers(0, 40, len(advocates)), 999)
    seen = random.integers(20, 60, len(advocates))
    friends = [(int(min(t, c)), int(t <= c)) for t, c in zip(times, seen, strict=True)]
    table = table_of(friends)
    found = table.clustered_survival(25, squares_of(table, friends, advocates.tolist(), 25), clusters)
    without = [
        table_of([friend for friend, own in zip(friends, advocates, strict=True) if own != left]).survival(25).value
        for left in range(clusters)
    ]
    jackknife = ((clusters - 1) / clusters * np.sum((np.array(without) - np.mean(without)) ** 2)) ** 0.5
    assert found.standard_error == pytest.approx(jackknife, rel=0.02)
    closer = table.clustered_survival(25, squares_by_columns(table, friends, advocates.tolist(), 25), clusters)
    assert closer.standard_error == pytest.approx(jackknife, rel=0.003)
    assert jackknife > 1.1 * table.survival(25).standard_error  # type: ignore[operator]


@pytest.mark.parametrize(("effective", "freedom"), [(None, 7), (3.5, 2.5), (1.2, 1)])
def test_few_advocates_count_as_few(effective: float | None, freedom: float) -> None:
    """By hand: S = 0.753 at ten weeks, squares 0.02, eight clusters; Student's quantile instead of 1.96."""
    found = table_of(MERCAPTOPURINE).clustered_survival(10, 0.02, 8, effective)
    assert found.standard_error == pytest.approx(found.value * (0.02 * 8 / 7) ** 0.5)
    reach = student_quantile(0.95, freedom) * (0.02 * 8 / 7) ** 0.5 / math.log(found.value)
    expected = [found.value ** math.exp(side * reach) for side in (-1, 1)]
    assert ends(found) == pytest.approx(expected)


def test_friends_of_few_advocates_tell_no_more_than_as_many_strangers() -> None:
    """Where those of each advocate happen to be alike, the sums of influences say nearly nothing: Greenwood's error is the least."""
    table = table_of(MERCAPTOPURINE)
    assert table.clustered_survival(10, 1e-9, 8).standard_error == pytest.approx(table.survival(10).standard_error)


def test_where_nobody_bought_each_advocate_tells_as_much_as_one_friend() -> None:
    table = table_of([(30, 0)] * 400)
    (_, of_strangers), (_, of_friends) = (
        ends(found.complement()) for found in (table.survival(30), table.clustered_survival(30, 0.0, 10))
    )
    t = student_quantile(0.95, 9)
    assert of_friends == pytest.approx(t**2 / (10 + t**2))
    assert of_strangers < 0.01


def test_where_nobody_is_left_the_squares_are_not_asked() -> None:
    found = table_of([(1, 1)] * 3 + [(4, 1)] * 9).clustered_survival(4, math.inf, 5)
    assert (found.value, found.standard_error) == (0, 0)
    t = student_quantile(0.95, 4)
    assert ends(found) == pytest.approx((0, t**2 / (5 + t**2)))


def test_an_exact_half_is_a_half_whatever_the_products_leave() -> None:
    """Of ten who buy one by one, five have by the fifth day, of 14 seven by the seventh, ..."""
    for half in range(1, 60):
        table = table_of([(day, 1) for day in range(1, 2 * half + 1)])
        assert table.quantile().value == half


def test_one_advocate_has_no_interval() -> None:
    found = table_of(MERCAPTOPURINE).clustered_survival(10, 0.1, 1)
    assert (found.interval, found.standard_error) == (None, None)
    assert found.complement().value == pytest.approx(1 - found.value)


def test_a_hopelessly_wide_interval_is_everything() -> None:
    found = log_log_interval(0.999999, 5.0, 1.96, 0.95, "log_log")
    assert (found.low, found.high) == pytest.approx((0, 1))
    with pytest.raises(ValueError, match="between 0 and 1"):
        log_log_interval(1.0, 0.1, 1.96, 0.95, "log_log")


WORLDS = 1000
AGE = 30
LAST = 60


def friends_of_worlds(random: np.random.Generator, clusters: int, alpha: float, beta: float) -> tuple[np.ndarray, ...]:
    """Advocates, ages and whether the event came, a row for each world. Uniform entry over 60 days, a tenth erased early."""
    sizes = np.minimum(random.zipf(2.3, clusters), 20)
    advocates = np.repeat(np.arange(clusters), sizes)
    shape = (WORLDS, len(advocates))
    ready = random.beta(alpha, beta, (WORLDS, clusters))[:, advocates]
    delay = np.floor(random.exponential(10, shape)).astype(int)
    buys = np.where(random.random(shape) < ready, delay, 10_000)
    followed = random.integers(0, LAST + 1, shape)
    erased = np.where(random.random(shape) < 0.1, random.integers(0, LAST + 1, shape), LAST)
    ends_at = np.minimum(followed, erased)
    return advocates, np.minimum(buys, ends_at), buys <= ends_at


def curves(age: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """People at risk, events and censored ones by world and day."""
    place = age + (LAST + 1) * np.arange(len(age))[:, None]
    size = len(age) * (LAST + 1)
    ended = np.bincount(place.ravel(), minlength=size).reshape(len(age), -1)
    events = np.bincount(place[event], minlength=size).reshape(len(age), -1)
    return ended[:, ::-1].cumsum(1)[:, ::-1], events, ended - events


def covered(found: AtAge, truth: float) -> bool:
    low, high = ends(found)
    return low <= truth <= high


def test_the_interval_covers_the_truth_with_uniform_entry_and_erasures() -> None:
    """Of 400 who decide for themselves; the plain ratio of those who bought, as one reads it off a list, does not."""
    random = np.random.default_rng(3)
    advocates, age, event = friends_of_worlds(random, 250, 2e6, 8e6)  # all as ready as each other
    truth = 0.2 * (1 - np.exp(-(AGE + 1) / 10))
    _, events, censored = curves(age, event)
    right = incidence = ratio = 0
    for d, c in zip(events.tolist(), censored.tolist(), strict=True):
        table = life_table(Ended(day, d[day], c[day]) for day in range(LAST + 1))
        assert table is not None
        right += covered(table.survival(AGE), 1 - truth)
        incidence += covered(table.incidence(AGE), truth)
        plain = table_of([(0, 1)] * sum(d) + [(0, 0)] * (len(advocates) - sum(d)))
        ratio += covered(plain.incidence(0), truth)
    assert 0.92 <= right / WORLDS <= 0.98
    assert incidence == right
    assert ratio / WORLDS < 0.90


def test_the_robust_interval_covers_the_truth_of_clustered_friends_and_greenwoods_does_not() -> None:
    random = np.random.default_rng(4)
    clusters = 150
    advocates, age, event = friends_of_worlds(random, clusters, 0.5, 2)
    truth = 0.8 + 0.2 * np.exp(-(AGE + 1) / 10)
    at_risk, events, censored = curves(age, event)
    left = at_risk - events
    hazard = np.divide(events, at_risk, out=np.zeros(events.shape), where=at_risk > 0)
    drift = np.divide(hazard, left, out=np.zeros(events.shape), where=left > 0).cumsum(1)
    until, world = np.minimum(age, AGE), np.arange(WORLDS)[:, None]
    u = (event & (age <= AGE)) / left[world, age] - drift[world, until]
    own = np.zeros((WORLDS, clusters))
    np.add.at(own, (np.broadcast_to(world, u.shape), np.broadcast_to(advocates, u.shape)), u)
    sizes = np.bincount(advocates)
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    right = naive = 0
    for d, c, squares in zip(events.tolist(), censored.tolist(), (own**2).sum(1).tolist(), strict=True):
        table = life_table(Ended(day, d[day], c[day]) for day in range(LAST + 1))
        assert table is not None
        right += covered(table.clustered_survival(AGE, squares, clusters, effective), truth)
        naive += covered(table.survival(AGE), truth)
    assert 0.92 <= right / WORLDS <= 0.98
    assert naive / WORLDS < 0.90
