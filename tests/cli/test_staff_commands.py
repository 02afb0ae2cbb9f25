"""`goodword staff`: who works at the counter, made and switched off by the owner."""

import json

import pytest

from tests.cli.making import Shop


def made(shop: Shop, name: str = "Maria") -> dict[str, str]:
    shown: dict[str, str] = json.loads(shop.done("staff", "add", name, "--json").output)
    return shown


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    shop.done("publish", shop.program)
    return shop


def test_somebody_is_added_and_the_pin_is_shown_once(open_shop: Shop) -> None:
    result = open_shop.done("staff", "add", "Ion Pop")
    assert len(result.stdout.strip()) == 8
    assert "Ion Pop" in result.stderr
    listed = open_shop.done("staff", "list")
    assert "Ion Pop" in listed.output
    assert result.stdout.strip() not in listed.output
    assert json.loads(open_shop.done("staff", "list", "--json").output)[0]["limits"]["offline_max"] == 5


def test_limits_are_changed_one_by_one(open_shop: Shop) -> None:
    made(open_shop)
    open_shop.done("staff", "limit", "maria", "--new-hour", "3")
    told = open_shop.done("staff", "limit", "maria", "--offline-max", "0").output
    assert "new-hour 3" in told
    assert "offline-max 0" in told
    assert "redeem-day 100" in told


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("limit", "nobody"), "nobody of the staff is called 'nobody'"),
        (("limit", "Maria", "--new-day", "-1"), "a limit is 0 to 100000"),
        (("add", "maria"), "is called 'maria' already"),
        (("add", " "), "a name has 1 to 60 characters"),
        (("disable", "nobody"), "nobody of the staff"),
        (("pin", "nobody"), "nobody of the staff"),
        (("log", "nobody"), "nobody of the staff"),
    ],
)
def test_mistakes_are_told_in_a_line(open_shop: Shop, args: tuple[str, ...], said: str) -> None:
    made(open_shop)
    result = open_shop.run("staff", *args)
    assert result.exit_code == 1
    assert said in result.output


def test_a_new_pin_and_no_pin_for_who_was_switched_off(open_shop: Shop) -> None:
    first = made(open_shop)
    second = json.loads(open_shop.done("staff", "pin", first["id"], "--json").output)
    assert first["pin"] != second["pin"]
    assert "is switched off" in open_shop.done("staff", "disable", "MARIA").output
    assert open_shop.run("staff", "pin", "Maria").exit_code == 1
    assert json.loads(open_shop.done("staff", "list", "--json").output)[0]["disabled_at"]
    assert json.loads(open_shop.done("staff", "log", "--json").output) == []
    assert "pressed" in open_shop.done("staff", "log").output
