"""The other commands: what they print, their exit codes, and that a mistake is one line, never a traceback."""

import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from demo.cases import PROGRAMS
from goodword.cli import app
from goodword.recipes import list_recipes
from goodword.settings import SETTINGS, masked
from goodword.storage import database
from goodword.storage.database import open_database
from tests.cli.making import PROGRAM, Shop, generated_lines, joins

WRONG = PROGRAM.replace("at_least", "at_leest").replace("hold: 30 days", "hold: soon")


def _one_line(result: Result, code: int = 1) -> str:
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    told = result.stderr.strip()
    assert told
    assert "\n" not in told
    return told


def test_help_and_version() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).stdout

    assert "GOODWORD_DATABASE" in shown
    assert next(setting.help for setting in SETTINGS if setting.name == "tenant") in shown
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("goodword ")


def test_recipes_are_listed_and_copied(small_shop: Shop) -> None:
    listed = json.loads(small_shop.done("recipes", "--json").stdout)

    assert [row["recipe"] for row in listed] == list_recipes()
    assert all(row["headline"] for row in listed)
    assert listed[0]["recipe"] in small_shop.done("recipes").stdout
    name = listed[0]["recipe"]
    assert small_shop.done("recipes", "copy", name, small_shop.folder).stdout.strip().endswith("program.yaml")
    assert "DIR/program.yaml" in small_shop.done("recipes", "copy", "--help").stdout
    assert small_shop.done("check", small_shop.folder / "program.yaml").exit_code == 0
    assert "exists" in _one_line(small_shop.run("recipes", "copy", name, small_shop.folder))
    assert name in _one_line(small_shop.run("recipes", "copy", "nothing", small_shop.folder))


def test_a_recipe_is_shown_in_words(small_shop: Shop) -> None:
    shown = small_shop.done("recipes", "show", "dropbox").stdout
    data = json.loads(small_shop.done("recipes", "show", "dropbox", "--lang", "ar", "--json").stdout)

    assert shown.startswith("You both get 500 MB\n\n1. Share your code or your link with a friend.\n")
    assert "- Limit for each person in all: 16,000 MB. What still fits under it is granted.\n" in shown
    assert (data["program"], data["language"], data["direction"]) == ("dropbox", "ar", "rtl")
    assert data["headline"] == "لكل منكما 500 ميغابايت"
    clauses = {clause["key"]: clause["text"] for part in data["terms"] for clause in part["clauses"]}
    assert clauses["rewards.space.when"] == "تُمنح عن: تثبيت التطبيق."
    assert "nothing" in _one_line(small_shop.run("recipes", "show", "nothing"))
    assert small_shop.done("words", PROGRAMS / "dropbox" / "program.yaml").stdout == shown
    assert {"recipe": "dropbox", "after": "Dropbox", "headline": "You both get 500 MB"} in json.loads(
        small_shop.done("recipes", "--json").stdout
    )


def test_check_names_every_problem_at_its_place(small_shop: Shop) -> None:
    small_shop.program.write_text(WRONG)

    result = small_shop.run("check", small_shop.program)
    data = json.loads(small_shop.run("check", small_shop.program, "--json").stdout)

    assert result.exit_code == 1
    shown = result.stdout.splitlines()
    assert [row.split(":")[1] for row in shown] == ["10", "16"]
    assert all(row.startswith(f"{small_shop.program}:") for row in shown)
    assert "at_least" in shown[0]
    assert data["ok"] is False
    assert [problem["line"] for problem in data["problems"]] == [10, 16]


def test_warnings_fail_only_when_asked(small_shop: Shop) -> None:
    result = small_shop.done("check", small_shop.program)

    assert "no_economics" in result.stdout
    assert small_shop.run("check", small_shop.program, "--strict").exit_code == 1
    data = json.loads(small_shop.run("check", small_shop.program, "--strict", "--json").stdout)
    assert data["ok"] is False
    assert data["problems"] == []
    assert data["warnings"][0]["code"] == "no_economics"


def test_schema_is_json(small_shop: Shop) -> None:
    assert json.loads(small_shop.done("schema").stdout)["$schema"].startswith("https://json-schema.org/")


def test_publishing_makes_the_database_and_the_next_version(shop: Shop) -> None:
    first = shop.done("publish", shop.program)
    same = json.loads(shop.done("publish", shop.program, "--json").stdout)
    shop.program.write_text(PROGRAM.replace("20 USD", "25 USD"))
    refused = shop.run("publish", shop.program)
    second = json.loads(shop.done("publish", shop.program, "--yes", "--json").stdout)

    assert (refused.exit_code, "say --yes" in refused.stderr) == (1, True)
    assert first.stdout == "demo version 1 is in force\n"
    assert "no_economics" in first.stderr
    assert (same["version"], same["new"]) == (1, False)
    assert (second["version"], second["new"]) == (2, True)
    assert [one for one in second["changes"] if "$20.00" in one and "$25.00" in one]
    assert second["rehearsal"]["candidates"][0]["changed"] == 0


