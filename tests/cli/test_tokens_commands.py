"""`goodword tokens`: the keys with which the shop signs tokens, made, listed and revoked by the owner; and what is wrong with a token."""

import json
import time

import jwt
import pytest

from tests.cli.making import Shop


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    shop.done("publish", shop.program)
    return shop


def made(shop: Shop) -> dict[str, str]:
    shown: dict[str, str] = json.loads(shop.done("tokens", "create", "--json").stdout)
    return shown


def test_a_secret_is_shown_once_and_stands_nowhere(open_shop: Shop) -> None:
    result = open_shop.done("tokens", "create")
    secret = result.stdout.strip()
    assert len(secret) == 43
    assert "goodword:default" in result.stderr
    (listed,) = json.loads(open_shop.done("tokens", "list", "--json").stdout)
    assert (listed["kid"] in result.stderr, listed["revoked_at"]) == (True, None)
    for shown in (open_shop.done("tokens", "list"), open_shop.done("tokens", "list", "--json")):
        assert secret not in shown.output
        assert listed["kid"] in shown.output


def test_two_keys_are_good_at_a_time(open_shop: Shop) -> None:
    first, second = made(open_shop), made(open_shop)
    assert first["secret"] != second["secret"]
    third = open_shop.run("tokens", "create")
    assert (third.exit_code, first["kid"] in third.stderr, third.stdout) == (1, True, "")
    assert "is revoked" in open_shop.done("tokens", "revoke", first["kid"]).stdout
    assert "is revoked" in open_shop.done("tokens", "revoke", first["kid"]).stdout
    made(open_shop)
    assert [bool(key["revoked_at"]) for key in json.loads(open_shop.done("tokens", "list", "--json").stdout)].count(
        True
    ) == 1
    nobody = open_shop.run("tokens", "revoke", "tk_nothing")
    assert (nobody.exit_code, "tk_nothing" in nobody.stderr) == (1, True)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, "c-17, no confirmed address, no name"),
        ({"email": "m@example.com", "name": "Maria"}, "c-17, no confirmed address, Maria"),
        ({"email": "m@example.com", "email_verified": True}, "c-17, m@example.com, no name"),
        ({"exp": 1}, "`exp`: it is over"),
        ({"exp": 4_000_000_000}, "more than an hour ahead"),
        ({"aud": "shop"}, "Audience doesn't match"),
        ({"sub": ""}, "$.sub"),
        ({"email": "m", "email_verified": True}, "person.email: not an e-mail address"),
    ],
)
def test_whoever_builds_the_shop_is_told_what_is_wrong(open_shop: Shop, claims: dict[str, object], said: str) -> None:
    key = made(open_shop)
    told = {"sub": "c-17", "aud": key["aud"], "exp": int(time.time()) + 300} | claims
    result = open_shop.run("tokens", "check", jwt.encode(told, key["secret"], "HS256", headers={"kid": key["kid"]}))
    assert said in result.output
    assert result.exit_code == (0 if said.startswith("c-17") else 1)
