"""Who is asking: the address of a client, also behind proxies of ours, and how much of it is kept.

Addresses are personal data. Nothing here is stored: `truncated` is what may be hashed and kept, `limited_as` is what limits
are counted by, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

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
        self._networks: tuple[Network, ...] = tuple(
            ip_network(text.strip(), strict=False) for text in networks.split(",") if text.strip()
        )

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: Address | None) -> bool:
        """Whether the address is one of these proxies."""
        return address is not None and any(address in network for network in self._networks)

    def client(self, peer: str | None, forwarded: Sequence[str] = ()) -> str | None:
        """The client's address: the last one in X-Forwarded-For that is not a proxy of ours.

        Whatever stands to the left of it could have been written by the client itself. None where it is unknown.
        """
        address = parse_address(peer)
        if not forwarded or not self.trusts(address):
            return None if address is None else str(address)
        said = [part for line in forwarded for part in line.split(",")]
        for text in reversed(said[-FORWARDED_MAX:]):
            told = parse_address(text)
            if told is None:
                break
            address = told
            if not self.trusts(told):
                break
        return str(address)


@lru_cache(maxsize=KNOWN_MAX)
def parse_address(text: str | None) -> Address | None:
    """An address as proxies write it, perhaps with a port; None for anything else."""
    if text is None:
        return None
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def truncated(address: Address) -> str:
    """What may be kept, hashed: the first 24 bits, of IPv6 the first 48."""
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


def limited_as(address: Address | None) -> str:
    """Under what name limits count an address: one home has a whole /64 of IPv6."""
    if address is None:
        return ""
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))
