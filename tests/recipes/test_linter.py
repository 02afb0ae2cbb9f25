"""What the linter warns of, each with the smallest file that deserves it; and that no recipe does."""

import re
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from demo.cases import Tree, edited, read_program, recipes
from goodword.program.linter import lint
from goodword.program.loader import load_program, program_of
from goodword.program.schema import program_schema
from tests.recipes.mutants import _optional, _with, _without

SAFE = """\
goodword: 1
program: sample
currency: USD
time_zone: Europe/Bucharest
economics: {margin: 50%, smallest_order: 80.00 USD, return_window: 14 days}
steps:
  bought: {event: order}
rewards:
  credit:
    when: {step: bought}
    to: both
    benefit: {kind: credit, amount: 20.00 USD}
    hold: 14 days
    caps: [{per: participant, count: 5}]
"""
ECONOMICS = "economics: {margin: 50%, smallest_order: 80.00 USD, return_window: 14 days}\n"
CAPS = "    caps: [{per: participant, count: 5}]\n"
AMOUNT = "kind: credit, amount: 20.00 USD"
COUPON = "kind: coupon, percent_off: 25%"
VISITS = """\
  visits:
    when: {visits: day}
    to: advocate
    benefit: {kind: points, amount: 2 points, unit_cost: 0.01 USD}
    caps: [{per: participant, period: day, amount: 100 points}, {per: participant, period: week, amount: 600 points}]
"""
BUDGET = "    budget: all\nbudgets: {all: {amount: 50 USD}}\n"


def warnings(text: str) -> list[str]:
    return [f"{warning.code} {warning.path} {warning.place}" for warning in lint(load_program(text))]


def changed(*pairs: tuple[str, str]) -> str:
    text = SAFE
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


