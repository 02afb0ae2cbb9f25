"""What a forecast promises: the same seed gives the same answer, ranges hold what they say, nothing passes its limit."""

from collections.abc import Callable
from itertools import pairwise
from math import comb

import msgspec
import pytest

from goodword.forecast.forecast import SEED_MAX, WORLDS_MAX, BadNumbers, forecast
from goodword.forecast.outcomes import Outcome
from goodword.forecast.ranges import range_over
from goodword.program.loader import Program
from goodword.rehearsal.run import Cancelled
from tests.forecast.making import PROGRAM, assumptions, changed, program, worlds

BUDGET = {
    "steps:\n": "budgets: {all: {amount: BUDGET USD}}\nsteps:\n",
    "amount: 5.00 USD}\n": "amount: 5.00 USD}\n    budget: all\n",
}


def with_budget(amount: int) -> Program:
    return program(changed(PROGRAM, BUDGET).replace("BUDGET", str(amount)))


def test_the_same_seed_gives_the_same_answer() -> None:
    demo = program()
    first, again, other = (forecast(demo, assumptions(demo), 4, seed) for seed in (7, 7, 8))
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert first.seed == 7
    assert first.total != other.total


def test_more_worlds_keep_those_that_were_played() -> None:
    demo = program()
    assert worlds(demo, assumptions(demo), 5)[:3] == worlds(demo, assumptions(demo), 3)


FIGURES: dict[str, Callable[[Outcome], float]] = {
    "cost": lambda one: one.total.cost,
    "acquired": lambda one: one.total.acquired,
    "liability": lambda one: one.liability,
    "first month": lambda one: one.months[0].flow.cost,
    "per acquired": lambda one: one.total.cost / max(1, one.genuine),
}
REPEATED, PLAYED = 60, 9
"""Of nine worlds the low end is the first, the high end the last: eight of ten further ones lie between, exactly."""
SMALL = {"months": "1", "customers": "8 - 20", "newcomers": "0", "joins": "40% - 100%", "shares": "60%"}


def surely(count: int, share: float, doubt: float = 0.001) -> range:
    """How many of `count` lie within, unless something happened that happens once in a thousand times."""
    chances = [comb(count, n) * share**n * (1 - share) ** (count - n) for n in range(count + 1)]
    low = next(n for n in range(count + 1) if sum(chances[: n + 1]) > doubt / 2)
    high = next(n for n in range(count, -1, -1) if sum(chances[n:]) > doubt / 2)
    return range(low, high + 1)


def test_ranges_cover_further_worlds_as_often_as_they_say() -> None:
    """A true world is drawn from the stated ranges; eight of ten times its figures lie inside the forecast of others."""
    percent = program(changed(PROGRAM, {"amount: 5.00 USD": "amount: {percent_of: order.total, percent: 10%}"}))
    stated = assumptions(percent, **SMALL)
    covered = dict.fromkeys(FIGURES, 0)
    for repetition in range(REPEATED):
        [true] = worlds(percent, stated, 1, f"true/{repetition}")
        played = worlds(percent, stated, PLAYED, f"played/{repetition}")
        for name, figure in FIGURES.items():
            found = range_over(figure(one) for one in played)
            covered[name] += found.low <= round(figure(true)) <= found.high
    # Numbers of few people are often the same, so that more than eight of ten lie inside; never fewer.
    assert all(times >= surely(REPEATED, 0.8).start for times in covered.values()), covered
    assert covered["cost"] in surely(REPEATED, 0.8), covered


def test_a_range_that_was_stated_too_narrow_does_not_cover() -> None:
    demo = program()
    many, few = (assumptions(demo, **SMALL | {"customers": "80", "joins": joins}) for joins in ("95%", "1% - 20%"))
    narrow = range_over(one.total.cost for one in worlds(demo, many, PLAYED))
    true = [one.total.cost for one in worlds(demo, few, 20, "true")]
    assert sum(narrow.low <= cost <= narrow.high for cost in true) < surely(20, 0.8).start


def test_more_budget_never_costs_less_and_none_is_passed() -> None:
    costs: list[list[int]] = []
    for amount in (5, 20, 60, 150, 10_000):
        demo = with_budget(amount)
        played = worlds(demo, assumptions(demo), 6)
        assert all(one.total.granted - one.total.taken_back <= amount * 100 for one in played)
        costs.append([one.total.cost for one in played])
    for less, more in pairwise(costs):
        assert all(before <= after for before, after in zip(less, more, strict=True))
    free = program()
    assert costs[-1] == [one.total.cost for one in worlds(free, assumptions(free), 6)]
    assert costs[0] < costs[-1]


