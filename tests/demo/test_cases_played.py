"""Recipes without a promise: `make run` plays their own cases over HTTP, and a statement that does not hold is noticed."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from demo import run as demo_run
from demo.cases import PROGRAMS, Tree, as_text, edited, read_cases, read_program, recipes
from demo.compare import Line
from demo.play import COMPARISON_FILE, KEY_VARIABLE, PLAYING_FILE, Outcome, run
from demo.play_cases import play_cases
from demo.promises import PROMISES
from demo.stage import ALONE, TOGETHER, Result, SideBySide, can_be_told, play_alone, shared, why_alone
from demo.tenants import FAR_MS, tenant_of_its_own
from goodword.engine.ids import Keyring
from goodword.program.loader import load_program
from goodword.recipes import list_recipes
from tests.demo.test_demo import port as port
from tests.demo.test_demo import run as make_run

BY_CASES = [recipe for recipe in list_recipes() if recipe not in PROMISES]
KEY = Keyring(b"a key of no meaning, unlike that of the case files")


@pytest.mark.parametrize("recipe", list_recipes())
def test_make_run_takes_every_recipe(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["demo", "--recipe", recipe])
    assert demo_run.command_line().recipe == recipe
    assert recipe in PROMISES or recipe in recipes()


@pytest.mark.parametrize("recipe", BY_CASES)
def test_cases_hold_over_http(recipe: str, tmp_path: Path) -> None:
    """The shortest case with figures of its own and the shortest without, each alone; then a cast of each case side by side."""
    cases = sorted(read_cases(recipe), key=lambda case: len(case.calendar))
    alone = [next(filter(wanted, cases), None) for wanted in (lambda case: case.edit, lambda case: not case.edit)]
    beside = [case for case in cases if can_be_told(case) and not why_alone(case, FAR_MS)]
    with tenant_of_its_own(tmp_path, "default", as_text(read_program(recipe)), KEY) as site:
        result = Result()
        play_alone(
            [case for case in alone if case and can_be_told(case)], read_program(recipe), lambda text: None, result
        )
        program = load_program(as_text(read_program(recipe)), 1)
        SideBySide(site.server, program, KEY, beside, len(beside)).play(lambda text: None, result)
        assert site.findings() == []
    assert result.failures == []
    assert [line for line in result.lines() if not line.agrees] == []
    assert result.decided[TOGETHER] == (0 if shared(program) else len(beside))


def test_only_cases_with_visits_are_left_out() -> None:
    left_out = [case for case in read_cases("per-visit") if not can_be_told(case)]
    assert len(left_out) == 5
    assert all("visits" in " ".join(case.end["rewards"]) for case in left_out)
    files = {recipe: (PROGRAMS / recipe / "cases.yaml").read_text(encoding="utf-8") for recipe in list_recipes()}
    assert [recipe for recipe, text in files.items() if "people followed" in text] == ["per-visit"]


WRONG: list[tuple[str, Tree, str]] = [
    ("spotify", {"rewards.each_member.benefit.amount": "1.01 USD"}, "1.01 USD"),
    ("spotify", {"rewards.each_member.hold": "8 days"}, "each_member"),
    ("netflix", {"rewards.free_month.benefit.amount": "2 month"}, "2 month"),
    ("share-the-prize", {"contests.weekend_for_two.settles_after": "3 days"}, "weekend_for_two"),
]


@pytest.mark.parametrize(("recipe", "wrong", "named"), WRONG)
def test_what_a_case_states_is_the_truth(recipe: str, wrong: Tree, named: str) -> None:
    """Another figure in the program, and the case that states the old one fails, with its step."""
    case = next(case for case in read_cases(recipe) if not case.edit)
    result, said = Result(), []
    play_alone([case], edited(read_program(recipe), wrong), said.append, result)
    (failure,) = result.failures
    assert failure.startswith(f"{recipe}: {case.name}: step ")
    assert named in failure
    assert said[0].strip().startswith("✗")
    assert Line(ALONE, 1, 0) in result.lines()


def test_what_is_wrong_is_seen_side_by_side_as_well(tmp_path: Path) -> None:
    tree = edited(read_program("spotify"), {"rewards.each_member.caps.0.count": 1})
    cases = read_cases("spotify")
    with tenant_of_its_own(tmp_path, "default", as_text(tree), KEY) as site:
        result = Result()
        program = load_program(as_text(tree), 1)
        SideBySide(site.server, program, KEY, cases, 2 * len(cases)).play(lambda text: None, result)
    assert 0 < result.decided[TOGETHER] < result.stated[TOGETHER] == 2 * len(cases)
    assert any("reward_granted" in failure for failure in result.failures)


def test_the_recipe_that_pays_by_visit_says_what_it_does_not_play(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tenant_of_its_own(tmp_path, "default", as_text(read_program("per-visit")), KEY) as site:
        outcome = play_cases(site.server, KEY, "per-visit", read_cases("per-visit"), 3)
    assert outcome.good
    assert "5 of the cases have visits over a link" in capsys.readouterr().out
    assert {line.name: line.truth for line in outcome.lines}[ALONE] == 3


@pytest.mark.parametrize(
    ("lines", "problems", "code"),
    [([Line("x", 1, 1)], [], 0), ([Line("x", 1, 2)], [], 1), ([Line("x", 1, 1)], ["a case fails"], 1)],
)
def test_the_exit_code_says_whether_all_is_as_it_should_be(
    lines: list[Line], problems: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "gw_none")
    arguments = Namespace(url="http://127.0.0.1:1", out=tmp_path)
    assert run(arguments, lambda server: Outcome(lines, problems, "nothing", "EVENT")) == code
    kept = json.loads((tmp_path / COMPARISON_FILE).read_text(encoding="utf-8"))
    assert kept["problems"] == problems


def test_make_run_plays_the_cases(port: int, tmp_path: Path) -> None:
    done = make_run("top-five-club", port, tmp_path, "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "decided as it should be" in done.stdout
    assert " 0 findings" in done.stdout
    assert "explain step-" in done.stdout
    assert not (tmp_path / PLAYING_FILE).exists()
    kept = json.loads((tmp_path / COMPARISON_FILE).read_text(encoding="utf-8"))
    assert {"name": ALONE, "truth": 6, "decided": 6, "agrees": True} in kept["lines"]


@pytest.mark.parametrize(
    ("broken_off", "left"), [(False, ["goodword.db", "goodword.db-wal", "mine"]), (True, ["mine"])]
)
def test_what_was_broken_off_begins_anew(broken_off: bool, left: list[str], tmp_path: Path) -> None:
    demo = demo_run.Demo("top-five-club", 1, tmp_path, 1, 2)
    for name in ["goodword.db", "goodword.db-wal", "mine", *([PLAYING_FILE] if broken_off else [])]:
        (tmp_path / name).touch()
    demo_run.forget_what_was_broken_off(demo)
    assert sorted(file.name for file in tmp_path.iterdir()) == left
