"""Where webhooks may go: tables of addresses, and names that lie."""

import socket

import pytest

from goodword.delivery.addresses import (
    AddressRefused,
    BadUrl,
    Unresolved,
    check_host,
    is_public,
    parse_url,
    resolve_within,
    system_resolve,
)
from goodword.delivery.webhook import WebhookSender
from tests.delivery.making import CONTEXT, KEYRING
from tests.delivery.receiver import Receiver
from tests.delivery.test_webhook import message

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]
INSIDE = [
    "127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",  # noqa: S104
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "2001:0:1::1",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "100::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shop.example/hook", "https"),
        ("ftp://shop.example/hook", "https"),
        ("file:///etc/passwd", "https"),
        ("https:///hook", "no host"),
        ("shop.example/hook", "https"),
        ("https://user:word@shop.example/hook", "user"),
        ("https://user@shop.example/hook", "user"),
        ("https://@shop.example/hook", "user"),
        ("https://shop.example/hook#part", "fragment"),
        ("https://shop.example/hook#", "fragment"),
        ("https://shop.example:22/hook", "port 22"),
        ("https://shop.example:99999/hook", "not an address"),
        ("https://shop.example/a b", "spaces"),
        ("https://shop.example/a\r\nx-header: 1", "line breaks"),
        ("https://shop.example/" + "a" * 2000, "characters"),
        ("https://[::1/hook", "not an address"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(url: str, why: str) -> None:
    with pytest.raises(BadUrl, match=why):
        parse_url(url, private=False)


@pytest.mark.parametrize(
    "url",
    ["https://shop.example/hook?key=1", "https://shop.example:8443", "https://münchen.example/ä", "https://1.2.3.4/x"],
)
def test_an_address_that_can_be_one_is_taken(url: str) -> None:
    assert parse_url(url, private=False).scheme == "https"


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "localhost", "[::1]"])
def test_every_way_of_writing_loopback_is_refused(host: str) -> None:
    with pytest.raises((AddressRefused, Unresolved)):
        check_host(parse_url(f"https://{host}/x", private=False), False, system_resolve)


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    url = parse_url("https://shop.example", private=False)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        check_host(url, False, lambda *_: ["8.8.8.8", "10.0.0.1"])
    check_host(url, False, lambda *_: ["8.8.8.8", "1.1.1.1"])
    check_host(url, True, lambda *_: ["10.0.0.1"])


def test_a_name_without_an_address_says_so() -> None:
    def nothing(*_: object) -> list[str]:
        raise socket.gaierror

    with pytest.raises(Unresolved, match=r"shop\.example"):
        check_host(parse_url("https://shop.example", private=False), False, nothing)


def test_a_name_that_changes_its_mind_gains_nothing(receiver: Receiver) -> None:
    """Public when the endpoint was made, loopback when it is sent to."""
    answers = [["8.8.8.8"], ["127.0.0.1"]]
    url = f"https://shop.example:{receiver.port}/x"
    check_host(parse_url(url, private=False), False, lambda *_: answers[0])
    with WebhookSender(KEYRING, False, CONTEXT, lambda *_: answers[1]) as sender:
        outcome = sender.send(message(url), 0)
    assert (outcome.ok, outcome.error) == (False, "address_refused")
    assert receiver.connections == set()


def test_a_connection_goes_to_the_very_address_that_was_looked_at(receiver: Receiver) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with WebhookSender(KEYRING, True, CONTEXT, resolve) as sender:
        for _ in range(3):
            assert sender.send(message(f"http://shop.example:{receiver.port}/x"), 0).ok
    assert asked == ["shop.example"], "resolved once for the connection, which is used again"
    assert len(receiver.connections) == 1
    assert receiver.taken[0].headers["host"] == f"shop.example:{receiver.port}"


def test_a_resolver_that_hangs_is_given_up() -> None:
    def hang(host: str, port: int) -> list[str]:
        waiting.recv(1)
        return []

    waiting, ending = socket.socketpair()
    with pytest.raises(TimeoutError):
        resolve_within(hang, "shop.example", 443, 0.05)
    ending.close()
