"""An import that was interrupted goes on: both runs together come to what one run comes to."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goodword.cli import events as events_command
from goodword.storage import tables
from goodword.storage.database import open_database
from goodword.storage.imports import IMPORTS_MAX, Import, ImportMoved, save_import, unfinished_imports
from tests.cli.interrupting import SMALL, interrupt, stopped_at
from tests.cli.making import Shop, generated_lines, joins, line, make_shop, refused_lines


def whole(shop: Shop, other: Path) -> tuple[dict[str, Any], bytes]:
    """What one run over the same file comes to, on a database of its own."""
    other.mkdir()
    fresh = make_shop(other, f"sqlite:///{other / 'whole.db'}")
    fresh.events.write_bytes(shop.events.read_bytes())
    fresh.done("publish", fresh.program)
    result = fresh.run("import", fresh.events, "--answers", other / "answers", "--json", env=SMALL)
    assert result.exit_code == 1, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary, (other / "answers").read_bytes()


def long_file(shop: Shop) -> None:
    shop.events.write_text("\n".join(generated_lines(friends=150)) + "\n")
    shop.done("publish", shop.program)


def test_a_killed_import_goes_on_and_comes_to_the_same(shop: Shop, tmp_path: Path) -> None:
    long_file(shop)
    answers = shop.folder / "answers"
    code, _, _ = interrupt(shop, signal.SIGKILL, "import", shop.events, "--json", "--answers", answers)
    first = stopped_at(shop)
    assert (code, first > 0) == (-signal.SIGKILL, True)
    code, _, _ = interrupt(shop, signal.SIGKILL, "import", shop.events, "--json", "--answers", answers, after=first + 1)
    second = stopped_at(shop)
    assert second > first

    result = shop.run("import", shop.events, "--answers", answers, "--json", env=SMALL)

    summary = json.loads(result.stdout)
    expected, told = whole(shop, tmp_path / "other")
    assert summary.pop("resumed_at") == second
    assert expected.pop("resumed_at") is None
    assert summary == expected
    assert answers.read_bytes() == told
    assert stopped_at(shop) == 0
    assert shop.run("audit").exit_code == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_told_to_stop_says_how_to_go_on(small_shop: Shop, sent: signal.Signals) -> None:
    shop = small_shop
    long_file(shop)

    code, out, err = interrupt(shop, sent, "import", shop.events, "--json")

    at = stopped_at(shop)
    assert code == 130, err
    assert f"stopped after line {at:,}; the same command goes on from there" in err.decode()
    assert b"Traceback" not in err
    counted = json.loads(out)
    assert 0 < counted["events"] <= at
    again = shop.run("import", shop.events, "--json", env=SMALL)
    assert json.loads(again.stdout)["resumed_at"] == at
    assert json.loads(again.stdout)["repeated"] < 50


def cut_off(shop: Shop, monkeypatch: pytest.MonkeyPatch, batches: int, *args: object) -> Any:
    """Run an import whose database goes away after so many batches."""
    left = batches
    decide = events_command.in_database

    def away(*given: Any) -> Any:
        inner = decide(*given)

        def one(*batch: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise sa.exc.OperationalError("SELECT 1", {}, Exception("the server went away"))
            inner(*batch)

        return one

    with monkeypatch.context() as patch:
        patch.setattr(events_command, "in_database", away)
        return shop.run("import", shop.events, *args, env=SMALL)


def test_while_the_database_is_away_an_import_stops_in_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    long_file(shop)

    result = cut_off(shop, monkeypatch, 5)

    assert result.exit_code == 1
    assert "the same command goes on from there" in result.stderr
    assert "the server went away" in result.stderr
    at = stopped_at(shop)
    assert json.loads(shop.run("import", shop.events, "--json").stdout)["resumed_at"] == at > 0


def test_problems_before_the_interruption_are_told_again(
    small_shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shop = small_shop
    rows = [*joins(), *refused_lines(), "", *(line(f"s{n}", "sign_up", 1, person={"id": f"p{n}"}) for n in range(30))]
    shop.events.write_text("\n".join([*rows, *refused_lines()]))
    shop.done("publish", shop.program)
    cut_off(shop, monkeypatch, 6)
    database = open_database(shop.database)
    with database.read() as connection:
        (row,) = unfinished_imports(connection, "default")
    database.close()
    assert "somebody" not in row.doc
    assert "join-ann" not in row.doc

    summary = json.loads(shop.run("import", shop.events, "--json").stdout)

    expected, _ = whole(shop, tmp_path / "other")
    assert summary.pop("resumed_at") > 5
    assert expected.pop("resumed_at") is None
    assert summary == expected


def test_a_file_that_was_changed_starts_over_and_one_that_grew_goes_on(
    small_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = small_shop
    long_file(shop)
    cut_off(shop, monkeypatch, 5)
    at = stopped_at(shop)
    text = shop.events.read_text()
    shop.events.write_text(text.replace("f0@example.com", "f0@example.net"))
    changed = json.loads(cut_off(shop, monkeypatch, 0, "--json").stdout or "{}")
    assert changed.get("resumed_at") is None
    shop.events.write_text(text + line("late", "time_passed", 400) + "\n")

    assert json.loads(shop.run("import", shop.events, "--json").stdout)["resumed_at"] == at


def test_an_import_can_be_made_to_start_over(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = small_shop
    long_file(shop)
    cut_off(shop, monkeypatch, 5)
    at = stopped_at(shop)

    summary = json.loads(shop.run("import", shop.events, "--restart", "--json").stdout)

    assert summary["resumed_at"] is None
    assert at * 0.9 < summary["repeated"]
    assert stopped_at(shop) == 0


@pytest.mark.parametrize("harm", ["missing", "short", "other"])
def test_without_the_answers_so_far_an_import_starts_over(
    small_shop: Shop, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    shop = small_shop
    long_file(shop)
    answers = shop.folder / "answers"
    cut_off(shop, monkeypatch, 5, "--answers", answers)
    before = answers.read_bytes()
    if harm == "missing":
        answers.unlink()
    else:
        answers.write_bytes(before[:-5] if harm == "short" else before.replace(b"join-ann", b"join-eve"))

    result = shop.run("import", shop.events, "--answers", answers, "--json")

    assert "starts over" in result.stderr
    assert json.loads(result.stdout)["resumed_at"] is None
    assert answers.read_bytes().startswith(before)


def test_history_and_live_are_two_imports(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = small_shop
    long_file(shop)
    cut_off(shop, monkeypatch, 5)

    assert json.loads(shop.run("import", shop.events, "--live", "--json").stdout)["resumed_at"] is None
    assert stopped_at(shop) > 0


def test_a_second_process_on_the_same_file_is_refused(shop: Shop) -> None:
    shop.done("publish", shop.program)
    row = Import("im_1", 10, 1, "", True, "{}")
    database = open_database(shop.database)
    with database.write("default") as connection:
        save_import(connection, "default", row, None, 1)
        save_import(connection, "default", row, 10, 2)
        with pytest.raises(ImportMoved, match="another process"):
            save_import(connection, "default", row, 9, 3)
        for number in range(IMPORTS_MAX + 5):
            save_import(connection, "default", Import(f"im_x{number}", 1, 1, "", True, "{}"), None, 10 + number)
        rows = connection.execute(sa.select(tables.imports.c.id).order_by(tables.imports.c.saved_ms)).scalars().all()
    database.close()
    assert rows == [f"im_x{number}" for number in range(5, IMPORTS_MAX + 5)]
