"""Whose address counts."""

import pytest

from goodword.addresses import Proxies, limited_as, parse_address, truncated


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1, 10.0.0.9"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.9"], "10.0.0.9"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("2001:db8:ffff::1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1," * 50 + "10.0.0.2," * 50], "10.0.0.1"),
        ("10.0.0.1", [" 198.51.100.1 "], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.01"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100"], "10.0.0.1"),
        ("10.0.0.1", ["1\0"], "10.0.0.1"),
        (None, ["198.51.100.1"], None),
        ("", ["198.51.100.1"], None),
    ],
)
def test_whose_address_it_is_behind_proxies(peer: str | None, forwarded: list[str], client: str | None) -> None:
    found = Proxies("10.0.0.0/8, 2001:db8:ffff::/48").client(peer, forwarded)
    assert (found and str(found)) == client


@pytest.mark.parametrize(
    ("text", "kept", "limited"),
    [
        ("203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
        ("fe80::1%eth0", "fe80::/48", "fe80::/64"),
    ],
)
def test_how_much_of_an_address_is_kept_and_how_much_counts(text: str, kept: str, limited: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert truncated(address) == kept
    assert limited_as(address) == limited


@pytest.mark.parametrize("networks", ["nonsense", "10.0.0.0/33", "10.0.0.0/8 10.1.0.0/16"])
def test_networks_that_are_none_are_told(networks: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Proxies(networks)
