"""Costs over days and programs: every split adds up, to the last cent, and nobody is favoured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.metrics.costs import (
    DAYS_MAX,
    KINDS,
    Cost,
    CostError,
    InForce,
    Span,
    Total,
    check_program,
    content_id,
    faults,
    month_days,
    part,
    periods,
    shares,
    totals,
)

NEW_YEAR = date(2026, 1, 1)
DAY = timedelta(days=1)


def cost(amount: int = 120_000, first: date = NEW_YEAR, last: date = date(2026, 12, 31), **more: object) -> Cost:
    given = {"id": "c", "program": "demo", "kind": "software", "currency": "USD"} | more
    return Cost(first_day=first, last_day=last, amount=amount, **given)  # type: ignore[arg-type]


def split(one: Cost, cuts: Sequence[int]) -> list[tuple[date, date]]:
    """The days of a cost, cut behind some of them."""
    edges = sorted({0, one.days, *(cut % one.days for cut in cuts)})
    return [(one.first_day + a * DAY, one.first_day + (b - 1) * DAY) for a, b in pairwise(edges)]


# cases ----------------------------------------------------------------------------------------------------------------

PARTS = {
    "all of it": (120_000, "2026-01-01", "2026-12-31", 120_000),
    "one day of a year": (120_000, "2026-01-01", "2026-01-01", 328),
    "January": (120_000, "2026-01-01", "2026-01-31", 10_191),
    "the days around it": (120_000, "2025-01-01", "2027-12-31", 120_000),
    "days before it": (120_000, "2025-01-01", "2025-12-31", 0),
    "days after it": (120_000, "2027-01-01", "2027-01-31", 0),
    "one cent, before its day": (1, "2026-01-01", "2026-12-30", 0),
    "one cent, on its day": (1, "2026-12-31", "2026-12-31", 1),
    "days in the wrong order": (120_000, "2026-02-01", "2026-01-01", 0),
    "the largest amount there is": (10**15, "2026-01-01", "2026-06-30", 10**15 * 181 // 365),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_falls_on_some_days(name: str) -> None:
    amount, first, last, expected = PARTS[name]
    assert part(cost(amount), date.fromisoformat(first), date.fromisoformat(last)) == expected


def days(text: str) -> list[Span]:
    """Spans as `1-3 5- ` of January 2026."""
    spans = []
    for word in text.split():
        first, _, last = word.partition("-")
        spans.append(Span(date(2026, 1, int(first)), date(2026, 1, int(last)) if last else None))
    return spans


SHARES: dict[str, tuple[int, dict[str, str], dict[str | None, int]]] = {
    # ten days, and on which of them each program was in force
    "one program": (1000, {"a": "1-"}, {"a": 1000}),
    "two all the time": (1000, {"a": "1-", "b": "1-"}, {"a": 500, "b": 500}),
    "three, and a cent that does not divide": (1000, {"a": "1-", "b": "1-", "c": "1-"}, {"a": 334, "b": 333, "c": 333}),
    "a second one from the sixth day on": (1000, {"a": "1-", "b": "6-"}, {"a": 750, "b": 250}),
    "one paused for three days": (1000, {"a": "1-", "b": "1-3 7-"}, {"a": 650, "b": 350}),
    "none before the fifth day": (1000, {"a": "5-"}, {"a": 600, None: 400}),
    "none after the fifth day": (1000, {"a": "1-5"}, {"a": 500, None: 500}),
    "none at all": (1000, {}, {None: 1000}),
    "one that was in force on other days": (1000, {"a": "11-"}, {None: 1000}),
    "one cent": (1, {"a": "1-", "b": "1-"}, {"a": 1}),
    "two cents": (2, {"a": "1-", "b": "1-"}, {"a": 1, "b": 1}),
    "a cent every other day": (5, {"a": "1-", "b": "1-"}, {"a": 3, "b": 2}),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_cost_of_the_business_is_shared_over_programs(name: str) -> None:
    amount, spans, expected = SHARES[name]
    in_force = {program: days(text) for program, text in spans.items()}
    shared = cost(amount, NEW_YEAR, date(2026, 1, 10), program=None)
    assert shares(shared, NEW_YEAR, date(2026, 1, 31), in_force) == expected


def test_a_cost_of_a_program_is_its_own_whoever_is_in_force() -> None:
    in_force = {"demo": days("5-6"), "other": days("1-")}
    assert shares(cost(365), NEW_YEAR, date(2026, 1, 10), in_force) == {"demo": 10}
    assert shares(cost(365), date(2025, 1, 1), date(2025, 1, 10), in_force) == {}


def test_totals_by_month_and_by_year() -> None:
    costs = [
        cost(1200, date(2026, 10, 1), date(2026, 11, 30), program=None, kind="promotion"),
        cost(3000, date(2026, 10, 1), date(2026, 10, 31)),
        cost(500, date(2026, 10, 5), date(2026, 10, 5), currency="EUR", program=None),
    ]
    in_force = {"demo": [Span(date(2026, 11, 1))]}
    first, last = date(2026, 10, 1), date(2026, 12, 31)
    assert totals(costs, first, last, in_force) == [
        Total("2026-10", "demo", "USD", {"software": 3000}),
        Total("2026-10", None, "EUR", {"software": 500}),
        Total("2026-10", None, "USD", {"promotion": 609}),
        Total("2026-11", "demo", "USD", {"promotion": 591}),
    ]
    yearly = totals(costs, first, last, in_force, "year")
    assert [(one.period, one.program, one.currency, one.amount) for one in yearly] == [
        ("2026", "demo", "USD", 3591),
        ("2026", None, "EUR", 500),
        ("2026", None, "USD", 609),
    ]
    assert list(yearly[0].kinds) == ["software", "promotion"]
    assert totals(costs, date(2027, 1, 1), date(2027, 12, 31), in_force) == []


def test_months_and_years_of_some_days() -> None:
    assert list(periods(date(2026, 1, 30), date(2026, 3, 1), "month")) == [
        ("2026-01", date(2026, 1, 30), date(2026, 1, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2026-03", date(2026, 3, 1), date(2026, 3, 1)),
    ]
    assert [name for name, *_ in periods(date(2024, 12, 31), date(2026, 1, 1), "year")] == ["2024", "2025", "2026"]
    assert month_days("2028-02") == (date(2028, 2, 1), date(2028, 2, 29))
    assert month_days("2026-12") == (date(2026, 12, 1), date(2026, 12, 31))
    for wrong in ("2026", "2026-13", "2026-1", "2026-W10", "2026-010", "", "october"):
        with pytest.raises(ValueError, match="a month such as 2026-10"):
            month_days(wrong)


FAULTS = {
    "sound": ({}, []),
    "nothing": ({"amount": 0}, ["amount"]),
    "too much": ({"amount": 10**15 + 1}, ["amount"]),
    "no currency": ({"currency": "EURO"}, ["currency"]),
    "upside down": ({"last": date(2025, 12, 31)}, ["last_day"]),
    "too long": ({"last": NEW_YEAR + DAYS_MAX * DAY}, ["last_day"]),
    "just not too long": ({"last": NEW_YEAR + (DAYS_MAX - 1) * DAY}, []),
    "another century": ({"first": date(202, 1, 1), "last": date(202, 1, 1)}, ["first_day", "last_day"]),
    "a note that is a letter": ({"note": "x" * 201}, ["note"]),
    "a note of two lines": ({"note": "a\nb"}, ["note"]),
    "a note with an escape": ({"note": "\x1b[2J"}, ["note"]),
    "no id": ({"id": ""}, ["id"]),
    "an id that an address would cut": ({"id": "ads/may"}, ["id"]),
    "an id that an address would drop": ({"id": ".."}, ["id"]),
    "an id with a dot in it": ({"id": "ads.may"}, []),
    "a long id": ({"id": "i" * 61}, ["id"]),
    "an id with a space at its end": ({"id": "i "}, ["id"]),
    "several": ({"amount": -1, "currency": "", "note": "\n"}, ["amount", "currency", "note"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_entered(name: str) -> None:
    given, expected = FAULTS[name]
    assert [fault.field for fault in faults(cost(**given))] == expected  # type: ignore[arg-type]


def test_the_program_of_a_cost() -> None:
    check_program(cost(), {"demo": "USD"})
    check_program(cost(program=None, currency="EUR"), {"demo": "USD"})
    for changes, said in (
        ({"program": "dem"}, "program: no program is called `dem`; did you mean `demo`?"),
        ({"currency": "EUR"}, "currency: `demo` counts in USD, not in EUR"),
    ):
        with pytest.raises(CostError) as caught:
            check_program(cost(**changes), {"demo": "USD"})  # type: ignore[arg-type]
        assert str(caught.value) == said


def test_an_id_follows_from_what_is_said() -> None:
    one = cost()
    assert content_id(one) == content_id(cost(id="another", created_ms=7))
    others = [
        cost(amount=1),
        cost(program=None),
        cost(program="demo2"),
        cost(kind="other"),
        cost(first=date(2026, 1, 2)),
        cost(last=date(2026, 12, 30)),
        cost(currency="EUR"),
        cost(note="invoice 7"),
    ]
    assert len({content_id(one), *map(content_id, others)}) == 9
    assert list(faults(cost(id=content_id(one)))) == []


# properties -----------------------------------------------------------------------------------------------------------

COSTS = st.builds(
    lambda amount, start, length, program: cost(
        amount, NEW_YEAR + start * DAY, NEW_YEAR + (start + length) * DAY, program=program
    ),
    st.one_of(st.integers(1, 500), st.integers(1, 10**15)),
    st.integers(0, 60),
    st.integers(0, 500),
    st.sampled_from(["demo", None]),
)
SPANS = st.lists(
    st.tuples(st.integers(-30, 500), st.integers(0, 300), st.booleans()).map(
        lambda given: Span(NEW_YEAR + given[0] * DAY, None if given[2] else NEW_YEAR + (given[0] + given[1]) * DAY)
    ),
    max_size=3,
)
IN_FORCE = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), SPANS, max_size=4)
CUTS = st.lists(st.integers(0, 500), max_size=6)


@given(COSTS, CUTS)
def test_the_parts_of_any_split_sum_to_the_whole(one: Cost, cuts: list[int]) -> None:
    parts = [(part(one, *days), (days[1] - days[0]).days + 1) for days in split(one, cuts)]
    assert sum(units for units, _ in parts) == one.amount
    for units, length in parts:
        assert abs(units * one.days - one.amount * length) < one.days, "less than one unit from what the days ask for"


@given(COSTS, IN_FORCE, CUTS)
def test_the_shares_of_any_split_sum_to_those_of_the_whole(one: Cost, in_force: InForce, cuts: list[int]) -> None:
    whole = shares(one, one.first_day, one.last_day, in_force)
    sums: Counter[str | None] = Counter()
    for days in split(one, cuts):
        found = shares(one, *days, in_force)
        assert sum(found.values()) == part(one, *days)
        assert min(found.values(), default=1) > 0
        sums.update(found)
    assert dict(sums) == whole
    assert sum(whole.values()) == one.amount


@given(COSTS, IN_FORCE)
def test_it_is_what_dealing_cent_by_cent_gives(one: Cost, in_force: InForce) -> None:
    if one.amount > 500:
        return
    dealt: Counter[str | None] = Counter()
    units = 0
    for number in range(one.days):
        day = one.first_day + number * DAY
        there = sorted(
            name
            for name, spans in in_force.items()
            if any(span.first_day <= day and (span.last_day is None or day <= span.last_day) for span in spans)
        )
        names: list[str | None] = [one.program] if one.program else [*there] or [None]
        while units < one.amount * (number + 1) // one.days:
            dealt[names[units % len(names)]] += 1
            units += 1
    assert shares(one, one.first_day, one.last_day, in_force) == dict(dealt)


@given(COSTS, st.integers(1, 7), CUTS)
def test_nobody_is_favoured(one: Cost, count: int, cuts: list[int]) -> None:
    in_force = {f"p{number}": [Span(date(2020, 1, 1))] for number in range(count)}
    business = cost(one.amount, one.first_day, one.last_day, program=None)
    for first, last in split(business, cuts):
        found = shares(business, first, last, in_force)
        each = [found.get(name, 0) for name in in_force]
        assert max(each) - min(each) <= 1


@given(st.lists(COSTS, max_size=4), IN_FORCE, st.sampled_from(["month", "year"]))
def test_totals_add_up(costs: list[Cost], in_force: InForce, per: str) -> None:
    found = totals(costs, date(2020, 1, 1), date(2030, 12, 31), in_force, per)  # type: ignore[arg-type]
    assert sum(one.amount for one in found) == sum(one.amount for one in costs)
    assert {kind for one in found for kind in one.kinds} <= set(KINDS)
    assert len({(one.period, one.program, one.currency) for one in found}) == len(found)
