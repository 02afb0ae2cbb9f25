"""Made-up visitors: browsers of some thousand versions, each from an address of its own, as a proxy in front would tell them.

Nine of ten have a browser that others have, too; the tenth has one that nobody had before. The same numbers give the same visitors.
"""

from __future__ import annotations

from ipaddress import IPv4Address

ADDRESSES = 60_000
"""More than a process remembers."""
COMMON = 2_000
FIRST_ADDRESS = int(IPv4Address("100.64.0.0"))

_PHONES = (
    "Linux; Android 10; K",
    "Linux; Android 14; Pixel 8",
    "Linux; Android 13; SM-A536B",
    "Linux; Android 11; Redmi Note 8 Pro",
)
_DESKS = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")


def visitor(number: int) -> tuple[str, str]:
    """The User-Agent and the address of one of them."""
    agent = _agent(COMMON + number // 10) if number % 10 == 9 else _agent(number * 7919 % COMMON)
    return agent, str(IPv4Address(FIRST_ADDRESS + number * 104_729 % ADDRESSES * 37))


def _agent(number: int) -> str:
    kind, number = number % 4, number // 4
    major, build = 100 + number % 41, number // 41
    if kind == 0:
        system = f"iPhone; CPU iPhone OS {14 + number % 5}_{number // 5 % 7} like Mac OS X"
        return (
            f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            f"Version/{14 + number % 5}.{number // 5 % 7} Mobile/15E{build + 100} Safari/604.1"
        )
    if kind == 1:
        return (
            f"Mozilla/5.0 ({_PHONES[number % 4]}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{major}.0.{build}.{number % 97} Mobile Safari/537.36"
        )
    if kind == 2:
        return (
            f"Mozilla/5.0 ({_DESKS[number % 3]}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{major}.0.{build}.{number % 97} Safari/537.36"
        )
    system = f"iPhone; CPU iPhone OS {14 + number % 5}_{number // 5 % 7} like Mac OS X"
    return (
        f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram "
        f"{major}.0.{build}.32.118 (iPhone14,{number % 9}; iOS {14 + number % 5}_0; de_DE; scale=3.00; 1170x2532)"
    )
