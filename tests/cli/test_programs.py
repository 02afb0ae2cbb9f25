"""Programs on the command line: planned, paused, ended, withdrawn, rolled back; and their terms."""

import json

import pytest

from tests.cli.making import PROGRAM, Shop

QUICK = ("--yes", "--days", "0")


def rows(shop: Shop) -> list[object]:
    """Version, state, planned version and end of each program."""
    listed = json.loads(shop.done("programs", "--json").stdout)
    return [(one["version"], one["status"], one["planned"], one["ends_at"]) for one in listed]


def test_a_version_is_planned_withdrawn_and_planned_again(shop: Shop) -> None:
    assert "goodword publish PROGRAM" in shop.run("programs").stdout or shop.run("programs").exit_code == 1
    shop.done("publish", shop.program)
    shop.program.write_text(PROGRAM.replace("20 USD", "25 USD"))
    later = shop.done("publish", shop.program, *QUICK, "--at", "2099-12-01").stdout
    assert "from 1 December 2099" in later
    assert later.endswith("demo version 2 comes into force at 2099-12-01T00:00:00Z\n")
    assert rows(shop) == [(1, "live", {"version": 2, "starts_at": "2099-12-01T00:00:00Z"}, None)]
    assert "version 2 at 2099-12-01" in shop.done("programs").stdout
    assert "does not come into force" in shop.done("programs", "withdraw", "demo").stdout
    again = json.loads(shop.done("publish", shop.program, *QUICK, "--json", "--at", "2099-12-01T08:00+01:00").stdout)
    assert (again["version"], again["starts_at"]) == (3, "2099-12-01T07:00:00Z")
    assert shop.done("publish", shop.program, *QUICK).stdout.endswith("demo version 3 is in force\n")
    assert rows(shop) == [(3, "live", None, None)]


def test_the_file_in_force_published_at_once_withdraws_the_plan(shop: Shop) -> None:
    shop.done("publish", shop.program)
    shop.program.write_text(PROGRAM.replace("20 USD", "25 USD"))
    shop.done("publish", shop.program, *QUICK, "--at", "2099-12-01")
    shop.program.write_text(PROGRAM)
    later = shop.run("publish", shop.program, *QUICK, "--at", "2099-12-24")
    assert (later.exit_code, "one plan at a time" in later.stderr) == (1, True)
    assert shop.done("publish", shop.program, *QUICK).stdout == (
        "demo version 1 was in force already; version 2, which was planned, is withdrawn\n"
    )
    assert rows(shop) == [(1, "live", None, None)]


def test_a_program_is_paused_opened_and_ended(shop: Shop) -> None:
    shop.done("publish", shop.program)
    assert "paused" in shop.done("programs", "pause", "demo", "--why", "stock").stdout
    assert rows(shop) == [(1, "paused", None, None)]
    twice = shop.run("programs", "pause", "demo")
    assert (twice.exit_code, "not possible in the present state: paused" in twice.stderr) == (1, True)
    shop.done("programs", "resume", "demo")
    shop.done("programs", "end", "demo", "--at", "2099-12-31")
    assert rows(shop) == [(1, "live", None, "2099-12-31T00:00:00Z")]
    shop.done("programs", "end", "demo")
    assert rows(shop) == [(1, "ended", None, None)]


def test_a_program_is_rolled_back_and_forth(shop: Shop) -> None:
    shop.done("publish", shop.program)
    none = shop.run("programs", "rollback", "demo")
    assert (none.exit_code, "has no earlier version" in none.stderr) == (1, True)
    shop.program.write_text(PROGRAM.replace("20 USD", "25 USD"))
    shop.done("publish", shop.program, *QUICK)
    refused = shop.run("programs", "rollback", "demo", *QUICK)
    assert (refused.exit_code, "takes something away" in refused.stderr) == (1, True)
    assert shop.done("programs", "rollback", "demo", *QUICK, "--at-once", "too dear").stdout.endswith(
        "demo version 3 is in force\n"
    )
    assert "$20.00" in shop.done("programs", "terms", "demo").stdout
    assert "25,00" in shop.done("programs", "terms", "demo", "--version", "2", "--language", "ro").stdout
    assert shop.done("programs", "rollback", "demo", *QUICK).stdout.endswith("demo version 4 is in force\n")
    assert "$25.00" in shop.done("programs", "terms", "demo").stdout


@pytest.mark.parametrize(
    "args",
    [
        ("programs", "pause", "other"),
        ("programs", "rollback", "other"),
        ("programs", "rollback", "demo", "--to", "9"),
        ("programs", "terms", "demo", "--version", "9"),
        ("programs", "end", "other", "--at", "2099-01-01"),
        ("programs", "end", "demo", "--at", "soon"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_said(shop: Shop, args: tuple[str, ...]) -> None:
    shop.done("publish", shop.program)
    result = shop.run(*args)
    assert result.exit_code == 1
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr
