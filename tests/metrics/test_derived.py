"""Figures that are made of other figures: what they come to, and what they say where some of the cost is not known."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from goodword.metrics.derived import Inputs, derive
from goodword.metrics.figure import Figure, Number
from goodword.metrics.verdicts import Verdict

NAMES = ("other_cost", "program_cost", "acquisition_cost", "return_on_investment", "payback_days")
PART: tuple[Verdict, ...] = ("part_of_cost",)
CURVE: dict[str, Number | None] = {"month_1": 15_00, "customers_1": 40, "month_2": 45_00, "customers_2": 40}


def derived(rewards: Mapping[str, int], unpriced: int = 0, **costs: int) -> dict[tuple[str, str], Figure]:
    """By name and unit, for forty new customers who left 1,800.00 USD, 15.00 each in their first month."""
    found = [
        *(Figure("reward_cost", "p", currency, amount) for currency, amount in rewards.items()),
        Figure("unpriced_rewards", "p", "count", unpriced),
        Figure("new_customers", "p", "count", 40),
        Figure("referred_margin", "p", "USD", 1800_00),
        Figure("value_curve", "p", "USD", 45_00, denominator=40, more=CURVE),
    ]
    made = derive(NAMES, ["p"], found, Inputs("USD", margin_known=True, costs={"p": costs}))
    return {(one.metric, one.unit): one for one in made}


def test_all_of_the_cost_is_known() -> None:
    made = derived({"USD": 600_00}, USD=200_00)
    assert made["program_cost", "USD"].value == 800_00
    assert made["acquisition_cost", "USD"].value == 20_00
    assert made["return_on_investment", "share"].value == 1.25
    assert made["payback_days", "days"].value == 60
    assert not any(one.warnings for one in made.values())


def test_rewards_without_a_cost_are_no_reason_to_say_that_nothing_was_spent() -> None:
    made = derived({"USD": 0}, unpriced=40)
    assert made["acquisition_cost", "USD"].warnings == PART
    for name, unit in (("return_on_investment", "share"), ("payback_days", "days")):
        assert made[name, unit].value is None
        assert "part_of_cost" in made[name, unit].warnings


def test_with_some_rewards_without_a_cost_what_is_known_is_told_as_a_part() -> None:
    made = derived({"USD": 800_00}, unpriced=1)
    told = {name: made[name, unit] for name, unit in made if name != "other_cost"}
    assert {name: one.value for name, one in told.items()} == {
        "program_cost": 800_00,
        "acquisition_cost": 20_00,
        "return_on_investment": 1.25,
        "payback_days": 60,
    }
    assert {one.warnings for one in told.values()} == {PART}


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_no_currency_is_all_of_a_cost_in_two(currency: str) -> None:
    made = derived({"USD": 1_00}, EUR=9000_00)
    assert made["program_cost", currency].warnings == PART
    assert made["acquisition_cost", currency].warnings == PART
    assert made["return_on_investment", "share"].value is None
    assert made["payback_days", "days"].value is None


def test_nothing_in_another_currency_takes_nothing_away() -> None:
    assert derived({"USD": 800_00, "EUR": 0})["acquisition_cost", "USD"].warnings == ()
