"""Reading a program file: every problem at once, each where it stands and with what to do about it."""

from pathlib import Path

import msgspec
import pytest
from ruamel.yaml import YAML

from goodword.program.loader import (
    DEPTH_MAX,
    FILE_BYTES_MAX,
    PROBLEMS_MAX,
    ProgramError,
    document,
    load_program,
    program_of,
)
from goodword.program.model import DEPTH_WORDS, NOT_YET, WRITTEN_AS, ProgramFile

FILE = """\
goodword: 1
program: sample
currency: USD
time_zone: Europe/Bucharest
steps:
  bought: {event: order}
rewards:
  credit:
    when: {step: bought}
    to: advocate
    benefit: {kind: credit, amount: 20.00 USD}
"""
ROOT = Path(__file__).parents[2]
FILES = [*sorted(ROOT.glob("programs/*/program.yaml")), *sorted(ROOT.glob("tests/samples/*.yaml"))]
Found = tuple[int, int, str, str]
DEPTH = "only the direct referral is rewarded: reward depth beyond one is refused"


def problems(text: str) -> list[Found]:
    with pytest.raises(ProgramError) as caught:
        load_program(text)
    return [(p.line, p.column, p.path, p.message) for p in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert FILE.count(old) == 1, old
    return FILE.replace(old, new)


def test_the_file_of_these_tests_is_sound() -> None:
    program = load_program(FILE, version=3)
    assert (program.name, program.version) == ("sample", 3)
    assert program.place("rewards.credit.benefit.amount") == "11:29"
    assert program.place("rewards.credit.caps.0") == "8:3", "the nearest part that the file spells out"
    assert program.place("protection.device") == "1:1"
    assert load_program(FILE + "# a comment\n").digest != program.digest


# what is not a program file at all

NOT_YAML: dict[str, tuple[str, Found]] = {
    "empty": ("", (1, 1, "", "a program file is a mapping that begins with `goodword: 1`")),
    "a list": ("- goodword: 1", (1, 1, "", "a program file is a mapping that begins with `goodword: 1`")),
    "another first key": (
        FILE.removeprefix("goodword: 1\n") + "goodword: 1\n",
        (1, 1, "goodword", "the first line of a program file is `goodword: 1`"),
    ),
    "a tab": ("goodword: 1\n\tx: 1", (2, 1, "", "not YAML: found character '\\t' that cannot start any token")),
    "a control character": (
        FILE + "\x00",
        (1, 1, "", "not YAML: unacceptable character #x0000: special characters are not allowed"),
    ),
    "two documents": (FILE + "---\nx: 1\n", (12, 1, "", "not YAML: but found another document")),
    "a key twice": (
        FILE + "program: other\n",
        (12, 1, "", 'not YAML: found duplicate key "program" with value "other" (original value: "sample")'),
    ),
    "a key twice, inside": (
        changed("    to: advocate\n", "    to: advocate\n    to: friend\n"),
        (11, 5, "", 'not YAML: found duplicate key "to" with value "friend" (original value: "advocate")'),
    ),
    "a key twice, once as a number": (
        FILE + "x: {1: a, '1': b}\n",
        (12, 11, "", 'not YAML: found duplicate key "1" with value "b" (original value: "a")'),
    ),
    "a number without digits": (FILE + "x: +_\n", (1, 1, "", "not YAML: invalid literal for int() with base 10: ''")),
    "an anchor": (
        changed("{step: bought}", "&a {step: bought}"),
        (9, 11, "", "anchors and aliases are not used in a program file"),
    ),
    "an alias": (FILE + "x: *a\n", (12, 4, "", "anchors and aliases are not used in a program file")),
    "too deep": (
        FILE + "x: " + "[" * 25 + "]" * 25,
        (12, 3 + DEPTH_MAX, "", f"nested deeper than {DEPTH_MAX}"),
    ),
    "too large": (
        FILE + "#" * FILE_BYTES_MAX,
        (1, 1, "", f"a program file has at most {FILE_BYTES_MAX} bytes"),
    ),
}


@pytest.mark.parametrize("name", NOT_YAML)
def test_not_a_program_file(name: str) -> None:
    text, expected = NOT_YAML[name]
    assert problems(text) == [expected]


def test_a_bomb_of_brackets_is_refused_at_once() -> None:
    assert problems("goodword: " + "[" * 100_000)[0][3] == f"nested deeper than {DEPTH_MAX}"


# what is wrong in a program file

WRONG: dict[str, tuple[str, Found]] = {
    "a misspelt key": (
        changed("    to: advocate", "    hodl: 3 days\n    to: advocate"),
        (10, 5, "rewards.credit.hodl", "unknown key `hodl`; did you mean `hold`?"),
    ),
    "a missing key": (changed("    to: advocate\n", ""), (8, 3, "rewards.credit.to", "`to` is missing")),
    "a misspelt step": (
        changed("{step: bought}", "{step: bouhgt}"),
        (9, 12, "rewards.credit.when.step", "no step or claimed is called `bouhgt`; did you mean `bought`?"),
    ),
    "a misspelt word": (
        changed("kind: credit", "kind: credits"),
        (11, 15, "rewards.credit.benefit.kind", "`credits` is not possible here; did you mean `credit`?"),
    ),
    "an unknown measure": (
        changed("{step: bought}", "{reaches: friends, at: 5}"),
        (9, 12, "rewards.credit.when.reaches", "no measure is called `friends`; none is declared in this file"),
    ),
    "a currency": (
        changed("currency: USD", "currency: USDX"),
        (3, 1, "currency", "not a currency code of ISO 4217, such as USD, RON or SAR"),
    ),
    "a time zone": (
        changed("Bucharest", "Bucarest"),
        (4, 1, "time_zone", "not a time zone of the IANA database; did you mean `Europe/Bucharest`?"),
    ),
    "another currency": (
        changed("20.00 USD", "20.00 EUR"),
        (11, 5, "rewards.credit.benefit", "a credit is counted in USD"),
    ),
    "a duration": (
        FILE + "attribution: {window: 30}\n",
        (12, 15, "attribution.window", "write a whole number of minutes, hours, days or weeks, such as `30 days`"),
    ),
    "a misspelt attribute": (
        FILE + "audience: {friend: {friend.contry: RO}}\n",
        (
            12,
            21,
            "audience.friend.friend.contry",
            "no attribute is called `friend.contry`; did you mean `friend.country`?",
        ),
    ),
    "a comparison": (
        FILE + "audience: {friend: {friend.country: {at_least: RO}}}\n",
        (
            12,
            38,
            "audience.friend.friend.country.at_least",
            "`friend.country` `at_least`: cannot be compared like this; known: in, is, is_not, not_in",
        ),
    ),
    "an evidence twice": (
        FILE + "attribution: {evidence: [code, code]}\n",
        (12, 1, "attribution", "name each kind of evidence once"),
    ),
    "an activity at an order": (
        changed("{event: order}", "{event: order, activity: visit}") + "activities: [visit]\n",
        (6, 3, "steps.bought", "`activity` names the activity of `event: activity`, and only of that"),
    ),
    "a milestone for the friend": (
        changed("{step: bought}", "{reaches: n, at: 5}").replace("to: advocate", "to: both")
        + "measures: {n: {count: referrals, step: bought}}\n",
        (
            8,
            3,
            "rewards.credit",
            "a measure counts for the advocate: such a reward goes `to: advocate`",
        ),
    ),
    "a percentage of nothing": (
        changed("{step: bought}", "{step: claimed}").replace("20.00 USD", "{percent_of: order.total, percent: 5%}"),
        (11, 29, "rewards.credit.benefit.amount", "a share of an order, and its step is not an order"),
    ),
    "a cap of nothing": (
        changed("    to: advocate", "    caps: [{per: participant}]\n    to: advocate"),
        (10, 12, "rewards.credit.caps.0", "write `count` or `amount`"),
    ),
    "a cap in another unit": (
        changed("    to: advocate", "    caps: [{per: participant, amount: 5 MB}]\n    to: advocate"),
        (8, 3, "rewards.credit", "a cap by amount is counted in the unit of the reward, USD"),
    ),
    "a budget in another unit": (
        changed("    to: advocate", "    budget: b\n    to: advocate") + "budgets: {b: {amount: 5 MB}}\n",
        (
            8,
            3,
            "rewards.credit",
            "the budget is counted in MB, the reward in USD; give the benefit a `unit_cost`",
        ),
    ),
    "a budget without a ceiling": (
        changed("    to: advocate", "    budget: b\n    to: advocate").replace(
            "20.00 USD", "{percent_of: order.total, percent: 5%}"
        )
        + "budgets: {b: {amount: 5 USD}}\n",
        (
            8,
            3,
            "rewards.credit",
            "a share out of a budget needs a `ceiling`: the most that must be set aside for it",
        ),
    ),
    "an activity at a moment of an order": (
        FILE + "ask: {moments: {m: {event: order, activity: visit}}}\n",
        (12, 35, "ask.moments.m.activity", "no activity is called `visit`; none is declared in this file"),
    ),
    "a moment without its activity": (
        FILE + "ask: {moments: {m: {event: activity}}}\n",
        (12, 17, "ask.moments.m", "`activity` names the activity of `event: activity`, and only of that"),
    ),
    "an answer at a moment of an order": (
        FILE + "ask: {moments: {m: {event: order, recommend: 9}}}\n",
        (
            12,
            17,
            "ask.moments.m",
            "`recommend` says which answer of `event: survey` is high, and only of that: such as 9",
        ),
    ),
    "a survey without its answer": (
        FILE + "ask: {moments: {m: {event: survey}}}\n",
        (
            12,
            17,
            "ask.moments.m",
            "`recommend` says which answer of `event: survey` is high, and only of that: such as 9",
        ),
    ),
    "a survey that is counted": (
        FILE + "ask: {moments: {m: {event: survey, recommend: 9, nth: 2}}}\n",
        (12, 17, "ask.moments.m", "`nth` counts orders: it goes with `event: order`"),
    ),
    "a moment that never is": (
        FILE + "ask: {moments: {m: {event: order, within: 0 days}}}\n",
        (12, 35, "ask.moments.m.within", "Input should be greater than 0"),
    ),
    "half a day between two asks": (
        FILE + "ask: {every: 12 hours}\n",
        (12, 1, "ask", "`every` is a number of whole days, such as `30 days`"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_problem(name: str) -> None:
    text, expected = WRONG[name]
    assert problems(text) == [expected]


def test_every_problem_is_told_at_once() -> None:
    text = changed("{step: bought}", "{step: bouhgt}").replace("to: advocate", "to: advocat") + "attribtuion: {}\n"
    assert [(line, path) for line, _, path, _ in problems(text)] == [
        (9, "rewards.credit.when.step"),
        (10, "rewards.credit.to"),
        (12, "attribtuion"),
    ]


TARGET_SAYS = "write `customers` or `cost`, or both: a date alone is no target"
TARGETS = {
    "{}": (12, 1, "target", TARGET_SAYS),
    "{by: 2027-06-30}": (12, 1, "target", TARGET_SAYS),
    "{cost: 25 EUR}": (12, 10, "target.cost", "this program counts in USD, not in EUR"),
    "{cost: 0 USD}": (12, 10, "target.cost", "must be more than nothing"),
    "{customers: 0}": (12, 10, "target.customers", "Input should be greater than or equal to 1"),
    "{customers: 2.5}": (12, 10, "target.customers", "write a whole number"),
    "{customers: 5, until: 2027-06-30}": (12, 24, "target.until", "unknown key `until`; known: by, cost, customers"),
}


@pytest.mark.parametrize("written", TARGETS)
def test_a_target_that_cannot_be_measured(written: str) -> None:
    assert problems(f"{FILE}target: {written}\n") == [TARGETS[written]]


@pytest.mark.parametrize(
    "written", ["{customers: 500, cost: 25 USD, by: 2027-06-30}", "{customers: 1}", "{cost: 1 USD}"]
)
def test_a_target_decides_nothing(written: str) -> None:
    with_target = load_program(f"{FILE}target: {written}\n").model
    assert with_target.target is not None
    assert with_target.model_copy(update={"target": None}) == load_program(FILE).model


def test_the_number_of_problems_has_a_limit() -> None:
    assert len(problems(FILE + "".join(f"x{number}: 1\n" for number in range(500)))) == PROBLEMS_MAX


@pytest.mark.parametrize("key", sorted(NOT_YET))
@pytest.mark.parametrize("inside", [False, True])
def test_what_the_language_will_have_is_refused_by_name(key: str, inside: bool) -> None:
    text = changed("    to: advocate", f"    {key}: {{}}\n    to: advocate") if inside else f"{FILE}{key}: {{}}\n"
    assert [message for *_, message in problems(text)] == [f"`{key}` is not yet supported"]


@pytest.mark.parametrize(
    ("key", "edits"),
    {
        "stock": [
            ("    to: advocate", "    to: advocate\n    budget: roadsters"),
            ("20.00 USD", "1 roadster"),
            ("kind: credit", "kind: item"),
            ("rewards:", "budgets: {roadsters: {amount: 5 roadster}}\nrewards:"),
        ],
        "points": [
            ("20.00 USD", "100 points"),
            ("kind: credit", "kind: points"),
            (
                "rewards:",
                "rewards:\n  mug:\n    when: {exchange: 100 points}\n    to: advocate\n"
                "    benefit: {kind: item, amount: 1 mug}",
            ),
        ],
        "segments": [
            (
                "rewards:",
                "fields: {card: {of: person, type: text}}\naudience: {advocate: {advocate.card: gold}}\nrewards:",
            ),
            ("20.00 USD", "{table: {by: advocate.card, rows: {gold: 9.00 USD}, otherwise: nothing}}"),
        ],
    }.items(),
)
@pytest.mark.parametrize("inside", [False, True])
def test_what_is_written_otherwise_is_refused_with_what_to_write(
    key: str, edits: list[tuple[str, str]], inside: bool
) -> None:
    text = changed("    to: advocate", f"    {key}: {{}}\n    to: advocate") if inside else f"{FILE}{key}: {{}}\n"
    assert [message for *_, message in problems(text)] == [f"unknown key `{key}`: {WRITTEN_AS[key]}"]
    text = FILE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    load_program(text)


def test_every_idea_that_is_written_otherwise_has_its_example() -> None:
    assert WRITTEN_AS.keys() == {"stock", "points", "segments"}


@pytest.mark.parametrize("word", ["depth", "level", "levels", "upline", "downline", "multi_level", "generations"])
@pytest.mark.parametrize("inside", [False, True])
def test_reward_depth_is_refused(word: str, inside: bool) -> None:
    assert DEPTH_WORDS.match(word)
    text = changed("    to: advocate", f"    {word}: 2\n    to: advocate") if inside else f"{FILE}{word}: 2\n"
    assert DEPTH in [message for *_, message in problems(text)]


def test_an_equals_sign_is_a_text() -> None:
    assert problems(FILE + "landing: =\n") == problems(FILE + "landing: '='\n")


def test_a_name_of_ones_own_may_be_any_word() -> None:
    assert load_program(FILE.replace("bought", "level")).model.steps.keys() == {"level"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            changed("20.00 USD", "20.001 USD"),
            id="the problem of an amount is told once",
        ),
        pytest.param(
            FILE + "x:\n  <<: {a: 1}\n",
            id="a merge key",
        ),
        pytest.param(
            changed("goodword: 1", "goodword: true"),
            id="true is not 1",
        ),
        pytest.param(
            FILE + "audience: {friend: {advocate.country: RO}}\n",
            id="a condition on the wrong side",
        ),
        pytest.param(
            changed(
                "20.00 USD", "{schedule: [{since: 2026-02-01, amount: 1 USD}, {since: 2026-01-01, amount: 2 USD}]}"
            ),
            id="rows of a schedule out of order",
        ),
        pytest.param(
            changed("    to: advocate", "    depth: 2\n    to: advocate"),
            id="depth",
        ),
    ],
)
def test_each_problem_is_told_once_in_its_place(text: str) -> None:
    """One problem, at its place, in words of the file."""
    found = problems(text)
    assert len(found) == 1
    assert found[0][:2] != (1, 1) or "goodword" in found[0][2]
    assert "function-" not in found[0][2]
    assert found[0][2] != "rewards.credit.benefit"


def test_a_model_does_not_change_after_loading() -> None:
    model = load_program(FILE).model
    with pytest.raises(Exception, match="frozen"):
        model.priority = 5  # type: ignore[misc]
    assert isinstance(model, ProgramFile)


def test_json_is_a_program_file_too() -> None:
    plain = {
        "goodword": 1, "program": "sample", "currency": "USD", "time_zone": "Europe/Bucharest",
        "steps": {"bought": {"event": "order"}},
        "rewards": {"credit": {"when": {"step": "bought"}, "to": "advocate",
                               "benefit": {"kind": "credit", "amount": "20.00 USD"}}},
    }  # fmt: skip
    assert load_program(msgspec.json.encode(plain).decode()).model == load_program(FILE).model


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name if path.stem == "program" else path.stem)
def test_the_data_of_a_file_are_the_program_that_its_text_is(path: Path) -> None:
    """What the tests of many changes stand on, which change the data and have no text read."""
    program = load_program(path.read_text(encoding="utf-8"))
    made = program_of(document(program), version=4)
    assert (made.model, made.version, made.name) == (program.model, 4, program.name)
    assert load_program(made.text).model == program.model
    assert made.place("rewards") == "1:1"


@pytest.mark.parametrize("name", WRONG)
def test_data_are_refused_as_their_text_is(name: str) -> None:
    text, (_, _, path, message) = WRONG[name]
    with pytest.raises(ProgramError) as caught:
        program_of(YAML(typ="safe", pure=True).load(text))
    assert [(p.line, p.column, p.path, p.message) for p in caught.value.problems] == [(1, 1, path, message)]


def test_a_text_that_was_loaded_is_remembered_whatever_its_version() -> None:
    first, second = load_program(FILE, version=1), load_program(FILE, version=2)
    assert (first.version, second.version) == (1, 2)
    assert first.model is second.model
    assert load_program(FILE + "priority: 2\n", version=1).model.priority == 2


@pytest.mark.parametrize(
    "page", ["https://shop.example", "https://shop.example/welcome?from=friends", "http://localhost:3000/"]
)
def test_friends_land_on_a_page_of_the_shop(page: str) -> None:
    assert load_program(FILE + f"landing: {page}\n").model.landing == page


@pytest.mark.parametrize(
    "page",
    ["http://shop.example/", "javascript:alert(1)", "//evil.example", "/welcome", "https://", "https://a@shop.example/",
     "https://shop.example/#part", "https://shop.example:x/", '"https://shop.example/ a"', "https://shop.example\\\\@evil.example"],
)  # fmt: skip
def test_a_landing_page_that_is_no_https_address_is_refused(page: str) -> None:
    ((line, _, path, _),) = problems(FILE + f"landing: {page}\n")
    assert (line, path) == (12, "landing")