# 80 dollars leave 40: 20 for each side is just carried.
CASES: dict[str, tuple[str, list[str]]] = {
    "just carried": (SAFE, []),
    "a cent too much": (changed(("20.00 USD", "20.01 USD")), ["margin economics 5:1"]),
    "a smaller order": (changed(("80.00 USD", "79.99 USD")), ["margin economics 5:1"]),
    "a smaller margin": (changed(("50%", "49.99%")), ["margin economics 5:1"]),
    "visits within a budget": (SAFE + VISITS + BUDGET, []),
    "visits without a budget": (
        SAFE + VISITS,
        ["visits_cost rewards.visits 15:3"],
    ),
    "one side less": (changed(("20.00 USD", "40.00 USD"), ("to: both", "to: advocate")), []),
    "one side less, a cent too much": (
        changed(("20.00 USD", "40.01 USD"), ("to: both", "to: advocate")),
        ["margin economics 5:1"],
    ),
    "a share of the order": (changed((AMOUNT, "kind: credit, amount: {percent_of: order.total, percent: 25%}")), []),
    "too large a share": (
        changed((AMOUNT, "kind: credit, amount: {percent_of: order.total, percent: 25.01%}")),
        ["margin economics 5:1"],
    ),
    "a large share under a ceiling": (
        changed((AMOUNT, "kind: credit, amount: {percent_of: order.total, percent: 90%, ceiling: 20.00 USD}")),
        [],
    ),
    "a small share over a floor": (
        changed((AMOUNT, "kind: credit, amount: {percent_of: order.total, percent: 1%, floor: 20.01 USD}")),
        ["margin economics 5:1"],
    ),
    "the dearest row of a schedule": (
        changed(
            (
                AMOUNT,
                "kind: credit, amount: {schedule: [{since: 2026-01-01, amount: 9 USD}, "
                "{since: 2026-02-01, amount: 21 USD}, {since: 2026-03-01, amount: 5 USD}]}",
            )
        ),
        ["margin economics 5:1"],
    ),
    "units at their cost": (changed((AMOUNT, "kind: quantity, amount: 500 MB, unit_cost: 0.04 USD")), []),
    "units above their cost": (
        changed((AMOUNT, "kind: quantity, amount: 501 MB, unit_cost: 0.04 USD")),
        ["margin economics 5:1"],
    ),
    "a coupon": (changed((AMOUNT, COUPON), (CAPS, CAPS + "    expires: 30 days\n")), []),
    "a coupon too large": (
        changed((AMOUNT, "kind: coupon, percent_off: 25.01%"), (CAPS, CAPS + "    expires: 30 days\n")),
        ["margin economics 5:1"],
    ),
    "a coupon that never expires": (changed((AMOUNT, COUPON)), ["no_expiry rewards.credit 9:3"]),
    "no economics": (changed((ECONOMICS, "")), ["no_economics program 2:1"]),
    "no economics and no hold": (
        changed((ECONOMICS, ""), ("    hold: 14 days\n", "")),
        ["no_economics program 2:1", "no_hold rewards.credit 8:3"],
    ),
    "held a day too short": (changed(("hold: 14 days", "hold: 13 days")), ["short_hold rewards.credit 9:3"]),
    "nothing to give back after a sign-up": (
        changed(("event: order", "event: sign_up"), ("    hold: 14 days\n", "")),
        [],
    ),
    "without limit": (changed((CAPS, "")), ["no_cap rewards.credit 9:3"]),
    "without limit for friends, who come once": (changed((CAPS, ""), ("to: both", "to: friend")), []),
    "a budget is a limit": (changed((CAPS, "    budget: b\nbudgets: {b: {amount: 5 USD}}\n")), []),
    "a milestone is a limit": (
        changed(
            (CAPS, "measures: {n: {count: referrals, step: bought}}\n"),
            ("{step: bought}", "{reaches: n, at: 5}"),
            ("to: both", "to: advocate"),
        ),
        [],
    ),
    "a milestone on orders is held too": (
        changed(
            (CAPS, "measures: {n: {count: referrals, step: bought}}\n"),
            ("{step: bought}", "{reaches: n, at: 5}"),
            ("to: both", "to: advocate"),
            ("hold: 14 days", "hold: 1 day"),
        ),
        ["short_hold rewards.credit 9:3"],
    ),
    "paid for each referral that is counted": (
        changed(
            (CAPS, CAPS + "measures: {n: {count: referrals, step: bought}}\n"),
            ("{step: bought}", "{each: n}"),
            ("to: both", "to: advocate"),
            ("20.00 USD", "40.01 USD"),
            ("hold: 14 days", "hold: 13 days"),
        ),
        ["margin economics 5:1", "short_hold rewards.credit 9:3"],
    ),
    "paid for every two, three times at the most": (
        changed(
            (CAPS, "measures: {n: {count: referrals, step: bought}}\n"),
            ("{step: bought}", "{reaches: n, every: 2, up_to: 3}"),
            ("to: both", "to: advocate"),
        ),
        [],
    ),
    "paid for every two, for ever": (
        changed(
            (CAPS, "measures: {n: {count: referrals, step: bought}}\n"),
            ("{step: bought}", "{reaches: n, every: 2}"),
            ("to: both", "to: advocate"),
        ),
        ["no_cap rewards.credit 9:3"],
    ),
    "won by a place of a contest": (
        changed(
            (
                CAPS,
                "measures: {n: {count: referrals, step: bought}}\n"
                "contests: {race: {measure: n, first_day: 2026-01-01, last_day: 2026-01-31, ties: all}}\n",
            ),
            ("{step: bought}", "{contest: race, places: 1}"),
            ("to: both", "to: advocate"),
        ),
        [],
    ),
    "given with a tier": (
        changed(
            (CAPS, "measures: {n: {count: referrals, step: bought}}\ntiers: {measure: n, levels: {gold: 2}}\n"),
            ("{step: bought}", "{tier: gold}"),
            ("to: both", "to: advocate"),
        ),
        [],
    ),
    "lost for ever": (
        changed((CAPS, CAPS + "    kept: {while: {friend.customer: true}}\n")),
        ["kept_without_end rewards.credit 9:3"],
    ),
    "again for ever": (
        changed(("{step: bought}", "{step: bought, every: year}")),
        ["again_without_end rewards.credit 9:3"],
    ),
    "again each month, twice": (
        changed(("20.00 USD", "10.00 USD"), ("{step: bought}", "{step: bought, every: month, up_to: 2}")),
        [],
    ),
    "again each month, three times": (
        changed(("20.00 USD", "10.00 USD"), ("{step: bought}", "{step: bought, every: month, up_to: 3}")),
        ["margin economics 5:1"],
    ),
    "again each month, beyond the year": (
        changed(("20.00 USD", "1.66 USD"), ("{step: bought}", "{step: bought, every: month, up_to: 24}")),
        [],
    ),
    "again for some years": (changed(("{step: bought}", "{step: bought, every: year, up_to: 3}")), []),
    "lost for a while": (changed((CAPS, CAPS + "    kept: {while: {friend.customer: true}, until: 60 days}\n")), []),
    "a status that is held while something holds": (
        changed(
            (AMOUNT, "kind: status, amount: 1 status:gold"),
            (CAPS, CAPS + "    kept: {while: {friend.customer: true}}\n"),
        ),
        [],
    ),
    "free, for a minimum": (
        changed(
            (AMOUNT, "kind: item, amount: 1 mug, unit_cost: 2 USD"),
            ("{event: order}", "{event: order, where: {order.total: {at_least: 80 USD}}}"),
        ),
        ["free_minimum rewards.credit 9:3"],
    ),
    "an owner of groups without limit": (
        changed(
            (CAPS, "measures: {n: {of: group, count: members}}\ngroups: {members_max: 5}\n"),
            ("{step: bought}", "{each: n}"),
            ("to: both", "to: owner"),
        ),
        ["no_cap rewards.credit 9:3"],
    ),
    "half the price for everyone, with a margin of less": (
        changed(
            (AMOUNT, COUPON.replace("25%", "51%")),
            ("{step: bought}", "{date: 2026-05-04}"),
            ("to: both", "to: everyone"),
            (CAPS, "    expires: 1 day\n"),
        ),
        ["below_cost rewards.credit 9:3"],
    ),
    "a target that just carries both sides": (SAFE + "target: {cost: 40 USD}\n", []),
    "a target that does not": (SAFE + "target: {cost: 39.99 USD}\n", ["above_target target.cost 15:10"]),
    "a target without a highest cost": (SAFE + "target: {customers: 1, by: 2027-06-30}\n", []),
    "a target whose rewards nobody can value": (
        changed((ECONOMICS, "target: {cost: 0.01 USD}\n")),
        ["no_economics program 2:1"],
    ),
    "a target, above the margin and above itself": (
        changed(("20.00 USD", "20.01 USD"), ("steps:", "target: {cost: 40.01 USD}\nsteps:")),
        ["margin economics 5:1", "above_target target.cost 6:10"],
    ),
    "groups that change nothing": (SAFE + "groups: {members_max: 5}\n", ["idle_groups groups 15:1"]),
    "a free order, for a minimum": (
        changed(
            (AMOUNT, "kind: coupon, percent_off: 100%, minimum_order: 10 USD, ceiling: 20 USD"),
            (CAPS, CAPS + "    expires: 30 days\n"),
        ),
        ["free_minimum rewards.credit 9:3"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_warning(name: str) -> None:
    text, expected = CASES[name]
    assert warnings(text) == expected


def test_every_warning_has_a_case() -> None:
    source = lint.__globals__["__file__"]
    with open(source, encoding="utf-8") as file:
        codes = set(
            re.findall(r'"([a-z]+(?:_[a-z]+)*)", (?:path|"program"|"economics"|"groups"|"target.cost"),', file.read())
        )
        file.seek(0)
        codes |= set(re.findall(r'^ +"([a-z]+_[a-z]+)",$', file.read(), re.MULTILINE))
    assert codes == {warning.split()[0] for _, expected in CASES.values() for warning in expected}


# The recipes: the first figure of each pair still passes, the second does not. Their economics are not decoration.
EDGES: dict[str, list[tuple[str, str, str, str]]] = {
    "bombas": [
        ("target.cost", "35 USD", "34.99 USD", "above_target"),
        ("economics.margin", "58.34%", "58.33%", "margin"),
        ("economics.smallest_order", "57.15 USD", "57.13 USD", "margin"),
        ("economics.return_window", "30 days", "31 days", "short_hold"),
    ],
    "coffee-shop": [
        ("target.cost", "3.50 RON", "3.49 RON", "above_target"),
        ("economics.margin", "29.17%", "29.16%", "margin"),
        ("economics.smallest_order", "5.39 RON", "5.38 RON", "margin"),
        ("rewards.free_coffee.benefit.unit_cost", "7.80 RON", "7.81 RON", "margin"),
    ],
    "dropbox": [
        ("economics.margin", "8.35%", "8.34%", "margin"),
        ("economics.smallest_order", "12.50 USD", "12.49 USD", "margin"),
        ("rewards.space.benefit.unit_cost", "0.09 USD", "0.10 USD", "margin"),
    ],
    "paypal": [
        ("economics.margin", "50%", "49.99%", "margin"),
        ("economics.smallest_order", "80 USD", "79.99 USD", "margin"),
    ],
    "uber": [
        ("economics.margin", "25%", "24.99%", "margin"),
        ("economics.smallest_order", "160 USD", "159.99 USD", "margin"),
        ("rewards.free_ride.hold", "3 days", "2 days", "short_hold"),
        ("rewards.comfort.hold", "3 days", "2 days", "short_hold"),
        ("rewards.free_ride.benefit.unit_cost", "20 USD", "20.01 USD", "margin"),
    ],
    "hellofresh": [
        ("economics.margin", "33.34%", "33.33%", "margin"),
        ("economics.smallest_order", "171.43 USD", "171.42 USD", "margin"),
        ("economics.return_window", "14 days", "15 days", "short_hold"),
    ],
    "quip": [
        ("economics.margin", "50%", "49.99%", "margin"),
        ("economics.smallest_order", "20.84 USD", "20.83 USD", "margin"),
        ("rewards.refill_pack.hold", "30 days", "29 days", "short_hold"),
        ("rewards.advocate_discount.hold", "30 days", "29 days", "short_hold"),
        ("rewards.refill_pack.benefit.unit_cost", "5 USD", "5.01 USD", "margin"),
    ],
    "greats": [
        ("economics.margin", "40%", "39.99%", "margin"),
        ("economics.return_window", "30 days", "31 days", "short_hold"),
    ],
    "gift-from-a-friend": [
        ("economics.margin", "53.34%", "53.33%", "margin"),
        ("economics.smallest_order", "40 SAR", "39.99 SAR", "margin"),
        ("rewards.gift.benefit.unit_cost", "13.50 SAR", "13.51 SAR", "margin"),
    ],
    "fitness-studio": [
        ("economics.margin", "37.5%", "37.49%", "margin"),
        ("economics.smallest_order", "21.43 RON", "21.42 RON", "margin"),
        ("rewards.free_class.benefit.unit_cost", "28 RON", "28.01 RON", "margin"),
    ],
    "amex": [
        ("economics.margin", "30%", "29.99%", "margin"),
        ("economics.smallest_order", "1000 USD", "999.99 USD", "margin"),
        ("rewards.points.benefit.amount.table.rows.platinum", "30000 points", "30001 points", "margin"),
    ],
    "toms": [
        ("economics.margin", "20%", "19.99%", "margin"),
        ("economics.smallest_order", "18 USD", "17.99 USD", "margin"),
        ("economics.return_window", "30 days", "31 days", "short_hold"),
        ("rewards.given_pair.benefit.unit_cost", "22.50 USD", "22.51 USD", "margin"),
    ],
    "invite-a-friend": [
        ("economics.margin", "28.75%", "28.74%", "margin"),
        ("rewards.thanks.benefit.options.soap.unit_cost", "28 RON", "28.01 RON", "margin"),
        ("rewards.thanks.benefit.options.points.unit_cost", "0.18 RON", "0.19 RON", "margin"),
        ("rewards.thanks.hold", "14 days", "13 days", "short_hold"),
        ("rewards.five_friends.hold", "14 days", "13 days", "short_hold"),
    ],
    "trunk-club": [
        ("economics.margin", "33.34%", "33.33%", "margin"),
        ("economics.smallest_order", "111.12 USD", "111.11 USD", "margin"),
        ("economics.return_window", "10 days", "11 days", "short_hold"),
    ],
    "tiki-pets": [
        ("economics.margin", "22%", "21.99%", "margin"),
        ("economics.return_window", "30 days", "31 days", "short_hold"),
    ],
    "fitbit": [],  # as with harrys
    "airbnb": [
        ("economics.margin", "15%", "14.99%", "margin"),
        ("economics.smallest_order", "1300 USD", "1299.99 USD", "margin"),
        ("rewards.host_event.benefit.unit_cost", "30.00 USD", "30.01 USD", "margin"),
    ],
    "starbucks": [
        ("economics.margin", "40%", "39.99%", "margin"),
        ("economics.smallest_order", "3.34 USD", "3.33 USD", "margin"),
        ("rewards.friend_stars.benefit.unit_cost", "0.01 USD", "0.02 USD", "margin"),
    ],
    "netflix": [
        ("economics.margin", "30%", "29.99%", "margin"),
        ("economics.smallest_order", "60 USD", "59.99 USD", "margin"),
        ("rewards.free_month.benefit.unit_cost", "9.00 USD", "9.01 USD", "margin"),
    ],
    "amazon-associates": [
        ("economics.margin", "10%", "9.99%", "margin"),
        ("economics.return_window", "60 days", "61 days", "short_hold"),
    ],
    "per-visit": [
        ("economics.margin", "5%", "4.99%", "margin"),
        ("economics.return_window", "30 days", "31 days", "short_hold"),
    ],
    "kickstarter": [],  # what a project unlocks is spread over the referrals it took
    "anniversary": [
        ("economics.margin", "55%", "54.99%", "below_cost"),
        ("economics.return_window", "14 days", "15 days", "short_hold"),
    ],
    "spotify": [],  # paid by the month, for as long as a member stays
    "sephora": [
        ("economics.margin", "8%", "7.99%", "margin"),
        ("economics.smallest_order", "4.00 USD", "3.99 USD", "margin"),
        ("economics.return_window", "30 days", "31 days", "short_hold"),
        ("rewards.friend_points.benefit.unit_cost", "0.12 USD", "0.13 USD", "margin"),
    ],
    "tesla": [
        ("economics.margin", "1%", "0.99%", "margin"),
        ("economics.smallest_order", "1500 USD", "1499.99 USD", "margin"),
        ("rewards.unveiling.hold", "30 days", "29 days", "short_hold"),
        ("rewards.early_access.hold", "30 days", "29 days", "short_hold"),
        ("rewards.unveiling.benefit.unit_cost", "3000 USD", "3000.01 USD", "margin"),
    ],
    "red-bull": [],
    "top-five-club": [],
    "share-the-prize": [],
    "huckberry": [],  # places are won once
    "harrys": [],  # milestones are spread over many referrals: no single order carries them
}


@pytest.mark.parametrize("recipe", recipes())
def test_recipes_give_no_warning(recipe: str) -> None:
    assert lint(program_of(edited(read_program(recipe), {}))) == []
    for path, passes, warns, code in EDGES[recipe]:
        for value, expected in ((passes, []), (warns, [code])):
            program = program_of(edited(read_program(recipe), {path: value}))
            assert [warning.code for warning in lint(program)] == expected, (path, value)


# the published schema -------------------------------------------------------------------------------------------------


def accepts(schema: Tree, value: Any) -> bool:
    """Whether a value fits our JSON Schema."""
    return bool(Draft202012Validator(schema).is_valid(value))


NAMES = frozenset(
    [
        "steps",
        "measures",
        "budgets",
        "rewards",
        "fields",
        "asks",
        "options",
        "weights",
        "rows",
        "contests",
        "levels",
        "moments",
    ]
)
"""What holds names of the file's own choice."""


@cache
def published() -> Tree:
    """The schema, which is one itself."""
    schema = program_schema()
    Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize("recipe", recipes())
def test_the_published_schema_accepts_the_recipe(recipe: str) -> None:
    schema, tree = published(), edited(read_program(recipe), {})
    assert accepts(schema, tree)
    for path in _optional(tree, ()):
        node: Any = tree
        for part in path:
            node = node[part]
        if isinstance(node, dict) and path[-1] not in NAMES:
            assert not accepts(schema, _with(tree, (*path, "no such key"), 1)), path
    for key in ("goodword", "program", "currency", "time_zone", "steps", "rewards"):
        assert not accepts(schema, _without(tree, (key,))), key


def test_what_comes_again_is_said_to_be_counted_for_a_year() -> None:
    text = changed(("20.00 USD", "5.00 USD"), ("{step: bought}", "{step: bought, every: month, up_to: 24}"))
    (warning,) = lint(load_program(text))
    assert "cost 120.00 USD" in warning.message
    assert "counted for one year" in warning.message


def test_what_a_new_customer_may_cost_and_what_the_rewards_come_to() -> None:
    (warning,) = lint(load_program(SAFE + "target: {cost: 39 USD}\n"))
    assert warning.message == (
        "a new customer may cost 39.00 USD, and the rewards alone come to 40.00 USD on the smallest order"
    )
    text = changed(("20.00 USD", "1.60 USD"), ("{step: bought}", "{step: bought, every: month, up_to: 24}"))
    (warning,) = lint(load_program(text + "target: {cost: 38 USD}\n"))
    assert warning.message.endswith("come to 38.40 USD on the smallest order; what comes again is counted for one year")


def test_what_visits_can_cost_is_named() -> None:
    (warning,) = lint(load_program(SAFE + VISITS))
    assert "each partner may earn 100 points (1.00 USD) each day and 600 points (6.00 USD) each week" in warning.message
    (warning,) = lint(load_program(SAFE + VISITS.replace(", unit_cost: 0.01 USD", "")))
    assert "each partner may earn 100 points each day and 600 points each week" in warning.message
