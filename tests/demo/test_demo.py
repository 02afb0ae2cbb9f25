"""The demonstration: the same month for the same seed, a truth that notices a lie, and `make run` from end to end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.compare import Line, compare
from demo.player import Player, typed
from demo.promises import PROMISES
from demo.script import month
from demo.story import Role
from demo.truth import count
from tests.demo.memory import MemoryServer

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 180
RECIPES = sorted(PROMISES)


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def run(recipe: str, port: int, data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """`make run`, as the Makefile starts it."""
    command = [sys.executable, "-m", "demo.run", "--recipe", recipe, "--port", str(port), "--data", str(data), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


# the script -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_seed_gives_one_month(recipe: str) -> None:
    one, same, other = (month(PROMISES[recipe], seed) for seed in (1, 1, 2))
    assert one == same
    assert count(one) == count(same)
    assert one.events != other.events


@pytest.mark.parametrize("recipe", RECIPES)
def test_events_are_in_order_and_ids_unique_but_for_repeats(recipe: str) -> None:
    script = month(PROMISES[recipe], 1)
    first: dict[str, dict[str, Any]] = {}
    for event in script.events:
        assert first.setdefault(event["id"], event) == event
    assert len(script.events) - len(first) == script.repeats > 0
    times = [event["occurred_at"] for event in first.values()]
    assert times == sorted(times)


def test_everybody_the_brief_asks_for_is_there() -> None:
    found = {story.role for recipe in RECIPES for story in month(PROMISES[recipe], 1).stories}
    assert found == set(Role)


@pytest.mark.parametrize(
    ("manner", "expected"), [(None, "AB12CD34"), ("lower", "ab12cd34"), ("hyphen", "AB12-CD34"), ("arabic", "AB١٢CD٣٤")]
)
def test_a_code_as_somebody_types_it(manner: str | None, expected: str) -> None:
    assert typed("AB12CD34", manner) == expected


# the truth ------------------------------------------------------------------------------------------------------------


def test_the_cap_of_dropbox_is_reached_by_one() -> None:
    truth = count(month(PROMISES["dropbox"], 1))
    assert truth.qualified["super"] == 35
    assert truth.lines["rewards of the advocate with 35 friends"] == 32
    assert truth.lines["rewards refused by a cap"] == 3
    assert truth.paid["super"] == {"MB": 16_000}


def test_the_milestones_of_harrys_are_exact() -> None:
    truth = count(month(PROMISES["harrys"], 1))
    assert {name: truth.qualified[name] for name in truth.qualified if name.startswith(("goal", "almost"))} == {
        "almost04": 4,
        "goal05": 5,
        "goal10": 10,
        "goal25": 25,
        "goal50": 50,
    }
    assert "almost04" not in truth.paid
    assert len(truth.paid["goal50"]) == 4


def test_the_truth_follows_the_promise() -> None:
    """Another cap gives another truth: the comparison is no comparison of a thing with itself."""
    promise = PROMISES["dropbox"]
    without = replace(promise, pays=tuple(replace(pay, caps=()) for pay in promise.pays))
    assert count(month(without, 1)).lines["rewards refused by a cap"] == 0


@pytest.mark.parametrize("module", ["script", "story", "promises", "truth"])
def test_the_truth_imports_nothing_of_goodword(module: str) -> None:
    assert "goodword" not in {
        line.split()[1].split(".")[0]
        for line in (ROOT / "demo" / f"{module}.py").read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }


# played in memory -----------------------------------------------------------------------------------------------------


def played(recipe: str, seed: int, text: str | None = None) -> list[Line]:
    """A month, played and compared."""
    program = (ROOT / "programs" / recipe / "program.yaml").read_text(encoding="utf-8")
    server = MemoryServer(program if text is None else text)
    script = month(PROMISES[recipe], seed)
    answers = Player(server, script, lambda text: None).play()
    assert not answers.problems
    return compare(server, script.promise, answers, count(script))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("recipe", RECIPES)
def test_truth_and_decision_agree(recipe: str, seed: int) -> None:
    assert [line for line in played(recipe, seed) if not line.agrees] == []


@pytest.mark.parametrize(
    ("recipe", "old", "new", "noticed"),
    [
        ("dropbox", "16_000 MB", "16_500 MB", "rewards of the advocate with 35 friends"),
        ("dropbox", "within: 14 days", "within: 20 days", "referrals that qualified, and stand"),
        ("bombas", "payment: refuse", "payment: allow", "refused: same card or device"),
        ("bombas", "undone_by: [refund, cancel,", "undone_by: [refund,", "referrals that qualified, and stand"),
        ("bombas", "amount: 20.00 USD", "amount: 20.01 USD", "people paid otherwise"),
        ("harrys", "at: 25", "at: 26", "milestone of 25 friends"),
        ("invite-a-friend", "every: 3", "every: 4", "milestone of 3 friends"),
        ("tiki-pets", "percent: 12%", "percent: 13%", "people paid otherwise"),
        ("trunk-club", "moderated: [unboxing]", "moderated: []", "granted: unboxing, advocate"),
        ("amex", "gold: 15_000 points", "gold: 15_001 points", "people paid otherwise"),
        ("toms", "at_least: 45.00 USD", "at_least: 44.00 USD", "referrals that qualified, and stand"),
    ],
)
def test_a_program_that_breaks_its_promise_is_noticed(recipe: str, old: str, new: str, noticed: str) -> None:
    text = (ROOT / "programs" / recipe / "program.yaml").read_text(encoding="utf-8")
    assert old in text
    wrong = {line.name for line in played(recipe, 1, text.replace(old, new)) if not line.agrees}
    assert noticed in wrong


# from end to end ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", ["dropbox", "bombas", "harrys"])
def test_a_month_is_decided_as_it_should_be(recipe: str, port: int, tmp_path: Path) -> None:
    first = run(recipe, port, tmp_path, "--once")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "✗" not in first.stdout
    assert " 0 findings" in first.stdout
    compared = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert len(compared["lines"]) > 20
    assert all(line["agrees"] for line in compared["lines"])

    second = run(recipe, port, tmp_path, "--once")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "nothing is played again" in second.stdout
    assert "events decided" not in second.stdout
    assert " 0 findings" in second.stdout


def test_a_port_in_use_is_told(port: int, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = run("dropbox", port, tmp_path, "--once")
    assert done.returncode == 1
    assert f"port {port} cannot be used" in done.stderr
    assert "PORT=" in done.stderr
    assert not (tmp_path / "goodword.db").exists()


def test_it_serves_until_it_is_ended_and_takes_its_server_with_it(port: int, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text('{"sample": "nothing", "lines": []}')
    with started("dropbox", port, tmp_path, until="Serving until") as demo:
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False).status_code == 200
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    assert _gone(port)


def test_a_month_that_was_broken_off_is_taken_up(port: int, tmp_path: Path) -> None:
    with started("bombas", port, tmp_path, until="events decided") as demo:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)
    assert _gone(port)
    assert not (tmp_path / "comparison.json").exists()
    again = run("bombas", port, tmp_path, "--once")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "decided as it should be" in again.stdout


@contextmanager
def started(recipe: str, port: int, data: Path, until: str) -> Iterator[subprocess.Popen[str]]:
    """A demonstration that has printed `until`; it is ended in any case, and takes its server with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        shop = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "demo.run", "--recipe", recipe, "--port", str(port), "--shop-port", shop]
    command += ["--data", str(data)]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        assert any(until in line for line in demo.stdout)
        yield demo
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(60)
        if demo.stdout is not None:
            demo.stdout.close()


def _gone(port: int) -> bool:
    for _ in range(50):
        try:
            httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False)
        except httpx.ConnectError:
            return True
        time.sleep(0.1)
    return False
