"""The figures of a small shop in words, on a page and as tables."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from goodword.metrics.definitions import METRICS
from goodword.metrics.figure import ALL, Figure
from goodword.metrics.periods import Days
from goodword.pages.blocks import page
from goodword.program.loader import Program
from goodword.reports.blocks import Bars, Block, Definitions, Grid, Line, Ranged, Told
from goodword.reports.figures import figures_blocks
from goodword.reports.tables import BOM, HEAD, figure_tables, guarded
from goodword.storage.database import Database, open_database
from goodword.warehouse.asked import Measured
from goodword.words.catalogue import LANGUAGES
from tests.reports.fixture import BY, GOLDEN, as_text
from tests.reports.making import ADVOCATES, FRIENDS, PROGRAM, WITHOUT_MARGIN, measured, tenant_with, year
from tests.reports.making import Told as Happened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def small(folder: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{folder / 'small.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="module")
def told(small: Database, folder: Path) -> tuple[Program, Measured]:
    """All there is to tell of the small shop."""
    return measured(small, tenant_with(small), folder, dimensions=BY)


def test_the_report_of_a_small_shop(database: Database, tmp_path: Path) -> None:
    program, found = measured(database, tenant_with(database), tmp_path, dimensions=BY)
    text = as_text(figures_blocks(found, program, "en"))
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_a_month_that_is_part_of_the_trend_counts_once(small: Database, folder: Path) -> None:
    _, month = measured(small, tenant_with(small), folder, metrics=("leads", "program_cost"), months=2)
    assert [days.name for days in month.trend] == ["2026-09", month.period.name]
    assert [one.value for one in month.find("leads")] == [ADVOCATES * FRIENDS]
    assert [one.value for one in month.find("program_cost")] == [44_000]


def test_a_program_without_anything_is_told_kindly(small: Database, folder: Path) -> None:
    program, found = measured(small, tenant_with(small, history=False), folder, months=1)
    for language in LANGUAGES:
        blocks = figures_blocks(found, program, language)
        assert not any(isinstance(block, Told) for block in blocks)
        assert len([block for block in blocks if isinstance(block, Line)]) == 2
        assert isinstance(blocks[-1], Definitions)


def test_without_a_margin_no_worth_is_told(small: Database, folder: Path) -> None:
    program, found = measured(small, tenant_with(small, WITHOUT_MARGIN), folder, months=1)
    text = as_text(figures_blocks(found, program, "en"))
    assert "The program file does not say the margin of an order" in text
    assert "Return on investment" not in text
    assert "Sales through referrals: $1,320.00" in text


def test_currencies_stand_side_by_side(told: tuple[Program, Measured]) -> None:
    program, found = told
    euros = Figure("acquisition_cost", "2026-10", "EUR", 250, numerator=6000, denominator=24)
    more = replace(found, figures=(*found.figures, euros))
    shown = [block for block in figures_blocks(more, program, "en") if isinstance(block, Told)]
    assert [one.value for one in shown if one.name == "Cost per new customer"] == ["$20.00", "€2.50"]
    summary = [block.text for block in figures_blocks(more, program, "en") if isinstance(block, Line)]
    assert any("at most: that is $5.00 more." in line for line in summary)
    assert any(line.startswith("€60.00 for 24 new customers") and line.endswith("€2.50 each.") for line in summary)


def test_who_comes_after_the_day_of_the_goal_comes_too_late_for_it(small: Database, folder: Path) -> None:
    dated = PROGRAM.replace("customers: 50,", "customers: 50, by: 2026-10-15,")
    program, found = measured(small, tenant_with(small, dated), folder, months=1)
    (goal,) = found.find("target_customers", ALL)
    assert (goal.numerator, goal.denominator, goal.value, goal.more) == (10, 50, 0.2, {"by_day": 20261015})
    (came,) = found.find("new_customers", ALL)
    assert came.value == 24
    text = as_text(figures_blocks(found, program, "en"))
    assert "The goal by 15 October 2026 is 50 new customers; 10 came in that time: 20%." in text
    chosen = measured(small, tenant_with(small, dated), folder, months=1, metrics=("target_customers",))[1]
    assert [one.numerator for one in chosen.figures] == [10]


def test_a_goal_for_the_cost_is_not_met_by_a_part_of_it(small: Database, folder: Path) -> None:
    bag = PROGRAM.replace("{kind: credit, amount: 20.00 USD}", "{kind: item, amount: 1 bag}")
    program, found = measured(small, tenant_with(small, bag), folder, months=1)
    text = as_text(figures_blocks(found, program, "en"))
    assert "Some of what it cost is not in this" in text
    assert "is met" not in text
    assert "Nothing was spent" not in text
    program, found = measured(
        small, tenant_with(small, bag.replace("1 bag", "1 bag, unit_cost: 1 USD")), folder, months=1
    )
    text = as_text(figures_blocks(found, program, "en"))
    assert "Some of what it cost is not in this" not in text
    assert "The program's goal of at most $15.00 each is met." in text


def test_orders_that_all_came_back_were_told_and_left_nothing(small: Database, folder: Path) -> None:
    def all_came_back() -> Iterator[Happened]:
        for at, body in year():
            yield at, body
            if body["type"] == "order" and str(body["order"]).startswith("f"):
                yield at + timedelta(days=1), {"type": "refund", "order": body["order"]}

    program, found = measured(small, tenant_with(small, story=all_came_back), folder, months=1)
    assert [one.value for one in found.find("referred_margin")] == [0]
    text = as_text(figures_blocks(found, program, "en"))
    assert "Orders in October 2026 of customers the program won brought a margin of $0.00." in text
    assert "No order of a customer whom the program won was told yet" not in text


def test_days_that_are_not_over_are_told_so(told: tuple[Program, Measured]) -> None:
    program, found = told
    assert "These days are not over yet" not in as_text(figures_blocks(found, program, "en"))
    found = replace(found, period=Days(found.period.name, found.period.first, date(2026, 12, 31)))
    assert "These days are not over yet" in as_text(figures_blocks(found, program, "en"))


class Seen(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "aria-labelledby":
                self.named += (value or "").split()
            if name in ("src", "href", "action", "data", "xlink:href"):
                self.addresses.append(value or "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_whole_in_itself(told: tuple[Program, Measured], language: str) -> None:
    program, found = told
    blocks = figures_blocks(found, program, language)
    html = page(blocks, language)
    seen = Seen()
    seen.feed(html)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(seen.tags)
    assert not seen.addresses
    assert "http" not in html
    assert set(re.findall(r"url\(([^)]*)\)", html)) <= {"#p1", "#p2", "#p3"}
    assert "@import" not in html
    assert len(seen.ids) == len(set(seen.ids))
    assert set(seen.named) <= set(seen.ids)
    assert seen.tags.count("details") == len(METRICS)
    assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in html
    assert "SELECT" in html


def test_each_chart_has_its_table(told: tuple[Program, Measured]) -> None:
    program, found = told
    blocks = figures_blocks(found, program, "en")
    assert _charts(blocks)
    for place in _charts(blocks):
        assert any(isinstance(block, Grid) for block in blocks[place : place + 4])


def test_a_range_stands_below_its_value_and_needs_no_column(told: tuple[Program, Measured]) -> None:
    program, found = told
    blocks = figures_blocks(found, program, "en")
    cells = [cell for block in blocks if isinstance(block, Grid) for row in block.rows for cell in row]
    ranged = [cell for cell in cells if isinstance(cell, Ranged)]
    assert ranged
    html = page(blocks, "en")
    for cell in ranged:
        assert f'<td class="number">{cell.shown} <span class="range">{cell.range}</span></td>' in html
    (trend,) = (
        block for block in blocks if isinstance(block, Grid) and block.head[0] == "Month" and len(block.head) == 4
    )
    assert trend.head[2] == Ranged("Conversion within 30 days", "Likely between")
    # Nobody came in a month before: that is no value and no zero, in each column.
    assert trend.rows[0][1:] == ("0", "–", "–")


def test_one_age_alone_is_no_chart(told: tuple[Program, Measured]) -> None:
    program, found = told
    (curve,) = (one for one in found.find("value_curve") if one.value is not None)
    assert len(curve.more) == 2
    assert not any(isinstance(block, Bars) for block in figures_blocks(found, program, "en"))
    longer = replace(curve, more=curve.more | {"month_2": 4000, "customers_2": 7})
    more = replace(found, figures=tuple(longer if one is curve else one for one in found.figures))
    assert sum(isinstance(block, Bars) for block in figures_blocks(more, program, "en")) == 1


def _charts(blocks: list[Block]) -> list[int]:
    names = ("Bars", "Funnel", "Trend", "Intervals")
    return [place for place, block in enumerate(blocks) if type(block).__name__ in names]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM))))


def test_tables_hold_every_figure_with_all_its_fields(told: tuple[Program, Measured]) -> None:
    _, found = told
    tables = figure_tables(found)
    assert list(tables) == [
        "figures.csv",
        "trend.csv",
        "by_channel.csv",
        "by_language.csv",
        "by_country.csv",
        "by_outcome.csv",
        "by_reason.csv",
    ]
    assert all(text.startswith(BOM) for text in tables.values())
    rows = rows_of(tables["figures.csv"])
    assert list(rows[0]) == list(HEAD)
    assert {row["metric"] for row in rows} == set(METRICS)
    assert {row["period"] for row in rows} == {"2026-10", ALL}
    one = next(row for row in rows if (row["metric"], row["period"]) == ("acquisition_cost", "2026-10"))
    assert (one["unit"], one["value"], one["value_in_units"], one["numerator"], one["denominator"]) == (
        "USD",
        "2000",
        "20.00",
        "44000",
        "22",
    )
    share = next(row for row in rows if (row["metric"], row["period"]) == ("conversion_matured", "2026-10"))
    assert float(share["low"]) < float(share["value"]) < float(share["high"])
    assert share["first_day"] == "2026-10-01"
    assert json.loads(share["more"])["happened"] == 24
    assert {row["period"] for row in rows_of(tables["trend.csv"])} == {days.name for days in found.trend}
    leads = {row["of"]: row["value"] for row in rows_of(tables["by_language.csv"]) if row["metric"] == "leads"}
    assert leads == {"ar": "21", "ro": "21"}


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+40", "'+40"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("whatsapp", "whatsapp"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert guarded(text) == cell


def test_channels_that_look_like_formulas_are_guarded_in_tables(told: tuple[Program, Measured]) -> None:
    _, found = told
    evil = Figure("leads", "2026-10", "count", -3, dimension="channel", of='=HYPERLINK("x")')
    rows = rows_of(figure_tables(replace(found, figures=(*found.figures, evil)))["by_channel.csv"])
    assert (rows[-1]["of"], rows[-1]["value"]) == ('\'=HYPERLINK("x")', "-3")