def test_what_changes_is_told_in_words_before_it_is_in_force(shop: Shop) -> None:
    shop.done("publish", shop.program)
    shop.events.write_text("\n".join(generated_lines(12)) + "\n")
    shop.run("import", shop.events)
    shop.program.write_text(
        PROGRAM.replace("20 USD", "5 USD").replace("hold: 30 days", "hold: 3 days")
        + "economics: {margin: 40%, smallest_order: 50 USD, return_window: 2 days}\n"
    )
    early = shop.run("publish", shop.program, "--yes")
    for words in ("takes something away from advocates", "- Store credit: $20.00.", "30 days", "--at-once"):
        assert words in early.stderr
    assert early.exit_code == 1
    at_once = ("--at-once", "a mistake")
    told = shop.run("publish", shop.program, "--days", "3000", *at_once)
    for words in (
        "until now “Store credit: $20.00.”",
        "Final after 3 days",
        "In the file, economics.margin: 40%, new",
        "less.",
    ):
        assert words in told.stdout
    assert json.loads(shop.done("rehearse", shop.program, "--json").stdout)["happened"] is not None
    again = shop.done("publish", shop.program, "--yes", "--days", "3000", "--language", "ro", *at_once).stdout
    assert "până acum" in again
    assert again.endswith("demo version 2 is in force\n")


def test_a_program_with_problems_is_not_published(small_shop: Shop) -> None:
    small_shop.program.write_text(WRONG)

    result = small_shop.run("publish", small_shop.program)

    assert result.exit_code == 1
    assert result.stderr.count(f"{small_shop.program}:") == 2
    assert not (small_shop.folder / "small.db").exists()


def test_migrate_can_be_repeated(shop: Shop) -> None:
    first = shop.done("migrate")

    assert shop.done("migrate").stdout == first.stdout


def test_audit_finds_what_somebody_changed(shop: Shop) -> None:
    shop.done("publish", shop.program)
    clean = json.loads(shop.done("audit", "--json").stdout)
    opened = open_database(shop.database)
    with opened.write("default") as connection:
        connection.execute(text("UPDATE tenants SET seq = 7"))
    opened.close()

    result = shop.run("audit")
    data = json.loads(shop.run("audit", "--json").stdout)

    assert clean["findings"] == []
    assert len(clean["checks"]) > 10
    assert result.exit_code == 1
    assert "the_tenant_stands_at_its_last_event" in result.stdout
    assert data["findings"][0]["row"] == "tenants default"


def test_keys_are_made_listed_and_revoked(shop: Shop) -> None:
    shop.done("publish", shop.program)

    made = json.loads(shop.done("keys", "create", "--name", "shop", "--scope", "events,history", "--json").stdout)
    secret = shop.done("keys", "create", "--name", "staff", "--scope", "admin").stdout.strip()
    shop.done("keys", "revoke", made["id"])
    listed = json.loads(shop.done("keys", "list", "--json").stdout)

    assert made["scopes"] == ["events", "history"]
    assert secret.startswith("gw_")
    assert [row["name"] for row in sorted(listed, key=lambda row: row["name"])] == ["shop", "staff"]
    assert [row["id"] for row in listed if row["revoked_at"]] == [made["id"]]
    table = shop.done("keys", "list").stdout
    assert made["id"] in table
    assert secret not in table
    assert "there is no key" in _one_line(shop.run("keys", "revoke", "key_0"))


def test_options_of_all_commands_may_stand_behind_the_command(small_shop: Shop) -> None:
    shop = small_shop
    args = ["publish", str(shop.program), "--tenant=north", *shop.options]

    assert CliRunner().invoke(app, args).exit_code == 0
    assert shop.run("audit", "--tenant", "north").exit_code == 0
    assert "'default'" in _one_line(shop.run("audit"))


@pytest.mark.parametrize(
    "args",
    [
        ["check", "missing.yaml"],
        ["check", "."],
        ["publish", "missing.yaml"],
        ["replay", "missing.yaml", "missing.ndjson"],
        ["replay", "{program}", "missing.ndjson"],
        ["audit"],
        ["explain", "rf_1"],
        ["import", "missing.ndjson"],
        ["keys", "list"],
        ["audit", "--database", "mysql://host/name"],
        ["audit", "--database", "nonsense"],
        ["migrate", "--database", "nonsense"],
        ["migrate", "--database", "postgresql://host:port/name"],
        ["audit", "--database", "postgresql://nobody@127.0.0.1:1/nothing"],
        ["audit", "--database", "sqlite:////nowhere/at/all.db"],
        ["migrate", "--database", "sqlite:////nowhere/at/all.db"],
        ["serve", "--host", "203.0.113.1"],
    ],
)
def test_a_mistake_is_told_in_one_line(small_shop: Shop, args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small_shop.folder)
    before = set(small_shop.folder.iterdir())

    _one_line(small_shop.run(*(arg.format(program=small_shop.program) for arg in args)))

    assert set(small_shop.folder.iterdir()) == before


