"""Rehearsing from the command line: text, data, a page; over the database or a file."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.making import PROGRAM, Shop, generated_lines


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """Two months of friends, refunds and repeats."""
    shop.done("publish", shop.program)
    shop.events.write_text("\n".join(generated_lines(20)) + "\n")
    shop.run("import", shop.events)
    return shop


def changed(shop: Shop, name: str, amount: str) -> Path:
    path = shop.folder / name
    path.write_text(PROGRAM.replace("20 USD", amount))
    return path


def test_a_changed_file_is_told_in_words(lived: Shop) -> None:
    told = lived.done("rehearse", changed(lived, "small.yaml", "5 USD")).stdout
    for words in (
        "Rehearsal of demo",
        "as it was",
        "small.yaml",
        "Cost per friend won",
        "People who lose",
        "other amounts",
    ):
        assert words in told
    assert "less." in told
    assert "Nothing here counts that" in told


@pytest.mark.parametrize(("language", "words"), [("ar", "تجربة برنامج"), ("ro", "Repetiție pentru")])
def test_a_page_stands_alone_in_each_language(lived: Shop, language: str, words: str) -> None:
    file = lived.folder / "page.html"
    lived.done("rehearse", changed(lived, "small.yaml", "5 USD"), "--html", file, "--language", language)
    page = file.read_text(encoding="utf-8")
    assert words in page
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert page.count("<rect class=") > 4
    assert not re.search(r"https?://|<script|@import|src=", page)


def test_files_are_compared_as_data(lived: Shop) -> None:
    files = [changed(lived, "small.yaml", "5 USD"), changed(lived, "large.yaml", "50 USD")]
    told = json.loads(lived.done("rehearse", *files, "--json").stdout)
    small, large = told["candidates"]
    assert small["side"]["cost"] * 10 == large["side"]["cost"]
    assert small["side"]["cost"] < told["happened"]["cost"] < large["side"]["cost"]
    assert large["people"]["gain"] == small["people"]["lose"] == 1
    assert (small["on_disk"], told["program"], told["currency"]) == (False, "demo", "USD")


def test_nothing_is_written(lived: Shop) -> None:
    before = lived.done("audit", "--json").stdout, json.loads(lived.done("rehearse", lived.program, "--json").stdout)
    again = lived.done("audit", "--json").stdout, json.loads(lived.done("rehearse", lived.program, "--json").stdout)
    assert before == again
    assert (before[1]["candidates"][0]["changed"], before[1]["happened"]["ran_out"]) == (
        0,
        before[1]["candidates"][0]["side"]["ran_out"],
    )


def test_since_and_until_are_days(lived: Shop) -> None:
    file = changed(lived, "small.yaml", "5 USD")
    told = json.loads(lived.done("rehearse", file, "--since", "2025-01-15", "--until", "2025-01-31", "--json").stdout)
    assert [month["month"] for month in told["happened"]["months"]] == ["2025-01"]
    assert told["since"] == "2025-01-15T00:00:00Z"
    result = lived.run("rehearse", file, "--since", "soon")
    assert (result.exit_code, "write a day such as 2026-03-05" in result.output) == (2, True)


def test_a_file_of_events_is_enough(small_shop: Shop) -> None:
    small_shop.events.write_text("\n".join(generated_lines(20)) + "\n")
    told = json.loads(small_shop.done("rehearse", small_shop.program, "--events", small_shop.events, "--json").stdout)
    assert (told["happened"], told["refused"] > 0) == (None, True)
    assert told["candidates"][0]["side"]["total"]["acquired"] > 0


def test_files_of_different_programs_are_refused(lived: Shop) -> None:
    other = lived.folder / "other.yaml"
    other.write_text(PROGRAM.replace("program: demo", "program: other"))
    result = lived.run("rehearse", lived.program, other)
    assert (result.exit_code, "different programs" in result.stderr) == (1, True)
