"""People by the month in which they began, and by the age they have."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from goodword.metrics.figure import Figure
from goodword.metrics.verdicts import Verdict
from goodword.program.loader import Program
from goodword.reports.blocks import Grid, Heading, Line, Note, Ranged
from goodword.reports.cohorts import cohorts
from goodword.reports.figures import figures_blocks
from goodword.reports.sayings import Sayings
from goodword.storage.database import Database, open_database
from goodword.warehouse.asked import Measured
from goodword.words.catalogue import LANGUAGES
from tests.reports.making import WITHOUT_MARGIN, measured, months, tenant_with

VALUE = (
    "Margin of a referred customer on average, by the month of the first order; of those who were followed for 30 days"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("cohorts")
    database = open_database(f"sqlite:///{folder / 'cohorts.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="module")
def told(shop: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Measured]:
    return measured(shop, tenant_with(shop, story=months), tmp_path_factory.mktemp("facts"), period="2026-11")


def grids(found: Measured, language: str = "en", *, worth_known: bool = True) -> dict[str, Grid]:
    """The tables by the line above each."""
    say = Sayings(language, found.currency, {days.name: days for days in (found.period, *found.trend)})
    blocks = list(cohorts(say, found, worth_known=worth_known))
    pairs = itertools.pairwise(blocks)
    return {line.text: grid for line, grid in pairs if isinstance(line, Line) and isinstance(grid, Grid)}


def test_each_month_stands_by_itself(told: tuple[Program, Measured]) -> None:
    found = grids(told[1])
    friends = found["Friends who will have bought, by the month in which they came"]
    assert friends.head == ("Month", "Of how many", "7 days", "30 days", "90 days")
    # They all are of one advocate: no range. November's friends came twenty days ago.
    assert friends.rows == (
        ("Jun 2026", "4", "25%", "50%", "50%"),
        ("Jul 2026", "4", "25%", "50%", "50%"),
        ("Aug 2026", "4", "25%", "50%", "50%"),
        ("Sep 2026", "4", "25%", "50%", "–"),
        ("Oct 2026", "4", "25%", "50%", "–"),
        ("Nov 2026", "4", "25%", "–", "–"),
    )
    again = found["Referred customers who will have bought again, by the month of their first order"]
    assert [row[2:] for row in again.rows[:2]] == [("0%", "50%", "50%"), ("0%", "50%", "50%")]
    value = found[VALUE]
    assert value.head[2:] == ("30 days", "60 days", "90 days", "120 days", "150 days")
    # 60% of 60 dollars each, and of 60 more that one of two left.
    assert value.rows[0] == ("Jun 2026", "2", "$54.00", "$54.00", "$54.00", "$54.00", "$54.00")
    assert value.rows[-1][3:] == ("–",) * 4


def test_what_holds_for_every_month_is_said_without_naming_them(told: tuple[Program, Measured]) -> None:
    found = told[1]
    say = Sayings("en", found.currency, {days.name: days for days in (found.period, *found.trend)})
    notes = [block.text for block in cohorts(say, found, worth_known=True) if isinstance(block, Note)]
    small = "Fewer than 30: chance speaks louder here than the program."
    # Each month has four friends; of November's customers nobody was followed long enough to say a value.
    assert notes[0] == f"{small} This concerns every row."
    assert any(
        note.startswith(f"{small} This concerns: ") for note in say.noted([("May", _few(5)), ("June", _few(50))])
    )
    assert list(say.noted([("May", _few(5))])) == [f"{small} This concerns: May."]


def _few(people: int) -> Figure:
    warnings: tuple[Verdict, ...] = ("small_sample",) if people < 30 else ()
    return Figure("conversion_matured", "2026-10", "share", 0.5, denominator=people, warnings=warnings)


def test_of_several_advocates_a_cell_has_its_range(shop: Database, tmp_path: Path) -> None:
    _, found = measured(shop, tenant_with(shop), tmp_path, period="2026-10")
    # All friends came in one month: there is nothing to set side by side. Those who came by themselves began in three.
    (title,) = grids(found)
    assert title == "Other customers who will have bought again, by the month of their first order"
    cell = grids(found)[title].rows[-1][2]
    assert isinstance(cell, Ranged)
    assert re.fullmatch(r"[0-9.]+% \([0-9.]+% to [0-9.]+%\)", str(cell))
    early = found.find("conversion_matured", "2026-10")[0]
    assert early.low == early.more["low_30"] is not None
    assert early.high == early.more["high_30"] is not None


def test_what_nobody_knows_has_no_table(told: tuple[Program, Measured]) -> None:
    known = grids(told[1])
    unknown = grids(told[1], worth_known=False)
    assert [title for title in known if title not in unknown] == [VALUE]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_stands_in_the_report_once(told: tuple[Program, Measured], language: str) -> None:
    program, found = told
    blocks = figures_blocks(found, program, language)
    say = Sayings(language, found.currency, {})
    assert blocks.count(Heading(say.text("cohorts"))) == 1
    assert sum(grid in blocks for grid in grids(found, language).values()) == 3


def test_without_a_margin_the_rest_is_told(shop: Database, tmp_path: Path) -> None:
    program, found = measured(shop, tenant_with(shop, WITHOUT_MARGIN, story=months), tmp_path, period="2026-11")
    blocks = figures_blocks(found, program, "en")
    assert Heading("By the month in which people came") in blocks
    assert not any(isinstance(block, Line) and block.text == VALUE for block in blocks)