def test_a_budget_that_is_gone_is_told_with_its_day() -> None:
    small, large = with_budget(10), with_budget(10_000)
    [gone] = forecast(small, assumptions(small), 6).shortages
    [held] = forecast(large, assumptions(large), 6).shortages
    assert (gone.kind, gone.name, gone.worlds, held.worlds, held.day) == ("budget", "all", 6, 0, None)
    assert gone.day is not None
    assert 0 < gone.day.low <= gone.day.middle <= gone.day.high < 59
    warned = [one.code for one in forecast(small, assumptions(small), 6).warnings]
    assert ("budget" in warned, "unlimited" in warned) == (True, False)


def test_no_cap_is_passed() -> None:
    demo = program(
        changed(PROGRAM, {"amount: 5.00 USD}\n": "amount: 5.00 USD}\n    caps: [{per: program, count: 3}]\n"})
    )
    found = forecast(demo, assumptions(demo), 6)
    assert found.total.cost.high <= 1500
    assert [(one.kind, one.name) for one in found.shortages] == [("cap", "rewards.credit.caps.0")]
    assert all(one.total.granted - one.total.taken_back <= 1500 for one in worlds(demo, assumptions(demo), 6))


@pytest.mark.parametrize(
    ("reward", "order", "losing", "warned"),
    [("5.00 USD", "100.00 USD", False, False), ("50.00 USD", "10.00 USD", True, True)],
)
def test_what_a_friend_costs_is_held_against_what_an_order_leaves(
    reward: str, order: str, losing: bool, warned: bool
) -> None:
    demo = program(changed(PROGRAM, {"amount: 5.00 USD": f"amount: {reward}"}))
    found = forecast(demo, assumptions(demo, orders=f"{{value: {order}, refunds: 5%}}"), 5)
    assert found.margin is not None
    assert (found.margin.losing == 5, found.margin.losing == 0) == (losing, not losing)
    assert found.margin.margin == found.margin.order // 2
    assert ("losing" in [one.code for one in found.warnings]) == warned


def test_what_a_month_may_cost_is_watched() -> None:
    demo = program()
    dear = forecast(demo, assumptions(demo, ready_to_spend="1.00 USD"), 5)
    fine = forecast(demo, assumptions(demo, ready_to_spend="100_000 USD"), 5)
    [first, *_] = [one for one in dear.warnings if one.code == "month"]
    assert (first.name, first.worlds, first.amount) == ("2027-01", 5, 100)
    assert first.other == dear.months[0].cost.middle
    assert "month" not in [one.code for one in fine.warnings]


def test_months_add_up_in_every_world() -> None:
    demo = program()
    for one in worlds(demo, assumptions(demo, months="4"), 3):
        assert [month.month for month in one.months] == ["2027-01", "2027-02", "2027-03", "2027-04"]
        assert sum(month.flow.cost for month in one.months) == one.total.cost
        assert one.months[-1].liability == one.liability == one.total.cost - one.total.used
        assert 0 <= one.invented <= one.total.acquired


def test_those_who_cheat_cost_money() -> None:
    demo = program(changed(PROGRAM, {"steps:\n": "protection: {device: allow}\nsteps:\n"}))
    honest, cheated = (
        worlds(demo, assumptions(demo, fraud=f"{{invented: {share}, self_referrals: {share}}}"), 4)
        for share in ("0%", "40%")
    )
    assert sum(one.invented for one in honest) == 0
    assert sum(one.invented for one in cheated) > 0


def test_staff_stop_what_is_sent_to_them() -> None:
    """A self-referral on the advocate's own device is looked at, and denied."""
    fraud = {"fraud": "{invented: 0%, self_referrals: 100%}"}
    found = []
    for action in ("review", "allow"):
        demo = program(changed(PROGRAM, {"steps:\n": f"protection: {{device: {action}}}\nsteps:\n"}))
        played = worlds(demo, assumptions(demo, newcomers="0", **fraud), 3)
        found.append((sum(one.invented for one in played), sum(one.total.cost for one in played)))
    (asked, less), (allowed, more) = found
    assert (asked, less < more) == (0, True)
    assert allowed > 0


@pytest.mark.parametrize(
    ("count", "seed", "told"),
    [
        (0, 1, f"between 1 and {WORLDS_MAX} worlds"),
        (WORLDS_MAX + 1, 1, f"between 1 and {WORLDS_MAX} worlds"),
        (1, -1, "a seed is a whole number"),
        (1, SEED_MAX + 1, "a seed is a whole number"),
    ],
)
def test_numbers_have_limits(count: int, seed: int, told: str) -> None:
    demo = program()
    with pytest.raises(BadNumbers, match=told):
        forecast(demo, assumptions(demo), count, seed)


def test_one_sees_how_far_it_is_and_may_end_it() -> None:
    demo, seen = program(), list[float]()
    forecast(demo, assumptions(demo), 3, done=seen.append)
    assert seen == sorted(seen)
    assert (seen[0] < 0.02, seen[-1], len(seen) > 100) == (True, 1.0, True)

    def enough(share: float) -> None:
        if share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        forecast(demo, assumptions(demo), 3, done=enough)
