"""`goodword forecast`, and the examples that come with it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from goodword.cli import app
from goodword.forecast.assumptions import load_assumptions
from goodword.forecast.forecast import forecast
from goodword.forecast.report import Forecast
from goodword.program.loader import load_program
from tests.forecast.making import ASSUMPTIONS, PROGRAM

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "forecast"


def run(folder: Path, *options: str, program: str = PROGRAM, assumed: str = ASSUMPTIONS) -> Result:
    files = folder / "demo.yaml", folder / "assume.yaml"
    for file, text in zip(files, (program, assumed), strict=True):
        file.write_text(text)
    return CliRunner().invoke(app, ["forecast", str(files[0]), "--assume", str(files[1]), "--worlds", "3", *options])


@pytest.mark.parametrize(
    ("language", "title", "warned"),
    [
        ("en", "Forecast for demo", "Nothing limits what credit may cost in all"),
        ("ar", "توقعات البرنامج", "لا شيء يحد من التكلفة الإجمالية"),
        ("ro", "Prognoză pentru demo", "Nimic nu limitează cât poate costa în total credit"),
    ],
)
def test_it_is_told_in_each_language(tmp_path: Path, language: str, title: str, warned: str) -> None:
    page = tmp_path / "page.html"
    result = run(tmp_path, "--language", language, "--html", str(page))
    assert result.exit_code == 0, result.output
    for text in (result.stdout, page.read_text(encoding="utf-8")):
        for words in (title, warned, "Gershon, Jiang"):
            assert words in text
        assert "{" not in text.partition("</style>")[2] or "</style>" not in text
    html = page.read_text(encoding="utf-8")
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html
    assert html.count("<rect class=") > 10
    assert not re.search(r"<script|@import|src=", html)


def test_as_data_it_names_its_seed_and_every_assumption(tmp_path: Path) -> None:
    result = run(tmp_path, "--json", "--seed", "5")
    told = json.loads(result.stdout)
    assert (told["seed"], told["worlds"], told["program"]) == (5, 3, "demo")
    rows = {row["path"]: row for row in told["assumptions"]}
    assert (rows["joins"]["low"], rows["joins"]["high"], rows["joins"]["stated"]) == (4000, 8000, True)
    assert "Harvard" not in (rows["shares"]["source"] or "")
    assert "Gershon" in rows["again"]["source"]
    assert run(tmp_path, "--json", "--seed", "5").stdout == result.stdout


def test_mistakes_are_told_with_file_line_and_field(tmp_path: Path) -> None:
    result = run(tmp_path, assumed=ASSUMPTIONS.replace("joins: 40% - 80%", "joins: some"))
    assert result.exit_code == 1
    assert "assume.yaml:6:1: joins: write a percentage with its sign, such as `25%`" in result.output
    assert run(tmp_path, "--worlds", "0").exit_code == 2
    assert run(tmp_path, program="goodword: 2\n").exit_code == 1


def example(program: Path, name: str, worlds: int) -> Forecast:
    of = load_program(program.read_text())
    return forecast(of, load_assumptions((EXAMPLES / f"{name}.yaml").read_text(), of), worlds)


def test_a_quiet_cafe_loses_nothing() -> None:
    found = example(ROOT / "programs" / "coffee-shop" / "program.yaml", "coffee-shop", 20)
    assert found.total.cost.high < 200_000  # less than its budget of 2,000 lei
    assert [one.code for one in found.warnings] == []
    assert found.margin is not None
    assert found.margin.losing == 0


def test_harrys_week_has_its_shape() -> None:
    """More come from friends than by themselves, and few bring many."""
    found = example(ROOT / "programs" / "harrys" / "program.yaml", "harrys", 3)
    assert found.total.acquired.high > 500
    assert [one.month for one in found.months] == ["2027-03"]
    assert found.total.per_acquired is not None
    assert found.total.per_acquired.high < 200


def test_the_prize_list_is_found_before_launch() -> None:
    """48,000 dollars in the first month, where 5,000 seemed plenty."""
    found = example(EXAMPLES / "prize-list.program.yaml", "prize-list", 12)
    first = found.months[0].cost
    assert first.low <= 4_800_000 <= first.high
    [dear] = [one for one in found.warnings if one.code == "month"]
    assert (dear.worlds, dear.amount) == (12, 500_000)
    assert "unlimited" in [one.code for one in found.warnings]
