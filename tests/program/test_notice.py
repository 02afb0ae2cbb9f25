"""What a new version takes away from advocates: cases, and every key of the language in the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from demo.cases import as_text, edited, read_program, recipes
from goodword.program.benefits import Ask
from goodword.program.duration import DAY_MS
from goodword.program.loader import Program, load_program
from goodword.program.model import FieldDeclaration, Limit, ProgramFile, Protection
from goodword.program.notice import NoticeNeeded, check_notice, compared, taken_away
from goodword.program.part import Part

NOW_MS = 1_780_000_000_000
HARMLESS = {
    "Economics",
    "Target",
    "Landing",
    FieldDeclaration.__name__,
    Protection.__name__,
    Limit.__name__,
    Ask.__name__,
    "Asking",
    "Moment",
    "OwnCode",
}
"""Parts of keys that may change at once, whatever stands in them, and those that are compared as wholes."""
WHOLE = {"Rates", "Gains", "Rows", "Stage", "Places", "Expiry", "PostalAddress"}


SMALL = """goodword: 1
program: small
currency: USD
time_zone: UTC
fields:
  plan: {of: person, type: text}
activities: [reviewed]
audience: {advocate: {advocate.customer: true}}
attribution: {window: 30 days, evidence: [code, claim]}
steps:
  bought: {event: order, where: {order.total: {at_least: 50 USD}}, within: 20 days}
measures:
  friends: {count: referrals, step: bought}
budgets:
  main: {amount: 1000 USD}
rewards:
  welcome: {when: {step: claimed}, to: friend, benefit: {kind: coupon, percent_off: 10%}}
  credit:
    when: {step: bought}
    to: advocate
    benefit: {kind: credit, amount: 20 USD}
    hold: 14 days
    expires: {after: 90 days, notice: 7 days}
    caps: [{per: participant, period: month, count: 5}]
    budget: main
  share:
    when: {step: bought}
    to: advocate
    benefit: {kind: cash, amount: {percent_of: order.total, percent: 10%, ceiling: 30 USD}}
  five:
    when: {reaches: friends, at: 5}
    to: advocate
    benefit: {kind: credit, amount: 50 USD}
