"""Import and replay: the same answers, in the order of the lines, however often and wherever they are asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from goodword.replay import PROBLEMS_MAX
from tests.cli.making import CODE, Shop, generated_lines, joins, line, one_referral, refused_lines


def _import(shop: Shop, answers: Path, batch_max: int = 7) -> dict[str, object]:
    args = ("import", shop.events, "--answers", answers, "--json")
    result = shop.run(*args, env={"GOODWORD_BATCH_MAX": str(batch_max)})
    assert result.exit_code == 1, result.output
    summary: dict[str, object] = json.loads(result.stdout)
    return summary


def test_a_replay_answers_byte_for_byte_what_an_import_answers(shop: Shop) -> None:
    shop.events.write_text("\n".join(generated_lines()) + "\n")
    shop.done("publish", shop.program)
    answers = shop.folder / "answers.ndjson"

    imported = _import(shop, answers)
    replayed = shop.run("replay", shop.program, shop.events, "--json")

    assert replayed.exit_code == 1
    assert replayed.stdout_bytes == answers.read_bytes()
    summary = json.loads(replayed.stderr)
    assert imported.pop("resumed_at") is None
    assert {name: summary[name] for name in imported} == imported
    assert summary["own_key"] is True
    outcomes = {json.loads(row)["outcome"] for row in answers.read_text().splitlines()}
    assert outcomes == {"accepted", "refused", "waiting"}
    statuses = {row["status"] for row in summary["rewards"]}
    assert {"issued", "cancelled", "reversed"} <= statuses, summary["rewards"]


def test_an_import_can_be_repeated(shop: Shop) -> None:
    shop.events.write_text("\n".join(generated_lines()) + "\n")
    shop.done("publish", shop.program)
    first, second = shop.folder / "first", shop.folder / "second"

    before = _import(shop, first)
    after = _import(shop, second, batch_max=100)

    assert second.read_bytes() == first.read_bytes()
    assert [after[name] for name in ("accepted", "refused", "waiting")] == [0, 0, 0]
    assert after["conflicts"] == before["conflicts"] == 1
    assert after["invalid"] == before["invalid"] == 2
    answered = sum(int(str(before[name])) for name in ("accepted", "refused", "waiting", "repeated"))
    assert after["repeated"] == answered == len(first.read_text().splitlines())
    assert shop.run("audit").exit_code == 0


def test_lines_that_are_not_accepted_are_named_and_do_not_stop_the_others(small_shop: Shop) -> None:
    shop = small_shop
    shop.done("publish", shop.program)
    shop.events.write_text("\n".join([*joins(), *refused_lines(), *one_referral("eve", 1)]))

    result = shop.run("import", shop.events)

    assert result.exit_code == 1
    named = result.stderr.splitlines()
    assert named[0].startswith(f"{shop.events}:3: not JSON")
    assert named[1].startswith(f"{shop.events}:4: occurred_at: a time needs its zone")
    assert named[2] == f"{shop.events}:5: id: the same id was told before with other content"
    assert len(named) == 3
    assert "accepted  4" in " ".join(result.stdout.split("\n")).replace("   ", "  ")
    assert shop.run("explain", "order-eve").exit_code == 0


def test_a_conflict_is_told_of_the_line_that_differs_wherever_batches_end(small_shop: Shop) -> None:
    shop = small_shop
    row, other = joins()[0], line("join-ann", "join", 3, person={"id": "x"}, program="demo")
    shop.events.write_text("\n".join([row, other, row, other, row]))

    result = shop.run("replay", shop.program, shop.events, "--json")

    answers = result.stdout.splitlines()
    assert len(answers) == 3
    assert len(set(answers)) == 1
    assert [problem["line"] for problem in json.loads(result.stderr)["problems"]] == [2, 4]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n\n"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(small_shop: Shop, end: str) -> None:
    text = "\ufeff" + ("\r\n" if "\r" in end else "\n").join(joins()) + end

    result = small_shop.done("replay", small_shop.program, "-", "--json", input=text.encode())

    assert [json.loads(row)["event"] for row in result.stdout.splitlines()] == ["join-ann", "join-bob"]


def test_a_line_that_is_too_long_is_one_invalid_line(small_shop: Shop) -> None:
    first, second = joins()
    text = "\n".join([first, '{"id":"' + "x" * 300_000, second])

    result = small_shop.run("replay", small_shop.program, "-", "--json", input=text.encode())

    assert len(result.stdout.splitlines()) == 2
    (problem,) = json.loads(result.stderr)["problems"]
    assert problem == {"line": 2, "message": "an event has at most 65536 bytes"}


def test_a_replay_without_a_secret_uses_the_replay_key_and_says_so(small_shop: Shop) -> None:
    shop = small_shop
    shop.secret.unlink()
    shop.events.write_text("\n".join(joins()))

    first = shop.done("replay", shop.program, shop.events)
    again = shop.done("replay", shop.program, shop.events, "--json")

    assert "the replay key" in first.stderr
    assert first.stdout == again.stdout
    assert CODE not in first.stdout
    assert json.loads(again.stderr)["own_key"] is False
    assert not shop.secret.exists()


def test_a_replay_tells_what_the_program_would_have_cost(small_shop: Shop) -> None:
    shop = small_shop
    shop.events.write_text("\n".join([*joins(), *one_referral("eve", 1)]))

    result = shop.done("replay", shop.program, shop.events)

    assert "$20.00" in result.stderr
    assert "referrals converted" in result.stderr


def test_many_problems_are_counted_and_the_first_are_named(small_shop: Shop) -> None:
    rows = "\n".join(["{}"] * (PROBLEMS_MAX + 5))

    result = small_shop.run("replay", small_shop.program, "-", "--json", input=rows.encode())
    told = small_shop.run("replay", small_shop.program, "-", input=rows.encode()).stderr

    summary = json.loads(result.stderr)
    assert (summary["invalid"], len(summary["problems"])) == (PROBLEMS_MAX + 5, PROBLEMS_MAX)
    assert "-: 5 more" in told


def test_live_events_are_decided_now(small_shop: Shop) -> None:
    shop = small_shop
    shop.done("publish", shop.program)
    shop.events.write_text("\n".join([*joins(), line("late", "time_passed", 1)]))

    result = shop.run("import", shop.events, "--live")

    assert result.exit_code == 1
    assert f"{shop.events}:3: type: live time passes by itself" in result.stderr


def test_the_installed_script_reads_standard_input(small_shop: Shop) -> None:
    shop = small_shop
    shop.done("publish", shop.program)
    rows = "\n".join([*joins(), *one_referral("eve", 1)]).encode()
    script = Path(sys.executable).parent / "goodword"

    command = [str(script), *shop.options, "import", "-", "--answers", str(shop.folder / "answers"), "--json"]
    done = subprocess.run(command, input=rows, capture_output=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accepted"] == 4
    replayed = shop.done("replay", shop.program, "-", "--json", input=rows)
    assert replayed.stdout_bytes == (shop.folder / "answers").read_bytes()
