"""Endpoints from the command line: the same as by the API, on each kind of database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from goodword.delivery.signing import secret
from goodword.parts import tenant_keyring
from tests.cli.making import SECRET, Shop, joins
from tests.delivery.receiver import Answer, Receiver, receiving

KEYRING = tenant_keyring(bytes.fromhex(SECRET), "default")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOODWORD_WEBHOOK_PRIVATE", "1")


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    shop.done("publish", shop.program)
    return shop


def shown(shop: Shop, *command: str) -> Any:
    return json.loads(shop.done("endpoints", *command, "--json").stdout)


def test_an_endpoint_is_made_tried_switched_and_removed(open_shop: Shop, receiver: Receiver) -> None:
    made = open_shop.done("endpoints", "add", receiver.url, "--topics", "reward.*, participant.joined", "--ordered")
    (one,) = shown(open_shop, "list")
    id = one["id"]
    assert made.stdout.split() == [secret(KEYRING, id, 1)]
    assert f"{id}: keep this secret" in made.stderr
    assert (one["target"], one["topics"], one["ordered"]) == (receiver.url, ["reward.*", "participant.joined"], True)
    assert "secret" not in one
    assert id in open_shop.done("endpoints", "list").stdout

    assert "delivered" in open_shop.done("endpoints", "test", id).stdout
    receiver.say = lambda _: Answer(500)
    failed = open_shop.run("endpoints", "test", id, "--json")
    assert (failed.exit_code, json.loads(failed.stdout.splitlines()[-1])["status"]) == (1, "failed")
    assert [taken.body["type"] for taken in receiver.taken] == ["goodword.test"] * 2
    log = shown(open_shop, "log", id)
    assert [(entry["status"], entry["log"][0]["code"]) for entry in log] == [("failed", 500), ("delivered", 204)]
    assert [entry["status"] for entry in shown(open_shop, "log", "--status", "failed")] == ["failed"]
    assert len(shown(open_shop, "log", "--limit", "1")) == 1
    assert " 500 " in open_shop.done("endpoints", "log", id).stdout

    assert open_shop.done("endpoints", "disable", id).stdout == f"{id} is disabled\n"
    (off,) = shown(open_shop, "list")
    assert (off["state"], off["why"]) == ("disabled", "staff")
    assert open_shop.done("endpoints", "enable", id).stdout == f"{id} is active\n"
    assert shown(open_shop, "list")[0]["state"] == "active"
    assert open_shop.done("endpoints", "remove", id).stdout == f"{id} is removed\n"
    assert shown(open_shop, "list") == []
    assert len(shown(open_shop, "log")) == 2, "the log stays"


def test_a_secret_is_rotated_once_at_a_time(open_shop: Shop, receiver: Receiver) -> None:
    id = shown(open_shop, "add", receiver.url)["id"]
    rotated = open_shop.done("endpoints", "rotate", id)
    assert rotated.stdout.split() == [secret(KEYRING, id, 2)]
    refused = open_shop.run("endpoints", "rotate", id)
    assert refused.exit_code == 1
    assert "two secrets sign until" in refused.stderr
    forced = shown(open_shop, "rotate", id, "--force", "--overlap", "60")
    assert forced["secret"] == secret(KEYRING, id, 3)
    assert shown(open_shop, "list")[0]["old_secret_until"] == forced["old_secret_until"]
    open_shop.done("endpoints", "test", id)
    signatures = receiver.taken[-1].headers["webhook-signature"].split()
    assert len(signatures) == 2


def test_what_happens_waits_for_a_mailbox(open_shop: Shop) -> None:
    made = open_shop.done("endpoints", "add", "staff@shop.example", "--kind", "mail", "--language", "ro")
    (one,) = shown(open_shop, "list")
    assert (made.stdout.strip(), one["language"], one["topics"]) == (one["id"], "ro", ["*"])
    assert "no secret" in open_shop.run("endpoints", "rotate", one["id"]).stderr
    open_shop.events.write_text("\n".join(joins()) + "\n")
    open_shop.done("import", open_shop.events)
    assert shown(open_shop, "log", one["id"]) == [], "until somebody delivers"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["add", "ftp://shop.example/x"], "target: the address has to begin with https://"),
        (["add", "https://user:word@shop.example/x"], "target: the address must not hold a user"),
        (["add", "staff", "--kind", "mail"], "target: this is not a mail address"),
        (["add", "http://127.0.0.1:1/x", "--topics", "reward.*,weather"], "topics[1]: weather is not a topic"),
        (["add", "http://127.0.0.1:1/x", "--topics", ","], "topics: "),
        (["add", "http://127.0.0.1:1/x", "--kind", "pigeon"], "kind: "),
        (["add", "http://127.0.0.1:1/x", "--language", "de"], "language: one of "),
        (["enable", "ep_none"], "there is no such endpoint"),
        (["disable", "ep_none"], "there is no such endpoint"),
        (["remove", "ep_none"], "there is no such endpoint"),
        (["rotate", "ep_none"], "there is no such endpoint"),
        (["test", "ep_none"], "there is no such endpoint"),
        (["log", "ep_none"], "there is no such endpoint"),
        (["log", "--status", "lost"], "--status: "),
    ],
)
def test_what_cannot_be_is_told_in_one_line(open_shop: Shop, command: list[str], told: str) -> None:
    result = open_shop.run("endpoints", *command)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"goodword: {told}"), result.stderr
    assert result.stderr.count("\n") == 1
    assert shown(open_shop, "list") == []


def test_public_addresses_only_unless_set_otherwise(open_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOODWORD_WEBHOOK_PRIVATE", "0")
    assert "not a public address" in open_shop.run("endpoints", "add", "https://127.0.0.1/x").stderr
