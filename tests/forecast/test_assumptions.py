"""The file of assumptions: what is read, what is taken where nothing is stated, and every mistake with its place."""

import pytest

from goodword.forecast import published
from goodword.forecast.assumed import Assumed
from goodword.forecast.assumptions import all_figures
from goodword.program.loader import ProgramError, load_program
from tests.forecast.making import ASSUMPTIONS, PROGRAM, assumptions, changed, program

NEEDY = changed(
    PROGRAM,
    {
        "steps:\n": "fields: {plan: {of: person, type: text}, big: {of: order, type: boolean}, size: {of: order, type: integer}}\n"
        "activities: [opened, praised]\nmeasures: {praise: {count: activities, activity: praised}}\nsteps:\n",
        "purchase: {event: order}": "purchase: {event: order, where: {friend.plan: gold, friend.country: RO}}\n"
        "  opening: {event: activity, activity: opened, after: purchase}",
    },
)


def problems(text: str, of: str = PROGRAM) -> list[str]:
    with pytest.raises(ProgramError) as caught:
        assumptions(load_program(of), text)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("joins: 8 - 15%", "6:1: joins: write a percentage with its sign, such as `25%`"),
        ("joins: 15% - 8%", "6:1: joins: a range begins with its lower end"),
        ("joins: 5% - 8% - 9%", "6:1: joins: a range has two ends, such as `8% - 15%`"),
        ("joins: 120%", "6:1: joins: must be at most 100%"),
        ("joins: {value: 5%, sauce: me}", "6:1: joins: unknown key `sauce`; did you mean `source`?"),
        ("joins: {source: me}", "6:1: joins: `value` is missing"),
        ("joins: {value: 5%, source: 7}", "6:1: joins: `source` is a text of 1 to 300 characters"),
        ("joiners: 5%", "6:1: joiners: unknown key `joiners`; did you mean `joins`?"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_reason(line: str, told: str) -> None:
    assert told in problems(changed(ASSUMPTIONS, {"joins: 40% - 80%": line}))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("assumptions: 1\n", "goodword: 1\n", "1:1: assumptions: the first line of a file of assumptions is `assumptions: 1`"),
        ("months: 2", "months: 99", "months: Input should be less than or equal to 36"),
        ("customers: 30 - 60", "customers: many", "customers: write a whole number or a range such as `200 - 400`"),
        ("newcomers: 5", "newcomers: 9_999_999", "newcomers: must be from 0 to 1000000"),
        ("join: 3 days", "join: soon", "pace.join: write a whole number of minutes, hours, days or weeks"),
        ("tail: 1.6", "tail: steep", "friends.tail: write a number with at most two decimals"),
        ("30.00 USD - 50.00 USD", "30.00 RON", "orders.value: this program counts in USD, not in RON"),
        ("purchase: 30% - 50%", "purchace: 30%", "steps.purchace: no step is called `purchace`; did you mean `purchase`?"),
    ],
)  # fmt: skip
def test_every_value_is_checked(before: str, after: str, told: str) -> None:
    assert any(told in problem for problem in problems(changed(ASSUMPTIONS, {before: after})))


def test_all_problems_come_at_once() -> None:
    told = problems("assumptions: 1\nstarts: 2027-01-01\nmonths: 1\njoins: all\nshares: 5\n")
    assert [line.split(" ", 1)[1].partition(":")[0] for line in told] == [
        "friends",
        "pace",
        "rewards",
        "joins",
        "shares",
    ]


def test_what_the_program_asks_for_is_named() -> None:
    told = problems(changed(ASSUMPTIONS, {"steps: {purchase: 30% - 50%}": "steps: {}"}).replace("orders:", "#"), NEEDY)
    assert [problem.split(": ", 1)[1] for problem in sorted(told)] == [
        "activities.praised: measure `praise` has no assumption: of the advocates, how many do `praised`?",
        "fields.country: step `purchase` looks at `country`: write how many have which",
        "fields.plan: step `purchase` looks at `plan`: write how many have which",
        "orders: step `purchase` is an order: write in `orders` what orders are worth",
        "steps.opening: step `opening` has no assumption: of those who reached `purchase`, how many do `opened`?",
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("{plan: 30%}", "write each text with how many have it"),
        ("{plan: {gold: 80%, green: 30%}}", "together they are more than 100%"),
        ("{big: 3}", "write how many have it, such as `30%`"),
        ("{size: 30%}", "write a range such as `10 - 50`"),
        ("{flan: 30%}", "no field is called `flan`; did you mean `plan`?"),
    ],
)
def test_fields_are_of_their_kind(fields: str, told: str) -> None:
    assert any(told in problem for problem in problems(f"{ASSUMPTIONS}fields: {fields}\n", NEEDY))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("steps:\n", "attribution: {evidence: [click]}\nsteps:\n", "accepts clicks alone"),
        ("steps:\n", "groups: {}\nsteps:\n", "does not invent groups yet"),
        ("when: {step: purchase}", "when: {step: claimed}", "of those who are invited, how many claim it?"),
    ],
)
def test_what_no_forecast_can_play_is_refused(before: str, after: str, told: str) -> None:
    assert any(told in problem for problem in problems(ASSUMPTIONS, changed(PROGRAM, {before: after})))


def test_somebody_has_to_be_there() -> None:
    empty = changed(ASSUMPTIONS, {"customers: 30 - 60": "customers: 0", "newcomers: 5": "newcomers: 0"})
    assert problems(empty) == ["4:1: customers: nobody is there: write how many `customers` or `newcomers` there are"]


def test_what_is_not_stated_was_published_or_is_nothing() -> None:
    demo = program()
    found = assumptions(demo, shares="", steps="", fraud="", friends="{most: 9}", orders="{value: 40.00 USD}")
    rows = {row.path: row for row in all_figures(found, demo.model)}
    assert {
        path: rows[path].figure for path in ("shares", "again", "friends.tail", "orders.refunds", "fraud.invented")
    } == {
        "shares": published.SHARES,
        "again": published.AGAIN,
        "friends.tail": published.TAIL,
        "orders.refunds": published.REFUNDS,
        "fraud.invented": published.INVENTED,
    }
    assert (rows["steps.purchase"].figure, rows["steps.purchase"].stated) == (published.CONVERTS, False)
    assert [path for path, row in rows.items() if row.figure is None] == [
        "orders.spread", "orders.monthly", "fraud.self_referrals",
    ]  # fmt: skip
    assert all(
        row.stated or row.figure is None or row.figure.source or row.path in ("newcomers",) for row in rows.values()
    )


def test_what_is_stated_stands_with_its_source() -> None:
    demo = program()
    found = assumptions(demo, shares="{value: 8% - 15%, source: our newsletter}", customers="1_000")
    assert found.shares == Assumed("share", 800, 1500, "our newsletter")
    assert found.customers == Assumed("count", 1000, 1000)