"""

CASES = [
    # what is written instead of what, and what is taken away
    ("amount: 20 USD", "amount: 19 USD", ["rewards.credit.benefit.amount"]),
    ("amount: 20 USD", "amount: 21 USD", []),
    ("kind: credit, amount: 20 USD", "kind: cash, amount: 20 USD", ["rewards.credit.benefit.kind"]),
    ("percent: 10%", "percent: 9%", ["rewards.share.benefit.amount.percent"]),
    ("percent: 10%", "percent: 11%", []),
    ("ceiling: 30 USD", "ceiling: 20 USD", ["rewards.share.benefit.amount.ceiling"]),
    (", ceiling: 30 USD", "", []),
    ("{percent_of: order.total, percent: 10%, ceiling: 30 USD}", "15 USD", ["rewards.share.benefit.amount"]),
    ("hold: 14 days", "hold: 15 days", ["rewards.credit.hold"]),
    ("hold: 14 days", "hold: 1 day", []),
    ("after: 90 days", "after: 30 days", ["rewards.credit.expires"]),
    ("{after: 90 days, notice: 7 days}", "90 days", ["rewards.credit.expires"]),
    ("    expires: {after: 90 days, notice: 7 days}\n", "", []),
    ("count: 5}", "count: 4}", ["rewards.credit.caps"]),
    ("count: 5}", "count: 6}", []),
    ("period: month, count: 5}", "period: year, count: 60}", ["rewards.credit.caps"]),
    ("    caps: [{per: participant, period: month, count: 5}]\n", "", []),
    ("    budget: main\n", "", []),
    ("amount: 1000 USD", "amount: 900 USD", ["budgets.main.amount"]),
    ("at: 5}", "at: 6}", ["rewards.five.when.at"]),
    ("at: 5}", "at: 4}", []),
    ("at_least: 50 USD", "at_least: 60 USD", ["steps.bought.where"]),
    (", where: {order.total: {at_least: 50 USD}}", "", []),
    ("within: 20 days", "within: 10 days", ["steps.bought.within"]),
    ("window: 30 days", "window: 20 days", ["attribution.window"]),
    ("window: 30 days", "window: 40 days", []),
    ("evidence: [code, claim]", "evidence: [code]", ["attribution.evidence"]),
    ("evidence: [code, claim]", "evidence: [code, claim, staff]", []),
    ("audience: {advocate: {advocate.customer: true}}\n", "", []),
    ("advocate.customer: true", "advocate.customer: true, advocate.plan: gold", ["audience.advocate"]),
    ("percent_off: 10%", "percent_off: 5%", []),  # what friends get is a promise to friends
    ("to: friend, benefit", "to: both, benefit", []),
    ("program: small\n", "program: small\nnotice: 10 days\n", ["notice"]),
    ("program: small\n", "program: small\nprotection: {device: refuse}\n", []),
    ("program: small\n", "program: small\ntarget: {customers: 10, cost: 90 USD}\n", []),
    ("program: small\n", "program: small\nnotice: 40 days\npriority: 5\n", []),
    ("  five:\n", "  ten:\n", ["rewards.five"]),
    ("kind: cash, amount: {percent_of: order.total,", "kind: cash, amount: {round: up, percent_of: order.total,", []),
]
TABLE = SMALL.replace(
    "amount: 20 USD", "amount: {table: {by: advocate.plan, rows: {gold: 20 USD}, otherwise: 10 USD}, read_at: claim}"
)
ROWS = [
    ("{gold: 20 USD}", "{gold: 20 USD, new: 12 USD}", []),
    ("{gold: 20 USD}", "{gold: 20 USD, new: 9 USD}", ["rewards.credit.benefit.amount.table.rows.new"]),
    ("{gold: 20 USD}, otherwise: 10 USD", "{new: 10 USD}, otherwise: 20 USD", []),
    ("{gold: 20 USD}", "{silver: 10 USD}", ["rewards.credit.benefit.amount.table.rows.gold"]),
    ("otherwise: 10 USD", "otherwise: nothing", ["rewards.credit.benefit.amount.table.otherwise"]),
]
"""Who has no row of his own has what others have."""


@pytest.mark.parametrize(("before", "after", "taken"), CASES, ids=[f"{case[0]} -> {case[1]}" for case in CASES])
def test_what_is_taken_away(before: str, after: str, taken: list[str]) -> None:
    assert SMALL.count(before) == 1
    assert taken_away(load_program(SMALL, 1), load_program(SMALL.replace(before, after), 2), NOW_MS) == taken


@pytest.mark.parametrize(("before", "after", "taken"), ROWS)
def test_rows_of_a_table(before: str, after: str, taken: list[str]) -> None:
    assert TABLE.count(before) == 1
    assert taken_away(load_program(TABLE, 1), load_program(TABLE.replace(before, after), 2), NOW_MS) == taken


def test_the_notice_that_the_version_in_force_promises() -> None:
    old, new = load_program(SMALL, 1), load_program(SMALL.replace("20 USD", "19 USD"), 2)
    for at_ms in (None, NOW_MS, NOW_MS + 30 * DAY_MS - 1):
        with pytest.raises(NoticeNeeded) as found:
            check_notice(old, new, NOW_MS, at_ms)
        assert found.value.earliest_ms == NOW_MS + 30 * DAY_MS
    check_notice(old, new, NOW_MS, NOW_MS + 30 * DAY_MS)
    check_notice(new, old, NOW_MS, None)
    at_will = load_program(SMALL.replace("program: small\n", "program: small\nnotice: 0 days\n"), 1)
    check_notice(at_will, new, NOW_MS, None)


def test_a_contest_that_is_over_takes_nothing_away() -> None:
    tree = read_program("tesla")
    (contest, *_) = tree["contests"]
    old = load_program(as_text(tree), 1)
    prizes = [name for name, rule in tree["rewards"].items() if rule["when"].get("contest") == contest]
    file = edited(tree, {})
    del file["contests"][contest]
    for name in prizes:
        del file["rewards"][name]
    new = load_program(as_text(file), 2)
    over_ms = NOW_MS + 3660 * DAY_MS
    assert {f"contests.{contest}", *(f"rewards.{name}" for name in prizes)} <= set(taken_away(old, new, 0))
    assert not [path for path in taken_away(old, new, over_ms) if contest in path or path.split(".")[1] in prizes]


@pytest.fixture(scope="module")
def programs() -> list[Program]:
    return [load_program(as_text(read_program(recipe)), 1) for recipe in recipes()]


def test_a_program_takes_nothing_from_itself_and_all_from_another(programs: list[Program]) -> None:
    """Whatever is changed into whatever: comparing comes to an end, and what is gone is named."""
    for old in programs:
        theirs = {f"rewards.{name}" for name, rule in old.model.rewards.items() if rule.to != "friend"}
        for new in programs:
            taken = taken_away(old, new, 0)
            if new is old:
                assert taken == []
            else:
                assert {f"rewards.{name}" for name in new.model.rewards} & theirs | set(taken) >= theirs


def parts(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if issubclass(annotation, Part):
            yield annotation
    else:
        for inner in get_args(annotation):
            yield from parts(inner)


def all_parts() -> dict[str, type[Part]]:
    found: dict[str, type[Part]] = {}
    left: list[type[Part]] = [ProgramFile]
    while left:
        part = left.pop()
        if part.__name__ not in found:
            found[part.__name__] = part
            left += [inner for field in part.model_fields.values() for inner in parts(field.annotation)]
            left += [inner for field in part.model_fields.values() for meta in field.metadata for inner in parts(meta)]
    return found


@pytest.mark.parametrize("part", sorted(all_parts().keys() - HARMLESS - WHOLE))
def test_every_key_of_the_language_is_compared(part: str) -> None:
    """A key that is missing here would be changed at an advocate's cost without notice: give it a row in notice.py."""
    kind = all_parts()[part]
    assert compared(kind) == set(kind.model_fields)
