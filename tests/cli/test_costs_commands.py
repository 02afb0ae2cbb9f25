"""Costs from the command line, on each kind of database: entered, imported, listed with totals, removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goodword.cli.costs_file import FILE_BYTES_MAX, PROBLEMS_MAX, CostsFile
from goodword.metrics.costs import CostErrors, read_cost
from tests.cli.making import PROGRAM, Shop

SOFTWARE = (
    "--program",
    "demo",
    "--kind",
    "software",
    "--from",
    "2026-01-01",
    "--to",
    "2026-12-31",
    "--amount",
    "1200.00",
)
FILE = """\
program,kind,from,to,month,amount,currency,note,id
demo,software,2026-01-01,2026-12-31,,1200.00,USD,,
,promotion,,,2026-10,500,USD,"cards, and posters",invoice 7
demo,administration,,,2026-10,80.50,,,
"""


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    shop.done("publish", shop.program)
    return shop


@pytest.fixture
def small(small_shop: Shop) -> Shop:
    small_shop.done("publish", small_shop.program)
    return small_shop


def shown(shop: Shop, *options: str) -> Any:
    return json.loads(shop.done("costs", "list", "--json", *options).stdout)


def costs_file(shop: Shop, text: str | bytes) -> Path:
    path = shop.folder / "costs.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_cost_is_entered_listed_and_removed(open_shop: Shop) -> None:
    id = open_shop.done("costs", "add", *SOFTWARE, "--currency", "USD", "--note", "a year").stdout.strip()
    (cost,) = shown(open_shop)["costs"]
    assert (cost["id"], cost["amount"], cost["note"]) == (id, 120_000, "a year")
    again = open_shop.done("costs", "add", *SOFTWARE, "--note", "a year")  # the program's currency, if none is given
    assert again.stdout.strip() == id
    assert "it was entered before" in again.stderr
    second = open_shop.done("costs", "add", *SOFTWARE, "--note", "a year", "--id", "invoice 8", "--json").stdout
    assert json.loads(second)["new"]
    assert json.loads(second)["cost"] == {
        **cost,
        "id": "invoice 8",
        "created_at": json.loads(second)["cost"]["created_at"],
    }
    table = open_shop.done("costs", "list").stdout
    assert [line.split()[1:] for line in table.splitlines() if line.split()[:1] == [id]] == [
        ["demo", "software", "2026-01-01", "2026-12-31", "1200.00", "USD", "a", "year"]
    ]
    # 10,191 cents of each until the end of January, 19,397 until the end of February.
    assert ["2026-02", "demo", "184.12", "184.12", "USD"] in [line.split() for line in table.splitlines()]
    assert open_shop.done("costs", "remove", id).stdout == f"{id} is removed\n"
    gone = open_shop.run("costs", "remove", id)
    assert (gone.exit_code, gone.stderr) == (1, f"goodword: there is no cost '{id}'\n")
    open_shop.done("costs", "remove", "invoice 8")
    assert open_shop.done("costs", "list").stdout == "no costs\n"
    assert shown(open_shop) == {"costs": [], "totals": []}


def test_totals_of_a_program_and_of_all(open_shop: Shop) -> None:
    open_shop.done("costs", "import", costs_file(open_shop, FILE))
    other = open_shop.folder / "other.yaml"
    other.write_text(PROGRAM.replace("program: demo", "program: other"))
    open_shop.done("publish", other)
    october = shown(open_shop, "--month", "2026-10")["totals"]
    # 120,000 cents over 365 days: 89,753 until the end of September, 99,945 until the end of October.
    assert october == [
        {
            "period": "2026-10",
            "program": "demo",
            "currency": "USD",
            "kinds": {"software": 10_192, "administration": 8050, "promotion": 25_000},
            "amount": 43_242,
        },
        {"period": "2026-10", "program": "other", "currency": "USD", "kinds": {"promotion": 25_000}, "amount": 25_000},
    ]
    assert shown(open_shop, "--month", "2026-10", "--program", "other") == {
        "costs": [cost for cost in shown(open_shop)["costs"] if cost["program"] is None],
        "totals": october[1:],
    }
    year = shown(open_shop, "--per", "year")["totals"]
    assert [(one["program"], one["amount"]) for one in year] == [("demo", 153_050), ("other", 25_000)]
    halves = [
        shown(open_shop, *days, "--per", "year", "--program", "demo")["totals"][0]["amount"]
        for days in (("--to", "2026-10-13"), ("--from", "2026-10-14"))
    ]
    assert sum(halves) == 153_050


def test_a_file_is_entered_whole_and_once(open_shop: Shop) -> None:
    path = costs_file(open_shop, FILE)
    tried = open_shop.done("costs", "import", path, "--dry-run").stdout
    assert tried == "3 would be new, 0 are known; nothing was entered\n"
    assert shown(open_shop)["costs"] == []
    assert open_shop.done("costs", "import", path).stdout == "3 new, 0 known before\n"
    before = shown(open_shop)
    assert json.loads(open_shop.done("costs", "import", path, "--json").stdout) == {
        "new": 0,
        "known": 3,
        "dry_run": False,
    }
    costs_file(open_shop, FILE + "demo,other,,,2026-11,1,,,\n")
    assert open_shop.done("costs", "import", path).stdout == "1 new, 3 known before\n"
    assert len(shown(open_shop)["costs"]) == 4
    assert [cost for cost in shown(open_shop)["costs"] if cost["kind"] != "other"] == before["costs"]


def test_all_problems_at_once_and_nothing_is_entered(open_shop: Shop) -> None:
    open_shop.done("costs", "import", costs_file(open_shop, FILE))
    before = shown(open_shop)
    path = costs_file(
        open_shop,
        "kind,month,from,to,amount,currency,program,note,id\n"
        "software,2026-12,,,100.00,USD,,fine,\n"
        'lunch,2026-13,,,"1,200.00",EURO,dmeo,"two\nlines",\n'
        "software,,2026-01-01,2026-02-31,9.999,USD,demo,,\n"
        "software,2026-12,2026-12-01,,0,USD,demo,,\n"
        "other,,2026-02-01,2026-01-01,1,EUR,demo,,\n"
        "promotion,2026-11,,,500,USD,,,invoice 7\n"
        "other,2026-01,,,1,USD,,,twice\n"
        "other,2026-01,,,2,USD,,,twice\n"
        "software,2026-12,,,100,USD,,fine,\n"
        "other,2026-01,,,1,USD,,,,more\n",
    )
    refused = open_shop.run("costs", "import", path)
    assert refused.exit_code == 1
    assert [line.removeprefix(f"{path}:") for line in refused.stderr.splitlines()] == [
        "3: kind: `lunch` is no kind of cost; known: administration, other, promotion, software",
        "3: month: write a month such as 2026-10",
        "3: amount: write an amount in plain digits, such as `1200.00`",
        "3: currency: not a currency code of ISO 4217, such as USD, RON or SAR",
        "3: program: no program is called `dmeo`; did you mean `demo`?",
        "3: note: at most 200 characters, on one line",
        "5: to: write a day such as 2026-10-31",
        "5: amount: USD has 2 decimals",
        "6: month: write `from` and `to`, or `month`",
        "6: amount: must be more than nothing",
        "7: to: the last day comes before the first",
        "7: currency: `demo` counts in USD, not in EUR",
        "8: id: invoice 7 is another cost already: remove it first, or give another id",
        "10: id: line 9 has it as well",
        "11: id: it says the same as line 2: give one of them an id, or leave it out",
        "12: 10 cells, and the first line names 9",
    ]
    assert shown(open_shop) == before


BAD_FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["1: the first line names the columns: program, kind, from, to, month, amount, currency, note, id"]),
    "a column that is none": (
        "kind,month,amount,curency\nsoftware,2026-01,1,USD\n",
        ["1: curency: no column is called so; did you mean `currency`?"],
    ),
    "a column twice": ("kind,month,amount,kind\n", ["1: kind: this column is there twice"]),
    "columns that are missing": (
        "program,from\n",
        [
            "1: amount: this column is missing",
            "1: kind: this column is missing",
            "1: to: this column is missing, or `month`",
        ],
    ),
    "a quote that does not end": (
        'kind,month,amount,currency\nother,2026-01,1,USD\nother,"2026-01,1,USD\n',
        ["3: not CSV: unexpected end of data"],
    ),
    "not a text": (b"kind,month,amount\nother,2026-01,\xff\n", ["goodword"]),
    "too large": ("kind,month,amount\n" + "x" * FILE_BYTES_MAX, ["goodword"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_read(small: Shop, name: str) -> None:
    text, expected = BAD_FILES[name]
    path = costs_file(small, text)
    refused = small.run("costs", "import", path)
    assert refused.exit_code == 1
    if expected == ["goodword"]:
        (line,) = refused.stderr.splitlines()
        assert line.startswith(f"goodword: {path}: ")
    else:
        assert refused.stderr.splitlines() == [f"{path}:{problem}" for problem in expected]


def test_files_as_spreadsheets_write_them(small: Shop) -> None:
    text = "\ufeffKind;Month;Amount;Currency;Note\r\nother;2026-01;1_000.5;KWD;a, b\r\n;;;;\r\n\r\n"
    assert small.done("costs", "import", costs_file(small, text)).stdout == "1 new, 0 known before\n"
    (cost,) = shown(small)["costs"]
    assert (cost["amount"], cost["currency"], cost["note"]) == (1_000_500, "KWD", "a, b")
    assert small.done("costs", "import", "-", input=FILE).stdout == "3 new, 0 known before\n"


def test_the_number_of_problems_has_a_limit() -> None:
    rows = "".join(f"other,2026-01,{number},EURO\n" for number in range(500))
    assert len(CostsFile("kind,month,amount,currency\n" + rows, {}, 1).problems) == PROBLEMS_MAX


BAD_COSTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "nothing at all": (
        {},
        ["kind", "from", "to", "amount", "currency"],
    ),
    "a program that is none, without a currency": ({"program": "dmeo", "currency": ""}, ["program"]),
    "a day of another calendar": ({"from": "20260101", "to": "2026-W01-1"}, ["from", "to"]),
    "a negative amount": ({"amount": "-5"}, ["amount"]),
    "digits of another script": ({"amount": "١٢"}, ["amount"]),
    "more than there is": ({"amount": "9" * 30}, ["amount"]),
    "a month and a day": ({"month": "2026-01"}, ["month"]),
    "only its first day": ({"to": ""}, ["to"]),
    "eleven years": ({"to": "2037-01-01"}, ["to"]),
    "a month of another century": ({"from": "", "to": "", "month": "1066-10"}, ["month"]),
}


@pytest.mark.parametrize("name", BAD_COSTS)
def test_what_is_wrong_with_a_cost_is_told_by_column(name: str) -> None:
    changes, expected = BAD_COSTS[name]
    sound = {"program": "demo", "kind": "other", "from": "2026-01-01", "to": "2026-01-31", "amount": "1"}
    assert read_cost(sound, {"demo": "USD"}, 1).currency == "USD"
    with pytest.raises(CostErrors) as caught:
        read_cost(sound | changes if changes else {}, {"demo": "USD"}, 1)
    assert [error.field for error in caught.value.errors] == expected


def test_options_that_cannot_be(small: Shop) -> None:
    for options, said in (
        (("add", "--kind", "other", "--amount", "1", "--month", "2026-01"), "--currency: say in which currency"),
        (("add", *SOFTWARE, "--currency", "EUR"), "--currency: `demo` counts in USD, not in EUR"),
        (("list", "--month", "2026"), "--month: write a month such as 2026-10"),
        (("list", "--from", "yesterday"), "--from: write a day such as 2026-10-31"),
        (("list", "--month", "2026-01", "--to", "2026-01-02"), "--month: write --from and --to, or --month"),
        (("list", "--program", "dmeo"), "no program is called dmeo"),
    ):
        refused = small.run("costs", *options)
        assert refused.exit_code == 1, options
        assert refused.stderr.startswith(f"goodword: {said}"), refused.stderr
    small.done("costs", "add", *SOFTWARE, "--id", "invoice 7")
    refused = small.run("costs", "add", *SOFTWARE[:-1], "7.00", "--id", "invoice 7")
    assert refused.stderr.startswith("goodword: --id: invoice 7 is another cost already")