def test_files_that_cannot_be_read_are_told_in_one_line(small_shop: Shop) -> None:
    shop = small_shop
    shop.program.write_bytes(b"goodword: 1\nprogram: \xff\n")
    assert "UTF-8" in _one_line(shop.run("check", shop.program))
    shop.program.write_text(PROGRAM)
    shop.secret.write_text("short")
    assert "secret" in _one_line(shop.run("publish", shop.program))
    assert "secret" in _one_line(shop.run("replay", shop.program, "-"))
    (shop.folder / "small.db").unlink(missing_ok=True)
    (shop.folder / "small.db").write_text("this is no database at all, though it is a file" * 100)
    assert "database" in _one_line(shop.run("audit"))


def test_a_database_of_a_newer_release_is_refused(shop: Shop) -> None:
    shop.done("publish", shop.program)
    opened = open_database(shop.database)
    with opened.write("default") as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()

    for args in (["audit"], ["publish", str(shop.program)], ["migrate"]):
        assert "newer" in _one_line(shop.run(*args)).replace("unknown to this release: a newer", "newer")


def test_a_database_that_was_not_migrated_is_refused(shop: Shop) -> None:
    sqlite = shop.database.removeprefix("sqlite:///")
    if sqlite != shop.database:
        Path(sqlite).touch()

    assert "migrate" in _one_line(shop.run("audit"))


def test_a_locked_database_is_told_in_one_line(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = small_shop
    shop.done("publish", shop.program)
    shop.events.write_text("\n".join(joins()))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    holder = sqlite3.connect(shop.folder / "small.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    told = _one_line(shop.run("import", shop.events))

    holder.close()
    assert "another process is writing" in told


@pytest.mark.parametrize(
    "args",
    [
        ["nothing"],
        ["check"],
        ["check", "a", "--nothing"],
        ["explain", "x", "--language", "xx"],
        ["keys", "create", "--name", "x"],
        ["keys", "create", "--name", "x", "--scope", "everything"],
        ["replay", "a", "b", "--tenant"],
    ],
)
def test_wrong_usage_has_exit_code_2(small_shop: Shop, args: list[str]) -> None:
    small_shop.done("publish", small_shop.program)

    assert small_shop.run(*args).exit_code == 2


def test_a_setting_that_cannot_be_used_is_wrong_usage(small_shop: Shop) -> None:
    result = small_shop.run("replay", small_shop.program, "-", env={"GOODWORD_BATCH_MAX": "many"})

    assert result.exit_code == 2
    assert "GOODWORD_BATCH_MAX" in result.stderr


def test_settings_say_where_they_come_from_and_hide_passwords(small_shop: Shop) -> None:
    environment = {
        "GOODWORD_PORT": "8099",
        "GOODWORD_DATABASE": "postgresql://shop:s3cret@db/goodword?sslpassword=s3cret&application_name=x",
    }
    args = ["--tenant", "north", "settings"]
    shown = CliRunner().invoke(app, [*args, "--json"], env=environment)
    rows = {row["name"]: row for row in json.loads(shown.stdout)}

    assert list(rows) == [setting.variable for setting in SETTINGS]
    assert (rows["GOODWORD_PORT"]["value"], rows["GOODWORD_PORT"]["from"]) == ("8099", "environment")
    assert (rows["GOODWORD_TENANT"]["value"], rows["GOODWORD_TENANT"]["from"]) == ("north", "option")
    assert rows["GOODWORD_HOST"]["from"] == "default"
    database = rows["GOODWORD_DATABASE"]
    assert database["value"] == "postgresql://shop:***@db/goodword?sslpassword=***&application_name=x"
    assert database["from"] == "environment"
    assert "s3cret" not in shown.output + CliRunner().invoke(app, args, env=environment).output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://shop@db/goodword", "postgresql://shop@db/goodword"),
        ("postgresql://shop:a:b@c@db:5432/x", "postgresql://shop:***@db:5432/x"),
        ("postgresql://shop:ab/c?d#e@db/x", "postgresql://shop:***@db/x"),
        ("postgresql://db/x?user=a&password=b", "postgresql://db/x?user=a&password=***"),
        ("sc://spark:15002/;use_ssl=true;token=a.b-c", "sc://spark:15002/;use_ssl=true;token=***"),
        ("sqlite:///goodword.db", "sqlite:///goodword.db"),
    ],
)
def test_a_password_is_masked_wherever_it_stands(text: str, shown: str) -> None:
    assert masked(text) == shown
