"""Who has earned what in a week of the prelaunch, counted from its addresses and from what the program promises.

A second, independent count: it knows nothing of how Goodword decides, and imports nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.prelaunch import DAY_MS, Address

MILESTONES = {"shave_cream": 5, "razor": 10, "premium_set": 25, "year_of_blades": 50}
STOCK = {"premium_set": 500, "year_of_blades": 250}
"""How many there are to give."""
PER_NETWORK = 2
"""How many referrals may come from one network."""
CONFIRM_WITHIN_MS = 3 * DAY_MS
Prizes = dict[str, set[str]]
"""By person: the prizes he has."""


class OutOfStock(ValueError):
    """More is earned than there is to give: who comes first would have to be counted as well. Take another seed."""


@dataclass(slots=True)
class Recount:
    """What a week comes to."""

    refused: set[str] = field(default_factory=set)
    """Addresses whose referral the rule about networks refuses."""
    counted: set[str] = field(default_factory=set)
    """Addresses that count for somebody at the end."""
    friends: Counter[str] = field(default_factory=Counter)
    """By person: the friends that count."""

    @property
    def prizes(self) -> Prizes:
        """What each has earned."""
        return {person: earned for person, number in self.friends.items() if (earned := _earned(number))}


def recount(addresses: Iterable[Address]) -> Recount:
    """Count a week, its addresses in the order in which they signed up."""
    found = Recount()
    from_network: Counter[str] = Counter()
    for address in addresses:
        if address.advocate is None:
            continue
        if from_network[address.network] >= PER_NETWORK:
            found.refused.add(address.name)
            continue
        from_network[address.network] += 1
        if confirmed(address):
            found.counted.add(address.name)
            found.friends[address.advocate.name] += 1
    for prize, stock in STOCK.items():
        if reached(found.friends, MILESTONES[prize]) > stock:
            raise OutOfStock(prize)
    return found


def confirmed(address: Address) -> bool:
    """Whether its owner opened the mail in time, and it did not bounce afterwards."""
    if address.confirmed_ms is None or address.bounced_ms is not None:
        return False
    return address.confirmed_ms - address.at_ms <= CONFIRM_WITHIN_MS


def genuine_friends(addresses: Iterable[Address], refused: set[str]) -> Counter[str]:
    """By person: his genuine friends who confirmed, but for those in `refused`."""
    return Counter(
        address.advocate.name
        for address in addresses
        if address.advocate and address.genuine and confirmed(address) and address.name not in refused
    )


def reached(friends: Counter[str], number: int) -> int:
    """How many people have so many friends or more."""
    return sum(count >= number for count in friends.values())


def _earned(number: int) -> set[str]:
    return {prize for prize, at in MILESTONES.items() if number >= at}
