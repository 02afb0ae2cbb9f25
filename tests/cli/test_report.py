"""`goodword report`: the figures of a program as text, as data, on a page and as tables, on each kind of database."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.making import Shop, joins, one_referral


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOODWORD_WAREHOUSE", str(tmp_path / "facts"))
    return tmp_path / "facts"


@pytest.fixture
def open_shop(shop: Shop, warehouse: Path) -> Shop:
    shop.done("publish", shop.program)
    lines = [*joins(), *(line for number in range(3) for line in one_referral(f"friend{number}", 10 + number))]
    shop.events.write_text("\n".join(lines) + "\n")
    shop.done("import", shop.events)
    return shop


def test_a_report_as_text_page_and_tables(open_shop: Shop) -> None:
    html, tables = open_shop.folder / "report.html", open_shop.folder / "tables"
    asked = ("report", "--program", "demo", "--period", "2025-01")
    text = open_shop.done(*asked, "--html", html, "--csv", tables).output
    assert "3 new customers came through the program in January 2025." in text
    assert "Of 3 friends who came in January 2025, 3 will have bought within 30 days: 100%." in text
    assert "SELECT" not in text
    assert 'lang="en"' in html.read_text(encoding="utf-8")
    with (tables / "figures.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["metric"], row["period"]): row for row in csv.DictReader(file)}
    assert rows["new_customers", "2025-01"]["value"] == "3"
    assert rows["acquisition_cost", "2025-01"]["value_in_units"] == "20.00"
    with (tables / "trend.csv").open(encoding="utf-8-sig", newline="") as file:
        months = {row["period"] for row in csv.DictReader(file)}
    assert (min(months), max(months), len(months)) == ("2024-02", "2025-01", 12)


def test_a_report_in_another_language_and_as_data(open_shop: Shop) -> None:
    html = open_shop.folder / "report.html"
    asked = ("report", "--program", "demo", "--period", "2025-Q1", "--json", "--language", "ar", "--html", html)
    found = json.loads(open_shop.done(*asked).output)
    assert found["period"] == {"name": "2025-Q1", "first": "2025-01-01", "last": "2025-03-31"}
    assert any(one["metric"] == "leads" and one["value"] == 3 for one in found["figures"])
    page = html.read_text(encoding="utf-8")
    assert 'lang="ar" dir="rtl"' in page
    assert "3 عملاء جدد عبر البرنامج في الربع 1 من عام 2025." in page


def test_without_a_period_it_is_the_last_whole_month(open_shop: Shop) -> None:
    found = json.loads(open_shop.done("report", "--program", "demo", "--json").output)
    assert found["period"]["name"] == found["trend"][-1]["name"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--program", "other"), "goodword: no program is called other: `goodword programs` lists them"),
        (("--program", "demo", "--period", "2025-13"), "goodword: write a period such as 2026-10"),
        (("--program", "demo", "--period", "2025-03-02..2025-03-01"), "goodword: the period ends before it begins"),
    ],
)
def test_what_cannot_be_told(small_shop: Shop, warehouse: Path, asked: tuple[str, ...], message: str) -> None:
    small_shop.done("publish", small_shop.program)
    result = small_shop.run("report", *asked)
    assert result.exit_code == 1
    assert message in result.output
