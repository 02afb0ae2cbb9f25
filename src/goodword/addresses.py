"""Who is asking: the address of a client, also behind proxies of ours, and how much of it is kept.

Addresses are personal data. Nothing here is stored: `truncated` is what may be hashed and kept, `limited_as` is what limits
are counted by, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Literal, NamedTuple


class Address(NamedTuple):
    """An address as a number: a click has no time for more."""

    version: Literal[4, 6]
    number: int

    def __str__(self) -> str:
        return _written(self, 0)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it: 127.0.0.0/8 and ::1 (RFC 6890)."""
        return self.number >> 24 == 127 if self.version == 4 else self.number == 1


KNOWN_MAX = 20_000
"""How many addresses are remembered with what they come to."""
FORWARDED_MAX = 20
"""How many entries of X-Forwarded-For are looked at, from the right."""


class Proxies:
    """The proxies whose word about their client is taken."""

    def __init__(self, networks: str) -> None:
        """Networks as the setting has them: ``10.0.0.0/8, 2001:db8::/32``.

        Raises:
            ValueError: one of them is none.
        """
        found = [ip_network(text.strip(), strict=False) for text in networks.split(",") if text.strip()]
        self._networks = {
            version: [(int(one.netmask), int(one.network_address)) for one in found if one.version == version]
            for version in (4, 6)
        }

    def __bool__(self) -> bool:
        return any(self._networks.values())

    def trusts(self, address: Address | None) -> bool:
        """Whether the address is one of these proxies."""
        if address is None:
            return False
        version, number = address
        for mask, network in self._networks[version]:  # noqa: SIM110 - any() costs a click as much as the whole loop
            if number & mask == network:
                return True
        return False

    def client(self, peer: str | None, forwarded: Sequence[str] = ()) -> Address | None:
        """The client's address: the last one in X-Forwarded-For that is not a proxy of ours.

        Whatever stands to the left of it could have been written by the client itself. None where it is unknown.
        """
        address = parse_address(peer)
        if not forwarded or not self.trusts(address):
            return address
        said = [part for line in forwarded for part in line.split(",")]
        for text in reversed(said[-FORWARDED_MAX:]):
            told = parse_address(text)
            if told is None:
                break
            address = told
            if not self.trusts(told):
                break
        return address


def parse_address(text: str | None) -> Address | None:
    """An address as proxies write it, perhaps with a port; None for anything else."""
    if text is None:
        return None
    return _four(text) or _parse_other(text.strip())


def truncated(address: Address) -> str:
    """What may be kept, hashed: the first 24 bits, of IPv6 the first 48."""
    return f"{_written(address, 8)}/24" if address.version == 4 else f"{_written(address, 80)}/48"


def limited_as(address: Address | None) -> str:
    """Under what name limits count an address: one home has a whole /64 of IPv6."""
    if address is None:
        return ""
    return _written(address, 0) if address.version == 4 else f"{_written(address, 64)}/64"


def _four(text: str) -> Address | None:
    try:
        return Address(4, int.from_bytes(inet_pton(AF_INET, text), "big"))
    except (OSError, ValueError):  # anything but four numbers
        return None


def _parse_other(text: str) -> Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    if ":" not in text:
        return _four(text)
    try:
        address = IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped
    return Address(6, int(address)) if mapped is None else Address(4, int(mapped))


def _written(address: Address, dropped: int) -> str:
    """An address whose last bits, so many, are zero."""
    number = address.number >> dropped << dropped
    if address.version == 4:
        return inet_ntop(AF_INET, number.to_bytes(4, "big"))
    return inet_ntop(AF_INET6, number.to_bytes(16, "big"))
