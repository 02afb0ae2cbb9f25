"""So much for each whole part of what was spent: a point for each dollar, by category, up to a ceiling, and back again."""

from __future__ import annotations

import pytest

from goodword.program.loader import ProgramError, load_program
from tests.engine.world import World

FILE = """
goodword: 1
program: friends
currency: USD
time_zone: UTC
steps: {bought: {event: order}}
measures: {orders: {count: orders}}
budgets: {points: {amount: 100 points}}
rewards:
  points:
    when: {each: orders}
    to: advocate
    benefit: {kind: points, amount: {AMOUNT}}
"""
BY_TOTAL = "per: order.total, each: 5.00 USD, gives: 3 points"
BY_ITEM = (
    "per: order.items, each: 2.00 USD, table: {by: item.category, rows: {books: 4 points, shoes: 1 points}, otherwise: "
)


def world(amount: str) -> World:
    made = World(FILE.replace("AMOUNT", amount))
    made.join(1, "anna")
    return made


@pytest.mark.parametrize(
    ("amount", "total", "expected"),
    [
        (BY_TOTAL, 500, 3),
        (BY_TOTAL, 999, 3),
        (BY_TOTAL, 1000, 6),
        (BY_TOTAL + ", round: up", 1000, 6),
        (BY_TOTAL + ", round: up", 1001, 9),
        (BY_TOTAL + ", round: up", 1, 3),
        (BY_TOTAL + ", ceiling: 7 points", 2000, 7),
        (BY_TOTAL + ", ceiling: 7 points", 1000, 6),
    ],
)
def test_whole_parts_of_an_order_count(amount: str, total: int, expected: int) -> None:
    made = world(amount)
    made.tell(2, "order", "anna", order="o", total=total, currency="USD")
    assert made.reward("points").amount == expected


def test_less_than_one_part_is_nothing_to_pay() -> None:
    made = world(BY_TOTAL)
    assert "nothing_to_pay" in made.tell(2, "order", "anna", order="o", total=499, currency="USD")
    assert made.rewards() == []


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        # Books 3.99 USD, shoes 2.00 USD, toys 1.50 USD and 1.51 USD of nothing that was named.
        ("nothing}", 4 + 1),
        ("5 points}", 4 + 1 + 5),
        ("5 points}, round: up", 8 + 1 + 10),
        ("5 points}, ceiling: 6 points", 6),
    ],
)
def test_each_category_is_counted_on_its_own_and_the_rest_as_one(end: str, expected: int) -> None:
    made = world(BY_ITEM + end)
    items = [{"category": name, "total": total} for name, total in (("books", 399), ("shoes", 200), ("toys", 150))]
    made.tell(2, "order", "anna", order="o", total=900, currency="USD", items=items)
    assert made.reward("points").amount == expected


def test_a_smaller_order_earns_less() -> None:
    made = world(BY_TOTAL)
    made.tell(2, "order", "anna", order="o", total=1600, currency="USD")
    balance = f"balance:{made.reward('points').participant}"
    for day, back, amount in ((3, 100, 9), (4, 1, 6), (5, 500, 3), (6, 498, 3)):
        made.tell(day, "refund", order="o", amount=back)
        assert (made.reward("points").amount, made.balance(balance, "points")) == (amount, amount)
    made.tell(7, "refund", order="o", amount=2)
    assert (made.reward("points").status, made.balance(balance, "points")) == ("reversed", 0)


@pytest.mark.parametrize(
    ("amount", "more", "message"),
    [
        ("per: order.items, each: 1 USD, gives: 1 points", "", "write `gives` with `order.total`, or `table`"),
        ("per: order.total, each: 1 USD", "", "write `gives` with `order.total`, or `table`"),
        ("per: order.total, gives: 1 points", "", "`each` is missing"),
        ("per: order.total, each: 1 EUR, gives: 1 points", "", "this program counts in USD, not in EUR"),
        ("per: order.total, each: 0 USD, gives: 1 points", "", "must be more than nothing"),
        ("per: order.total, each: 1 USD, gives: 1 points, ceiling: 5 USD", "", "the ceiling has the unit"),
        (BY_ITEM + "1 stars}", "", "all rows of a table have the same unit"),
        (BY_TOTAL, "    budget: points\n", "a share out of a budget needs a `ceiling`"),
        (BY_TOTAL, "    caps: [{per: participant, amount: 5 USD}]\n", "in the unit of the reward, points"),
    ],
)
def test_what_cannot_be_counted_is_refused(amount: str, more: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        load_program(FILE.replace("AMOUNT", amount).lstrip() + more)


@pytest.mark.parametrize("when", ["{reaches: orders, at: 2}", "{step: claimed}"])
def test_there_has_to_be_an_order(when: str) -> None:
    with pytest.raises(ProgramError, match="a share of an order"):
        load_program(FILE.replace("AMOUNT", BY_TOTAL).replace("{each: orders}", when).lstrip())
