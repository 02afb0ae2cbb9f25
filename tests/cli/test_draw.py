"""A draw from the command line: its list is handed out, and anybody draws again from it."""

import json
from typing import Any

import pytest

from tests.cli.making import PROGRAM, Shop, line

GAMES = (
    PROGRAM.replace("steps:", "measures: {friends: {count: referrals, step: purchase}}\nsteps:", 1)
    + """\
  flight: {when: {contest: jump, places: 1-2}, to: advocate, benefit: {kind: experience, amount: 1 flight}}
contests:
  jump: {measure: friends, first_day: 2025-01-01, last_day: 2025-01-31, by: draw, free_entry: true}
  race: {measure: friends, first_day: 2025-01-01, last_day: 2025-01-31, ties: first}
"""
)


@pytest.fixture
def drawn(shop: Shop) -> Shop:
    """Twelve people entered, and the draw is decided."""
    return draw(shop, 12)


def draw(shop: Shop, entries: int) -> Shop:
    """So many people enter, and the draw is decided."""
    shop.program.write_text(GAMES)
    shop.done("publish", shop.program)
    people = [{"id": f"person-{number}"} for number in range(entries)]
    rows = [line(f"e{n}", "enter", 2, program="demo", contest="jump", person=one) for n, one in enumerate(people)]
    shop.events.write_text("\n".join([*rows, line("end", "time_passed", 40)]) + "\n")
    shop.done("import", shop.events)
    return shop


@pytest.mark.parametrize(("count", "winners"), [(12, 2), (2, 2), (1, 1)])
def test_anybody_draws_again(shop: Shop, tmp_path: Any, count: int, winners: int) -> None:
    drawn = draw(shop, count)
    listed = drawn.done("draw", "entries", "demo", "jump").stdout
    said, *entries = map(json.loads, listed.splitlines())
    assert (len(entries), len(said["winners"])) == (count, winners)
    file = tmp_path / "entries.ndjson"
    file.write_text(listed)
    checked = drawn.done("draw", "verify", file).stdout
    assert f"{count} entries, {count} tickets" in checked
    assert f"1. {said['winners'][0]}" in checked
    told = json.loads(drawn.done("draw", "verify", file, "--json").stdout)
    assert told["winners"] == said["winners"] == told["drawn"][:winners]
    assert "0 findings" in drawn.done("audit").stdout


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("seed", "00", "the seed is not the one"),
        ("entries_hash", "00", "the list of entries is not the one"),
        ("winners", ["pt_somebody"], "the winners are not those whom the tickets find"),
        ("drawn", "x", ":1: Expected `int`"),
    ],
)
def test_what_was_changed_is_found(drawn: Shop, tmp_path: Any, field: str, value: Any, message: str) -> None:
    said, *entries = drawn.done("draw", "entries", "demo", "jump").stdout.splitlines()
    file = tmp_path / "entries.ndjson"
    file.write_text("\n".join([json.dumps(json.loads(said) | {field: value}), *entries]) + "\n")
    result = drawn.run("draw", "verify", file)
    assert result.exit_code == 1
    assert message in result.stderr


def test_an_entry_that_was_left_out_is_missed(drawn: Shop, tmp_path: Any) -> None:
    lines = drawn.done("draw", "entries", "demo", "jump").stdout.splitlines()
    file = tmp_path / "entries.ndjson"
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert "the list of entries is not the one" in drawn.run("draw", "verify", file).stderr


def test_what_is_no_draw_or_not_decided_is_refused_by_name(shop: Shop) -> None:
    shop.program.write_text(GAMES)
    shop.done("publish", shop.program)
    for contest, message in (
        ("race", "no draw called race"),
        ("rice", "no draw called rice"),
        ("jump", "not decided yet"),
    ):
        assert message in shop.run("draw", "entries", "demo", contest).stderr
